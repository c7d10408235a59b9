"""The webhook against a real server that verifies, remembers and misbehaves."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from cdp.destinations import _http
from cdp.destinations._accounts import Account
from cdp.destinations._base import Batch, Delivery, NoAnswer, Row
from cdp.destinations._http import _pause, _retry_after
from cdp.destinations.webhook import Webhook, WebhookOptions
from cdp.errors import ConfigError, FatalDestinationError, RecordRejected, RetriableError
from support.receiver import Answer, Receiver, fault
from support.wretch import Speech, and_on_and_on, drop_by_drop, listening, nothing

DELIVERY = Delivery(
    "people_to_hook",
    "people_to_hook#1",
    "rows",
    "mirror",
    "service",
    "profile_id",
    {"email": "text"},
    Path(),
)
HTML = {"content-type": "text/html; charset=utf-8"}
OpenWebhook = Callable[..., Webhook]
BATCH = Batch("cdp_1", (Row("p1", {"email": "ann@example.com"}), Row("p2", {"email": None})))


@pytest.fixture
def webhook() -> Iterator[Callable[..., Webhook]]:
    """Opens webhooks and closes them afterwards."""
    with ExitStack() as stack:

        def open_webhook(url: str, **options: Any) -> Webhook:
            given = {"url": url, "secret_env": "TEST_WEBHOOK_SECRET", "allow_private": True}
            opened = Webhook(DELIVERY, WebhookOptions.model_validate(given | options))
            stack.callback(opened.close)
            return opened

        yield open_webhook


def in_turn(*answers: Answer | None) -> Callable[[dict[str, Any]], Answer | None]:
    waiting = list(answers)
    return lambda message: waiting.pop(0) if waiting else None


def test_rows_arrive_signed(webhook: OpenWebhook, receiver: Receiver) -> None:
    outcomes = webhook(receiver.url).upsert(BATCH)
    assert [outcome.status for outcome in outcomes] == ["acknowledged", "acknowledged"]
    assert receiver.people == {"p1": {"email": "ann@example.com"}, "p2": {"email": None}}
    assert receiver.ids == ["cdp_1"]


GOOD: dict[str, Any] = {
    "sync": "s", "object": "rows", "operation": "upsert", "purpose": "service",
    "rows": [{"id": "p1", "fields": {"email": None}}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"more": 1}, "keys"),
        ({"purpose": None}, "no text"),
        ({"operation": "erase"}, "operation"),
        ({"rows": []}, "no rows"),
        ({"operation": "remove"}, "other keys"),
        ({"rows": [{"id": 7, "fields": {}}]}, "an id"),
        ({"rows": GOOD["rows"] * 2}, "one row twice"),
        ({"rows": [{"id": "p1", "fields": {"email": ["x"]}}]}, "a value"),
    ],
)
def test_the_receiver_refuses_what_was_not_agreed(change: dict[str, Any], problem: str) -> None:
    found = fault(GOOD | change)
    assert problem in found
    assert bool(found) == bool(problem)


def test_a_wrong_secret_stops_at_once(
    webhook: OpenWebhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", "another")
    with pytest.raises(FatalDestinationError, match="401"):
        webhook(receiver.url).upsert(BATCH)
    assert receiver.forged == 1


def test_throttled_then_taken_under_the_same_key(webhook: OpenWebhook, receiver: Receiver) -> None:
    receiver.script = in_turn(Answer(429), Answer(503), None)
    assert webhook(receiver.url).upsert(BATCH)[0].status == "acknowledged"
    assert receiver.ids == ["cdp_1"] * 3


def test_applied_then_dropped_is_applied_once(webhook: OpenWebhook, receiver: Receiver) -> None:
    receiver.script = in_turn(Answer(drop=True), None)
    assert webhook(receiver.url).upsert(BATCH)[0].status == "acknowledged"
    assert (receiver.calls, receiver.applied_twice) == (2, 1)
    assert receiver.people.keys() == {"p1", "p2"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(429), RetriableError),
        (Answer(500), NoAnswer),
        (Answer(drop=True), NoAnswer),
        (Answer(body=b'{"rejected": '), NoAnswer),
        (Answer(body=b'{"rejected": [{"id": "somebody else"}]}'), NoAnswer),
        (Answer(body=b"{" + b" " * 2_000_000), NoAnswer),
        (Answer(body=b'[{"id": "p1"'), NoAnswer),
        (Answer(body=b"\n<!doctype html><p>Please log in", headers=HTML), NoAnswer),
        (Answer(body=b"Please log in", headers=HTML), NoAnswer),
        (Answer(302, headers={"location": "http://127.0.0.1:1/"}), FatalDestinationError),
        (Answer(413), RecordRejected),
        (Answer(410), FatalDestinationError),
        (Answer(422), RecordRejected),
    ],
)
def test_a_lasting_fault_is_told_apart(
    webhook: OpenWebhook, receiver: Receiver, answer: Answer, error: type[Exception]
) -> None:
    def always(message: dict[str, Any]) -> Answer:
        return Answer(answer.status, answer.body, answer.headers, applied=False, drop=answer.drop)

    receiver.script = always
    with pytest.raises(error) as raised:
        webhook(receiver.url, attempts=3).upsert(BATCH)
    assert type(raised.value) is error
    assert receiver.calls == (3 if issubclass(error, RetriableError) else 1)
    assert "ann@example.com" not in str(raised.value)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"


@pytest.mark.parametrize(
    ("speak", "error"),
    [
        (nothing, "ReadTimeout"),
        (drop_by_drop(b""), "RemoteProtocolError"),
        (drop_by_drop(HEAD + b"x-endless: "), "RemoteProtocolError"),
        (drop_by_drop(HEAD + b"\r\n"), "does not end"),
        (drop_by_drop(HEAD + b"content-length: 99999\r\n\r\n"), "RemoteProtocolError"),
        (and_on_and_on(HEAD + b"\r\n", 100), "larger than 1,000,000 bytes"),
        (
            and_on_and_on(HEAD + b"content-length: 100000000\r\n\r\n", 100),
            "larger than 1,000,000 bytes",
        ),
    ],
    ids=["half-open", "no-http", "headers", "body", "long-body", "endless", "100-MB"],
)
def test_no_answer_lasts_for_ever(
    webhook: OpenWebhook, monkeypatch: pytest.MonkeyPatch, speak: Speech, error: str
) -> None:
    """Every read gets its byte in time; the call ends all the same, and so does its watch."""
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", "s")
    monkeypatch.setattr(_http, "_LONGEST_ANSWER", 0.2)
    with listening(speak) as wretch:
        opened = webhook(wretch.url, attempts=1, timeout_seconds=0.2)
        began, threads = time.monotonic(), threading.active_count()
        with pytest.raises(NoAnswer, match=error):
            opened.upsert(BATCH)
        assert time.monotonic() - began < 5
        assert threading.active_count() <= threads + 1  # the peer's own, of this call
        assert (wretch.connections, wretch.finished) == (1, 0)


def test_a_redirect_to_another_host_is_not_followed(
    webhook: OpenWebhook, receiver: Receiver
) -> None:
    """Nothing knocks at the other door, so neither the rows nor a signature follow."""
    with listening(nothing) as elsewhere:
        answer = Answer(307, headers={"location": elsewhere.url}, applied=False)
        receiver.script = lambda message: answer
        with pytest.raises(FatalDestinationError, match="a redirect, which is not followed"):
            webhook(receiver.url).upsert(BATCH)
        assert (receiver.calls, elsewhere.connections) == (1, 0)


@pytest.mark.parametrize("value", ["canary\r\nx-admin: 1", "canary\n", "canary\x00", "canäry"])
def test_no_header_begins_another_one(receiver: Receiver, value: str) -> None:
    caller = _http.Caller("the tool", Account("x", []))
    with pytest.raises(FatalDestinationError, match="The header authorization") as raised:
        caller.call("POST", receiver.url, b"", lambda: {"authorization": value}, read=repr)
    assert value not in str(raised.value)
    assert receiver.calls == 0
    caller.close()


def test_rejected_rows_are_named_and_their_messages_scrubbed(
    webhook: OpenWebhook, receiver: Receiver
) -> None:
    body = {
        "rejected": [
            {
                "id": "p1",
                "code": "bad_email",
                "message": "ann@example.com or +1 555 010 1234 of Ann is no good",
            }
        ]
    }
    receiver.script = in_turn(Answer(body=json.dumps(body).encode()))
    first, second = webhook(receiver.url).upsert(BATCH)
    assert (first.status, first.code, second.status) == ("rejected", "bad_email", "acknowledged")
    assert first.message == "… or … of Ann is no good"


def test_nothing_listens(webhook: OpenWebhook) -> None:
    import stamina

    with pytest.MonkeyPatch.context() as patch, stamina.set_testing(True, attempts=2, cap=True):
        patch.setenv("TEST_WEBHOOK_SECRET", "s")
        with pytest.raises(RetriableError) as raised:
            webhook("http://127.0.0.1:9/").upsert(BATCH)
    assert type(raised.value) is RetriableError


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "[::1]", "[::ffff:10.1.2.3]", "[fd00::1]", "localhost",
        "[::127.0.0.1]", "[64:ff9b::10.1.2.3]", "[2002:7f00:1::]", "224.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(
    webhook: OpenWebhook, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", "s")
    with pytest.raises(ConfigError, match="private address"):
        webhook(f"https://{host}/hook", allow_private=False)


@pytest.mark.parametrize("name", ["rebinding.example", "münchen.example", "faß.example"])
def test_a_name_that_leads_inside_after_the_check_is_refused(
    webhook: OpenWebhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """DNS rebinding: public when it is looked up, private when it is connected to."""
    port = urlsplit(receiver.url).port
    leads_to = iter(["93.184.215.14", "127.0.0.1"])

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        assert host.isascii()  # looked up by the very name that is connected to
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(leads_to), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    there = webhook(f"https://{name}:{port}/hook", allow_private=False)
    with pytest.raises(FatalDestinationError, match="leads to a private address now"):
        there.upsert(BATCH)
    assert receiver.ids == []


def test_a_missing_secret_names_the_variable(
    webhook: OpenWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_WEBHOOK_SECRET", raising=False)
    with pytest.raises(ConfigError, match="TEST_WEBHOOK_SECRET"):
        webhook("https://example.com/hook")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com", "https://u:p@example.com", "example.com",
        "https://example.com/a\r\nx-admin: 1", "https://example.com/a b", "https://-ä-.example.com",
    ],
)  # fmt: skip
def test_odd_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        WebhookOptions(url=url, secret_env="S")


def test_no_address_is_logged(
    webhook: OpenWebhook, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A path may be a secret, a query may name people."""
    caplog.set_level(logging.INFO)
    webhook(f"{receiver.url}?who=ann@example.com").upsert(BATCH)
    assert len(receiver.ids) == 1
    assert "ann@example.com" not in caplog.text


def test_the_place_holds_no_secret_path() -> None:
    options = WebhookOptions(url="https://hooks.example.com/T0KEN", secret_env="S")
    assert "T0KEN" not in Webhook.place("rows", options)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7.0), ("-3", 0.0), ("86400", 60.0), ("", None), ("soon", None), ("1e400", None)],
)
def test_retry_after_in_seconds(given: str, seconds: float | None) -> None:
    assert _retry_after(httpx.Headers({"retry-after": given})) == seconds


def test_retry_after_as_a_date() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert _retry_after(httpx.Headers({"retry-after": moment})) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(("given", "pause"), [(None, True), (5.0, 5.0)])
def test_a_wait_that_is_asked_for_is_kept(given: float | None, pause: bool | float) -> None:
    assert _pause(RetriableError("busy", given)) == pause
    assert _pause(RecordRejected("no", "bad")) is False


def test_a_window_says_when_it_resets() -> None:
    """In epoch seconds, as most do, or in how many; Retry-After goes first."""
    name = "x-ratelimit-reset"
    assert _retry_after({name: str(int(time.time()) + 30)}) == pytest.approx(30, abs=2)
    assert _retry_after({name: "99999999999"}) == 60
    assert _retry_after({name: "12"}) == 12
    assert _retry_after({name: "soon"}) is None
    assert _retry_after({name: "12", "retry-after": "3"}) == 3
