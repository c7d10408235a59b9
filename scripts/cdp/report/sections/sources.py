"""How many records each system holds, and how many people they are."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

TOTALS = """
select
    count(*) as records,
    count(distinct profile_id) as people,
    count(distinct source) as sources,
    count(case when linked_by = 'probable' then 1 end) as probable
from {cdp}.cdp_identity_map
"""

BY_SOURCE = """
select
    source,
    count(*) as records,
    count(distinct profile_id) as people
from {cdp}.cdp_identity_map
group by source
order by records desc, source
"""

BY_BREADTH = """
with sources_per_person as (
    select
        profile_id,
        count(distinct source) as sources
    from {cdp}.cdp_identity_map
    group by profile_id
)

select
    sources,
    count(*) as people
from sources_per_person
group by sources
order by sources
"""


def facts(tables: Tables) -> dict[str, Any]:
    """Records and people: in all, by source, and people by the number of systems they are in."""
    records, people, sources, probable = tables.one(TOTALS)
    return {
        "records": records,
        "people": people,
        "sources": sources,
        "probable": probable,
        "by_source": [
            {"source": source, "records": records, "people": people}
            for source, records, people in tables.rows(BY_SOURCE)
        ],
        "by_breadth": [
            {"sources": sources, "people": people} for sources, people in tables.rows(BY_BREADTH)
        ],
    }
