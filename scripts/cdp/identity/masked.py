"""Identifier values as reports show them: enough to recognise one's own, no more."""

from __future__ import annotations

__all__ = ["masked"]


def masked(value: str) -> str:
    """An email's first letter and domain; of anything else the last two characters."""
    local, at, domain = value.partition("@")
    if at:
        return f"{local[:1]}…@{domain}"
    return f"…{value[-2:]}" if len(value) > 4 else "…"
