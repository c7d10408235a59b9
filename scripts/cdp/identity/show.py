"""Reports of identity as tables: for the terminal, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from cdp.identity.comparison import Cluster, Example
from cdp.identity.impact import Impact

__all__ = ["Section", "as_markdown", "impact_sections", "print_sections"]


@dataclass(frozen=True)
class Section:
    """A table with a title; numbers are shown with separators, to the right."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """The sections below a heading, as GitHub shows them."""
    parts = [f"## {title}"]
    for section in sections:
        head = [section.columns, ["---"] * len(section.columns)]
        lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in (*head, *section.rows)]
        parts += [f"### {section.title}", "\n".join(lines)]
    return "\n\n".join(parts)


def print_sections(sections: Sequence[Section], console: Console) -> None:
    """The sections as tables of the terminal."""
    for section in sections:
        table = Table(title=section.title, title_justify="left", title_style="bold")
        for place, column in enumerate(section.columns):
            numbers = section.rows and isinstance(section.rows[0][place], int | float)
            table.add_column(column, justify="right" if numbers else "left")
        for row in section.rows:
            table.add_row(*map(_text, row))
        console.print(table)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cell(value: object) -> str:
    return _text(value).replace("|", "\\|")


def impact_sections(impact: Impact) -> Iterator[Section]:
    """What there is to say of an impact; what did not move is left out."""
    before, after = impact.before, impact.after
    yield Section(
        f"People: {impact.merged:,} profiles merged, {impact.split:,} split "
        f"({impact.moved_pct:.2f} % of those that stood)",
        ("", "before", "after", "change"),
        [
            (name, old, new, f"{new - old:+,}")
            for name, old, new in (
                ("profiles", before.profiles, after.profiles),
                ("of them with a person record", before.people, after.people),
                ("records", before.records, after.records),
            )
        ]
        + [("new profiles", 0, impact.new, ""), ("profiles gone", impact.gone, 0, "")],
    )
    for title, examples, columns in (
        ("Largest merges", impact.merges, ("one profile", "of", "records", "linked by")),
        ("Largest splits", impact.splits, ("profile", "into", "records", "was linked by")),
    ):
        if examples:
            yield Section(title, columns, [_example(example) for example in examples])
    yield Section(
        "Largest profiles",
        ("before", "records", "person records", "after", "records", "person records"),
        list(_side_by_side(impact.largest_before, impact.largest_after)),
    )
    if impact.guards:
        yield Section(
            "Values refused",
            ("rule", "type", "before", "after", "change"),
            [
                (row.rule, row.identifier_type, row.before, row.after,
                 f"{row.after - row.before:+,}")
                for row in impact.guards
            ],
        )  # fmt: skip
    if impact.segments:
        yield Section(
            "Segments",
            ("segment", "before", "after", "entered", "exited"),
            [(row.segment, row.before, row.after, row.entered, row.exited)
             for row in impact.segments],
        )  # fmt: skip


def _example(example: Example) -> tuple[object, ...]:
    return (example.profile_id, ", ".join(example.others), example.records, example.because)


def _side_by_side(
    before: Sequence[Cluster], after: Sequence[Cluster]
) -> Iterator[tuple[object, ...]]:
    for place in range(max(len(before), len(after))):
        cells: list[object] = []
        for side in (before, after):
            row = side[place] if place < len(side) else None
            cells += (row.profile_id, row.records, row.person_records) if row else ("", "", "")
        yield tuple(cells)
