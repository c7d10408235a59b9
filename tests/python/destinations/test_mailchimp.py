"""Mailchimp: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.mailchimp import Mailchimp, MailchimpOptions
from cdp.errors import ConfigError, FatalDestinationError
from destinations.servers.mailchimp import Mailchimp as Vendor

SDK = json.loads((Path(__file__).parent / "vectors/mailchimp.json").read_text(encoding="utf-8"))
URIST = "Urist.McVankab@freddiesjokes.com"


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Any]:
    """opened("members", …) opens the audience there."""
    there: list[Mailchimp] = []

    def open_mailchimp(target: str = "members", match: str = "email", **options: Any) -> Mailchimp:
        own = {"members": {"status_if_new": "subscribed"}, "tag": {"tag": "VIPs"}}
        given = {**vendor.settings, "base_url": vendor.url, **own.get(target, {}), **options}
        kinds = {"email": "text", "FNAME": "text"} if target == "members" else {"email": "text"}
        delivery = Delivery("s", "s#1", target, "mirror", "marketing_email", match, kinds, Path())
        there.append(Mailchimp(delivery, MailchimpOptions.model_validate(given)))
        return there[-1]

    yield open_mailchimp
    for each in there:
        each.close()


def member(email: str, **fields: Any) -> Row:
    return Row(email, {"email": email, **fields})


def put(there: Mailchimp, *rows: Row) -> list[tuple[str, str]]:
    outcomes = there.upsert(Batch("k", rows))
    assert not any("@" in outcome.message for outcome in outcomes)
    return [(outcome.status, outcome.code) for outcome in outcomes]


def status(vendor: Vendor, email: str) -> str:
    (found,) = [m["status"] for m in vendor.members.values() if m["email"] == email]
    return str(found)


def test_calls_are_those_of_the_sdk(opened: Any, vendor: Vendor) -> None:
    there, tag = opened(), opened("tag")
    put(there, member(URIST, FNAME="Urist"))
    there.remove(Batch("k", (Row(URIST, {}),)))
    there.erase([Person(URIST)])
    put(tag, member(URIST))
    tag.remove(Batch("k", (Row(URIST, {}),)))
    made = [
        {
            "method": call.method,
            "path": call.path,
            "query": {name: values[0] for name, values in call.query.items()},
            "body": json.loads(call.body) if call.body else None,
        }
        for call in vendor.log
    ]
    assert made == SDK["calls"]


@pytest.mark.parametrize("state", ["unsubscribed", "cleaned", "pending", "transactional"])
def test_a_status_stays_whatever_is_sent(opened: Any, vendor: Vendor, state: str) -> None:
    put(opened(), member("ann@example.com", FNAME="Ann"))
    (ann,) = vendor.members.values()
    ann["status"] = state
    assert put(opened(), member("ann@example.com", FNAME="Anna")) == [("acknowledged", "")]
    assert status(vendor, "ann@example.com") == state
    assert vendor.members.popitem()[1]["merge"] == {"FNAME": "Anna"}


@pytest.mark.parametrize("state", ["unsubscribed", "cleaned"])
def test_who_unsubscribed_leaves_and_comes_back_as_such(
    opened: Any, vendor: Vendor, state: str
) -> None:
    """Archived she would be new again, and new members are subscribed."""
    there, ann = opened(), member("ann@example.com", FNAME="Ann")
    put(there, ann)
    vendor.members.update({key: m | {"status": state} for key, m in vendor.members.items()})
    there.remove(Batch("k", (Row("ann@example.com", {}),)))
    put(there, ann)
    assert status(vendor, "ann@example.com") == state


def test_who_is_forgotten_does_not_come_back(opened: Any, vendor: Vendor) -> None:
    there = opened()
    put(there, member("ann@example.com"), member("second@example.com"))
    (outcome,) = there.erase([Person("ann@example.com", None, {"email": ["Second@example.com"]})])
    assert (outcome.status, vendor.members) == ("acknowledged", {})
    assert there.erase([Person("ann@example.com")])[0].status == "acknowledged"
    assert put(there, member("ann@example.com")) == [("rejected", "erased")]


def test_a_new_email_is_the_same_member(opened: Any, vendor: Vendor) -> None:
    there = opened()
    (first,) = there.upsert(Batch("k", (member("old@example.com", FNAME="Ann"),)))
    known = Row("new@example.com", {"FNAME": "Ann"}, record_id=first.destination_id)
    assert put(there, known) == [("acknowledged", "")]
    assert [found["email"] for found in vendor.members.values()] == ["new@example.com"]


def test_a_new_email_that_is_anothers_is_a_conflict(opened: Any, vendor: Vendor) -> None:
    there = opened()
    (first, _) = there.upsert(Batch("k", (member("a@example.com"), member("b@example.com"))))
    known = Row("b@example.com", {"FNAME": "Ann"}, record_id=first.destination_id)
    assert put(there, known, member("c@example.com")) == [
        ("rejected", "conflict"), ("acknowledged", ""),
    ]  # fmt: skip
    assert len(vendor.members) == 3


def test_who_is_no_member_waits_for_the_tag(opened: Any, vendor: Vendor) -> None:
    put(opened(), member("Ann@example.com"))
    found = put(opened("tag"), member("ann@example.com"), member("nobody@example.com"))
    assert found == [("acknowledged", ""), ("aborted", "not_found")]
    assert len(vendor.tagged) == 1


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("date", datetime(2017, 12, 3, 10, 30), "2017-12-03"),
        ("birthday", date(1984, 3, 7), "03/07"),
        ("text", datetime(2017, 12, 3, 10, 30), "2017-12-03T10:30:00Z"),
        ("text", True, "true"),
        ("number", 3, 3),
        ("number", None, ""),
    ],
)
def test_values_as_mailchimp_takes_them(opened: Any, kind: str, value: Any, sent: Any) -> None:
    there = opened()
    there._types = {"IT": kind}
    assert there._member(member("a@example.com", IT=value))["merge_fields"] == {"IT": sent}


def test_what_cannot_work_is_named(opened: Any) -> None:
    (missing,) = opened(list_id="gone").check()
    assert "no audience gone" in missing
    match, tag = opened("tag", "FNAME", tag="Nobody").check()
    assert "finds members by email" in match
    assert "no tag 'Nobody'" in tag
    for segment_id in ("99", "1"):
        (segment,) = opened("segment", segment_id=segment_id).check()
        assert "no such static segment" in segment
    options = MailchimpOptions(key_env="KEY", list_id="a", tag="VIPs")
    status_if_new, wrong = Mailchimp.problems("members", "mirror", options)
    assert "status_if_new goes with cdp_object: members" in status_if_new
    assert "tag goes with cdp_object: tag" in wrong


def test_a_tag_that_is_gone_stops_the_sync(opened: Any) -> None:
    with pytest.raises(FatalDestinationError, match="no tag"):
        put(opened("tag", tag="Nobody"), member("ann@example.com"))


def test_the_key_says_where(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened(base_url=None)._base == "https://us12.api.mailchimp.com"
    monkeypatch.setenv("TEST_MAILCHIMP_KEY", "0000-evil.example.com/")
    with pytest.raises(ConfigError, match="data centre"):
        opened(base_url=None)


def test_an_audience_follows_its_segment(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: made, an email changed, somebody left; then nothing more to do."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "mailchimp",
        "cdp_object": "members",
        "cdp_mode": "mirror",
        "cdp_match": ["email"],
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email", "ORDERS": "orders"},
        "cdp_options": {**vendor.settings, "base_url": vendor.url, "status_if_new": "subscribed"},
    }
    crowd = [Somebody(f"p{number}", f"{number}@example.com") for number in range(20)]
    crowd[7] = Somebody("p7", "nobody")
    world.people(crowd)
    result = world.sync()
    assert (result.sent, result.rejected) == (19, 1)
    world.people([Somebody("p1", "new@example.com"), *crowd[2:]])
    assert world.sync().sent == 2
    there = [found["email"] for found in vendor.members.values() if found["status"] != "archived"]
    assert len(there) == 18
    assert "new@example.com" in there
    writes = vendor.writes
    assert (world.sync().planned, vendor.writes) == (0, writes)
