"""How large the segments are, and how far they overlap."""

from __future__ import annotations

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

# A self-join over members, aggregated in the warehouse: 66 pairs for 12 segments.
OVERLAPS = """
select
    this_segment.segment,
    other_segment.segment as other,
    count(*) as people
from {cdp}.cdp_segment_memberships as this_segment
inner join {cdp}.cdp_segment_memberships as other_segment
    on this_segment.profile_id = other_segment.profile_id
    and this_segment.segment < other_segment.segment
where this_segment.is_current and other_segment.is_current
group by this_segment.segment, other_segment.segment
"""


def facts(tables: Tables) -> dict[str, Any]:
    """Segments by size, and the people in each pair of them."""
    return {
        "segments": [
            {
                "segment": segment,
                "label": numbers.label(segment.removeprefix("seg_")),
                "people": people,
                "held_out": held_out,
            }
            for segment, people, held_out in tables.rows(SIZES)
        ],
        "overlaps": [
            {"segment": segment, "other": other, "people": people}
            for segment, other, people in tables.rows(OVERLAPS)
        ],
    }
