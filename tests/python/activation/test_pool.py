"""Several syncs: at once, one after the other, and who hears of it when one fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller

from activation.memory import Memory, Shop, installed
from activation.test_convergence import META
from activation.world import Person, World
from cdp.activation import problems
from cdp.activation.alerts import Past, tell_changes, trouble
from cdp.activation.ledger import Ledger
from cdp.activation.pool import run_all
from cdp.activation.runner import Result
from cdp.activation.session import Session
from cdp.activation.spec import SyncSpec
from cdp.project import Project
from support.receiver import SECRET, Answer, receiving

CROWD = [Person(f"p{number}", f"{number}@example.com") for number in range(9)]


def specs(**after: tuple[str, ...]) -> list[SyncSpec]:
    return [cast(SyncSpec, SimpleNamespace(name=n, after=a)) for n, a in after.items()]


def test_each_waits_for_its_own_and_siblings_go_on() -> None:
    order: list[str] = []

    def run(spec: SyncSpec) -> Result:
        order.append(spec.name)
        return Result(spec.name, "failed" if spec.name == "companies" else "succeeded")

    wanted = specs(deals=("contacts",), contacts=("companies",), companies=(), ads=())
    results = {result.sync: result for result in run_all(wanted, run, 2, {})}
    assert list(results) == ["deals", "contacts", "companies", "ads"]
    assert sorted(order) == ["ads", "companies"]
    assert results["contacts"].reason == "it comes after companies, which ended as failed"
    assert results["deals"].reason == "it comes after contacts, which ended as blocked"
    assert results["ads"].status == "succeeded"


@pytest.mark.parametrize(
    ("before", "status"), [({}, "blocked"), ({"a": "failed"}, "blocked"), ({"a": "partial"}, "ok")]
)
def test_a_sync_run_alone_asks_how_the_other_ended(before: dict[str, str], status: str) -> None:
    (result,) = run_all(specs(b=("a",)), lambda spec: Result(spec.name, "ok"), 1, before)
    assert result.status == status


def test_no_more_at_once_than_are_allowed() -> None:
    at_once, most, lock = [0], [0], threading.Lock()

    def run(spec: SyncSpec) -> Result:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.02)
        with lock:
            at_once[0] -= 1
        return Result(spec.name, "succeeded")

    run_all(specs(**{f"s{number}": () for number in range(9)}), run, 3, {})
    assert most[0] == 3


def project_of(world: World, **after: list[str]) -> Project:
    """The World's sync several times, to places of their own."""
    (only,) = world.project.exposures
    named = [
        replace(only, name=name, meta=world.meta | {"cdp_after": names} if names else world.meta)
        for name, names in after.items()
    ]
    return replace(world.project, exposures=tuple(named))


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ({"a": ["b"], "b": ["a"]}, "cdp_after goes in a circle back to this sync"),
        ({"sync_a": ["sync_c"], "sync_b": []}, "unknown cdp_after 'sync_c'. Did you mean"),
    ],
)
def test_mistakes_in_the_order(
    duckdb_world: World, after: dict[str, list[str]], sentence: str
) -> None:
    assert sentence in problems(project_of(duckdb_world, **after))[0]


def test_syncs_at_once_on_one_warehouse(project: Any, tmp_path: Any) -> None:
    warehouse = project.open()
    with installed(Memory) as shop:
        world = World(warehouse, tmp_path / "project", dict(META))
        world.people(CROWD)
        met = threading.Barrier(2, timeout=30)
        seen: list[int] = []

        def meet(batch: object) -> None:
            if len(seen) < 2:
                seen.append(1)
                met.wait()

        shop.before_upsert = meet

        @contextmanager
        def another() -> Iterator[Ledger]:
            opened = project.open()
            try:
                yield Ledger(opened, world.ledger.clock)
            finally:
                opened.close()

        session = Session(project_of(world, a=[], b=[], c=["a", "b"]), world.ledger, another, 3)
        results = session.sync()
        assert [(result.status, result.sent) for result in results] == [("succeeded", 9)] * 3
    warehouse.close()


def test_a_word_when_it_begins_to_fail_and_when_it_works_again(
    duckdb_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_ENV_SECRET_CDP_ALERT", SECRET)
    monkeypatch.setenv("CDP_ALERT_ALLOW_PRIVATE", "true")
    shop: Shop
    with installed() as shop, receiving() as receiver:
        monkeypatch.setenv("CDP_ALERT_URL", receiver.url)
        duckdb_world.meta = dict(META)
        session = Session(duckdb_world.project, duckdb_world.ledger)
        statuses = []
        for fault in ("", "fatal", "fatal", "", ""):
            people = [replace(person, orders=len(statuses) + 5) for person in CROWD]
            duckdb_world.people(people)
            shop.faults[:] = [fault]
            session.sync()
            statuses.append(receiver.people.get("people_to_x", {}).get("status"))
        assert statuses == [None, "failed", "failed", "succeeded", "succeeded"]
        assert receiver.calls == 2
        assert "@example.com" not in str(receiver.people)


def test_the_schedulers_run_id_is_kept(
    duckdb_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_RUN_ID", "scheduled__2026-01-01")
    duckdb_world.people(CROWD)
    duckdb_world.sync()
    kept = duckdb_world.ledger.rows("select caller_run_id from cdp_state.cdp_sync_runs")
    assert kept == [("scheduled__2026-01-01",)]


def test_what_the_calls_cost_is_kept(duckdb_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_IT", SECRET)
    with receiving() as receiver:
        options = {"url": receiver.url, "secret_env": "SECRET_OF_IT", "allow_private": True}
        duckdb_world.target = "prod"
        duckdb_world.meta |= {
            "cdp_destination": "webhook",
            "cdp_options": options | {"batch_rows": 5, "rates": [[1, 0.2]]},
        }
        duckdb_world.people(CROWD)
        answers = [Answer(429, headers={"retry-after": "0"})]
        receiver.script = lambda message: answers.pop() if answers else None
        assert duckdb_world.sync().sent == 9
    sql = "select calls, retries, throttled_seconds from cdp_state.cdp_sync_runs"
    ((calls, retries, throttled),) = duckdb_world.ledger.rows(sql)
    assert (calls, retries) == (2, 1)
    assert throttled > 0.3


def test_an_alert_that_cannot_be_sent_changes_nothing(
    duckdb_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CDP_ALERT_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("CDP_ALERT_SMTP", "smtp://127.0.0.1:1")
    monkeypatch.setenv("CDP_ALERT_MAIL_TO", "ops@example.com")
    monkeypatch.setenv("CDP_ALERT_REJECTED_PCT", "5 %")
    duckdb_world.people(CROWD)
    since = duckdb_world.now
    duckdb_world.build("error")
    (alert,) = tell_changes([duckdb_world.sync()], duckdb_world.ledger, duckdb_world.root, since)
    assert (alert.state, alert.before) == ("blocked", "well")
    assert (
        tell_changes([alert.result], duckdb_world.ledger, duckdb_world.root, duckdb_world.now) == []
    )
    assert "alerts could not be sent: ConfigError" in caplog.text
    assert "alerts could not be sent: RetriableError" in caplog.text
    assert "CDP_ALERT_REJECTED_PCT is no number" in caplog.text


class Postman:
    """Keeps what is handed in."""

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.letters.append(envelope.content.decode())
        return "250 taken"


def test_a_mail_names_the_sync_and_nobody(
    duckdb_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    post = Postman()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        monkeypatch.setenv("CDP_ALERT_SMTP", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("CDP_ALERT_MAIL_TO", "ops@example.com, on-call@example.com")
        with installed() as shop:
            duckdb_world.meta = dict(META)
            duckdb_world.people(CROWD)
            shop.faults[:] = ["fatal"]
            session = Session(duckdb_world.project, duckdb_world.ledger)
            session.sync()
            session.sync()
            monkeypatch.setenv("CDP_ALERT_SMTP", f"smtp://ann@127.0.0.1:{port}")
            duckdb_world.build("error")
            session.sync()
    finally:
        controller.stop()
    first, second = post.letters
    assert "Subject: cdp: people_to_x failed" in first
    assert "To: ops@example.com, on-call@example.com" in first
    assert "reason: no access" in first
    assert "state: well" in second
    assert "0@example.com" not in first + second
    # A password is not sent where there is no TLS.
    assert "alerts could not be sent: ConfigError" in caplog.text


HOUR = timedelta(hours=1)
START = datetime(2018, 1, 1)


def past(*runs: tuple[str, int, int, int]) -> list[Past]:
    """Runs from (status, desired, sent, rejected), an hour apart, the newest first."""
    told = [Past(*run, START + number * HOUR) for number, run in enumerate(runs)]
    return told[::-1]


WELL = [("succeeded", 1000, 10, 0)] * 6
IDLE = ("succeeded", 1000, 0, 0)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([], ""),
        (WELL, ""),
        ([("died", 1000, 0, 0)], "died"),
        ([("partial", 1000, 96, 4)], ""),
        ([("partial", 1000, 94, 6)], "rejected"),
        ([*WELL, ("succeeded", 400, 10, 0)], "unusual"),
        ([*WELL, ("succeeded", 1600, 10, 0)], "unusual"),
        ([*WELL, ("succeeded", 1500, 10, 0)], ""),
        ([("succeeded", 10, 1, 0)] * 6 + [("succeeded", 90, 1, 0)], ""),
        ([*WELL[:3], ("succeeded", 400, 10, 0)], ""),
        ([*WELL, IDLE, IDLE, IDLE], ""),
        ([*WELL, IDLE, IDLE, IDLE, IDLE], "silent"),
    ],
)
def test_what_counts_as_trouble(runs: list[tuple[str, int, int, int]], said: str) -> None:
    assert trouble(past(*runs), rejected_pct=5) == said
