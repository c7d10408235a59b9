"""`cdp identity identifiers`: what each identifier type is worth, and what limits would do.

Types that staging emits and the control panel does not list are measured from staging, so
that one can look before one switches them on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from cdp.errors import ConfigError, WarehouseError
from cdp.identity.masked import masked
from cdp.identity.places import Places
from cdp.project import Project
from cdp.warehouse import Warehouse

__all__ = ["LIMITS", "Limit", "Offender", "TypeReport", "identifier_types", "report"]

LIMITS = (1, 2, 5, 10, 20, 50)
_WORST = 5

_LISTED = """
    select source, record_id, identifier_value, is_person
    from {internal}.idg_identifiers where identifier_type = ?
"""
_EMITTED = """
    select
        inputs.source, inputs.identity_key as record_id,
        nullif(trim(cast(staged.{column} as text)), '') as identifier_value,
        {is_person} as is_person
    from {staging} as staged
    inner join {internal}.inp_{contract} as inputs
        on staged.source = inputs.source and staged.record_id = inputs.record_id
    where staged.{column} is not null and inputs.identity_key is not null
"""
_SIGHTINGS = """
    with sightings as (
        select
            found.source, found.record_id, found.identifier_value,
            max(case when found.is_person then 1 else 0 end) as is_person,
            min(identity_map.profile_id) as profile_id
        from ({found}) as found
        left join {cdp}.cdp_identity_map as identity_map
            on found.source = identity_map.source and found.record_id = identity_map.record_id
        where found.identifier_value is not null
        group by found.source, found.record_id, found.identifier_value
    ),

    by_source as (
        select identifier_value, source, count(*) as records, sum(is_person) as people
        from sightings group by identifier_value, source
    ),

    by_profile as (
        select identifier_value, profile_id, count(*) as records
        from sightings where profile_id is not null group by identifier_value, profile_id
    ),

    profiles_of as (
        select identifier_value, count(*) as profiles from by_profile group by identifier_value
    ),

    crowds as (
        select identifier_value, sum(records) as records, max(people) as people
        from by_source group by identifier_value
    ),

    by_value as (
        select
            crowds.identifier_value, crowds.records,
            coalesce(profiles_of.profiles, 0) as profiles,
            greatest(crowds.people, coalesce(profiles_of.profiles, 0)) as carriers
        from crowds
        left join profiles_of on crowds.identifier_value = profiles_of.identifier_value
    )
"""
_VALUES = """
    select carriers, profiles, count(*), sum(records) from by_value group by carriers, profiles
"""
# Profiles by the most crowded of the values that two or more of their records share.
_HELD = """
    select carriers, count(*)
    from (
        select by_profile.profile_id, max(by_value.carriers) as carriers
        from by_profile
        inner join by_value on by_profile.identifier_value = by_value.identifier_value
        where by_profile.records > 1
        group by by_profile.profile_id
    ) as held
    group by carriers
"""
_PROFILES = """
    select held, count(*)
    from (select count(*) as held from by_profile group by profile_id) as profiles
    group by held
"""
_WORST_VALUES = """
    select identifier_value, profiles, records from by_value
    order by carriers desc, records desc, identifier_value limit {worst}
"""
_WORST_PROFILES = """
    select profile_id, count(*), sum(records) from by_profile
    group by profile_id order by 2 desc, 3 desc, 1 limit {worst}
"""
_REFUSED = """
    select rule, count(distinct identifier_value) from {internal}.idg_edges_rejected
    where identifier_type = ? group by rule order by rule
"""


@dataclass(frozen=True)
class Limit:
    """What a limit of so many carriers to a value would do. values: refused; held: profiles
    that such a value holds together, of which at most so many would split; joined: at most so
    many profiles would go up in others by the rest; over: profiles with more values."""

    limit: int
    values: int
    held: int
    joined: int
    over: int


@dataclass(frozen=True)
class Offender:
    """A value (masked) with its profiles, or a profile with its values; and the records."""

    name: str
    counted: int
    records: int


@dataclass(frozen=True)
class TypeReport:
    """An identifier type. A value's carriers are its profiles, or its person records in one
    source, whichever is more. share: of all records that have the type, 0 to 1."""

    identifier_type: str
    is_on: bool
    values: int
    records: int
    share: float
    values_per_profile: float
    most_values_of_a_profile: int
    profiles_per_value: float
    most_profiles_of_a_value: int
    refused: dict[str, int]
    limits: tuple[Limit, ...]
    worst_values: tuple[Offender, ...]
    worst_profiles: tuple[Offender, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything by name."""
        return asdict(self)


def identifier_types(project: Project) -> dict[str, bool]:
    """Type -> whether it is listed: those of the control panel, then what staging emits."""
    listed = dict.fromkeys(project.vars.get("cdp_identifier_types") or {}, True)
    emitted = sorted({name for _, node in _inputs(project) for name in _emits(node)})
    return listed | {name: False for name in emitted if name not in listed}


def report(project: Project, warehouse: Warehouse, only: str | None = None) -> Iterator[TypeReport]:
    """A report a type, or of one. Raises ConfigError for a type that nothing emits and
    WarehouseError where nothing was built."""
    places = Places.here(warehouse.target)
    if not places.columns(warehouse, "cdp_identity_map"):
        raise WarehouseError("There is no cdp_identity_map yet. Run cdp build first.")
    types = identifier_types(project)
    if only is not None and only not in types:
        near = get_close_matches(only, types, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(types)}."
        raise ConfigError(f"{only} is no identifier type, listed or emitted by an input. {hint}")
    (total,) = warehouse.query(f"select count(*) from {places.cdp}.cdp_identity_map")[0]  # noqa: S608
    for name, is_on in types.items():
        if only in (None, name):
            found, values = _found(project, warehouse, places, name, is_on)
            if found:
                yield _TypeQueries(warehouse, places, name, found, values).report(is_on, total)


def _inputs(project: Project) -> Iterator[tuple[str, Any]]:
    """(contract, staging model) of every input that is on."""
    for contract, entries in (project.vars.get("cdp_inputs") or {}).items():
        for entry in entries or ():
            if node := project.node(entry):
                yield contract, node


def _emits(node: Any) -> Sequence[str]:
    return list(node.meta.get("cdp_identifiers") or ())


def _found(
    project: Project, warehouse: Warehouse, places: Places, name: str, is_on: bool
) -> tuple[str, tuple[object, ...]]:
    """The select of a type's sightings, and what it binds; empty where nothing is built."""
    if is_on:
        return _LISTED.format(internal=places.internal), (name,)
    parts = [
        _EMITTED.format(
            internal=places.internal, staging=node.relation, contract=contract,
            column=f'"{name}"', is_person="true" if contract == "people" else "false",
        )
        for contract, node in _inputs(project)
        if name in _emits(node) and warehouse.columns(node.schema, node.table)
    ]  # fmt: skip
    return " union all ".join(parts), ()


@dataclass(frozen=True)
class _TypeQueries:
    """Queries over the sightings of one type."""

    warehouse: Warehouse
    places: Places
    name: str
    found: str
    values: tuple[object, ...]

    def report(self, is_on: bool, total: int) -> TypeReport:
        """All of it. total: records that name somebody."""
        by_value = [tuple(map(int, row)) for row in self._rows(_VALUES)]
        held = [tuple(map(int, row)) for row in self._rows(_HELD)]
        per_profile = [tuple(map(int, row)) for row in self._rows(_PROFILES)]
        values = sum(count for _, _, count, _ in by_value)
        records = sum(records for *_, records in by_value)
        profiles = sum(count for _, count in per_profile)
        pairs = sum(profiles * count for _, profiles, count, _ in by_value)
        return TypeReport(
            identifier_type=self.name,
            is_on=is_on,
            values=values,
            records=records,
            share=round(records / total, 4) if total else 0.0,
            values_per_profile=round(pairs / profiles, 4) if profiles else 0.0,
            most_values_of_a_profile=max((held for held, _ in per_profile), default=0),
            profiles_per_value=round(pairs / values, 4) if values else 0.0,
            most_profiles_of_a_value=max((row[1] for row in by_value), default=0),
            refused={rule: int(count) for rule, count in self._refused()},
            limits=tuple(_limit(limit, is_on, by_value, held, per_profile) for limit in LIMITS),
            worst_values=tuple(self._offenders(_WORST_VALUES, hide=True)),
            worst_profiles=tuple(self._offenders(_WORST_PROFILES, hide=False)),
        )

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        names = vars(self.places) | {"found": self.found, "worst": _WORST}
        return self.warehouse.query((_SIGHTINGS + sql).format(**names), self.values)

    def _refused(self) -> list[tuple[Any, ...]]:
        sql = _REFUSED.format(internal=self.places.internal)
        return self.warehouse.query(sql, (self.name,))

    def _offenders(self, sql: str, hide: bool) -> Iterator[Offender]:
        for name, counted, records in self._rows(sql):
            yield Offender(masked(name) if hide else name, int(counted), int(records))


def _limit(
    limit: int,
    is_on: bool,
    by_value: Sequence[tuple[int, ...]],
    held: Sequence[tuple[int, ...]],
    per_profile: Sequence[tuple[int, ...]],
) -> Limit:
    """Of a type that is on, what it may link is one profile already: nothing is joined."""
    joined = sum(
        (profiles - 1) * count
        for carriers, profiles, count, _ in by_value
        if profiles > 1 and carriers <= limit
    )
    return Limit(
        limit=limit,
        values=sum(count for carriers, _, count, _ in by_value if carriers > limit),
        held=sum(count for carriers, count in held if carriers > limit) if is_on else 0,
        joined=0 if is_on else joined,
        over=sum(count for values, count in per_profile if values > limit),
    )
