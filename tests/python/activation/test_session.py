"""What a person asks about a row, a destination and a mapping."""

from __future__ import annotations

from typing import Any

import pytest

from activation.memory import Memory, installed
from activation.test_convergence import META
from activation.world import FILES, Person, World
from cdp.activation import problems
from cdp.activation.mapping_tests import failures
from cdp.activation.session import Session
from cdp.destinations._base import Batch, Outcome


def test_a_row_is_explained(world: World) -> None:
    world.meta = META | {"cdp_fields": {"email": "email"}}
    with installed():
        world.people([Person("p1", "a@example.com"), Person("p2", "b@example.com")])
        session = Session(world.project, world.ledger)
        session.sync()
        world.people([Person("p1", "c@example.com"), Person("p2", consent="denied"), Person("p3")])
        told = {name: session.explain_row("people_to_x", name) for name in ("p1", "p2", "p4")}
    assert told["p1"]["now"] == [
        {"operation": "update", "reason": None, "changed_fields": "email\n"}
    ]
    assert [row["status"] for row in told["p1"]["ledger"]] == ["acknowledged"]
    assert told["p1"]["held_since"] is not None
    assert told["p2"]["now"][0]["operation"] == "remove"
    assert told["p2"]["now"][0]["reason"] == "objection"
    assert told["p4"]["now"] == [{"operation": "not in the segment"}]
    assert "example.com" not in str(told)


def test_destinations_are_checked_and_nothing_is_written(
    duckdb_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_world.meta = dict(META)
    with installed() as shop:
        session = Session(duckdb_world.project, duckdb_world.ledger)
        assert dict(session.check_destinations()) == {"people_to_x": []}
        monkeypatch.setattr(Memory, "check", lambda self: iter(["no field 'email'"]))
        assert dict(session.check_destinations()) == {"people_to_x": ["no field 'email'"]}
        assert shop.calls == 0
    assert duckdb_world.warehouse.query("select count(*) from cdp_state.cdp_sync_runs") == [(0,)]


def test_a_fault_of_ours_fails_its_sync_alone(
    duckdb_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(self: Memory, batch: Batch) -> list[Outcome]:
        raise KeyError(batch.rows[0].fields["email"])

    duckdb_world.meta = META | {"cdp_fields": {"email": "email"}}
    monkeypatch.setattr(Memory, "upsert", stumble)
    with installed():
        duckdb_world.people([Person("p1", "a@example.com")])
        (result,) = Session(duckdb_world.project, duckdb_world.ledger).sync()
    assert (result.status, result.reason) == ("failed", "A fault of ours (KeyError). Report it.")


TESTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"email": " A@X.example "}, {"key": "a@x.example", "hi": "Hi A: 3"}, "hi is 'Hi  A@X.example"),
    ({"email": None}, {"key": None, "n": 3}, ""),
    ({"email": "x"}, {"kez": "x"}, "there is no field 'kez'."),
    ({}, {"n": 3}, "reads 'email', which cdp_profiles does not have"),
]


@pytest.mark.parametrize(("given", "expect", "sentence"), TESTS)
def test_mappings_are_tested_offline(
    duckdb_world: World, given: dict[str, Any], expect: dict[str, Any], sentence: str
) -> None:
    fields = {
        "key": {"column": "email", "normalise": "email"},
        "hi": {"template": "Hi {email|you}: {orders}"},
        "n": "orders",
    }
    test = {"given": {"profile_id": "p1", "orders": 3} | given, "expect": expect}
    duckdb_world.meta = dict(FILES) | {"cdp_fields": fields, "cdp_tests": [test]}
    found = list(failures(duckdb_world.spec))
    assert len(found) == (1 if sentence else 0)
    assert all(sentence in text and "cdp_tests[1]" in text for text in found)


@pytest.mark.parametrize("test", ["x", {"given": {}}, {"given": {"a": 1}, "expect": []}])
def test_a_test_that_is_none(duckdb_world: World, test: object) -> None:
    duckdb_world.meta = dict(FILES) | {"cdp_tests": [test]}
    assert "cdp_tests[1] takes {given:" in problems(duckdb_world.project)[0]
