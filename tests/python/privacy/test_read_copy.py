"""The masked copy: what an analyst may see, and who may go on reading meanwhile."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp.errors import ConfigError, WarehouseError
from cdp.privacy.masking import ensure_key, masked
from cdp.privacy.read_copy import copy_tables, public_tables
from cdp.project import Column, Node
from cdp.warehouse import Warehouse

PLAIN, PII = False, True
COLUMNS = {
    "profile_id": PLAIN,
    "email": PII,
    "phone": PII,
    "first_name": PII,
    "birth_date": PII,
    "revenue": PLAIN,
    "seen_at": PLAIN,
    "not_built": PLAIN,
}


def node(name: str = "cdp_people", columns: dict[str, bool] | None = None) -> Node:
    documented = COLUMNS if columns is None else columns
    return Node(
        unique_id=f"model.cdp.{name}",
        name=name,
        package="cdp",
        kind="model",
        schema="cdp",
        table=name,
        path="",
        columns={name: Column(name, is_pii=is_pii) for name, is_pii in documented.items()},
    )


@pytest.fixture
def people(warehouse: Warehouse) -> Warehouse:
    warehouse.execute("create schema cdp")
    warehouse.execute(
        """
        create table cdp.cdp_people as
        select 'p1' as profile_id, 'änn@example.com' as email, '+15550101' as phone,
            'Änn' as first_name, cast('1980-05-17' as date) as birth_date,
            cast(12.5 as numeric(28, 6)) as revenue,
            cast('2018-01-01 06:00:00' as timestamp) as seen_at,
            'änn@example.com' as undocumented
        union all
        select 'p2', null, null, null, null, null, null, null
        """
    )
    return warehouse


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_people_are_masked_and_the_rest_stays(people: Warehouse, tmp_path: Path) -> None:
    out = tmp_path / "out" / "read.duckdb"
    assert copy_tables(people, [node()], out) == {"cdp_people": 2}
    [[inner]] = people.query("select inner_pad from cdp_state.cdp_masking_key")
    key = bytes(byte ^ 0x36 for byte in bytes.fromhex(inner))
    hashed = hmac.new(key, "änn@example.com".encode(), hashlib.sha256).hexdigest()
    [first, second] = rows(
        out,
        "select email, email_domain, first_name, cast(birth_date as text), "
        "cast(revenue as text), cast(seen_at as text) from cdp.cdp_people order by profile_id",
    )
    assert first == (
        hashed,
        "example.com",
        "Ä",
        "1980-01-01",
        "12.500000",
        "2018-01-01 06:00:00",
    )
    assert second == (None,) * 6


def test_an_undocumented_column_is_not_copied(people: Warehouse, tmp_path: Path) -> None:
    out = tmp_path / "read.duckdb"
    copy_tables(people, [node()], out)
    names = [name for name, *_ in rows(out, "describe cdp.cdp_people")]
    assert "undocumented" not in names
    assert "änn@example.com".encode() not in out.read_bytes()


def test_equal_values_have_equal_hashes_in_every_copy(people: Warehouse, tmp_path: Path) -> None:
    copies = [tmp_path / "one.duckdb", tmp_path / "two.duckdb"]
    for copy in copies:
        copy_tables(people, [node()], copy)
    one, two = (rows(copy, "select phone from cdp.cdp_people order by 1") for copy in copies)
    assert one == two


def test_a_reader_keeps_the_old_copy_while_a_new_one_comes(
    people: Warehouse, tmp_path: Path
) -> None:
    out = tmp_path / "read.duckdb"
    copy_tables(people, [node()], out)
    reader = duckdb.connect(str(out), read_only=True)
    people.execute("delete from cdp.cdp_people where profile_id = 'p2'")
    copy_tables(people, [node()], out)
    held = reader.execute("select count(*) from cdp.cdp_people").fetchall()
    reader.close()
    assert held == [(2,)]
    assert rows(out, "select count(*) from cdp.cdp_people") == [(1,)]
    assert [path.name for path in tmp_path.glob("*read.duckdb*")] == ["read.duckdb"]


def test_a_failure_half_way_leaves_the_old_copy(people: Warehouse, tmp_path: Path) -> None:
    out = tmp_path / "read.duckdb"
    copy_tables(people, [node()], out)
    people.execute(
        "create view cdp.cdp_wrong as select cast(email as integer) as x from cdp.cdp_people"
    )
    with pytest.raises(WarehouseError):
        copy_tables(people, [node(), node("cdp_wrong", {"x": PLAIN})], out)
    assert rows(out, "select count(*) from cdp.cdp_people") == [(2,)]
    assert [path.name for path in tmp_path.glob("*read.duckdb*")] == ["read.duckdb"]


def test_before_the_first_build_one_sentence_says_what_to_do(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="Run cdp build, then cdp read-copy"):
        copy_tables(warehouse, [node()], tmp_path / "read.duckdb")
    assert not (tmp_path / "read.duckdb").exists()


def test_the_key_is_drawn_once(warehouse: Warehouse) -> None:
    ensure_key(warehouse)
    before = warehouse.query("select * from cdp_state.cdp_masking_key")
    ensure_key(warehouse)
    assert warehouse.query("select * from cdp_state.cdp_masking_key") == before


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("email", "text", ["email", "email_domain"]),
        ("work_email", "text", ["work_email", "work_email_domain"]),
        ("phone", "text", ["phone"]),
        ("birth_date", "date", ["birth_date"]),
        ("last_name", "varchar", ["last_name"]),
    ],
)
def test_what_stands_for_a_column(name: str, kind: str, expected: list[str]) -> None:
    assert list(masked(name, kind, "duckdb", "k")) == expected


def test_only_models_of_the_public_schema_are_public() -> None:
    private = Node("model.cdp.x", "x", "cdp", "model", "cdp_internal", "x", "")
    assert public_tables([private, node()], "demo") == [node()]
