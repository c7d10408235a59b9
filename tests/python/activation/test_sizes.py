"""Rows that are too large, and tables that are too wide: what will not go is named alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import stamina

from activation.memory import Shop, installed
from activation.test_convergence import META
from activation.test_faults import to_webhook
from activation.world import Person, World
from cdp.activation import problems
from support.receiver import SECRET, Answer, Receiver, receiving

CROWD = [Person(f"p{number:03}", f"{number}@example.com") for number in range(100)]
MEGABYTE = "é" * 500_000 + "@example.com"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    with receiving() as found, stamina.set_testing(True, attempts=3, cap=True):
        yield found


@pytest.fixture
def shop() -> Iterator[Shop]:
    with installed() as found:
        yield found


def test_a_record_over_the_vendors_limit_is_refused_alone(world: World, receiver: Receiver) -> None:
    def weigh(message: dict[str, Any]) -> Answer | None:
        size = len(json.dumps(message, ensure_ascii=False).encode())
        return Answer(413, applied=False) if size > 256_000 else None

    receiver.script = weigh
    world.meta = to_webhook(receiver)
    world.people([*CROWD[:41], replace(CROWD[41], email=MEGABYTE), *CROWD[42:]])
    result = world.sync()
    assert (result.status, result.sent, result.rejected) == ("partial", 99, 1)
    assert receiver.people.keys() == {person.id for person in CROWD} - {"p041"}
    assert receiver.calls <= 1 + 2 * 7 + 1
    assert world.sync().planned == 0
    world.people(CROWD)
    assert world.sync().sent == 1


def test_a_field_of_a_megabyte_arrives_whole_where_it_is_taken(
    world: World, receiver: Receiver
) -> None:
    world.meta = to_webhook(receiver)
    world.people([replace(CROWD[0], email=MEGABYTE), CROWD[1]])
    assert world.sync().sent == 2
    assert receiver.people["p000"]["email"] == MEGABYTE
    assert MEGABYTE not in str(world.ledger.rows("select * from cdp_state.cdp_sync_ledger"))
    assert world.sync().planned == 0


def test_as_many_fields_as_a_sync_takes(world: World, shop: Shop) -> None:
    fields: dict[str, Any] = {f"field_{number}": "orders" for number in range(299)}
    world.meta = META | {"cdp_fields": fields | {"email": "email"}}
    world.people(CROWD[:3])
    assert world.sync().sent == 3
    assert len(shop.records["p000"]) == 300
    world.people([replace(CROWD[0], orders=7), *CROWD[1:3]])
    assert world.plan().facts()["changed_fields"] == dict.fromkeys(fields, 1)


def test_ten_thousand_fields_are_one_sentence(duckdb_world: World, shop: Shop) -> None:
    duckdb_world.meta = META | {"cdp_fields": dict.fromkeys(map(str, range(10_000)), "orders")}
    (problem,) = problems(duckdb_world.project)
    assert "cdp_fields has 10,000 fields, and a sync takes 300" in problem


def test_a_segment_as_wide_as_the_warehouse_allows(world: World, shop: Shop) -> None:
    """Columns that are not mapped cost nothing and change nothing."""
    width = 10_000 if world.warehouse.dialect == "duckdb" else 1_500
    others = ", ".join(f"1 as column_{number}" for number in range(width))
    world.meta = dict(META)
    world.people(CROWD)
    world.warehouse.execute(
        f"create table cdp_segments.wide as select *, {others} from cdp_segments.seg_people"
    )
    world.warehouse.execute("drop table cdp_segments.seg_people")
    world.warehouse.execute("alter table cdp_segments.wide rename to seg_people")
    assert world.sync().sent == 100
    world.warehouse.execute("update cdp_segments.seg_people set column_99 = 2")
    assert world.sync().planned == 0
