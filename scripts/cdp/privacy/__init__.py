"""Privacy: what analysts may see of people."""

from __future__ import annotations

from cdp.privacy.read_copy import write_read_copy

__all__ = ["write_read_copy"]
