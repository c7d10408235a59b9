"""One small interface over the dbt profile's warehouse: DuckDB or Postgres.

SQL passes values as `?` parameters on both. Results come as tuples or Arrow batches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from cdp.errors import ConfigError, WarehouseError

if TYPE_CHECKING:
    import duckdb
    import psycopg
    import pyarrow as pa

__all__ = ["Warehouse", "open_warehouse", "quoted", "read_profile", "schema_name"]

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
        """A query's rows as Arrow batches of at most `rows`; memory O(rows)."""

    def append(self, table: str, data: pa.Table) -> None:
        """Add rows to an existing table, columns matched by name; `table` is quoted SQL."""

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Column names and types in order; empty when there is no such table."""

    def transaction(self) -> Any:
        """A context: all statements inside are kept, or none is."""

    def close(self) -> None:
        """Let go of the connection."""


def quoted(*parts: str) -> str:
    """A dotted SQL name from its parts, each quoted: quoted('cdp', 'order')."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def schema_name(name: str, target: str) -> str:
    """The schema as dbt names it on this target (see generate_schema_name.sql)."""
    prefix = os.environ.get("CDP_SCHEMA_PREFIX", "")
    if not prefix and target not in ("demo", "prod"):
        prefix = target
    return f"{prefix}_{name}" if prefix else name


def read_profile(project_dir: Path, target: str) -> dict[str, Any]:
    """The target's settings from profiles.yml, environment variables resolved.

    Looks where dbt looks: DBT_PROFILES_DIR, the project, ~/.dbt. Raises ConfigError.
    """
    from jinja2 import Environment, StrictUndefined
    from jinja2.nativetypes import NativeEnvironment

    path = _profiles_path(project_dir)
    project = yaml.safe_load((project_dir / "dbt_project.yml").read_text(encoding="utf-8"))
    profile = yaml.safe_load(path.read_text(encoding="utf-8")).get(project["profile"])
    if not profile or target not in profile.get("outputs", {}):
        known = ", ".join((profile or {}).get("outputs", {})) or "none"
        raise ConfigError(f"{path.name} has no target '{target}'. It has: {known}.")
    env: Environment = NativeEnvironment(undefined=StrictUndefined)
    env.globals["env_var"] = lambda name, default=None: _env_var(path, name, default)
    env.filters |= {"as_number": int, "as_bool": lambda text: str(text).lower() == "true"}
    return {key: _rendered(env, value) for key, value in profile["outputs"][target].items()}


def _profiles_path(project_dir: Path) -> Path:
    places = [os.environ.get("DBT_PROFILES_DIR"), project_dir, Path.home() / ".dbt"]
    for place in places:
        if place and (path := Path(place) / "profiles.yml").exists():
            return path
    raise ConfigError(f"No profiles.yml in {project_dir.resolve()}. Run cdp from the dbt project.")


def _env_var(path: Path, name: str, default: str | None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ConfigError(f"{path.name} needs the environment variable {name}. Set it.")
    return value


def _rendered(env: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rendered(env, inner) for key, inner in value.items()}
    if isinstance(value, str) and "{{" in value:
        return env.from_string(value).render()
    return value


def open_warehouse(project_dir: Path, target: str, read_only: bool = False) -> Warehouse:
    """Connect to the warehouse that the dbt profile names.

    Raises ConfigError for a profile we cannot use, WarehouseError when it cannot be opened.
    """
    profile = read_profile(project_dir, target)
    kind = profile.get("type")
    if kind == "duckdb":
        return _DuckDB(project_dir, profile, target, read_only)
    if kind == "postgres":
        return _Postgres(profile, target)
    raise ConfigError(f"CDP_WAREHOUSE is '{kind}'. The command cdp speaks duckdb and postgres.")


class _DuckDB:
    dialect = "duckdb"

    def __init__(
        self, project_dir: Path, profile: dict[str, Any], target: str, read_only: bool
    ) -> None:
        import duckdb

        self.target = target
        path = Path(str(profile["path"]))
        path = path if path.is_absolute() else project_dir / path
        settings = {key: value for key, value in (profile.get("settings") or {}).items()}
        try:
            self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
                str(path), read_only=read_only, config=settings
            )
        except duckdb.Error as error:
            raise WarehouseError(_duckdb_trouble(path, str(error))) from None

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._connection.execute(sql, list(parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, list(parameters)).fetchall()

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        reader = self._connection.cursor().execute(sql, list(parameters))
        yield from reader.to_arrow_reader(rows)

    def append(self, table: str, data: pa.Table) -> None:
        names = ", ".join(quoted(name) for name in data.column_names)
        self._connection.register("_appended", data)
        try:
            self._connection.execute(
                f"insert into {table} ({names}) select {names} from _appended"  # noqa: S608
            )
        finally:
            self._connection.unregister("_appended")

    def columns(self, schema: str, table: str) -> dict[str, str]:
        return _columns(self, schema, table)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("begin")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def close(self) -> None:
        self._connection.close()


class _Postgres:
    dialect = "postgres"

    def __init__(self, profile: dict[str, Any], target: str) -> None:
        import psycopg

        self.target = target
        try:
            self._connection: psycopg.Connection[Any] = psycopg.connect(
                host=profile["host"],
                port=profile["port"],
                user=profile["user"],
                password=profile.get("password") or None,
                dbname=profile["dbname"],
                autocommit=True,
                connect_timeout=10,
                options="-c timezone=UTC",
            )
        except psycopg.OperationalError as error:
            raise WarehouseError(_postgres_trouble(profile, str(error))) from None

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._connection.execute(*_psycopg(sql, parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(*_psycopg(sql, parameters)).fetchall()

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        with self._connection.transaction(), self._connection.cursor("cdp_batches") as cursor:
            cursor.execute(*_psycopg(sql, parameters))
            while chunk := cursor.fetchmany(rows):
                names = [column.name for column in cursor.description or ()]
                arrays = [pa.array(values) for values in zip(*chunk, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, names=names)

    def append(self, table: str, data: pa.Table) -> None:
        names = ", ".join(quoted(name) for name in data.column_names)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"copy {table} ({names}) from stdin") as copy,
        ):
            for row in _rows(data):
                copy.write_row(row)

    def columns(self, schema: str, table: str) -> dict[str, str]:
        return _columns(self, schema, table)

    def transaction(self) -> Any:
        return self._connection.transaction()

    def close(self) -> None:
        self._connection.close()


def _rows(data: pa.Table) -> Iterable[tuple[Any, ...]]:
    for batch in data.to_batches(max_chunksize=_BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _psycopg(sql: str, parameters: Sequence[object]) -> tuple[Any, ...]:
    if not parameters:
        return (sql,)
    return sql.replace("%", "%%").replace("?", "%s"), list(parameters)


def _columns(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    database = "current_database()"
    rows = warehouse.query(
        "select column_name, data_type from information_schema.columns "  # noqa: S608
        f"where table_catalog = {database} and table_schema = ? and table_name = ? "
        "order by ordinal_position",
        (schema, table),
    )
    return {str(name): str(kind).lower() for name, kind in rows}


def _duckdb_trouble(path: Path, message: str) -> str:
    if held := re.search(r"PID (\d+)", message):
        return (
            f"{path.name} is open in another process (PID {held[1]}). Close that one, or read "
            "out/cdp_read.duckdb, which stays free."
        )
    if "not a valid DuckDB" in message or "different version" in message:
        return f"{path.name} is no DuckDB file of this version. Move it or set CDP_DUCKDB_PATH."
    return f"{path.name} cannot be opened ({message.splitlines()[0]}). Check CDP_DUCKDB_PATH."


def _postgres_trouble(profile: dict[str, Any], message: str) -> str:
    where = f"{profile['host']}:{profile['port']}/{profile['dbname']}"
    if "password" in message or "authentication" in message:
        return (
            f"Postgres at {where} refused the user {profile['user']}. "
            "Check CDP_PG_USER and DBT_ENV_SECRET_PG_PASSWORD."
        )
    if "does not exist" in message:
        return f"Postgres at {where} has no such database or user. Check CDP_PG_DATABASE."
    return f"Postgres at {where} cannot be reached. Check CDP_PG_HOST and CDP_PG_PORT."
