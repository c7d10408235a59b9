"""HubSpot: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations._http import Answer
from cdp.destinations.hubspot import HubSpot, HubSpotOptions
from cdp.errors import FatalDestinationError, RecordRejected, RetriableError
from destinations.servers.hubspot import HubSpot as Vendor

SDK = json.loads((Path(__file__).parent / "vectors/hubspot.json").read_text(encoding="utf-8"))
ANN = Row("ann@example.com", {"email": "ann@example.com", "firstname": "Ann"})


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened("contacts", match=…) opens HubSpot there."""
    there: list[HubSpot] = []

    def open_hubspot(target: str = "contacts", match: str = "email", **fields: str) -> HubSpot:
        options = {"token_env": "TEST_HUBSPOT_TOKEN", "base_url": vendor.url}
        if target == "list":
            options["list_id"] = "7"
        delivery = Delivery(
            "s", "s#1", target, "mirror", "marketing_email", match,
            fields or {"email": "text", "firstname": "text"}, Path(),
        )  # fmt: skip
        there.append(HubSpot(delivery, HubSpotOptions.model_validate(options)))
        return there[-1]

    yield open_hubspot
    for each in there:
        each.close()


def answer(status: int, body: object, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(body).encode())


def test_a_scope_that_is_missing_is_named(opened: Any) -> None:
    context = {"requiredGranularScopes": ["crm.objects.contacts.write"]}
    body = {"category": "MISSING_SCOPES", "errors": [{"message": "", "context": context}]}
    error = opened().refused(answer(403, body))
    assert isinstance(error, FatalDestinationError)
    assert "crm.objects.contacts.write" in str(error)


def test_the_day_is_over_and_ten_seconds_are_not(opened: Any) -> None:
    there = opened()
    assert isinstance(there.refused(answer(429, {"policyName": "DAILY"})), FatalDestinationError)
    name = "x-hubspot-ratelimit-interval-milliseconds"
    passing = there.refused(answer(429, {}, **{name: "10000"}))
    assert isinstance(passing, RetriableError)
    assert passing.retry_after == 10


@pytest.mark.parametrize("body", ["[]", '"no"', "<html>", '{"errors": null}', '{"errors": ["x"]}'])
def test_an_error_of_another_shape_is_still_one(opened: Any, body: str) -> None:
    error = opened().refused(Answer(400, {}, body.encode()))
    assert isinstance(error, RecordRejected)
    assert error.code == "rejected"


def test_a_match_field_whose_values_repeat_is_named(opened: Any) -> None:
    (problem,) = opened(match="firstname").check()
    assert "'firstname' need not be unique" in problem
    (missing,) = opened(match="profile_id").check()
    assert "no property 'profile_id'" in missing


def test_a_search_is_read_to_its_last_page(opened: Any, vendor: Vendor) -> None:
    for number in range(5):
        vendor.seed(vendor.cases[0], Row(f"p{number}", {}))
        vendor.records["contacts"][str(vendor.last_id)]["firstname"] = "Ann" if number else "Bob"
    found = opened().look_up("firstname", ["Ann", "Bob", "ann", "Cid"])
    assert {name: len(records) for name, records in found.items()} == {"Ann": 4, "Bob": 1}


def test_who_is_no_contact_waits_for_a_later_run(opened: Any, vendor: Vendor) -> None:
    known = vendor.row(vendor.cases[-1], 1)
    stranger = Row("nobody@example.com", {"email": "nobody@example.com"})
    one, two = opened("list").upsert(Batch("k", (known, stranger)))
    assert (one.status, two.status, two.code) == ("acknowledged", "aborted", "not_found")
    assert len(vendor.members) == 1


def test_erasing_blocks_no_address(opened: Any, vendor: Vendor) -> None:
    """An email that HubSpot does not know would be blocked for good."""
    opened().upsert(Batch("k", (ANN,)))
    mails = {"email": ["ann@example.com", "other@example.com"]}
    (outcome,) = opened().erase([Person("ann@example.com", None, mails)])
    assert (outcome.status, vendor.records["contacts"], vendor.blocked) == (
        "acknowledged",
        {},
        set(),
    )


def test_a_record_that_is_gone_is_told(opened: Any) -> None:
    gone = Row(ANN.id, ANN.fields, record_id="99999")
    (outcome,) = opened().upsert(Batch("k", (gone,)))
    assert (outcome.status, outcome.code) == ("rejected", "not_found")


def calls_of(vendor: Vendor) -> list[dict[str, Any]]:
    """Calls with a body, as the SDK's are kept; it calls v3 where we call the dated API."""
    found = [
        {
            "method": call.method,
            "path": re.sub(r"^/crm/(objects|lists)/2026-03/", r"/crm/v3/\1/", call.path),
            "scheme": call.headers["authorization"].split(" ")[0],
            "body": call.json,
        }
        for call in vendor.log
        if call.body
    ]
    vendor.log.clear()
    return found


def test_the_sdk_sends_the_same(opened: Any, vendor: Vendor) -> None:
    """For the same rows, to the same paths but for the version (vectors/hubspot.py)."""
    of_ann = {"firstname": "Ånn", "cdp_orders": 3, "cdp_is_vip": True}
    of_bob = {
        "firstname": None, "cdp_born_on": date(1980, 2, 29),
        "cdp_last_order_at": datetime(2017, 12, 1, 10, 30, 5),
    }  # fmt: skip
    ann, bob = Row("ann@example.com", of_ann), Row("bob@example.com", of_bob)
    known, other = replace(ann, record_id="501"), replace(bob, record_id="502")
    contacts, members = opened(), opened("list")
    contacts.upsert(Batch("k", (ann, bob)))
    contacts.upsert(Batch("k", (known,)))
    contacts.remove(Batch("k", (known,)))
    contacts.erase([Person("ann@example.com", "501", {})])
    assert calls_of(vendor) == SDK["people"]
    contacts.look_up("email", [ann.id, bob.id])
    contacts.look_up("firstname", ["Ånn", "bob"])
    assert calls_of(vendor) == SDK["looked_up"]
    members.upsert(Batch("k", (known, other)))
    members.remove(Batch("k", (other,)))
    assert calls_of(vendor) == SDK["list_members"]
    company = Row("c1", {"name": "Ånn & Co", "annualrevenue": 1200.5})
    deal = Row("d1", {"dealname": "Winter", "amount": 99.5})
    opened("companies", "cdp_id").upsert(Batch("k", (company,)))
    opened("deals", "cdp_id").upsert(Batch("k", (deal,)))
    assert calls_of(vendor) == SDK["records"]


def test_a_full_crm_gets_no_duplicate(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: adopted, created, changed, removed; then nothing more to do."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "hubspot",
        "cdp_mode": "mirror",
        "cdp_match": ["email"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email", "cdp_orders": "orders"},
        "cdp_options": {"token_env": "TEST_HUBSPOT_TOKEN", "base_url": vendor.url},
    }
    theirs = vendor.seed(vendor.cases[1], Row("1@example.com", {}))
    crowd = [Somebody(f"p{number}", f"{number}@example.com") for number in range(150)]
    world.people(crowd)
    facts = world.plan().facts()
    assert (facts["adopt"], facts["create"]) == (1, 149)
    assert world.sync().sent == 150
    assert vendor.records["contacts"][theirs]["cdp_orders"] == "1"
    world.people([Somebody("p1", "new@example.com"), *crowd[2:]])
    assert world.sync().sent == 2  # p1 has another email, p0 left
    assert vendor.records["contacts"][theirs]["email"] == "new@example.com"
    assert len(vendor.records["contacts"]) == 149
    calls = len(vendor.log)
    assert (world.sync().planned, len(vendor.log)) == (0, calls)
