"""First contact: which of the rows to be created are there already, under which record.

A tool is never empty. `cdp_match` says in order how a row finds its record: `record_id`,
as cdp_identity_map has it where the tool is also a source; then fields by which the
destination can look up, most often our own id and the email. Reads only.

    adopt       found: it is written under the record's id from now on
    create      not found anywhere (mode update: withheld as not_found)
    withheld    ambiguous: several records and no cdp_primary to choose by, or one that is
                somebody else's too;
                exists: found, and the mode makes new ones only
"""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from cdp.activation.ledger import Ledger
from cdp.activation.mapping import Mapped
from cdp.activation.spec import SyncSpec
from cdp.destinations import find_destination
from cdp.destinations._base import Delivery, Destination
from cdp.project import Project

__all__ = ["match_records", "open_destination"]

_FOUND = "cdp_found"


def open_destination(
    project: Project,
    spec: SyncSpec,
    run_id: str,
    fields: Sequence[Mapped],
    counts: Mapping[str, int] = MappingProxyType({}),
) -> Destination:
    """The sync's destination, ready for one delivery. Raises ConfigError."""
    delivery = Delivery(
        sync=spec.name,
        run_id=run_id,
        target_object=spec.target_object,
        mode=spec.mode,
        purpose=spec.purpose.name,
        match=spec.match,
        fields={field.name: field.kind for field in fields},
        root=project.root,
        set_once=frozenset(field.name for field in fields if field.set_once),
        skip_null=frozenset(field.name for field in fields if field.skip_null),
        needs_grant=spec.purpose.needs_grant,
        counts=counts,
    )
    return find_destination(spec.destination)(delivery, spec.options)


def match_records(
    project: Project, spec: SyncSpec, ledger: Ledger, fields: Sequence[Mapped], diff_table: str
) -> None:
    """Settle, in `diff_table`, what becomes of the rows that are to be created.

    Raises what a destination raises that cannot be read.
    """
    warehouse = ledger.warehouse
    kind = find_destination(spec.destination)
    creates = f"from {diff_table} where operation = 'create'"
    if not kind.can_look_up or not warehouse.query(f"select 1 {creates} limit 1"):
        return
    warehouse.execute(f"drop table if exists {_FOUND}")
    warehouse.execute(f"create temporary table {_FOUND} (position bigint, destination_id text)")
    if "record_id" in spec.matches and spec.identity_map is not None:
        _append(ledger, _known_records(spec, ledger, kind, diff_table))
    destination = open_destination(project, spec, "plan", fields)
    try:
        for name in spec.matches:
            if name != "record_id":
                _append(ledger, _looked_up(spec, ledger, destination, name, fields, diff_table))
    finally:
        destination.close()
    for statement in _settling_sql(spec, ledger, diff_table):
        warehouse.execute(statement)


def _known_records(
    spec: SyncSpec, ledger: Ledger, kind: type[Destination], diff_table: str
) -> Iterator[tuple[int, str]]:
    """(position, record) of the rows whose record the tool's own connector has told."""
    assert spec.identity_map is not None
    rows = ledger.rows(
        f"select diff.position, map.record_id from {diff_table} as diff "
        f"inner join {spec.identity_map.relation} as map on diff.profile_id = map.profile_id "
        "where diff.operation = 'create' and map.source = ? and map.is_person",
        (spec.source,),
    )
    return (row for row in rows if kind.owns_record(spec.target_object, row[1]))


def _looked_up(
    spec: SyncSpec,
    ledger: Ledger,
    destination: Destination,
    name: str,
    fields: Sequence[Mapped],
    diff_table: str,
) -> Iterator[tuple[int, str]]:
    """(position, record) of what the destination finds by one field, among the rows that
    no earlier field has found."""
    columns = {field.name: f"field_{number}" for number, field in enumerate(fields)}
    value = columns.get(name, "match_key")
    rows = ledger.rows(
        f"select position, cast({value} as text) from {diff_table} "
        f"where operation = 'create' and {value} is not null "
        f"and position not in (select position from {_FOUND}) order by position"
    )
    size = destination.look_up_rows
    for part in (rows[start : start + size] for start in range(0, len(rows), size)):
        records = destination.look_up(name, [value for _, value in part])
        for position, value in part:
            for record_id in records.get(value, ()):
                yield position, record_id


def _append(ledger: Ledger, found: Iterable[tuple[int, str]]) -> None:
    import pyarrow as pa

    rows = sorted(set(found))
    columns = {"position": [row[0] for row in rows], "destination_id": [row[1] for row in rows]}
    schema = pa.schema([("position", pa.int64()), ("destination_id", pa.string())])
    ledger.warehouse.append(_FOUND, pa.table(columns, schema=schema))


def _settling_sql(spec: SyncSpec, ledger: Ledger, diff_table: str) -> Iterator[str]:
    if spec.primary:
        yield _primary_sql(spec.primary)
    waiting = "operation = 'create'"
    ambiguous = f"""
        select position from {_FOUND} group by 1 having count(*) > 1
        union
        select position from {_FOUND} where destination_id in (
            select destination_id from {_FOUND} group by 1 having count(distinct position) > 1
            union
            select destination_id from ({ledger.state_sql(spec.name, spec.place)}) as state
            where destination_id is not null
        )
    """
    withhold = f"update {diff_table} set operation = 'withheld', reason ="
    yield f"{withhold} 'ambiguous' where {waiting} and position in ({ambiguous})"
    found = f"{waiting} and position in (select position from {_FOUND})"
    if spec.mode in ("create", "append"):
        yield f"{withhold} 'exists' where {found}"
        return
    yield (
        f"update {diff_table} set operation = 'adopt', destination_id = "
        f"(select max(destination_id) from {_FOUND} as found "
        f"where found.position = {diff_table}.position) where {found}"
    )
    if spec.mode == "update":
        yield f"{withhold} 'not_found' where {waiting}"


def _primary_sql(primary: str) -> str:
    """SQL: forget all records of a row but its primary. A shorter id is lower, so that ids
    which count up are in their order."""
    before = "<" if primary == "lowest_id" else ">"
    return f"""
        delete from {_FOUND} where exists (
            select 1 from {_FOUND} as better
            where better.position = {_FOUND}.position
                and (length(better.destination_id), better.destination_id)
                {before} (length({_FOUND}.destination_id), {_FOUND}.destination_id)
        )
    """
