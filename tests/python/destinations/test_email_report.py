"""A report by mail: over TLS, counts alone, and what the server answers told apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activation.world import Person, World
from cdp.destinations._base import Batch, Delivery, NoAnswer, Row
from cdp.destinations._mail import MailOptions
from cdp.destinations.email_report import EmailReport
from cdp.errors import FatalDestinationError, RetriableError
from support.smtp import MailServer, serving_smtp

ANN = Row("p1", {"email": "ann@example.com"})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with serving_smtp(tmp_path) as found:
        monkeypatch.setenv("TEST_PASSWORD", found.password)
        monkeypatch.setenv("SSL_CERT_FILE", str(found.certificate))
        yield found


def options(server: MailServer, **changes: Any) -> dict[str, Any]:
    return {
        "server": "127.0.0.1", "port": server.port, "user": "reports", "timeout_seconds": 5,
        "password_env": "TEST_PASSWORD", "sender": "reports@example.com",
        "to": ["retention@example.com", "crm@example.com"], **changes,
    }  # fmt: skip


def report(server: MailServer, **changes: Any) -> EmailReport:
    fields, counts = {"email": "text"}, {"desired": 1204, "create": 23, "remove": 11}
    delivery = Delivery(
        "s", "s#7", "report", "mirror", "service", "id", fields, Path(), counts=counts
    )
    return EmailReport(delivery, MailOptions(**options(server, **changes)))


def test_a_run_that_changes_something_is_told_once(duckdb_world: World, server: MailServer) -> None:
    world = duckdb_world
    world.target = "prod"
    world.meta |= {"cdp_destination": "email_report", "cdp_options": options(server)}
    world.people([Person("p1", "ann@example.com"), Person("p2", "bob@example.com", consent=None)])
    assert world.sync().status == "succeeded"
    assert world.sync().planned == 0
    (mail,) = server.mails
    assert mail["Subject"] == "people_to_x: 2 in the segment, 1 new, 0 left"
    assert mail["To"] == "retention@example.com, crm@example.com"
    lines = {tuple(line.split()) for line in mail.get_content().splitlines() if line[-1:].isdigit()}
    assert {("withheld", "1"), ("no_consent", "1"), ("in", "the", "segment", "2")} <= lines
    assert not [word for word in ("ann@", "bob@", "p1", "p2") if word in mail.as_string()]


def test_the_same_run_has_the_same_message_id(server: MailServer) -> None:
    for _ in range(2):
        report(server).finish()
    assert len({mail["Message-ID"] for mail in server.mails}) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("451 later", RetriableError), ("554 ann@example.com never", FatalDestinationError)],
)
def test_what_the_server_answers(server: MailServer, answer: str, kind: type[Exception]) -> None:
    server.answer = answer
    there = report(server)
    there.upsert(Batch("k", (ANN,)))
    with pytest.raises(kind) as raised:
        there.finish()
    assert type(raised.value) is kind
    assert "ann@" not in str(raised.value)


def test_a_line_that_is_cut_leaves_it_open(server: MailServer) -> None:
    server.is_cut = True
    with pytest.raises(NoAnswer):
        report(server).finish()
    assert len(server.mails) == 1


def test_nobody_listens(server: MailServer) -> None:
    (problem,) = report(server, port=1).check()
    assert "cannot be reached" in problem


def test_a_wrong_password_is_named_before_a_mail(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "canary-0000")
    (problem,) = report(server).check()
    assert "does not let the user in" in problem
    assert "canary" not in problem
    assert server.mails == []


def test_a_certificate_of_nobody_is_refused(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    (problem,) = report(server).check()
    assert "no certificate that can be trusted" in problem


@pytest.mark.parametrize(
    "changes",
    [{"security": "any"}, {"sender": "a@b.c\nBcc: x@y.z"}, {"to": []}, {"password_env": "X Y"}],
)
def test_options_that_cannot_be_meant(server: MailServer, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        report(server, **changes)
