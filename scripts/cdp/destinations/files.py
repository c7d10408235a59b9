"""CSV and Parquet files on disk.

object snapshot: one file that holds every current row, replaced as a whole.
object changes: one new file a run under the path, with a column `operation`.

A file appears under its name only when it is complete (written beside, then renamed); its
manifest follows last. CSV is RFC 4180 in UTF-8, with a header; text that a spreadsheet
would take for a formula is preceded by an apostrophe, a number in E.164 is not.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

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
from cdp.errors import ConfigError, FatalDestinationError

__all__ = ["DESTINATION", "FileOptions", "Files"]

_SUFFIXES = (".csv", ".parquet")
_E164 = re.compile(r"\+[0-9]{7,15}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class FileOptions(Options):
    """path: a .csv or .parquet file (snapshot) or a folder (changes), under the project's
    folder or CDP_FILES_ROOT. format: of the files in a folder; default csv."""

    path: str
    format: str = "csv"

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if Path(path).is_absolute() or ".." in Path(path).parts or "\x00" in path:
            raise ValueError("is a path inside the project, without '..'")
        return path

    @field_validator("format")
    @classmethod
    def _known(cls, name: str) -> str:
        if f".{name}" not in _SUFFIXES:
            raise ValueError("is csv or parquet")
        return name


class Files(Destination):
    """Files that a person or another job picks up."""

    title = "Files"
    summary = "Rows become CSV or Parquet files that a person or another job picks up."
    modes = frozenset({"upsert", "create", "mirror", "audience", "append"})
    objects = MappingProxyType(
        {
            "snapshot": Object("one file that holds every current row, replaced as a whole"),
            "changes": Object("one new file a run in a folder, with a column `operation`"),
        }
    )
    default_object = "snapshot"
    options = FileOptions
    is_account = False
    can_leave_fields = False
    batch_rows = 10_000
    erases = "Rewrites every file of the sync that is still there without the person's rows."
    facts = (Fact("CSV: UTF-8, header, CRLF, quotes doubled", "RFC 4180"),)
    verified = "the local disk, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "files",
            "cdp_object": "snapshot",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "last_order": "last_order_at"},
            "cdp_options": {"path": "out/syncs/lapsing_regulars.csv"},
        }
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
    def place(cls, target_object: str, options: FileOptions) -> str:
        """The path."""
        return f"files:{options.path}"

    @classmethod
    def takes_all_rows(cls, target_object: str) -> bool:
        """A snapshot is written whole."""
        return target_object == "snapshot"

    @classmethod
    def is_lost(cls, target_object: str, options: FileOptions, root: Path) -> bool:
        """A snapshot that somebody deleted is delivered again in full."""
        return target_object == "snapshot" and not _inside(root, options.path).exists()

    def __init__(self, delivery: Delivery, options: FileOptions) -> None:
        super().__init__(delivery, options)
        self._is_snapshot = delivery.target_object == "snapshot"
        path = _inside(delivery.root, options.path)
        if not self._is_snapshot:
            name = re.sub(r"[^A-Za-z0-9_-]+", "-", delivery.run_id)
            path = path / f"{name}.{options.format}"
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._writer: _Writer | None = None
        self._rows = 0

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Add the rows to the file in the making."""
        return self._write(batch, "upsert")

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """A snapshot leaves the rows out; changes name them."""
        if self._is_snapshot:
            return [Outcome("accepted") for _ in batch.rows]
        return self._write(batch, "remove")

    def finish(self) -> None:
        """Rename the complete file into place, then write its manifest."""
        try:
            if self._writer is None:
                self._open()
            assert self._writer is not None
            self._writer.close()
            _sync_to_disk(self._partial)
            self._partial.replace(self._path)
            self._write_manifest()
        except OSError as error:
            raise _disk_trouble(self._path, error) from None

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Rewrite the files that hold these people; each is whole at every moment."""
        ids = {person.id for person in people}
        paths = [self._path] if self._is_snapshot else sorted(self._path.parent.glob("*.*"))
        for path in paths:
            if path.suffix in _SUFFIXES and path.exists():
                try:
                    self._rewrite(path, ids)
                except OSError as error:
                    raise _disk_trouble(path, error) from None
        return [Outcome("acknowledged") for _ in people]

    def close(self) -> None:
        """Leave no half-written file behind."""
        if self._writer is not None:
            self._writer.close()
        self._partial.unlink(missing_ok=True)

    def _write(self, batch: Batch, operation: str) -> Sequence[Outcome]:
        match = self._delivery.match
        prefix = {} if self._is_snapshot else {"operation": operation}
        rows = [{**prefix, match: row.id, **row.fields} for row in batch.rows]
        try:
            if self._writer is None:
                self._open()
            assert self._writer is not None
            self._writer.write(rows)
        except OSError as error:
            raise _disk_trouble(self._path, error) from None
        self._rows += len(rows)
        return [Outcome("accepted") for _ in rows]

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        make = _CsvWriter if self._path.suffix == ".csv" else _ParquetWriter
        self._writer = make(self._partial, self._columns())

    def _columns(self) -> dict[str, str]:
        columns = {} if self._is_snapshot else {"operation": "text"}
        return columns | {self._delivery.match: "text"} | dict(self._delivery.fields)

    def _write_manifest(self) -> None:
        manifest = {
            "sync": self._delivery.sync,
            "run_id": self._delivery.run_id,
            "file": self._path.name,
            "columns": list(self._columns()),
        }
        _save_manifest(self._path, manifest, self._rows)

    def _rewrite(self, path: Path, ids: set[str]) -> None:
        partial = path.with_name(f".{path.name}.partial")
        rewrite = _csv_without if path.suffix == ".csv" else _parquet_without
        rows = rewrite(path, partial, self._delivery.match, ids)
        if rows is None:
            partial.unlink(missing_ok=True)
            return
        _sync_to_disk(partial)
        partial.replace(path)
        manifest = _manifest_of(path)
        if manifest.exists():
            _save_manifest(path, json.loads(manifest.read_text(encoding="utf-8")), rows)


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


def _manifest_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def _save_manifest(path: Path, about: dict[str, Any], rows: int) -> None:
    facts = {"rows": rows, "bytes": path.stat().st_size, "sha256": _sha256(path)}
    manifest = _manifest_of(path)
    partial = manifest.with_name(f".{manifest.name}.partial")
    partial.write_text(json.dumps(about | facts, indent=2) + "\n", encoding="utf-8")
    partial.replace(manifest)


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


def _inside(root: Path, path: str) -> Path:
    """The path under its root, links resolved. Raises ConfigError when it leads out."""
    base = Path(os.environ.get("CDP_FILES_ROOT") or root).resolve()
    full = (base / path).resolve()
    if not full.is_relative_to(base):
        raise ConfigError(f"cdp_options.path '{path}' leads out of {base.name}. Use a path inside.")
    return full


def _sync_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_trouble(path: Path, error: OSError) -> FatalDestinationError:
    return FatalDestinationError(f"{path.name} cannot be written ({error.strerror}). Nothing was.")


DESTINATION = Files
