"""Tryton: what is its own, against the stand-in. The real one is met in test_tryton_server.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations._base import Batch, Delivery, Outcome, Person, Row
from cdp.destinations._tryton import TrytonOptions
from cdp.destinations.tryton import Tryton
from cdp.errors import RecordRejected, RetriableError
from destinations.servers.tryton import Tryton as Vendor

MATCH = {"parties": "code", "opportunities": "reference", "category": "email"}
FIELDS = {
    "parties": {"name": "text", "email": "text", "mobile": "text"},
    "opportunities": {"description": "text", "party": "text", "amount": "float"},
    "category": {"email": "text"},
}


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened("parties", match=…) opens Tryton there."""
    there: list[Tryton] = []

    def open_tryton(target: str = "parties", match: str = "", **options: Any) -> Tryton:
        delivery = Delivery(
            "s", "s#1", target, "mirror", "sales_outreach", match or MATCH[target],
            FIELDS[target], Path(),
        )  # fmt: skip
        given = {**vendor.settings, "base_url": vendor.url, **options}
        there.append(Tryton(delivery, TrytonOptions.model_validate(given)))
        return there[-1]

    yield open_tryton
    for each in there:
        each.close()


def theirs(vendor: Vendor, code: str, *mails: str) -> int:
    """A party that somebody else entered."""
    made = [["create", [{"type": "email", "value": mail} for mail in mails]]]
    return vendor._made("party.party", {"code": code, "contact_mechanisms": made})


def mails(vendor: Vendor, party: int) -> dict[str, str | None]:
    """Address → name of the contact mechanism."""
    table = vendor.tables["party.contact_mechanism"]
    return {table[each]["value"]: table[each]["name"] for each in vendor._mechanisms(party)}


def put(there: Tryton, *rows: Row) -> list[Outcome]:
    return list(there.upsert(Batch("k", rows)))


def test_contact_mechanisms_of_others_are_left_alone(opened: Any, vendor: Vendor) -> None:
    party = theirs(vendor, "17", "Ann@Example.com ", "work@example.com")
    for mail in ("ann@example.com", "new@example.com", "newer@example.com", None):
        put(opened(), Row("p1", {"email": mail}, record_id=str(party)))
        ours = {"Ann@Example.com ": None, "work@example.com": None}
        if mail and mail.startswith("new"):
            ours[mail] = "cdp"
        assert mails(vendor, party) == ours
    assert vendor.tables["party.party"][party]["code"] == "17"


def test_a_dirty_address_is_found_and_a_shared_one_is_ambiguous(
    opened: Any, vendor: Vendor
) -> None:
    ann = theirs(vendor, "1", " ANN_B@example.com", "ann_b@example.com")
    theirs(vendor, "2", "annxb@example.com")
    both = [theirs(vendor, code, "info@example.com") for code in ("3", "4")]
    gone = theirs(vendor, "5", "gone@example.com")
    vendor.tables["party.party"][gone]["active"] = False
    asked = ["Ann_B@Example.com", "info@example.com", "gone@example.com"]
    assert opened().look_up("email", asked) == {
        "Ann_B@Example.com": [str(ann)],
        "info@example.com": list(map(str, both)),
    }
    assert opened().look_up("code", ["5", "6"]) == {"5": [str(gone)]}


@pytest.mark.parametrize("target", ["parties", "opportunities"])
def test_a_lost_answer_makes_no_second_record(opened: Any, vendor: Vendor, target: str) -> None:
    """Nothing at Tryton would stop a second opportunity of the same reference."""
    vendor.faults.append("fail")
    (outcome,) = put(opened(target), Row("p1", {}))
    assert outcome.status == "acknowledged"
    creations = [call for call in vendor.log if b".create" in call.body]
    assert (len(creations), vendor.count(vendor.cases[0 if target == "parties" else 2])) == (1, 1)


def test_a_party_that_was_replaced_is_followed(opened: Any, vendor: Vendor) -> None:
    old, new = theirs(vendor, "1"), theirs(vendor, "2")
    vendor.tables["party.party"][old] |= {"active": False, "replaced_by": new}
    (outcome,) = put(opened(), Row("p1", {"name": "Ann"}, record_id=str(old)))
    assert outcome == Outcome("acknowledged", destination_id=str(new))
    assert vendor.tables["party.party"][new]["name"] == "Ann"
    assert not vendor.tables["party.party"][old]["active"]


def test_a_record_that_is_gone_is_told(opened: Any) -> None:
    (outcome,) = put(opened(), Row("p1", {"name": "Ann"}, record_id="9999"))
    assert (outcome.status, outcome.code) == ("rejected", "not_found")


def test_a_closed_opportunity_is_led_again(opened: Any, vendor: Vendor) -> None:
    there = opened("opportunities")
    put(there, Row("o1", {"description": "A"}))
    there.remove(Batch("k", (Row("o1", {}),)))
    put(there, Row("o1", {"description": "B"}))
    (record,) = vendor.tables["sale.opportunity"].values()
    assert (record["state"], record["description"]) == ("lead", "B")


def test_an_opportunity_finds_its_party_by_code_or_email(opened: Any, vendor: Vendor) -> None:
    ann = theirs(vendor, "p1", "ann@example.com")
    theirs(vendor, "3", "info@example.com")
    theirs(vendor, "4", "info@example.com")
    named = ("p1", "Ann@example.com", "info@example.com", "nobody@example.com")
    rows = [Row(f"o{number}", {"party": name}) for number, name in enumerate(named)]
    outcomes = put(opened("opportunities"), *rows, Row("o9", {"party": None}))
    assert [outcome.code for outcome in outcomes] == ["", "", "duplicate", "not_found", ""]
    assert outcomes[3].status == "aborted"  # a later run, when the party is there
    parties = [record["party"] for record in vendor.tables["sale.opportunity"].values()]
    assert parties == [ann, ann, None]


def test_a_refusal_says_why_and_quotes_nobody(opened: Any) -> None:
    with pytest.raises(RecordRejected) as raised:
        put(opened("opportunities"), Row("o1", {"amount": 1.005}))
    assert raised.value.code == "invalid_value"
    assert "number of digits" in str(raised.value)
    fault = opened()._fault(["UserError", ['Party "Ann Lee" and ann@example.com is required.', ""]])
    assert str(fault) == "Tryton refused it: Party … and … is required."
    assert isinstance(opened()._fault(["ConcurrencyException", "x"]), RetriableError)


def test_a_session_that_ends_is_begun_anew(opened: Any, vendor: Vendor) -> None:
    there = opened()
    put(there, Row("p1", {"name": "Ann"}))
    vendor.token = "session-2"
    assert [each.status for each in put(there, Row("p2", {"name": "Bob"}))] == ["acknowledged"]


def test_what_finds_nobody_is_named(opened: Any) -> None:
    assert "parties are found by code" in " ".join(opened(match="name").check())
    (problem,) = opened("category", category="Nobody").check()
    assert "no one category 'Nobody'" in problem


def test_a_server_has_an_address_and_a_category_a_name(vendor: Vendor) -> None:
    there = {**vendor.settings, "base_url": vendor.url}
    for target, mode, given, told in (
        ("parties", "upsert", vendor.settings, "base_url is missing"),
        ("category", "mirror", there, "category goes with"),
        ("category", "upsert", there | {"category": "VIP"}, "a category mirrors"),
    ):
        (problem,) = Tryton.problems(target, mode, TrytonOptions.model_validate(given))
        assert told in problem


def test_who_is_no_party_waits_for_a_later_run(opened: Any, vendor: Vendor) -> None:
    theirs(vendor, "1", "ann@example.com")
    rows = [Row(f"{name}@example.com", {}) for name in ("ann", "bob")]
    one, two = put(opened("category", category="VIP"), *rows)
    assert (one.status, two.status, two.code) == ("acknowledged", "aborted", "not_found")


def test_erasing_empties_what_a_document_needs(opened: Any, vendor: Vendor) -> None:
    there = opened()
    put(there, *(Row(code, {"name": "Ann", "email": f"{code}@example.com"}) for code in ("a", "b")))
    (needed, _) = vendor.tables["party.party"]
    vendor.needed = {needed}
    people = [Person("a"), Person("x", None, {"email": ["B@example.com"]}), Person("nobody")]
    assert [each.status for each in there.erase(people)] == ["acknowledged"] * 3
    (left,) = vendor.tables["party.party"].values()
    assert (left["name"], left["active"], mails(vendor, needed)) == (None, False, {"****": None})
