"""Why a person is in a segment, or is not: each condition, her value, and whether it held.

An audience is asked by its own conditions; a segment written in SQL by the predicates of
its query (see explain_sql).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdp.project import Node
from cdp.segments.compile import Compiler
from cdp.segments.documents import Document
from cdp.segments.library import Library
from cdp.segments.literals import literal
from cdp.segments.predicates import membership
from cdp.segments.running import running_compiler, without_marks
from cdp.segments.spec import (
    CONDITIONS,
    All,
    Any_,
    Audience,
    ColumnCondition,
    Condition,
    Did,
    DidNot,
    Has,
    HasNot,
    None_,
    Waterfall,
)
from cdp.warehouse import Warehouse

__all__ = ["Held", "explain_audience", "explain_exclusion"]


@dataclass(frozen=True)
class Held:
    """One condition. depth: how deep it stands, 0 outermost; value: the person's, or how
    many rows she has; none where there is nothing to show."""

    depth: int
    condition: str
    value: Any
    held: bool


@dataclass(frozen=True)
class _Asked:
    """A condition with its SQL, or a group: word is how its parts are joined."""

    text: str
    sql: str = ""
    value: str = "null"
    word: str = ""
    parts: tuple[_Asked, ...] = field(default=())

    def leaves(self) -> Iterator[_Asked]:
        """The conditions below, or itself."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


def explain_audience(
    library: Library, document: Document, profile_id: str, warehouse: Warehouse, step: int = 0
) -> list[Held]:
    """Every condition, in the order of the file; empty: there is no such profile.

    step: which one of a waterfall.
    """
    compiler = running_compiler(library.catalogue, warehouse.dialect, counts_always=True)
    content = document.content
    if isinstance(content, Waterfall):
        asked = _waterfall(compiler, content, step)
    else:
        asked = _audience(compiler, content)
    leaves = [leaf for one in asked for leaf in one.leaves()]
    columns = [text for leaf in leaves for text in (leaf.value, f"coalesce({leaf.sql}, false)")]
    named = [f"{text} as told_{number}" for number, text in enumerate(columns)]
    person = f"profiles.profile_id = {literal(profile_id)}"
    rows = warehouse.query(without_marks(compiler.query(compiler.people(named, [[person]]))))
    if not rows:
        return []
    pairs = zip(rows[0][::2], rows[0][1::2], strict=True)
    answers = {
        id(leaf): (value, bool(held)) for leaf, (value, held) in zip(leaves, pairs, strict=True)
    }
    held = [line for one in asked for line in _held(one, 0, answers)]
    if isinstance(content, Audience) and content.top:
        held.append(_top(library, content, profile_id, warehouse))
    return held


def explain_exclusion(excluded: Node, profile_id: str, warehouse: Warehouse) -> list[Held]:
    """The condition that the control panel puts on every segment but those that keep all."""
    rows = warehouse.query(
        f"select 1 from {excluded.relation} where profile_id = ?",  # noqa: S608 - quoted
        (profile_id,),
    )
    return [Held(0, "in no segment of cdp_segment_exclusions", None, not rows)]


def _audience(compiler: Compiler, audience: Audience) -> list[_Asked]:
    where = audience.where
    parts = where.all if isinstance(where, All) else [where]
    asked = [_condition(compiler, part) for part in parts]
    asked += [_outside(compiler, name, "profiles") for name in audience.exclude]
    if audience.sample:
        sql = "\n".join(compiler.sampled(audience.sample))
        asked.append(_Asked(f"in a sample of {audience.sample.percent} %", sql))
    return asked


def _waterfall(compiler: Compiler, waterfall: Waterfall, step: int) -> list[_Asked]:
    name = waterfall.waterfall[step]
    inside = membership("profiles", "in", name, compiler.segment(name))
    before = [*waterfall.exclude, *waterfall.waterfall[:step]]
    return [
        _Asked(f"in {name}", "\n".join(inside)),
        *(_outside(compiler, segment, "profiles") for segment in before),
    ]


def _outside(compiler: Compiler, name: str, people: str) -> _Asked:
    return _Asked(f"not in {name}", "\n".join(compiler.not_in(name, people)))


def _condition(compiler: Compiler, condition: Condition) -> _Asked:
    match condition:
        case All(all=parts) | Any_(any=parts) | None_(none=parts):
            word = type(condition).__name__.lower().rstrip("_")
            inner = tuple(_condition(compiler, part) for part in parts)
            return _Asked(condition.because or f"{word} of", word=word, parts=inner)
    before = len(compiler.joins)
    lines = [line for line in compiler.condition(condition) if not line.startswith("-- ")]
    value = "null"
    if isinstance(condition, ColumnCondition):
        value = f"profiles.{condition.column}"
    elif isinstance(condition, Did | DidNot | Has | HasNot):
        value = f"coalesce({compiler.joins[before]}.row_count, 0)"
    return _Asked(_told(condition), "\n".join(lines), value)


def _held(asked: _Asked, depth: int, answers: Mapping[int, tuple[Any, bool]]) -> list[Held]:
    """The condition's line, then those below it; a group holds by its parts."""
    if not asked.parts:
        value, held = answers[id(asked)]
        return [Held(depth, asked.text, value, held)]
    parts = [_held(part, depth + 1, answers) for part in asked.parts]
    truths = [lines[0].held for lines in parts]
    held = {"all": all(truths), "any": any(truths), "none": not any(truths)}[asked.word]
    return [Held(depth, asked.text, None, held), *(line for lines in parts for line in lines)]


def _top(library: Library, audience: Audience, profile_id: str, warehouse: Warehouse) -> Held:
    top = audience.top
    assert top is not None
    sql = running_compiler(library.catalogue, warehouse.dialect).audience(audience)
    person = literal(profile_id)
    rows = warehouse.query(
        f"select 1 from (\n{without_marks(sql)}\n) as people where profile_id = {person}"  # noqa: S608
    )
    size = f"{top.count:,}" if top.count else f"{top.percent} %"
    per = f" of each {top.per}" if top.per else ""
    return Held(0, f"among the {top.order} {size}{per} by {top.by}", None, bool(rows))


def _told(part: Any) -> str:
    """A condition in the words of the file, on one line."""
    given = part.model_dump(by_alias=True, exclude_none=True, exclude={"because"})
    first = next(key for key in CONDITIONS if key in given)
    return _words({first: given[first], **given})


def _words(given: Any) -> str:
    if isinstance(given, Mapping):
        head = [str(given["column"])] if "column" in given else []
        rest = (f"{key} {_words(value)}" for key, value in given.items() if key != "column")
        return ", ".join([" ".join([*head, *([next(rest)] if head else [])]), *rest]).strip(", ")
    if isinstance(given, list):
        return "(" + "; ".join(map(_words, given)) + ")"
    return str(given)
