"""What the syncs sent where, and what they refused to send and why."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]


def facts(tables: Tables) -> dict[str, Any]:
    """By sync: rows acknowledged, rejected by the destination, withheld here by reason."""
    return {"syncs": [], "reasons": []}
