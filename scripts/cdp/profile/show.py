"""A person on a terminal: a heading and a table a section; what is empty is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdp.profile.as_of import AsOf
from cdp.profile.person import Person, Row

__all__ = ["as_table", "print_as_of", "print_matches", "print_person"]


def print_person(person: Person, console: Console) -> None:
    """Print all of a person."""
    console.print(Text(_name(person), style="bold"), highlight=False)
    if person.merged_ids:
        console.print(f"also known as {', '.join(person.merged_ids)}", highlight=False)
    for name, rows in person.sections.items():
        if rows:
            console.print(as_table(name, rows))
    console.print(_pairs("traits", _telling(person.traits)))
    empty = [name for name, rows in person.sections.items() if not rows]
    if empty:
        console.print(f"Nothing of: {', '.join(empty)}.", highlight=False)


def print_as_of(found: AsOf, console: Console) -> None:
    """Print a profile as of a day: what was rebuilt, what was remembered, what nobody knows."""
    heading = f"{found.profile_id} as of {_cell(found.moment)} UTC"
    console.print(Text(heading, style="bold"), highlight=False)
    if len(found.then) > 1:
        console.print(f"Then these were {len(found.then)} profiles: {', '.join(found.then)}.")
    if found.map_of > found.moment:
        console.print(
            f"No identity map is kept before {_cell(found.map_of)}: the one of then is used."
        )
    console.print(_pairs("rebuilt from the facts known by then", _telling(found.rebuilt)))
    if found.remembered:
        console.print(_pairs("from cdp_profile_history", found.remembered))
    else:
        since = _cell(found.remembered_since) if found.remembered_since else "the next build"
        console.print(f"cdp_profile_history knows the person since {since}.", highlight=False)
    console.print(f"Not known of that day: {', '.join(found.unknown)}.", highlight=False)


def print_matches(rows: Sequence[Row], console: Console) -> None:
    """Print several profiles, a line each."""
    console.print(as_table(f"{len(rows)} profiles have it; ask by one of their ids", rows))


def _name(person: Person) -> str:
    golden = {row["attribute"]: row["value"] for row in person.sections["golden record"]}
    words = [golden.get("first_name"), golden.get("last_name")]
    return " ".join(filter(None, [person.profile_id, *words]))


def as_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows, at least one, as a table with the names of the first."""
    table = Table(title=title, title_justify="left", header_style="bold", title_style="bold")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    return table


def _pairs(title: str, values: Mapping[str, Any]) -> Table:
    return as_table(title, [{"column": n, "value": value} for n, value in values.items()] or [{}])


def _telling(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known, or none; no days since something are some."""
    return {
        name: value
        for name, value in columns.items()
        if value is not None and (value or name.startswith("days_since"))
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal | float):
        return f"{value:,.2f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
