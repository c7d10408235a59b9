"""GCS: what Google's client answers, as what the runner should do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cdp.destinations import gcs
from cdp.destinations._base import Batch, Delivery, NoAnswer, Row
from cdp.destinations.gcs import Gcs, GcsOptions
from cdp.errors import FatalDestinationError
from destinations.servers.gcs import GcsBucket

ANN = Row("p1", {"name": "Ann"})


@pytest.fixture
def server(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GcsBucket]:
    monkeypatch.setattr(gcs, "_PATIENCE", timedelta(seconds=0.1))
    found = GcsBucket(tmp_path, request)
    found.start(monkeypatch)
    yield found
    found.stop()
    assert found.violations == []


def deliver(server: GcsBucket, bucket: str = "audiences") -> None:
    options = GcsOptions(
        bucket=bucket, path="a/b.csv", token_env="TEST_GCS_TOKEN", base_url=server.url
    )
    fields = {"name": "text"}
    delivery = Delivery("s", "s#1", "snapshot", "mirror", "service", "id", fields, Path())
    there = Gcs(delivery, options)
    try:
        problems = list(there.check())
        there.upsert(Batch("k", (ANN,)))
        there.finish()
    finally:
        there.close()
    assert problems == []


def test_a_file_its_manifest_and_nothing_else(server: GcsBucket) -> None:
    deliver(server)
    assert sorted(server.objects) == ["a/b.csv", "a/b.csv.manifest.json"]
    assert server.objects["a/b.csv"] == b"id,name\r\np1,Ann\r\n"


def test_a_wrong_token(server: GcsBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_GCS_TOKEN", "canary-0000")
    with pytest.raises(FatalDestinationError, match="UNAUTHENTICATED") as raised:
        deliver(server)
    assert "canary" not in str(raised.value)


def test_no_such_bucket(server: GcsBucket) -> None:
    with pytest.raises(FatalDestinationError, match="NOT_FOUND"):
        deliver(server, "another")


def test_down(server: GcsBucket) -> None:
    server.lasting = "down"
    with pytest.raises(NoAnswer, match="UNAVAILABLE"):
        deliver(server)
    assert server.objects == {}
