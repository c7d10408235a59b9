"""What stops a sync before its first call, and what does not."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from activation.memory import Memory, Shop, installed
from activation.test_convergence import META
from activation.world import FILES, Person, World
from cdp.activation import show
from cdp.activation.ledger import Ledger
from cdp.activation.parents import stale_parents
from cdp.activation.session import Session, exit_code
from cdp.destinations._base import Batch
from cdp.errors import BlockedError, ConfigError
from cdp.project import Node

CROWD = [Person(f"p{number:03}", f"{number}@example.com") for number in range(300)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with installed() as found:
        yield found


@pytest.fixture
def crm(world: World, shop: Shop) -> World:
    """A world whose sync goes to the destination in memory, on each warehouse."""
    world.meta = META | {"cdp_options": {}}
    world.meta.pop("cdp_max_delete_pct")
    return world


def test_an_empty_source_removes_nobody(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:50])
    crm.sync()
    crm.people([])
    result = crm.sync()
    assert result.status == "blocked"
    assert "seg_people is empty while 50 rows are held" in result.reason
    assert len(shop.records) == 50


@pytest.mark.parametrize(("leavers", "status"), [(100, "succeeded"), (101, "blocked")])
def test_removals_have_a_budget(crm: World, shop: Shop, leavers: int, status: str) -> None:
    crm.people(CROWD)
    crm.sync()
    crm.people(CROWD[leavers:])
    assert crm.sync().status == status
    assert shop.removed == (leavers if status == "succeeded" else 0)


def test_a_key_that_changes_its_type_is_named_and_removes_nobody(crm: World, shop: Shop) -> None:
    crm.people(CROWD)
    crm.sync()
    crm.warehouse.execute(
        "create table cdp_segments.numbered as select cast(substr(profile_id, 2) as bigint) "
        "as profile_id, orders from cdp_segments.seg_people"
    )
    crm.warehouse.execute("drop table cdp_segments.seg_people")
    crm.warehouse.execute("alter table cdp_segments.numbered rename to seg_people")
    with pytest.raises(ConfigError, match="profile_id of seg_people is bigint, that of"):
        crm.sync()
    assert (shop.removed, len(shop.records)) == (0, 300)


def test_a_declared_turnover_is_the_budget(crm: World, shop: Shop) -> None:
    crm.meta["cdp_max_delete_pct"] = 1
    crm.people(CROWD)
    crm.sync()
    crm.people(CROWD[4:])
    assert "more than the budget of 3" in crm.sync().reason
    crm.people(CROWD[3:])
    assert crm.sync().sent == 3


def test_new_records_have_a_budget(crm: World, shop: Shop) -> None:
    crm.meta |= {"cdp_max_creates": 10, "cdp_max_rows": None, "cdp_match": None}
    crm.people(CROWD[:10])
    assert crm.sync().sent == 10
    crm.people([replace(person, orders=9) for person in CROWD[:20]])
    assert crm.sync().sent == 20
    crm.people(CROWD[:31])
    assert "11 rows to create are more than cdp_max_creates (10)" in crm.sync().reason


def test_an_approval_goes_over_budget_and_is_kept(crm: World, shop: Shop) -> None:
    crm.meta["cdp_max_rows"] = 10
    crm.people(CROWD[:20])
    assert crm.sync().status == "blocked"
    assert shop.calls == 0
    assert crm.sync(approval="Ada: the first delivery").sent == 20
    kept = crm.warehouse.query("select status, approval from cdp_state.cdp_sync_runs order by 1")
    assert kept == [("blocked", None), ("succeeded", "Ada: the first delivery")]


def test_an_approval_does_not_open_the_other_gates(crm: World) -> None:
    crm.people(CROWD[:3])
    crm.build("error")
    assert crm.sync(approval="Ada: do it").status == "blocked"


def test_a_failed_parent_stops_the_sync(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:3])
    crm.build("skipped")
    assert "the last build of seg_people ended as 'skipped'" in crm.sync().reason
    crm.warehouse.execute("drop table cdp_state.cdp_build_runs")
    assert "no build is recorded here" in crm.sync().reason
    assert shop.calls == 0


@pytest.mark.parametrize("stands_under", ["model.cdp.seg_people", None])
def test_a_failed_test_of_a_parent_stops_the_sync(
    crm: World, shop: Shop, stands_under: str | None
) -> None:
    test = Node(
        "test.cdp.x", "x", "cdp", "test", "", "x", "x.sql",
        parents=("model.cdp.seg_people",), tests=stands_under,
    )  # fmt: skip
    project = replace(crm.project, nodes=dict(crm.project.nodes) | {test.unique_id: test})
    crm.people(CROWD[:3])
    crm.warehouse.execute(
        "insert into cdp_state.cdp_build_runs values ('build', 'test.cdp.x', 'test', 'fail', ?)",
        (crm.now,),
    )
    (reason,) = stale_parents(project, crm.spec, crm.ledger)
    assert reason.startswith("the test x on seg_people failed in the last build")
    assert list(stale_parents(crm.project, crm.spec, crm.ledger)) == []


def test_an_old_parent_stops_a_sync_that_says_so(crm: World) -> None:
    crm.people(CROWD[:3])
    crm.build()
    crm.now = crm.now.replace(month=3)
    assert crm.sync().status == "succeeded"
    crm.meta["cdp_max_age"] = "26h"
    assert "too long ago" in crm.sync().reason


@pytest.mark.parametrize("table", ["cdp_profiles", "cdp.cdp_profiles"])
def test_a_failed_quality_gate_stops_the_sync(crm: World, table: str) -> None:
    crm.people(CROWD[:3])
    crm.warehouse.execute(
        "create table cdp_state.cdp_quality_results (run_id text, suite text, table_name text, "
        "success boolean, failed_expectations text, checked_at timestamp)"
    )
    for day, success in ((1, True), (2, False)):
        crm.warehouse.execute(
            "insert into cdp_state.cdp_quality_results "
            f"values ('r{day}', 'profiles', ?, ?, 'email is unique', ?)",
            (table, success, crm.now.replace(day=day)),
        )
    assert "the quality gate 'profiles' failed" in crm.sync().reason
    crm.warehouse.execute("update cdp_state.cdp_quality_results set success = true")
    assert crm.sync().sent == 3


def test_without_consents_nobody_is_sent(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:3])
    crm.warehouse.execute("drop table cdp.cdp_consents")
    assert "cdp_consents is not in the warehouse" in crm.sync().reason
    assert shop.calls == 0


def test_a_contract_needs_no_grant_but_an_objection_stops_it(crm: World, shop: Shop) -> None:
    crm.meta["cdp_purpose"] = "service"
    crm.people([Person("p1", consent=None), Person("p2", consent=None)])
    crm.consents([("p2", "service", "any", "denied")])
    assert crm.sync().sent == 1
    assert shop.records.keys() == {"p1"}


def test_the_strictest_channel_counts(crm: World, shop: Shop) -> None:
    crm.people([Person("p1"), Person("p2")])
    refusals = [("p1", "any"), ("p2", "sms")]
    crm.consents((name, "marketing_email", channel, "denied") for name, channel in refusals)
    crm.sync()
    assert shop.records.keys() == {"p2"}


def test_consent_withdrawn_between_plan_and_send(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:8])

    def withdraw(batch: object) -> None:
        crm.warehouse.execute(
            "update cdp.cdp_consents set status = 'withdrawn' where profile_id = 'p006'"
        )

    shop.before_upsert = withdraw
    result = crm.sync()
    assert (result.status, result.sent) == ("partial", 7)
    assert "p006" not in shop.records
    assert crm.statuses()["p006", "create"] == "aborted"


def test_consent_withdrawn_while_a_refused_batch_is_halved(crm: World, shop: Shop) -> None:
    """The batch left before she said no; its halves leave after."""
    crm.people(CROWD[:4])
    shop.poison = frozenset({"p000"})

    def withdraw(batch: Batch) -> None:
        crm.warehouse.execute(
            "update cdp.cdp_consents set status = 'withdrawn' where profile_id = 'p003'"
        )

    shop.before_upsert = withdraw
    result = crm.sync()
    assert (result.sent, result.rejected) == (2, 1)
    assert shop.records.keys() == {"p001", "p002"}
    assert crm.statuses()["p003", "create"] == "aborted"


def test_a_control_group_is_never_sent(crm: World, shop: Shop) -> None:
    crm.segment_meta = {"cdp_holdout_pct": 20}
    crm.people(CROWD)
    held_out = crm.plan().facts()["withheld_reasons"]["holdout"]
    assert 30 < held_out < 90
    crm.sync()
    assert len(shop.records) == 300 - held_out


def test_missing_and_duplicate_keys_are_withheld(crm: World, shop: Shop) -> None:
    crm.meta["cdp_match"] = ["email"]
    crm.people([Person("p1", "a@example.com"), Person("p2", "a@example.com"), Person("p3", None)])
    assert crm.plan().facts()["withheld_reasons"] == {"duplicate_key": 1, "missing_key": 1}
    crm.sync()
    assert shop.records.keys() == {"a@example.com"}


@pytest.mark.parametrize("fault", ["", "applied, no answer", "busy", "all rejected"])
def test_no_email_stays_in_the_ledger(crm: World, shop: Shop, fault: str) -> None:
    crm.meta["cdp_match"] = ["email"]
    crm.people(CROWD[:6])
    shop.faults[:] = [fault]
    crm.sync()
    crm.ledger.release("people_to_x")
    crm.sync()
    assert len(shop.records) == 6
    assert "@example.com" in str(crm.ledger.rows("select * from cdp_state.cdp_sync_state"))
    assert "@example.com" not in str(crm.ledger.rows("select * from cdp_state.cdp_sync_ledger"))


def test_a_segment_that_names_somebody_twice(crm: World, shop: Shop) -> None:
    crm.people([Person("p1"), Person("p2")])
    crm.warehouse.execute("insert into cdp_segments.seg_people values ('p1', 99)")
    assert crm.plan().facts()["withheld_reasons"] == {"duplicate_key": 1}
    crm.sync()
    assert shop.records.keys() == {"p2"}


def test_rejected_rows_wait_for_a_change_or_for_retry(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:4])
    shop.poison = frozenset({"p002"})
    result = crm.sync()
    assert (result.status, result.sent, result.rejected) == ("partial", 3, 1)
    shop.poison = frozenset()
    assert crm.plan().facts()["withheld_reasons"] == {"rejected_before": 1}
    assert crm.sync().planned == 0
    assert crm.ledger.release("people_to_x") == 1
    assert crm.sync().sent == 1
    assert "p002" in shop.records


def test_a_rejected_row_goes_again_when_it_changes(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:2])
    shop.poison = frozenset({"p001"})
    crm.sync()
    shop.poison = frozenset()
    crm.people([CROWD[0], replace(CROWD[1], orders=5)])
    assert crm.sync().sent == 1


def test_a_removal_that_was_refused_waits_too(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:4])
    crm.sync()
    crm.people(CROWD[:3])
    shop.faults[:] = ["all rejected"]
    assert crm.sync().rejected == 1
    assert crm.plan().facts()["withheld_reasons"] == {"rejected_before": 1}
    crm.ledger.release("people_to_x")
    assert crm.sync().sent == 1
    assert shop.records.keys() == {"p000", "p001", "p002"}


@pytest.mark.parametrize("bad", [0, 17, 63])
def test_a_poison_row_stands_alone(
    crm: World, shop: Shop, bad: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Memory, "batch_rows", 64)
    crm.people(CROWD[:64])
    shop.poison = frozenset({f"p{bad:03}"})
    result = crm.sync()
    assert (result.sent, result.rejected) == (63, 1)
    assert shop.calls <= 1 + 2 * 6 + 1


def test_a_ledger_of_an_older_version_knows_what_was_settled(crm: World, shop: Shop) -> None:
    """Sent without an answer, then confirmed, then gone: none of it is open any more."""
    crm.people(CROWD[:6])
    shop.faults[:] = ["applied, no answer"]
    crm.sync()
    crm.sync()
    crm.people(CROWD[1:6])
    crm.sync()
    shop.poison = frozenset({"p007"})
    crm.people(CROWD[1:8])
    assert crm.sync().rejected == 1
    crm.warehouse.execute("alter table cdp_state.cdp_sync_ledger drop column is_open")
    crm.ledger.ensure()
    assert crm.plan().facts()["withheld_reasons"] == {"rejected_before": 1}
    assert crm.sync().planned == 0
    left = "select entity_id, status from cdp_state.cdp_sync_ledger where is_open"
    assert crm.warehouse.query(left) == [("p007", "rejected")]


def test_one_run_at_a_time(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:4])
    running = crm.ledger.start(crm.spec, "", None)
    with pytest.raises(BlockedError, match=rf"locked by run {running.run_id}"):
        crm.sync()
    other = f"elsewhere:{os.getpid()}:1"
    crm.warehouse.execute("update cdp_state.cdp_sync_locks set owner = ?", (other,))
    with pytest.raises(BlockedError, match="locked by run"):
        crm.sync()
    crm.now = crm.now.replace(day=2)
    assert crm.sync().status == "succeeded"


def test_upsert_leaves_those_who_left_but_not_those_who_withdrew(crm: World, shop: Shop) -> None:
    crm.meta["cdp_mode"] = "upsert"
    crm.people(CROWD[:3])
    crm.sync()
    crm.people([CROWD[0], replace(CROWD[1], consent="withdrawn")])
    crm.consents([("p002", "marketing_email", "email", "granted")])
    assert crm.plan().facts()["remove_reasons"] == {"objection": 1}
    crm.sync()
    assert shop.records.keys() == {"p000", "p002"}


def test_a_stale_plan_is_refused_and_a_fresh_one_applied(crm: World, shop: Shop) -> None:
    session = Session(crm.project, crm.ledger)
    crm.people(CROWD[:3])
    plan_id, plans = session.plan()
    assert plans[0].status == "ready"
    crm.people(CROWD[:4])
    with pytest.raises(BlockedError, match="stale"):
        session.apply(plan_id)
    assert shop.calls == 0
    plan_id, _ = session.plan()
    results = session.apply(plan_id)
    assert (results[0].sent, exit_code(results)) == (4, 0)
    with pytest.raises(ConfigError, match="No plan 'nonsense'"):
        session.apply("nonsense")


def test_the_same_work_is_the_same_plan(crm: World) -> None:
    session = Session(crm.project, crm.ledger)
    crm.people(CROWD[:9])
    first, _ = session.plan()
    assert session.plan()[0] == first
    crm.meta["cdp_fields"] = {"email": "email"}
    assert Session(crm.project, crm.ledger).plan()[0] != first


def test_off_the_live_target_an_account_is_never_reached(duckdb_world: World) -> None:
    duckdb_world.meta = dict(FILES) | {
        "cdp_destination": "webhook",
        "cdp_mode": "upsert",
        "cdp_options": {"url": "https://crm.example.com/hook", "secret_env": "NOT_SET"},
    }
    duckdb_world.people(CROWD[:2])
    assert duckdb_world.plan().facts()["sandbox"] is True
    assert duckdb_world.sync().sent == 2
    (path,) = (duckdb_world.root / "out" / "sandbox" / "people_to_x").glob("*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        assert {row["operation"] for row in csv.DictReader(file)} == {"upsert"}
    duckdb_world.target = "prod"
    assert duckdb_world.plan().facts()["place"].startswith("webhook:crm.example.com/")
    assert duckdb_world.plan().facts()["create"] == 2


def test_another_hash_function_sends_again_rather_than_guess(crm: World, shop: Shop) -> None:
    crm.people(CROWD[:4])
    crm.sync()
    crm.warehouse.execute("update cdp_state.cdp_sync_state set hash_version = 'duckdb:old'")
    assert crm.plan().facts()["update"] == 4


def test_a_column_goes_from_the_model_that_shares_it(crm: World, shop: Shop) -> None:
    crm.people([Person("p1", "ada@example.com")])
    crm.warehouse.execute("alter table cdp_segments.seg_people add column email text")
    crm.warehouse.execute("update cdp_segments.seg_people set email = 'nobody said so'")
    assert crm.sync().sent == 1
    assert "nobody said so" not in str(shop.records)
    assert "ada@example.com" in str(shop.records)


def test_changed_fields_are_named_whatever_they_are_called(world: World, shop: Shop) -> None:
    names = ["$.x", "/x", "", 'a"b', "a", "$"]
    world.meta = META | {"cdp_fields": {"email": "email", **dict.fromkeys(names, "orders")}}
    world.people(CROWD[:3])
    world.sync()
    world.people([replace(CROWD[0], orders=9), replace(CROWD[1], email="x"), CROWD[2]])
    counts = world.plan().facts()["changed_fields"]
    assert counts == {"email": 1, **dict.fromkeys(names, 1)}


def test_who_is_named_twice_is_noticed_even_when_nothing_changed(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD[:6])
    world.sync()
    world.warehouse.execute("insert into cdp_segments.seg_people values ('p001', 1), ('p001', 1)")
    facts = world.plan().facts()
    assert (facts["desired"], facts["unchanged"]) == (6, 5)
    assert facts["remove_reasons"] == {"duplicate_key": 1}


def test_an_unchanged_row_keeps_its_key_from_a_newcomer(world: World, shop: Shop) -> None:
    world.meta = META | {"cdp_match": ["email"]}
    world.people([Person("p5", "a@example.com")])
    world.sync()
    world.people([Person("p1", "a@example.com"), Person("p5", "a@example.com")])
    facts = world.plan().facts()
    assert (facts["unchanged"], facts["withheld_reasons"]) == (1, {"duplicate_key": 1})


def test_other_runs_that_come_and_go_end_in_a_sentence(crm: World) -> None:
    class Restless(Ledger):
        taken = 0

        def _next_number(self, sync: str) -> int:
            self.taken += 1
            return self.taken

    with pytest.raises(BlockedError, match="other runs come and go"):
        Restless(crm.warehouse, crm.ledger.clock).start(crm.spec, "", None)


def test_nothing_planned_and_long_keys(capsys: pytest.CaptureFixture[str]) -> None:
    show.as_table("x", [], show.console())
    assert "No sync is on for this target" in capsys.readouterr().out
    key = "a_sync_with_a_rather_long_name_to_a_destination#1234567"
    row = {"run_id": key, "status": "failed", "error": "word " * 60}
    show.print_rows([row], show.console())
    assert key in capsys.readouterr().out


def test_an_unmapped_column_is_no_change(crm: World, shop: Shop) -> None:
    crm.meta["cdp_fields"] = {"email": "email"}
    crm.people(CROWD[:4])
    crm.sync()
    crm.people([replace(person, orders=77) for person in CROWD[:4]])
    assert crm.plan().changes == 0


def test_a_build_beside_is_never_sent(duckdb_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb_world.people([Person("p1", email="ann@x.example")])
    monkeypatch.setenv("CDP_SCHEMA_PREFIX", "beside_work")
    (result,) = Session(duckdb_world.project, duckdb_world.ledger).sync()
    assert (result.status, result.reason) == ("blocked", "A build beside is never sent.")
