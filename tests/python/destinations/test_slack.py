"""Slack: what is its own. What holds for every destination is in conformance/."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person as Somebody
from activation.world import World
from cdp.destinations._base import Batch, Delivery, Row
from cdp.destinations._http import Answer
from cdp.destinations.slack import Slack, SlackOptions
from cdp.errors import ConfigError, FatalDestinationError
from destinations.servers.slack import Slack as Vendor

Open = Callable[..., Slack]


@pytest.fixture
def opened(vendor: Vendor) -> Iterator[Open]:
    there: list[Slack] = []

    def open_slack(**options: Any) -> Slack:
        given = {"url_env": "TEST_SLACK_WEBHOOK", "base_url": vendor.url, **options}
        fields = {"name": "text"}
        delivery = Delivery("vips", "vips#1", "digest", "append", "service", "id", fields, Path())
        there.append(Slack(delivery, SlackOptions.model_validate(given)))
        return there[-1]

    yield open_slack
    for each in there:
        each.close()


def people(*names: str) -> tuple[Row, ...]:
    return tuple(Row(name, {"name": name}) for name in names)


def test_a_run_is_one_message(opened: Open, vendor: Vendor) -> None:
    there = opened(title="New VIPs")
    there.upsert(Batch("k", people("Ann", "Bob")))
    there.upsert(Batch("l", people("Cid")))
    there.finish()
    assert vendor.messages == ["New VIPs: 3\n• name: Ann\n• name: Bob\n• name: Cid"]


def test_what_does_not_fit_is_counted(opened: Open, vendor: Vendor) -> None:
    there = opened(rows=2)
    for number in range(3):
        there.upsert(Batch(f"k{number}", people(*(f"N{number}{n}" for n in range(400)))))
    there.finish()
    assert vendor.messages == ["vips: 1,200\n• name: N00\n• name: N01\nand 1,198 more"]
    long = opened(rows=500)
    long.upsert(Batch("k", people(*(f"{n}" + "x" * 1900 for n in range(40)))))
    long.finish()
    shown = vendor.messages[-1].count("•")
    assert vendor.messages[-1].endswith(f"and {40 - shown} more")
    assert 0 < shown < 40


def test_no_rows_no_message(opened: Open, vendor: Vendor) -> None:
    opened().finish()
    assert vendor.messages == []


def test_no_value_mentions_a_channel(opened: Open, vendor: Vendor) -> None:
    there = opened()
    there.upsert(Batch("k", people("<!channel> & <https://example.com|here>")))
    there.finish()
    assert "<" not in vendor.messages[0]
    assert "&lt;!channel&gt; &amp;" in vendor.messages[0]


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [(404, b"no_service", "no_service"), (400, b"invalid_payload", "invalid_payload"),
     (403, b"<html>https://hooks.slack.com/services/T000", "403")],
)  # fmt: skip
def test_slack_says_why_in_a_word(opened: Open, status: int, body: bytes, word: str) -> None:
    error = opened().refused(Answer(status, {}, body))
    assert isinstance(error, FatalDestinationError)
    assert word in str(error)
    assert "services" not in str(error)


def test_another_address_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes the secret sends nobody's data elsewhere; the message does not repeat it."""
    monkeypatch.setenv("TEST_SLACK_WEBHOOK", "https://evil.example.com/services/T000/secret")
    with pytest.raises(ConfigError, match="TEST_SLACK_WEBHOOK") as raised:
        opened()
    assert "evil" not in str(raised.value)
    monkeypatch.setenv("TEST_SLACK_WEBHOOK", "T000/B000/0000aaaa")
    there = opened()
    there.upsert(Batch("k", people("Ann")))
    there.finish()


def test_each_is_told_once(vendor: Vendor, duckdb_world: World) -> None:
    """Through the runner: a message for the new ones, none where there is nothing new."""
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "slack",
        "cdp_mode": "append",
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email"},
        "cdp_options": {"url_env": "TEST_SLACK_WEBHOOK", "base_url": vendor.url},
    }
    crowd = [Somebody(f"p{number}", f"{number}@example.com") for number in range(250)]
    world.people(crowd)
    assert world.sync().sent == 250
    assert len(vendor.messages) == 1
    world.people([*crowd, Somebody("new", "new@example.com")])
    assert world.sync().sent == 1
    assert vendor.messages[1].endswith(": 1\n• email: new@example.com")
    world.sync()
    assert len(vendor.messages) == 2


def test_a_message_that_was_refused_is_told_by_the_next_run(
    vendor: Vendor, duckdb_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = duckdb_world
    world.target = "prod"
    world.meta = {
        "cdp_destination": "slack",
        "cdp_mode": "append",
        "cdp_purpose": "marketing_email",
        "cdp_fields": {"email": "email"},
        "cdp_options": {"url_env": "TEST_SLACK_WEBHOOK", "base_url": vendor.url},
    }
    world.people([Somebody("p1", "1@example.com"), Somebody("p2", "2@example.com")])
    address = os.environ["TEST_SLACK_WEBHOOK"]
    monkeypatch.setenv("TEST_SLACK_WEBHOOK", address.replace("0000", "1111"))
    result = world.sync()
    assert (result.sent, "no_service" in (result.reason or "")) == (0, True)
    monkeypatch.setenv("TEST_SLACK_WEBHOOK", address)
    world.sync()
    (message,) = vendor.messages
    assert message.count("•") == 2
