"""A masked copy of the public tables in one DuckDB file, for BI tools to hold open.

Closed by default: a column is copied when the model's YAML documents it, and masked when
that says `cdp_pii`. A new copy takes the old one's place in one step; who holds the old
one open goes on reading it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp.errors import ConfigError
from cdp.privacy.masking import ensure_key, key_table, masked
from cdp.project import Node, load_project
from cdp.warehouse import Warehouse, open_warehouse, quoted, schema_name

__all__ = ["copy_tables", "public_tables", "write_read_copy"]

_SCHEMA = "cdp"  # whatever the target calls its own
_KEY = "cdp_masking_key"


@dataclass(frozen=True)
class _Shape:
    """A table of the copy. columns: name -> (type in DuckDB, SQL in the warehouse)."""

    name: str
    relation: str
    columns: dict[str, tuple[str, str]]


def write_read_copy(project_dir: Path, target: str, out: Path) -> dict[str, int]:
    """Write the copy to `out`. Returns rows by table. Raises ConfigError, WarehouseError."""
    project = load_project(project_dir, target)
    warehouse = open_warehouse(project_dir, target)
    try:
        return copy_tables(warehouse, public_tables(project.nodes.values(), target), out)
    finally:
        warehouse.close()


def public_tables(nodes: Iterable[Node], target: str) -> list[Node]:
    """The models of the public schema, by name."""
    schema = schema_name(_SCHEMA, target)
    found = [node for node in nodes if node.kind == "model" and node.schema == schema]
    return sorted(found, key=lambda node: node.table)


def copy_tables(warehouse: Warehouse, nodes: Iterable[Node], out: Path) -> dict[str, int]:
    """Copy those that are built, masked, in memory O(batch)."""
    ensure_key(warehouse)
    shapes = [_shape(warehouse, node) for node in nodes]
    shapes = [shape for shape in shapes if shape.columns]
    if not shapes:
        raise ConfigError("There is no public table yet. Run cdp build, then cdp read-copy.")
    with _swapped_in(out) as copy:
        copy.execute(f"create schema {quoted(_SCHEMA)}")
        return {shape.name: _copy(warehouse, shape, copy) for shape in shapes}


def _shape(warehouse: Warehouse, node: Node) -> _Shape:
    """The documented columns that exist; none when the table is not built."""
    columns: dict[str, tuple[str, str]] = {}
    for name, kind in warehouse.columns(node.schema, node.table).items():
        if name not in node.columns:
            continue
        if node.columns[name].is_pii:
            columns |= masked(name, kind, warehouse.dialect, _KEY)
        else:
            columns[name] = (kind, quoted(name))
    return _Shape(node.table, _relation(warehouse, node), columns)


def _relation(warehouse: Warehouse, node: Node) -> str:
    """Fully named: in a DuckDB file called after a schema, less would be ambiguous."""
    [[database]] = warehouse.query("select current_database()")
    return quoted(str(database), node.schema, node.table)


def _copy(warehouse: Warehouse, shape: _Shape, copy: duckdb.DuckDBPyConnection) -> int:
    table = quoted(_SCHEMA, shape.name)
    types = {name: _duckdb_type(kind) for name, (kind, _) in shape.columns.items()}
    declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())
    chosen = ", ".join(f"{sql} as {quoted(name)}" for name, (_, sql) in shape.columns.items())
    copy.execute(f"create table {table} ({declared})")
    pads = f"(select inner_pad, outer_pad from {key_table(warehouse.target)}) as {_KEY}"  # noqa: S608
    rows = 0
    for batch in warehouse.batches(f"select {chosen} from {shape.relation} cross join {pads}"):  # noqa: S608
        copy.register("_batch", batch)
        copy.execute(f"insert into {table} select * from _batch")  # noqa: S608
        copy.unregister("_batch")
        rows += batch.num_rows
    return rows


def _duckdb_type(kind: str) -> str:
    """DuckDB speaks Postgres' type names, but for these."""
    if kind in ("numeric", "decimal"):
        return "decimal(38, 6)"
    return "text" if kind in ("json", "jsonb") else kind


@contextmanager
def _swapped_in(out: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database that becomes `out` when all went well, and vanishes when not."""
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    connection = duckdb.connect(str(beside))
    try:
        yield connection
        connection.close()
        beside.replace(out)
    finally:
        connection.close()
        beside.unlink(missing_ok=True)
        beside.with_name(f"{beside.name}.wal").unlink(missing_ok=True)
