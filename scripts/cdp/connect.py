"""Find the schemas of known connectors in a warehouse, by the tables and columns they have.

A connector's signature is what staging declares in models/staging/<source>/_<source>.yml;
nothing else describes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp.clock import project_vars
from cdp.declared import Package, SourceTable, read_packages, read_sources
from cdp.errors import ConfigError
from cdp.warehouse import Warehouse

__all__ = ["Finding", "Match", "as_text", "connect", "write_sources"]

_OURS = re.compile(r"information_schema|pg_.*|(.*_)?cdp(_internal|_segments|_state|_masked)?")
_ENOUGH = 0.8  # of the required columns, for a schema whose name does not say what it is

Catalogue = Mapping[str, Mapping[str, frozenset[str]]]


@dataclass(frozen=True)
class Match:
    """A schema that holds a source, and what it lacks. rows are not looked at."""

    source: str
    schema: str
    tables: tuple[str, ...]
    missing_tables: tuple[str, ...]
    missing_columns: Mapping[str, tuple[str, ...]]
    starved: tuple[str, ...]
    """Contracts whose main table is missing: they get nothing from here."""


@dataclass(frozen=True)
class Finding:
    """sources: as for the var cdp_sources; others: schemas that are no known source."""

    matches: tuple[Match, ...]
    sources: Mapping[str, Mapping[str, Any]]
    others: tuple[str, ...]


def connect(project_dir: Path, warehouse: Warehouse, database: str | None = None) -> Finding:
    """Look at the warehouse's schemas. database: another than the connection's own.

    What the control panel already says of a schema (its brand) is kept.
    """
    packages = read_packages(project_dir)
    declared = read_sources(packages)
    contracts = _main_tables(packages)
    catalogue = _catalogue(warehouse, database)
    best = {schema: _recognise(schema, tables, declared) for schema, tables in catalogue.items()}
    matches = tuple(
        _match(declared[source], schema, catalogue[schema], contracts)
        for schema, source in sorted(best.items(), key=lambda item: (item[1] or "", item[0]))
        if source
    )
    others = tuple(sorted(schema for schema, source in best.items() if not source))
    before = project_vars(project_dir).get("cdp_sources") or {}
    return Finding(matches, _settings(matches, before, database), others)


def _catalogue(warehouse: Warehouse, database: str | None) -> dict[str, dict[str, frozenset[str]]]:
    rows = warehouse.query(
        "select table_schema, table_name, lower(column_name) from information_schema.columns "
        "where table_catalog = coalesce(cast(? as varchar), current_database())",
        (database,),
    )
    if database and not rows:
        raise ConfigError(f"The connection sees nothing in the database '{database}'.")
    found: dict[str, dict[str, set[str]]] = {}
    for schema, table, column in rows:
        if not _OURS.fullmatch(schema):
            found.setdefault(schema, {}).setdefault(table.lower(), set()).add(column)
    return {
        schema: {table: frozenset(columns) for table, columns in tables.items()}
        for schema, tables in found.items()
    }


def _recognise(
    schema: str, tables: Mapping[str, frozenset[str]], declared: Mapping[str, list[SourceTable]]
) -> str | None:
    """The source whose required columns the schema has most of; its name breaks in first."""
    scores: list[tuple[bool, int, str]] = []
    for source, expected in declared.items():
        present = [table for table in expected if table.name in tables]
        wanted = sum(len(table.required) for table in present)
        matched = sum(len(table.required & tables[table.name]) for table in present)
        named = f"_{source}_" in f"_{schema.lower()}_"
        if matched and (named or matched >= wanted * _ENOUGH):
            scores.append((named, matched, source))
    return max(scores)[2] if scores else None


def _match(
    expected: Sequence[SourceTable],
    schema: str,
    tables: Mapping[str, frozenset[str]],
    contracts: Mapping[tuple[str, str], set[tuple[str, str]]],
) -> Match:
    absent = [table for table in expected if table.name not in tables]
    lacking = {
        table.name: tuple(sorted(table.required - tables[table.name]))
        for table in expected
        if table.name in tables and table.required - tables[table.name]
    }
    missing = {(table.source, table.name) for table in absent}
    starved = {
        contract
        for (source, contract), mains in contracts.items()
        if source == expected[0].source and mains <= missing
    }
    return Match(
        source=expected[0].source,
        schema=schema,
        tables=tuple(table.name for table in expected if table.name in tables),
        missing_tables=tuple(table.name for table in absent),
        missing_columns=lacking,
        starved=tuple(sorted(starved)),
    )


def _main_tables(packages: Sequence[Package]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """(source, contract) -> the tables that its staging models read first: their rows."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for path in (path for package in packages for path in package.models.values()):
        code = path.read_text(encoding="utf-8")
        contract = re.search(r"'cdp_contract':\s*'(\w+)'", code)
        main = re.search(r"\bcdp_source\(\s*'(\w+)',\s*'(\w+)'", code)
        if contract and main:
            found.setdefault((main[1], contract[1]), set()).add((main[1], main[2]))
    return found


def _settings(
    matches: Sequence[Match], before: Mapping[str, Any], database: str | None
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for source in dict.fromkeys(match.source for match in matches):
        schemas = [match.schema for match in matches if match.source == source]
        brands = ((before.get(source) or {}).get("brand") or {}).items()
        settings: dict[str, Any] = {"database": database} if database else {}
        if schemas != [source]:
            settings["schemas"] = schemas
        if kept := {schema: brand for schema, brand in brands if schema in schemas}:
            settings["brand"] = kept
        found[source] = settings
    return found


def write_sources(project_dir: Path, sources: Mapping[str, Mapping[str, Any]]) -> None:
    """Put `sources` under cdp_sources in dbt_project.yml; all else in it stays as it is.

    The file is replaced as a whole or not at all. Raises ConfigError where it has no place
    for it that can be found.
    """
    path = project_dir / "dbt_project.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(_with_sources(lines, sources)) + "\n"
    changed = path.with_name(".dbt_project.yml.new")
    changed.write_text(text, encoding="utf-8")
    if not _says(text, sources):
        changed.unlink()
        raise ConfigError("dbt_project.yml has cdp_sources in a form we cannot edit. Paste it in.")
    changed.replace(path)


def _says(text: str, sources: Mapping[str, Mapping[str, Any]]) -> bool:
    try:
        given = yaml.safe_load(text)["vars"]
    except yaml.YAMLError:
        return False
    return bool((given | (given.get("cdp") or {})).get("cdp_sources") == sources)


def _with_sources(lines: list[str], sources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    start = next((n for n, line in enumerate(lines) if re.match(r" +cdp_sources:", line)), None)
    if start is None:
        place = next((n for n, line in enumerate(lines) if line.startswith("vars:")), len(lines))
        head = lines[: place + 1] if place < len(lines) else [*lines, "", "vars:"]
        return [*head, "  cdp_sources:", *_entries(sources, 4), *lines[place + 1 :]]
    indent = _indent(lines[start])
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    key = " " * indent + "cdp_sources:" + ("" if sources else " {}")
    return [*lines[:start], key, *_entries(sources, indent + 2), *lines[end:]]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _entries(sources: Mapping[str, Mapping[str, Any]], indent: int) -> Iterator[str]:
    for name, settings in sources.items():
        value = yaml.safe_dump(dict(settings), default_flow_style=True, width=10_000).strip()
        yield f"{' ' * indent}{name}: {value}"


def as_text(finding: Finding) -> str:
    """The finding for people: the YAML, then what is missing and what that costs."""
    if not finding.matches:
        others = ", ".join(finding.others) or "none"
        return f"No schema of a known connector. Other schemas: {others}."
    lines = ["cdp_sources:", *_entries(finding.sources, 2), ""]
    for match in finding.matches:
        known = len(match.tables) + len(match.missing_tables)
        lines.append(f"{match.source} in {match.schema}: {len(match.tables)} of {known} tables")
        if match.missing_tables:
            cost = f"; no {', '.join(match.starved)} from there" if match.starved else ""
            lines.append(f"  absent, counts as empty: {', '.join(match.missing_tables)}{cost}")
        for table, columns in match.missing_columns.items():
            lines.append(f"  {table} lacks {', '.join(columns)}: the build stops until it is there")
    if finding.others:
        lines.append(f"Other schemas: {', '.join(finding.others)}")
    return "\n".join(lines)
