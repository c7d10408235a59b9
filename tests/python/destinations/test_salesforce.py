"""Salesforce: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations._http import Answer
from cdp.destinations._salesforce import SalesforceOptions
from cdp.destinations.salesforce import Salesforce
from cdp.errors import FatalDestinationError, RetriableError
from destinations.servers.salesforce import Salesforce as Vendor

VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("salesforce.json").read_text())
FIELDS = {"CDP_Id__c": "text", "LastName": "text", "Email": "text"}


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened(bulk_from=…) opens Salesforce's contacts there."""
    there: list[Salesforce] = []

    def open_salesforce(match: str = "CDP_Id__c", **options: Any) -> Salesforce:
        delivery = Delivery(
            "s", "s#1", "Contact", "mirror", "sales_outreach", match, FIELDS, Path()
        )
        given = {**vendor.settings, "base_url": vendor.url, **options}
        there.append(Salesforce(delivery, SalesforceOptions.model_validate(given)))
        return there[-1]

    yield open_salesforce
    for each in there:
        each.close()


def person(number: int, **fields: Any) -> Row:
    return Row(f"p{number}", {"LastName": f"N{number}", **fields})


def batch(*rows: Row) -> Batch:
    return Batch("k", rows)


def by_job(there: Salesforce, *rows: Row) -> list[str]:
    """Statuses and codes, once the job is through."""
    assert {outcome.status for outcome in there.upsert(batch(*rows))} == {"accepted"}
    while (outcomes := there.poll(batch(*(replace(row, fields={}) for row in rows)))) is None:
        pass
    return [f"{outcome.status} {outcome.code}".strip() for outcome in outcomes]


def test_failed_and_unprocessed_records_are_read(opened: Any, vendor: Vendor) -> None:
    vendor.unprocessed = {"p3"}
    vendor.locked = {"p4": 1}
    rows = (person(1), person(2, Email="nobody"), person(3), person(4))
    there = opened(bulk_from=1)
    assert by_job(there, *rows) == [
        "acknowledged",
        "rejected invalid_value",
        "aborted unprocessed",
        "aborted UNABLE_TO_LOCK_ROW",
    ]
    assert vendor.jobs == {}  # nothing of anybody is left in them
    vendor.unprocessed = set()
    assert by_job(there, rows[2], rows[3]) == ["acknowledged"] * 2


def test_a_locked_row_goes_again_and_then_waits(opened: Any, vendor: Vendor) -> None:
    vendor.locked = {"p1": 2, "p2": 99}
    one, two, three = opened().upsert(batch(person(1), person(2), person(3)))
    assert [each.status for each in (one, two, three)] == [
        "acknowledged",
        "aborted",
        "acknowledged",
    ]
    sizes = [len(call.json["records"]) for call in vendor.log if call.method == "PATCH"]
    assert sizes == [3, 2, 2]


def test_a_record_that_has_another_external_id_is_taken_over(opened: Any, vendor: Vendor) -> None:
    """As after a merge: no second record, and no id in an upsert (the server looks)."""
    there = opened()
    (old,) = there.upsert(batch(person(1)))
    (new,) = there.upsert(batch(replace(person(2), record_id=old.destination_id)))
    assert new.destination_id == old.destination_id
    assert vendor.records["Contact"] == {new.destination_id: {"CDP_Id__c": "p2", "LastName": "N2"}}
    paths = [call.path.removeprefix("/services/data/v66.0") for call in vendor.log]
    assert paths[-2:] == ["/composite/sobjects/Contact", "/composite/sobjects"]


def test_ids_that_differ_by_a_capital_alone_are_two_records(opened: Any, vendor: Vendor) -> None:
    """Where the field was made so: else the one would be deleted in place of the other."""
    vendor.case_sensitive = {"CDP_Id__c"}
    vendor.records["Contact"] |= {"003A": {"CDP_Id__c": "Ab"}, "003B": {"CDP_Id__c": "aB"}}
    there = opened()
    assert there.look_up("CDP_Id__c", ["Ab", "aB"]) == {"Ab": ["003A"], "aB": ["003B"]}
    there.remove(batch(Row("Ab", {}), Row("aB", {})))
    assert vendor.records["Contact"] == {}


def test_a_record_that_is_gone_is_told(opened: Any, vendor: Vendor) -> None:
    there = opened()
    (made,) = there.upsert(batch(person(1)))
    there.remove(batch(person(1)))
    (outcome,) = there.upsert(batch(replace(person(1), record_id=made.destination_id)))
    assert (outcome.status, outcome.code) == ("rejected", "not_found")
    assert vendor.records["Contact"] == {}


def test_a_file_clears_what_is_null_and_leaves_what_is_not_there(
    opened: Any, vendor: Vendor
) -> None:
    there = opened(bulk_from=1)
    by_job(there, person(1, Email="a@example.com"), person(2, Email="b@example.com"))
    by_job(there, person(1, Email=None), person(2))
    held = vendor.records["Contact"].values()
    assert [record.get("Email") for record in held] == [None, "b@example.com"]


@pytest.mark.parametrize("text", ["x" * 32_001, "#N/A"])
def test_what_a_file_cannot_say_goes_by_collections(opened: Any, vendor: Vendor, text: str) -> None:
    (outcome,) = opened(bulk_from=1).upsert(batch(person(1, Notes__c=text)))
    assert outcome.status == "acknowledged"
    assert [record["Notes__c"] for record in vendor.records["Contact"].values()] == [text]


def test_what_was_confirmed_stays_so_when_a_later_call_fails(opened: Any, vendor: Vendor) -> None:
    there = opened(attempts=1)
    there.look_up("Email", ["nobody@example.com"])
    send, calls = there._put, []

    def fail_the_second(rows: Any) -> Any:
        calls.append(len(rows))
        vendor.lasting = "down" if len(calls) == 2 else ""
        return send(rows)

    there._put = fail_the_second
    outcomes = [each.status for each in there.upsert(batch(*map(person, range(500))))]
    vendor.lasting = ""
    assert outcomes == ["acknowledged"] * 200 + ["aborted"] * 300
    assert len(vendor.records["Contact"]) == 200


@pytest.mark.parametrize(
    "instance",
    ["http://x.example", "http://127.0.0.1:x@x.example", "https://a@x.example", "https:"],
)
def test_calls_go_to_https_alone(opened: Any, instance: str) -> None:
    there = opened()
    there._options = there._options.model_copy(update={"base_url": None})
    good = {"access_token": "t", "instance_url": "https://x.my.salesforce.com/"}
    assert there._session(good) == ("t", "https://x.my.salesforce.com")
    with pytest.raises(ValueError, match="https"):
        there._session({**good, "instance_url": instance})


def test_a_session_that_ends_is_begun_anew(opened: Any, vendor: Vendor) -> None:
    there = opened()
    there._token = "ended"
    assert [each.status for each in there.upsert(batch(person(1)))] == ["acknowledged"]
    assert there._token != "ended"


def refusal(code: str, message: str) -> Answer:
    body = json.dumps([{"errorCode": code, "message": message}]).encode()
    return Answer(403, {}, body)


def test_the_day_is_over_and_too_many_at_once_are_not(opened: Any) -> None:
    limit = "REQUEST_LIMIT_EXCEEDED"
    over = opened().refused(refusal(limit, "TotalRequests Limit exceeded."))
    assert isinstance(over, FatalDestinationError)
    busy = opened().refused(refusal(limit, "ConcurrentRequests Limit exceeded."))
    assert isinstance(busy, RetriableError)


def test_a_match_field_that_is_no_external_id_is_named(opened: Any) -> None:
    assert "'LastName' is no external id" in " ".join(opened("LastName").check())
    assert list(opened("Email").check()) == []


def test_an_object_that_is_not_there_is_named(opened: Any) -> None:
    there = opened()
    there._object = "Kontact"
    with pytest.raises(FatalDestinationError, match="no object Kontact"):
        list(there.check())


@pytest.mark.parametrize(
    ("target", "record", "is_one"),
    [
        ("Contact", "0035e00000Ab1", True),
        ("Contact", "00Q5e00000Ab1", False),
        ("Lead", "00Q5e00000Ab1", True),
        ("Visit__c", "a0B5e00000Ab1", True),
    ],
)
def test_a_lead_is_no_contact(target: str, record: str, is_one: bool) -> None:
    """A connector's records are of several objects; only those of the sync's are adopted."""
    assert Salesforce.owns_record(target, record) == is_one


def test_erasing_needs_a_permission_and_an_empty_recycle_bin(opened: Any, vendor: Vendor) -> None:
    there = opened()
    there.upsert(batch(person(1), person(2, Email="b@example.com")))
    there.remove(batch(person(1)))
    people = [Person("p1"), Person("gone"), Person("x", None, {"email": ["B@example.com"]})]
    vendor.may_hard_delete = False
    before = [(each.status, each.code) for each in there.erase(people)]
    assert before == [("accepted", ""), ("acknowledged", ""), ("rejected", "not_allowed")]
    vendor.may_hard_delete = True
    assert [each.status for each in there.erase(people)] == ["accepted", *["acknowledged"] * 2]
    vendor.recycle_bin.clear()
    assert [each.status for each in there.erase(people)] == ["acknowledged"] * 3


def test_jobs_are_as_the_sdk_makes_them(opened: Any, vendor: Vendor) -> None:
    """Bodies, content types and the file's lines; but for the case of "utf-8"."""
    there = opened(bulk_from=1)
    by_job(there, *(Row(each["CDP_Id__c"], each) for each in VECTORS["records"]))
    there.erase([Person("p0")])
    ours = [call for call in vendor.log if "/jobs/ingest" in call.path and call.body]
    for made, sdk in zip(ours[:4], VECTORS["calls"], strict=True):
        assert made.method == sdk["method"]
        assert made.headers["content-type"].lower() == sdk["content_type"].lower()
        if "csv" in sdk["content_type"]:
            assert [{**line, "Email": ""} for line in lines(sdk["body"])] == lines(
                made.body.decode()
            )
        else:
            assert made.json == json.loads(sdk["body"])


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_queries_quote_as_the_sdk_does(opened: Any, vendor: Vendor) -> None:
    found = opened().look_up("LastName", [each["value"] for each in VECTORS["quoted"]])
    assert found == {}
    (asked,) = [call.query["q"][0] for call in vendor.log if call.path.endswith("/query")]
    literals = ", ".join(each["literal"] for each in VECTORS["quoted"])
    assert asked == f"SELECT Id, LastName FROM Contact WHERE LastName IN ({literals})"


def test_a_full_org_gets_no_duplicate(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner, by jobs: adopted by email, created, changed, removed, then nothing."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "salesforce",
        "cdp_object": "Contact",
        "cdp_mode": "mirror",
        "cdp_match": ["CDP_Id__c", "Email"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {
            "CDP_Id__c": "profile_id",
            "Email": "email",
            "Orders__c": "orders",
        },
        "cdp_options": {**vendor.settings, "base_url": vendor.url, "bulk_from": 100},
    }
    theirs = vendor.seed(vendor.cases[0], Row("", {}))
    vendor.records["Contact"][theirs] = {"Email": "1@EXAMPLE.com", "LastName": "Theirs"}
    crowd = [Somebody(f"p{number}", f"{number}@example.com") for number in range(150)]
    world.people(crowd)
    facts = world.plan().facts()
    assert (facts["adopt"], facts["create"]) == (1, 149)
    assert world.sync().sent == 150
    adopted = {"CDP_Id__c": "p1", "Email": "1@example.com", "LastName": "Theirs", "Orders__c": 1}
    assert vendor.records["Contact"][theirs] == adopted
    world.people([Somebody("p1", "new@example.com"), *crowd[2:]])
    assert world.sync().sent == 2  # p1 has another email, p0 left
    assert len(vendor.records["Contact"]) == 149
    calls = len(vendor.log)
    assert (world.sync().planned, len(vendor.log)) == (0, calls)
