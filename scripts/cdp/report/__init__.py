"""The report and the masked copy: what people read who do not query the warehouse."""

from __future__ import annotations

from cdp.report.page import write_report

__all__ = ["write_report"]
