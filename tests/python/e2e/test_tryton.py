"""A real CRM: syncs of the demo into a Tryton server that holds 5,000 untidy parties.

What is to be expected is worked out here from the parties as they were put there; what
came of it is read from the server's own database, past the server.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdp.activation.check import syncs
from cdp.activation.ledger import Ledger
from cdp.activation.matching import open_destination
from cdp.activation.plan import plan_sync
from cdp.activation.runner import Result, run_sync
from cdp.activation.spec import SyncSpec
from cdp.destinations._base import Person
from cdp.project import Project, load_project
from cdp.warehouse import Warehouse, open_warehouse
from e2e.tryton_story import DEALS, REGULARS, dirty_parties, same, with_syncs
from support.checkout import make
from support.tryton import PASSWORD, Tryton, is_installed, serving

PARTIES = 5000


@dataclass
class Story:
    """The demo's warehouse and the CRM, side by side."""

    project: Project
    warehouse: Warehouse
    ledger: Ledger
    crm: Tryton

    def spec(self, name: str) -> SyncSpec:
        return next(spec for spec in syncs(self.project) if spec.name == name)

    def planned(self, name: str) -> dict[str, str]:
        """Entity → what is to be done with it, or why not."""
        plan = plan_sync(self.project, self.spec(name), self.ledger)
        assert not plan.blocked, plan.blocked
        rows = self.warehouse.query("select entity_id, operation, reason from cdp_diff")
        return {entity: reason if what == "withheld" else what for entity, what, reason in rows}

    def sync(self, name: str) -> Result:
        return run_sync(self.project, self.spec(name), self.ledger, approval="test: a story")

    def sent(self, name: str) -> Counter[tuple[str, str, str]]:
        """(operation, status, code) of the latest run → rows."""
        rows = self.warehouse.query(
            "select operation, status, code from cdp_state.cdp_sync_ledger where run_id = "
            "(select run_id from cdp_state.cdp_sync_runs where sync = ? "
            "order by run_number desc limit 1)",
            (name,),
        )
        return Counter((operation, status, code or "") for operation, status, code in rows)

    def held(self, name: str) -> dict[str, int]:
        """Entity → its record, as the ledger says."""
        rows = self.warehouse.query(
            "select entity_id, destination_id from cdp_state.cdp_sync_state where sync = ?", (name,)
        )
        return {entity: int(record) for entity, record in rows}

    def profiles(self) -> dict[str, dict[str, Any]]:
        """profile_id → how the CRM is to show the person."""
        rows = self.warehouse.query(
            "select profile_id, first_name, last_name, email, phone from cdp.cdp_profiles"
        )
        return {
            profile: {
                "name": " ".join(f"{first or ''} {last or ''}".split()),
                "email": same(email),
                "mobile": phone,
            }
            for profile, first, last, email, phone in rows
        }

    def parties(self) -> dict[int, dict[str, Any]]:
        """Every party with its contact mechanisms, from the server's own database."""
        found = {
            row["id"]: {**row, "mechanisms": []}
            for row in self.crm.query("select id, code, name, active from party_party")
        }
        for row in self.crm.query(
            "select party, type, value, name from party_contact_mechanism where active order by id"
        ):
            found[row["party"]]["mechanisms"].append((row["type"], row["value"], row["name"]))
        return found

    def holders(self) -> dict[str, list[int]]:
        """Address → the active parties that have it."""
        found: dict[str, list[int]] = defaultdict(list)
        for key, party in self.parties().items():
            for address in {same(value) for kind, value, _ in party["mechanisms"]
                            if kind == "email" and party["active"]}:  # fmt: skip
                found[address].append(key)
        return found


@pytest.fixture
def story(
    checkout: Path, clean_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Story]:
    if not is_installed():
        pytest.skip("no Tryton server here: run `make tryton`")
    if not (checkout / "warehouse.duckdb").exists():
        make(checkout)
    copy = tmp_path / "warehouse.duckdb"  # the checkout's stays as it is
    shutil.copy(checkout / "warehouse.duckdb", copy)
    monkeypatch.delenv("DBT_TARGET_PATH")
    monkeypatch.setenv("CDP_DUCKDB_PATH", str(copy))
    monkeypatch.setenv("TEST_TRYTON_PASSWORD", PASSWORD)
    with serving(tmp_path, dirty_parties(copy, PARTIES)) as crm:
        project = with_syncs(load_project(checkout, "demo"), crm.url)
        warehouse = open_warehouse(checkout, "demo")
        found = Story(project, warehouse, Ledger(warehouse), crm)
        found.ledger.ensure()
        yield found
        warehouse.close()


def test_a_crm_that_nobody_tidied(story: Story) -> None:
    before = story.parties()
    assert len(before) == PARTIES + 1  # and the company's own
    first_contact(story)
    nothing_more_to_send(story)
    changed_and_met_a_duplicate(story)
    deals_with_a_bad_one(story)
    somebody_erased(story)
    the_database_agrees(story, before)


def first_contact(story: Story) -> None:
    """Who is there once is adopted, who is not is created, who could be two is withheld."""
    holders, profiles = story.holders(), story.profiles()
    planned = story.planned(REGULARS)
    met = {who: what for who, what in planned.items() if what in ("adopt", "create", "ambiguous")}
    assert len(met) > 100
    expected = {who: len(holders.get(profiles[who]["email"], ())) for who in met}
    words = {0: "create", 1: "adopt"}
    assert met == {who: words.get(number, "ambiguous") for who, number in expected.items()}
    assert set(met.values()) == {"adopt", "create", "ambiguous"}
    made = sum(what == "create" for what in met.values())
    adopted = sum(what == "adopt" for what in met.values())
    count = len(story.parties())
    result = story.sync(REGULARS)
    assert (result.status, result.sent) == ("succeeded", made + adopted)
    assert len(story.parties()) == count + made
    after = story.holders()
    assert all(after[profiles[who]["email"]] == [record]
               for who, record in story.held(REGULARS).items())  # fmt: skip


def nothing_more_to_send(story: Story) -> None:
    untouched = story.crm.query("select id, write_date from party_party")
    assert story.sync(REGULARS).planned == 0
    assert story.crm.query("select id, write_date from party_party") == untouched


def changed_and_met_a_duplicate(story: Story) -> None:
    """Two have another name; one left; one joined for whom somebody has just made a party."""
    (renamed, moved, left, *_), profiles = sorted(story.held(REGULARS)), story.profiles()
    execute = story.warehouse.execute
    execute("update cdp.cdp_profiles set first_name = 'Renée' where profile_id = ?", (renamed,))
    execute("update cdp.cdp_profiles set phone = '+12025550147' where profile_id = ?", (moved,))
    execute("delete from cdp_segments.seg_lapsing_regulars where profile_id = ?", (left,))
    record = story.held(REGULARS)[left]
    ((joined, *_), *_) = story.warehouse.query(
        "select profile_id from cdp.cdp_consents inner join cdp.cdp_profiles using (profile_id) "
        "where purpose = 'marketing_email' and email is not null and "
        "profile_id not in (select profile_id from cdp_segments.seg_lapsing_regulars) "
        "group by profile_id having bool_and(status = 'granted') order by profile_id"
    )
    execute("insert into cdp_segments.seg_lapsing_regulars values (?)", (joined,))
    for party in story.holders().get(profiles[joined]["email"], ()):
        story.crm.call("party.party.write", [party], {"active": False})
    (theirs,) = story.crm.call("party.party.create", [{"code": joined, "name": "?"}])
    count = len(story.parties())
    story.sync(REGULARS)
    done = ("acknowledged", "")
    assert story.sent(REGULARS) == {
        ("update", *done): 2, ("remove", *done): 1, ("adopt", *done): 1,
    }  # fmt: skip
    assert story.held(REGULARS)[joined] == theirs
    parties = story.parties()
    assert (len(parties), parties[record]["active"]) == (count, 0)


def deals_with_a_bad_one(story: Story) -> None:
    """One is there, one has a value that Tryton refuses: its batch is halved until it stands
    alone. Deals of somebody who is no party wait, of an address of several are refused."""
    planned, holders = story.planned(DEALS), story.holders()
    wanted = {
        deal: len(holders.get(same(email), ())) if email else 1  # without a party
        for deal, email in story.warehouse.query(
            "select opportunity_id, email from cdp.cdp_pipeline "
            "inner join cdp.cdp_profiles using (profile_id)"
        )
        if planned.get(deal) == "create"
    }
    known, bad, *rest = sorted(deal for deal, parties in wanted.items() if parties == 1)
    assert len(rest) > 10
    (theirs,) = story.crm.call("sale.opportunity.create", [{"reference": known}])
    story.warehouse.execute(
        "update cdp.cdp_pipeline set probability = 7 where opportunity_id = ?", (bad,)
    )
    story.sync(DEALS)
    assert story.sent(DEALS) == {
        ("adopt", "acknowledged", ""): 1,
        ("create", "acknowledged", ""): len(rest),
        ("create", "rejected", "invalid_value"): 1,
        ("create", "aborted", "not_found"): sum(parties == 0 for parties in wanted.values()),
        ("create", "rejected", "duplicate"): sum(parties > 1 for parties in wanted.values()),
    }
    ((calls,),) = story.warehouse.query(
        "select calls from cdp_state.cdp_sync_runs where sync = ?", (DEALS,)
    )
    assert calls <= 2 * math.log2(len(wanted)) + 2
    assert story.held(DEALS).keys() == {known, *rest}
    assert story.held(DEALS)[known] == theirs
    assert story.sync(DEALS).sent == 0


def somebody_erased(story: Story) -> None:
    """A withdrawal takes the person off; erasing leaves nothing of them."""
    who, record = next(iter(sorted(story.held(REGULARS).items(), reverse=True)))
    mail = story.profiles()[who]["email"]
    story.warehouse.execute(
        "update cdp.cdp_consents set status = 'withdrawn' where profile_id = ?", (who,)
    )
    story.sync(REGULARS)
    assert story.sent(REGULARS)["remove", "acknowledged", ""] == 1
    there = open_destination(story.project, story.spec(REGULARS), "erasure", ())
    (outcome,) = there.erase([Person(who, str(record), {"email": [mail]})])
    there.close()
    assert outcome.status == "acknowledged"
    assert record not in story.parties()
    assert mail not in story.holders()


def the_database_agrees(story: Story, before: dict[int, dict[str, Any]]) -> None:
    """Row for row with the ledger; and nobody else's party was touched."""
    parties, profiles, held = story.parties(), story.profiles(), story.held(REGULARS)
    for who, record in held.items():
        party, person = parties[record], profiles[who]
        assert (party["name"], party["active"]) == (person["name"], 1)
        assert person["email"] in [same(value) for _, value, _ in party["mechanisms"]]
        assert party["code"] == (before[record]["code"] if record in before else who)
        theirs = before.get(record, {"mechanisms": []})["mechanisms"]
        assert [each for each in party["mechanisms"] if each in theirs] == theirs
    ledger = story.warehouse.query(
        "select distinct destination_id from cdp_state.cdp_sync_ledger where sync = ?", (REGULARS,)
    )
    ours = {int(record) for (record,) in ledger if record}
    others = {key: party for key, party in before.items() if key not in ours}
    changed = [key for key, party in others.items() if parties[key] | {"active": 1} != party]
    assert changed == []
    made = [key for key in parties if key not in before]
    assert len(made) == len(ours & set(made))
    the_deals_agree(story)


def the_deals_agree(story: Story) -> None:
    rows = story.warehouse.query("select opportunity_id, name, probability from cdp.cdp_pipeline")
    told = {key: (name, float(probability)) for key, name, probability in rows}
    there = story.crm.query(
        "select id, reference, description, conversion_probability from sale_opportunity"
    )
    found = {row["id"]: tuple(row.values())[1:] for row in there}
    held = story.held(DEALS)
    assert {record: (key, *told[key]) for key, record in held.items()} == found
