"""What the readers of the three formats have in common."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from cdp.errors import CdpError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "CHUNK_BYTES",
    "CHUNK_ROWS",
    "FILE_COLUMN",
    "MAX_RECORD_BYTES",
    "TIME_COLUMN",
    "Chunk",
    "FileFault",
    "Line",
    "Reader",
    "Reject",
    "column_names",
    "physical_lines",
    "text_table",
]

FILE_COLUMN, TIME_COLUMN = "_cdp_file", "_cdp_loaded_at"

CHUNK_ROWS = 50_000
CHUNK_BYTES = 64 << 20
MAX_RECORD_BYTES = 32 << 20
_MAX_COLUMNS = 1_000


class FileFault(CdpError):  # noqa: N818 - a fault of the file, sorted among the outcomes
    """The file as a whole cannot be loaded; the message is a sentence about it."""


@dataclass(frozen=True)
class Reject:
    """One row that is not loaded. line: 1-based, where it begins; raw: as it stood."""

    line: int
    reason: str
    raw: str


@dataclass
class Chunk:
    """Some rows of a file, in order: those to load and those rejected. bytes: read for it."""

    data: pa.Table
    rejects: list[Reject] = field(default_factory=list)


class Reader(ABC):
    """A file opened for loading."""

    kinds: Mapping[str, str]
    """Column name in the table -> kind of value: see cdp.load._kinds."""

    own_names: Mapping[str, str] | None = None
    """Column name in the table -> in the file, where DuckDB can read it; None: it cannot."""

    row_count: int = 0
    """Rows in the file, where it says so itself."""

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """The file's rows; memory O(chunk). Raises FileFault where it turns out corrupt."""


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line. flaw: why its record cannot be loaded; None: it can."""

    number: int
    text: str
    size: int
    flaw: str | None = None


def physical_lines(path: Path, read: Callable[[int], None]) -> Iterator[Line]:
    """The lines of a text file, plain or gzipped, decoded from UTF-8, newline included.

    read: told of the bytes of the file itself as they are consumed. Memory: the longest
    line, at most MAX_RECORD_BYTES. Raises FileFault for UTF-16 and corrupt gzip.
    """
    with _opened(path) as (stream, raw):
        number = position = 0
        while data := stream.readline(MAX_RECORD_BYTES + 1):
            number += 1
            if number == 1:
                data = _without_mark(path, data)
            size = len(data)
            if size > MAX_RECORD_BYTES:
                _skip_rest(stream, data)
            yield _decoded(number, data, size)
            if (now := raw.tell()) != position:
                read(now - position)
                position = now


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    try:
        with path.open("rb") as raw:
            if path.suffix == ".gz":
                with gzip.open(raw) as unpacked:
                    yield io.BufferedReader(cast(io.RawIOBase, unpacked)), raw
            else:
                yield raw, raw
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileFault("the gzip data is cut off or corrupt. Deliver the file again.") from None


def _without_mark(path: Path, data: bytes) -> bytes:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileFault("it is UTF-16. Save it as UTF-8.")
    return data.removeprefix(b"\xef\xbb\xbf")


def _skip_rest(stream: IO[bytes], data: bytes) -> None:
    while data and not data.endswith(b"\n"):
        data = stream.readline(1 << 20)


def _decoded(number: int, data: bytes, size: int) -> Line:
    if size > MAX_RECORD_BYTES:
        text = data[:1000].decode("utf-8", "replace")
        return Line(number, text, size, f"longer than {MAX_RECORD_BYTES >> 20} MB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Line(number, data.decode("utf-8", "replace"), size, "not UTF-8")
    return Line(number, text, size, "holds a NUL character" if "\0" in text else None)


def column_names(given: Iterable[str]) -> list[str]:
    """Table column names for a file's own: trimmed, lower case, composed, each once.

    A name that repeats takes _2, _3, ...; an empty one is column_<position>. Raises
    FileFault for a name over 63 bytes and for too many columns.
    """
    taken = {FILE_COLUMN, TIME_COLUMN}
    names = []
    for position, original in enumerate(given, 1):
        base = unicodedata.normalize("NFC", original).strip().lower() or f"column_{position}"
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        if len(name.encode()) > 63:
            raise FileFault(f"the name of column {position} is over 63 bytes. Shorten it.")
        taken.add(name)
        names.append(name)
    if len(names) > _MAX_COLUMNS:
        raise FileFault(f"it has {len(names)} columns; at most {_MAX_COLUMNS} are taken.")
    return names


def text_table(names: list[str], rows: list[list[str | None]]) -> pa.Table:
    """Rows of text as an Arrow table of text columns."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    )
