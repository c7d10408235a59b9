"""The RFM map: buyers by how recently and how often they bought, five fifths each way."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

MAP = """
select
    rfm_recency as recency,
    rfm_frequency as frequency,
    count(*) as people,
    sum(revenue_lifetime) as revenue
from {cdp}.cdp_profiles
where rfm_recency is not null and rfm_frequency is not null
group by rfm_recency, rfm_frequency
order by recency, frequency
"""


def facts(tables: Tables) -> dict[str, Any]:
    """Buyers and what they spent, by recency and frequency fifth (5 is the best)."""
    cells = [
        {
            "recency": int(recency),
            "frequency": int(frequency),
            "people": people,
            "revenue": float(revenue or 0),
        }
        for recency, frequency, people, revenue in tables.rows(MAP)
    ]
    return {
        "cells": cells,
        "people": sum(cell["people"] for cell in cells),
        "revenue": sum(cell["revenue"] for cell in cells),
        "currency": tables.settings.get("cdp_reporting_currency", "USD"),
    }
