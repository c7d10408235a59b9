"""Files: complete or absent, safe to open, inside their folder."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cdp.destinations._base import Batch, Delivery, Person, Row
from cdp.destinations.files import DiskOptions, Files
from cdp.errors import ConfigError, FatalDestinationError

FIELDS = {
    "name": "text", "orders": "integer", "spent": "float", "vip": "boolean",
    "born": "date", "seen": "timestamp",
}  # fmt: skip
ANN: dict[str, Any] = {
    "name": "Ånn, \"the\n first\"", "orders": 3, "spent": 0.5, "vip": True,
    "born": date(1980, 5, 17), "seen": datetime(2017, 12, 31, 23, 59),
}  # fmt: skip
NULLS: dict[str, Any] = dict.fromkeys(FIELDS)


def files(root: Path, path: str, target_object: str = "snapshot", **options: Any) -> Files:
    delivery = Delivery(
        "s_to_files", "s_to_files#3", target_object, "mirror", "service", "id", FIELDS, root
    )
    return Files(delivery, DiskOptions(path=path, **options))


def write(there: Files, *rows: Row) -> None:
    there.upsert(Batch("k", rows))
    there.finish()
    there.close()


def test_csv_round_trip(tmp_path: Path) -> None:
    write(files(tmp_path, "out/people.csv"), Row("p1", ANN), Row("p2", NULLS))
    with (tmp_path / "out" / "people.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {
        "id": "p1", "name": ANN["name"], "orders": "3", "spent": "0.5", "vip": "true",
        "born": "1980-05-17", "seen": "2017-12-31T23:59:00Z",
    }  # fmt: skip
    assert set(second.values()) == {"p2", ""}


def test_parquet_keeps_types(tmp_path: Path) -> None:
    write(files(tmp_path, "people.parquet"), Row("p1", ANN), Row("p2", NULLS))
    table = pq.read_table(tmp_path / "people.parquet")
    assert [str(kind) for kind in table.schema.types] == [
        "string", "string", "int64", "double", "bool", "date32[day]", "timestamp[us, tz=UTC]",
    ]  # fmt: skip
    assert table.to_pylist()[1] == {"id": "p2"} | NULLS


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    write(files(tmp_path, "a.csv"), Row("=p1", NULLS | {"name": text}))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["name"]) == ("'=p1", "'" + text)


def test_a_phone_number_is_no_formula(tmp_path: Path) -> None:
    write(files(tmp_path, "a.csv"), Row("p1", NULLS | {"name": "+15550100"}))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["+15550100"]


def test_a_file_appears_only_when_complete(tmp_path: Path) -> None:
    there = files(tmp_path, "a.csv")
    there.upsert(Batch("k", (Row("p1", ANN),)))
    assert not (tmp_path / "a.csv").exists()
    there.close()
    assert list(tmp_path.iterdir()) == []


def test_somebody_is_erased_from_beside_a_long_cell(tmp_path: Path) -> None:
    there = files(tmp_path, "out/people.csv")
    write(there, Row("p1", {"name": "x" * 200_000}), Row("p2", {"name": "Bob"}))
    there.erase([Person("p2")])
    assert "Bob" not in (tmp_path / "out/people.csv").read_text()


def test_a_failed_delivery_leaves_the_last_one(tmp_path: Path) -> None:
    write(files(tmp_path, "a.csv"), Row("p1", ANN))
    before = (tmp_path / "a.csv").read_bytes()
    there = files(tmp_path, "a.csv")
    there.upsert(Batch("k", (Row("p2", ANN),)))
    there.close()
    assert (tmp_path / "a.csv").read_bytes() == before


def test_the_manifest_names_the_very_file(tmp_path: Path) -> None:
    write(files(tmp_path, "a.csv"), Row("p1", ANN))
    manifest = json.loads((tmp_path / "a.csv.manifest.json").read_text())
    content = (tmp_path / "a.csv").read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert (manifest["rows"], manifest["bytes"]) == (1, len(content))


def test_changes_are_a_file_a_run(tmp_path: Path) -> None:
    there = files(tmp_path, "out", "changes")
    there.remove(Batch("k1", (Row("p9", {}),)))
    write(there, Row("p1", ANN))
    with (tmp_path / "out" / "s_to_files-3.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["operation"], row["id"]) for row in rows] == [("remove", "p9"), ("upsert", "p1")]


@pytest.mark.parametrize("path", ["", "../a.csv", "/tmp/a.csv", "a/../../b.csv"])
def test_paths_stay_inside(path: str) -> None:
    with pytest.raises(ValueError, match="is a path inside"):
        DiskOptions(path=path)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="leads out"):
        files(tmp_path / "project", "out/a.csv")


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = files(tmp_path, "a.csv")

    def full(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    there.upsert(Batch("k", (Row("p1", ANN),)))
    with pytest.raises(FatalDestinationError, match="No space left on device"):
        there.finish()
    there.close()
    assert list(tmp_path.iterdir()) == []
