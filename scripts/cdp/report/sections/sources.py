"""How many records each system holds, and how many people they are."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["breadth", "facts"]

TOTALS = """
select
    count(*) as records,
    count(distinct source) as sources,
    count(case when linked_by = 'probable' then 1 end) as probable
from {cdp}.cdp_identity_map
"""

# A browser or a device that nobody has named yet is a profile, too.
PROFILES = """
select
    count(case when is_known then 1 end) as people,
    count(case when not is_known then 1 end) as visitors
from {cdp}.cdp_profiles
"""

BY_SOURCE = """
select
    source,
    count(*) as records,
    count(distinct profile_id) as profiles
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
    inner join {cdp}.cdp_profiles using (profile_id)
    where is_known
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
    """Records and people: in all, and by source."""
    records, sources, probable = tables.one(TOTALS)
    people, visitors = tables.one(PROFILES)
    return {
        "records": records,
        "people": people,
        "visitors": visitors,
        "sources": sources,
        "probable": probable,
        "by_source": [
            {"source": source, "records": records, "profiles": profiles}
            for source, records, profiles in tables.rows(BY_SOURCE)
        ],
    }


def breadth(tables: Tables) -> dict[str, Any]:
    """Known people by the number of systems that hold them."""
    rows = tables.rows(BY_BREADTH)
    return {"by_breadth": [{"sources": sources, "people": people} for sources, people in rows]}
