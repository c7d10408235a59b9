"""Random histories of records and decisions: the SQL against the rules in plain Python.

CDP_TEST_EXAMPLES sets how many histories are lived through (default 10).
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.conftest import History
from identity.plain import partition
from identity.rendered import RenderedIdentity
from identity.stories import Decision, Record, Story
from identity.world import world_after, write_inputs, write_seeds

EXAMPLES = int(os.environ.get("CDP_TEST_EXAMPLES", "10"))
PEOPLE, DECISIONS = "abcde", ("link1", "link2", "part1", "part2", "block1")
VALUES = {"user_id": 3, "loyalty_id": 3, "email": 3, "social_handle": 2, "device_id": 2}

identifiers = st.fixed_dictionaries(
    {}, optional={kind: st.sampled_from("1234"[:count]) for kind, count in VALUES.items()}
).map(lambda values: tuple(values.items()))


def _fact(values: tuple[tuple[str, str], ...], is_deleted: bool) -> Record:
    """Facts of one set of identifiers are one record, as identity_key makes them."""
    return Record("-".join(f"{kind}{value}" for kind, value in values), False, values, is_deleted)


def _decision(key: str, sides: list[str], is_taken_back: bool) -> Decision:
    action = {"link": "force_link", "part": "force_unlink", "bloc": "block"}[key[:4]]
    return Decision(key, "" if is_taken_back else action, tuple(sides[: 1 if key[0] == "b" else 2]))


people = st.builds(
    Record,
    st.sampled_from(PEOPLE),
    st.just(True),
    identifiers,
    st.sampled_from([False] * 4 + [True]),
)
facts = st.builds(_fact, identifiers.filter(bool), st.sampled_from([False] * 4 + [True]))
named_values = st.sampled_from([f"{kind}={n + 1}" for kind, count in VALUES.items()
                                for n in range(count)])  # fmt: skip
sides = st.lists(
    st.one_of(st.sampled_from(PEOPLE), named_values), min_size=2, max_size=2, unique=True
)
blocks = st.builds(_decision, st.just("block1"), st.lists(named_values, min_size=1, max_size=1),
                   st.booleans())  # fmt: skip
overrides = st.builds(_decision, st.sampled_from(DECISIONS[:-1]), sides, st.booleans())
runs = st.lists(
    st.lists(st.one_of(people, facts, facts, overrides, blocks), max_size=6), min_size=2, max_size=5
)


@pytest.fixture(scope="module")
def rendered(
    straight: History, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RenderedIdentity]:
    """A copy of a database with a past, whose models are compiled to go on from it."""
    straight.dbt("compile", "-s", "path:models/identity")
    copy = tmp_path_factory.mktemp("histories") / Path(straight.settings["CDP_DUCKDB_PATH"]).name
    shutil.copy(straight.settings["CDP_DUCKDB_PATH"], copy)
    there = replace(straight, settings=straight.settings | {"CDP_DUCKDB_PATH": str(copy)})
    warehouse = there.open()
    compiled = Path(os.environ["DBT_TARGET_PATH"]) / "compiled"
    yield RenderedIdentity(straight.manifest, compiled, warehouse)
    warehouse.close()


def without_contradictions(history: list[list[Record | Decision]]) -> Story:
    """The history, less the overrides that would contradict those in force."""
    told: list[list[Record | Decision]] = []
    for things in history:
        told.append([])
        for thing in things:
            told[-1].append(thing)
            if _is_contradictory(Story("world", told).state(len(told)).values()):
                told[-1].pop()
    return Story("world", told)


def _is_contradictory(things: Any) -> bool:
    decisions = [thing for thing in things if isinstance(thing, Decision)]
    group = {side: {side} for decision in decisions for side in decision.sides}
    for decision in decisions:
        if decision.action == "force_link":
            joined = set().union(*(group[side] for side in decision.sides))
            group |= dict.fromkeys(joined, joined)
    return any(
        decision.action == "force_unlink" and decision.sides[0] in group[decision.sides[1]]
        for decision in decisions
    )


@settings(max_examples=EXAMPLES)
@given(history=runs, seed=st.integers(0, 9))
def test_history(
    rendered: RenderedIdentity, history: list[list[Record | Decision]], seed: int
) -> None:
    story = without_contradictions(history)
    rendered.forget()
    ever: set[str] = set()
    before: dict[str, str] = {}
    for run, news in enumerate(story.runs):
        after = live(rendered, story, run, seed)
        assert cells(after) == partition(story.state(run).values())
        check_ids(rendered, before, after, ever, is_growth=run > 0 and _only_adds(story, run, news))
        before = after
    assert live(rendered, story, len(story.runs) - 1, seed + 1) == before
    check_changes(rendered, before, ever)


def live(rendered: RenderedIdentity, story: Story, run: int, seed: int) -> dict[str, str]:
    """One run; returns record key -> profile_id."""
    world = world_after(run, [story])
    write_inputs(rendered.warehouse, world.people, world.facts, seed)
    write_seeds(rendered.warehouse, world)
    rendered.run()
    rows = rendered.warehouse.query("select record_id, profile_id from cdp.cdp_identity_map")
    return {record.removeprefix("world/"): profile for record, profile in rows}


def cells(profiles: dict[str, str]) -> set[frozenset[str]]:
    """The records of each profile."""
    found = defaultdict(set)
    for record, profile in profiles.items():
        found[profile].add(record)
    return {frozenset(records) for records in found.values()}


def _only_adds(story: Story, run: int, news: list[Record | Decision]) -> bool:
    known = story.state(run - 1)
    return all(isinstance(thing, Record) and thing.key not in known for thing in news)


def check_ids(
    rendered: RenderedIdentity,
    before: dict[str, str],
    after: dict[str, str],
    ever: set[str],
    is_growth: bool,
) -> None:
    """New ids are beyond all that ever were, and where profiles only merge the oldest stays."""
    old, new = set(before.values()), set(after.values())
    returned = (new - old) & ever
    gone = {row[0] for row in rendered.warehouse.query(
        "select profile_id from cdp.cdp_identity_changes where change_type = 'erased'"
    )}  # fmt: skip
    assert returned <= gone
    assert not ever or all(profile > max(ever) for profile in new - ever)
    for keys in cells(after):
        merged = {before[key] for key in keys if key in before}
        whole = {key for key, profile in before.items() if profile in merged} <= keys
        if is_growth and merged and whole:
            assert after[min(keys)] == min(merged)
    ever |= new


def check_changes(rendered: RenderedIdentity, last: dict[str, str], ever: set[str]) -> None:
    """No id is lost without a row, and every redirect ends at who is there."""
    rows = rendered.warehouse.query(
        "select change_type, profile_id, previous_profile_id, current_profile_id "
        "from cdp.cdp_identity_changes"
    )
    living = set(last.values())
    lost = {
        row[2] if row[0] == "merged" else row[1] for row in rows if row[0] in ("merged", "erased")
    }
    assert ever - living <= lost
    assert {row[1] for row in rows if row[0] in ("created", "split")} >= ever
    assert {row[3] for row in rows} - {None} <= living
