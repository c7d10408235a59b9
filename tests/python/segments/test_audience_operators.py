"""Every operator of the audience format: compiled SQL against plain Python, on random people."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.segments.check import audience_problems
from cdp.segments.running import running_compiler
from cdp.segments.spec import Audience
from cdp.warehouse import Warehouse
from segments.audience_world import CITIES, NAMES, NOW, World, belongs, catalogue

HEAD = {"version": 1, "label": "x", "owner": "x@example.com", "why": "x"}
PEOPLE = "abcdefgh"

moments = st.integers(0, 40).map(lambda halves: NOW - timedelta(days=halves / 2))
days = st.integers(1, 20)
day_dates = st.integers(0, 20).map(lambda n: (NOW - timedelta(days=n)).date())
small = st.integers(0, 4)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def ordered(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    bounds = st.sampled_from(["at_least", "at_most", "more_than", "less_than"])
    pair = st.lists(values, min_size=2, max_size=2).map(lambda found: {"between": sorted(found)})
    return st.tuples(bounds, values).map(lambda found: {found[0]: found[1]}) | pair


def equal(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.tuples(st.sampled_from(["is", "is_not"]), values)
    many = st.tuples(
        st.sampled_from(["in", "not_in"]), st.lists(values, min_size=1, max_size=3, unique=True)
    )
    return (one | many).map(lambda found: {found[0]: found[1]})


times = st.tuples(st.sampled_from(["within_days", "more_than_days_ago"]), days).map(
    lambda found: {found[0]: found[1]}
)
known = st.booleans().map(lambda value: {"is_known": value})
numbers = ordered(small) | equal(small)
texts = equal(st.sampled_from(CITIES)) | st.tuples(
    st.sampled_from(["contains", "starts_with", "ends_with"]),
    st.sampled_from(["%", "_", "'", "U", "{{", "}}", "0% O", "!"]),
).map(lambda found: {found[0]: found[1]})
flags = st.tuples(st.sampled_from(["is", "is_not"]), st.booleans()).map(lambda f: {f[0]: f[1]})


def other(column: str) -> st.SearchStrategy[dict[str, Any]]:
    """A test against another column of the row."""
    names = ["is", "is_not", "at_least", "at_most", "more_than", "less_than"]
    return st.sampled_from(names).map(lambda name: {name: {"column": column}})


PROFILE_TESTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "visits": numbers | known | other("spent"),
    "spent": ordered(small | st.just(1.5)) | known,
    "city": texts | known,
    "is_member": flags | known,
    "born_on": ordered(day_dates) | equal(day_dates) | times | known,
    "seen_at": ordered(day_dates | moments) | times | known,
}
EVENT_TESTS = {
    "name": equal(st.sampled_from(NAMES)),
    "amount": numbers | known | other("amount"),
}
CARD_TESTS = {"level": equal(st.sampled_from(["gold", "tin"])), "points": numbers}


@st.composite
def on_columns(draw: st.DrawFn, tests: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(tests)))
    return {"column": name, **draw(tests[name])}


def nested(leaves: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        leaves,
        lambda inner: st.tuples(
            st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)
        ).map(lambda found: {found[0]: found[1]}),
        max_leaves=4,
    )


windows = st.fixed_dictionaries(
    {}, optional={"within_days": days, "since": day_dates | moments, "until": day_dates}
)
bounds = ordered(small)
moment_tests = times | st.tuples(
    st.sampled_from(["since", "until"]), day_dates | moments
).map(lambda found: {found[0]: found[1]})  # fmt: skip


def measures(column: str, values: st.SearchStrategy[Any], text: str) -> dict[str, Any]:
    on_amount = bounds.map(lambda bound: {"column": column, **bound})
    return {
        "count": bounds,
        "sum": on_amount,
        "average": on_amount,
        "least": on_amount,
        "greatest": on_amount,
        "most_frequent": values.map(lambda value: {"column": text, "is": value})
        | st.lists(values, min_size=1, max_size=2).map(lambda v: {"column": text, "in": v}),
    }


event_where = {"where": nested(on_columns(EVENT_TESTS))}
did = st.tuples(
    windows,
    st.fixed_dictionaries(
        {"did": st.just("events")},
        optional={
            **event_where,
            **measures("amount", st.sampled_from(NAMES), "name"),
            "first": moment_tests,
            "last": moment_tests,
        },
    ),
).map(lambda found: found[0] | found[1])
did_not = st.tuples(
    windows, st.fixed_dictionaries({"did_not": st.just("events")}, optional=event_where)
).map(lambda found: found[0] | found[1])
card_where = {"where": nested(on_columns(CARD_TESTS))}
has = st.fixed_dictionaries(
    {"has": st.just("cards")},
    optional={**card_where, **measures("points", st.sampled_from(["gold", "tin"]), "level")},
)
has_not = st.fixed_dictionaries({"has_not": st.just("cards")}, optional=card_where)
step = st.fixed_dictionaries({"did": st.just("events")}, optional=event_where)
later_step = st.tuples(step, st.fixed_dictionaries({}, optional={"within_days": days})).map(
    lambda found: found[0] | found[1]
)
sequence = st.tuples(
    step,
    st.lists(later_step, min_size=1, max_size=2),
    st.fixed_dictionaries({}, optional={"within_days": days}),
).map(lambda found: {"sequence": [found[0], *found[1]], **found[2]})
segment = st.tuples(
    st.sampled_from(["in_segment", "not_in_segment"]), st.sampled_from(["seg_one", "seg_two"])
).map(lambda found: {found[0]: found[1]})

LEAVES = {
    "column": on_columns(PROFILE_TESTS),
    "did": did,
    "did_not": did_not,
    "has": has,
    "has_not": has_not,
    "sequence": sequence,
    "segment": segment,
}
everything = nested(st.one_of(*LEAVES.values()))
tops = st.tuples(
    st.one_of(small.map(lambda n: {"count": n + 1}), st.just({"percent": 30})),
    st.fixed_dictionaries(
        {"by": st.sampled_from(["visits", "spent", "seen_at"])},
        optional={"order": st.sampled_from(["highest", "lowest"]), "per": st.just("city")},
    ),
).map(lambda found: found[0] | found[1])
audiences = st.fixed_dictionaries(
    {"where": everything},
    optional={"top": tops, "exclude": st.just(["seg_two"])},
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    people = st.sampled_from(PEOPLE)
    profiles = [
        {
            "profile_id": person,
            "visits": draw(maybe(small)),
            "spent": draw(maybe(small)),
            "city": draw(maybe(st.sampled_from(CITIES))),
            "is_member": draw(maybe(st.booleans())),
            "born_on": draw(maybe(day_dates)),
            "seen_at": draw(maybe(moments)),
        }
        for person in PEOPLE
    ]
    event = st.fixed_dictionaries(
        {
            "profile_id": people,
            "occurred_at": moments,
            "name": maybe(st.sampled_from(NAMES)),
            "amount": maybe(small),
            "is_void": maybe(st.booleans()),
        }
    )
    card = st.fixed_dictionaries(
        {"profile_id": people, "level": maybe(st.sampled_from(["gold", "tin"])), "points": small}
    )
    return World(
        profiles=profiles,
        events=draw(st.lists(event, max_size=25)),
        cards=draw(st.lists(card, max_size=8)),
        segments={"seg_one": draw(st.sets(people)), "seg_two": draw(st.sets(people, max_size=3))},
    )


@pytest.fixture
def world_of(warehouse: Warehouse) -> Warehouse:
    warehouse.execute("create schema audiences")
    return warehouse


def found(audience: dict[str, Any], warehouse: Warehouse) -> list[str]:
    spec = Audience.model_validate(HEAD | audience)
    assert audience_problems(spec, catalogue()) == []
    sql = running_compiler(catalogue(), warehouse.dialect).audience(spec)
    return sorted(row[0] for row in warehouse.query(sql))


def many_examples(number: int) -> Any:
    return settings(max_examples=number, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", LEAVES)
def test_each_condition_finds_whom_python_finds(world_of: Warehouse, kind: str) -> None:
    @many_examples(25)
    @given(world=worlds(), where=LEAVES[kind])
    def check(world: World, where: dict[str, Any]) -> None:
        world.write(world_of)
        assert found({"where": where}, world_of) == sorted(belongs({"where": where}, world))

    check()


def test_whole_audiences_find_whom_python_finds(world_of: Warehouse) -> None:
    @many_examples(60)
    @given(world=worlds(), audience=audiences)
    def check(world: World, audience: dict[str, Any]) -> None:
        world.write(world_of)
        assert found(audience, world_of) == sorted(belongs(audience, world))

    check()


def test_a_sample_is_stable_and_grows_with_its_share(world_of: Warehouse) -> None:
    everyone = [f"p{number:04d}" for number in range(2000)]
    empty = dict.fromkeys(["visits", "spent", "city", "is_member", "born_on", "seen_at"])
    World(profiles=[{"profile_id": person} | empty for person in everyone]).write(world_of)
    where = {"column": "profile_id", "is_known": True}

    def drawn(percent: float, seed: str = "1") -> set[str]:
        sample = {"percent": percent, "seed": seed}
        return set(found({"where": where, "sample": sample}, world_of))

    tenth, fifth = drawn(10), drawn(20)
    assert tenth < fifth
    assert abs(len(tenth) - 200) < 60
    assert drawn(10) == tenth != drawn(10, seed="2")


def test_a_day_is_its_midnight(world_of: Warehouse) -> None:
    person = {"profile_id": "a", "visits": None, "spent": None, "city": None, "is_member": None}
    seen = {"born_on": date(2017, 12, 2), "seen_at": datetime(2017, 12, 2, 0, 0)}
    World(profiles=[person | seen]).write(world_of)
    where = {"column": "seen_at", "between": [date(2017, 12, 1), date(2017, 12, 2)]}
    assert found({"where": where}, world_of) == ["a"]
