"""Where the demo's rows go: Parquet parts in a folder a table, and the truth beside them.

Everything is written to a sibling directory and renamed at the end: a run that is
interrupted leaves what was there before.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdp.errors import ConfigError

__all__ = ["MARKER", "Sink", "as_arrow", "where_known"]

MARKER = "demo.json"
_ROWS_A_PART = 2_000_000
_SHOWN_AS = {"O": pa.string(), "U": pa.string()}


def as_arrow(value: Any, rows: int) -> pa.Array:
    """A column of `rows` values from an array, or from one value for all.

    Text and None become strings; times are microseconds without a zone (UTC).
    """
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return value
    if isinstance(value, np.generic):
        return pa.repeat(as_arrow(np.array([value]), 1)[0], rows)
    if not isinstance(value, np.ndarray):
        kind = pa.string() if value is None or isinstance(value, str) else None
        return pa.repeat(pa.scalar(value, type=kind), rows)
    if value.dtype.kind == "M" and value.dtype != np.dtype("datetime64[D]"):
        value = value.astype("datetime64[us]")
    return pa.array(value, type=_SHOWN_AS.get(value.dtype.kind), from_pandas=True)


def where_known(values: np.ndarray[Any, Any], is_known: np.ndarray[Any, Any]) -> pa.Array:
    """Numbers or flags with nulls where they are not known."""
    return pa.array(values, mask=~is_known)


class Sink:
    """Writes tables under `out`; use as a context manager.

    write() appends rows to raw/<source>/<table>/, people() and identifiers() to truth/.
    Memory holds one batch a table at a time. Raises ConfigError when `out` exists and was
    not made by the demo.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.rows: dict[str, int] = {}
        self._work = out.with_name(f".{out.name}.unfinished")
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._parts: dict[str, tuple[int, int]] = {}  # table -> (part number, rows in it)
        if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file()):
            raise ConfigError(
                f"{out} exists and was not made by `cdp demo`: choose another --out, or remove it"
            )

    def __enter__(self) -> Self:
        shutil.rmtree(self._work, ignore_errors=True)
        try:
            self._work.mkdir(parents=True)
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        if kind is not None:
            shutil.rmtree(self._work, ignore_errors=True)
        if isinstance(error, OSError):
            raise self._unwritable(error) from error

    def write(self, table: str, columns: Mapping[str, Any], part: str | None = None) -> None:
        """Append rows to "source.table"; `part` names a file of its own instead."""
        source, _, name = table.partition(".")
        self._append(f"raw/{source}/{name}", columns, part)

    def people(self, source: str, record_ids: Any, person_ids: Any) -> None:
        """Say which person each record of a source belongs to."""
        self._append(
            "truth/people.parquet",
            {"source": source, "record_id": record_ids, "person_id": person_ids},
        )

    def identifiers(self, kind: str, values: Any, person_ids: Any, is_shared: Any) -> None:
        """Say which person an identifier belongs to; one row for each who shares it."""
        self._append(
            "truth/identifiers.parquet",
            {
                "identifier_type": kind,
                "identifier_value": values,
                "person_id": person_ids,
                "is_shared": is_shared,
            },
        )

    def publish(self, facts: Mapping[str, Any]) -> None:
        """Close every file and put the directory in its place, with `facts` as its marker."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        text = json.dumps({**facts, "rows": dict(sorted(self.rows.items()))}, indent=2)
        (self._work / MARKER).write_text(text + "\n", encoding="utf-8")
        before = self.out.with_name(f".{self.out.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        if self.out.exists():
            self.out.rename(before)
        self._work.rename(self.out)
        shutil.rmtree(before, ignore_errors=True)

    def _unwritable(self, error: OSError) -> ConfigError:
        reason = error.strerror or "no reason given"
        return ConfigError(f"{self.out} cannot be written ({reason}): choose another --out")

    def _append(self, path: str, columns: Mapping[str, Any], part: str | None = None) -> None:
        rows = next(len(v) for v in columns.values() if isinstance(v, np.ndarray | pa.Array))
        batch = pa.table({name: as_arrow(value, rows) for name, value in columns.items()})
        key = path if part is None else f"{path}/{part}"
        writer = self._writers.get(key) or self._open(path, key, part, batch.schema)
        writer.write_table(batch.cast(writer.schema))
        self.rows[path] = self.rows.get(path, 0) + rows
        if part is None and path.startswith("raw/"):
            number, written = self._parts.get(path, (0, 0))
            self._parts[path] = (number, written + rows)
            if written + rows >= _ROWS_A_PART:
                self._writers.pop(path).close()
                self._parts[path] = (number + 1, 0)

    def _open(self, path: str, key: str, part: str | None, schema: pa.Schema) -> pq.ParquetWriter:
        if path.startswith("raw/"):
            name = part or f"part-{self._parts.get(path, (0, 0))[0]:05d}"
            file = self._work / path / f"{name}.parquet"
        else:
            file = self._work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        self._writers[key] = pq.ParquetWriter(file, schema, compression="zstd")
        return self._writers[key]
