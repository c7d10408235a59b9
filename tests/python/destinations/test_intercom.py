"""Intercom: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations._http import Answer
from cdp.destinations.intercom import Intercom, IntercomOptions
from destinations.servers.intercom import Intercom as Vendor

FIELDS = {"external_id": "text", "email": "text", "name": "text"}
ANN = Row("p1", {"external_id": "p1", "email": "a@example.com", "name": "Ann"})
BOB = Row("p2", {"external_id": "p2", "email": "b@example.com", "name": "Bob"})
Open = Callable[..., Intercom]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[Intercom] = []

    def open_intercom(match: str = "external_id", **options: Any) -> Intercom:
        given = {**vendor.settings, "base_url": vendor.url, **options}
        target = "tag" if "tag_id" in options else "contacts"
        delivery = Delivery("s", "s#1", target, "mirror", "service", match, FIELDS, Path())
        there.append(Intercom(delivery, IntercomOptions.model_validate(given)))
        return there[-1]

    yield open_intercom
    for each in there:
        each.close()


def test_a_search_that_lags_makes_no_duplicate(opened: Open, vendor: Vendor) -> None:
    """The refusal names the contact that is there."""
    there = opened()
    (first,) = there.upsert(Batch("k", (ANN,)))
    vendor.lags = True
    assert there.look_up("external_id", ["p1"]) == {}
    (again,) = there.upsert(Batch("l", (replace(ANN, fields={**ANN.fields, "name": "Anna"}),)))
    assert first.destination_id == again.destination_id
    assert [contact["name"] for contact in vendor.contacts.values()] == ["Anna"]


def test_who_comes_back_is_unarchived(opened: Open, vendor: Vendor) -> None:
    there = opened()
    (first,) = there.upsert(Batch("k", (ANN,)))
    there.remove(Batch("l", (replace(ANN, record_id=first.destination_id),)))
    assert len(vendor.archived) == 1
    (back,) = there.upsert(Batch("m", (ANN,)))
    assert (back.status, vendor.archived, len(vendor.contacts)) == ("acknowledged", set(), 1)


def test_who_was_made_before_a_call_failed_is_known(opened: Open, vendor: Vendor) -> None:
    """Else she would not be removed if she left before the next run."""
    carl = Row("p3", {"external_id": "p3", "email": "c@example.com", "name": "Carl"})
    there = opened(attempts=1)
    for fault, status in (("throttle", "aborted"), ("drop", "unknown")):
        vendor.contacts.clear()
        vendor.faults.extend(["", fault])
        outcomes = there.upsert(Batch("k", (ANN, BOB, carl)))
        assert [each.status for each in outcomes] == ["acknowledged", status, "aborted"]
        assert outcomes[0].destination_id in vendor.contacts


def test_a_contact_that_is_gone_is_told(opened: Open) -> None:
    (outcome,) = opened().upsert(Batch("k", (replace(ANN, record_id="0" * 24),)))
    assert (outcome.status, outcome.code) == ("rejected", "not_found")


def test_nobody_is_subscribed_again(opened: Open) -> None:
    catalogue = opened().catalogue()
    assert not catalogue["unsubscribed_from_emails"].is_writable
    assert not catalogue["role"].is_writable
    (problem,) = opened("name").check()
    assert "external_id or email" in problem


def test_every_contact_of_the_person_is_erased(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("k", (ANN, BOB)))
    (outcome,) = there.erase([Person("p1", None, {"email": ["A@example.com", "b@example.com"]})])
    assert (outcome.status, vendor.contacts) == ("acknowledged", {})


def test_the_search_is_read_to_its_last_page(opened: Open, vendor: Vendor) -> None:
    people = tuple(Row(f"p{n}", {"external_id": f"p{n}"}) for n in range(5))
    there = opened()
    there.upsert(Batch("k", people))
    assert len(there.look_up("external_id", [row.id for row in people])) == 5


def test_who_is_no_contact_waits_for_a_later_run(opened: Open, vendor: Vendor) -> None:
    opened().upsert(Batch("k", (ANN,)))
    there = opened(tag_id="42")
    one, two = there.upsert(Batch("l", (ANN, BOB)))
    assert (one.status, two.status, two.code) == ("acknowledged", "aborted", "not_found")
    assert [outcome.status for outcome in there.remove(Batch("m", (ANN, BOB)))] == (
        ["acknowledged"] * 2
    )
    assert (len(vendor.contacts), vendor.tagged) == (1, set())


def test_a_tag_that_is_not_there_is_named(opened: Open) -> None:
    (problem,) = opened(tag_id="43").check()
    assert "no such tag" in problem
    settings = IntercomOptions(token_env="T", tag_id="42")
    assert len(list(Intercom.problems("contacts", "upsert", settings))) == 1
    assert len(list(Intercom.problems("tag", "upsert", settings))) == 1


@pytest.mark.parametrize("body", ["[]", "<html>", '{"errors": []}', '{"errors": [1]}'])
def test_a_wrong_address_stops_it(opened: Open, body: str) -> None:
    """404 without a body of Intercom's is no contact that is gone."""
    assert opened().refused(Answer(404, {}, body.encode())) is None


def test_the_region_is_another_host() -> None:
    one, two = (IntercomOptions(token_env="T", region=region) for region in ("us", "eu"))
    assert Intercom.place("contacts", one) != Intercom.place("contacts", two)
