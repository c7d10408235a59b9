"""What only Python does for identity: measuring it."""

from __future__ import annotations

from cdp.identity.evaluate import MergeQuality, compare, merge_quality, read_truth

__all__ = ["MergeQuality", "compare", "merge_quality", "read_truth"]
