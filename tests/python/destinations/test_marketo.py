"""Marketo: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.marketo import Marketo, MarketoOptions
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError
from destinations.servers._base import Call, Reply
from destinations.servers.marketo import Marketo as Vendor

FIELDS = {"email": "text", "firstName": "text"}
ANN = Row("ann@example.com", {"email": "ann@example.com", "firstName": "Ann"})
BOB = Row("bob@example.com", {"email": "bob@example.com", "firstName": "Bob"})
Open = Callable[..., Marketo]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[Marketo] = []

    def open_marketo(target: str = "leads", match: str = "email", **fields: str) -> Marketo:
        options: dict[str, Any] = {**vendor.settings, "base_url": vendor.url}
        if target == "list":
            options["list_id"] = "1001"
        delivery = Delivery(
            "s", "s#1", target, "mirror", "marketing_email", match, fields or FIELDS, Path()
        )
        there.append(Marketo(delivery, MarketoOptions.model_validate(options)))
        return there[-1]

    yield open_marketo
    for each in there:
        each.close()


def test_a_key_with_a_comma_would_be_several(opened: Open, vendor: Vendor) -> None:
    there = opened()
    refused = there.refusal(replace(ANN, id="a,b"))
    assert refused is not None
    assert (refused.code, there.refusal(ANN)) == ("invalid_value", None)
    assert there.look_up(there._delivery.match, ["a,b"]) == {}
    assert "a,b" not in str([call.query for call in vendor.log])


def test_a_token_that_is_over_is_fetched_anew(opened: Open, vendor: Vendor) -> None:
    """602 comes with 200, and the call is made again under the next token."""
    there = opened()
    there.upsert(Batch("k", (ANN,)))
    vendor.is_over = True
    (outcome,) = there.upsert(Batch("l", (BOB,)))
    assert (outcome.status, len(vendor.tokens), len(vendor.leads)) == ("acknowledged", 2, 2)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("606", RetriableError), ("615", RetriableError), ("611", RetriableError),
     ("607", FatalDestinationError), ("603", FatalDestinationError),
     ("610", FatalDestinationError), ("1006", RecordRejected), ("713", RetriableError)],
)  # fmt: skip
def test_a_success_that_is_none(
    opened: Open, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, code: str, kind: type[CdpError]
) -> None:
    there = opened()
    there.catalogue()
    errors = [{"code": code, "message": "ann@example.com"}]
    no = Reply(200, {"requestId": "e", "success": False, "errors": errors})
    monkeypatch.setattr(vendor, "answer", lambda call: no)
    with pytest.raises(kind) as raised:
        there.upsert(Batch("k", (ANN,)))
    assert type(raised.value) is kind
    assert "ann" not in str(raised.value)


def test_the_skipped_have_reasons(opened: Open, vendor: Vendor) -> None:
    for _ in range(2):
        vendor.last_id += 1
        vendor.leads[vendor.last_id] = {"email": "twin@example.com"}
    twin = Row("twin@example.com", {"email": "twin@example.com", "firstName": "T"})
    gone = Row("cid@example.com", {"email": "cid@example.com"}, record_id="9")
    one, two, three = opened().upsert(Batch("k", (twin, ANN, gone)))
    assert (one.status, one.code) == ("rejected", "duplicate")
    assert two.status == "acknowledged"
    assert (three.status, three.code) == ("rejected", "not_found")


def test_a_lead_that_is_known_is_updated_by_its_id(opened: Open, vendor: Vendor) -> None:
    there = opened()
    (first,) = there.upsert(Batch("k", (ANN,)))
    moved = Row("new@example.com", {"email": "new@example.com"}, first.destination_id)
    there.upsert(Batch("l", (moved,)))
    assert [lead["email"] for lead in vendor.leads.values()] == ["new@example.com"]


def test_who_is_no_lead_waits_for_a_later_run(opened: Open, vendor: Vendor) -> None:
    opened().upsert(Batch("k", (ANN,)))
    one, two = opened("list").upsert(Batch("l", (ANN, BOB)))
    assert (one.status, two.status, two.code) == ("acknowledged", "aborted", "not_found")
    opened("list").remove(Batch("m", (ANN, BOB)))
    assert (vendor.members, len(vendor.leads)) == (set(), 1)


def test_nobody_is_subscribed_again(opened: Open) -> None:
    (problem,) = opened(email="text", unsubscribed="boolean").check()
    assert "unsubscribed" in problem
    (match,) = opened(match="nothing").check()
    assert "no field 'nothing'" in match


def test_all_leads_of_the_person_are_erased(opened: Open, vendor: Vendor) -> None:
    for email in ("ann@example.com", "ANN@example.com", "other@example.com", "bob@example.com"):
        vendor.last_id += 1
        vendor.leads[vendor.last_id] = {"email": email}
    (outcome,) = opened().erase([Person("ann@example.com", None, {"email": ["other@example.com"]})])
    assert outcome.status == "acknowledged"
    assert [lead["email"] for lead in vendor.leads.values()] == ["bob@example.com"]


def test_no_address_holds_the_secret(opened: Open, vendor: Vendor) -> None:
    calls: list[Call] = vendor.log
    opened().upsert(Batch("k", (ANN,)))
    assert calls[0].path == "/identity/oauth/token"
    assert [call.query for call in calls[:2]] == [{}, {}]
