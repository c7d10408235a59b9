"""The predicates and the layout of compiled SQL: lines that read as if written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cdp.segments.literals import like, literal
from cdp.segments.spec import OtherColumn

__all__ = [
    "Lines",
    "grouped",
    "indented",
    "joined",
    "membership",
    "negated",
    "place",
    "select",
    "tests",
]

Lines = list[str]

_WIDEST = 84


def tests(column: str, given: Any, kind: str = "") -> Iterator[Lines]:
    """One predicate for each test that a part of the file makes of a column.

    given: a part with tests as fields, or {name: value}; kind: the column's type.
    """
    fields = given if isinstance(given, dict) else given.given(type(given).model_fields)
    for name, value in fields.items():
        if value is not None and name in _TESTS:
            yield _TESTS[name](column, value, kind)


def _equal(column: str, value: Any, kind: str) -> Lines:
    if isinstance(value, bool):
        return [column if value else f"not {column}"]
    return [f"{column} = {_operand(column, value, kind)}"]


def _bound(operator: str) -> Callable[[str, Any, str], Lines]:
    return lambda column, value, kind: [f"{column} {operator} {_operand(column, value, kind)}"]


def _operand(column: str, value: Any, kind: str) -> str:
    """A value, or another column of the row that `column` is of."""
    if isinstance(value, OtherColumn):
        return f"{column.rpartition('.')[0]}.{value.column}"
    return literal(value, kind)


def _day(operator: str) -> Callable[[str, Any, str], Lines]:
    return lambda column, value, _: [f"{column} {operator} {literal(value, 'timestamp')}"]


def _between(column: str, value: Sequence[Any], kind: str) -> Lines:
    return [f"{column} between {literal(value[0], kind)} and {literal(value[1], kind)}"]


def _like(before: str, after: str) -> Callable[[str, str, str], Lines]:
    return lambda column, value, _: [f"{column} like {like(value, before, after)}"]


def _known(column: str, value: bool, _: str) -> Lines:
    return [f"{column} is {'not ' if value else ''}null"]


def _in(column: str, values: Sequence[Any], kind: str) -> Lines:
    return _listed(column, "in", [literal(value, kind) for value in values])


def _not_in(column: str, values: Sequence[Any], kind: str) -> Lines:
    others = _listed(column, "not in", [literal(value, kind) for value in values])
    return grouped([[f"{column} is null"], others], "or")


def _listed(column: str, word: str, values: Sequence[str]) -> Lines:
    line = f"{column} {word} ({', '.join(values)})"
    if len(line) <= _WIDEST:
        return [line]
    return [f"{column} {word} (", *indented(",\n".join(values).split("\n")), ")"]


def _ago(days: int) -> str:
    return f"clock.now_at - interval '{days}' day"


_TESTS: dict[str, Callable[[str, Any, str], Lines]] = {
    "is_": _equal,
    "is_not": _bound("is distinct from"),
    "in_": _in,
    "not_in": _not_in,
    "at_least": _bound(">="),
    "at_most": _bound("<="),
    "more_than": _bound(">"),
    "less_than": _bound("<"),
    "between": _between,
    "contains": _like("%", "%"),
    "starts_with": _like("", "%"),
    "ends_with": _like("%", ""),
    "is_known": _known,
    "within_days": lambda column, days, _: [
        f"{column} >= {_ago(days)}",
        f"and {column} <= clock.now_at",
    ],
    "more_than_days_ago": lambda column, days, _: [f"{column} < {_ago(days)}"],
    "since": _day(">="),
    "until": _day("<"),
}


def select(columns: Sequence[str], distinct: bool = False) -> Lines:
    """`select …`: one column on its line, several one a line."""
    word = "select distinct" if distinct else "select"
    if len(columns) == 1 and "\n" not in columns[0]:
        return [f"{word} {columns[0]}"]
    return [word, *indented(",\n".join(columns).split("\n"))]


def membership(people: str, word: str, name: str, relation: str) -> Lines:
    """`people.profile_id in (select …)`; word: `in` or `not in`."""
    return [
        f"{people}.profile_id {word} (",
        f"    select {name}.profile_id",
        f"    from {relation} as {name}",
        ")",
    ]


def place(per: str | None, order: str) -> str:
    """A column `place`: 1 for the first by `order`, of all or of each `per`."""
    partition = f"    partition by {per}\n" if per else ""
    return f"row_number() over (\n{partition}    order by {order}\n) as place"


def negated(parts: Sequence[Lines]) -> Lines:
    """Not one of these; what is unknown does not hold."""
    inner = joined(parts, "or")
    return ["not coalesce(", *indented([*inner[:-1], inner[-1] + ",", "false"]), ")"]


def grouped(parts: Sequence[Lines], word: str) -> Lines:
    """One predicate of several: in brackets, unless it is one."""
    if len(parts) == 1:
        return parts[0]
    return ["(", *indented(joined(parts, word)), ")"]


def joined(parts: Sequence[Lines], word: str) -> Lines:
    """Predicates under one another; a comment stands above the line that it is about."""
    lines: Lines = []
    for number, part in enumerate(parts):
        first = next(at for at, line in enumerate(part) if not line.startswith("-- "))
        prefix = f"{word} " if number else ""
        lines += [*part[:first], prefix + part[first], *part[first + 1 :]]
    return lines


def indented(lines: Iterable[str]) -> Lines:
    """Four spaces in front of each."""
    return [f"    {line}" for line in lines]
