"""Files, read back by the standard library's csv (RFC 4180) and by pyarrow."""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cdp.destinations._base import Row
from destinations.servers._base import Bench, Case

__all__ = ["FileBench", "case"]

_FIELDS = {"email": "text", "name": "text", "orders": "integer", "seen_at": "timestamp"}


def case(target_object: str, **options: str) -> Case:
    return Case(
        target_object, "mirror", fields=_FIELDS, text="name", options=options, refuses=False
    )


class FileBench(Bench):
    """A place that holds files. A bench says which there are."""

    cases = (
        case("snapshot", path="people.csv"),
        case("changes", path="out", format="parquet"),
    )

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """Every file that is there, by its name."""

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
        return "\n".join(
            str(_parquet(content)) if name.endswith(".parquet") else content.decode()
            for name, content in self.files().items()
        )

    def _is_csv(self, case: Case) -> bool:
        return not (case.options["path"].endswith("parquet") or "format" in case.options)

    def _current(self, case: Case) -> dict[str, dict[str, Any]]:
        people: dict[str, dict[str, Any]] = {}
        for name, content in sorted(self.files().items(), key=lambda file: _run(file[0])):
            for row in _rows(name, content):
                operation, key = row.pop("operation", "upsert"), row.pop(case.match)
                if operation == "remove":
                    people.pop(key, None)
                else:
                    seen_at = row["seen_at"]
                    if hasattr(seen_at, "replace") and not isinstance(seen_at, str):
                        row["seen_at"] = seen_at.replace(tzinfo=None)
                    people[key] = row
        return people


def _run(name: str) -> tuple[int, str]:
    number = PurePath(name).stem.rpartition("-")[2]
    return (int(number) if number.isdigit() else 0, name)


def _rows(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    if name.endswith(".csv"):
        csv.field_size_limit(1_000_000)
        yield from csv.DictReader(io.StringIO(content.decode(), newline=""))
    elif name.endswith(".parquet"):
        yield from _parquet(content)


def _parquet(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(pa.BufferReader(content)).to_pylist()
    return found
