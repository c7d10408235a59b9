"""Merge quality against labelled records, where there are any."""

from __future__ import annotations

from typing import Any

from cdp.errors import WarehouseError
from cdp.identity import merge_quality, read_truth
from cdp.report.tables import Tables

__all__ = ["facts"]


def facts(tables: Tables) -> dict[str, Any]:
    """Precision and recall over pairs of records and over records; no truth, no claim.

    A truth about other records than the map's is told, too. Raises ConfigError for a file
    that cannot be read.
    """
    if tables.truth is None:
        return {"truth": None, "why": "There is no truth to measure against."}
    try:
        quality = merge_quality(tables.warehouse, read_truth(tables.truth))
    except WarehouseError as error:
        return {"truth": None, "why": str(error)}
    return {"truth": quality.as_dict()}
