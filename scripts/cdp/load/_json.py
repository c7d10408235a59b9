"""JSON lines: every column is text, a number as it was written, an object as its JSON.

A file's columns are all keys of all its rows, so it is read twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cdp.load._rows import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    Chunk,
    Line,
    Reader,
    Reject,
    column_names,
    physical_lines,
    text_table,
)

__all__ = ["JsonReader"]

_MAX_DEPTH = 100

_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<open>[\[{])|(?P<close>[\]}])', re.DOTALL)


class JsonReader(Reader):
    """See cdp.load._rows.Reader."""

    def __init__(self, path: Path, read: Callable[[int], None]) -> None:
        self._path = path
        self._read = lambda size: read(size // 2)
        keys: dict[str, None] = {}
        for _, row in self._rows():
            if not isinstance(row, Reject):
                keys.update(dict.fromkeys(row))
        ordered = sorted(keys, key=lambda key: (key.lower(), key))
        self._names = dict(zip(ordered, column_names(ordered), strict=True))
        self.kinds = dict.fromkeys(self._names.values(), "text")

    def chunks(self) -> Iterator[Chunk]:
        """The rows."""
        rows: list[list[str | None]] = []
        rejects: list[Reject] = []
        size = 0
        for line, row in self._rows():
            size += line.size
            if isinstance(row, Reject):
                rejects.append(row)
            else:
                rows.append([row.get(key) for key in self._names])
            if len(rows) + len(rejects) >= CHUNK_ROWS or size >= CHUNK_BYTES:
                yield Chunk(self._table(rows), rejects)
                rows, rejects, size = [], [], 0
        if rows or rejects:
            yield Chunk(self._table(rows), rejects)

    def _rows(self) -> Iterator[tuple[Line, dict[str, str | None] | Reject]]:
        for line in physical_lines(self._path, self._read):
            if not line.text.strip():
                continue
            try:
                yield line, _parsed(line)
            except ValueError as error:
                yield line, Reject(line.number, _reason(error), line.text)

    def _table(self, rows: list[list[str | None]]) -> Any:
        return text_table(list(self._names.values()), rows)


class _Number(float):
    """A float that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


def _parsed(line: Line) -> dict[str, str | None]:
    """One row as text by key. Raises ValueError with a reason that repeats no value."""
    if line.flaw:
        raise ValueError(line.flaw)
    if _depth(line.text) > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH}")
    row = json.loads(
        line.text, object_pairs_hook=_object, parse_float=_Number, parse_constant=_no_constant
    )
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the row's value, not our type
    if not row:
        raise ValueError("an object without keys")
    texts = {key: _text(value) for key, value in row.items()}
    if "\\u" in line.text:
        _check_characters(texts)
    return texts


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    if "integer string conversion" in str(error):
        return "a number has too many digits"
    return str(error)


def _depth(text: str) -> int:
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _BRACKETS.finditer(text):
        if bracket["open"]:
            depth += 1
            deepest = max(deepest, depth)
        elif bracket["close"]:
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, _Number):
        return value.text
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise ValueError("a nested number is out of range") from None


def _check_characters(texts: dict[str, str | None]) -> None:
    for text in (*texts, *texts.values()):
        if text and "\0" in text:
            raise ValueError("holds a NUL character")
        if text and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ValueError("holds half of a surrogate pair")
