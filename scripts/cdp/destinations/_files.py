"""Destinations that write CSV and Parquet files; where they lie is a shelf's matter.

object snapshot: one file that holds every current row, replaced as a whole.
object changes: one new file a run in a folder, with a column `operation`; its name is that
of the run, so that the same run writes the same file.

The manifest follows a file. CSV is RFC 4180 in UTF-8, with a header; text that a spreadsheet
would take for a formula is preceded by an apostrophe, a number in E.164 is not.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, ClassVar, Protocol

from pydantic import field_validator

from cdp.destinations._base import (
    Batch,
    Delivery,
    Destination,
    Fact,
    Object,
    Options,
    Outcome,
    Person,
)
from cdp.destinations._shelves import Shelf, disk

__all__ = ["FileDestination", "FileOptions"]

_LONGEST_CELL = 2**31 - 1  # characters; what was written can be read again
_SUFFIXES = (".csv", ".parquet")
_E164 = re.compile(r"\+[0-9]{7,15}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class FileOptions(Options):
    """path: a .csv or .parquet file (snapshot) or a folder (changes). format: of the files
    in a folder, csv or parquet."""

    path: str
    format: str = "csv"

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        is_out = Path(path).is_absolute() or ".." in Path(path).parts or "\x00" in path
        if is_out or not path:  # of an empty one, the names of files would begin with '/'
            raise ValueError("is a path inside, without '..' and without '/' at its start")
        return path

    @field_validator("format")
    @classmethod
    def _known(cls, name: str) -> str:
        if f".{name}" not in _SUFFIXES:
            raise ValueError("is csv or parquet")
        return name


class FileDestination(Destination):
    """Files on a shelf. A module says which one, and what it is called."""

    modes = frozenset({"upsert", "create", "mirror", "audience", "append"})
    objects = MappingProxyType(
        {
            "snapshot": Object("one file that holds every current row, replaced as a whole"),
            "changes": Object("one new file a run in a folder, with a column `operation`"),
        }
    )
    default_object = "snapshot"
    can_leave_fields = False
    batch_rows = 10_000
    erases = "Rewrites every file of the sync that is still there without the person's rows."
    known_on = "2026-11-22"
    facts: ClassVar[tuple[Fact, ...]] = (
        Fact("CSV: UTF-8, header, CRLF, quotes doubled", "RFC 4180"),
    )
    _options: FileOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: FileOptions) -> Iterator[str]:
        """A snapshot shows who is in now, so it mirrors; its name says its format."""
        if target_object == "snapshot" and mode not in ("mirror", "audience"):
            yield f"a snapshot mirrors. Use cdp_mode: mirror, or cdp_object: changes for {mode}."
        if target_object == "snapshot" and Path(options.path).suffix not in _SUFFIXES:
            yield f"cdp_options.path '{options.path}' ends in neither .csv nor .parquet."

    @classmethod
    def takes_all_rows(cls, target_object: str) -> bool:
        """A snapshot is written whole."""
        return target_object == "snapshot"

    @classmethod
    @abstractmethod
    def shelf(cls, options: Any, root: Path) -> Shelf:
        """Where the files lie. Raises ConfigError; a secret that is missing is named."""

    def __init__(self, delivery: Delivery, options: FileOptions) -> None:
        super().__init__(delivery, options)
        self._is_snapshot = delivery.target_object == "snapshot"
        self._name = options.path
        if not self._is_snapshot:
            run = re.sub(r"[^A-Za-z0-9_-]+", "-", delivery.run_id)
            self._name = f"{options.path.rstrip('/')}/{run}.{options.format}"
        self._writer: _Writer | None = None
        self._draft: Path | None = None
        self._rows = 0
        self._shelf = self.shelf(options, delivery.root)

    def check(self) -> Iterator[str]:
        """Also what is wrong with the place."""
        yield from super().check()
        yield from self._shelf.problems()

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Add the rows to the file in the making."""
        return self._write(batch, "upsert")

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """A snapshot leaves the rows out; changes name them."""
        if self._is_snapshot:
            return [Outcome("accepted") for _ in batch.rows]
        return self._write(batch, "remove")

    def finish(self) -> None:
        """Let the complete file appear, then its manifest."""
        writer = self._opened()
        assert self._draft is not None
        with disk(self._name):
            writer.close()
            manifest = _manifest(self._draft, self._about(), self._rows)
        self._shelf.put(self._draft, self._name)
        self._shelf.save(manifest, _manifest_of(self._name))

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Rewrite the files that hold these people, each whole at every moment; what a run
        that was killed left half-written goes."""
        ids = {person.id for person in people}
        folder, _, plain = self._name.rpartition("/")
        mine = {self._name, f"{folder}/.{plain}.partial".lstrip("/")}
        for name in self._shelf.names(folder):
            if self._is_snapshot and name not in mine:
                continue
            if name.endswith(".partial"):
                self._shelf.remove(name)
            elif name.endswith(_SUFFIXES) and (path := self._shelf.get(name)):
                self._rewrite(name, path, ids)
        return [Outcome("acknowledged") for _ in people]

    def close(self) -> None:
        """Leave no half-written file behind."""
        if self._writer is not None:
            self._writer.close()
        if self._draft is not None:
            self._draft.unlink(missing_ok=True)
        self._shelf.close()

    def _write(self, batch: Batch, operation: str) -> Sequence[Outcome]:
        match = self._delivery.match
        prefix = {} if self._is_snapshot else {"operation": operation}
        rows = [{**prefix, match: row.id, **row.fields} for row in batch.rows]
        writer = self._opened()
        with disk(self._name):
            writer.write(rows)
        self._rows += len(rows)
        return [Outcome("accepted") for _ in rows]

    def _opened(self) -> _Writer:
        if self._writer is None:
            self._draft = self._shelf.draft(self._name)
            make = _CsvWriter if self._name.endswith(".csv") else _ParquetWriter
            with disk(self._name):
                self._writer = make(self._draft, self._columns())
        return self._writer

    def _columns(self) -> dict[str, str]:
        columns = {} if self._is_snapshot else {"operation": "text"}
        return columns | {self._delivery.match: "text"} | dict(self._delivery.fields)

    def _about(self) -> dict[str, Any]:
        return {
            "sync": self._delivery.sync,
            "run_id": self._delivery.run_id,
            "file": Path(self._name).name,
            "columns": list(self._columns()),
        }

    def _rewrite(self, name: str, path: Path, ids: set[str]) -> None:
        draft = self._shelf.draft(name)
        rewrite = _csv_without if name.endswith(".csv") else _parquet_without
        manifest = self._shelf.get(_manifest_of(name))
        with disk(name):
            rows = rewrite(path, draft, self._delivery.match, ids)
            if rows is None:
                draft.unlink(missing_ok=True)
                return
            about = json.loads(manifest.read_bytes()) if manifest else None
            facts = _manifest(draft, about, rows) if about else None
        self._shelf.put(draft, name)
        if facts:
            self._shelf.save(facts, _manifest_of(name))


class _Writer(Protocol):
    def write(self, rows: Sequence[dict[str, Any]]) -> None: ...

    def close(self) -> None: ...


class _CsvWriter:
    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.DictWriter(self._file, list(columns))
        self._csv.writeheader()

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        self._csv.writerows({name: _cell(value) for name, value in row.items()} for row in rows)

    def close(self) -> None:
        self._file.close()


class _ParquetWriter:
    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {
            "text": pa.string(),
            "integer": pa.int64(),
            "float": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", tz="UTC"),
        }
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._table = pa.Table
        self._parquet = pq.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        self._parquet.write_table(self._table.from_pylist(list(rows), schema=self._schema))

    def close(self) -> None:
        self._parquet.close()


def _csv_without(path: Path, partial: Path, column: str, ids: set[str]) -> int | None:
    """Copy the file without these ids; rows kept, None if none had to go."""
    csv.field_size_limit(_LONGEST_CELL)
    cells = {_cell(value) for value in ids}
    kept = gone = 0
    with (
        path.open(encoding="utf-8", newline="") as old,
        partial.open("w", encoding="utf-8", newline="") as new,
    ):
        rows = csv.DictReader(old)
        writer = csv.DictWriter(new, rows.fieldnames or [])
        writer.writeheader()
        for row in rows:
            if row.get(column) in cells:
                gone += 1
            else:
                writer.writerow(row)
                kept += 1
    return kept if gone else None


def _parquet_without(path: Path, partial: Path, column: str, ids: set[str]) -> int | None:
    """As _csv_without."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    if column not in table.column_names:
        return None
    kept = table.filter(pc.invert(pc.is_in(table[column], pa.array(sorted(ids), pa.string()))))
    if len(kept) == len(table):
        return None
    pq.write_table(kept, partial)
    return len(kept)


def _manifest_of(name: str) -> str:
    return f"{name}.manifest.json"


def _manifest(draft: Path, about: dict[str, Any], rows: int) -> bytes:
    facts = {"rows": rows, "bytes": draft.stat().st_size, "sha256": _sha256(draft)}
    return json.dumps(about | facts, indent=2).encode() + b"\n"


def _cell(value: Any) -> Any:
    """A CSV cell: ISO 8601 times in UTC; no text that a spreadsheet would run."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA) and not _E164.fullmatch(value):
        return "'" + value
    return value


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
