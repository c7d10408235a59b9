"""What real data is like, before anything is built: rows, freshness, identifiers.

Counts only: no value is shown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cdp import clock
from cdp.declared import SourceColumn, SourceTable, read_packages, read_sources
from cdp.warehouse import Warehouse, quoted

__all__ = ["IdentifierAudit", "TableAudit", "as_table", "audit"]

_FORMS = {
    "email": r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    "phone": r"^[0-9+() ./-]{7,25}$",
    "text": r".",
}


@dataclass(frozen=True)
class IdentifierAudit:
    """One identifier column. filled, valid: rows; distinct, repeated: values.

    valid: has the form of its kind and is no known placeholder. repeated: values that
    stand on more than one row; most_rows: on how many the most frequent one stands.
    """

    column: str
    identifier_type: str
    filled: int
    valid: int
    distinct: int
    repeated: int
    most_rows: int


@dataclass(frozen=True)
class TableAudit:
    """One raw table. first, last: of the column that tells its freshness."""

    source: str
    schema: str
    table: str
    rows: int
    time_column: str | None
    first: str | None
    last: str | None
    days_old: float | None
    identifiers: tuple[IdentifierAudit, ...]


def audit(project_dir: Path, warehouse: Warehouse) -> Iterator[TableAudit]:
    """The raw tables of every source that is on, one by one; absent ones are left out."""
    panel = clock.project_vars(project_dir)
    packages = read_packages(project_dir)
    types = panel.get("cdp_identifier_types") or {}
    junk = _junk([path for package in packages for path in package.seeds.values()])
    now = clock.now(project_dir, warehouse.target)
    declared = read_sources(packages)
    for source, settings in (panel.get("cdp_sources") or {}).items():
        for schema in (settings or {}).get("schemas") or [source]:
            for table in declared.get(source, []):
                present = warehouse.columns(schema, table.name)
                if present:
                    yield _audit_table(warehouse, table, schema, set(present), types, junk, now)


def _audit_table(
    warehouse: Warehouse,
    table: SourceTable,
    schema: str,
    present: set[str],
    types: Mapping[str, Any],
    junk: Sequence[Mapping[str, str]],
    now: datetime,
) -> TableAudit:
    relation = quoted(schema, table.name)
    times = [column.name for column in table.columns if column.type == "timestamp"]
    time_column = next((name for name in [table.loaded_at, *times] if name in present), None)
    span = (
        f"min({quoted(time_column)}), max({quoted(time_column)})" if time_column else "null, null"
    )
    [(rows, first, last)] = warehouse.query(f"select count(*), {span} from {relation}")  # noqa: S608
    found = [
        _audit_column(warehouse, relation, column.name, kind, types, junk)
        for column in table.columns
        if column.name in present and (kind := _identifier_type(column, types))
    ]
    return TableAudit(
        source=table.source,
        schema=schema,
        table=table.name,
        rows=rows,
        time_column=time_column,
        first=_shown(first),
        last=_shown(last),
        days_old=_age(last, now),
        identifiers=tuple(found),
    )


def _identifier_type(column: SourceColumn, types: Mapping[str, Any]) -> str | None:
    """The identifier type that a column's name speaks of: its own, or that of its ending."""
    if column.type != "text":
        return None
    if column.name in types:
        return column.name
    ending = next((name for name in types if column.name.endswith(f"_{name}")), None)
    words = ("email", "phone") if column.is_pii else ()
    return ending or next((word for word in words if word in column.name), None)


def _audit_column(
    warehouse: Warehouse,
    relation: str,
    column: str,
    identifier_type: str,
    types: Mapping[str, Any],
    junk: Sequence[Mapping[str, str]],
) -> IdentifierAudit:
    kind = (types.get(identifier_type) or {}).get("kind", "text")
    value = f"lower(trim(cast({quoted(column)} as text)))"
    is_valid, parameters = _validity(warehouse.dialect, identifier_type, kind, junk)
    [counts] = warehouse.query(
        f"with counted as (select {value} as v, count(*) as n from {relation} "  # noqa: S608
        f"where {value} <> '' group by 1) "
        f"select coalesce(sum(n), 0), coalesce(sum(case when {is_valid} then n end), 0), "
        "count(*), count(case when n > 1 then 1 end), coalesce(max(n), 0) from counted",
        parameters,
    )
    return IdentifierAudit(column, identifier_type, *(int(count) for count in counts))


def _validity(
    dialect: str, identifier_type: str, kind: str, junk: Sequence[Mapping[str, str]]
) -> tuple[str, list[str]]:
    """SQL over `v` with its parameters: has the form of its kind, is no placeholder."""
    matches = "regexp_matches(v, ?)" if dialect == "duckdb" else "v ~ ?"
    digits = "regexp_replace(v, '[^0-9]', '', 'g')"
    conditions, parameters = [matches], [_FORMS[kind]]
    subjects = {"literal": "v = ?", "local_part": "split_part(v, '@', 1) = ?"}
    subjects |= {"like": f"{digits} like ?", "repeated": "replace(v, ?, '') = ''"}
    for row in junk:
        if row["identifier_type"] in ("*", identifier_type) and row["match_kind"] in subjects:
            conditions.append(f"not {subjects[row['match_kind']]}")
            parameters.append(row["value"].lower())
    return " and ".join(conditions), parameters


def _junk(seeds: Sequence[Path]) -> list[dict[str, str]]:
    """The placeholders that the reference seed blocks."""
    for path in seeds:
        if path.stem == "cdp_blocked_values":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
    return []


def _shown(moment: object) -> str | None:
    return None if moment is None else str(moment)[:19]


def _age(last: object, now: datetime) -> float | None:
    """Days from `last` (a time, or text that CSV left) to `now`; None if it is no time."""
    try:
        moment = last if isinstance(last, datetime) else datetime.fromisoformat(str(last))
    except ValueError:
        return None
    return round((now - moment.replace(tzinfo=None)).total_seconds() / 86_400, 1)


def as_table(tables: Sequence[TableAudit], console: Any) -> None:
    """Print two tables: one row a raw table, one row an identifier column."""
    from rich.table import Table

    freshness = Table("table", title="Raw tables", title_justify="left", box=None)
    for heading in ("rows", "first", "last", "days old"):
        freshness.add_column(heading, justify="right", no_wrap=True)
    known = Table("column (type)", title="\nIdentifiers", title_justify="left", box=None)
    for heading in ("filled", "valid", "distinct", "repeated", "most rows"):
        known.add_column(heading, justify="right", no_wrap=True)
    for table in tables:
        age = "" if table.days_old is None else f"{table.days_old:,.1f}"
        first, last = (table.first or "")[:10], (table.last or "")[:16]
        name = f"{table.schema}.{table.table}"
        freshness.add_row(name, f"{table.rows:,}", first, last, age)
        if table.identifiers:
            known.add_row(f"[bold]{name}[/bold]")
        for found in table.identifiers:
            shares = (f"{part / max(table.rows, 1):.1%}" for part in (found.filled, found.valid))
            counts = (f"{n:,}" for n in (found.distinct, found.repeated, found.most_rows))
            known.add_row(f"  {_labelled(found)}", *shares, *counts)
    console.print(freshness, known)


def _labelled(found: IdentifierAudit) -> str:
    if found.column == found.identifier_type:
        return found.column
    return f"{found.column} ({found.identifier_type})"
