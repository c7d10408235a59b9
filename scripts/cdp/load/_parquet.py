"""Parquet, with its own types; nested values become JSON text, times UTC.

A row whose text is not UTF-8 or holds NUL, which no warehouse takes, is rejected; its
line is its number in the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.parquet import ParquetFile

from cdp.load._kinds import arrow_type, kind_of
from cdp.load._rows import CHUNK_ROWS, Chunk, FileFault, Reader, Reject, column_names

__all__ = ["ParquetReader"]


class ParquetReader(Reader):
    """See cdp.load._rows.Reader."""

    def __init__(self, path: Path, read: Callable[[int], None]) -> None:
        self._path, self._read = path, read
        try:
            self._file = ParquetFile(path, pre_buffer=False)
        except (pa.ArrowException, OSError):
            raise _corrupt() from None
        schema = self._file.schema_arrow
        self._names = column_names(schema.names)
        self.kinds = {
            name: kind_of(kind) for name, kind in zip(self._names, schema.types, strict=True)
        }
        self.row_count = int(self._file.metadata.num_rows)
        if _sql_can_read(path, schema):
            self.own_names = dict(zip(self._names, schema.names, strict=True))

    def chunks(self) -> Iterator[Chunk]:
        """The rows."""
        size, line = self._path.stat().st_size, 1
        batches = self._file.iter_batches(CHUNK_ROWS)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError):
                raise _corrupt() from None
            if batch is None:
                return
            yield self._chunk(batch, line)
            line += batch.num_rows
            self._read(size * batch.num_rows // max(self.row_count, 1))

    def _chunk(self, batch: pa.RecordBatch, line: int) -> Chunk:
        rejects = _bad_text(batch, line)
        if rejects:
            bad = {reject.line - line for reject in rejects}
            batch = batch.take([row for row in range(batch.num_rows) if row not in bad])
        columns = [_landed(column) for column in batch.columns]
        return Chunk(pa.table(columns, names=self._names), rejects)


def _corrupt() -> FileFault:
    return FileFault("it is no readable Parquet: cut off or corrupt. Deliver it again.")


def _sql_can_read(path: Path, schema: pa.Schema) -> bool:
    """Whether SQL reads the same values as we: plain types, no name twice, no glob."""
    is_a = pa.types
    plain = all(
        kind_of(kind) != "text" or is_a.is_string(kind) or is_a.is_large_string(kind)
        for kind in schema.types
    )
    distinct = len({name.lower() for name in schema.names}) == len(schema.names)
    return plain and distinct and not set("*?[]{}") & set(str(path))


def _landed(column: pa.Array) -> pa.Array:
    """The column with the Arrow type of its kind."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        return pa.array([_json(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_timestamp(column.type):
        zone = column.type.tz
        column = pc.cast(column, pa.timestamp("us", zone), safe=False)
        return pc.cast(column, pa.timestamp("us"))
    return pc.cast(column, arrow_type(kind_of(column.type)))


def _json(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _bad_text(batch: pa.RecordBatch, line: int) -> list[Reject]:
    """The rows with text that no warehouse takes."""
    reasons: dict[int, str] = {}
    for column in batch.columns:
        if _holds_text(column.type) and not _is_clean(column):
            for row, reason in _flaws(column):
                reasons.setdefault(row, reason)
    return [Reject(line + row, reasons[row], "") for row in sorted(reasons)]


def _holds_text(kind: pa.DataType) -> bool:
    is_a = pa.types
    return bool(is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_binary(kind))


def _is_clean(column: pa.Array) -> bool:
    try:
        text = pc.cast(column, pa.string())
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.match_substring(text, "\0"), min_count=0).as_py()


def _flaws(column: pa.Array) -> Iterator[tuple[int, str]]:
    raw = column.view(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary())
    for row, value in enumerate(raw.to_pylist()):
        if value is None:
            continue
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            yield row, "not UTF-8"
            continue
        if b"\0" in value:
            yield row, "holds a NUL character"
