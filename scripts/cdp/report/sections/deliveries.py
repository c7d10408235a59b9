"""What the syncs sent where, and what they refused to send and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

# A sync's last run says where it stands; what was delivered adds up over all runs.
SYNCS = """
with numbered as (
    select
        *,
        row_number() over (partition by sync, place order by run_number desc) as age
    from {state}.cdp_sync_runs
),

delivered as (
    select
        sync,
        place,
        count(*) as runs,
        sum(succeeded) as sent
    from {state}.cdp_sync_runs
    group by sync, place
),

held as (
    select
        sync,
        place,
        count(*) as records
    from {state}.cdp_sync_state
    group by sync, place
)

select
    numbered.sync,
    numbered.place,
    numbered.status,
    coalesce(numbered.ended_at, numbered.started_at) as last_at,
    numbered.error,
    delivered.runs,
    coalesce(delivered.sent, 0) as sent,
    coalesce(held.records, 0) as held,
    coalesce(numbered.rejected, 0) as rejected,
    coalesce(numbered.withheld, 0) as withheld,
    numbered.withheld_reasons
from numbered
inner join delivered
    on numbered.sync = delivered.sync and numbered.place = delivered.place
left join held
    on numbered.sync = held.sync and numbered.place = held.place
where numbered.age = 1
order by sent desc, numbered.sync, numbered.place
"""

PLANS = """
select
    sync,
    summary
from {state}.cdp_plans
order by created_at
"""

REFUSALS = """
select
    coalesce(code, 'no code') as code,
    count(*) as refusals
from {state}.cdp_sync_ledger as operations
inner join (
    select
        sync,
        place,
        max(run_number) as run_number
    from {state}.cdp_sync_runs
    group by sync, place
) as last_runs
    on operations.sync = last_runs.sync
    and operations.place = last_runs.place
    and operations.run_number = last_runs.run_number
where operations.status = 'rejected'
group by coalesce(code, 'no code')
"""

_STATES = {"succeeded": "good", "partial": "warn", "running": "warn"}


def facts(tables: Tables) -> dict[str, Any]:
    """By sync: rows confirmed, held there, rejected there, withheld here; and the reasons."""
    plans = {sync: json.loads(summary) for sync, summary in tables.rows(PLANS)}
    runs = tables.rows(SYNCS)
    return {
        "syncs": [_sync(run, plans.get(run[0], {})) for run in runs],
        "reasons": [
            *_reasons(Counter(_withheld(run[-1] for run in runs)), "withheld here"),
            *_reasons(dict(tables.rows(REFUSALS)), "refused there"),
        ],
    }


def _sync(run: tuple[Any, ...], plan: dict[str, Any]) -> dict[str, Any]:
    sync, place, status, last_at, error, runs, sent, held, rejected, withheld, _ = run
    return {
        "sync": sync,
        "destination": place.partition(":")[0],
        "place": place.partition(":")[2],
        "purpose": plan.get("purpose"),
        "status": status,
        "state": _STATES.get(status, "bad"),
        "error": error,
        "last": last_at.isoformat(sep=" ", timespec="minutes"),
        "runs": runs,
        "sent": int(sent),
        "held": held,
        "rejected": rejected,
        "withheld": withheld,
    }


def _withheld(reasons: Iterable[str | None]) -> Iterable[str]:
    for text in reasons:
        yield from Counter(json.loads(text or "{}")).elements()


def _reasons(counts: dict[str, int], by: str) -> list[dict[str, Any]]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"reason": reason, "rows": rows, "by": by} for reason, rows in ranked]
