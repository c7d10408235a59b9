"""Klaviyo: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations._http import Answer
from cdp.destinations.klaviyo import Klaviyo, KlaviyoOptions
from cdp.errors import FatalDestinationError
from destinations.servers.klaviyo import Klaviyo as Vendor

SDK = json.loads((Path(__file__).parent / "vectors/klaviyo.json").read_text(encoding="utf-8"))
ANN = Row("p1", {"external_id": "p1", "email": "ann@example.com", "first_name": "Ann"})


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened("list", match=…) opens Klaviyo there."""
    there: list[Klaviyo] = []

    def open_klaviyo(
        target: str = "profiles", match: str = "external_id", *fields: str, list_id: str = "VIPs"
    ) -> Klaviyo:
        options = {"key_env": "TEST_KLAVIYO_KEY", "base_url": vendor.url}
        options |= {"list_id": list_id} if target == "list" else {}
        kinds = dict.fromkeys(fields or ("external_id", "email", "first_name"), "text")
        delivery = Delivery("s", "s#1", target, "mirror", "marketing_email", match, kinds, Path())
        there.append(Klaviyo(delivery, KlaviyoOptions.model_validate(options)))
        return there[-1]

    yield open_klaviyo
    for each in there:
        each.close()


def settled(there: Klaviyo, *rows: Row) -> list[tuple[str, str]]:
    batch = Batch("k", rows)
    there.upsert(batch)
    while (outcomes := there.poll(batch)) is None:
        pass
    return [(outcome.status, outcome.code) for outcome in outcomes]


def bodies(vendor: Vendor, method: str = "POST") -> list[Any]:
    return [json.loads(call.body) for call in vendor.log if call.method == method]


def test_bodies_are_those_of_the_sdk(opened: Any, vendor: Vendor) -> None:
    people = [Row(person["external_id"], person) for person in SDK["people"]]
    opened("list").upsert(Batch("k", tuple(people)))
    opened("suppressions", "email").upsert(Batch("k", (Row("ann@example.com", {}),)))
    vendor.seed(vendor.cases[0], Row("x@example.com", {}))
    vendor.profiles["01K1"] = {"email": "x@example.com"}
    vendor.names["email", "x@example.com"] = "01K1"
    opened("profiles", "email").erase([Person("x@example.com")])
    assert bodies(vendor) == [SDK["import"], SDK["suppress"], SDK["erase"]]
    gone = [Row(number, {}, record_id=record) for number, record in (("1", "01K1"), ("2", "01K2"))]
    opened("list").remove(Batch("k", tuple(gone)))
    assert bodies(vendor, "DELETE") == [SDK["leave"]]


def test_leaving_a_list_unsubscribes_nobody(opened: Any, vendor: Vendor) -> None:
    """An unsubscription that names a list is one from everything for who is not in it."""
    settled(opened("list"), ANN)
    opened("list").remove(Batch("k", (Row("p1", {}), Row("stranger", {}))))
    assert vendor.members == set()
    assert len(vendor.profiles) == 1
    assert not [call.path for call in vendor.log if "subscription" in call.path]


def test_a_null_clears_and_what_is_absent_stays(opened: Any, vendor: Vendor) -> None:
    there = opened()
    settled(there, ANN)
    settled(there, Row("p1", {"first_name": None}))
    (profile,) = vendor.profiles.values()
    assert "first_name" not in profile
    assert profile["email"] == "ann@example.com"


def test_a_profile_that_is_removed_keeps_what_others_wrote(opened: Any, vendor: Vendor) -> None:
    row = Row("p1", {"first_name": "Ann", "cdp_orders": "3"})
    there = opened("profiles", "external_id", "first_name", "cdp_orders")
    settled(there, row)
    (profile,) = vendor.profiles.values()
    profile |= {"last_name": "Lee", "properties": {**profile["properties"], "theirs": 1}}
    there.remove(Batch("k", (Row("p1", {}),)))
    assert profile == {
        "external_id": "p1", "last_name": "Lee", "properties": {"theirs": 1}, "location": {},
    }  # fmt: skip


def test_errors_are_joined_by_the_payload_across_pages(opened: Any) -> None:
    rows = [Row(f"p{n}", {"email": "no" if n % 2 else f"{n}@example.com"}) for n in range(9)]
    found = settled(opened(), *rows)
    assert found == [
        ("rejected", "invalid_value") if number % 2 else ("acknowledged", "") for number in range(9)
    ]


def test_an_error_repeats_no_value(opened: Any, vendor: Vendor) -> None:
    there = opened()
    batch = Batch("k", (Row("p1", {"email": "nobody", "first_name": "Ann", "cdp_city": "Bonn"}),))
    there.upsert(batch)
    said = vendor.jobs["J0"]["errors"][0]["attributes"]
    said["detail"] = "p1: nobody is no email of Ann in Bonn"
    while (outcomes := there.poll(batch)) is None:
        pass
    (outcome,) = outcomes
    assert outcome.message == "invalid: p1: … is no email of … in …"


def test_a_scope_that_is_missing_is_named(opened: Any) -> None:
    detail = "The API key is missing required scopes: lists:write, profiles:write."
    body = {"errors": [{"code": "permission_denied", "detail": detail}]}
    error = opened().refused(Answer(403, {}, json.dumps(body).encode()))
    assert isinstance(error, FatalDestinationError)
    assert "lists:write, profiles:write" in str(error)


def test_a_failure_that_names_nobody_leaves_all_unsure(opened: Any, vendor: Vendor) -> None:
    there, batch = opened(), Batch("k", (ANN, Row("p2", {"email": "nobody"})))
    there.upsert(batch)
    vendor.jobs["J0"]["errors"][0]["attributes"] |= {"original_payload": None, "source": {}}
    while (outcomes := there.poll(batch)) is None:
        pass
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 2


def test_a_cancelled_job_leaves_all_unsure(opened: Any, vendor: Vendor) -> None:
    vendor.cancels = True
    assert settled(opened(), ANN) == [("unknown", "cancelled")]


def test_what_cannot_work_is_named(opened: Any) -> None:
    wrong = opened("list", "cdp_id", "location.town", list_id="gone").check()
    match, town, missing = wrong
    assert "by email or phone_number or external_id, not by 'cdp_id'" in match
    assert "cdp_fields.location.town" in town
    assert "no list gone" in missing
    mode, which = Klaviyo.problems("suppressions", "mirror", opened("list")._options)
    assert "goes with cdp_object: list" in mode
    assert "cdp_mode: append" in which


def test_a_list_mirrors_its_segment(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: made, adopted, polled, left; then nothing more to do."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "klaviyo",
        "cdp_object": "list",
        "cdp_mode": "mirror",
        "cdp_match": ["email"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email", "cdp_orders": "orders"},
        "cdp_options": {
            "key_env": "TEST_KLAVIYO_KEY", "base_url": vendor.url, "list_id": "VIPs",
        },
    }  # fmt: skip
    theirs = vendor.seed(vendor.cases[0], Row("1@example.com", {}))
    crowd = [Somebody(f"p{number}", f"{number}@example.com") for number in range(20)]
    crowd[7] = Somebody("p7", "nobody")
    world.people(crowd)
    result = world.sync()
    assert (result.sent, result.rejected) == (19, 1)
    assert theirs in vendor.members
    world.people(crowd[2:])
    assert world.sync().sent == 2
    assert len(vendor.members) == 17
    writes = vendor.writes
    assert (world.sync().planned, vendor.writes) == (0, writes)
