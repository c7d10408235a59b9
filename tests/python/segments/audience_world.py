"""A small world for audiences: people, what they did, and who belongs by plain Python.

`belongs` is written from docs/audiences.md alone, and shares nothing with the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from cdp.project import Column, Node
from cdp.segments.catalogue import Catalogue, Thing
from cdp.warehouse import Warehouse

NOW = datetime(2018, 1, 1, 6)
CITIES = ("Ulm", "100% O'Fallon_", "{{ Bonn }}")
NAMES = ("viewed", "bought", "left")

PROFILE_TYPES = {
    "profile_id": "text",
    "visits": "integer",
    "spent": "numeric",
    "city": "text",
    "is_member": "boolean",
    "born_on": "date",
    "seen_at": "timestamp",
}
EVENT_TYPES = {
    "profile_id": "text",
    "occurred_at": "timestamp",
    "name": "text",
    "amount": "integer",
    "is_void": "boolean",
}
CARD_TYPES = {"profile_id": "text", "level": "text", "points": "integer"}
SQL_TYPES = {"integer": "bigint", "numeric": "numeric(18, 2)"}

Row = Mapping[str, Any]
Test = Mapping[str, Any]


@dataclass
class World:
    """Rows of each table; segments: name -> who is in it."""

    profiles: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    cards: list[Row] = field(default_factory=list)
    segments: dict[str, set[str]] = field(default_factory=dict)

    def write(self, warehouse: Warehouse) -> None:
        tables: dict[str, tuple[Mapping[str, str], Iterable[Row]]] = {
            "profiles": (PROFILE_TYPES, self.profiles),
            "events": (EVENT_TYPES, self.events),
            "cards": (CARD_TYPES, self.cards),
            "clock": ({"now_at": "timestamp"}, [{"now_at": NOW}]),
        }
        for name in ("seg_one", "seg_two"):
            members = self.segments.get(name, set())
            tables[name] = ({"profile_id": "text"}, [{"profile_id": person} for person in members])
        for name, (types, rows) in tables.items():
            columns = ", ".join(f"{key} {SQL_TYPES.get(kind, kind)}" for key, kind in types.items())
            warehouse.execute(f"create table if not exists audiences.{name} ({columns})")
            warehouse.execute(f"delete from audiences.{name}")
            values = [row[key] for row in rows for key in types]
            if values:
                row = "(" + ", ".join("?" * len(types)) + ")"
                marks = ", ".join([row] * (len(values) // len(types)))
                warehouse.execute(f"insert into audiences.{name} values {marks}", values)


def node(name: str, types: Mapping[str, str]) -> Node:
    columns = {key: Column(key, type=kind) for key, kind in types.items()}
    return Node(f"model.shop.{name}", name, "shop", "model", "audiences", name, "", columns)


def catalogue() -> Catalogue:
    return Catalogue(
        profiles=node("profiles", PROFILE_TYPES),
        clock=node("clock", {"now_at": "timestamp"}),
        things={
            "events": Thing("events", node("events", EVENT_TYPES), "occurred_at", "is_void"),
            "cards": Thing("cards", node("cards", CARD_TYPES), None, None),
        },
        segments={name: node(name, {"profile_id": "text"}) for name in ("seg_one", "seg_two")},
    )


def belongs(audience: Mapping[str, Any], world: World) -> set[str]:
    """The people of an audience as its file has it, without sample."""
    people = [row for row in world.profiles if holds(audience["where"], row, world)]
    for name in audience.get("exclude", []):
        people = [row for row in people if row["profile_id"] not in world.segments.get(name, set())]
    if top := audience.get("top"):
        people = [row for group in _groups(people, top.get("per")) for row in _first(group, top)]
    return {row["profile_id"] for row in people}


def _groups(people: list[Row], per: str | None) -> list[list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in people:
        groups.setdefault(row[per] if per else None, []).append(row)
    return list(groups.values())


def _first(group: list[Row], top: Mapping[str, Any]) -> list[Row]:
    known = [row for row in group if row[top["by"]] is not None]
    unknown = [row for row in group if row[top["by"]] is None]
    by_id = sorted(known, key=lambda row: row["profile_id"])
    is_highest = top.get("order", "highest") == "highest"
    by_id.sort(key=lambda row: row[top["by"]], reverse=is_highest)
    ranked = by_id + sorted(unknown, key=lambda row: row["profile_id"])
    if "count" in top:
        return ranked[: top["count"]]
    return [row for place, row in enumerate(ranked) if place * 100 < len(ranked) * top["percent"]]


def holds(condition: Test, row: Row, world: World) -> bool:
    """Whether a condition is true of one person."""
    person = row["profile_id"]
    if "all" in condition:
        return all(holds(part, row, world) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, row, world) for part in condition["any"])
    if "none" in condition:
        return not any(holds(part, row, world) for part in condition["none"])
    if "in_segment" in condition:
        return person in world.segments.get(condition["in_segment"], set())
    if "not_in_segment" in condition:
        return person not in world.segments.get(condition["not_in_segment"], set())
    if "sequence" in condition:
        return _in_order(condition, person, world)
    for key in ("did", "has", "did_not", "has_not"):
        if key in condition:
            rows = _rows(condition, condition[key], person, world)
            return not rows if key.endswith("not") else _measured(condition, rows)
    return passes(row[condition["column"]], {k: _value(v, row) for k, v in condition.items()})


def _value(wanted: Any, row: Row) -> Any:
    """What a test names: a value, or another column of the row, that may be unknown."""
    return row[wanted["column"]] if isinstance(wanted, Mapping) else wanted


def _rows(part: Test, thing: str, person: str, world: World) -> list[Row]:
    rows = [row for row in getattr(world, thing) if row["profile_id"] == person]
    if thing == "events":
        window = {key: part[key] for key in ("within_days", "since", "until") if key in part}
        rows = [row for row in rows if not row["is_void"] and passes(row["occurred_at"], window)]
    if "where" in part:
        rows = [row for row in rows if holds(part["where"], row, world)]
    return rows


def _measured(part: Test, rows: list[Row]) -> bool:
    truths = [passes(len(rows), part["count"])] if "count" in part else [bool(rows)]
    measures: dict[str, Callable[[list[int]], Any]] = {
        "sum": sum,
        "average": lambda values: sum(values) / len(values) if values else None,
        "least": lambda values: min(values, default=None),
        "greatest": lambda values: max(values, default=None),
    }
    for name, measure in measures.items():
        if name in part:
            values = [row[part[name]["column"]] for row in rows]
            known = [value for value in values if value is not None]
            truths.append(passes(measure(known), part[name]))
    if "most_frequent" in part:
        found = [row[part["most_frequent"]["column"]] for row in rows]
        known = sorted(value for value in found if value is not None)
        most = max(known, key=known.count, default=None)
        truths.append(passes(most, part["most_frequent"]))
    for name, choose in {"first": min, "last": max}.items():
        if name in part:
            times = [row["occurred_at"] for row in rows]
            truths.append(passes(choose(times) if times else None, part[name], moment=True))
    return all(truths)


def _in_order(condition: Test, person: str, world: World) -> bool:
    window = {"within_days": condition["within_days"]} if "within_days" in condition else {}
    ends: list[datetime] | None = None
    for step in condition["sequence"]:
        rows = _rows({"where": step["where"]} if "where" in step else {}, "events", person, world)
        times = {row["occurred_at"] for row in rows if passes(row["occurred_at"], window)}
        longest = timedelta(days=step.get("within_days", 100_000))
        if ends is not None:
            times = {t for t in times if any(end < t <= end + longest for end in ends)}
        ends = sorted(times)
    return bool(ends)


def passes(value: Any, test: Test, moment: bool = False) -> bool:
    """Whether a value passes every test of a part."""
    return all(
        _TESTS[name](value, wanted, moment) for name, wanted in test.items() if name in _TESTS
    )


def _moment(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value


def _alike(value: Any, wanted: Any) -> Any:
    return _moment(wanted) if isinstance(value, datetime) else wanted


def _known(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any, bool], bool]:
    return lambda value, wanted, _: (
        value is not None and wanted is not None and test(value, _alike(value, wanted))
    )


def _recent(value: Any, days: int, moment: bool) -> bool:
    if value is None:
        return False
    return NOW - timedelta(days=days) <= _moment(value) <= NOW


_TESTS: dict[str, Callable[[Any, Any, bool], bool]] = {
    "is": _known(lambda value, wanted: value == wanted),
    "is_not": lambda value, wanted, _: value != wanted,
    "in": _known(lambda value, wanted: value in wanted),
    "not_in": lambda value, wanted, _: value not in wanted,
    "at_least": _known(lambda value, wanted: value >= wanted),
    "at_most": _known(lambda value, wanted: value <= wanted),
    "more_than": _known(lambda value, wanted: value > wanted),
    "less_than": _known(lambda value, wanted: value < wanted),
    "between": lambda value, wanted, _: (
        value is not None and _alike(value, wanted[0]) <= value <= _alike(value, wanted[1])
    ),
    "contains": _known(lambda value, wanted: wanted in value),
    "starts_with": _known(lambda value, wanted: value.startswith(wanted)),
    "ends_with": _known(lambda value, wanted: value.endswith(wanted)),
    "is_known": lambda value, wanted, _: (value is not None) == wanted,
    "within_days": _recent,
    "more_than_days_ago": lambda value, days, _: (
        value is not None and _moment(value) < NOW - timedelta(days=days)
    ),
    "since": _known(lambda value, wanted: _moment(value) >= _moment(wanted)),
    "until": _known(lambda value, wanted: _moment(value) < _moment(wanted)),
}
