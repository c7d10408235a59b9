"""One small interface over the dbt profile's warehouse: DuckDB or Postgres.

SQL passes values as `?` parameters on both (no `?` may stand in a literal). Results come
as tuples or Arrow batches; times are UTC. Whatever the database refuses is raised as a
WarehouseError that repeats no value. A Warehouse belongs to one thread: open one each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cdp.errors import ConfigError
from cdp.warehouse._profile import (
    beside_prefix,
    is_beside,
    quoted,
    read_profile,
    schema_name,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Warehouse",
    "beside_prefix",
    "is_beside",
    "open_warehouse",
    "quoted",
    "read_profile",
    "schema_name",
]

_BATCH_ROWS = 50_000


class Warehouse(Protocol):
    """What the rest of the package may ask of a warehouse."""

    dialect: str
    target: str

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that is known to be small."""

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """A query's rows as Arrow batches of at most `rows`; memory O(rows).

        Reads what is committed, on a cursor of its own: statements, transactions too, may
        run between batches.
        """

    def append(self, table: str, data: pa.Table) -> None:
        """Add rows to an existing table, columns matched by name; `table` is quoted SQL.

        Scalar columns only. Text must be valid UTF-8 and, for Postgres, without NUL.
        """

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Column names and types in order; empty when there is no such table."""

    def transaction(self) -> AbstractContextManager[None]:
        """A context: all statements inside are kept, or none is. DuckDB nests none."""

    def close(self) -> None:
        """Let go of the connection."""


def open_warehouse(project_dir: Path, target: str, read_only: bool = False) -> Warehouse:
    """Connect to the warehouse that the dbt profile names; read_only refuses every write.

    Raises ConfigError for a profile we cannot use, WarehouseError when it cannot be opened.
    """
    profile = read_profile(project_dir, target)
    kind = profile.get("type")
    if kind == "duckdb":
        from cdp.warehouse._duckdb import DuckDB

        return DuckDB(project_dir, profile, target, read_only)
    if kind == "postgres":
        from cdp.warehouse._postgres import Postgres

        return Postgres(profile, target, read_only)
    raise ConfigError(f"CDP_WAREHOUSE is '{kind}'. The command cdp speaks duckdb and postgres.")
