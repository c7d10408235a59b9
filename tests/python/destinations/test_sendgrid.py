"""SendGrid: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, Outcome, Person, Row
from cdp.destinations.sendgrid import SendGrid, SendGridOptions
from destinations.servers.sendgrid import SendGrid as Vendor

FIELDS = {"email": "text", "cdp_tier": "text", "cdp_orders": "integer"}
LIST = "11111111-2222-3333-4444-555555555555"
Open = Callable[..., SendGrid]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[SendGrid] = []

    def open_sendgrid(match: str = "email", **options: Any) -> SendGrid:
        given = {**vendor.settings, "base_url": vendor.url, **options}
        delivery = Delivery(
            "s", "s#1", "contacts", "mirror", "marketing_email", match, FIELDS, Path()
        )
        there.append(SendGrid(delivery, SendGridOptions.model_validate(given)))
        return there[-1]

    yield open_sendgrid
    for each in there:
        each.close()


def somebody(number: int, **fields: Any) -> Row:
    email = f"person{number}@example.com"
    return Row(email, {"email": email, "cdp_tier": "gold", "cdp_orders": number} | fields)


def settled(there: SendGrid, batch: Batch) -> list[Outcome]:
    for _ in range(30):
        if (outcomes := there.poll(batch)) is not None:
            return list(outcomes)
    raise AssertionError("the job does not end")


def test_custom_fields_go_by_id_as_text(opened: Open, vendor: Vendor) -> None:
    opened().upsert(Batch("k", (somebody(7),)))
    (call,) = [call for call in vendor.log if call.method == "PUT"]
    (contact,) = call.json["contacts"]
    assert contact["custom_fields"] == {"e1_T": "gold", "e2_N": "7"}


def test_a_job_with_errors_is_halved_until_they_stand_alone(opened: Open, vendor: Vendor) -> None:
    there = opened()
    bad = Row("nobody", {"email": "nobody", "cdp_tier": "gold"})
    rows = [somebody(number) for number in range(40)]
    batch = Batch("k", (*rows[:11], bad, *rows[11:30], bad, *rows[30:]))
    assert {outcome.status for outcome in there.upsert(batch)} == {"accepted"}
    outcomes = settled(there, batch)
    refused = [number for number, outcome in enumerate(outcomes) if outcome.status == "rejected"]
    assert refused == [11, 31]
    assert {outcomes[11].code, outcomes[31].code} == {"invalid_value"}
    assert len(vendor.contacts) == 40


def test_nobody_known_is_nobody_deleted(opened: Open, vendor: Vendor) -> None:
    """An empty list of ids is never sent."""
    there = opened()
    (outcome,) = there.remove(Batch("k", (somebody(1),)))
    (erased,) = there.erase([Person("person1@example.com")])
    assert (outcome.status, erased.status) == ("acknowledged", "acknowledged")
    assert [call.method for call in vendor.log if call.method == "DELETE"] == []


def test_who_leaves_the_list_stays_a_contact(opened: Open, vendor: Vendor) -> None:
    there = opened(list_id=LIST)
    batch = Batch("k", (somebody(1), somebody(2)))
    there.upsert(batch)
    settled(there, batch)
    there.remove(Batch("l", (somebody(1),)))
    assert (len(vendor.contacts), len(vendor.members)) == (2, 1)


def test_an_address_that_is_none_holds_up_no_other_erasure(opened: Open, vendor: Vendor) -> None:
    there = opened()
    batch = Batch("k", (somebody(1), somebody(2)))
    there.upsert(batch)
    settled(there, batch)
    people = [Person("person1@example.com"), Person("nobody"), Person("PERSON2@example.com")]
    outcomes = there.erase(people)
    assert [outcome.status for outcome in outcomes] == ["acknowledged", "rejected", "acknowledged"]
    assert (vendor.contacts, vendor.mails) == ({}, set())


def test_a_list_that_is_not_there_is_named(opened: Open) -> None:
    (problem,) = opened(list_id=LIST.replace("5", "6")).check()
    assert "no such list" in problem
    (identifier,) = opened(match="cdp_tier").check()
    assert "does not know contacts by cdp_tier" in identifier
    (audience,) = SendGrid.problems("contacts", "audience", SendGridOptions(token_env="T"))
    assert "list_id is missing" in audience


def test_another_email_is_another_contact(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: no contact is left behind under the former address."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "sendgrid",
        "cdp_mode": "mirror",
        "cdp_match": ["email"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email", "cdp_orders": "orders"},
        "cdp_options": {**vendor.settings, "base_url": vendor.url},
    }
    world.people([Somebody("p1", "1@example.com"), Somebody("p2", "2@example.com")])
    assert world.sync().sent == 2
    world.people([Somebody("p1", "new@example.com"), Somebody("p2", "2@example.com")])
    world.sync()
    emails = {contact["email"] for contact in vendor.contacts.values()}
    assert emails == {"new@example.com", "2@example.com"}
    calls = len(vendor.log)
    assert (world.sync().planned, len(vendor.log)) == (0, calls)
