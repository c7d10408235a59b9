"""Files into raw tables, one transaction a file.

A table's content is a function of the set of files loaded, not of their order: a column
has the one kind that its files agree on, else text.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cdp.errors import WarehouseError
from cdp.load._files import RawFile, find_files, sha256_of
from cdp.load._manifest import Entry, Manifest
from cdp.load._progress import Progress, Silent
from cdp.load._rows import FileFault, Reader
from cdp.load._table import RawTable
from cdp.warehouse import Warehouse

__all__ = ["FileOutcome", "load"]


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file.

    status: loaded, replaced, unchanged, failed, gone (from the folder; its rows stay) or
    pruned. rows + quarantined are all rows of the file.
    """

    source: str
    table: str
    file: str
    status: str
    rows: int = 0
    quarantined: int = 0
    reason: str | None = None


def load(
    warehouse: Warehouse,
    directory: Path,
    sources: Collection[str] = (),
    prune: bool = False,
    progress: Progress | None = None,
) -> tuple[list[FileOutcome], list[Path]]:
    """Load what is new or changed under `directory`; see find_files for its layout.

    sources: only these; empty: all. prune: remove the rows of files that are gone.
    Returns what became of each file, and the files that are none of ours. A file that
    cannot be loaded is left out as a whole and named; the others are loaded.
    Raises ConfigError for a folder that cannot be used, WarehouseError when the
    warehouse is gone. Memory O(chunk); one pass over each file, JSON two.
    """
    files, left = find_files(directory, sources)
    landing = _Landing(warehouse)
    with progress or Silent() as shown:
        shown.expect(sum(file.path.stat().st_size for file in files))
        outcomes = [landing.bring(file, shown) for file in files]
    return outcomes + landing.missing({file.name for file in files}, sources, prune), left


class _Landing:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._manifest = Manifest(warehouse)

    def bring(self, file: RawFile, progress: Progress) -> FileOutcome:
        """One file, as a whole or not at all."""
        progress.begin(file.name)
        done = FileOutcome(file.source, file.table, file.name, "unchanged")
        try:
            known, entry = self._known(file), _entry(file)
            if known and known.modified_ns == entry.modified_ns and known.bytes == entry.bytes:
                progress.read(entry.bytes)
                return replace(done, rows=known.loaded_rows, quarantined=known.quarantined_rows)
            entry = replace(entry, sha256=sha256_of(file.path))
            if known and known.sha256 == entry.sha256:
                self._manifest.touch(known, entry.modified_ns)
                progress.read(entry.bytes)
                return replace(done, rows=known.loaded_rows, quarantined=known.quarantined_rows)
            entry = self._replace(file, entry, progress)
        except FileFault as fault:
            return replace(done, status="failed", reason=str(fault))
        except OSError as error:
            reason = f"it cannot be read ({error.strerror}). Check the disk and the permissions."
            return replace(done, status="failed", reason=reason)
        except WarehouseError as error:
            self._warehouse.query("select 1")  # raises when the warehouse itself is gone
            return replace(done, status="failed", reason=str(error))
        self._manifest.entries[file.name] = entry
        status = "replaced" if known else "loaded"
        return replace(
            done, status=status, rows=entry.loaded_rows, quarantined=entry.quarantined_rows
        )

    def missing(
        self, seen: Collection[str], sources: Collection[str], prune: bool
    ) -> list[FileOutcome]:
        """Files that were loaded once and are no longer there."""
        outcomes = []
        for entry in list(self._manifest.entries.values()):
            if entry.file in seen or (sources and entry.source not in sources):
                continue
            if prune:
                self._manifest.forget(entry)
            status = "pruned" if prune else "gone"
            outcomes.append(FileOutcome(entry.source, entry.table_name, entry.file, status))
        return outcomes

    def _known(self, file: RawFile) -> Entry | None:
        """The file's entry, unless its table was dropped since."""
        entry = self._manifest.entries.get(file.name)
        if (
            entry
            and json.loads(entry.kinds)
            and not self._warehouse.columns(file.source, file.table)
        ):
            return None
        return entry

    def _replace(self, file: RawFile, entry: Entry, progress: Progress) -> Entry:
        reader = _open_reader(file, progress)
        entry = replace(entry, kinds=json.dumps(dict(reader.kinds)))
        if self._warehouse.dialect == "duckdb" and reader.own_names:
            try:
                entry = self._write(file, entry, reader, itself=True)
            except (_NotEveryRow, WarehouseError):
                return self._write(file, entry, reader)
            progress.read(entry.bytes)
            return entry
        return self._write(file, entry, reader)

    def _write(self, file: RawFile, entry: Entry, reader: Reader, itself: bool = False) -> Entry:
        """All rows of a file, in one transaction. itself: DuckDB reads it, if all will do."""
        now = datetime.now(UTC).replace(tzinfo=None)
        others = self._manifest.kinds_of_others(file)
        table = RawTable(self._warehouse, file, reader.kinds, others, now)
        with self._warehouse.transaction():
            table.prepare(may_hold_rows=self._manifest.may_hold_rows_of(file))
            self._manifest.clear_quarantine(file.name)
            if itself:
                counts = table.copy_parquet(reader.own_names or {}), 0
                if counts[0] != reader.row_count:
                    raise _NotEveryRow
            else:
                counts = self._append(file, table, reader, now)
            _check_same(file, entry)
            entry = replace(entry, loaded_rows=counts[0], quarantined_rows=counts[1])
            self._manifest.record(entry, now)
        return entry

    def _append(
        self, file: RawFile, table: RawTable, reader: Reader, now: datetime
    ) -> tuple[int, int]:
        loaded = quarantined = 0
        for chunk in reader.chunks():
            table.append(chunk.data)
            self._manifest.set_aside(file, chunk.rejects, now)
            loaded += chunk.data.num_rows
            quarantined += len(chunk.rejects)
        table.finish()
        return loaded, quarantined


class _NotEveryRow(Exception):  # noqa: N818 - caught where it is meant to be
    """DuckDB, reading a file itself, left rows out: they are to be looked at one by one."""


def _entry(file: RawFile) -> Entry:
    status = file.path.stat()
    return Entry(file.name, file.source, file.table, status.st_size, status.st_mtime_ns, sha256="")


def _check_same(file: RawFile, entry: Entry) -> None:
    now = _entry(file)
    if (now.bytes, now.modified_ns) != (entry.bytes, entry.modified_ns):
        raise FileFault("it changed while it was read. Load it again once it is complete.")


def _open_reader(file: RawFile, progress: Progress) -> Reader:
    if file.ending == ".parquet":
        from cdp.load._parquet import ParquetReader

        return ParquetReader(file.path, progress.read)
    if file.ending.startswith(".csv"):
        from cdp.load._csv import CsvReader

        return CsvReader(file.path, progress.read)
    from cdp.load._json import JsonReader

    return JsonReader(file.path, progress.read)
