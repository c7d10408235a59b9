"""What is wrong with an audience, beyond its shape: names that do not exist, values that
cannot be, types that do not meet. One sentence each, with the nearest known name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from cdp.project import Column
from cdp.segments.catalogue import Catalogue, Thing
from cdp.segments.spec import (
    All,
    Any_,
    Audience,
    ColumnCondition,
    Comparison,
    Condition,
    Did,
    DidNot,
    Has,
    HasNot,
    InSegment,
    Measure,
    MostFrequent,
    None_,
    NotInSegment,
    OtherColumn,
    Sequence_,
    Step,
    Waterfall,
)

__all__ = ["audience_problems", "nearest", "waterfall_problems"]

_ORDERED = ("at_least", "at_most", "more_than", "less_than", "between")
_EQUAL = ("is_", "is_not", "in_", "not_in")
_TEXTS = ("contains", "starts_with", "ends_with")
_TIMES = ("within_days", "more_than_days_ago")
_ALL_TESTS = (*_EQUAL, *_ORDERED, *_TEXTS, *_TIMES)
_KINDS = {
    "text": "text",
    "json": "text",
    "integer": "number",
    "numeric": "number",
    "float": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_TESTS = {
    "text": (*_EQUAL, *_TEXTS),
    "number": (*_EQUAL, *_ORDERED),
    "boolean": ("is_", "is_not"),
    "date": (*_EQUAL, *_ORDERED, *_TIMES),
    "timestamp": (*_ORDERED, *_TIMES),
}
_WRITE = {
    "text": "a text in quotes",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date, as in 2018-01-31",
    "timestamp": "a date or a time, as in 2018-01-31 or 2018-01-31T12:00:00",
}


def audience_problems(audience: Audience, catalogue: Catalogue) -> list[str]:
    """`where.all[0]: …`, one sentence per mistake; empty: it can be compiled."""
    return list(_Check(catalogue).audience(audience))


def waterfall_problems(waterfall: Waterfall, catalogue: Catalogue) -> list[str]:
    """As audience_problems, for a waterfall."""
    check = _Check(catalogue)
    found = [
        problem
        for key in ("waterfall", "exclude")
        for place, name in enumerate(getattr(waterfall, key))
        for problem in check.segment(f"{key}[{place}]", name)
    ]
    repeated = {name for name in waterfall.waterfall if waterfall.waterfall.count(name) > 1}
    return found + [f"waterfall: names {name} twice. Take one out." for name in sorted(repeated)]


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or the list where it is short."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean '{near[0]}'?"
    return f" There are: {', '.join(names)}." if 0 < len(names) <= 25 else ""


@dataclass(frozen=True)
class _Check:
    catalogue: Catalogue

    def audience(self, audience: Audience) -> Iterator[str]:
        columns, where = self.catalogue.profiles.columns, "cdp_profiles"
        yield from self.condition("where", audience.where, None)
        for place, name in enumerate(audience.columns):
            yield from _column_problems(f"columns[{place}]", name, columns, where)
            if name == "profile_id" or name in audience.columns[:place]:
                yield f"columns[{place}]: {name} is there already. Take it out."
        for place, name in enumerate(audience.exclude):
            yield from self.segment(f"exclude[{place}]", name)
        if audience.top is not None:
            names = {"by": audience.top.by, "per": audience.top.per}
            for key, column in names.items():
                if column is not None:
                    yield from _column_problems(f"top.{key}", column, columns, where)

    def condition(self, path: str, condition: Condition, thing: Thing | None) -> Iterator[str]:
        """thing: whose rows are asked; None: the profile."""
        match condition:
            case All(all=parts) | Any_(any=parts) | None_(none=parts):
                key = type(condition).__name__.lower().rstrip("_")
                for place, part in enumerate(parts):
                    yield from self.condition(f"{path}.{key}[{place}]", part, thing)
            case ColumnCondition():
                yield from self.column(path, condition, thing)
            case _ if thing is not None:
                yield f"{path}: asks for more than columns of {thing.name}. Move it out of `where`."
            case InSegment(in_segment=name):
                yield from self.segment(f"{path}.in_segment", name)
            case NotInSegment(not_in_segment=name):
                yield from self.segment(f"{path}.not_in_segment", name)
            case Sequence_():
                yield from self.sequence(path, condition)
            case _:
                yield from self.rows(path, condition)

    def column(self, path: str, condition: ColumnCondition, thing: Thing | None) -> Iterator[str]:
        owner = thing.node if thing else self.catalogue.profiles
        named = thing.name if thing else "cdp_profiles"
        yield from _column_problems(path, condition.column, owner.columns, named)
        if column := owner.columns.get(condition.column):
            yield from _value_problems(path, condition, column, owner.columns)

    def sequence(self, path: str, condition: Sequence_) -> Iterator[str]:
        for place, step in enumerate(condition.sequence):
            yield from self.rows(f"{path}.sequence[{place}]", step)
        if condition.sequence[0].within_days is not None:
            yield (
                f"{path}.sequence[0].within_days: no step is before the first. For all of it "
                "write within_days beside `sequence`."
            )

    def rows(self, path: str, part: Did | DidNot | Has | HasNot | Step) -> Iterator[str]:
        key = {DidNot: "did_not", Has: "has", HasNot: "has_not"}.get(type(part), "did")
        name = getattr(part, key)
        thing = self.catalogue.things.get(name)
        if thing is None:
            yield f"{path}.{key}: there is no '{name}'.{nearest(name, self.catalogue.things)}"
            return
        if key.startswith("did") and thing.at is None:
            yield f"{path}.{key}: {name} has no time. Write {key.replace('did', 'has')}."
        if part.where is not None:
            yield from self.condition(f"{path}.where", part.where, thing)
        for measure in ("sum", "average", "least", "greatest"):
            given: Measure | None = getattr(part, measure, None)
            if given is not None:
                yield from _measure_problems(f"{path}.{measure}", given, thing)
        frequent: MostFrequent | None = getattr(part, "most_frequent", None)
        if frequent is not None:
            at = f"{path}.most_frequent"
            yield from _column_problems(at, frequent.column, thing.columns, thing.name)
            if column := thing.columns.get(frequent.column):
                yield from _value_problems(at, frequent, column, thing.columns)

    def segment(self, path: str, name: str) -> Iterator[str]:
        if name not in self.catalogue.segments:
            known = self.catalogue.segments
            yield f"{path}: there is no segment '{name}'.{nearest(name, known)}"


def _column_problems(
    path: str, name: str, columns: Mapping[str, Column], owner: str
) -> Iterator[str]:
    if name not in columns:
        yield f"{path}: {owner} has no column '{name}'.{nearest(name, columns)}"
    elif columns[name].type not in _KINDS:
        yield f"{path}: the YAML of {owner} gives {name} no data_type. Add it there."


def _measure_problems(path: str, measure: Measure, thing: Thing) -> Iterator[str]:
    yield from _column_problems(path, measure.column, thing.columns, thing.name)
    column = thing.columns.get(measure.column)
    if column and _KINDS.get(column.type, "number") != "number":
        yield f"{path}: {measure.column} holds {column.type}. Measure a number."


def _value_problems(
    path: str, test: Comparison | MostFrequent, column: Column, columns: Mapping[str, Column]
) -> Iterator[str]:
    kind = _KINDS.get(column.type)
    if kind is None:
        return
    fields = (name for name in type(test).model_fields if name in _ALL_TESTS)
    for name, value in test.given(fields).items():
        key = name.rstrip("_")
        if name not in _TESTS[kind]:
            allowed = ", ".join(part.rstrip("_") for part in (*_TESTS[kind], "is_known"))
            yield f"{path}.{key}: {column.name} holds {column.type}, which takes: {allowed}."
        elif isinstance(value, OtherColumn):
            yield from _other_problems(f"{path}.{key}", value.column, column, columns)
        elif name not in (*_TIMES, *_TEXTS):
            for part in value if isinstance(value, list) else [value]:
                yield from _one_value_problems(f"{path}.{key}", part, column, kind)


def _other_problems(
    path: str, name: str, column: Column, columns: Mapping[str, Column]
) -> Iterator[str]:
    """Two columns meet where they hold the same kind."""
    other = columns.get(name)
    if other is None:
        yield f"{path}: there is no column '{name}' beside {column.name}.{nearest(name, columns)}"
    elif _KINDS.get(other.type) != _KINDS[column.type]:
        held = other.type or "no known type"
        yield f"{path}: {column.name} holds {column.type}, and {name} {held}."


def _one_value_problems(path: str, value: Any, column: Column, kind: str) -> Iterator[str]:
    if not _fits(value, kind):
        yield f"{path}: {column.name} holds {column.type}. Write {_WRITE[kind]}."
    elif column.values and str(value) not in column.values:
        yield f"{path}: {column.name} is never '{value}'.{nearest(str(value), column.values)}"


def _fits(value: Any, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "date":
        return isinstance(value, date) and not isinstance(value, datetime)
    if kind == "timestamp":
        return isinstance(value, date)
    return isinstance(value, str)
