"""Files on disk, read back by the standard library's csv (RFC 4180) and by pyarrow."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cdp.destinations._base import Row
from destinations.servers._base import Bench, Case

__all__ = ["BENCH"]

_FIELDS = {"email": "text", "name": "text", "orders": "integer", "seen_at": "timestamp"}


def _case(target_object: str, **options: str) -> Case:
    return Case(
        target_object, "mirror", fields=_FIELDS, text="name", options=options, refuses=False
    )


class Folder(Bench):
    destination = "files"
    cases = (
        _case("snapshot", path="people.csv"),
        _case("snapshot", path="people.parquet"),
        _case("changes", path="out"),
        _case("changes", path="out", format="parquet"),
    )

    def held(self, case: Case, row: Row) -> object:
        """What the files, read in the order of their runs, say of the row."""
        return self._current(case).get(row.id)

    def wanted(self, case: Case, row: Row) -> object:
        if not self._is_csv(case):
            return dict(row.fields)
        seen_at = row.fields["seen_at"]
        texts = {**row.fields, "seen_at": seen_at and f"{seen_at:%Y-%m-%dT%H:%M:%S}Z"}
        return {name: "" if value is None else str(value) for name, value in texts.items()}

    def count(self, case: Case) -> int:
        return len(self._current(case))

    def everything(self) -> str:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return "\n".join(
            str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text()
            for path in files
        )

    def _is_csv(self, case: Case) -> bool:
        return not (case.options["path"].endswith("parquet") or "format" in case.options)

    def _current(self, case: Case) -> dict[str, dict[str, Any]]:
        people: dict[str, dict[str, Any]] = {}
        for path in sorted(self.folder.rglob("*"), key=_run):
            for row in _rows(path):
                operation, key = row.pop("operation", "upsert"), row.pop(case.match)
                if operation == "remove":
                    people.pop(key, None)
                else:
                    seen_at = row["seen_at"]
                    if hasattr(seen_at, "replace") and not isinstance(seen_at, str):
                        row["seen_at"] = seen_at.replace(tzinfo=None)
                    people[key] = row
        return people


def _run(path: Path) -> tuple[int, str]:
    number = path.stem.rpartition("-")[2]
    return (int(number) if number.isdigit() else 0, path.name)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".csv":
        csv.field_size_limit(1_000_000)
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    elif path.suffix == ".parquet":
        yield from pq.read_table(path).to_pylist()


BENCH = Folder
