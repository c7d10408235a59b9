"""How large the segments are and were, who went from one to another, how far they overlap."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from cdp.report import numbers
from cdp.report.tables import Tables

__all__ = ["facts"]

SIZES = """
with days as (
    select
        segment, size, stability, syncs,
        row_number() over (partition by segment order by day desc) as age
    from {cdp}.cdp_segment_stats
),

held_out as (
    select segment, count(*) as people
    from {cdp}.cdp_segment_memberships
    where is_current and split = 'control'
    group by segment
)

select
    days.segment, days.size, coalesce(held_out.people, 0), days.stability, days.syncs
from days
left join held_out on days.segment = held_out.segment
where days.age = 1 and days.syncs is not null
order by days.size desc, days.segment
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
    """Segments by size, and what to mend; their last days of change; flows of 30 days; the
    people in each pair."""
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
                "stability": stability,
                "days": _days(segment, days, moves),
                "to_mend": _to_mend(people, syncs, [row for row in moves if row[0] == segment]),
            }
            for segment, people, held_out, stability, syncs in tables.rows(SIZES)
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


def _to_mend(people: int, syncs: int, moves: list[Any]) -> list[str]:
    """What is wrong with a segment. moves: its rows of the last 30 days."""
    found = {
        "empty": not people,
        "nobody came or went for 30 days": people
        and not any(entered or exited for _, _, _, entered, exited, _ in moves),
        "more left than may": any(held is False for *_, held in moves),
        "no sync uses it": not syncs,
    }
    return [text for text, is_so in found.items() if is_so]


def _days(segment: str, days: list[date], moves: list[Any]) -> list[dict[str, Any] | None]:
    """A segment's row of each day; None before it was first built."""
    found = {
        day: {"size": size, "entered": entered, "exited": exited, "is_over": held is False}
        for name, day, size, entered, exited, held in moves
        if name == segment
    }
    return [found.get(day) for day in days]
