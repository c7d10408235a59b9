"""What the quality gates found when they last ran."""

from __future__ import annotations

from typing import Any

from cdp.report.tables import Tables

__all__ = ["facts"]

LAST_RUN = """
select
    suite,
    table_name,
    success,
    evaluated,
    failed,
    exceptions,
    failed_expectations,
    checked_at
from {state}.cdp_quality_results
where run_id = (
    select run_id
    from {state}.cdp_quality_results
    order by checked_at desc, run_id
    limit 1
)
order by success, suite, table_name
"""


def facts(tables: Tables) -> dict[str, Any]:
    """The gates of the last run: expectations evaluated, failed, not evaluable."""
    last = tables.rows(LAST_RUN)
    gates = [
        {
            "suite": suite,
            "table": table,
            "success": bool(success),
            "evaluated": evaluated,
            "failed": failed,
            "exceptions": exceptions,
            "failed_expectations": failed_expectations,
        }
        for suite, table, success, evaluated, failed, exceptions, failed_expectations, _ in last
    ]
    return {
        "gates": gates,
        "checked": last[0][-1].isoformat(sep=" ", timespec="minutes") if last else None,
        "evaluated": sum(gate["evaluated"] for gate in gates),
        "failed": sum(gate["failed"] for gate in gates),
        "exceptions": sum(gate["exceptions"] for gate in gates),
    }
