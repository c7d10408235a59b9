"""The look-ups as docs/lookup.md shows them: a site reads what the last run said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.postgres_table import PostgresOptions
from cdp.destinations.profile_json import ProfileJson, ProfileJsonOptions
from cdp.destinations.profile_table import ProfileTable
from cdp.errors import FatalDestinationError
from support.postgres import PostgresServer
from support.project import ROOT

SQL = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/lookup.md").read_text(), re.S)
GUEST = Row("u1", {"user_id": "u1", "stage": "lapsed", "orders": None})


@pytest.fixture
def site(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection[Any]]:
    name = postgres_server.create_database()
    login = f"{postgres_server.user}:{postgres_server.password}"
    place = f"{postgres_server.host}:{postgres_server.port}/{name}"
    monkeypatch.setenv("TEST_DSN", f"postgresql://{login}@{place}")
    with postgres_server.connect(name) as connection:
        yield connection
        connection.execute("drop owned by website; drop role website")
    postgres_server.drop_database(name)


def delivery(fields: dict[str, str], root: Path = Path()) -> Delivery:
    return Delivery("s", "s#1", "site.profiles", "mirror", "service", "user_id", fields, root)


def test_a_site_reads_the_table_by_key(site: psycopg.Connection[Any]) -> None:
    fields = {"user_id": "text", "stage": "text", "orders": "integer"}
    there = ProfileTable(delivery(fields), PostgresOptions(dsn_env="TEST_DSN", create=True))
    there.upsert(Batch("k1", (GUEST,)))
    site.execute(SQL[0])
    site.execute("set role website")
    assert site.execute(SQL[1]).fetchone() == (dict(GUEST.fields),)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        site.execute("delete from site.profiles")
    there.erase([Person("u1")])
    assert site.execute(SQL[1]).fetchone() is None
    site.execute("reset role")
    there.close()


def test_a_new_field_needs_no_new_column(site: psycopg.Connection[Any]) -> None:
    for fields in ({"stage": "text"}, {"stage": "text", "score": "float"}):
        there = ProfileTable(delivery(fields), PostgresOptions(dsn_env="TEST_DSN", create=True))
        there.upsert(Batch("k", (Row("u1", dict.fromkeys(fields, 1)),)))
        there.close()
    site.execute(SQL[0])
    assert site.execute(SQL[1]).fetchone() == ({"stage": 1, "score": 1},)


def documents(root: Path, path: str = "site/profiles") -> ProfileJson:
    return ProfileJson(delivery({"stage": "text"}, root), ProfileJsonOptions(path=path))


def test_a_key_is_a_name_whatever_is_in_it(tmp_path: Path) -> None:
    there = documents(tmp_path)
    keys = ["u1", "../u2", "a/b", ".", "Ann Ő", "%2e"]
    there.upsert(Batch("k", tuple(Row(key, {"stage": "new"}) for key in keys)))
    found = [json.loads(path.read_text()) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(item["user_id"] for item in found) == sorted(keys)
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path / "site" / "profiles"}
    there.remove(Batch("k", tuple(Row(key, {}) for key in keys)))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    there.close()


def test_a_key_that_makes_no_name_is_refused(tmp_path: Path) -> None:
    refusal = documents(tmp_path).refusal(Row("x" * 201, {}))
    assert refusal is not None
    assert refusal.code == "too_long"


def test_what_cannot_be_written_is_told_apart(tmp_path: Path) -> None:
    """One among others comes again; where none can be written, the sync stops."""
    (tmp_path / "site" / "profiles" / "u2.json" / "in the way").mkdir(parents=True)
    there = documents(tmp_path)
    bad, good = Row("u2", {"stage": "new"}), Row("u1", {"stage": "new"})
    outcomes = there.upsert(Batch("k", (good, bad)))
    assert [outcome.status for outcome in outcomes] == ["acknowledged", "unknown"]
    with pytest.raises(FatalDestinationError):
        there.upsert(Batch("k", (bad,)))


@pytest.mark.parametrize("path", ["/srv/x", "a/../../b", "http://x/y", "s3:///x"])
def test_places_that_are_none(path: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ProfileJsonOptions(path=path)
