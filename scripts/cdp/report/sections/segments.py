"""How large the segments are and were, who went from one to another, how far they overlap."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from cdp.report import numbers
from cdp.report.tables import Tables

__all__ = ["facts"]

SIZES = """
select
    segment,
    count(*) as people,
    count(case when split = 'control' then 1 end) as held_out
from {cdp}.cdp_segment_memberships
where is_current
group by segment
order by people desc, segment
"""

DAYS = """
select segment, day, size, entered, exited, is_within_turnover
from {cdp}.cdp_segment_stats
where day > ?
order by day, segment
"""

FLOWS = """
select from_segment, to_segment, sum(people) as people
from {cdp}.cdp_segment_flows
where day > ?
group by from_segment, to_segment
order by people desc, from_segment, to_segment
limit 20
"""

OVERLAPS = """
select segment, other_segment, people
from {cdp}.cdp_segment_overlaps
where segment < other_segment
"""

_LOOKED_BACK = timedelta(days=30)
_SHOWN_DAYS = 7


def facts(tables: Tables) -> dict[str, Any]:
    """Segments by size; their last days of change; flows of 30 days; the people in each pair."""
    since = (tables.now - _LOOKED_BACK).date()
    moves = tables.rows(DAYS, (since,))
    days = sorted({day for _, day, *_ in moves})[-_SHOWN_DAYS:]
    return {
        "segments": [
            {
                "segment": segment,
                "label": _label(segment),
                "people": people,
                "held_out": held_out,
                "days": _days(segment, days, moves),
            }
            for segment, people, held_out in tables.rows(SIZES)
        ],
        "days": [day.isoformat() for day in days],
        "flows": [
            {"from": _label(one), "to": _label(other), "people": int(people)}
            for one, other, people in tables.rows(FLOWS, (since,))
        ],
        "overlaps": [
            {"segment": segment, "other": other, "people": people}
            for segment, other, people in tables.rows(OVERLAPS)
        ],
    }


def _label(segment: str) -> str:
    return numbers.label(segment.removeprefix("seg_"))


def _days(segment: str, days: list[date], moves: list[Any]) -> list[dict[str, Any] | None]:
    """A segment's row of each day; None before it was first built."""
    found = {
        day: {"size": size, "entered": entered, "exited": exited, "is_over": held is False}
        for name, day, size, entered, exited, held in moves
        if name == segment
    }
    return [found.get(day) for day in days]
