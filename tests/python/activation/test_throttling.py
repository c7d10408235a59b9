"""Busy and broken servers, with a clock of the test's own: waits are as asked for, and grow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from activation.test_faults import to_webhook
from activation.world import Person, World
from cdp.activation.session import Session
from cdp.destinations import _accounts
from support.receiver import SECRET, Answer, Receiver, receiving

CROWD = [Person(f"p{number:03}", f"{number}@example.com") for number in range(100)]


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "sleep", found.sleep)
    return found


Receive = Callable[[], Receiver]


@pytest.fixture
def receive(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receive]:
    """Receivers whose accounts live by the clock."""
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    with ExitStack() as stack:

        def open_one() -> Receiver:
            found = stack.enter_context(receiving())
            name = f"webhook:{urlsplit(found.url).netloc}"
            shared = _accounts.Account(name, [], clock, clock.sleep)
            monkeypatch.setitem(_accounts._accounts, name, shared)
            return found

        yield open_one


def in_half_a_minute() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7, 7), ("in half a minute", 28, 30), ("86400", 60, 60), ("99999999999", 60, 60),
        ("-3", 0, 0), ("soon", 0.5, 1), ("1e400", 0.5, 1), (None, 0.5, 1),
        ("Tue, 19 Jan 2038 03:14:08 GMT", 60, 60), ("Sat, 01 Jan 2000 00:00:00 GMT", 0, 0),
    ],
)  # fmt: skip
def test_a_busy_server_is_left_alone_as_long_as_it_says(
    duckdb_world: World,
    receive: Receive,
    clock: Clock,
    retry_after: str | None,
    least: float,
    most: float,
) -> None:
    receiver = receive()
    given = in_half_a_minute() if retry_after == "in half a minute" else retry_after
    headers = {} if given is None else {"retry-after": given}
    receiver.script = lambda message: Answer(429, headers=headers) if receiver.calls == 1 else None
    duckdb_world.meta = to_webhook(receiver)
    duckdb_world.people(CROWD)
    began = clock.now
    assert duckdb_world.sync().sent == 100
    assert least <= clock.now - began <= most + 0.01
    assert (receiver.calls, receiver.applied_twice) == (2, 0)


def test_every_third_call_fails_for_a_minute(world: World, receive: Receive, clock: Clock) -> None:
    """It converges; each wait is longer than the one before, and no two are the same."""
    dice, receiver, until = random.Random(4), receive(), clock.now + 60

    def stumble(message: dict[str, Any]) -> Answer | None:
        clock.now += 0.5
        if clock.now > until or dice.random() > 0.3:
            return None
        return Answer(dice.choice([500, 502, 503]), applied=dice.random() < 0.5)

    receiver.script = stumble
    world.meta = to_webhook(receiver, batch_rows=5)
    for orders in range(4):
        world.people(replace(person, orders=orders) for person in CROWD)
        while world.sync().planned:
            pass
    assert clock.now > until
    assert receiver.people == {p.id: {"email": p.email, "orders": 3} for p in CROWD}
    waits = [wait for wait in clock.slept if wait > 0]
    assert len(waits) > 10
    assert len(set(waits)) == len(waits)
    assert all(0.5 <= wait <= 60 for wait in waits)


def test_a_server_that_is_down_is_asked_ever_less_often_and_others_do_not_wait(
    world: World, receive: Receive, clock: Clock
) -> None:
    down, up = receive(), receive()
    down.script = lambda message: Answer(500, applied=False)
    world.people(CROWD)
    (only,) = world.project.exposures
    exposures = tuple(
        replace(only, name=name, meta=to_webhook(receiver))
        for name, receiver in (("a_down", down), ("b_up", up))
    )
    results = Session(replace(world.project, exposures=exposures), world.ledger).sync()
    assert [(result.status, result.sent) for result in results] == [
        ("failed", 0),
        ("succeeded", 100),
    ]
    assert (down.calls, up.calls) == (5, 1)
    assert len(clock.slept) == 4  # between the five attempts at the first alone
    for number, wait in enumerate(clock.slept):
        assert 0.5 * 2**number <= wait <= 0.5 * 2**number + 0.5
    # While it counts as down, one attempt is enough.
    Session(replace(world.project, exposures=exposures[:1]), world.ledger).sync()
    assert down.calls == 6


def test_a_secret_that_changes_in_mid_run(
    world: World, receive: Receive, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """401 stops at once; what was confirmed stays so, and the new secret brings the rest."""
    receiver, another = receive(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

    def rotate(message: dict[str, Any]) -> None:
        receiver.secret = another if receiver.calls == 2 else receiver.secret

    receiver.script = rotate
    world.meta = to_webhook(receiver, batch_rows=25)
    world.people(CROWD)
    result = world.sync()
    assert (result.status, result.sent) == ("partial", 50)
    assert "answered 401" in result.reason
    assert (receiver.calls, receiver.forged, clock.slept) == (2, 1, [])
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", another)
    assert world.sync().sent == 50
    assert (receiver.calls, receiver.applied_twice, len(receiver.people)) == (4, 0, 100)


def test_from_a_target_that_is_not_live_nothing_reaches_the_account(
    world: World, receive: Receive
) -> None:
    receiver = receive()
    world.meta = {name: value for name, value in to_webhook(receiver).items()}
    del world.meta["cdp_sandbox"]
    world.people(CROWD)
    assert world.sync().sent == 100
    assert receiver.calls == 0
    assert len(list((world.root / "out" / "sandbox" / "people_to_x").glob("*.csv"))) == 1
    world.target = "prod"  # the same account, on a live one
    assert world.plan().facts()["create"] == 100
    assert world.sync().sent == 100
    assert receiver.calls == 1
