"""Merge quality against labelled truth, where there is any."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]


def facts(tables: Tables) -> dict[str, Any]:
    """Precision and recall over pairs of records; no truth, no claim."""
    return {"truth": None}
