"""Plans and results for a reader: a table on a terminal, JSON, or Markdown for a review.

Counts and names of fields; values only by `sample`, which the command asks for on a
terminal alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from cdp.activation.against import SyncChange
from cdp.activation.diff import DIFF_TABLE
from cdp.activation.ledger import Ledger
from cdp.activation.plan import SyncPlan
from cdp.activation.runner import Result
from cdp.identity.show import Section

__all__ = [
    "against_sections",
    "as_json",
    "as_markdown",
    "as_table",
    "console",
    "print_results",
    "print_rows",
    "sample",
]

_COUNTS = ("create", "adopt", "update", "remove", "unchanged", "withheld")
_RUN = (
    "run_id", "status", "planned_create", "planned_adopt", "planned_update", "planned_remove",
    "withheld", "succeeded", "rejected", "unknown", "aborted", "calls", "started_at",
    "approval", "error",
)  # fmt: skip
_OPERATION = (
    "run_id", "entity_id", "operation", "reason", "status", "code", "message",
    "changed_fields", "attempt", "settled_at",
)  # fmt: skip
_KEYS = ("run_id", "entity_id")
_WIDE = 160  # columns, where no terminal says how wide it is


def console() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a log."""
    found = Console()
    return found if found.is_terminal else Console(width=_WIDE)


def as_json(plan_id: str, plans: Sequence[SyncPlan]) -> str:
    """The plan as JSON: {plan_id, syncs: [facts]}."""
    return json.dumps({"plan_id": plan_id, "syncs": [plan.facts() for plan in plans]}, indent=2)


def as_markdown(plan_id: str, plans: Sequence[SyncPlan]) -> str:
    """The plan as Markdown, for a pull request."""
    heads = ("sync", "to", *_COUNTS, "status")
    lines = [f"### Plan `{plan_id}`", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for plan in plans:
        facts = plan.facts()
        cells = [facts["sync"], _where(facts), *map(_number, (facts[c] for c in _COUNTS))]
        lines.append(f"| {' | '.join([*cells, facts['status']])} |")
    notes = [f"- **{plan.spec.name}**: {note}" for plan in plans for note in _notes(plan)]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def as_table(plan_id: str, plans: Sequence[SyncPlan], console: Console) -> None:
    """Print the plan as a table, then where each sync goes, and its reasons."""
    if not plans:
        console.print("No sync is on for this target. Write one in models/syncs/.", markup=False)
        return
    table = Table(title=f"Plan {plan_id}", title_justify="left", header_style="bold")
    table.add_column("sync", overflow="fold")
    for name in _COUNTS:
        table.add_column(name, justify="right")
    table.add_column("status")
    for plan in plans:
        facts = plan.facts()
        colour = {"blocked": "red", "ready": "green"}.get(facts["status"], "dim")
        counts = [_number(facts[name]) for name in _COUNTS]
        status = f"[{colour}]{facts['status']}[/]"
        table.add_row(facts["sync"], *counts, status)
    console.print(table)
    for plan in plans:
        console.print(f"{plan.spec.name}", highlight=False, markup=False, style="bold")
        facts = plan.facts()
        where = f"to {_where(facts)} for {facts['purpose']}, {facts['calls']} calls"
        for note in (where, *_notes(plan)):
            console.print(f"  {note}", highlight=False, markup=False, soft_wrap=True)


def against_sections(found: Sequence[SyncChange], ref: str) -> list[Section]:
    """What a change in the repository does to the syncs, and how in particular."""
    heads = ("sync", "", "sent before", "after", "newly sent", "no longer", "changed", "withheld")
    rows = [
        (
            change.sync, change.status, change.sent_before, change.sent_after,
            sum(change.newly_sent.values()), sum(change.no_longer_sent.values()), change.changed,
            f"{sum(change.withheld_before.values()):,} → {sum(change.withheld_after.values()):,}",
        )
        for change in found
    ]  # fmt: skip
    details = [(change.sync, *detail) for change in found for detail in _details(change)]
    sections = [Section(f"What the working tree does to the syncs, against {ref}", heads, rows)]
    return sections + ([Section("In particular", ("sync", "what", "how"), details)] * bool(details))


def _details(change: SyncChange) -> Iterator[tuple[str, str]]:
    for name, (before, after) in change.settings.items():
        yield name, f"{before} → {after}"
    if change.newly_sent:
        yield "newly sent, before that", _listed(change.newly_sent)
    if change.no_longer_sent:
        becomes = (
            "no longer sent, removed there" if change.removes else "no longer sent, left there"
        )
        yield becomes, _listed(change.no_longer_sent)
    if change.changed_fields:
        yield "changed fields", _listed(change.changed_fields)
    for reason in sorted({*change.withheld_before, *change.withheld_after}):
        was, is_now = change.withheld_before.get(reason, 0), change.withheld_after.get(reason, 0)
        if was != is_now:
            yield f"withheld: {reason}", f"{was:,} → {is_now:,}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in counts.items())


def print_results(results: Sequence[Result], console: Console) -> None:
    """One line per sync, and why where it did not end well."""
    for result in results:
        colour = {"succeeded": "green", "partial": "yellow"}.get(result.status, "red")
        console.print(
            f"[{colour}]{result.status:>9}[/]  {result.sync}: "
            f"{result.sent:,} of {result.planned:,} sent, {result.rejected:,} rejected, "
            f"{result.seconds:.1f} s",
            highlight=False,
            soft_wrap=True,
        )
        if result.reason:
            reason = f"           {result.reason}"
            console.print(reason, highlight=False, markup=False, soft_wrap=True)


def print_rows(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print rows of the ledger as a table; columns that are empty throughout are left out."""
    shown = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    names = [name for name in shown if name in (*_RUN, *_OPERATION)]
    table = Table(header_style="bold")
    for name in names:  # what one copies into the next command is never cut short
        table.add_column(name, overflow="fold", no_wrap=name in _KEYS)
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in names))
    console.print(table if rows else "The ledger has no such rows yet.", markup=False)


def sample(plan: SyncPlan, ledger: Ledger, console: Console, rows: int = 10) -> None:
    """Print the first rows that would be sent, values and all."""
    if plan.diff is None:
        return
    names = [f"field_{number}" for number in range(len(plan.diff.fields))]
    table = Table(title=plan.spec.name, title_justify="left", header_style="bold")
    for head in ("operation", "key", *(field.name for field in plan.diff.fields)):
        table.add_column(head)
    for row in ledger.rows(
        f"select {', '.join(('operation', 'match_key', *names))} from {DIFF_TABLE} "  # noqa: S608
        f"where operation in ('create', 'adopt', 'update', 'remove') order by position limit {rows}"
    ):
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table, markup=False)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value).strip()


def _where(facts: dict[str, Any]) -> str:
    return str(facts["place"]) + (" (sandbox)" if facts["sandbox"] else "")


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _notes(plan: SyncPlan) -> list[str]:
    facts = plan.facts()
    notes = [f"blocked: {reason}" for reason in facts["blocked"]]
    for title in ("moved_by_merges", "made_by_splits"):
        if rows := facts[title]:
            notes.append(f"{title.replace('_', ' ')}: {rows:,}")
    for title in ("withheld_reasons", "remove_reasons", "changed_fields"):
        if counts := facts[title]:
            notes.append(f"{title.replace('_', ' ')}: {_listed(counts)}")
    return notes
