"""DuckDB: one file, one process at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from cdp.errors import ConfigError, WarehouseError
from cdp.warehouse._profile import quoted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DuckDB"]

# Their messages name tables, columns and files, never values.
_SAFE_TO_QUOTE = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
    duckdb.TransactionException,
)
# DuckDB calls the database after its file; cdp.cdp.x would be needed for cdp.x.
_OUR_SCHEMAS = ("cdp", "cdp_internal", "cdp_segments", "cdp_state", "cdp_masked")


class DuckDB:
    """See cdp.warehouse.Warehouse."""

    dialect = "duckdb"

    def __init__(
        self, project_dir: Path, profile: dict[str, Any], target: str, read_only: bool
    ) -> None:
        self.target = target
        path = _database_path(project_dir, str(profile.get("path") or ":memory:"))
        # As dbt does it: only `config_options` at the door, `settings` once inside. One
        # process may then hold both connections.
        try:
            self._connection = duckdb.connect(
                path, read_only=read_only, config=dict(profile.get("config_options") or {})
            )
        except duckdb.Error as error:
            raise WarehouseError(_trouble(Path(path), str(error))) from None
        for name, value in ({"TimeZone": "UTC"} | (profile.get("settings") or {})).items():
            self.execute(f"set {quoted(name)} = {_literal(value)}")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        with _translated(self._connection):
            self._connection.execute(sql, list(parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small query."""
        with _translated(self._connection):
            return self._connection.execute(sql, list(parameters)).fetchall()

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """A query's rows as Arrow batches, on a cursor of its own."""
        with self._connection.cursor() as cursor, _translated(cursor):
            yield from cursor.execute(sql, list(parameters)).to_arrow_reader(rows)

    def append(self, table: str, data: pa.Table) -> None:
        """Add rows, columns matched by name."""
        names = ", ".join(quoted(name) for name in data.column_names)
        self._connection.register("_cdp_appended", data)
        try:
            self.execute(
                f"insert into {table} ({names}) select {names} from _cdp_appended"  # noqa: S608
            )
        finally:
            self._connection.unregister("_cdp_appended")

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Column names and types in order."""
        ((database,),) = self.query("select current_database()")
        described = f"(describe {quoted(database, schema, table)})"
        try:  # information_schema.columns looks at every table: thirty times the cost
            found = self._connection.execute(f"select column_name, column_type from {described}")  # noqa: S608
        except duckdb.CatalogException:
            return {}
        return {name: kind.lower() for name, kind in found.fetchall()}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.execute("begin")
        try:
            yield
            self.execute("commit")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            self._connection.execute("rollback")
        except duckdb.TransactionException:
            return  # the failed commit has rolled back already

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _database_path(project_dir: Path, path: str) -> str:
    if path.startswith((":memory:", "md:", "motherduck:")):
        return path
    if Path(path).stem in _OUR_SCHEMAS:
        raise ConfigError(
            f"A DuckDB file called {Path(path).name} cannot have a schema {Path(path).stem}: its "
            "tables could not be told apart. Set CDP_DUCKDB_PATH to another name."
        )
    return str(project_dir / path)


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def _translated(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise WarehouseError(_explained(error)) from None
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        connection.interrupt()  # Ctrl-C leaves the query's tasks running, a rollback waits
        raise KeyboardInterrupt from None


def _explained(error: duckdb.Error) -> str:
    kind = type(error).__name__.removesuffix("Exception")
    first_line = str(error).splitlines()[0] if str(error) else kind
    if isinstance(error, duckdb.FatalException | duckdb.InternalException):
        return f"DuckDB failed ({kind}). Run the command again."
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"DuckDB needs more memory ({first_line}). Raise CDP_MEMORY_LIMIT."
    if isinstance(error, _SAFE_TO_QUOTE):
        return f"DuckDB refused a statement: {first_line}"
    return f"DuckDB refused a value ({kind} error). Look at the table's types."


def _trouble(path: Path, message: str) -> str:
    if held := re.search(r"PID (\d+)", message):
        return (
            f"{path.name} is open in another process (PID {held[1]}). Close that one, or read "
            "out/cdp_read.duckdb, which stays free."
        )
    if "Conflicting lock" in message or "lock on file" in message:
        return f"{path.name} is open in another process. Close that one, then run this again."
    if "not a valid DuckDB" in message or "version number" in message:
        return f"{path.name} is no DuckDB file of this version. Move it or set CDP_DUCKDB_PATH."
    if "does not exist" in message:
        return f"{path.name} does not exist yet. Run `make`, or set CDP_DUCKDB_PATH."
    return f"{path.name} cannot be opened ({message.splitlines()[0]}). Check CDP_DUCKDB_PATH."
