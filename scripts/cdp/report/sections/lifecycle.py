"""How many people stand at each stage of their life as customers."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

STAGES = """
select
    coalesce(lifecycle_stage, 'unknown') as stage,
    count(*) as people,
    sum(revenue_total) as revenue
from {cdp}.cdp_profiles
group by coalesce(lifecycle_stage, 'unknown')
order by people desc, stage
"""


def facts(tables: Tables) -> dict[str, Any]:
    """People and their revenue by lifecycle stage, the largest first."""
    return {
        "currency": tables.settings.get("cdp_reporting_currency", "USD"),
        "stages": [
            {"stage": stage, "people": people, "revenue": float(revenue or 0)}
            for stage, people, revenue in tables.rows(STAGES)
        ],
    }
