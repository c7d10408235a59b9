"""The Postgres table on a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from cdp.destinations import postgres_table
from cdp.destinations._base import Batch, Delivery, NoAnswer, Row
from cdp.destinations.postgres_table import PostgresOptions, PostgresTable
from cdp.errors import ConfigError, FatalDestinationError, RecordRejected
from support.postgres import PostgresServer

FIELDS = {"email": "text", "orders": "integer", "last_on": "date"}
ANN = Row("p1", {"email": "ann@example.com", "orders": 3, "last_on": date(2017, 12, 31)})
BOB = Row("p2", {"email": None, "orders": None, "last_on": None})


@pytest.fixture
def database(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    name = postgres_server.create_database()
    address = (
        f"postgresql://{postgres_server.user}:{postgres_server.password}"
        f"@{postgres_server.host}:{postgres_server.port}/{name}"
    )
    monkeypatch.setenv("TEST_DSN", address)
    with postgres_server.connect(name) as connection:
        yield connection
    postgres_server.drop_database(name)


def table(mode: str = "mirror", create: bool = True, name: str = "crm.people") -> PostgresTable:
    delivery = Delivery("s", "s#1", name, mode, "service", "profile_id", FIELDS, Path())
    return PostgresTable(delivery, PostgresOptions(dsn_env="TEST_DSN", create=create))


def rows(database: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return database.execute("select * from crm.people order by profile_id").fetchall()


def test_create_update_remove(database: psycopg.Connection[tuple[object, ...]]) -> None:
    there = table()
    there.upsert(Batch("k1", (ANN, BOB)))
    assert rows(database) == [
        ("p1", "ann@example.com", 3, date(2017, 12, 31)), ("p2", None, None, None)
    ]  # fmt: skip
    there.upsert(Batch("k2", (Row("p2", BOB.fields | {"orders": 5}),)))
    there.remove(Batch("k3", (Row("p1", {}), Row("never there", {}))))
    assert rows(database) == [("p2", None, 5, None)]
    there.close()


def test_an_unchanged_row_is_not_written_again(
    database: psycopg.Connection[tuple[object, ...]],
) -> None:
    there = table()
    there.upsert(Batch("k1", (ANN,)))
    before = database.execute("select xmin from crm.people").fetchone()
    there.upsert(Batch("k1", (ANN,)))
    assert database.execute("select xmin from crm.people").fetchone() == before
    there.close()


def test_create_only_leaves_what_is_there(
    database: psycopg.Connection[tuple[object, ...]],
) -> None:
    there = table("create")
    there.upsert(Batch("k1", (ANN,)))
    there.upsert(Batch("k2", (Row("p1", ANN.fields | {"orders": 99}),)))
    assert rows(database)[0][2] == 3
    there.close()


def test_a_bad_value_rejects_its_batch_and_writes_nothing(
    database: psycopg.Connection[tuple[object, ...]],
) -> None:
    opened = table()
    assert not database.execute("select 1 from pg_namespace where nspname = 'crm'").fetchall()
    opened.remove(Batch("cdp_0", (Row("nobody", {}),)))  # the first write makes the table
    opened.close()
    database.execute("alter table crm.people add check (orders < 100)")
    there = table()
    with pytest.raises(RecordRejected) as raised:
        there.upsert(Batch("k1", (ANN, Row("p2", BOB.fields | {"orders": 100}))))
    assert raised.value.code == "23514"
    assert "ann@" not in str(raised.value)
    assert rows(database) == []
    there.close()


def test_what_is_missing_is_named_before_a_write(
    database: psycopg.Connection[tuple[object, ...]],
) -> None:
    with pytest.raises(ConfigError, match="no table crm"):
        table(create=False)
    database.execute("create schema crm")
    database.execute("create table crm.people (profile_id text primary key, email text)")
    with pytest.raises(ConfigError, match="no column 'orders'"):
        table()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("email", "integer"), ("orders", "boolean"), ("last_on", "bigint"), ("profile_id", "bigint")],
)
def test_a_retyped_column_is_named_before_a_write(
    database: psycopg.Connection[tuple[object, ...]], name: str, kind: str
) -> None:
    there = table()
    there.upsert(Batch("k1", (ANN,)))
    there.close()
    database.execute("delete from crm.people")
    database.execute(f"alter table crm.people alter {name} type {kind} using null")
    with pytest.raises(ConfigError, match=rf"column '{name}' of crm.people is {kind}"):
        table()


@pytest.mark.parametrize("kind", ["text", "varchar(20)", "numeric", "smallint"])
def test_a_column_that_takes_the_values_is_fine(
    database: psycopg.Connection[tuple[object, ...]], kind: str
) -> None:
    table().close()
    database.execute("create schema crm")
    database.execute(
        "create table crm.people "
        f"(profile_id text primary key, email text, orders {kind}, last_on timestamptz)"
    )
    there = table()
    there.upsert(Batch("k1", (ANN,)))
    there.close()
    assert str(rows(database)[0][2]) == "3"


def test_a_column_that_goes_in_mid_run_is_named_and_nothing_half_written(
    database: psycopg.Connection[tuple[object, ...]],
) -> None:
    there = table()
    there.upsert(Batch("k1", (ANN,)))
    database.execute("alter table crm.people drop column orders")
    with pytest.raises(FatalDestinationError, match=r'42703.*"orders"'):
        there.upsert(Batch("k2", (BOB,)))
    there.close()
    assert len(rows(database)) == 1


def test_a_table_without_a_key_is_named(
    database: psycopg.Connection[tuple[object, ...]],
) -> None:
    database.execute("create schema crm")
    database.execute(
        "create table crm.people (profile_id text, email text, orders int, last_on date)"
    )
    there = table()
    with pytest.raises(ConfigError, match="no unique key"):
        there.upsert(Batch("k1", (ANN,)))
    there.close()


def test_a_server_that_never_answers_is_left(
    database: psycopg.Connection[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is never given back stands for it; its own timeout is a minute away."""
    there = table()
    there.upsert(Batch("k1", (ANN,)))
    threads = threading.active_count()
    monkeypatch.setattr(postgres_table, "_LONGEST_CALL", 0.2)
    with database.transaction():
        database.execute("lock table crm.people in access exclusive mode")
        with pytest.raises(NoAnswer, match="the database went away"):
            there.upsert(Batch("k2", (BOB,)))
    assert threading.active_count() == threads
    assert len(rows(database)) == 1
    there.close()


def test_a_wrong_password_is_not_repeated(
    database: psycopg.Connection[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DSN", "postgresql://cdp:canary-secret@127.0.0.1:1/x")
    with pytest.raises(FatalDestinationError) as raised:
        table()
    assert "canary" not in str(raised.value)
