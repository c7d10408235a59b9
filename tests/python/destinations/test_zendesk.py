"""Zendesk: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.zendesk import Zendesk, ZendeskOptions
from cdp.errors import FatalDestinationError
from destinations.servers._base import Reply
from destinations.servers.zendesk import Zendesk as Vendor

FIELDS = {"external_id": "text", "email": "text", "name": "text", "notes": "text"}
Open = Callable[..., Zendesk]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[Zendesk] = []

    def open_zendesk(match: str = "external_id", mode: str = "mirror", **given: Any) -> Zendesk:
        options = {**vendor.settings, "base_url": vendor.url, **given}
        delivery = Delivery("s", "s#1", "users", mode, "service", match, FIELDS, Path())
        there.append(Zendesk(delivery, ZendeskOptions.model_validate(options)))
        return there[-1]

    yield open_zendesk
    for each in there:
        each.close()


def somebody(number: int, **fields: str) -> Row:
    mail = {"email": f"person{number}@example.com", "name": f"N {number}"}
    return Row(f"p{number}", mail | fields)


def batch(*rows: Row) -> Batch:
    return Batch("+".join(row.id for row in rows), rows)


def test_a_key_with_a_comma_would_be_several(opened: Open, vendor: Vendor) -> None:
    there = opened()
    refused = there.refusal(replace(somebody(1), id="a,b"))
    assert refused is not None
    assert (refused.code, there.refusal(somebody(1))) == ("invalid_value", None)
    assert there.look_up(there._delivery.match, ["a,b"]) == {}
    assert "a,b" not in str([call.query for call in vendor.log])


def test_more_jobs_than_may_wait_are_asked_for_meanwhile(opened: Open, vendor: Vendor) -> None:
    """Neither are there more than 30 at once, nor is one forgotten after a hundred others."""
    vendor.patience = 2
    there = opened()
    batches = [batch(somebody(number)) for number in range(130)]
    for each in batches:
        assert [outcome.status for outcome in there.upsert(each)] == ["accepted"]
    for each in batches:
        while (outcomes := there.poll(each)) is None:
            pass
        assert [outcome.status for outcome in outcomes] == ["acknowledged"]
    assert len(vendor.users) == 130


def test_a_job_that_is_forgotten_leaves_its_rows_unknown(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(batch(somebody(1)))
    vendor.jobs.clear()
    (outcome,) = there.poll(batch(somebody(1))) or ()
    assert (outcome.status, outcome.code) == ("unknown", "job_gone")


def test_a_job_that_was_started_before_another_could_not_be_is_awaited(
    opened: Open, vendor: Vendor
) -> None:
    there = opened(attempts=1)
    there.upsert(batch(somebody(1)))
    known = replace(somebody(1, notes="hers"), record_id="7001")
    vendor.faults.extend(["", "throttle"])
    both = batch(somebody(2), known)
    assert [outcome.status for outcome in there.upsert(both)] == ["aborted", "accepted"]
    while (outcomes := there.poll(both)) is None:
        pass
    assert outcomes[1].status == "acknowledged"
    assert [user["notes"] for user in vendor.users.values()] == ["hers"]


def test_nobody_gets_a_verification_mail(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(batch(somebody(1), somebody(2)))
    assert (len(vendor.users), vendor.mails) == (2, 0)


def test_those_who_were_deleted_before_are_erased_too(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(batch(somebody(1), somebody(2)))
    vendor._destroy("7001")
    other = {"email": ["person2@example.com"]}
    outcomes = there.erase([Person("p1"), Person("stranger", None, other)])
    assert [outcome.status for outcome in outcomes] == ["acknowledged"] * 2
    assert (vendor.users, vendor.deleted) == ({}, {})


def test_an_id_with_a_comma_erases_nobody_else(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(batch(somebody(1), somebody(2)))
    (outcome,) = there.erase([Person("p1,p2")])
    assert outcome.status == "acknowledged"
    assert len(vendor.users) == 2


def test_who_has_an_open_ticket_is_not_erased(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(batch(somebody(1, notes="open ticket")))
    (outcome,) = there.erase([Person("p1")])
    assert (outcome.status, outcome.code) == ("rejected", "invalid_value")
    assert len(vendor.users) == 1


def test_imports_that_are_off_are_named(
    opened: Open, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = Reply(403, {"error": "Forbidden", "message": "Data imports are not enabled"})
    monkeypatch.setattr(vendor, "answer", lambda call: off)
    with pytest.raises(FatalDestinationError, match="imports are off"):
        opened().upsert(batch(somebody(1)))


def test_a_role_is_not_written(opened: Open) -> None:
    """It would make agents of people, and cost seats."""
    catalogue = opened().catalogue()
    assert not catalogue["role"].is_writable
    assert catalogue["cdp_orders"].kind == "integer"


def test_the_match_field_finds_one_user(opened: Open) -> None:
    (problem,) = opened("phone").check()
    assert "external_id or email" in problem
    (unseen,) = opened("email", "create").check()
    assert "not looked up for create" in unseen
    assert list(opened("email", "upsert").check()) == []


def test_an_api_token_goes_with_its_login(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_ZENDESK_TOKEN", "bot@example.com/token:abc")
    sent = opened().headers()["authorization"]
    assert sent == "Basic " + b64encode(b"bot@example.com/token:abc").decode()
