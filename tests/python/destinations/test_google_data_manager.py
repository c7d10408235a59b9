"""Google: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations import _google
from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations._http import Answer
from cdp.destinations.google_data_manager import (
    GoogleDataManager,
    GoogleDataManagerOptions,
)
from cdp.errors import FatalDestinationError, RecordRejected
from destinations.servers.google_data_manager import BENCH
from destinations.servers.google_data_manager import GoogleDataManager as Vendor

VECTORS = Path(__file__).parent / "vectors/google_data_manager.json"
SDK = json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened("audience", …) opens the list there; people have granted the purpose."""
    there: list[GoogleDataManager] = []

    def open_google(
        target: str = "audience", needs_grant: bool = True, match: str = "email", **options: Any
    ) -> GoogleDataManager:
        given = {**vendor.settings, "base_url": vendor.url}
        kinds = {"email": "text", "phone": "text"}
        delivery = Delivery(
            "s", "s#1", target, "mirror", "advertising", match, kinds, Path(),
            needs_grant=needs_grant,
        )  # fmt: skip
        made = GoogleDataManagerOptions.model_validate(given | options)
        there.append(GoogleDataManager(delivery, made))
        return there[-1]

    yield open_google
    for each in there:
        each.close()


def person(number: int, **fields: Any) -> Row:
    email = f"{number}@example.com"
    return Row(email, {"email": email, **fields})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def settled(there: GoogleDataManager, *rows: Row) -> list[tuple[str, str]]:
    batch = Batch("k", rows)
    there.upsert(batch)
    while (outcomes := there.poll(batch)) is None:
        pass
    return [(outcome.status, outcome.code) for outcome in outcomes]


def bodies(vendor: Vendor, operation: str) -> list[Any]:
    return [json.loads(c.body) for c in vendor.log if c.path.endswith(f":{operation}")]


def test_bodies_are_those_of_the_sdk(
    opened: Any, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Row(found["email"], found) for found in SDK["people"]]
    opened(login_account_id="789", validate_only=True).upsert(Batch("k", tuple(rows)))
    opened(login_account_id="789").remove(Batch("k", (Row(rows[1].id, {}),)))
    there = opened("replacement", login_account_id="789")
    monkeypatch.setattr(there, "_since", datetime(2018, 1, 1, 6, tzinfo=UTC))
    settled(there, person(1))
    assert bodies(vendor, "ingest")[0] == SDK["ingest"]
    assert bodies(vendor, "remove") == [SDK["remove"]]
    assert bodies(vendor, "removeAll") == [SDK["removeAll"]]


def test_a_dry_run_applies_nothing_and_leaves_the_rows_to_be_sent(
    opened: Any, vendor: Vendor
) -> None:
    there = opened(validate_only=True)
    rows = (person(1), person(2))
    for outcomes in (there.upsert(Batch("k", rows)), there.remove(Batch("k", rows))):
        assert [(o.status, o.code) for o in outcomes] == [("aborted", "validate_only")] * 2
    assert (vendor.members, vendor.requests, vendor.writes) == ({}, {}, 0)


def test_consent_is_that_of_the_gate_or_the_persons_own(opened: Any, vendor: Vendor) -> None:
    settled(opened(), person(1))
    settled(opened(), person(2, ad_user_data=False))
    settled(opened(needs_grant=False), person(3))
    settled(opened(needs_grant=False), person(4, ad_user_data=True))
    granted, denied = "CONSENT_GRANTED", "CONSENT_DENIED"
    assert vendor.consents == [
        {"adUserData": granted, "adPersonalization": granted},
        {"adUserData": denied, "adPersonalization": granted},
        None,
        {"adUserData": granted},
    ]


def test_who_failed_among_many_is_found_by_halves(opened: Any, vendor: Vendor) -> None:
    vendor.failing = {
        sha256("2@example.com"): "PROCESSING_ERROR_REASON_NO_CONSENT",
        sha256("5@example.com"): "PROCESSING_ERROR_REASON_INTERNAL_ERROR",
    }
    found = settled(opened(), *map(person, range(8)))
    assert found[2] == ("rejected", "no_consent")
    assert found[5] == ("aborted", "PROCESSING_ERROR_REASON_INTERNAL_ERROR")
    assert {outcome for n, outcome in enumerate(found) if n not in (2, 5)} == {("acknowledged", "")}
    assert len(vendor.members) == 6


def test_what_was_sent_before_and_is_no_more_is_removed(opened: Any, vendor: Vendor) -> None:
    there, batch = opened(), Batch("k", (person(1, phone="+15550100000"),))
    (first,) = there.upsert(batch)
    assert "example.com" not in first.destination_id
    again = Row("1@example.com", person(1, phone="+15550100001").fields, first.destination_id)
    assert settled(there, again) == [("acknowledged", "")]
    (gone,) = bodies(vendor, "remove")
    (member,) = gone["audienceMembers"]
    assert member["userData"]["userIdentifiers"] == [{"phoneNumber": sha256("+15550100000")}]


def test_an_earlier_address_stays_as_the_page_says(opened: Any, vendor: Vendor) -> None:
    home = {"first_name": "Ann", "last_name": "Lee", "country": "US", "zip": "10001"}
    there, batch = opened(), Batch("k", (person(1, **home),))
    (first,) = there.upsert(batch)
    moved = person(1, **home | {"zip": "94107"})
    there.upsert(Batch("k2", (Row(moved.id, moved.fields, first.destination_id),)))
    assert bodies(vendor, "remove") == []
    assert any("an earlier one stays" in fact.statement for fact in GoogleDataManager.facts)


def test_a_replacement_drops_who_was_added_before(opened: Any, vendor: Vendor) -> None:
    settled(opened(), *map(person, range(3)))
    there = opened("replacement")
    one, two = Batch("k1", (person(1),)), Batch("k2", (person(7),))
    there.upsert(one)
    there.upsert(two)
    for _ in range(2):
        assert there.poll(one) is None
    assert len(vendor.members) == 4  # nobody goes while the other batch is under way
    while there.poll(two) is None or there.poll(one) is None:
        pass
    assert {found["identifiers"][0]["emailAddress"] for found in vendor.members.values()} == {
        sha256("1@example.com"), sha256("7@example.com"),
    }  # fmt: skip
    (body,) = bodies(vendor, "removeAll")
    age = datetime.now(UTC) - datetime.fromisoformat(body["removeAsOfTime"])
    assert timedelta(seconds=59) < age < timedelta(seconds=90)  # not what was just ingested


def test_a_replacement_with_a_failure_drops_nobody(opened: Any, vendor: Vendor) -> None:
    settled(opened(), person(9))
    vendor.failing = {sha256("1@example.com"): "PROCESSING_ERROR_REASON_NO_CONSENT"}
    with pytest.raises(FatalDestinationError, match="nobody was dropped"):
        settled(opened("replacement"), person(1))
    assert len(vendor.members) == 1


def test_erasing_removes_by_all_that_is_known(opened: Any, vendor: Vendor) -> None:
    there = opened()
    settled(there, person(1), person(2), person(3))
    ann = Person("1@example.com", None, {"email": ["2@example.com", "no"], "phone": ["no"]})
    assert [there.erase([ann])[0].status for _ in range(2)] == ["accepted", "acknowledged"]
    assert len(vendor.members) == 1
    (unknown,) = there.erase([Person("nobody")])
    assert unknown.status == "rejected"


@pytest.mark.parametrize(
    ("reason", "field", "kind"),
    [
        ("INVALID_USER_LIST_ID", "destinations[0]", FatalDestinationError),
        ("TERMS_AND_CONDITIONS_NOT_SIGNED", "", FatalDestinationError),
        ("INVALID_POSTAL_CODE", "", RecordRejected),
        ("SOMETHING_NEW", "audience_members[3].user_data", RecordRejected),
    ],
)
def test_what_a_refusal_means(opened: Any, reason: str, field: str, kind: type) -> None:
    violation = {"fieldViolations": [{"field": field, "reason": reason}]} if field else {}
    error = {"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": reason}, violation]}}
    found = opened().refused(Answer(400, {}, json.dumps(error).encode()))
    assert type(found) is kind
    assert reason in str(found)


def test_a_wrong_list_is_told_before_the_first_write(opened: Any, vendor: Vendor) -> None:
    with pytest.raises(FatalDestinationError, match="INVALID_DESTINATION"):
        list(opened(user_list_id="999").check())
    (problem,) = opened(match="first_name").check()
    assert "cdp_match" in problem
    assert vendor.writes == 0


def test_the_terms_are_accepted_by_somebody() -> None:
    given = {name: value for name, value in BENCH.settings.items() if name != "accepts_terms"}
    for wrong in (given, given | {"accepts_terms": False}):
        with pytest.raises(ValueError, match="accepts_terms"):
            GoogleDataManagerOptions.model_validate(wrong)


def test_a_service_account_signs_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    monkeypatch.setattr(_google.time, "time", lambda: 1514786400)
    credentials = {"client_email": "cdp@example.com", "private_key": pem.decode()}
    form = _google._assertion(credentials, "scope")
    head, claim, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        for part in form["assertion"].split(".")
    )
    signed = form["assertion"].rpartition(".")[0].encode()
    key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(head)["alg"] == "RS256"
    assert json.loads(claim) == {
        "iss": "cdp@example.com",
        "scope": "scope",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1514786400,
        "exp": 1514790000,
    }


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"type": "service_account"}'])
def test_credentials_that_are_none_are_named(
    opened: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TEST_GOOGLE_CREDENTIALS", text)
    with pytest.raises(FatalDestinationError, match="credentials"):
        list(opened().check())


def test_an_audience_follows_its_segment(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: sent, an email changed, somebody left; then nothing more to do."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "google_data_manager",
        "cdp_object": "audience",
        "cdp_mode": "audience",
        "cdp_match": ["email"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": {"column": "email", "normalise": "google_email", "hash": "sha256"}},
        "cdp_options": {**vendor.settings, "base_url": vendor.url, "hashed": ["email"]},
    }
    crowd = [Somebody(f"p{number}", f"a.{number}+news@gmail.com") for number in range(20)]
    world.people(crowd)
    assert world.sync().sent == 20
    assert {json.dumps(consent) for consent in vendor.consents} == {
        '{"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"}'
    }
    world.people([Somebody("p1", "new@example.com"), *crowd[2:]])
    assert world.sync().sent == 2
    held = {member["identifiers"][0]["emailAddress"] for member in vendor.members.values()}
    assert held == {sha256("new@example.com"), *(sha256(f"a{n}@gmail.com") for n in range(2, 20))}
    state = world.ledger.rows(
        f"select match_key, destination_id from {world.ledger.table('cdp_sync_state')}"
    )
    assert len(state) == 19
    assert not [row for row in state if "@" in str(row)]
    calls = vendor.writes
    assert (world.sync().planned, vendor.writes) == (0, calls)
