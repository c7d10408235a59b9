"""Two builds of who is one person, compared record by record, in SQL.

The overlap of their profiles is made a table of the later build, which goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cdp.errors import WarehouseError
from cdp.identity.masked import masked
from cdp.identity.places import Places
from cdp.warehouse import Warehouse

__all__ = ["Cluster", "Comparison", "Example", "Guard", "Scope", "Segment", "built"]

_EXAMPLES = 5

_OVERLAP = """
    create table {after.internal}.imp_overlap as
    select
        standing.profile_id as before_id, changed.profile_id as after_id, count(*) as records
    from {before.cdp}.cdp_identity_map as standing
    inner join {after.cdp}.cdp_identity_map as changed
        on standing.source = changed.source and standing.record_id = changed.record_id
    group by standing.profile_id, changed.profile_id
"""
_SCOPE = """
    select
        count(distinct profile_id),
        count(distinct case when is_person then profile_id end),
        count(*)
    from {build.cdp}.cdp_identity_map
"""
_SEVERAL = """
    select count(*), coalesce(sum(profiles), 0)
    from (
        select count(*) as profiles from {after.internal}.imp_overlap
        group by {side} having count(*) > 1
    ) as several
"""
_ALONE = """
    select count(distinct build.profile_id)
    from {build.cdp}.cdp_identity_map as build
    left join {after.internal}.imp_overlap as overlap on build.profile_id = overlap.{side}
    where overlap.records is null
"""
_EXAMPLES_OF = """
    select {side}, sum(records) from {after.internal}.imp_overlap
    group by {side} having count(*) > 1
    order by sum(records) desc, {side} limit {limit}
"""
_OTHERS = """
    select {other} from {after.internal}.imp_overlap where {side} = ? order by 1 limit 10
"""
# Values that link a profile of `one` and are on several profiles of `other`.
_SHARED = """
    select identifiers.identifier_type, identifiers.identifier_value
    from {one.cdp}.cdp_identity_map as here
    inner join {one.internal}.idg_identifiers as identifiers
        on here.source = identifiers.source and here.record_id = identifiers.record_id
    inner join {other.cdp}.cdp_identity_map as there
        on here.source = there.source and here.record_id = there.record_id
    left join {one.internal}.idg_edges_rejected as refused
        on identifiers.source = refused.source
        and identifiers.record_id = refused.record_id
        and identifiers.identifier_type = refused.identifier_type
        and identifiers.identifier_value = refused.identifier_value
    where here.profile_id = ? and refused.rule is null
    group by identifiers.identifier_type, identifiers.identifier_value
    having count(distinct there.profile_id) > 1
    order by count(distinct there.profile_id) desc, 1, 2
    limit 3
"""
_RULE = """
    select min(rule) from {after.internal}.idg_edges_rejected
    where identifier_type = ? and identifier_value = ?
"""
_LARGEST = """
    select profile_id, count(*), sum(case when is_person then 1 else 0 end)
    from {build.cdp}.cdp_identity_map
    group by profile_id order by 2 desc, 1 limit {limit}
"""
_GUARDS = """
    select rule, identifier_type, sum(stood), sum(stands)
    from (
        select distinct rule, identifier_type, identifier_value, 1 as stood, 0 as stands
        from {before.internal}.idg_edges_rejected
        union all
        select distinct rule, identifier_type, identifier_value, 0, 1
        from {after.internal}.idg_edges_rejected
    ) as refused
    group by rule, identifier_type order by rule, identifier_type
"""
# Who has records of a member, and is one, too, neither entered nor exited.
_SEGMENTS = """
    with stayed as (
        select
            standing.segment,
            count(distinct standing.profile_id) as stood,
            count(distinct changed.profile_id) as stands
        from {before.internal}.smb_members as standing
        inner join {after.internal}.imp_overlap as overlap
            on standing.profile_id = overlap.before_id
        inner join {after.internal}.smb_members as changed
            on overlap.after_id = changed.profile_id and standing.segment = changed.segment
        group by standing.segment
    ),

    sizes as (
        select segment, sum(stood) as stood, sum(stands) as stands
        from (
            select segment, 1 as stood, 0 as stands from {before.internal}.smb_members
            union all
            select segment, 0, 1 from {after.internal}.smb_members
        ) as members
        group by segment
    )

    select
        sizes.segment,
        sizes.stood,
        sizes.stands,
        sizes.stands - coalesce(stayed.stands, 0),
        sizes.stood - coalesce(stayed.stood, 0)
    from sizes
    left join stayed on sizes.segment = stayed.segment
    order by sizes.segment
"""


@dataclass(frozen=True)
class Scope:
    """How much there is: profiles, those of them with a person record, records."""

    profiles: int
    people: int
    records: int


@dataclass(frozen=True)
class Cluster:
    """A profile by its size."""

    profile_id: str
    records: int
    person_records: int


@dataclass(frozen=True)
class Example:
    """Profiles that come together in one, or into which one falls; values are masked."""

    profile_id: str
    others: tuple[str, ...]
    records: int
    because: str


@dataclass(frozen=True)
class Guard:
    """How many values of a type a rule refuses."""

    rule: str
    identifier_type: str
    before: int
    after: int


@dataclass(frozen=True)
class Segment:
    """How a segment moves; who is merged with a member has neither entered nor exited."""

    segment: str
    before: int
    after: int
    entered: int
    exited: int


@dataclass(frozen=True)
class Comparison:
    """Queries over what stands (`before`) and what would (`after`)."""

    warehouse: Warehouse
    before: Places
    after: Places

    def prepare(self) -> None:
        """Make the overlap."""
        self.warehouse.execute(f"drop table if exists {self.after.internal}.imp_overlap")
        self.warehouse.execute(_OVERLAP.format(before=self.before, after=self.after))

    def scope(self, build: Places) -> Scope:
        """The size of a build."""
        (row,) = self._rows(_SCOPE, build=build)
        return Scope(*row)

    def merged(self) -> int:
        """Profiles that stood and would be one with another."""
        return int(self._rows(_SEVERAL, side="after_id")[0][1])

    def split(self) -> int:
        """Profiles that stood and would be several."""
        return int(self._rows(_SEVERAL, side="before_id")[0][0])

    def new(self) -> int:
        """Profiles of records that nobody had."""
        return int(self._rows(_ALONE, build=self.after, side="after_id")[0][0])

    def gone(self) -> int:
        """Profiles of which no record would be left."""
        return int(self._rows(_ALONE, build=self.before, side="before_id")[0][0])

    def merges(self) -> tuple[Example, ...]:
        """The largest merges, and the values that link."""
        return tuple(
            Example(profile, self._others("after_id", profile), records, self._linking(profile))
            for profile, records in self._largest_of("after_id")
        )

    def splits(self) -> tuple[Example, ...]:
        """The largest splits, and the values that no longer link."""
        return tuple(
            Example(profile, self._others("before_id", profile), records, self._parting(profile))
            for profile, records in self._largest_of("before_id")
        )

    def largest(self, build: Places) -> tuple[Cluster, ...]:
        """The profiles of a build with the most records."""
        rows = self._rows(_LARGEST, build=build, limit=_EXAMPLES)
        return tuple(Cluster(profile, records, int(people)) for profile, records, people in rows)

    def guards(self) -> tuple[Guard, ...]:
        """What each rule refuses, before and after."""
        rows = self._rows(_GUARDS)
        return tuple(Guard(rule, kind, int(a), int(b)) for rule, kind, a, b in rows)

    def segments(self) -> tuple[Segment, ...]:
        """How each segment moves."""
        return tuple(Segment(name, *map(int, counts)) for name, *counts in self._rows(_SEGMENTS))

    def _rows(self, sql: str, *values: object, **names: object) -> Sequence[tuple[Any, ...]]:
        return self.warehouse.query(
            sql.format(before=self.before, after=self.after, **names), values
        )

    def _largest_of(self, side: str) -> Iterator[tuple[str, int]]:
        rows = self._rows(_EXAMPLES_OF, side=side, limit=_EXAMPLES)
        return ((profile, int(records)) for profile, records in rows)

    def _others(self, side: str, profile: str) -> tuple[str, ...]:
        other = "before_id" if side == "after_id" else "after_id"
        return tuple(row[0] for row in self._rows(_OTHERS, profile, side=side, other=other))

    def _linking(self, profile: str) -> str:
        rows = self._rows(_SHARED, profile, one=self.after, other=self.before)
        return ", ".join(f"{kind} {masked(value)}" for kind, value in rows) or "likeness"

    def _parting(self, profile: str) -> str:
        rows = self._rows(_SHARED, profile, one=self.before, other=self.after)
        return ", ".join(self._refusal(*row) for row in rows) or "likeness no longer does"

    def _refusal(self, kind: str, value: str) -> str:
        rule = self._rows(_RULE, kind, value)[0][0]
        return f"{kind} {masked(value)} ({rule or 'is gone'})"


def built(warehouse: Warehouse, place: Places, table: str) -> None:
    """Raise WarehouseError when a build has no such table."""
    if not place.columns(warehouse, table):
        raise WarehouseError(
            f"There is no {table} to compare with. Run cdp build; for --against NAME, cdp build "
            "--beside NAME; without segments, say --no-segments."
        )
