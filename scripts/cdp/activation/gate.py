"""Who may be sent, as SQL: purposes, suppression, frequency caps and the holdout.

Denied by default. The rules are compiled into the diff, and asked again for the people of
a batch that is about to leave. In the order in which they speak:

    suppressed      on the suppression list, by any of the person's identifiers
    objection       a refusal of the purpose, on any channel that counts
    no_consent      the purpose needs a grant, and neither the person nor the law of the
                    country gives it
    holdout         in the segment's control group
    frequency_cap   contacted often enough; what is held stays
"""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta

from cdp.activation.hashing import hash_bucket_sql, literal, sha256_sql
from cdp.activation.spec import SyncSpec
from cdp.errors import BlockedError
from cdp.project import Node
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["Gate", "reasons_sql", "stopped_sql"]


def stopped_sql(spec: SyncSpec, warehouse: Warehouse, people: str) -> str:
    """SQL: the rows of `people` whose profile_id a rule stops, once a rule, with `reason`
    and `rank`; the smallest rank speaks.

    Raises BlockedError when there are no consents to read: nobody is sent on a guess.
    """
    return _stopped_sql(spec, warehouse, people, _consents(spec, warehouse))


def reasons_sql(spec: SyncSpec, warehouse: Warehouse, people: str, are_few: bool = False) -> str:
    """SQL: one row per profile_id that may not be sent, and why.

    people: SQL of profile_id; are_few: the consents of all others are left aside first.
    """
    consents = _consents(spec, warehouse)
    if are_few:
        consents = f"(select * from {consents} where profile_id in ({people}))"
    return f"""
        select distinct on (profile_id) profile_id, reason
        from ({_stopped_sql(spec, warehouse, people, consents)}) as stopped
        order by profile_id, rank
    """


def _stopped_sql(spec: SyncSpec, warehouse: Warehouse, people: str, consents: str) -> str:
    return " union all ".join(
        f"select people.*, {literal(reason)} as reason, {rank} as rank "
        f"from ({people}) as people {condition} and people.profile_id is not null"
        for rank, (reason, condition) in enumerate(_rules(spec, warehouse, consents))
    )


class Gate:
    """The rules of one delivery, to be asked batch by batch: compiled once, but for the
    entries by hand, which are looked at only while there are any."""

    def __init__(self, spec: SyncSpec, warehouse: Warehouse) -> None:
        self._spec, self._warehouse = spec, warehouse
        self._compiled: dict[bool, str] = {}

    def refused(self, people: str) -> dict[str, str]:
        """profile_id → reason, for those who may not be sent as of now. people: SQL of
        profile_id."""
        entered = _has_entries(self._warehouse)
        if entered not in self._compiled:
            batch = "select profile_id from batch"
            self._compiled[entered] = reasons_sql(self._spec, self._warehouse, batch, are_few=True)
        rows = self._warehouse.query(f"with batch as ({people}) {self._compiled[entered]}")
        return dict(rows)


def _rules(spec: SyncSpec, warehouse: Warehouse, consents: str) -> Iterator[tuple[str, str]]:
    """(reason, SQL from the joins on that keeps whom it stops) of the sync's every rule."""
    if suppressed := _suppressed_sql(spec, warehouse):
        yield "suppressed", f"where people.profile_id in ({suppressed})"
    yield "objection", f"where people.profile_id in ({_objections_sql(spec, warehouse, consents)})"
    if spec.purpose.needs_grant:
        granted = _granted_sql(spec, warehouse, consents)
        yield (
            "no_consent",
            f"left join ({granted}) as granted on granted.profile_id = people.profile_id "
            "where granted.profile_id is null",
        )
    if spec.holdout_pct:
        salted = f"{literal(spec.audience.name + '|')} || people.profile_id"
        bucket = hash_bucket_sql(warehouse.dialect, salted)
        yield "holdout", f"where {bucket} < {spec.holdout_pct * 100}"
    for cap in _caps(spec):
        contacted = _contacted_sql(spec, warehouse, *cap)
        yield "frequency_cap", f"where people.profile_id in ({contacted})"


def _consents(spec: SyncSpec, warehouse: Warehouse) -> str:
    node = spec.consents
    if node is None or not warehouse.columns(node.schema, node.table):
        raise BlockedError(
            f"{spec.name}: cdp_consents is not in the warehouse, so nobody may be sent. "
            "Run dbt build -s +cdp_consents."
        )
    return node.relation


def _on_its_channels(spec: SyncSpec, alias: str) -> str:
    """SQL: a statement speaks of the purpose, on a channel that counts for it."""
    condition = f"{alias}.purpose = {literal(spec.purpose.name)}"
    if not spec.purpose.channels:
        return condition
    channels = ", ".join(literal(channel) for channel in (*spec.purpose.channels, "any"))
    return f"{condition} and ({alias}.channel is null or {alias}.channel in ({channels}))"


def _granted_sql(spec: SyncSpec, warehouse: Warehouse, consents: str) -> str:
    """SQL: who granted the purpose, or lives where no grant is needed for it."""
    granted = (
        f"select cast(consents.profile_id as text) as profile_id from {consents} "
        f"as consents where {_on_its_channels(spec, 'consents')} and consents.status = 'granted'"
    )
    regions = spec.gate.get("consent_defaults")
    if regions is None or spec.profiles is None or not _is_there(warehouse, regions):
        return granted
    return f"""{granted}
        union all
        select profiles.profile_id from {spec.profiles.relation} as profiles
        inner join {regions.relation} as regions on profiles.country_code = regions.country_code
        where regions.purpose = {literal(spec.purpose.name)}
    """


def _objections_sql(spec: SyncSpec, warehouse: Warehouse, consents: str) -> str:
    """SQL: who refused it: by the sources, or by `cdp consent` since the last build.

    A refusal written by hand falls only to a later grant, whoever tells of that.
    """
    refusals = (
        f"select cast(consents.profile_id as text) from {consents} as consents "
        f"where {_on_its_channels(spec, 'consents')} and consents.status <> 'granted'"
    )
    if not _has_entries(warehouse):
        return refusals
    entries = _entries(warehouse)
    return f"""{refusals}
        union all
        select entries.profile_id
        from {entries} as entries
        where {_on_its_channels(spec, "entries")} and entries.status <> 'granted'
            and not exists (
                select 1 from {entries} as later
                where later.profile_id = entries.profile_id and later.purpose = entries.purpose
                    and later.channel = entries.channel and later.status = 'granted'
                    and later.captured_at > entries.captured_at
            )
            and not exists (
                select 1 from {consents} as consents
                where consents.profile_id = entries.profile_id
                    and consents.purpose = entries.purpose and consents.channel = entries.channel
                    and consents.status = 'granted' and consents.since > entries.captured_at
            )
    """


def _entries(warehouse: Warehouse) -> str:
    return quoted(schema_name("cdp_state", warehouse.target), "cdp_consent_entries")


def _has_entries(warehouse: Warehouse) -> bool:
    return bool(warehouse.query(f"select 1 from {_entries(warehouse)} limit 1"))


def _suppressed_sql(spec: SyncSpec, warehouse: Warehouse) -> str:
    """SQL: profile_id of whoever the suppression list names; empty where there is none."""
    listed, known = spec.gate.get("suppressions"), spec.gate.get("cdp_identifiers")
    if not (listed and known and _is_there(warehouse, listed) and _is_there(warehouse, known)):
        return ""
    hashed = sha256_sql(warehouse.dialect, "identifiers.identifier_value")
    return f"""
        select identifiers.profile_id
        from {known.relation} as identifiers
        inner join {listed.relation} as suppressions
            on identifiers.identifier_type = suppressions.identifier_type
            and suppressions.identifier_value in (identifiers.identifier_value, {hashed})
        where coalesce(suppressions.purpose, '') in ('', {literal(spec.purpose.name)})
    """


def _caps(spec: SyncSpec) -> list[tuple[str, int, int]]:
    """(channel, days, contacts) of each cap on a channel of the purpose."""
    node = spec.gate.get("frequency_caps")
    if node is None or spec.root is None:
        return []
    with (spec.root / node.folder / node.path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (row["channel"], int(row["days"]), int(row["contacts"]))
        for row in rows
        if row["channel"] in spec.purpose.channels
    ]


def _contacted_sql(
    spec: SyncSpec, warehouse: Warehouse, channel: str, days: int, contacts: int
) -> str:
    """SQL: who had so many contacts on the channel: as the tools report them, or as we
    ordered them by syncs that append; the same contact is in both, so they do not add."""
    ledger = quoted(schema_name("cdp_state", warehouse.target), "cdp_sync_ledger")
    ours = ", ".join(map(literal, spec.appending)) or "null"
    ordered = f"""
        select profile_id from {ledger}
        where sync in ({ours}) and status = 'acknowledged' and operation = 'create'
            and settled_at > {_since(spec.now, days)}
        group by profile_id having count(*) >= {contacts}
    """
    messages = spec.gate.get("prf_messages")
    if messages is None or not _is_there(warehouse, messages):
        return ordered
    return f"""{ordered}
        union all
        select profile_id from {messages.relation}
        where kind = 'sent' and channel = {literal(channel)}
            and occurred_at > {_since(spec.now, days)}
        group by profile_id having count(*) >= {contacts}
    """


def _since(now: datetime, days: int) -> str:
    return f"cast({literal((now - timedelta(days=days)).isoformat(' '))} as timestamp)"


def _is_there(warehouse: Warehouse, node: Node) -> bool:
    return bool(warehouse.columns(node.schema, node.table))
