"""For which share of the people there is a consent, and for what."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

PEOPLE = "select count(*) from {cdp}.cdp_profiles where is_known"

# A person counts once a purpose: as granted where any channel is, else as refused.
PURPOSES = """
with purposes as (
    select
        profile_id,
        purpose,
        max(case when status = 'granted' then 1 else 0 end) as is_granted
    from {cdp}.cdp_consents
    inner join {cdp}.cdp_profiles using (profile_id)
    where is_known
    group by profile_id, purpose
)

select
    purpose,
    sum(is_granted) as granted,
    count(*) - sum(is_granted) as refused
from purposes
group by purpose
order by granted desc, purpose
"""


def facts(tables: Tables) -> dict[str, Any]:
    """Known people in all; by purpose, those who granted it on some channel and who refused it."""
    return {
        "people": tables.one(PEOPLE)[0],
        "purposes": [
            {"purpose": purpose, "granted": int(granted), "refused": int(refused)}
            for purpose, granted, refused in tables.rows(PURPOSES)
        ],
    }
