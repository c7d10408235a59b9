"""Postgres, by psycopg; rows go in by COPY."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import set_json_loads

from cdp.errors import WarehouseError
from cdp.warehouse._profile import quoted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Postgres"]

_COPY_ROWS = 20_000

# Classes of SQLSTATE whose messages name objects, never values: connection, transaction,
# privilege, syntax and names, resources, operator's hand.
_SAFE_TO_QUOTE = ("08", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")

# An unbounded numeric comes as decimal128 with so many places; more are rounded away.
_PLACES = 9


class Postgres:
    """See cdp.warehouse.Warehouse."""

    dialect = "postgres"

    def __init__(self, profile: dict[str, Any], target: str, read_only: bool = False) -> None:
        self.target = target
        try:
            self._connection: psycopg.Connection[Any] = psycopg.connect(
                host=profile["host"],
                port=profile["port"],
                user=profile["user"],
                password=profile.get("password") or profile.get("pass") or None,
                dbname=profile.get("dbname") or profile.get("database"),
                sslmode=profile.get("sslmode"),
                autocommit=True,
                connect_timeout=int(profile.get("connect_timeout") or 10),
                keepalives_idle=30,
                application_name="cdp",
                options="-c timezone=UTC -c client_min_messages=warning "
                f"-c default_transaction_read_only={'on' if read_only else 'off'}",
            )
        except psycopg.OperationalError as error:
            raise WarehouseError(_trouble(profile, str(error))) from None
        set_json_loads(_as_text, self._connection)

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection itself, for what is to be in one transaction with ours."""
        return self._connection

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        with _translated():
            self._connection.execute(*_psycopg(sql, parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small query."""
        with _translated():
            return self._connection.execute(*_psycopg(sql, parameters)).fetchall()

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """A query's rows as Arrow batches, by a held cursor on the server."""
        import pyarrow as pa

        with (
            _translated(),
            self._connection.cursor("cdp_batches", withhold=True) as cursor,
        ):
            cursor.execute(*_psycopg(sql, parameters))
            described = cursor.description or []
            schema = pa.schema([(column.name, _arrow_type(column)) for column in described])
            while chunk := cursor.fetchmany(rows):
                columns = zip(*chunk, strict=True)
                arrays = [
                    pa.array((_plain(value, field.type) for value in values), field.type)
                    for values, field in zip(columns, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def append(self, table: str, data: pa.Table) -> None:
        """Add rows, columns matched by name, in one COPY."""
        from pyarrow.csv import WriteOptions, write_csv

        names = ", ".join(quoted(name) for name in data.column_names)
        copying = f"copy {table} ({names}) from stdin with (format csv)"
        options = WriteOptions(include_header=False)
        with _translated(), self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            for batch in data.to_batches(max_chunksize=_COPY_ROWS):
                text = io.BytesIO()
                write_csv(batch, text, options)  # null is empty, empty text is ""
                copy.write(text.getbuffer())

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Column names and types in order, lengths and places included."""
        rows = self.query(
            "select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute "
            "join pg_catalog.pg_class on pg_class.oid = attrelid "
            "join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace "
            "where nspname = ? and relname = ? and attnum > 0 and not attisdropped "
            "order by attnum",
            (schema, table),
        )
        return dict(rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one inside another is a savepoint."""
        with _translated(), self._connection.transaction():
            yield

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _as_text(raw: str | bytes) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw


def _psycopg(sql: str, parameters: Sequence[object]) -> tuple[Any, ...]:
    if not parameters:
        return (sql,)
    return sql.replace("%", "%%").replace("?", "%s"), list(parameters)


def _arrow_type(column: psycopg.Column) -> pa.DataType:
    import pyarrow as pa

    if column.type_code == 1700:  # numeric
        if column.precision is None:
            return pa.decimal128(38, _PLACES)
        return pa.decimal128(column.precision, column.scale or 0)
    return {
        16: pa.bool_(),
        17: pa.binary(),
        20: pa.int64(),
        21: pa.int16(),
        23: pa.int32(),
        700: pa.float32(),
        701: pa.float64(),
        1082: pa.date32(),
        1114: pa.timestamp("us"),
        1184: pa.timestamp("us", tz="UTC"),
    }.get(column.type_code, pa.string())


def _plain(value: Any, kind: pa.DataType) -> Any:
    """`value` as pa.array takes it: rounded to the type's places; anything odd as text."""
    import pyarrow as pa

    if value is None:
        return None
    if isinstance(value, Decimal):
        return round(value, kind.scale) if value.is_finite() else None
    if pa.types.is_string(kind) and not isinstance(value, str):
        return (
            json.dumps(value, default=str, ensure_ascii=False)
            if isinstance(value, list | dict)
            else str(value)
        )
    return value


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise WarehouseError(_explained(error)) from None


def _explained(error: psycopg.Error) -> str:
    state, message = error.sqlstate or "", error.diag.message_primary
    if not state and isinstance(error, psycopg.OperationalError):
        return "Postgres closed the connection. See the server's log, then run this again."
    if state.startswith(_SAFE_TO_QUOTE):
        return f"Postgres refused a statement: {message} (SQLSTATE {state})."
    column = f" in the column {error.diag.column_name}" if error.diag.column_name else ""
    table = f" of {error.diag.table_name}" if error.diag.table_name else ""
    return f"Postgres refused a value{column}{table} ({type(error).__name__}, SQLSTATE {state})."


def _trouble(profile: dict[str, Any], message: str) -> str:
    where = f"{profile['host']}:{profile['port']}/{profile.get('dbname')}"
    if "does not exist" in message:
        return f"Postgres at {where} has no such database or user. Check CDP_PG_DATABASE."
    if "password" in message or "authentication" in message:
        return (
            f"Postgres at {where} refused the user {profile['user']}. "
            "Check CDP_PG_USER and DBT_ENV_SECRET_PG_PASSWORD."
        )
    if "too many" in message or "remaining connection slots" in message:
        return f"Postgres at {where} has no free connection. Lower CDP_THREADS, or wait."
    return f"Postgres at {where} cannot be reached. Check CDP_PG_HOST and CDP_PG_PORT."
