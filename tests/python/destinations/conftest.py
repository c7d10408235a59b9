"""`receiver`: a webhook's other end; retries do not wait. `duckdb_world`: to deliver from.
`s3_server`: moto's S3. `clock`: accounts of the test's own, for whose windows nobody waits.
`vendor`: the local server of the module that a test file is of; nothing forbidden may reach it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import stamina

import cdp.destinations._accounts as accounts
from activation.world import World
from cdp.warehouse._duckdb import DuckDB
from destinations.conformance.desk import Clock
from support.receiver import SECRET, Receiver, receiving
from support.s3 import S3Server, serving_s3


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    with receiving() as found, stamina.set_testing(True, attempts=10, cap=True):
        yield found


@pytest.fixture
def duckdb_world(clean_environment: None, tmp_path: Path) -> Iterator[World]:
    opened = DuckDB(tmp_path, {"path": ":memory:", "settings": {"threads": 1}}, "demo", False)
    yield World(opened, tmp_path / "project")
    opened.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with serving_s3() as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    patient = partial(accounts.Account, clock=found, sleep=found.sleep)
    monkeypatch.setattr(accounts, "_accounts", {})
    monkeypatch.setattr(accounts, "Account", patient)
    return found


@pytest.fixture
def vendor(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> Iterator[Any]:
    name = request.module.__name__.rpartition("test_")[2]
    found = import_module(f"destinations.servers.{name}").BENCH(tmp_path, request)
    found.start(monkeypatch)
    with stamina.set_testing(True, attempts=4, cap=True):
        yield found
    found.stop()
    assert found.violations == []
