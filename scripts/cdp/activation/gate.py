"""Who may be sent, as SQL: consent for the sync's purpose, and the holdout.

Denied by default. It is compiled into the diff, and asked again for the keys of a batch
that is about to leave.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdp.activation.hashing import literal
from cdp.activation.spec import SyncSpec
from cdp.errors import BlockedError
from cdp.warehouse import Warehouse

__all__ = ["consents_sql", "reason_sql", "refused"]


def consents_sql(spec: SyncSpec, warehouse: Warehouse, among: str = "") -> str:
    """One row per profile: has it granted, has it refused, the sync's purpose.

    among: SQL for the only profiles to look at. The most restrictive statement over the
    purpose's channels wins. Raises BlockedError when there are no consents to read: nobody
    is sent on a guess.
    """
    node = spec.consents
    if node is None or not warehouse.columns(node.schema, node.table):
        raise BlockedError(
            f"{spec.name}: cdp_consents is not in the warehouse, so nobody may be sent. "
            "Run dbt build -s +cdp_consents."
        )
    channels = ", ".join(literal(channel) for channel in (*spec.purpose.channels, "any"))
    any_channel = f"and (channel is null or channel in ({channels}))"
    return f"""
        select
            cast(profile_id as text) as profile_id,
            max(case when status = 'granted' then 1 else 0 end) as is_granted,
            max(case when status <> 'granted' then 1 else 0 end) as is_refused
        from {node.relation}
        where purpose = {literal(spec.purpose.name)}
            {any_channel if spec.purpose.channels else ""}
            {f"and profile_id in ({among})" if among else ""}
        group by 1
    """  # noqa: S608 - every value above is a quoted literal


def reason_sql(spec: SyncSpec, profile_id: str, dialect: str) -> str:
    """SQL: why `profile_id` may not be sent, or null. Reads `consents`, joined to it."""
    conditions = [f"when {profile_id} is null then null", "when is_refused = 1 then 'objection'"]
    if spec.purpose.needs_grant:
        conditions.append("when is_granted is distinct from 1 then 'no_consent'")
    if spec.holdout_pct:
        bucket = _bucket_sql(f"{literal(spec.audience.name + '|')} || {profile_id}", dialect)
        conditions.append(f"when {bucket} < {spec.holdout_pct * 100} then 'holdout'")
    return f"case {' '.join(conditions)} end"


def _bucket_sql(text: str, dialect: str) -> str:
    """SQL: a bucket of 0 to 9999, as the macro cdp_split deals people into control groups."""
    digits = f"substr(md5({text}), 1, 8)"
    if dialect == "duckdb":
        return f"(cast('0x' || {digits} as bigint) % 10000)"
    return f"(cast(cast('x' || {digits} as bit(32)) as bigint) % 10000)"


def refused(spec: SyncSpec, warehouse: Warehouse, profile_ids: Sequence[str]) -> dict[str, str]:
    """profile_id → reason, for those of the batch that may not be sent as of now."""
    if not profile_ids:
        return {}
    names = ", ".join(f"({literal(name)})" for name in profile_ids)
    reason = reason_sql(spec, "batch.profile_id", warehouse.dialect)
    rows = warehouse.query(
        f"""
        with

        batch (profile_id) as (values {names}),

        consents as (
            {consents_sql(spec, warehouse, among="select profile_id from batch")}
        )

        select batch.profile_id, {reason} as reason
        from batch
        left join consents on batch.profile_id = consents.profile_id
        where {reason} is not null
        """  # noqa: S608 - every value above is a quoted literal
    )
    return dict(rows)
