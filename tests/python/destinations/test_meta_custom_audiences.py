"""Meta: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, NoAnswer, Person, Row
from cdp.destinations._http import Answer
from cdp.destinations.meta_custom_audiences import (
    MetaCustomAudiences,
    MetaCustomAudiencesOptions,
)
from cdp.errors import FatalDestinationError, RecordRejected, RetriableError
from destinations.servers.meta_custom_audiences import MetaCustomAudiences as Vendor

SDK = json.loads((Path(__file__).parent / "vectors/hashing.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def app_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_META_SECRET", "s3cret")


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened("audience", "email", …) opens the audience there."""
    there: list[MetaCustomAudiences] = []

    def open_meta(target: str = "audience", match: str = "email", **options: Any) -> Any:
        given = {"token_env": "TEST_META_TOKEN", "audience_id": "555", "base_url": vendor.url}
        kinds = dict.fromkeys(("email", "phone", "first_name"), "text")
        delivery = Delivery("s", "s#1", target, "mirror", "advertising", match, kinds, Path())
        made = MetaCustomAudiencesOptions.model_validate(given | options)
        there.append(MetaCustomAudiences(delivery, made))
        return there[-1]

    yield open_meta
    for each in there:
        each.close()


def person(number: int, **fields: Any) -> Row:
    email = f"{number}@example.com"
    return Row(email, {"email": email, **fields})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def bodies(vendor: Vendor, method: str = "POST") -> list[Any]:
    return [json.loads(call.body) for call in vendor.log if call.method == method]


def test_a_row_is_an_array_in_the_order_of_the_schema(opened: Any, vendor: Vendor) -> None:
    rows = (person(1, phone="+1 555 010 9999"), person(2, first_name="Ann"))
    opened().upsert(Batch("k", rows))
    ((body,),) = (bodies(vendor),)
    assert body["payload"] == {
        "schema": ["EMAIL", "PHONE", "FN"],
        "is_raw": True,
        "data": [
            [sha256("1@example.com"), sha256("15550109999"), ""],
            [sha256("2@example.com"), "", sha256("ann")],
        ],
    }
    assert body["session"]["last_batch_flag"] is True


def test_a_payload_is_that_of_the_sdk(opened: Any, vendor: Vendor) -> None:
    rows = [Row(person["external_id"], person) for person in SDK["people"]]
    opened("audience", "external_id").upsert(Batch("k", tuple(rows)))
    (body,) = bodies(vendor)
    assert body["payload"] == SDK["payload"]


def test_the_ledger_keeps_no_email_in_clear(opened: Any) -> None:
    (outcome,) = opened().upsert(Batch("k", (person(1, first_name="Ann"),)))
    assert json.loads(outcome.destination_id) == {
        "EMAIL": sha256("1@example.com"), "FN": sha256("ann"),
    }  # fmt: skip


def test_samples_name_the_invalid(opened: Any, vendor: Vendor) -> None:
    vendor.invalid = {sha256("1@example.com"), sha256("3@example.com")}
    outcomes = opened().upsert(Batch("k", tuple(map(person, range(5)))))
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [
        ("rejected", "invalid_value") if number in (1, 3) else ("acknowledged", "")
        for number in range(5)
    ]


def test_a_count_that_the_samples_do_not_explain_halves_the_batch(
    opened: Any, vendor: Vendor
) -> None:
    vendor.invalid = {sha256("1@example.com"), sha256("3@example.com")}
    vendor.samples = 1
    with pytest.raises(RecordRejected, match="2 entries invalid"):
        opened().upsert(Batch("k", tuple(map(person, range(5)))))
    (alone,) = opened().upsert(Batch("k", (person(1),)))
    assert alone.status == "rejected"


def test_nobody_is_sent_by_whom_nobody_is_found(opened: Any) -> None:
    there = opened("audience", "email")
    refusal = there.refusal(Row("nobody", {"email": "nobody", "first_name": "Ann"}))
    assert (refusal.status, refusal.code) == ("rejected", "missing_value")
    assert there.refusal(person(1)) is None


def test_what_is_no_more_is_taken_out(opened: Any, vendor: Vendor) -> None:
    """The email stays, the phone changes: the old phone's owner is not in the audience."""
    there = opened()
    (first,) = there.upsert(Batch("k", (person(1, phone="+15550100000"),)))
    known = Row("1@example.com", person(1, phone="+15550100001").fields, first.destination_id)
    there.upsert(Batch("k2", (known,)))
    (gone,) = bodies(vendor, "DELETE")
    assert gone["payload"] == {
        "schema": ["PHONE"], "is_raw": True, "data": [[sha256("15550100000")]],
    }  # fmt: skip
    (entry,) = vendor.entries.values()
    assert entry["PHONE"] == sha256("15550100001")


def test_a_shared_phone_takes_both_out_as_the_page_says(opened: Any, vendor: Vendor) -> None:
    there = opened()
    couple = (person(1, phone="+15550100000"), person(2, phone="+15550100000"))
    (first, _) = there.upsert(Batch("k", couple))
    there.remove(Batch("k2", (Row("1@example.com", {}, first.destination_id),)))
    assert vendor.entries == {}
    assert any("shares it" in fact.statement for fact in MetaCustomAudiences.facts)


def test_a_name_alone_takes_nobody_out(opened: Any, vendor: Vendor) -> None:
    there = opened()
    (first,) = there.upsert(Batch("k", (person(1, first_name="Ann"),)))
    there.upsert(Batch("k2", (Row("1@example.com", person(1).fields, first.destination_id),)))
    assert bodies(vendor, "DELETE") == []
    there.remove(Batch("k3", (Row("1@example.com", {}, first.destination_id),)))
    (gone,) = bodies(vendor, "DELETE")
    assert gone["payload"]["schema"] == ["EMAIL"]


def test_erasing_takes_out_by_all_that_is_known(opened: Any, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("k", (person(1), person(2), person(3))))
    identifiers = {"email": ["2@example.com", "nobody"], "phone": ["none"]}
    there.erase([Person("1@example.com", None, identifiers)])
    assert [entry["EMAIL"] for entry in vendor.entries.values()] == [sha256("3@example.com")]


def test_a_replacement_is_one_session(opened: Any, vendor: Vendor) -> None:
    opened().upsert(Batch("k", (person(8), person(9))))
    there = opened("replacement")
    for number in range(3):
        (outcome,) = there.upsert(Batch(f"k{number}", (person(number),)))
        assert outcome.status == "accepted"
    assert len(vendor.entries) == 2  # nothing is replaced before the last batch
    there.finish()
    sessions = [body["session"] for body in bodies(vendor)[1:]]
    assert len({session["session_id"] for session in sessions}) == 1
    assert [session["batch_seq"] for session in sessions] == [1, 2, 3]
    assert [session["last_batch_flag"] for session in sessions] == [False, False, True]
    assert len(vendor.entries) == 3


def test_a_replacement_with_an_invalid_row_is_not_made(opened: Any, vendor: Vendor) -> None:
    opened().upsert(Batch("k", (person(9),)))
    vendor.invalid = {sha256("0@example.com")}
    there = opened("replacement")
    there.upsert(Batch("k0", (person(0),)))
    with pytest.raises(FatalDestinationError, match="cdp_object: audience"):
        there.upsert(Batch("k1", (person(1),)))
    assert len(vendor.entries) == 1


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [
        (190, None, FatalDestinationError),
        (200, None, FatalDestinationError),
        (100, 1713230, FatalDestinationError),
        (2650, None, FatalDestinationError),
        (17, None, RetriableError),
        (803, None, RetriableError),
        (1, None, NoAnswer),
        (100, None, RecordRejected),
    ],
)
def test_what_codes_mean(opened: Any, code: int, subcode: int | None, kind: type) -> None:
    body = {"error": {"code": code, "error_subcode": subcode, "message": "ann@example.com"}}
    error = opened().refused(Answer(400, {}, json.dumps(body).encode()))
    assert type(error) is kind
    assert "ann" not in str(error)


def test_what_cannot_work_is_named(opened: Any, vendor: Vendor) -> None:
    vendor.status = 471
    match, flagged = opened("audience", "first_name").check()
    assert "cdp_match" in match
    assert "flagged" in flagged
    options = opened(hashed=["external_id"])._options
    mode, hashed = MetaCustomAudiences.problems("replacement", "upsert", options)
    assert "not upsert" in mode
    assert "'external_id'" in hashed


def test_the_proof_of_the_app_goes_along(opened: Any, vendor: Vendor) -> None:
    opened(app_secret_env="TEST_META_SECRET").upsert(Batch("k", (person(1),)))
    assert len(vendor.log[-1].query["appsecret_proof"][0]) == 64


def test_an_audience_follows_its_segment(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: sent, an email changed, somebody left; then nothing more to do."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "meta_custom_audiences",
        "cdp_object": "audience",
        "cdp_mode": "audience",
        "cdp_match": ["external_id"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"external_id": "profile_id", "email": "email"},
        "cdp_options": {
            "token_env": "TEST_META_TOKEN", "audience_id": "555", "base_url": vendor.url,
        },
    }  # fmt: skip
    crowd = [Somebody(f"p{number}", f"{number}@example.com") for number in range(20)]
    world.people(crowd)
    assert world.sync().sent == 20
    world.people([Somebody("p1", "new@example.com"), *crowd[2:]])
    assert world.sync().sent == 2
    held = {entry["EXTERN_ID"]: entry["EMAIL"] for entry in vendor.entries.values()}
    assert len(held) == 19
    assert held["p1"] == sha256("new@example.com")
    calls = vendor.writes
    assert (world.sync().planned, vendor.writes) == (0, calls)
