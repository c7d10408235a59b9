"""Desired rows against what the destination has confirmed: one statement in the warehouse.

Fills the temporary table `cdp_diff`: one row per row operation (and per withheld row).
Unchanged rows stay out of it, unless the destination takes all rows at each delivery.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from cdp.activation.gate import consents_sql, reason_sql
from cdp.activation.hashing import fingerprint, hash_sql, hash_version, literal
from cdp.activation.ledger import Ledger
from cdp.activation.mapping import Mapped, map_fields
from cdp.activation.spec import SyncSpec

__all__ = ["DIFF_TABLE", "Diff", "compute_diff"]

DIFF_TABLE = "cdp_diff"
Operation = Literal["create", "update", "remove", "unchanged", "withheld"]

_MIRRORS = ("mirror", "audience")

# Reasons for which a held row stays where it is, even in a mirror.
_NOT_A_REMOVAL = ("rejected_before",)


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
    changed_fields: dict[str, int]
    rows_hash: str
    hash_version: str = field(repr=False, default="")

    def count(self, *operations: Operation) -> int:
        """Rows with one of these operations."""
        return sum(self.operations.get(name, 0) for name in operations)


def compute_diff(
    spec: SyncSpec, ledger: Ledger, takes_all_rows: bool = False, is_lost: bool = False
) -> Diff:
    """Fill `cdp_diff` and count it; is_lost: the destination holds nothing any more.

    Raises ConfigError, BlockedError. Cost: one full join.
    """
    warehouse = ledger.warehouse
    fields, match = map_fields(spec, warehouse)
    version = hash_version(warehouse)
    warehouse.execute(f"drop table if exists {DIFF_TABLE}")
    warehouse.execute(
        f"create temporary table {DIFF_TABLE} as\n"
        + _diff_sql(spec, ledger, fields, match, version, takes_all_rows, is_lost)
    )
    held = 0 if is_lost else ledger.held_count(spec.name, spec.place)
    return _counts(spec, ledger, fields, version, held)


def _diff_sql(
    spec: SyncSpec,
    ledger: Ledger,
    fields: Sequence[Mapped],
    match: Mapped,
    version: str,
    takes_all_rows: bool,
    is_lost: bool,
) -> str:
    dialect = ledger.warehouse.dialect
    names = [f"field_{number}" for number in range(len(fields))]
    values = "".join(f"desired.{name}, " for name in names)
    recipe = literal(fingerprint([field.recipe for field in fields], match.recipe))
    kept = "" if takes_all_rows else "where operation <> 'unchanged'"
    return f"""
    with

    consents as ({consents_sql(spec, ledger.warehouse)}),

    mapped as ({_mapped_sql(spec, fields, names, match, _names_a_person(spec, ledger))}),

    copies as (select entity_id from mapped group by 1 having count(*) > 1),

    -- A model that names an entity twice does not say which row is meant: one stands for
    -- them, to be withheld.
    single as (
        select mapped.*, false as is_copied
        from mapped
        left join copies on mapped.entity_id = copies.entity_id
        where copies.entity_id is null

        union all

        select * from (
            select distinct on (entity_id) mapped.*, true as is_copied
            from mapped
            where entity_id in (select entity_id from copies)
            order by entity_id, {", ".join(names)}
        ) as representatives
    ),

    desired as (
        select *, {hash_sql(dialect, [recipe, *names])} as row_hash
        from single
    ),

    held as (
        select * from ({ledger.held_sql(spec.name, spec.place)}) as all_held
        {"where false" if is_lost else ""}
    ),

    rejected as ({ledger.rejected_sql(spec.name, spec.place)}),

    compared as (
        select
            {values}
            coalesce(desired.entity_id, held.entity_id) as entity_id,
            coalesce(desired.profile_id, held.profile_id) as profile_id,
            desired.match_key,
            desired.row_hash,
            desired.has_profile,
            desired.entity_id is not null as is_desired,
            held.entity_id is not null as is_held,
            held.is_certain,
            held.match_key as held_key,
            held.row_hash as held_hash,
            held.hash_version,
            held.field_hashes as held_field_hashes,
            held.sent_operation,
            held.sent_hash,
            held.batch_key,
            desired.is_copied
        from desired
        full join held on desired.entity_id = held.entity_id
    ),

    gated as (
        select compared.*, {reason_sql(spec, "compared.profile_id", dialect)} as gate_reason
        from compared
        left join consents on compared.profile_id = consents.profile_id
    ),

    -- Of several entities with one key, the one that holds it already goes, else the first.
    ranked as (
        select
            *,
            {_claim_sql(spec)} as claim
        from gated
    ),

    judged as (
        select
            ranked.*,
            case
                when not is_desired and {literal(spec.mode in _MIRRORS)} then null
                when gate_reason is not null then gate_reason
                when not is_desired then null
                when not has_profile then 'missing_profile'
                when match_key is null then 'missing_key'
                when is_copied or claim > 1 then 'duplicate_key'
                when rejected.row_hash = ranked.row_hash
                    and rejected.operation <> 'remove' then 'rejected_before'
            end as reason,
            coalesce(rejected.operation = 'remove'
                and rejected.row_hash is not distinct from ranked.held_hash, false) as is_stuck,
            coalesce(is_held and is_certain and hash_version = {literal(version)}
                and held_hash = ranked.row_hash, false) as is_same,
            coalesce(is_desired and is_held and held_key <> ranked.match_key, false) as is_rekeyed
        from ranked
        left join rejected on ranked.entity_id = rejected.entity_id
    ),

    decided as (
        select *, {_operation_sql(spec.mode)} as operation
        from judged
    ),

    operations as (
        select
            {_columns(names)}, operation, is_desired,
            coalesce(reason, 'left_segment') as reason,
            case operation when 'remove' then held_key else match_key end as match_key,
            case operation when 'remove' then held_hash else row_hash end as row_hash
        from decided
        where operation is not null

        union all

        -- A record whose key changed is taken away under its old key, then made anew.
        select
            {_columns(names)}, 'remove' as operation, false as is_desired,
            'rekeyed' as reason,
            held_key as match_key, held_hash as row_hash
        from decided
        where is_rekeyed and operation = 'create' and not is_stuck
    ),

    named as (
        select
            *,
            case
                when row_hash is not distinct from sent_hash
                    and (operation = 'remove') = (sent_operation = 'remove') then batch_key
            end as resend_key,
            {_field_hashes(dialect, fields, names)} as field_hashes,
            {_changed_fields(dialect, fields, names)} as changed_fields
        from operations
    )

    select
        *,
        row_number() over (
            order by
                case operation
                    when 'remove' then 1 when 'withheld' then 3 else 2
                end,
                resend_key nulls last,
                entity_id
        ) as position
    from named
    {kept}
    """  # noqa: S608 - names are quoted, values are literals


def _claim_sql(spec: SyncSpec) -> str:
    """SQL: 1 for the row that may use its match key, more for the others."""
    if spec.match == spec.key:
        return "1"
    return """row_number() over (
                partition by
                    match_key,
                    is_desired and gate_reason is null and has_profile and not is_copied
                order by
                    case when is_held and held_key = match_key then 0 else 1 end, entity_id
            )"""


def _columns(names: Sequence[str]) -> str:
    shared = ("entity_id", "profile_id", "held_field_hashes")
    sent = ("sent_operation", "sent_hash", "batch_key")
    return ", ".join((*names, *shared, *sent))


def _mapped_sql(
    spec: SyncSpec,
    fields: Sequence[Mapped],
    names: Sequence[str],
    match: Mapped,
    has_person: bool,
) -> str:
    values = "".join(f"{field.sql} as {name}, " for name, field in zip(names, fields, strict=True))
    join, has_profile = "", "true"
    if spec.profiles is not None:
        join = f"left join {spec.profiles.relation} as profiles on profiles.profile_id"
        join += " = audience.profile_id"
        has_profile = "profiles.profile_id is not null"
    profile_id = f"cast({'audience.profile_id' if has_person else 'null'} as text)"
    return f"""
        select
            {values}
            cast(audience.{spec.key} as text) as entity_id,
            {profile_id} as profile_id,
            {has_profile} as has_profile,
            {match.sql} as match_key
        from {spec.audience.relation} as audience
        {join}
        where audience.{spec.key} is not null
    """  # noqa: S608 - entity comes from a fixed list


def _names_a_person(spec: SyncSpec, ledger: Ledger) -> bool:
    node = spec.audience
    return "profile_id" in ledger.warehouse.columns(node.schema, node.table)


def _operation_sql(mode: str) -> str:
    """SQL: what to do with a judged row; null: nothing, since nobody asks for it."""
    mirrors = mode in _MIRRORS
    leaves = "'remove'" if mirrors else "null"
    kept = ", ".join(literal(reason) for reason in _NOT_A_REMOVAL)
    spoiled = f"when is_held and reason not in ({kept}) then 'remove'" if mirrors else ""
    gone = "" if mode == "append" else "when is_held and gate_reason is not null then 'remove'"
    once = mode in ("create", "append")
    changed, rekeyed = ("'unchanged'", "'unchanged'") if once else ("'update'", "'create'")
    return f"""case
            when is_stuck and (gate_reason is not null or not is_desired) then 'withheld'
            {gone}
            {spoiled}
            when not is_desired then {leaves}
            when reason is not null then 'withheld'
            when not is_held or held_hash is null then 'create'
            when is_same then 'unchanged'
            when is_rekeyed then {rekeyed}
            else {changed}
        end"""


def _field_hashes(dialect: str, fields: Sequence[Mapped], names: Sequence[str]) -> str:
    """SQL: JSON text, field → hash."""
    pairs = " || ', ' || ".join(
        f"{literal(json.dumps(field.name) + ': ')} || "
        f"cast({_field_hash(dialect, field, name)} as text)"
        for field, name in zip(fields, names, strict=True)
    )
    return f"case when operation in ('create', 'update') then '{{' || {pairs} || '}}' end"


def _changed_fields(dialect: str, fields: Sequence[Mapped], names: Sequence[str]) -> str:
    """SQL: names of the fields that an update changes, one a line."""
    tests = " || ".join(
        f"case when (cast(held_field_hashes as json) ->> {literal(field.name)}) is distinct from "
        f"cast({_field_hash(dialect, field, name)} as text) "
        f"then {literal(field.name + chr(10))} else '' end"
        for field, name in zip(fields, names, strict=True)
    )
    return f"case when operation = 'update' and held_field_hashes is not null then {tests} end"


def _field_hash(dialect: str, field: Mapped, name: str) -> str:
    return hash_sql(dialect, [literal(fingerprint(field.recipe)), name])


def _counts(
    spec: SyncSpec, ledger: Ledger, fields: tuple[Mapped, ...], version: str, held: int
) -> Diff:
    warehouse = ledger.warehouse
    groups = warehouse.query(
        "select operation, reason, is_desired, count(*) "  # noqa: S608
        f"from {DIFF_TABLE} where operation <> 'unchanged' group by 1, 2, 3"
    )
    ((desired,),) = warehouse.query(
        f"select count(distinct {spec.key}) from {spec.audience.relation}"  # noqa: S608
    )
    ((rows_hash,),) = warehouse.query(_rows_hash_sql(warehouse.dialect))
    operations: dict[str, int] = {}
    reasons: dict[str, dict[str, int]] = {"withheld": {}, "remove": {}}
    for operation, reason, _, rows in groups:
        operations[operation] = operations.get(operation, 0) + rows
        if operation in reasons:
            reasons[operation][reason] = reasons[operation].get(reason, 0) + rows
    return Diff(
        fields=fields,
        desired=desired,
        held=held,
        unchanged=desired - sum(rows for *_, is_desired, rows in groups if is_desired),
        operations=operations,
        withheld=reasons["withheld"],
        removed=reasons["remove"],
        changed_fields=_changed_counts(ledger, fields),
        rows_hash=str(rows_hash),
        hash_version=version,
    )


def _rows_hash_sql(dialect: str) -> str:
    """Order does not matter: the sum of the hashes of what is going to be done."""
    row = hash_sql(dialect, ["entity_id", "operation", "row_hash", "match_key", "reason"])
    return (
        f"select coalesce(sum(cast({row} as decimal(38, 0))), 0) from {DIFF_TABLE} "  # noqa: S608
        "where operation <> 'unchanged'"
    )


def _changed_counts(ledger: Ledger, fields: Sequence[Mapped]) -> dict[str, int]:
    rows = ledger.warehouse.query(
        f"select changed_fields, count(*) from {DIFF_TABLE} "  # noqa: S608
        "where changed_fields is not null group by 1"
    )
    changed = {field.name: 0 for field in fields}
    for names, count in rows:
        for name in names.split("\n")[:-1]:
            changed[name] += count
    return {name: count for name, count in changed.items() if count}
