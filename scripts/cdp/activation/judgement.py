"""What is to be done with each candidate, as one chain of named steps in SQL.

desired, held      what is wanted and what is there, of the candidates alone
compared, gated    both side by side, and what the gate says of the person
judged             why a row may not or cannot go
decided            create, update, remove, unchanged or withheld
operations         the rows to be sent; a changed key makes two

Where profiles were merged, the survivor takes over what is held under the loser's id; what
is held of both is removed under the loser's.
"""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cdp.activation.gate import reasons_sql
from cdp.activation.hashing import concatenated, fingerprint, hash_sql, literal
from cdp.activation.mapping import Mapped
from cdp.activation.spec import SyncSpec
from cdp.warehouse import Warehouse

__all__ = ["hashed_fields", "judged_sql", "mapped_sql", "row_hash_sql", "unchanged_sql"]

_MIRRORS = ("mirror", "audience")

# Reasons for which a held row stays where it is, even in a mirror.
_STAYS = ("rejected_before", "frequency_cap")


def mapped_sql(
    spec: SyncSpec, warehouse: Warehouse, columns: Mapping[str, str], among: str = ""
) -> str:
    """SQL: entity_id, profile_id, has_profile and `columns` (name → SQL) of the audience.

    among: the table of the only entities to look at.
    """
    made = "".join(f",\n            {sql} as {name}" for name, sql in columns.items())
    join, has_profile = "", "true"
    if spec.profiles is not None:
        join = f"left join {spec.profiles.relation} as profiles"
        join += " on profiles.profile_id = audience.profile_id"
        has_profile = "profiles.profile_id is not null"
    has_person = "profile_id" in warehouse.columns(spec.audience.schema, spec.audience.table)
    audience = f"select * from {spec.rows} where {spec.key} is not null"
    if among:
        audience += f" and cast({spec.key} as text) in (select entity_id from {among})"
    return f"""
        select
            cast(audience.{spec.key} as text) as entity_id,
            cast({"audience.profile_id" if has_person else "null"} as text) as profile_id,
            {has_profile} as has_profile{made}
        from ({audience}) as audience
        {join}
    """


def row_hash_sql(dialect: str, fields: Sequence[Mapped], match: Mapped, of: str = "") -> str:
    """SQL: the hash of a row's values, of what they are called there, and of how they are
    made. The order in which the fields are written down does not matter.

    of: the alias whose columns field_0, field_1, … hold the values; empty: from scratch.
    """
    lasting = [(number, item) for number, item in enumerate(fields) if not item.set_once]
    lasting.sort(key=lambda numbered: numbered[1].name)
    made = [(item.name, item.recipe) for _, item in lasting]
    recipe = fingerprint(made, (match.name, match.recipe))
    values = [f"{of}.field_{number}" if of else item.sql for number, item in lasting]
    return hash_sql(dialect, [literal(recipe), *values])


def unchanged_sql(
    spec: SyncSpec,
    warehouse: Warehouse,
    fields: Sequence[Mapped],
    match: Mapped,
    diff_table: str,
) -> str:
    """SQL: the rows that `diff_table` does not speak of, behind it in the order."""
    values = {"match_key": match.sql} | _values(fields)
    return f"""
        select
            entity_id, profile_id, 'unchanged', {", ".join(values)},
            row_number() over (order by entity_id)
            + (select coalesce(max(position), 0) from {diff_table})
        from ({mapped_sql(spec, warehouse, values)}) as mapped
        where entity_id not in (select entity_id from {diff_table})
    """


def judged_sql(
    spec: SyncSpec,
    warehouse: Warehouse,
    fields: Sequence[Mapped],
    match: Mapped,
    version: str,
    *,
    candidates: str,
    held: str,
    state: str,
    rejected: str,
) -> str:
    """SQL: one row per row operation and per withheld row of the table `candidates`.

    held, rejected: SQL for what is there of them, and for what was refused and still
    stands; state: SQL for all that is there.
    """
    dialect = warehouse.dialect
    values = _values(fields)
    steps = {
        "mapped": mapped_sql(spec, warehouse, values | {"match_key": match.sql}, candidates),
        "single": _single_sql(list(values)),
        "desired": f"select *, {row_hash_sql(dialect, fields, match, 'single')} as row_hash "
        "from single",
        "known": held,
        "moves": _moves_sql(spec),
        "splits": _splits_sql(spec, state),
        "held": _held_sql(),
        "rejected": rejected,
        "compared": _compared_sql(list(values)),
        "stopped": reasons_sql(spec, warehouse, "select distinct profile_id from compared"),
        "gated": """
            select compared.*, stopped.reason as gate_reason
            from compared
            left join stopped on compared.profile_id = stopped.profile_id""",
        "ranked": f"select *, {_claim_sql(spec)} as claim from gated",
        "judged": _judged_sql(spec, version),
        "decided": f"select *, {_operation_sql(spec.mode)} as operation from judged",
        "operations": _operations_sql(list(values)),
        "named": f"""
            select
                *,
                case
                    when row_hash is not distinct from sent_hash
                        and (operation = 'remove') = (sent_operation = 'remove') then batch_key
                end as resend_key,
                {_field_hashes(dialect, fields)} as field_hashes,
                {_changed_fields(dialect, fields)} as changed_fields
            from operations""",
    }
    chain = ",\n\n".join(f"{name} as ({sql})" for name, sql in steps.items())
    return f"""
    with

    {chain}

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
    where operation <> 'unchanged'
    """


def _values(fields: Sequence[Mapped]) -> dict[str, str]:
    return {f"field_{number}": field.sql for number, field in enumerate(fields)}


def _single_sql(values: Sequence[str]) -> str:
    """A model that names an entity twice does not say which row is meant: one stands for
    them, to be withheld."""
    return f"""
            select
                *,
                count(*) over (partition by entity_id) > 1 as is_copied
            from (
                select
                    *,
                    row_number() over (
                        partition by entity_id order by {", ".join(values)}
                    ) as copy
                from mapped
            ) as copies
            """


def _moves_sql(spec: SyncSpec) -> str:
    """One row per held entity that went up in another: `entity_id` → `survivor`, if that
    one is desired and has nothing of its own there; of several losers, the first gives."""
    changes = spec.identity_changes
    if changes is None or spec.entity != "profile":
        return "select entity_id, cast(null as text) as survivor from known where false"
    return f"""
            select
                merges.entity_id,
                case
                    when row_number() over (
                        partition by merges.survivor order by merges.entity_id
                    ) = 1
                    and merges.survivor in (select entity_id from desired)
                    and merges.survivor not in (select entity_id from known)
                        then merges.survivor
                end as survivor
            from (
                select distinct
                    previous_profile_id as entity_id, current_profile_id as survivor
                from {changes.relation}
                where change_type = 'merged' and current_profile_id is not null
                    and previous_profile_id <> current_profile_id
            ) as merges
            inner join known on merges.entity_id = known.entity_id
            where merges.entity_id not in (select entity_id from desired)"""


def _splits_sql(spec: SyncSpec, state: str) -> str:
    """One row per profile that came out of one which is held."""
    changes = spec.identity_changes
    if changes is None or spec.entity != "profile":
        return "select entity_id from known where false"
    return f"""
            select distinct splits.profile_id as entity_id
            from {changes.relation} as splits
            inner join ({state}) as state on splits.previous_profile_id = state.entity_id
            where splits.change_type = 'split'"""


def _held_sql() -> str:
    return """
            select
                coalesce(moves.survivor, known.entity_id) as entity_id,
                coalesce(moves.survivor, known.profile_id) as profile_id,
                known.match_key, known.row_hash, known.hash_version, known.field_hashes,
                known.destination_id, known.is_certain, known.sent_operation,
                known.sent_hash, known.batch_key,
                moves.survivor is not null as is_moved,
                moves.entity_id is not null and moves.survivor is null as is_merged
            from known
            left join moves on known.entity_id = moves.entity_id"""


def _compared_sql(values: Sequence[str]) -> str:
    made = "".join(f"desired.{name}, " for name in values)
    return f"""
            select
                {made}
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
                held.destination_id,
                held.is_moved,
                held.is_merged,
                desired.is_copied
            from (select * from desired where copy = 1) as desired
            full join held on desired.entity_id = held.entity_id"""


def _claim_sql(spec: SyncSpec) -> str:
    """SQL: 1 for the row that may use its match key, more for the others: of several, the
    one that holds it already goes, else the first."""
    if spec.match == spec.key:
        return "1"
    return """row_number() over (
                partition by
                    match_key,
                    is_desired and gate_reason is null and has_profile and not is_copied
                order by
                    case when is_held and held_key = match_key then 0 else 1 end, entity_id
            )"""


def _judged_sql(spec: SyncSpec, version: str) -> str:
    return f"""
            select
                ranked.*,
                case
                    when is_merged then 'merged'
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
                    and rejected.row_hash is not distinct from ranked.held_hash, false)
                    as is_stuck,
                coalesce(is_held and is_certain and not is_moved
                    and hash_version = {literal(version)}
                    and held_hash = ranked.row_hash, false) as is_same,
                -- A record that has an id of its own there keeps it under another key.
                coalesce(is_desired and is_held and held_key <> ranked.match_key
                    and destination_id is null, false) as is_rekeyed
            from ranked
            left join rejected on ranked.entity_id = rejected.entity_id"""


def _operation_sql(mode: str) -> str:
    """SQL: what to do with a judged row; null: nothing, since nobody asks for it."""
    mirrors = mode in _MIRRORS
    leaves = "'remove'" if mirrors else "null"
    kept = ", ".join(literal(reason) for reason in _STAYS)
    spoiled = f"when is_held and reason not in ({kept}) then 'remove'" if mirrors else ""
    gone = "" if mode == "append" else f"when is_held and gate_reason not in ({kept}) then 'remove'"
    once = mode in ("create", "append")
    merged = "" if once else "when is_merged then 'remove'"
    changed, rekeyed = ("'unchanged'", "'unchanged'") if once else ("'update'", "'create'")
    return f"""case
                when is_stuck and (gate_reason is not null or not is_desired) then 'withheld'
                {merged}
                {gone}
                {spoiled}
                when not is_desired then {leaves}
                when reason is not null then 'withheld'
                when not is_held or held_hash is null then 'create'
                when is_same then 'unchanged'
                when is_rekeyed then {rekeyed}
                else {changed}
            end"""


def _operations_sql(values: Sequence[str]) -> str:
    shared = ("entity_id", "profile_id", "destination_id", "held_field_hashes")
    columns = ", ".join((*values, *shared, "sent_operation", "sent_hash", "batch_key", "is_copied"))
    return f"""
            select
                {columns}, operation, is_desired,
                coalesce(reason, case
                    when operation = 'remove' then 'left_segment'
                    when operation = 'withheld' then 'rejected_before'
                    when is_moved then 'merged'
                    when operation = 'create'
                        and entity_id in (select entity_id from splits) then 'split'
                end) as reason,
                case operation when 'remove' then held_key else match_key end as match_key,
                case operation when 'remove' then held_hash else row_hash end as row_hash
            from decided
            where operation is not null

            union all

            -- A record whose key changed is taken away under its old key, then made anew.
            select
                {columns}, 'remove' as operation, false as is_desired,
                case when is_moved then 'merged' else 'rekeyed' end as reason,
                held_key as match_key, held_hash as row_hash
            from decided
            where is_rekeyed and operation = 'create' and not is_stuck"""


def _field_hashes(dialect: str, fields: Sequence[Mapped]) -> str:
    """SQL: JSON text, field → hash."""
    pairs = [
        f"{literal((', ' if number else '{') + json.dumps(field.name) + ': ')} || {hashed}"
        for number, (field, hashed) in enumerate(hashed_fields(dialect, fields))
    ]
    return f"case when operation in ('create', 'update') then {concatenated(pairs)} || '}}' end"


def _changed_fields(dialect: str, fields: Sequence[Mapped]) -> str:
    """SQL: names of the fields that an update changes, one a line.

    What is held is searched as text for `"field": hash`: whatever a field is called, it is
    not taken for a path.
    """
    listed = "', ' || substr(held_field_hashes, 2, length(held_field_hashes) - 2) || ','"
    tests = [
        f"case when strpos({listed}, {literal(f', {json.dumps(field.name)}: ')} || {hashed} "
        f"|| ',') = 0 then {literal(field.name + chr(10))} else '' end"
        for field, hashed in hashed_fields(dialect, fields)
    ]
    is_known = "operation = 'update' and held_field_hashes is not null"
    return f"case when {is_known} then {concatenated(tests)} end"


def hashed_fields(dialect: str, fields: Sequence[Mapped]) -> list[tuple[Mapped, str]]:
    """Each field with SQL for its hash, as text, over the columns field_0, field_1, …"""
    return [
        (field, f"cast({hash_sql(dialect, _hashed_parts(field, name))} as text)")
        for field, name in zip(fields, _values(fields), strict=True)
    ]


def _hashed_parts(field: Mapped, name: str) -> list[str]:
    recipe = literal(fingerprint(field.recipe))
    return [recipe] if field.set_once else [recipe, name]
