"""Customer.io: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.customerio import CustomerIo, CustomerIoOptions
from cdp.errors import RecordRejected
from destinations.servers._base import Reply
from destinations.servers.customerio import CustomerIo as Vendor

FIELDS = {"id": "text", "email": "text", "first_name": "text"}
ANN = Row("p1", {"id": "p1", "email": "a@example.com", "first_name": "Ann"})
BOB = Row("p2", {"id": "p2", "email": "b@example.com", "first_name": "Bob"})
Open = Callable[..., CustomerIo]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[CustomerIo] = []

    def open_customerio(match: str = "id", **more: str) -> CustomerIo:
        options = CustomerIoOptions.model_validate({**vendor.settings, "base_url": vendor.url})
        delivery = Delivery(
            "s", "s#1", "people", "mirror", "marketing_email", match, FIELDS | more, Path()
        )
        there.append(CustomerIo(delivery, options))
        return there[-1]

    yield open_customerio
    for each in there:
        each.close()


def test_the_refused_are_known_by_their_place(opened: Open, vendor: Vendor) -> None:
    bad = Row("p9", {"id": "p9", "email": "nobody"})
    outcomes = opened().upsert(Batch("k", (ANN, bad, BOB)))
    assert [outcome.status for outcome in outcomes] == ["acknowledged", "rejected", "acknowledged"]
    assert (outcomes[1].code, "nobody" in outcomes[1].message) == ("invalid_value", False)
    assert len(vendor.people) == 2


def test_an_error_without_a_place_refuses_the_batch(
    opened: Open, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vague = Reply(207, {"errors": [{"reason": "invalid", "message": "something"}]})
    monkeypatch.setattr(vendor, "answer", lambda call: vague)
    with pytest.raises(RecordRejected):
        opened().upsert(Batch("k", (ANN, BOB)))


def test_nobody_is_kept_out_for_ever(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("k", (ANN, BOB)))
    there.remove(Batch("l", (BOB,)))
    (outcome,) = there.erase([Person("p1", None, {"email": ["a@example.com"]})])
    assert (outcome.status, vendor.people, vendor.suppressed) == ("acknowledged", [], set())


def test_every_person_of_the_email_is_erased(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("k", (ANN, BOB)))
    (outcome,) = there.erase([Person("p1", None, {"email": ["b@example.com"]})])
    assert (outcome.status, vendor.people) == ("acknowledged", [])


@pytest.mark.parametrize("name", ["unsubscribed", "cio_subscription_preferences", "cio_id", "_x"])
def test_what_is_no_attribute_is_named(opened: Open, name: str) -> None:
    (problem,) = opened(**{name: "boolean"}).check()
    assert name in problem


def test_people_are_known_by_id_or_email(opened: Open) -> None:
    (problem,) = opened("first_name").check()
    assert "by id or email" in problem


def test_europe_is_another_host(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_CUSTOMERIO_KEY", "x")
    options = CustomerIoOptions(site_id="1", token_env="TEST_CUSTOMERIO_KEY", region="eu")
    delivery = Delivery("s", "s#1", "people", "mirror", "marketing_email", "id", FIELDS, Path())
    there = CustomerIo(delivery, options)
    there.close()
    assert there._base == "https://track-eu.customer.io"
