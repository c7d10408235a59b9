"""How many people stand at each stage of their life as customers."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

STAGES = """
select
    coalesce(lifecycle_stage, 'unknown') as stage,
    count(*) as people,
    sum(revenue_lifetime) as revenue
from {cdp}.cdp_profiles
where is_known
group by coalesce(lifecycle_stage, 'unknown')
order by people desc, stage
"""


def facts(tables: Tables) -> dict[str, Any]:
    """Known people and their revenue by lifecycle stage, the largest first."""
    return {
        "currency": tables.settings.get("cdp_reporting_currency", "USD"),
        "stages": [
            {"stage": stage, "people": people, "revenue": float(revenue or 0)}
            for stage, people, revenue in tables.rows(STAGES)
        ],
    }
