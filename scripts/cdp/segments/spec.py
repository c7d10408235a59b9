"""The audience format, version 1: a YAML file that says who belongs, without SQL.

Shapes only: what the words mean is docs/audiences.md, which columns and things exist is
`catalogue`, and what SQL they become is `compile`. The JSON Schema that editors read is made
from these classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator
from pydantic import model_validator as validator

__all__ = [
    "CONDITIONS",
    "All",
    "Any_",
    "Audience",
    "ColumnCondition",
    "Comparison",
    "Condition",
    "Did",
    "Has",
    "InSegment",
    "Measure",
    "Moment",
    "MostFrequent",
    "None_",
    "OtherColumn",
    "Range",
    "Sample",
    "Sequence_",
    "Step",
    "Top",
    "Waterfall",
]

Scalar = bool | int | float | datetime | date | str
Number = int | float
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Days = Annotated[int, Field(gt=0, le=36_500)]

_MOST_VALUES = 1000
_DEEPEST = 20


class _Part(BaseModel):
    """Unknown keys are errors, and a text is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)

    def given(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of the fields that the file gives, by our names, in the order of `names`."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def _rising(between: Sequence[Any] | None) -> None:
    if between and type(between[0]) is type(between[1]) and between[0] > between[1]:
        raise ValueError(f"between goes from {between[0]} down to {between[1]}. Turn it round")


def _needs_one(part: _Part, names: Mapping[str, str]) -> None:
    if not any(getattr(part, name) is not None for name in names):
        raise ValueError(f"needs at least one of: {', '.join(names.values())}")


class Range(_Part):
    """A number held against bounds; all that are given must hold."""

    at_least: Number | None = None
    at_most: Number | None = None
    more_than: Number | None = None
    less_than: Number | None = None
    is_: Number | None = Field(None, alias="is")
    between: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None

    @validator(mode="after")
    def _some_bound(self) -> Range:
        _rising(self.between)
        if type(self) is Range:
            _needs_one(self, {name: name.rstrip("_") for name in Range.model_fields})
        return self


class Moment(_Part):
    """A point in time held against the clock, or against dates; all that are given must
    hold. `since` and `between` include their first day, `until` excludes its day."""

    within_days: Days | None = None
    more_than_days_ago: Days | None = None
    since: date | datetime | None = None
    until: date | datetime | None = None

    @validator(mode="after")
    def _some_moment(self) -> Moment:
        if type(self) is Moment:
            _needs_one(self, {name: name for name in Moment.model_fields})
        return self


class OtherColumn(_Part):
    """Another column of the same row, in place of a value."""

    column: str


def _operand(value: Any) -> str:
    return "another column" if isinstance(value, Mapping | OtherColumn) else "a value"


Operand = Annotated[
    Annotated[Scalar, Tag("a value")] | Annotated[OtherColumn, Tag("another column")],
    Discriminator(_operand),
]


class Comparison(_Part):
    """A value held against others; all that are given must hold. Nothing holds of an
    unknown value but `is_not`, `not_in` and `is_known: false`."""

    is_: Operand | None = Field(None, alias="is")
    is_not: Operand | None = None
    in_: Annotated[list[Scalar], Field(min_length=1, max_length=_MOST_VALUES)] | None = Field(
        None, alias="in"
    )
    not_in: Annotated[list[Scalar], Field(min_length=1, max_length=_MOST_VALUES)] | None = None
    at_least: Operand | None = None
    at_most: Operand | None = None
    more_than: Operand | None = None
    less_than: Operand | None = None
    between: Annotated[list[Scalar], Field(min_length=2, max_length=2)] | None = None
    contains: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    is_known: bool | None = None
    within_days: Days | None = None
    more_than_days_ago: Days | None = None

    @field_validator("*")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, float) and not math.isfinite(part):
                raise ValueError("must be a finite number")
            if isinstance(part, int) and not isinstance(part, bool) and abs(part) >= 2**63:
                raise ValueError("must fit into 64 bits")
            if isinstance(part, str) and any(ord(sign) < 32 or ord(sign) == 127 for sign in part):
                raise ValueError("must hold no control characters")
        return value

    @validator(mode="after")
    def _some_test(self) -> Comparison:
        _rising(self.between)
        _needs_one(self, {name: name.rstrip("_") for name in Comparison.model_fields})
        return self


class ColumnCondition(Comparison):
    """A column of the profile, or of the rows of a thing."""

    column: str
    because: Line | None = None


class Measure(Range):
    """A number taken over the rows of a thing, per person. No rows: a sum of 0, and of the
    others nothing, of which nothing holds."""

    column: str

    @validator(mode="after")
    def _bounded(self) -> Measure:
        _needs_one(self, {name: name.rstrip("_") for name in Range.model_fields})
        return self


class MostFrequent(_Part):
    """The value that most rows of the person carry; of equals the least; null is none."""

    column: str
    is_: Scalar | None = Field(None, alias="is")
    in_: Annotated[list[Scalar], Field(min_length=1, max_length=_MOST_VALUES)] | None = Field(
        None, alias="in"
    )

    @validator(mode="after")
    def _some_test(self) -> MostFrequent:
        _needs_one(self, {"is_": "is", "in_": "in"})
        return self


class _Rows(_Part):
    where: Condition | None = None
    count: Range | None = None
    sum: Measure | None = None
    average: Measure | None = None
    least: Measure | None = None
    greatest: Measure | None = None
    most_frequent: MostFrequent | None = None
    because: Line | None = None


class Has(_Rows):
    """Related things as they are now: accounts, households, open tickets."""

    has: str


class Did(_Rows):
    """Things that happened: events, orders, messages. Only rows in the window count."""

    did: str
    within_days: Days | None = None
    since: date | datetime | None = None
    until: date | datetime | None = None
    first: Moment | None = None
    last: Moment | None = None


class HasNot(_Part):
    """No such related thing."""

    has_not: str
    where: Condition | None = None
    because: Line | None = None


class DidNot(_Part):
    """Nothing of the kind in the window."""

    did_not: str
    where: Condition | None = None
    within_days: Days | None = None
    since: date | datetime | None = None
    until: date | datetime | None = None
    because: Line | None = None


class Step(_Part):
    """One step of a sequence; `within_days` counts from the step before."""

    did: str
    where: Condition | None = None
    within_days: Days | None = None


class Sequence_(_Part):  # noqa: N801 - Sequence is the standard library's
    """Steps in order, each later than the one before; within_days: all of it, to now."""

    sequence: Annotated[list[Step], Field(min_length=2, max_length=10)]
    within_days: Days | None = None
    because: Line | None = None


class InSegment(_Part):
    """Who is in another segment now."""

    in_segment: str
    because: Line | None = None


class NotInSegment(_Part):
    """Who is not in another segment now."""

    not_in_segment: str
    because: Line | None = None


class All(_Part):
    """Every one of these."""

    all: Annotated[list[Condition], Field(min_length=1, max_length=100)]
    because: Line | None = None


class Any_(_Part):  # noqa: N801 - Any is the standard library's
    """At least one of these."""

    any: Annotated[list[Condition], Field(min_length=1, max_length=100)]
    because: Line | None = None


class None_(_Part):  # noqa: N801 - None is a keyword
    """Not one of these."""

    none: Annotated[list[Condition], Field(min_length=1, max_length=100)]
    because: Line | None = None


CONDITIONS: dict[str, type[_Part]] = {
    "column": ColumnCondition,
    "did": Did,
    "did_not": DidNot,
    "has": Has,
    "has_not": HasNot,
    "sequence": Sequence_,
    "in_segment": InSegment,
    "not_in_segment": NotInSegment,
    "all": All,
    "any": Any_,
    "none": None_,
}


def _kind(value: Any) -> str | None:
    """Which condition it is: by the one key that only that kind has."""
    if isinstance(value, Mapping):
        found = [key for key in CONDITIONS if key in value]
    else:
        found = [key for key in CONDITIONS if type(value) is CONDITIONS[key]]
    return found[0] if len(found) == 1 else None


Condition = Annotated[
    Annotated[ColumnCondition, Tag("column")]
    | Annotated[Did, Tag("did")]
    | Annotated[DidNot, Tag("did_not")]
    | Annotated[Has, Tag("has")]
    | Annotated[HasNot, Tag("has_not")]
    | Annotated[Sequence_, Tag("sequence")]
    | Annotated[InSegment, Tag("in_segment")]
    | Annotated[NotInSegment, Tag("not_in_segment")]
    | Annotated[All, Tag("all")]
    | Annotated[Any_, Tag("any")]
    | Annotated[None_, Tag("none")],
    Discriminator(
        _kind,
        custom_error_type="condition",
        custom_error_message="needs exactly one of: "
        + ", ".join(CONDITIONS)
        + ". A list stands under all, any or none",
    ),
]


class Top(_Part):
    """Only the first so many, or so many per cent, by a column of the profile; ties go to
    the lower profile_id, unknown values come last."""

    count: Annotated[int, Field(gt=0)] | None = None
    percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    by: str
    order: Literal["highest", "lowest"] = "highest"
    per: str | None = None

    @validator(mode="after")
    def _one_size(self) -> Top:
        if (self.count is None) == (self.percent is None):
            raise ValueError("needs count or percent, not both")
        return self


class Sample(_Part):
    """A stable share of the people, by a hash; another seed draws others."""

    percent: Annotated[Number, Field(gt=0, lt=100)]
    seed: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,50}$")] = "1"


class _Document(_Part):
    """turnover_pct: of its people, how many may leave in a day; segment_exclusions, false:
    it keeps whom the control panel excludes from segments."""

    version: Literal[1]
    label: Line
    owner: Line
    why: Line
    turnover_pct: Annotated[Number, Field(ge=0, le=100)] | None = None
    segment_exclusions: Literal[False] | None = None


class Audience(_Document):
    """Who belongs: compiled to models/segments/seg_<name of the file>.sql."""

    holdout_pct: Annotated[int, Field(ge=0, le=100)] | None = None
    columns: list[str] = Field(default_factory=list, max_length=100)
    where: Condition
    exclude: list[str] = Field(default_factory=list, max_length=100)
    top: Top | None = None
    sample: Sample | None = None

    @field_validator("where", mode="before")
    @classmethod
    def _is_shallow(cls, value: Any) -> Any:
        if _depth(value) > _DEEPEST * 2:
            raise ValueError(f"is nested deeper than {_DEEPEST}")
        return value


class Waterfall(_Document):
    """Segments in order of priority: each person is in the first that fits. Compiled to one
    segment a step, seg_<name of the file>__<step>.sql."""

    waterfall: Annotated[list[str], Field(min_length=2, max_length=50)]
    exclude: list[str] = Field(default_factory=list, max_length=100)


def _depth(value: Any) -> int:
    """How deep lists and mappings nest, without recursion: the file may be hostile."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > 1000:
            break
        parts = part.values() if isinstance(part, Mapping) else part
        if isinstance(part, Mapping | list):
            waiting.extend((inner, depth + 1) for inner in parts)
    return deepest


_RECURSIVE: list[type[_Part]] = [*CONDITIONS.values(), Step, Audience]
for _model in _RECURSIVE:
    _model.model_rebuild()
