"""An audience as the SQL of a segment model: what a person would have written.

Every thing that a condition asks for becomes a CTE with one row a person; the last select
joins them to the profiles and reads as the audience does. `ref` says how a model is named:
dbt's `ref()` for the file that is committed, the relation itself for a preview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cdp.project import Node
from cdp.segments.catalogue import Catalogue, Thing
from cdp.segments.literals import comment, literal
from cdp.segments.predicates import (
    Lines,
    grouped,
    indented,
    joined,
    membership,
    negated,
    place,
    select,
    tests,
)
from cdp.segments.spec import (
    All,
    Any_,
    Audience,
    ColumnCondition,
    Condition,
    Did,
    DidNot,
    Has,
    HasNot,
    InSegment,
    None_,
    NotInSegment,
    Sample,
    Sequence_,
    Step,
    Top,
    Waterfall,
)

__all__ = ["Bucket", "Compiler", "Ref"]

Ref = Callable[[Node], str]
Bucket = Callable[[str, int], str]

_AGGREGATES = {"average": "avg", "least": "min", "greatest": "max"}
_SHARES = 1_000_000  # a sample's percentage counts to four places


@dataclass
class Compiler:
    """Writes one query. bucket(expression, n): SQL for a stable hash in 0 … n - 1.

    counts_always: every CTE of a thing tells its row_count, asked or not.
    An audience must be free of audience_problems, a waterfall of waterfall_problems.
    """

    catalogue: Catalogue
    ref: Ref
    bucket: Bucket
    counts_always: bool = False
    _ctes: dict[str, Lines] = field(default_factory=dict, init=False)
    joins: list[str] = field(default_factory=list, init=False)
    _asks_clock: bool = field(default=False, init=False)

    def audience(self, audience: Audience) -> str:
        """One row per profile_id: the people of the audience, and the columns it adds."""
        found = [self.condition(part) for part in _conjuncts(audience.where)]
        found += [self.not_in(name) for name in audience.exclude]
        if audience.sample is not None:
            found.append(self.sampled(audience.sample))
        wanted, top = ["profile_id", *audience.columns], audience.top
        if top is None:
            return self.query(self.people([f"profiles.{name}" for name in wanted], found))
        needed = dict.fromkeys([*wanted, top.by, *filter(None, [top.per])])
        self._ctes["people"] = self.people([f"profiles.{name}" for name in needed], found)
        self._ctes["ranked"] = _ranked(top)
        size = f"place <= {top.count}" if top.count else _share(top)
        return self.query([*select(wanted), "from ranked", f"where {size}"])

    def step(self, waterfall: Waterfall, number: int) -> str:
        """Who is in this step's segment and in none before it, with that segment's columns."""
        name = waterfall.waterfall[number]
        lines = ["select people.*", f"from {self.segment(name)} as people"]
        before = [*waterfall.exclude, *waterfall.waterfall[:number]]
        if before:
            found = [self.not_in(segment, "people") for segment in before]
            lines += ["where", *indented(joined(found, "and"))]
        return self.query(lines)

    def people(self, columns: Sequence[str], found: Sequence[Lines]) -> Lines:
        """The profiles that fit, joined to what the conditions so far ask for."""
        lines = [*select(columns), f"from {self.ref(self.catalogue.profiles)} as profiles"]
        if self._asks_clock:
            lines.append("cross join clock")
        for name in self.joins:
            lines.append(f"left join {name} on profiles.profile_id = {name}.profile_id")
        return [*lines, "where", *indented(joined(found, "and"))] if found else lines

    def query(self, last: Lines) -> str:
        """The CTEs so far, then the lines of a select."""
        ctes = dict(self._ctes)
        if _names_clock([*ctes.values(), last]):
            clock = f"select * from {self.ref(self.catalogue.clock)}"  # noqa: S608 - a relation
            ctes = {"clock": [clock]} | ctes
        blocks = [
            "\n".join([f"{name} as (", *indented(lines), ")"]) for name, lines in ctes.items()
        ]
        return "\n\n".join(["with " + ",\n\n".join(blocks)] * bool(blocks) + ["\n".join(last)])

    # ------------------------------------------------------------------ conditions

    def condition(self, condition: Condition, thing: Thing | None = None) -> Lines:
        """A predicate; thing: over whose rows, None: over the profile."""
        because = [comment(condition.because)] if condition.because else []
        return because + self._predicate(condition, thing)

    def _predicate(self, condition: Condition, thing: Thing | None) -> Lines:
        match condition:
            case All(all=parts):
                return grouped([self.condition(part, thing) for part in parts], "and")
            case Any_(any=parts):
                return grouped([self.condition(part, thing) for part in parts], "or")
            case None_(none=parts):
                return negated([self.condition(part, thing) for part in parts])
            case ColumnCondition():
                return self._comparison(condition, thing)
            case InSegment(in_segment=name):
                return membership("profiles", "in", name, self.segment(name))
            case NotInSegment(not_in_segment=name):
                return self.not_in(name)
            case Sequence_():
                return [f"{self._sequence(condition)}.profile_id is not null"]
            case DidNot() | HasNot():
                return [f"{self._rows(condition)}.profile_id is null"]
            case Did() | Has():
                return self._measured(condition)

    def _comparison(self, condition: ColumnCondition, thing: Thing | None) -> Lines:
        owner = thing.node if thing else self.catalogue.profiles
        column = f"{thing.name if thing else 'profiles'}.{condition.column}"
        found = list(tests(column, condition, owner.columns[condition.column].type))
        self._asks_clock |= thing is None and _names_clock(found)
        return grouped(found, "and")

    def _measured(self, part: Did | Has) -> Lines:
        name = self._rows(part)
        found: list[Lines] = []
        if part.count is not None:
            found += tests(f"coalesce({name}.row_count, 0)", part.count)
        if part.sum is not None:
            total = f"{name}.value_sum"
            found += tests(f"coalesce({total}, 0)" if part.count else total, part.sum)
        for measure in _AGGREGATES:
            if given := getattr(part, measure):
                found += tests(f"{name}.value_{measure}", given)
        if part.most_frequent is not None:
            kind = self._thing(part).columns[part.most_frequent.column].type
            most = self._most_frequent(name, part, part.most_frequent.column)
            found += tests(f"{most}.most_frequent", part.most_frequent, kind)
        for moment in ("first", "last"):
            if given := getattr(part, moment, None):
                found += tests(f"{name}.{moment}_at", given)
        self._asks_clock |= _names_clock(found)
        return grouped(found or [[f"{name}.profile_id is not null"]], "and")

    def sampled(self, sample: Sample) -> Lines:
        """A predicate: whether the person is drawn."""
        key = f"'sample {sample.seed} ' || profiles.profile_id"
        *head, last = self.bucket(key, _SHARES).split("\n")
        return [*head, f"{last} < {round(sample.percent * _SHARES / 100)}"]

    # ------------------------------------------------------------------ people by thing

    def _rows(self, part: Did | DidNot | Has | HasNot) -> str:
        """Adds a CTE, one row a person with at least one such row; gives its name."""
        thing = self._thing(part)
        name = self._named(thing.name)
        columns = [f"{thing.name}.profile_id", *_aggregated(part, thing)]
        if self.counts_always and "count(*) as row_count" not in columns:
            columns.append("count(*) as row_count")
        group = [f"group by {thing.name}.profile_id"]
        self._ctes[name] = [
            *select(columns),
            *self._from(thing, part, _window(part, thing)),
            *group,
        ]
        self.joins.append(name)
        return name

    def _most_frequent(self, name: str, part: Did | Has, column: str) -> str:
        thing = self._thing(part)
        value, person = f"{thing.name}.{column}", f"{thing.name}.profile_id"
        counts, most = f"{name}_values", f"{name}_most"
        known = [*_window(part, thing), [f"{value} is not null"]]
        columns = [person, f"{value} as most_frequent", place(person, f"count(*) desc, {value}")]
        group = [f"group by {person}, {value}"]
        self._ctes[counts] = [*select(columns), *self._from(thing, part, known), *group]
        self._ctes[most] = [f"select * from {counts}", "where place = 1"]  # noqa: S608 - a CTE
        self.joins.append(most)
        return most

    def _sequence(self, condition: Sequence_) -> str:
        name = self._named("sequence")
        earlier: str | None = None
        for number, step in enumerate(condition.sequence, start=1):
            thing = self.catalogue.things[step.did]
            columns = [f"{thing.name}.profile_id", f"{thing.name}.{thing.at} as happened_at"]
            window = [*tests(f"{thing.name}.{thing.at}", {"within_days": condition.within_days})]
            rows = self._from(thing, step, window, _follows(thing, earlier, step))
            earlier = f"{name}_step_{number}"
            self._ctes[earlier] = [*select(columns, distinct=True), *rows]
        self._ctes[name] = [f"select distinct profile_id from {earlier}"]  # noqa: S608 - a CTE
        self.joins.append(name)
        return name

    def _from(
        self,
        thing: Thing,
        part: Did | DidNot | Has | HasNot | Step,
        window: Sequence[Lines],
        joins: Sequence[str] = (),
    ) -> Lines:
        """`from … where …` over the rows of a thing that count."""
        found = [[f"not coalesce({thing.name}.{thing.unless}, false)"]] if thing.unless else []
        found += [self.condition(inner, thing) for inner in _conjuncts(part.where)]
        found += window
        lines = [f"from {self.ref(thing.node)} as {thing.name}"]
        lines += ["cross join clock"] * _names_clock(found)
        return [*lines, *joins, *(["where", *indented(joined(found, "and"))] if found else [])]

    # ------------------------------------------------------------------ names

    def _named(self, stem: str) -> str:
        number = 1
        while f"{stem}_{number}" in self._ctes or f"{stem}_{number}_step_1" in self._ctes:
            number += 1
        return f"{stem}_{number}"

    def _thing(self, part: Did | DidNot | Has | HasNot) -> Thing:
        key = {Did: "did", DidNot: "did_not", Has: "has", HasNot: "has_not"}[type(part)]
        return self.catalogue.things[getattr(part, key)]

    def segment(self, name: str) -> str:
        """How a segment's model is named."""
        return self.ref(self.catalogue.segments[name])

    def not_in(self, name: str, people: str = "profiles") -> Lines:
        """A predicate: whether the person of the alias `people` is outside a segment."""
        return membership(people, "not in", name, self.segment(name))


def _conjuncts(condition: Condition | None) -> list[Condition]:
    if condition is None:
        return []
    if isinstance(condition, All) and condition.because is None:
        return list(condition.all)
    return [condition]


def _names_clock(found: Iterable[Lines]) -> bool:
    return any("clock.now_at" in line for lines in found for line in lines)


def _window(part: Did | DidNot | Has | HasNot, thing: Thing) -> list[Lines]:
    if isinstance(part, Has | HasNot):
        return []
    return list(tests(f"{thing.name}.{thing.at}", part.given(("within_days", "since", "until"))))


def _follows(thing: Thing, earlier: str | None, step: Step) -> Lines:
    if earlier is None:
        return []
    at = f"{thing.name}.{thing.at}"
    found = [[f"{thing.name}.profile_id = {earlier}.profile_id"], [f"{at} > {earlier}.happened_at"]]
    if step.within_days is not None:
        found.append([f"{at} <= {earlier}.happened_at + interval '{step.within_days}' day"])
    return [f"inner join {earlier}", "    on", *indented(indented(joined(found, "and")))]


def _aggregated(part: Did | DidNot | Has | HasNot, thing: Thing) -> Lines:
    if isinstance(part, DidNot | HasNot):
        return []
    columns = ["count(*) as row_count"] if part.count is not None else []
    if part.sum is not None:
        columns.append(f"coalesce(sum({thing.name}.{part.sum.column}), 0) as value_sum")
    for measure, function in _AGGREGATES.items():
        if given := getattr(part, measure):
            columns.append(f"{function}({thing.name}.{given.column}) as value_{measure}")
    for moment, function in {"first": "min", "last": "max"}.items():
        if getattr(part, moment, None) is not None:
            columns.append(f"{function}({thing.name}.{thing.at}) as {moment}_at")
    return columns


def _ranked(top: Top) -> Lines:
    direction = "desc" if top.order == "highest" else "asc"
    columns = ["people.*", place(top.per, f"{top.by} {direction} nulls last, profile_id")]
    if top.percent is not None:
        partition = f"partition by {top.per}" if top.per else ""
        columns.append(f"count(*) over ({partition}) as of_people")
    return [*select(columns), "from people"]


def _share(top: Top) -> str:
    return f"(place - 1) * 100 < of_people * {literal(top.percent)}"
