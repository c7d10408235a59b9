"""What was loaded from which file, and the rows that were not: tables in cdp_state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from cdp.load._files import RawFile
from cdp.load._rows import Reject
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["Entry", "Manifest"]

_RAW_KEPT = 10_000  # characters of a quarantined row


@dataclass(frozen=True)
class Entry:
    """One file as loaded. kinds: JSON, column -> kind (see cdp.load._kinds)."""

    file: str
    source: str
    table_name: str
    bytes: int
    modified_ns: int
    sha256: str
    kinds: str = "{}"
    loaded_rows: int = 0
    quarantined_rows: int = 0


_COLUMNS = [column.name for column in fields(Entry)]


class Manifest:
    """cdp_state.cdp_load_files and cdp_state.cdp_quarantine, made if absent."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        state = schema_name("cdp_state", warehouse.target)
        self._files = quoted(state, "cdp_load_files")
        self._quarantine = quoted(state, "cdp_quarantine")
        warehouse.execute(f"create schema if not exists {quoted(state)}")
        warehouse.execute(
            f"create table if not exists {self._files} (file text primary key, source text, "
            "table_name text, bytes bigint, modified_ns bigint, sha256 text, kinds text, "
            "loaded_rows bigint, quarantined_rows bigint, loaded_at timestamp)"
        )
        warehouse.execute(
            f"create table if not exists {self._quarantine} (source text, table_name text, "
            "file text, line bigint, reason text, raw text, quarantined_at timestamp)"
        )
        rows = warehouse.query(f"select {', '.join(_COLUMNS)} from {self._files}")  # noqa: S608
        self.entries = {row[0]: Entry(*row) for row in rows}

    def kinds_of_others(self, file: RawFile) -> dict[str, set[str]]:
        """Column -> the kinds that the other files of the table give it."""
        kinds: dict[str, set[str]] = {}
        for entry in self.entries.values():
            same_table = (entry.source, entry.table_name) == (file.source, file.table)
            if same_table and entry.file != file.name:
                for name, kind in json.loads(entry.kinds).items():
                    kinds.setdefault(name, set()).add(kind)
        return kinds

    def may_hold_rows_of(self, file: RawFile) -> bool:
        """Whether the table may hold rows of the file: not where only others are known."""
        known = [
            entry.file
            for entry in self.entries.values()
            if (entry.source, entry.table_name) == (file.source, file.table)
        ]
        return not known or file.name in known

    def touch(self, entry: Entry, modified_ns: int) -> None:
        """The file was written again with the same content."""
        self._warehouse.execute(
            f"update {self._files} set modified_ns = ? where file = ?",  # noqa: S608
            (modified_ns, entry.file),
        )
        self.entries[entry.file] = replace(entry, modified_ns=modified_ns)

    def record(self, entry: Entry, loaded_at: datetime) -> None:
        """The file is loaded: in the transaction that loads it."""
        marks = ", ".join("?" for _ in _COLUMNS)
        updates = ", ".join(f"{name} = excluded.{name}" for name in [*_COLUMNS[1:], "loaded_at"])
        self._warehouse.execute(
            f"insert into {self._files} ({', '.join(_COLUMNS)}, loaded_at) "  # noqa: S608
            f"values ({marks}, ?) on conflict (file) do update set {updates}",
            (*(getattr(entry, name) for name in _COLUMNS), loaded_at),
        )

    def set_aside(self, file: RawFile, rejects: Sequence[Reject], at: datetime) -> None:
        """Keep rows that were not loaded, with line and reason."""
        import pyarrow as pa

        if rejects:
            columns = {
                "source": [file.source] * len(rejects),
                "table_name": [file.table] * len(rejects),
                "file": [file.name] * len(rejects),
                "line": [reject.line for reject in rejects],
                "reason": [reject.reason for reject in rejects],
                "raw": [_storable(reject.raw) for reject in rejects],
                "quarantined_at": pa.array([at] * len(rejects), pa.timestamp("us")),
            }
            self._warehouse.append(self._quarantine, pa.table(columns))

    def clear_quarantine(self, file: str) -> None:
        """Forget the rows of the file that were set aside before."""
        self._warehouse.execute(
            f"delete from {self._quarantine} where file = ?",  # noqa: S608
            (file,),
        )

    def forget(self, entry: Entry) -> None:
        """Remove a file that is gone: its rows, its quarantine, its entry."""
        table = quoted(entry.source, entry.table_name)
        with self._warehouse.transaction():
            if self._warehouse.columns(entry.source, entry.table_name):
                self._warehouse.execute(
                    f"delete from {table} where _cdp_file = ?",  # noqa: S608
                    (entry.file,),
                )
            self.clear_quarantine(entry.file)
            self._warehouse.execute(
                f"delete from {self._files} where file = ?",  # noqa: S608
                (entry.file,),
            )
        del self.entries[entry.file]


def _storable(raw: str) -> str:
    """`raw` as every warehouse takes it: no NUL, no half surrogate, not without end."""
    kept = raw.rstrip("\r\n")[:_RAW_KEPT].replace("\0", "\ufffd")
    return kept.encode("utf-8", "replace").decode("utf-8")
