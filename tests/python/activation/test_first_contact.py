"""A CRM is never empty: what is there is adopted, and merges take their records along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from activation.memory import Crm, Shop, installed
from activation.world import Person, World, model
from cdp.activation.check import syncs
from cdp.activation.plan import SyncPlan, plan_sync
from cdp.activation.runner import Result, run_sync
from cdp.project import Project

META: dict[str, Any] = {
    "cdp_destination": "memory",
    "cdp_mode": "upsert",
    "cdp_purpose": "marketing_email",
    "cdp_fields": {"cdp_id": "profile_id", "email": "email", "orders": "orders"},
    "cdp_match": ["record_id", "cdp_id", "email"],
    "cdp_source": "crm",
}
CROWD = [Person(f"p{number}", f"{number}@example.com") for number in range(10)]


@dataclass
class Office:
    """A world whose CRM is also a source."""

    world: World
    shop: Shop

    @property
    def project(self) -> Project:
        nodes = [model("cdp_identity_map", "cdp"), model("cdp_identity_changes", "cdp")]
        project = self.world.project
        added = {node.unique_id: node for node in nodes}
        return replace(project, nodes=dict(project.nodes) | added)

    def plan(self) -> SyncPlan:
        (spec,) = syncs(self.project)
        return plan_sync(self.project, spec, self.world.ledger)

    def sync(self) -> Result:
        (spec,) = syncs(self.project)
        return run_sync(self.project, spec, self.world.ledger)

    def known(self, profile_id: str, record_id: str, source: str = "crm") -> None:
        self.world.warehouse.execute(
            "insert into cdp.cdp_identity_map values (?, ?, ?, true)",
            (source, record_id, profile_id),
        )

    def merged(self, loser: str, survivor: str) -> None:
        self.world.warehouse.execute(
            "insert into cdp.cdp_identity_changes values ('merged', ?, ?, ?)",
            (survivor, loser, survivor),
        )


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    world.meta = dict(META)
    world.warehouse.execute(
        "create table cdp.cdp_identity_map "
        "(source text, record_id text, profile_id text, is_person boolean)"
    )
    world.warehouse.execute(
        "create table cdp.cdp_identity_changes (change_type text, profile_id text, "
        "previous_profile_id text, current_profile_id text)"
    )
    with installed(Crm) as shop:
        yield Office(world, shop)


def test_a_full_crm_gets_no_duplicate_and_the_second_sync_sends_nothing(office: Office) -> None:
    shop, theirs = office.shop, {"email": "theirs@example.com", "note": "foreign"}
    shop.records |= {
        "r0": {"email": "another@example.com"},  # p0, as the connector told
        "r1": {"email": "1@example.com", "note": "kept"},
        "r2a": {"email": "2@example.com"},
        "r2b": {"email": "2@example.com"},
        "r3": {"cdp_id": "p3", "email": "old@example.com"},
        "r4": {"email": "4@example.com"},  # also p5's, by the map
        "theirs": dict(theirs),
    }
    office.known("p0", "r0")
    office.known("p1", "elsewhere", source="shop")
    office.known("p5", "r4")
    office.world.people(CROWD)
    facts = office.plan().facts()
    assert (facts["adopt"], facts["create"]) == (3, 4)
    assert facts["withheld_reasons"] == {"ambiguous": 3}
    assert office.sync().sent == 7
    assert shop.made == 4
    assert shop.records["r1"] == {
        "cdp_id": "p1", "email": "1@example.com", "orders": 1, "note": "kept"
    }  # fmt: skip
    assert shop.records["r0"]["cdp_id"] == "p0"
    assert shop.records["r3"]["email"] == "3@example.com"
    assert shop.records["theirs"] == theirs
    calls = shop.calls
    assert office.sync().planned == 0
    assert shop.calls == calls


def test_five_thousand_dirty_records_of_the_same_people(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some twice, some under our id or the connector's, most of strangers: nobody is made who
    is there, whoever could be two is left alone, and the second sync sends nothing."""
    monkeypatch.setattr(Crm, "look_up_rows", 100)
    monkeypatch.setattr(Crm, "batch_rows", 100)
    people = [Person(f"p{number:04}", f"{number}@example.com") for number in range(1_000)]
    records = office.shop.records
    for number in range(5_000):
        records[f"r{number}"] = {"email": f"x{number}@example.com", "note": "theirs"}
    for number in range(600):  # of the first 600, the last hundred are there twice
        records[f"r{number}"]["email"] = f"{number}@example.com"
        if number >= 500:
            records[f"r{number + 1_000}"]["email"] = f"{number}@example.com"
    for number in range(600, 700):
        records[f"r{number}"]["cdp_id"] = f"p{number:04}"
    for number in range(700, 800):
        office.known(f"p{number:04}", f"r{number}")
    before = {name: dict(record) for name, record in records.items()}
    office.world.people(people)
    facts = office.plan().facts()
    assert (facts["adopt"], facts["create"]) == (700, 200)
    assert facts["withheld_reasons"] == {"ambiguous": 100}
    assert office.sync().sent == 900
    assert (len(records), office.shop.made) == (5_200, 200)
    ours = {record["cdp_id"]: name for name, record in records.items() if "cdp_id" in record}
    assert len(ours) == 900
    assert all(ours[f"p{number:04}"] == f"r{number}" for number in [*range(500), *range(600, 800)])
    touched = set(ours.values())
    assert all(records[name] == record for name, record in before.items() if name not in touched)
    calls = office.shop.calls
    assert office.sync().planned == 0
    assert office.shop.calls == calls


@pytest.mark.parametrize(
    ("mode", "sent", "withheld"),
    [("update", {"r1"}, {"not_found": 1}), ("create", {"new1"}, {"exists": 1})],
)
def test_modes_that_only_change_or_only_make(
    office: Office, mode: str, sent: set[str], withheld: dict[str, int]
) -> None:
    office.world.meta["cdp_mode"] = mode
    office.shop.records["r1"] = {"email": "1@example.com"}
    office.world.people(CROWD[1:3])
    assert office.plan().facts()["withheld_reasons"] == withheld
    office.sync()
    assert {name for name, record in office.shop.records.items() if "orders" in record} == sent


@pytest.mark.parametrize(("rule", "record"), [("lowest_id", "r9"), ("highest_id", "r10")])
def test_of_several_records_a_rule_says_which(office: Office, rule: str, record: str) -> None:
    office.world.meta["cdp_primary"] = rule
    office.shop.records |= {
        name: {"email": mail}
        for name, mail in {
            "r9": "1@example.com", "r10": "1@example.com", "r3": "2@example.com",
        }.items()
    }  # fmt: skip
    office.known("p3", "r3")  # also p2's, by its email: no rule decides between people
    office.world.people(CROWD[1:4])
    facts = office.plan().facts()
    assert (facts["adopt"], facts["withheld_reasons"]) == (1, {"ambiguous": 2})
    office.sync()
    assert office.shop.records[record]["cdp_id"] == "p1"


def test_a_changed_email_stays_the_same_record(office: Office) -> None:
    office.world.meta["cdp_match"] = ["email"]
    office.world.people(CROWD[:1])
    office.sync()
    office.world.people([replace(CROWD[0], email="new@example.com")])
    assert office.sync().sent == 1
    assert [record["email"] for record in office.shop.records.values()] == ["new@example.com"]


def test_the_survivor_of_a_merge_takes_over_the_record(office: Office) -> None:
    office.world.people(CROWD[:2])
    office.sync()
    records = dict(office.shop.records)
    office.merged("p0", "p7")
    office.world.people([Person("p7", "0@example.com"), CROWD[1]])
    facts = office.plan().facts()
    assert (facts["moved_by_merges"], facts["create"], facts["remove"]) == (1, 0, 0)
    assert office.sync().sent == 1
    assert office.shop.records.keys() == records.keys()
    assert office.world.held() == {"p7", "p1"}
    assert office.sync().planned == 0


@pytest.mark.parametrize("mode", ["upsert", "mirror"])
def test_of_two_records_of_one_person_the_losers_goes(office: Office, mode: str) -> None:
    office.world.meta["cdp_mode"] = mode
    office.world.people(CROWD[:2])
    office.sync()
    office.merged("p0", "p1")
    office.world.people([CROWD[1]])
    assert office.plan().facts()["remove_reasons"] == {"merged": 1}
    office.sync()
    assert [record["cdp_id"] for record in office.shop.records.values()] == ["p1"]
    assert office.sync().planned == 0


def test_a_split_makes_the_new_person(office: Office) -> None:
    office.world.people(CROWD[:1])
    office.world.warehouse.execute(
        "insert into cdp.cdp_identity_changes values "
        "('split', 'p9', 'p0', 'p9'), ('split', 'p0', 'p7', 'p0')"
    )
    assert office.plan().facts()["made_by_splits"] == 0
    office.sync()
    office.world.people([replace(CROWD[0], orders=0), Person("p9", "9@example.com")])
    facts = office.plan().facts()
    assert (facts["update"], facts["create"], facts["made_by_splits"]) == (1, 1, 1)
    office.sync()
    assert {record["cdp_id"] for record in office.shop.records.values()} == {"p0", "p9"}


def test_a_crm_that_cannot_be_read_blocks_the_plan(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cdp.errors import FatalDestinationError

    def refuse(self: Crm, field: str, values: object) -> dict[str, list[str]]:
        raise FatalDestinationError("no access")

    monkeypatch.setattr(Crm, "look_up", refuse)
    office.world.people(CROWD[:1])
    result = office.sync()
    assert result.status == "blocked"
    assert "nothing can be looked up there: no access" in result.reason


@pytest.mark.parametrize(
    ("match", "sentence"),
    [
        (["record_id"], "cdp_match names no field. Add one by which a row is known: profile_id."),
        (["record_id", "mail"], "unknown cdp_match 'mail'. Did you mean 'email'?"),
    ],
)
def test_what_a_row_may_be_found_by(office: Office, match: list[str], sentence: str) -> None:
    from cdp.activation import problems

    office.world.meta["cdp_match"] = match
    (found,) = problems(office.project)
    assert sentence in found
