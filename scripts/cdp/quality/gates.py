"""Run the suites over the tables that are there; the results stand in the warehouse.

A gate is one suite on one table. A failed expectation is bad data; an exception inside a
check is our error, and counted apart. Results name expectations, never values.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdp import clock
from cdp.errors import WarehouseError
from cdp.quality.suites import Expectation, Suite, read_suites
from cdp.warehouse import Warehouse, open_warehouse, quoted, read_profile, schema_name

__all__ = ["Check", "Gate", "find_checks", "run_gates", "show", "verdict"]

_OURS = ("cdp", "cdp_segments", "cdp_state")
_COLUMNS = """
    run_id text, suite text, table_name text, success boolean, evaluated integer,
    failed integer, exceptions integer, failed_expectations text, checked_at timestamp
"""


@dataclass(frozen=True)
class Check:
    """A suite's expectations of one table, which stands at `schema`.`table`."""

    suite: str
    schema: str
    table: str
    label: str
    expectations: tuple[Expectation, ...]
    columns: Mapping[str, str] = field(default_factory=dict)  # types; none: no such table


@dataclass(frozen=True)
class Gate:
    """What came of a check. failed, broken: labels of expectations."""

    suite: str
    table: str
    evaluated: int
    failed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def success(self) -> bool:
        """Whether everything held; what could not be checked does not hold."""
        return not self.failed and not self.broken


def run_gates(project_dir: Path, target: str, docs: Path) -> list[Gate]:
    """Check, write Data Docs to `docs` and the results to cdp_state.cdp_quality_results.

    Raises ConfigError for a faulty suite, or where Great Expectations is not installed.
    """
    # DuckDB lets one process in: Great Expectations opens the file after we have closed it.
    from cdp.quality.engine import evaluate

    suites = read_suites(project_dir, clock.now(project_dir, target))
    sources = clock.project_vars(project_dir).get("cdp_sources") or {}
    warehouse = open_warehouse(project_dir, target)
    try:
        checks = [
            replace(check, columns=warehouse.columns(check.schema, check.table))
            for check in find_checks(suites, sources, _tables(warehouse), target)
        ]
    finally:
        warehouse.close()
    if not checks:
        raise WarehouseError("No table is there to check. Run cdp load and cdp build first.")
    gates = evaluate(checks, project_dir, read_profile(project_dir, target), docs)
    warehouse = open_warehouse(project_dir, target)
    try:
        _record(warehouse, gates)
    finally:
        warehouse.close()
    return gates


def verdict(gates: Sequence[Gate]) -> int:
    """The exit code: 3 where something could not be checked, 1 for a failure, else 0."""
    if any(gate.broken for gate in gates):
        return WarehouseError.exit_code
    return 1 if any(gate.failed for gate in gates) else 0


def show(gates: Sequence[Gate]) -> str:
    """What did not hold, a line each, and one line that sums up."""
    lines = [f"failed  {gate.table}: {label}" for gate in gates for label in gate.failed]
    lines += [f"error   {gate.table}: {label}" for gate in gates for label in gate.broken]
    passed = sum(gate.success for gate in gates)
    evaluated = sum(gate.evaluated for gate in gates)
    return "\n".join([*lines, f"{passed} of {len(gates)} tables pass {evaluated} expectations."])


def find_checks(
    suites: Iterable[Suite],
    sources: Mapping[str, Mapping[str, Any] | None],
    tables: Collection[tuple[str, str]],
    target: str,
) -> Iterator[Check]:
    """One check a suite and table.

    A source that is off, or of which nothing has landed, is not checked, nor is a table of
    ours that is not built. A table missing from a schema that has landed is checked: it
    counts as empty.
    """
    landed = {schema for schema, _ in tables}
    for suite in suites:
        for name, expectations in suite.tables.items():
            owner, table = name.split(".")
            if owner in _OURS:
                schema = schema_name(owner, target)
                if (schema, table) in tables:
                    yield Check(suite.name, schema, table, table, expectations)
                continue
            for schema in _schemas(sources, owner):
                if schema in landed:
                    yield Check(suite.name, schema, table, f"{schema}.{table}", expectations)


def _schemas(sources: Mapping[str, Mapping[str, Any] | None], name: str) -> list[str]:
    if name not in sources:
        return []
    return list((sources[name] or {}).get("schemas") or [name])


def _tables(warehouse: Warehouse) -> set[tuple[str, str]]:
    rows = warehouse.query(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database()"
    )
    return {(str(schema), str(table)) for schema, table in rows}


def _record(warehouse: Warehouse, gates: Sequence[Gate]) -> None:
    schema = schema_name("cdp_state", warehouse.target)
    results = quoted(schema, "cdp_quality_results")
    run_id, checked_at = uuid.uuid4().hex, datetime.now(UTC).replace(tzinfo=None)
    with warehouse.transaction():
        warehouse.execute(f"create schema if not exists {quoted(schema)}")
        warehouse.execute(f"create table if not exists {results} ({_COLUMNS})")
        for gate in gates:
            warehouse.execute(
                f"insert into {results} values (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    run_id,
                    gate.suite,
                    gate.table,
                    gate.success,
                    gate.evaluated,
                    len(gate.failed),
                    len(gate.broken),
                    "; ".join([*gate.failed, *gate.broken]) or None,
                    checked_at,
                ),
            )
