"""Braze: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.braze import Braze, BrazeOptions
from cdp.errors import RecordRejected
from destinations.servers._base import Reply
from destinations.servers.braze import Braze as Vendor

FIELDS = {"external_id": "text", "email": "text", "cdp_tier": "text", "cdp_orders": "integer"}
ANN = Row("p1", {"external_id": "p1", "email": "a@example.com", "cdp_tier": "gold"})
BOB = Row("p2", {"external_id": "p2", "email": "b@example.com", "cdp_tier": "blue"})
Open = Callable[..., Braze]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[Braze] = []

    def open_braze(mode: str = "mirror", match: str = "external_id", **more: str) -> Braze:
        options = BrazeOptions.model_validate({**vendor.settings, "base_url": vendor.url})
        delivery = Delivery(
            "s", "s#1", "users", mode, "marketing_email", match, FIELDS | more, Path()
        )
        there.append(Braze(delivery, options))
        return there[-1]

    yield open_braze
    for each in there:
        each.close()


def again(row: Row, **changes: Any) -> Row:
    """As the next run sends it: the ledger knows the record."""
    return replace(row, fields={**row.fields, **changes}, record_id=row.id)


def test_only_what_differs_is_paid_for(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("one", (ANN, BOB)))
    assert vendor.data_points == 4
    there.upsert(Batch("two", (again(ANN), again(BOB, cdp_tier="gold"))))
    assert vendor.data_points == 5
    assert vendor.users["p2"]["cdp_tier"] == "gold"
    calls = vendor.writes
    (outcome,) = there.upsert(Batch("three", (again(ANN),)))
    assert (outcome.status, vendor.writes) == ("acknowledged", calls)


def test_a_bool_is_no_number(opened: Open, vendor: Vendor) -> None:
    """True equals 1 in Python, not at Braze."""
    there = opened()
    there.upsert(Batch("one", (replace(ANN, fields={**ANN.fields, "cdp_orders": 1}),)))
    there.upsert(Batch("two", (again(ANN, cdp_orders=True),)))
    assert vendor.users["p1"]["cdp_orders"] is True


def test_who_is_not_there_is_not_made_by_a_removal(opened: Open, vendor: Vendor) -> None:
    opened().remove(Batch("one", (ANN,)))
    opened("update").upsert(Batch("two", (BOB,)))
    assert vendor.users == {}


def test_the_profile_stays_when_somebody_leaves(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("one", (ANN,)))
    there.remove(Batch("two", (again(ANN),)))
    assert vendor.users["p1"] == {"external_id": "p1", "email": "a@example.com"}


def test_a_merged_person_keeps_one_profile(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("one", (ANN,)))
    there.upsert(Batch("two", (replace(again(ANN, cdp_tier="blue"), id="p9"),)))
    assert {key: user["cdp_tier"] for key, user in vendor.users.items()} == {"p1": "blue"}


def test_other_profiles_of_the_email_are_erased_too(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("one", (ANN, BOB)))
    (outcome,) = there.erase([Person("p1", "p1", {"email": ["a@example.com", "b@example.com"]})])
    assert (outcome.status, vendor.users) == ("acknowledged", {})


@pytest.mark.parametrize("name", ["email_subscribe", "subscription_groups", "push_tokens"])
def test_nobody_is_subscribed_by_an_attribute(opened: Open, name: str) -> None:
    (problem,) = opened(**{name: "text"}).check()
    assert name in problem


def test_users_are_known_by_external_id_alone(opened: Open) -> None:
    (problem,) = opened(match="email").check()
    assert "external_id" in problem
    assert opened().look_up("email", ["a@example.com"]) == {}


def test_a_text_that_is_too_long_is_refused(opened: Open) -> None:
    long = replace(ANN, fields={**ANN.fields, "cdp_tier": "x" * 256})
    outcome = opened().refusal(long)
    assert outcome
    assert (outcome.status, outcome.code) == ("rejected", "too_long")


def test_an_error_that_names_no_row_refuses_the_batch(
    opened: Open, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vague = Reply(201, {"message": "success", "errors": ["some attribute is not valid"]})
    monkeypatch.setattr(vendor, "answer", lambda call: vague)
    with pytest.raises(RecordRejected):
        opened().upsert(Batch("one", (ANN, BOB)))
