"""When each system was last heard of, and how busy the channels were month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cdp.report import numbers
from cdp.report.tables import Tables

__all__ = ["facts"]

TOTAL = "select count(*) from {cdp}.cdp_timeline"

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
    coalesce(channel, 'unknown') as channel,
    count(*) as interactions
from {cdp}.cdp_timeline
where occurred_at >= ? and occurred_at <= ?
group by date_trunc('month', occurred_at), coalesce(channel, 'unknown')
order by month_at, channel
"""

_CHANNELS = 5
_MONTHS = 15  # what a comparison with last year's season needs


def facts(tables: Tables) -> dict[str, Any]:
    """Interactions and the last one by source; interactions by month and channel."""
    return {
        "interactions": tables.one(TOTAL)[0],
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
    channels = _busiest(found)
    return {
        "channels": channels,
        "months": [
            [month, _numbers(found, month, channels)]
            for month in (start.strftime("%Y-%m") for start in months)
        ],
    }


def _busiest(found: Mapping[tuple[str, str], int]) -> list[str]:
    """The channels by volume, and `other` for what would be too thin to see."""
    volume: dict[str, int] = {}
    for (_, channel), interactions in found.items():
        volume[channel] = volume.get(channel, 0) + interactions
    ranked = sorted(volume, key=lambda channel: (-volume[channel], channel))
    return [*ranked[:_CHANNELS], "other"] if len(ranked) > _CHANNELS + 1 else ranked


def _numbers(
    found: Mapping[tuple[str, str], int], month: str, channels: Sequence[str]
) -> list[int]:
    here = {channel: number for (when, channel), number in found.items() if when == month}
    shown = [here.pop(channel, 0) for channel in channels]
    if channels and channels[-1] == "other":
        shown[-1] += sum(here.values())
    return shown


def _months_before(now: datetime) -> list[datetime]:
    """The first moments of the last months, oldest first, this one included."""
    this = now.year * 12 + now.month - 1
    return [
        datetime(month // 12, month % 12 + 1, 1) for month in range(this - _MONTHS + 1, this + 1)
    ]
