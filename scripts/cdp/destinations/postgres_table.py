"""A table in a Postgres database, keyed by the match field.

Rows go into a temporary table by COPY, then `insert … on conflict … do update … where` they
differ: one statement a batch, all of it or nothing. Rows that others wrote stay: only keys
that the ledger knows are ever removed. Where the table is in the warehouse's own database,
under the same user, a batch is one transaction with its rows of the ledger.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import sql

from cdp.destinations._base import (
    Batch,
    Delivery,
    Destination,
    Fact,
    NoAnswer,
    Options,
    Outcome,
    Row,
)
from cdp.destinations._ending import ending, hang_up
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import ConfigError, FatalDestinationError, RecordRejected, RetriableError
from cdp.warehouse import Warehouse

__all__ = ["DESTINATION", "PostgresOptions", "PostgresTable"]

_TYPES = {
    "text": "text",
    "integer": "bigint",
    "float": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "json": "jsonb",
}
_WHOLE = {"smallint", "integer", "bigint"}
_NUMBERS = _WHOLE | {"numeric", "real", "double precision"}
_TIMES = {"date", "timestamp without time zone", "timestamp with time zone"}
# kind → types of columns that take none of its values, or only by losing a part of them
_REFUSING = {
    "text": _NUMBERS | _TIMES | {"boolean"},
    "integer": _TIMES | {"boolean", "uuid"},
    "float": _WHOLE | _TIMES | {"boolean", "uuid"},
    "boolean": _NUMBERS | _TIMES | {"uuid"},
    "date": _NUMBERS | {"boolean", "uuid"},
    "timestamp": _NUMBERS | {"boolean", "uuid", "date"},
    "json": _NUMBERS | _TIMES | {"boolean", "uuid"},
}
_SECONDS = 10
_STATEMENT_MS = 60_000
_LONGEST_CALL = 200.0  # seconds, for a server that takes statements and never answers


class PostgresOptions(Options):
    """dsn_env: the connection string (postgresql://…).
    create: make the table if it is not there. cdp_object names it: schema.table."""

    dsn_env: SecretName
    create: bool = False


class PostgresTable(Destination):
    """A table that another application reads."""

    title = "Postgres table"
    summary = "Each row is a row of a table, under the match field as its key."
    modes = frozenset({"upsert", "create", "mirror", "audience", "append"})
    options = PostgresOptions
    batch_rows = 5_000
    erases = "Deletes the person's rows. The server's backups and write-ahead log keep them."
    known_on = "2026-11-22"
    facts = (
        Fact("a batch is one transaction, all of it or nothing", "PostgreSQL manual"),
        Fact(
            "in the warehouse's own database, as the same user, it is one with the ledger's "
            "rows: each row is written once and known to be, whatever dies when",
            "this module; PostgreSQL manual, 3.4 Transactions",
        ),
    )
    verified = "PostgreSQL servers, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "postgres_table",
            "cdp_object": "crm.people",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "stage": "lifecycle_stage"},
            "cdp_options": {"dsn_env": "DBT_ENV_SECRET_CRM_DSN", "create": True},
        }
    )
    _options: PostgresOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: PostgresOptions) -> Iterator[str]:
        """The table is named schema.table."""
        if len([part for part in target_object.split(".") if part]) != 2:
            yield f"cdp_object is '{target_object}'. Name the table: schema.table."

    @classmethod
    def place(cls, target_object: str, options: PostgresOptions) -> str:
        """The variable that names the database, and the table."""
        return f"postgres_table:{options.dsn_env}/{target_object}"

    def __init__(self, delivery: Delivery, options: PostgresOptions) -> None:
        super().__init__(delivery, options)
        self._key = delivery.match
        self._columns = {self._key: "text"} | self._kinds() | {self._key: "text"}
        self._schema, self._name = delivery.target_object.split(".")
        self._table = sql.Identifier(self._schema, self._name)
        self._connection = _connect(options.dsn_env)
        self._line = socket.socket(fileno=os.dup(self._connection.fileno()))
        self._is_ready = self._is_joined = False
        try:
            with self._call():
                found = self._found_columns()
                if found or not options.create:
                    self._check(found)
        except BaseException:
            self.close()
            raise

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Insert, or overwrite where a mapped column differs."""
        self._get_ready()
        with self._call(), self._connection.transaction():
            rows = [self._cells(row) | {self._key: row.id} for row in batch.rows]
            names = list(self._columns)
            self._copy(names, [[row.get(name) for name in names] for row in rows])
            self._connection.execute(self._merge())
        return [Outcome("acknowledged") for _ in batch.rows]

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Delete by key."""
        statement = sql.SQL(
            "delete from {table} as kept using cdp_arrivals where kept.{key} = cdp_arrivals.{key}"
        ).format(table=self._table, key=sql.Identifier(self._key))
        self._get_ready()
        with self._call(), self._connection.transaction():
            self._copy([self._key], [[row.id] for row in batch.rows])
            self._connection.execute(statement)
        return [Outcome("acknowledged") for _ in batch.rows]

    def join(self, warehouse: Warehouse) -> bool:
        """Go over to the warehouse's connection, if it is of the same database and user."""
        theirs = getattr(warehouse, "connection", None)
        if not isinstance(theirs, psycopg.Connection):
            return False
        with self._call():
            if _whereabouts(theirs) != _whereabouts(self._connection):
                return False
        self.close()
        self._connection, self._is_joined = theirs, True
        return True

    def close(self) -> None:
        """Close the connection, but for one that is the warehouse's."""
        if not self._is_joined:
            self._connection.close()
            self._line.close()

    def _kinds(self) -> dict[str, str]:
        """The columns beside the key, and what they hold."""
        return dict(self._delivery.fields)

    def _cells(self, row: Row) -> dict[str, Any]:
        """The row in these columns."""
        return dict(row.fields)

    @contextmanager
    def _call(self) -> Iterator[None]:
        if self._is_joined:  # in a transaction of the ledger's
            with _told_apart():
                self._connection.execute(f"set local statement_timeout = {_STATEMENT_MS}")
                yield
            return
        with _told_apart(), ending(_LONGEST_CALL, lambda: hang_up(self._line)):
            yield

    def _create(self) -> None:
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_TYPES[kind]))
            for name, kind in self._columns.items()
        )
        self._connection.execute(
            sql.SQL("create schema if not exists {}").format(sql.Identifier(self._schema))
        )
        self._connection.execute(
            sql.SQL("create table if not exists {} ({}, primary key ({}))").format(
                self._table, columns, sql.Identifier(self._key)
            )
        )

    def _get_ready(self) -> None:
        """Make what the first write needs; opening alone writes nothing."""
        if self._is_ready:
            return
        with self._call():
            if self._options.create:
                self._create()
            self._create_arrivals()
        self._is_ready = True

    def _found_columns(self) -> dict[str, str]:
        rows = self._connection.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = %s and table_name = %s",
            (self._schema, self._name),
        ).fetchall()
        return dict(rows)

    def _check(self, found: Mapping[str, str]) -> None:
        """Name what the table lacks, or holds as something else, before the first write."""
        table = self._delivery.target_object
        if not found:
            raise ConfigError(f"There is no table {table}. Make it, or say create: true.")
        for name, kind in self._columns.items():
            if name not in found:
                raise ConfigError(
                    f"The table {table} has no column '{name}'. Add it, or drop the field from "
                    "cdp_fields."
                )
            if found[name] in _REFUSING.get(kind, ()):
                raise ConfigError(
                    f"The column '{name}' of {table} is {found[name]}, which takes no {kind}. "
                    "Change its type, or map another column."
                )

    def _create_arrivals(self) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, self._columns))
        self._connection.execute("drop table if exists pg_temp.cdp_arrivals")
        self._connection.execute(
            sql.SQL("create temporary table cdp_arrivals as select {} from {} limit 0").format(
                names, self._table
            )
        )

    def _copy(self, columns: Sequence[str], rows: list[list[Any]]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        copying = sql.SQL("copy cdp_arrivals ({}) from stdin").format(names)
        self._connection.execute("truncate cdp_arrivals")
        with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row([_cell(value) for value in row])

    def _merge(self) -> sql.Composed:
        fixed = {self._key, *self._delivery.set_once}
        others = [name for name in self._columns if name not in fixed]
        names = sql.SQL(", ").join(map(sql.Identifier, self._columns))
        statement = sql.SQL(
            "insert into {table} as kept ({names}) select {names} from cdp_arrivals "
            "on conflict ({key}) "
        ).format(table=self._table, names=names, key=sql.Identifier(self._key))
        if not others or self._delivery.mode in ("create", "append"):
            return statement + sql.SQL("do nothing")
        return statement + sql.SQL("do update set {} where ({}) is distinct from ({})").format(
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), self._new(name)) for name in others
            ),
            sql.SQL(", ").join(sql.Identifier("kept", name) for name in others),
            sql.SQL(", ").join(map(self._new, others)),
        )

    def _new(self, name: str) -> sql.Composable:
        """The arriving value, or what is there where a null is to leave it."""
        arriving = sql.Identifier("excluded", name)
        if name not in self._delivery.skip_null:
            return arriving
        return sql.SQL("coalesce({}, {})").format(arriving, sql.Identifier("kept", name))


def _cell(value: Any) -> Any:
    return value.replace("\x00", "") if isinstance(value, str) else value


def _whereabouts(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Server, database and user: what two connections to the same place have in common."""
    (found,) = connection.execute(
        "select pg_postmaster_start_time(), oid, current_user "
        "from pg_catalog.pg_database where datname = current_database()"
    )
    return tuple(found)


def _connect(name: str) -> psycopg.Connection[Any]:
    address = read_secret(name, "The database's address")
    try:
        return psycopg.connect(
            address,
            autocommit=True,
            connect_timeout=_SECONDS,
            application_name="cdp",
            options=f"-c timezone=UTC -c statement_timeout={_STATEMENT_MS}",
        )
    except (psycopg.OperationalError, psycopg.ProgrammingError):
        raise FatalDestinationError(
            f"The database that {name} names cannot be opened. Check its address and password."
        ) from None


class _told_apart:  # noqa: N801 - reads as a context
    """Database errors as what the runner should do; none repeats a value.

    A batch is one transaction: an error that the server reports has rolled it back.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, psycopg.Error):
            return
        state = error.sqlstate or ""
        if not state or state.startswith(("08", "57P")):
            raise NoAnswer("the database went away") from None
        if state.startswith(("40", "53", "55", "57")):
            raise RetriableError(f"the database is busy ({state})") from None
        if state.startswith(("21", "22", "23")):  # a key twice, a bad value, a constraint
            raise RecordRejected(f"the database refused a value ({state})", state) from None
        if state == "42P10":
            raise ConfigError("The table has no unique key on the match field. Add one.") from None
        # Messages of this class name tables and columns, never values.
        why = f": {error.diag.message_primary}" if state.startswith("42") else ""
        raise FatalDestinationError(f"the database refused the statement ({state}){why}") from None


DESTINATION = PostgresTable
