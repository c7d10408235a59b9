"""When each system was last heard of, and how busy the channels were month by month."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cdp.report import numbers
from cdp.report.tables import Tables

__all__ = ["facts"]

BY_SOURCE = """
select
    source,
    count(*) as interactions,
    max(occurred_at) as last_at
from {cdp}.cdp_timeline
group by source
order by last_at desc, source
"""

BY_MONTH = """
select
    date_trunc('month', occurred_at) as month_at,
    channel,
    count(*) as interactions
from {cdp}.cdp_timeline
where occurred_at >= ? and occurred_at <= ?
group by date_trunc('month', occurred_at), channel
order by month_at, channel
"""

_MONTHS = 15  # what a comparison with last year's season needs


def facts(tables: Tables) -> dict[str, Any]:
    """Interactions and the last one by source; interactions by month and channel."""
    return {
        "sources": [
            {
                "source": source,
                "interactions": interactions,
                "last_at": last_at.isoformat(sep=" ", timespec="minutes"),
                "ago": numbers.ago(last_at, tables.now),
            }
            for source, interactions, last_at in tables.rows(BY_SOURCE)
        ],
        **_by_month(tables),
    }


def _by_month(tables: Tables) -> dict[str, Any]:
    months = _months_before(tables.now)
    found = {
        (month_at.strftime("%Y-%m"), channel): interactions
        for month_at, channel, interactions in tables.rows(BY_MONTH, (months[0], tables.now))
    }
    channels = sorted({channel for _, channel in found})
    return {
        "channels": channels,
        "months": [
            [month, [found.get((month, channel), 0) for channel in channels]]
            for month in (start.strftime("%Y-%m") for start in months)
        ],
    }


def _months_before(now: datetime) -> list[datetime]:
    """The first moments of the last months, oldest first, this one included."""
    this = now.year * 12 + now.month - 1
    return [
        datetime(month // 12, month % 12 + 1, 1) for month in range(this - _MONTHS + 1, this + 1)
    ]
