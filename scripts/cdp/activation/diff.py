"""Desired rows against what the destination has confirmed, in two steps in the warehouse.

First all rows are hashed and joined to the state by entity and hash: whoever is desired and
held under the same hash, and may still be sent, needs nothing, and that is nearly everybody.
The others are the candidates. What is to be done with each of them is judged from all that is known
(see judgement.py), and stands in the temporary table `cdp_diff` afterwards: one row per row
operation, and per withheld row.
"""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cdp.activation.gate import stopped_sql
from cdp.activation.hashing import hash_sql, hash_version, literal
from cdp.activation.judgement import judged_sql, mapped_sql, row_hash_sql, unchanged_sql
from cdp.activation.ledger import Ledger
from cdp.activation.mapping import Mapped, map_fields
from cdp.activation.spec import SyncSpec

__all__ = ["CANDIDATES", "DIFF_TABLE", "Diff", "compute_diff"]

CANDIDATES = "cdp_candidates"
DIFF_TABLE = "cdp_diff"
Operation = Literal["create", "adopt", "update", "remove", "unchanged", "withheld"]


@dataclass(frozen=True)
class Diff:
    """The counts of one diff; the rows are in `cdp_diff` until the next one."""

    fields: tuple[Mapped, ...]
    desired: int
    held: int
    unchanged: int
    operations: dict[str, int]
    withheld: dict[str, int]
    removed: dict[str, int]
    moved: int  # taken over from a profile that went up in another
    split: int  # made for a profile that came out of another
    changed_fields: dict[str, int]
    rows_hash: str
    hash_version: str = field(repr=False, default="")

    def count(self, *operations: Operation) -> int:
        """Rows with one of these operations."""
        return sum(self.operations.get(name, 0) for name in operations)


def compute_diff(
    spec: SyncSpec,
    ledger: Ledger,
    takes_all_rows: bool = False,
    is_lost: bool = False,
    match: Callable[[Sequence[Mapped]], None] = lambda fields: None,
) -> Diff:
    """Fill `cdp_diff` and count it; is_lost: the destination holds nothing any more.

    takes_all_rows: if anything is to be sent, unchanged rows are too, after the others.
    match: finds the records of rows to be created (see matching.py).
    Raises ConfigError, BlockedError. Cost: one pass over the mapped columns, one join of the
    state with them and one with the consents; the rest is in proportion to the candidates.
    """
    warehouse = ledger.warehouse
    fields, key = map_fields(spec, warehouse)
    version = hash_version(warehouse)
    _find_candidates(spec, ledger, fields, key, version, is_lost)
    held_sql = ledger.held_sql(spec.name, spec.place, CANDIDATES)
    held_sql += " where false" if is_lost else ""
    warehouse.execute(f"drop table if exists {DIFF_TABLE}")
    warehouse.execute(
        f"create temporary table {DIFF_TABLE} as\n"
        + judged_sql(
            spec,
            warehouse,
            fields,
            key,
            version,
            candidates=CANDIDATES,
            held=held_sql,
            state=ledger.state_sql(spec.name, spec.place) + (" and false" if is_lost else ""),
            rejected=ledger.rejected_sql(spec.name, spec.place),
        )
    )
    match(fields)
    held = 0 if is_lost else ledger.held_count(spec.name, spec.place)
    diff = _counts(spec, ledger, fields, version, held)
    if takes_all_rows and diff.count("create", "adopt", "update", "remove"):
        warehouse.execute(
            f"insert into {DIFF_TABLE} (entity_id, profile_id, operation, match_key, "
            f"{', '.join(f'field_{number}' for number in range(len(fields)))}, position)\n"
            + unchanged_sql(spec, warehouse, fields, key, DIFF_TABLE)
        )
    return diff


def _find_candidates(
    spec: SyncSpec,
    ledger: Ledger,
    fields: Sequence[Mapped],
    match: Mapped,
    version: str,
    is_lost: bool,
) -> None:
    """Fill `cdp_candidates` with the entities to be judged."""
    warehouse = ledger.warehouse
    warehouse.execute(f"drop table if exists {CANDIDATES}")
    warehouse.execute(
        f"create temporary table {CANDIDATES} as\n"
        + _unmatched_sql(spec, ledger, fields, match, version, is_lost)
    )
    if not is_lost:
        warehouse.execute(f"insert into {CANDIDATES}\n" + _doubtful_sql(spec, ledger, version))
    if _has_copies(spec, ledger, version, is_lost):
        warehouse.execute(
            f"insert into {CANDIDATES} "
            f"select cast({spec.key} as text), false, false from {spec.rows} "
            f"where {spec.key} is not null group by 1 having count(*) > 1"
        )
    if match.name != spec.key and not is_lost:
        warehouse.execute(_sharing_a_key_sql(spec, ledger, match))


def _unmatched_sql(
    spec: SyncSpec,
    ledger: Ledger,
    fields: Sequence[Mapped],
    match: Mapped,
    version: str,
    is_lost: bool,
) -> str:
    """SQL: one row per desired or held entity that has no equal on the other side."""
    row_hash = row_hash_sql(ledger.warehouse.dialect, fields, match)
    return f"""
    with

    desired as ({mapped_sql(spec, ledger.warehouse, {"row_hash": row_hash})}),

    held as (
        select entity_id, row_hash as held_hash
        from ({ledger.state_sql(spec.name, spec.place)}) as state
        where hash_version = {literal(version)} and {literal(not is_lost)}
    )

    select
        coalesce(desired.entity_id, held.entity_id) as entity_id,
        desired.entity_id is not null as is_desired,
        held.entity_id is not null as is_held
    from desired
    full join held
        on desired.entity_id = held.entity_id and desired.row_hash = held.held_hash
    where desired.entity_id is null or held.entity_id is null
    """


def _doubtful_sql(spec: SyncSpec, ledger: Ledger, version: str) -> str:
    """SQL: equal or not, these want a look: held by another hash, sent without an answer,
    or of somebody who may not be sent any more."""
    state = ledger.state_sql(spec.name, spec.place)
    # A person's entity is the profile itself: one column less to carry through the joins.
    entity, columns = "entity_id", "entity_id, profile_id"
    if spec.entity == "profile":
        entity = columns = "profile_id"
    people = f"select {columns} from ({state}) as state"
    stopped = stopped_sql(spec, ledger.warehouse, people)
    return f"""
    select entity_id, false as is_desired, false as is_held from ({state}) as state
    where hash_version is distinct from {literal(version)}

    union all

    select entity_id, false, false
    from ({ledger.unsure_sql(spec.name, spec.place)}) as unsure

    union all

    select {entity}, false, false from ({stopped}) as stopped
    """


def _has_copies(spec: SyncSpec, ledger: Ledger, version: str, is_lost: bool) -> bool:
    """Whether the audience names twice somebody who found her equal.

    Each entity is held once: the rows that found an equal are more than the equals then.
    """
    if is_lost:
        return False
    ((has_copies,),) = ledger.warehouse.query(
        f"""
        select
            (select count(*) from {spec.rows} where {spec.key} is not null)
            - (select count(*) from {CANDIDATES} where is_desired)
            <> (
                select count(*) from ({ledger.state_sql(spec.name, spec.place)}) as state
                where hash_version = {literal(version)}
            ) - (select count(*) from {CANDIDATES} where is_held)
        """
    )
    return bool(has_copies)


def _sharing_a_key_sql(spec: SyncSpec, ledger: Ledger, match: Mapped) -> str:
    """SQL: add who holds a key that a candidate wants; an equal row has the same key."""
    wanted = mapped_sql(spec, ledger.warehouse, {"match_key": match.sql}, among=CANDIDATES)
    return f"""
    insert into {CANDIDATES}
    select entity_id, false, false
    from ({ledger.state_sql(spec.name, spec.place)}) as state
    where match_key in (select match_key from ({wanted}) as wanted)
    """


def _counts(
    spec: SyncSpec, ledger: Ledger, fields: tuple[Mapped, ...], version: str, held: int
) -> Diff:
    warehouse = ledger.warehouse
    groups = warehouse.query(
        f"select operation, reason, is_desired, count(*) from {DIFF_TABLE} group by 1, 2, 3"
    )
    desired = _desired_count(spec, ledger)
    ((rows_hash,),) = warehouse.query(_rows_hash_sql(warehouse.dialect))
    operations: dict[str, int] = {}
    reasons: dict[str, dict[str, int]] = {"withheld": {}, "remove": {}}
    moved = split = 0
    for operation, reason, _, rows in groups:
        operations[operation] = operations.get(operation, 0) + rows
        if operation in reasons:
            reasons[operation][reason] = reasons[operation].get(reason, 0) + rows
        elif reason == "merged":
            moved += rows
        elif reason == "split":
            split += rows
    return Diff(
        fields=fields,
        desired=desired,
        held=held,
        unchanged=desired - sum(rows for *_, is_desired, rows in groups if is_desired),
        operations=operations,
        withheld=reasons["withheld"],
        removed=reasons["remove"],
        moved=moved,
        split=split,
        changed_fields=_changed_counts(ledger, fields),
        rows_hash=str(rows_hash),
        hash_version=version,
    )


def _desired_count(spec: SyncSpec, ledger: Ledger) -> int:
    """Entities of the audience: its rows, unless it names somebody twice."""
    ((copies,),) = ledger.warehouse.query(f"select count(*) from {DIFF_TABLE} where is_copied")
    counted = f"distinct {spec.key}" if copies else spec.key
    ((desired,),) = ledger.warehouse.query(f"select count({counted}) from {spec.rows}")
    return int(desired)


def _rows_hash_sql(dialect: str) -> str:
    """Order does not matter: the sum of the hashes of what is going to be done."""
    row = hash_sql(dialect, ["entity_id", "operation", "row_hash", "match_key", "reason"])
    return f"select coalesce(sum(cast({row} as decimal(38, 0))), 0) from {DIFF_TABLE}"


def _changed_counts(ledger: Ledger, fields: Sequence[Mapped]) -> dict[str, int]:
    rows = ledger.warehouse.query(
        f"select changed_fields, count(*) from {DIFF_TABLE} "
        "where changed_fields is not null group by 1"
    )
    changed = {field.name: 0 for field in fields}
    for names, count in rows:
        for name in names.split("\n")[:-1]:
            changed[name] += count
    return {name: count for name, count in changed.items() if count}
