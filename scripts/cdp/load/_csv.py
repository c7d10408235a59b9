"""CSV, cell by cell as it stands: every column is text, an empty cell is null.

A quote that goes wrong costs its own line, not the rest of the file: where a record
turns out malformed, its first line is rejected and reading resumes at the next.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from cdp.load._rows import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    MAX_RECORD_BYTES,
    Chunk,
    FileFault,
    Line,
    Reader,
    Reject,
    column_names,
    physical_lines,
    text_table,
)

__all__ = ["CsvReader"]

_DELIMITERS = ",;\t|"


class CsvReader(Reader):
    """See cdp.load._rows.Reader. The delimiter is the header's most frequent of , ; tab |."""

    def __init__(self, path: Path, read: Callable[[int], None]) -> None:
        self._lines = _Lines(physical_lines(path, read))
        self._delimiter = _delimiter(self._lines.peek())
        self._records = self._read_records()
        header = next(self._records, [])
        if isinstance(header, Reject):
            raise FileFault(f"its header cannot be read: {header.reason}. Deliver it again.")
        self._names = column_names(header)
        self.kinds = dict.fromkeys(self._names, "text")

    def chunks(self) -> Iterator[Chunk]:
        """The rows below the header."""
        rows: list[list[str | None]] = []
        rejects: list[Reject] = []
        for record in self._records:
            if isinstance(record, Reject):
                rejects.append(record)
            else:
                rows.append([cell or None for cell in record])
            if len(rows) + len(rejects) >= CHUNK_ROWS or self._lines.size >= CHUNK_BYTES:
                yield Chunk(text_table(self._names, rows), rejects)
                rows, rejects, self._lines.size = [], [], 0
        if rows or rejects:
            yield Chunk(text_table(self._names, rows), rejects)

    def _read_records(self) -> Iterator[list[str] | Reject]:
        """The header, then a list of as many cells, or a Reject, for each record."""
        lines, width = self._lines, None
        reader = self._new_reader()
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RecordTooLong) as error:
                yield lines.reject_first(_reason(error))
                reader = self._new_reader()
                continue
            if not cells:
                lines.accept()
            elif flaw := lines.flaw():
                yield lines.reject_all(flaw)
            elif width is not None and len(cells) != width:
                yield lines.reject_first(f"{len(cells)} cells where the header has {width}")
                reader = self._new_reader()
            else:
                width = len(cells)
                lines.accept()
                yield cells

    def _new_reader(self) -> Iterator[list[str]]:
        csv.field_size_limit(MAX_RECORD_BYTES * 2)
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)


class _RecordTooLong(Exception):  # noqa: N818 - caught where it is meant to be
    """A record went on for more than MAX_RECORD_BYTES: no doubt an open quote."""


class _Lines:
    """Lines as csv.reader pulls them, remembered until their record is settled."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._coming = lines
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._taken_bytes = 0
        self.size = 0
        """Bytes of the records settled since it was last set to 0."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._coming)
        self._taken.append(line)
        self._taken_bytes += line.size
        if self._taken_bytes > MAX_RECORD_BYTES and len(self._taken) > 1:
            raise _RecordTooLong
        return line.text.replace("\0", "\ufffd") if line.flaw else line.text

    def peek(self) -> str:
        """The first line, which stays to be read; empty for an empty file."""
        line = next(self._coming, None)
        if line is None:
            return ""
        self._again.append(line)
        return line.text

    def flaw(self) -> str | None:
        """What is wrong with the characters of the record's lines."""
        return next((line.flaw for line in self._taken if line.flaw), None)

    def accept(self) -> None:
        """The record is good; its lines are done with."""
        self.size += self._taken_bytes
        self._taken.clear()
        self._taken_bytes = 0

    def reject_all(self, reason: str) -> Reject:
        """The record is bad as a whole."""
        reject = Reject(self._taken[0].number, reason, "".join(line.text for line in self._taken))
        self.accept()
        return reject

    def reject_first(self, reason: str) -> Reject:
        """The record's first line is bad; the others are to be read again."""
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        self._taken_bytes = self._taken[0].size
        return self.reject_all(self._taken[0].flaw or reason)


def _reason(error: Exception) -> str:
    if "new-line character" in str(error):
        return "a carriage return stands inside the line"
    return "a quote is not closed, or stands where none may"


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)
