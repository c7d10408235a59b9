"""Which share of the people each attribute and each identifier is known for."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

PEOPLE = "select count(*) from {cdp}.cdp_profiles where is_known"

ATTRIBUTES = """
select
    attribute,
    count(distinct profile_id) as people
from {cdp}.cdp_attribute_values
inner join {cdp}.cdp_profiles using (profile_id)
where is_known and is_winner and value is not null
group by attribute
order by people desc, attribute
"""

IDENTIFIERS = """
select
    identifier_type,
    count(distinct profile_id) as people
from {cdp}.cdp_identifiers
inner join {cdp}.cdp_profiles using (profile_id)
where is_known
group by identifier_type
order by people desc, identifier_type
"""


def facts(tables: Tables) -> dict[str, Any]:
    """Known people in all, and those for whom each attribute and identifier type is known."""
    return {
        "people": tables.one(PEOPLE)[0],
        "attributes": [
            {"name": name, "people": people} for name, people in tables.rows(ATTRIBUTES)
        ],
        "identifiers": [
            {"name": name, "people": people} for name, people in tables.rows(IDENTIFIERS)
        ],
    }
