"""The hardened document refuses what the vendor's own, as published, lets pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from destinations.contract import Contract
from destinations.servers._base import Call, Reply

LIST = "/api/lists/abc/relationships/profiles"
HEADERS = {
    "authorization": "Klaviyo-API-Key pk",
    "revision": "2026-07-15",
    "content-type": "application/vnd.api+json",
}
ANN = {"type": "profile", "id": "01"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    pointer = "#/components/schemas/ListMembersAddQuery/properties/data"
    return Contract(Path(__file__).parent / "specs/klaviyo.json", {pointer: 2})


def call(body: object = None, headers: Any = HEADERS, query: Any = None, path: str = LIST) -> Call:
    content = b"" if body is None else json.dumps(body).encode()
    return Call("POST" if content else "GET", path, query or {}, headers, content)


def test_what_is_as_documented_passes(contract: Contract) -> None:
    assert contract.faults(call({"data": [ANN, ANN]})) == []
    assert contract.faults(call(path="/api/profiles", query={"page[size]": ["100"]})) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (call({"data": [ANN] * 3}), "/data: maxItems"),
        (call({"data": [ANN | {"email": "x"}]}), "/data/0: additionalProperties email"),
        (call({"data": [{"type": "profile"}]}), "/data/0: required"),
        (call({"data": [ANN | {"type": "person"}]}), "/data/0/type: enum"),
        (call({"data": []}, HEADERS | {"content-type": "application/json"}), "content-type"),
        (call({"data": []}, {"content-type": HEADERS["content-type"]}), "no header authorization"),
        (call({"data": []}, {"content-type": HEADERS["content-type"]}), "no header revision"),
        (call(path="/api/profiles", query={"limit": ["1"]}), "unknown query parameter limit"),
        (call(path="/api/profiles", query={"page[size]": ["500"]}), "maximum"),
        (call(path="/api/nowhere"), "not in the document"),
    ],
)
def test_what_is_not_does_not(contract: Contract, given: Call, fault: str) -> None:
    assert any(fault in found for found in contract.faults(given))


def test_the_bench_may_not_invent_answers(contract: Contract) -> None:
    job = {"data": {"type": "profile-bulk-import-job", "id": "1", "attributes": {"status": "over"}}}
    asked = call(path="/api/profile-bulk-import-jobs/1")
    assert any("status" in fault for fault in contract.answer_faults(asked, Reply(200, job)))
    assert contract.answer_faults(asked, Reply(404, {})) == []
