"""The quality gates: what a business owner would state, checked by Great Expectations."""

from __future__ import annotations

from cdp.quality.gates import Gate, run_gates, show, verdict

__all__ = ["Gate", "run_gates", "show", "verdict"]
