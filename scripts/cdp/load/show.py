"""What a load did, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from cdp.load._landing import FileOutcome

__all__ = ["as_json", "as_text"]


def as_json(outcomes: Sequence[FileOutcome], ignored: Sequence[Path]) -> str:
    """{"files": [...], "ignored": [...], "rows": loaded now, "quarantined": now}."""
    moved = _moved(outcomes)
    return json.dumps(
        {
            "files": [asdict(outcome) for outcome in outcomes],
            "ignored": [str(path) for path in ignored],
            "rows": sum(outcome.rows for outcome in moved),
            "quarantined": sum(outcome.quarantined for outcome in moved),
        },
        indent=2,
    )


def as_text(outcomes: Sequence[FileOutcome], ignored: Sequence[Path]) -> str:
    """A line a source, the files that went wrong, and what to do next."""
    lines = [_source_line(source, outcomes) for source in sorted({o.source for o in outcomes})]
    for outcome in outcomes:
        if outcome.status == "failed":
            lines.append(f"  not loaded  {outcome.file}: {outcome.reason}")
        elif outcome.status == "gone":
            lines.append(f"  gone        {outcome.file}: its rows stay; --prune removes them")
    if ignored:
        lines.append(f"  left alone  {len(ignored)} files that are no data or stand elsewhere")
    if sum(outcome.quarantined for outcome in _moved(outcomes)):
        lines.append("  Rows that could not be loaded: select * from cdp_state.cdp_quarantine")
    return "\n".join(lines)


def _moved(outcomes: Sequence[FileOutcome]) -> list[FileOutcome]:
    return [outcome for outcome in outcomes if outcome.status in ("loaded", "replaced")]


def _source_line(source: str, outcomes: Sequence[FileOutcome]) -> str:
    own = [outcome for outcome in outcomes if outcome.source == source]
    files = Counter(outcome.status for outcome in own)
    rows = sum(outcome.rows for outcome in own)
    quarantined = sum(outcome.quarantined for outcome in own)
    tables = len({outcome.table for outcome in own})
    counts = ", ".join(f"{count} {status}" for status, count in files.items())
    aside = f", {quarantined:,} quarantined" if quarantined else ""
    return f"{source:<14}{tables:>3} tables {rows:>13,} rows{aside}  (files: {counts})"
