"""S3: under its final key a file is complete, or is the one that was there before."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdp.destinations import s3
from cdp.destinations._base import Batch, Delivery, NoAnswer, Person, Row
from cdp.destinations.s3 import S3, S3Options
from cdp.errors import FatalDestinationError
from support.s3 import S3Server

ANN, BOB = Row("p1", {"name": "Ann"}), Row("p2", {"name": "=Bob"})


class Store:
    """Opens deliveries into one bucket, and looks into it."""

    def __init__(self, server: S3Server) -> None:
        self.server, self.bucket = server, server.create_bucket()

    def open(self, path: str = "a/b.csv", **options: Any) -> S3:
        kind = "snapshot" if "." in path else "changes"
        delivery = Delivery(
            "s", "s#3", kind, "mirror", "service", "id", {"name": "text"}, Path("/nowhere")
        )
        there: dict[str, Any] = {
            "bucket": self.bucket, "base_url": self.server.url, "region": "us-east-1",
            "access_key_env": "TEST_KEY", "secret_key_env": "TEST_SECRET",
        }  # fmt: skip
        given = {name: value for name, value in (there | options).items() if value is not None}
        return S3(delivery, S3Options(path=path, **given))

    def write(self, path: str, *rows: Row) -> None:
        there = self.open(path)
        there.upsert(Batch("k", rows))
        there.finish()
        there.close()

    def files(self) -> dict[str, bytes]:
        return self.server.files(self.bucket)


@pytest.fixture
def store(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("TEST_KEY", "AKIATEST")
    monkeypatch.setenv("TEST_SECRET", "test-only")
    yield Store(s3_server)


def test_a_file_and_its_manifest_and_nothing_else(store: Store) -> None:
    store.write("a/b.csv", ANN, BOB)
    files = store.files()
    assert sorted(files) == ["a/b.csv", "a/b.csv.manifest.json"]
    assert files["a/b.csv"] == b"id,name\r\np1,Ann\r\np2,'=Bob\r\n"
    manifest = json.loads(files["a/b.csv.manifest.json"])
    assert manifest["sha256"] == hashlib.sha256(files["a/b.csv"]).hexdigest()
    assert (manifest["rows"], manifest["bytes"]) == (2, len(files["a/b.csv"]))


def test_the_same_run_again_writes_the_same_key(store: Store) -> None:
    store.write("out", ANN)
    before = store.files()
    store.write("out", ANN)
    assert store.files() == before
    assert sorted(before) == ["out/s-3.csv", "out/s-3.csv.manifest.json"]


def test_an_upload_that_breaks_off_leaves_what_was_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("b.csv", ANN)
    before = store.files()

    def half(source: Any, target: Any, size: int) -> None:
        target.write(source.read(10))
        raise OSError("the line is cut")

    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(FatalDestinationError):
        store.write("b.csv", BOB)
    assert {name: store.files()[name] for name in before} == before


def test_erasing_rewrites_every_file_of_the_folder(store: Store) -> None:
    store.write("out", ANN, BOB)
    there = store.open("out")
    assert [outcome.status for outcome in there.erase([Person("p1")])] == ["acknowledged"]
    there.close()
    files = store.files()
    content = files["out/s-3.csv"]
    assert b"p1" not in content
    assert b"p2" in content
    manifest = json.loads(files["out/s-3.csv.manifest.json"])
    assert (manifest["rows"], manifest["bytes"]) == (1, len(content))


def test_erasing_takes_what_a_broken_upload_left(store: Store) -> None:
    for key in ("out/.s-2.csv.partial", ".a.csv.partial", "out/notes.txt"):
        store.server.client.put_object(Bucket=store.bucket, Key=key, Body=b"p1,Ann")
    for path in ("out", "a.csv"):
        there = store.open(path)
        there.erase([Person("p1")])
        there.close()
    assert list(store.files()) == ["out/notes.txt"]


def test_a_bucket_that_is_not_there_is_named_before_a_write(store: Store) -> None:
    there = store.open(bucket="cdp-never-made")
    (problem,) = there.check()
    assert "cdp-never-made" in problem
    there.upsert(Batch("k", (ANN,)))
    with pytest.raises(FatalDestinationError, match="NO_SUCH_BUCKET"):
        there.finish()
    there.close()


def test_a_store_that_is_down_is_said_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_ATTEMPTS", 1)
    there = store.open(base_url="http://127.0.0.1:1")
    there.upsert(Batch("k", (ANN,)))
    with pytest.raises(NoAnswer, match="NETWORK_CONNECTION"):
        there.finish()
    there.close()


def test_nothing_is_left_on_this_machine(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    there = store.open()
    there.upsert(Batch("k", (ANN,)))
    assert list(tmp_path.rglob("*.partial"))
    there.close()
    assert list(tmp_path.iterdir()) == []
    assert store.files() == {}


@pytest.mark.parametrize(
    "options",
    [{"bucket": "a/b"}, {"path": "/a.csv"}, {"path": "../a.csv"}, {"secret_key_env": None}],
)
def test_options_that_cannot_be_meant(store: Store, options: dict[str, str | None]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        store.open(**options)
