"""Clocks that jump: nothing is skipped, nothing is sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from activation.memory import Shop, installed
from activation.test_convergence import META
from activation.test_gate import entered, stopped
from activation.world import Person, World
from cdp.activation import lock
from cdp.activation.lock import utc_now
from cdp.destinations._base import Batch
from cdp.destinations._http import _retry_after

CROWD = [Person(f"p{number}", f"{number}@example.com", 0) for number in range(6)]
JUMPS = [
    datetime(2018, 3, 11, 6, 59, 58),  # in New York, two seconds before the leap of spring
    datetime(2018, 3, 11, 9, 0),
    datetime(2018, 3, 11, 7, 0),  # two hours back
    datetime(2018, 11, 4, 5, 30),  # autumn: that hour comes twice
    datetime(2018, 11, 4, 6, 30),
    datetime(2038, 1, 19, 3, 14, 8),  # past the last second of 32 bits
    datetime(2018, 11, 4, 6, 31),
]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with installed() as found:
        yield found


def test_every_change_is_sent_once_whatever_the_clock_says(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD)
    world.sync()
    for day, moment in enumerate(JUMPS, start=1):
        world.now = moment
        assert world.sync().planned == 0
        world.people([replace(CROWD[0], orders=day), *CROWD[1:]])
        shop.faults[:] = ["lost, no answer"]
        assert world.sync().sent == 0
        assert world.sync().sent == 1
        assert shop.records["p0"]["orders"] == day
    latest = "select sync, status, run_number from cdp_state.cdp_sync_runs order by run_number desc"
    assert world.warehouse.query(latest)[0] == ("people_to_x", "succeeded", 1 + 3 * len(JUMPS))


@pytest.mark.parametrize("hours", [2, -2])
def test_a_dead_run_is_followed_whichever_way_the_clock_went(
    world: World, shop: Shop, hours: int
) -> None:
    world.meta = dict(META)
    world.people(CROWD)
    world.ledger.start(world.spec, "", None)
    world.warehouse.execute(
        "update cdp_state.cdp_sync_locks set owner = ?", (f"{lock.socket.gethostname()}:999999:x",)
    )
    world.now += timedelta(hours=hours)
    assert world.sync().sent == 6


def test_a_run_that_slept_past_its_lock_leaves_the_field_to_the_next(
    world: World, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its second batch is answered when another run has removed one of its first, and ended."""
    world.meta = dict(META)
    world.people(CROWD)
    mine = lock._OWNER

    def sleep(batch: Batch) -> None:
        if "p4" not in {row.id for row in batch.rows}:
            return
        shop.before_upsert = lambda batch: None
        world.now += timedelta(hours=2)
        monkeypatch.setattr(lock, "_OWNER", "elsewhere:1:x")
        world.people(CROWD[1:])
        assert (world.sync().sent, shop.removed) == (3, 1)  # p4 and p5 once more, under their key
        monkeypatch.setattr(lock, "_OWNER", mine)

    shop.before_upsert = sleep
    assert world.sync().status == "partial"
    assert world.held() == shop.records.keys() == {person.id for person in CROWD[1:]}
    assert len(set(shop.keys)) == 3
    assert world.sync().planned == 0


def test_a_refusal_by_hand_holds_after_the_clock_went_back(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD[:5])
    world.warehouse.execute("create table cdp.cdp_identity_map (profile_id text)")
    world.warehouse.execute("insert into cdp.cdp_identity_map values ('p1')")
    entered(world, "granted")
    world.now -= timedelta(hours=2)
    entered(world, "withdrawn")
    assert stopped(world, world.project) == {"p1": "objection"}


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "UTC"])
def test_the_machines_zone_does_not_matter(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    try:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert abs(utc_now() - datetime.now(UTC).replace(tzinfo=None)) < timedelta(seconds=5)
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        assert _retry_after(httpx.Headers({"retry-after": moment})) == pytest.approx(30, abs=2)
        late = "Tue, 19 Jan 2038 03:14:08 GMT"
        assert _retry_after(httpx.Headers({"retry-after": late})) == 60
    finally:
        monkeypatch.undo()
        time.tzset()
