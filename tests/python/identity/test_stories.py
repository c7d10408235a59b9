"""The exact layer over several runs, on DuckDB and Postgres: stories, and what always holds."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from identity.conftest import After, History, day_of
from identity.stories import RUNS, STORIES, Story
from identity.world import World, graph, world_after


def people_of(story: Story, after: After) -> str:
    """Groups of a story's records that share a profile: "a b | c"."""
    groups = defaultdict(list)
    for record, profile in after.profiles.items():
        name, key = record.split("/")
        if name == story.name:
            groups[profile].append(key)
    return " | ".join(sorted(" ".join(sorted(keys)) for keys in groups.values()))


def expected(values: list[str], run: int, then: str | None = None) -> str:
    """What a story says of a run; after its last one, `then`, or what it was."""
    if run < len(values):
        return values[run]
    return values[-1] if then is None else then


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story(straight: History, story: Story) -> None:
    ever: set[str] = set()
    for run in range(RUNS):
        after = straight.after[run]
        assert people_of(story, after) == expected(story.people, run), f"run {run + 1}"
        mine = {p for r, p in after.profiles.items() if r.startswith(f"{story.name}/")}
        ever |= mine
        kinds = [row[1] for row in after.changes if row[0] == run + 1 and row[2] in ever]
        assert " ".join(sorted(kinds)) == expected(story.changes, run, then=""), f"run {run + 1}"
    if story.keeps:
        key = f"{story.name}/{story.keeps}"
        assert len({after.profiles[key] for after in straight.after if key in after.profiles}) == 1


def test_order_of_rows_and_dying_on_the_way_change_nothing(
    straight: History, interrupted: History
) -> None:
    assert interrupted.after == straight.after[:RUNS]


def test_postgres_finds_the_same_people(straight: History, on_postgres: History) -> None:
    assert on_postgres.after == straight.after[:RUNS]


@pytest.mark.parametrize("name", ["straight", "interrupted", "on_postgres"])
def test_every_run_finds_what_one_from_nothing_finds(
    request: pytest.FixtureRequest, name: str
) -> None:
    history: History = request.getfixturevalue(name)
    for run, after in enumerate(history.after):
        assert after.components == after.components_anew, f"run {run + 1}"


def test_idle_run_changes_nothing(straight: History) -> None:
    assert straight.after[RUNS] == straight.after[RUNS - 1]


def test_full_refresh_keeps_every_id(straight: History) -> None:
    assert straight.after[RUNS + 1] == straight.after[RUNS]


def test_the_map_of_every_run_can_be_read_after_the_last(straight: History) -> None:
    straight.dbt("compile", "-s", "who_was_who")
    [path] = Path(os.environ["DBT_TARGET_PATH"]).glob("compiled/*/analyses/who_was_who.sql")
    for run in range(RUNS):
        sql = path.read_text().replace(day_of(0), day_of(run))
        found = straight.query(f"select record_id, profile_id from ({sql})")
        assert dict(found) == straight.after[run].profiles


def test_no_id_goes_without_a_row_and_every_redirect_leads_home(straight: History) -> None:
    last = straight.after[-1]
    living = set(last.profiles.values())
    ever = {profile for after in straight.after for profile in after.profiles.values()}
    current = {row[3] if row[1] == "merged" else row[2]: row[4] for row in last.changes}
    gone = {row[3] for row in last.changes if row[1] == "merged"}
    gone |= {row[2] for row in last.changes if row[1] == "erased"}
    assert ever - living <= gone
    assert set(current.values()) - {None} <= living
    assert all(current[profile] == profile for profile in living)


def test_components_are_those_of_a_plain_union_find(straight: History) -> None:
    profiles = straight.after[0].profiles
    links = [(row["anonymous_id"], row["ga_client_id"], row["record_id"]) for row in graph(seed=1)]
    roots = union_find(("a" + str(left), "g" + str(right)) for left, right, _ in links)
    by_root = defaultdict(set)
    for left, _, record in links:
        by_root[roots["a" + str(left)]].add(profiles[str(record)])
    assert all(len(found) == 1 for found in by_root.values())
    assert len(set.union(*by_root.values())) == len(by_root)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"one": ("force_link", "a", "b"), "two": ("force_unlink", "b", "a")}, ["one", "two"]),
        (
            {
                "one": ("force_link", "a", "b"),
                "two": ("force_link", "c", "b"),
                "three": ("force_unlink", "a", "c"),
            },
            ["two", "three"],
        ),
        ({"one": ("force_unlink", "a", "a")}, ["one"]),
    ],
)
def test_contradictory_overrides_stop_the_run(
    straight: History, rows: dict[str, tuple[str, str, str]], told: list[str]
) -> None:
    before = straight.look()
    overrides = [
        {"override_id": key, "action": action, "one_type": "record", "one_value": one,
         "other_type": "record", "other_value": other}
        for key, (action, one, other) in rows.items()
    ]  # fmt: skip
    straight.decide(World(overrides=overrides))
    messages = straight.try_dbt("run", "-s", "idg_overrides+,path:models/identity")
    straight.decide(world_after(RUNS - 1))
    assert len(messages) == 1
    assert "cdp_identity_overrides: the row" in messages[0]
    assert all(f"'{key}'" in messages[0] for key in told)
    assert straight.look() == before


def union_find(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]
        return node

    for left, right in pairs:
        parent[root(left)] = root(right)
    return {node: root(node) for node in parent}
