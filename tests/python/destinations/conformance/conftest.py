"""`desk`: a destination beside its bench, with a clock on which nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import stamina

import cdp.destinations._accounts as accounts
from cdp.destinations import find_destination
from destinations.conformance.desk import Clock, Desk
from destinations.servers import benches
from destinations.servers._base import Bench, Case


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test over every case of every bench; a mark `only_if` narrows to those it is for."""
    if "desk" not in metafunc.fixturenames:
        return
    marks = list(metafunc.definition.iter_markers("only_if"))
    pairs = [
        (bench, case)
        for bench in benches()
        for case in bench.cases
        if all(mark.args[0](find_destination(bench.destination), bench, case) for mark in marks)
    ]
    ids = [f"{bench.destination}-{case}" for bench, case in pairs]
    metafunc.parametrize("desk", pairs, ids=ids, indirect=True)


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    kind: type[Bench]
    case: Case
    kind, case = request.param
    clock = Clock()
    monkeypatch.setattr(accounts, "_accounts", {})
    patient = partial(accounts.Account, clock=clock, sleep=clock.sleep)
    monkeypatch.setattr(accounts, "Account", patient)
    bench = kind(tmp_path, request)
    bench.start(monkeypatch)
    try:
        with stamina.set_testing(True, attempts=4, cap=True):
            yield Desk(find_destination(kind.destination), bench, case, clock)
        assert bench.violations == []
    finally:
        bench.stop()
