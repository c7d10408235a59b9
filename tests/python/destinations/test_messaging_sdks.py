"""What the vendors' own SDKs send for the same rows (vectors/messaging.py), and what we do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations import find_destination
from cdp.destinations._base import Batch, Delivery, Destination, Row
from destinations.conformance.desk import Clock
from destinations.servers import benches
from destinations.servers._base import Server

SDKS = json.loads((Path(__file__).parent / "vectors/messaging.json").read_text(encoding="utf-8"))
ANN = {"email": "ann@example.com", "first_name": "Ånn"}
Open = Callable[..., Destination]


@pytest.fixture
def sent(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> Any:
    """sent(name, match, *operations, **options): the calls that the module makes."""
    started: list[Server] = []

    def calls_of(
        name: str, match: str, *operations: tuple[str, Row], **options: Any
    ) -> Sequence[Mapping[str, Any]]:
        if not started:
            (bench,) = [bench for bench in benches() if bench.destination == name]
            found = bench(tmp_path, request)
            assert isinstance(found, Server)
            found.start(monkeypatch)
            started.append(found)
        (vendor,) = started
        kind = find_destination(name)
        target = "list" if "list_id" in options else kind.default_object
        given = {**vendor.settings, "base_url": vendor.url, **options}
        fields = dict.fromkeys(operations[0][1].fields, "text")
        delivery = Delivery("s", "s#1", target, "mirror", "p", match, fields, tmp_path)
        there = kind(delivery, kind.options.model_validate(given))
        vendor.log.clear()
        for operation, row in operations:
            getattr(there, operation)(Batch(operation, (row,)))
        there.finish()
        there.close()
        return [
            {
                "method": call.method,
                "path": call.path,
                "scheme": call.headers.get("authorization", "").split(" ")[0],
                "body": call.json,
            }
            for call in vendor.log
            if call.headers.get("content-type", "").startswith("application/json")
        ]

    yield calls_of
    for server in started:
        server.stop()


def test_intercom(sent: Any) -> None:
    fields = {"external_id": "p1", "email": ANN["email"], "name": "Ånn", "cdp_orders": 3}
    known = Row("p1", fields, "6762f0dd1bb69f9f2193bb83")
    found = sent("intercom", "external_id", ("upsert", Row("p1", fields)), ("upsert", known))
    assert found == SDKS["intercom"]["calls"]


def test_slack(sent: Any) -> None:
    (found,) = sent("slack", "id", ("upsert", Row("p1", {"name": "Ånn"})), title="New VIPs")
    assert found["body"].pop("mrkdwn") is False  # which the SDK has no argument for
    assert [found] == SDKS["slack"]["calls"]


def test_customerio(sent: Any) -> None:
    ann = Row("p1", {**ANN, "seen_at": datetime(2017, 12, 1, 10, 30, 5)})
    found = sent("customerio", "id", ("upsert", ann), ("remove", Row("p1", {})))
    assert found == SDKS["customerio"]["calls"]


def test_sendgrid(sent: Any) -> None:
    ann = Row(ANN["email"], {**ANN, "cdp_orders": 3})
    assert sent("sendgrid", "email", ("upsert", ann)) == SDKS["sendgrid"]["calls"]


def test_marketo(sent: Any) -> None:
    lead = Row(ANN["email"], {"email": ANN["email"], "firstName": "Ånn"})
    member = Row(ANN["email"], {"email": ANN["email"]}, "7")
    found = list(sent("marketo", "email", ("upsert", lead)))
    steps = (("upsert", member), ("remove", member))
    found += sent("marketo", "email", *steps, list_id="1001")
    assert found == SDKS["marketo"]["calls"]
