"""Syncs to a real server over real processes: rejections, kills, two at once, secrets."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import stamina

from activation.child import begin
from activation.world import FILES, Person, World
from cdp.activation import show
from cdp.activation.ledger import Ledger
from cdp.activation.session import Session
from support.receiver import SECRET, Answer, Receiver, receiving

CROWD = [Person(f"p{number:03}", f"{number}@example.com") for number in range(100)]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    with receiving() as found, stamina.set_testing(True, attempts=10, cap=True):
        yield found


def to_webhook(receiver: Receiver, **options: Any) -> dict[str, Any]:
    address = {"url": receiver.url, "secret_env": "TEST_WEBHOOK_SECRET", "allow_private": True}
    return {
        "cdp_destination": "webhook",
        "cdp_mode": "mirror",
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email", "orders": "orders"},
        "cdp_options": address | options,
        "cdp_sandbox": address | options,
    }


def test_seven_of_a_hundred_rejected(world: World, receiver: Receiver) -> None:
    bad = [person.id for person in CROWD[::15]]
    body = {"rejected": [{"id": name, "code": "no_such_country"} for name in bad]}
    receiver.script = lambda message: Answer(body=json.dumps(body).encode())
    world.meta = to_webhook(receiver)
    world.people(CROWD)
    result = world.sync()
    assert (result.status, result.sent, result.rejected) == ("partial", 93, 7)
    assert receiver.people.keys() == {person.id for person in CROWD} - set(bad)
    codes = world.warehouse.query(
        "select status, code, count(*) from cdp_state.cdp_sync_ledger group by 1, 2 order by 1"
    )
    assert codes == [("acknowledged", None, 93), ("rejected", "no_such_country", 7)]


def test_a_down_destination_converges_later(world: World, receiver: Receiver) -> None:
    world.meta = to_webhook(receiver, batch_rows=30)
    world.people(CROWD)
    receiver.script = lambda message: Answer(500) if receiver.calls > 2 else None
    assert world.sync().status == "partial"
    assert len(receiver.people) == 60
    receiver.script = lambda message: None
    assert world.sync().sent == 40
    assert receiver.people.keys() == {person.id for person in CROWD}
    assert world.sync().planned == 0


@pytest.mark.parametrize("fatal_call", [1, 3])
def test_killed_and_started_again(
    project: Any, tmp_path: Path, receiver: Receiver, fatal_call: int
) -> None:
    """kill -9 after a batch was applied and before its answer was read."""
    warehouse = project.open()
    world = World(warehouse, tmp_path / "project", to_webhook(receiver, batch_rows=25))
    world.people(CROWD)
    warehouse.close()
    running: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def kill(message: dict[str, Any]) -> Answer | None:
        if receiver.calls != fatal_call:
            return None
        started.wait()
        running[0].send_signal(signal.SIGKILL)
        running[0].wait()
        return Answer(drop=True)

    receiver.script = kill
    running.append(begin(project.directory, world))
    started.set()
    assert running[0].communicate(timeout=60)[0] == ""
    assert running[0].returncode == -signal.SIGKILL
    receiver.script = lambda message: None
    second = begin(project.directory, world)
    assert second.communicate(timeout=60)[0].strip() == "succeeded"
    assert receiver.people.keys() == {person.id for person in CROWD}
    assert receiver.calls == 5  # four batches, and the killed one again under its key
    assert receiver.applied_twice == 1


def test_the_warehouses_disk_is_full(
    duckdb_project: Any, tmp_path: Path, receiver: Receiver
) -> None:
    """Nothing leaves that could not be written down; with room again, all of it does."""
    warehouse = duckdb_project.open()
    world = World(warehouse, tmp_path / "project", to_webhook(receiver))
    world.people(CROWD)
    warehouse.close()
    full = begin(duckdb_project.directory, world, disk=8_192)
    said = full.communicate(timeout=60)[0]
    assert "succeeded" not in said
    assert receiver.calls == 0
    room = begin(duckdb_project.directory, world)
    assert room.communicate(timeout=60)[0].strip() == "succeeded"
    assert receiver.people.keys() == {person.id for person in CROWD}


@pytest.mark.parametrize("path", ["out/people.csv", "out/people.parquet"])
def test_the_disk_for_the_files_is_full(postgres_project: Any, tmp_path: Path, path: str) -> None:
    """The file of yesterday stands, and no half of today's; the warehouse is elsewhere."""
    warehouse = postgres_project.open()
    world = World(warehouse, tmp_path / "project", FILES | {"cdp_options": {"path": path}})
    world.people(CROWD)
    assert world.sync().sent == 100
    before = {file.name: file.read_bytes() for file in (world.root / "out").iterdir()}
    crowd = [Person(f"q{number:05}", f"{number * 7919}@example.com") for number in range(20_000)]
    world.people(crowd + CROWD)
    full = begin(postgres_project.directory, world, disk=50_000)
    assert full.communicate(timeout=60)[0].strip() == "failed"
    assert {file.name: file.read_bytes() for file in (world.root / "out").iterdir()} == before
    ((error,),) = warehouse.query(
        "select error from cdp_state.cdp_sync_runs where status = 'failed'"
    )
    assert "people." in error and "File too large" in error
    assert world.sync().sent == 20_000
    warehouse.close()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_in_the_midst_of_a_larger_plan(
    project: Any, tmp_path: Path, receiver: Receiver, jobs: int
) -> None:
    """The call under way may or may not have been taken; the rest waits for the next run."""
    warehouse = project.open()
    world = World(warehouse, tmp_path / "project", to_webhook(receiver, batch_rows=50))
    crowd = [Person(f"p{number:04}", f"{number}@example.com") for number in range(1_000)]
    world.people(crowd)

    def press(message: dict[str, Any]) -> None:
        if receiver.calls == 5:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    receiver.script = press
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            Session(world.project, world.ledger, partial(another, project, world), jobs).sync()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(receiver.people) in (200, 250, 300)
    runs = "select status, error from cdp_state.cdp_sync_runs"
    assert warehouse.query(runs) == [("failed", "interrupted")]
    assert warehouse.query("select * from cdp_state.cdp_sync_locks") == []
    receiver.script = lambda message: None
    assert world.sync().sent >= 700
    assert receiver.people.keys() == {person.id for person in crowd}
    assert receiver.applied_twice <= 1
    assert world.sync().planned == 0
    warehouse.close()


@contextmanager
def another(project: Any, world: World) -> Iterator[Ledger]:
    """A connection of its own for each of several syncs."""
    opened = project.open()
    try:
        yield Ledger(opened, world.ledger.clock)
    finally:
        opened.close()


def test_two_processes_at_once(postgres_project: Any, tmp_path: Path, receiver: Receiver) -> None:
    warehouse = postgres_project.open()
    world = World(
        warehouse, tmp_path / "project", to_webhook(receiver, batch_rows=10, timeout_seconds=100)
    )
    world.people(CROWD)
    others: list[str] = []

    def meanwhile(message: dict[str, Any]) -> None:
        if receiver.calls == 1:
            others.append(begin(postgres_project.directory, world).communicate(timeout=60)[0])

    receiver.script = meanwhile
    assert world.sync().sent == 100
    assert "people_to_x is locked by run people_to_x#1" in others[0]
    assert (receiver.calls, receiver.applied_twice) == (10, 0)
    warehouse.close()


def test_no_secret_and_nobody_in_what_is_written(
    world: World,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Canaries through rejections that echo them, errors, plans, results and the ledger."""
    caplog.set_level(logging.DEBUG)
    world.meta = to_webhook(receiver, attempts=2)
    echo = {
        "rejected": [
            {
                "id": "p1",
                "code": "canary.person@example.com",
                "message": f"canary.person@example.com, key {SECRET}",
            }
        ]
    }
    results = []
    for answer in (
        Answer(500, b"canary.person@example.com"),
        Answer(body=json.dumps(echo).encode()),
        Answer(401, b"canary.other@example.com"),
    ):
        day = 313370 + len(results)
        canaries = {"p1": "canary.person@example.com", "p2": "canary.other@example.com"}
        world.people(Person(name, email, day) for name, email in canaries.items())
        receiver.script = lambda message, answer=answer: answer
        plans = [world.plan()]
        results.append(world.sync())
        show.as_table("x", plans, show.console())
        print(show.as_json("x", plans), show.as_markdown("x", plans))
    show.print_results(results, show.console())
    tables = ("cdp_sync_runs", "cdp_sync_ledger", "cdp_sync_state", "cdp_plans", "cdp_sync_locks")
    written = [str(world.ledger.rows(f"select * from cdp_state.{table}")) for table in tables]
    written += [caplog.text, *capsys.readouterr()]
    assert [result.status for result in results] == ["failed", "partial", "failed"]
    # the control: the search does find what is there
    assert "people_to_x" in caplog.text
    assert "canary" in str(world.ledger.rows("select * from cdp.cdp_profiles"))
    for text in written:
        assert "canary" not in text
        assert SECRET not in text
        assert "31337" not in text


def test_values_are_kept_only_when_the_sync_says_so(world: World, receiver: Receiver) -> None:
    world.meta = to_webhook(receiver) | {"cdp_log_values": True}
    world.people(CROWD[:1])
    world.sync()
    ((kept,),) = world.ledger.rows("select sent_values from cdp_state.cdp_sync_ledger")
    assert json.loads(kept) == {"email": "0@example.com", "orders": 1}


def test_one_summary_line_a_sync(
    world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="cdp")
    world.meta = to_webhook(receiver)
    world.people(CROWD[:3])
    world.sync()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("sync=people_to_x status=succeeded planned=3 sent=3 rejected=0 seconds=")
