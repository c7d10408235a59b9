"""A table in the warehouse's own database: a batch and its rows of the ledger are one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from activation.world import Person, World
from cdp.activation.ledger import Ledger
from cdp.destinations import postgres_table
from support.postgres import PostgresServer
from support.project import Project

CROWD = [Person(f"p{number}", f"{number}@example.com", number) for number in range(7)]
TO_TABLE: dict[str, Any] = {
    "cdp_destination": "postgres_table",
    "cdp_object": "crm.people",
    "cdp_mode": "mirror",
    "cdp_purpose": "marketing_email",
    "cdp_fields": {"email": "email", "orders": "orders"},
    "cdp_options": {"dsn_env": "TEST_DSN", "create": True},
}


class Stopped(BaseException):
    """As if the process died there."""


@pytest.fixture
def world(postgres_project: Project, tmp_path: Path) -> Iterator[World]:
    warehouse = postgres_project.open()
    yield World(warehouse, tmp_path / "project", dict(TO_TABLE), "prod")
    warehouse.close()


def address(server: PostgresServer, database: str) -> str:
    return f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/{database}"


@pytest.fixture
def shared(world: World, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """The table is in the warehouse's database."""
    ((database,),) = world.warehouse.query("select current_database()")
    monkeypatch.setenv("TEST_DSN", address(postgres_server, database))
    world.people(CROWD)
    return world


@pytest.fixture
def apart(
    world: World, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[World, psycopg.Connection[Any]]]:
    """The table is in another database of the same server."""
    database = postgres_server.create_database()
    monkeypatch.setenv("TEST_DSN", address(postgres_server, database))
    world.people(CROWD)
    with postgres_server.connect(database) as connection:
        yield world, connection
    postgres_server.drop_database(database)


def table(world: World) -> set[str]:
    if not world.warehouse.columns("crm", "people"):
        return set()
    return {name for (name,) in world.warehouse.query("select profile_id from crm.people")}


def stop(*_: object) -> None:
    raise Stopped


def test_what_the_ledger_does_not_know_is_not_there(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "acknowledge", stop)
        with pytest.raises(Stopped):
            shared.sync()
    assert table(shared) == set()
    assert set(shared.statuses().values()) == {"aborted"}
    assert shared.sync().status == "succeeded"
    assert table(shared) == shared.held() == {person.id for person in CROWD}
    assert shared.sync().planned == 0


def test_elsewhere_it_is_unsure_and_is_sent_again(
    apart: tuple[World, psycopg.Connection[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, there = apart
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "acknowledge", stop)
        with pytest.raises(Stopped):
            world.sync()
    assert there.execute("select count(*) from crm.people").fetchone() == (7,)
    assert set(world.statuses().values()) == {"unknown"}
    assert world.sync().sent == 7


def test_a_bad_row_stands_alone(shared: World) -> None:
    shared.people(CROWD[:1])
    shared.sync()
    shared.warehouse.execute("alter table crm.people add check (orders <> 3)")
    shared.people(CROWD[1:])
    result = shared.sync()
    assert (result.status, result.sent, result.rejected) == ("partial", 6, 1)
    assert table(shared) == shared.held() == {"p1", "p2", "p4", "p5", "p6"}
    assert shared.statuses()["p3", "create"] == "rejected"


def test_a_table_that_is_busy_leaves_nothing_half_done(
    shared: World, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.people(CROWD[:3])
    shared.sync()
    shared.people(CROWD)
    monkeypatch.setattr(postgres_table, "_STATEMENT_MS", 200)
    ((database,),) = shared.warehouse.query("select current_database()")
    with postgres_server.connect(database) as other, other.transaction():
        other.execute("lock table crm.people in share mode")
        result = shared.sync()
    assert (result.status, result.sent) == ("failed", 0)
    assert "busy" in result.reason
    assert shared.statuses()["p5", "create"] == "aborted"
    assert shared.sync().sent == 4
    assert table(shared) == shared.held() == {person.id for person in CROWD}
