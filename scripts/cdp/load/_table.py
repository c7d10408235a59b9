"""One raw table while one file goes into it, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cdp.errors import WarehouseError
from cdp.load._files import RawFile
from cdp.load._kinds import common_kind, sql_type
from cdp.load._rows import FILE_COLUMN, TIME_COLUMN, FileFault
from cdp.warehouse import Warehouse, quoted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RawTable"]


class RawTable:
    """The raw table of `file`. kinds: the file's columns; others: those of other files."""

    def __init__(
        self,
        warehouse: Warehouse,
        file: RawFile,
        kinds: Mapping[str, str],
        others: Mapping[str, set[str]],
        loaded_at: datetime,
    ) -> None:
        self._warehouse, self._file, self._loaded_at = warehouse, file, loaded_at
        self._kinds = dict(kinds)
        self._final = {
            name: common_kind({kind, *others.get(name, ())}) for name, kind in kinds.items()
        }
        self._name = quoted(file.source, file.table)
        self._stage: str | None = None

    def prepare(self, may_hold_rows: bool) -> None:
        """Make or widen the table; take out what the file brought before, if it may have."""
        if not self._kinds:
            return
        present = self._warehouse.columns(self._file.source, self._file.table)
        if not present:
            self._create()
        elif FILE_COLUMN not in present:
            raise FileFault(
                f"the table {self._file.source}.{self._file.table} is there and is not ours. "
                "Rename the folder."
            )
        elif self._warehouse.dialect == "duckdb":
            self._evolve(present)  # first: DuckDB alters no table that lost rows just now
            self._delete(may_hold_rows)
        else:
            self._delete(may_hold_rows)
            self._evolve(present)

    def _delete(self, may_hold_rows: bool) -> None:
        if may_hold_rows:
            self._warehouse.execute(
                f"delete from {self._name} where {FILE_COLUMN} = ?",  # noqa: S608
                (self._file.name,),
            )

    def _create(self) -> None:
        columns = [f"{quoted(name)} {self._type(kind)}" for name, kind in self._final.items()]
        columns += [f"{FILE_COLUMN} text", f"{TIME_COLUMN} timestamp"]
        self._warehouse.execute(f"create schema if not exists {quoted(self._file.source)}")
        self._warehouse.execute(f"create table {self._name} ({', '.join(columns)})")

    def _evolve(self, present: Mapping[str, str]) -> None:
        for name, kind in self._final.items():
            column, wanted = quoted(name), self._type(kind)
            if name not in present:
                self._warehouse.execute(f"alter table {self._name} add column {column} {wanted}")
            elif kind != "null" and present[name] != wanted:
                self._retype(name, wanted)

    def _retype(self, name: str, wanted: str) -> None:
        column = quoted(name)
        # What does not cast stands in the rows that the file replaces.
        cast = "try_cast" if self._warehouse.dialect == "duckdb" else "cast"
        try:
            self._warehouse.execute(
                f"alter table {self._name} alter column {column} type {wanted} "
                f"using {cast}({column} as {wanted})"
            )
        except WarehouseError as error:
            raise FileFault(
                f"its column '{name}' has another type than before, and the table cannot be "
                f"changed to {wanted}. If views read it, drop them, load, then build. ({error})"
            ) from None

    def append(self, data: pa.Table) -> None:
        """Add a chunk of the file's rows."""
        if not data.num_rows:
            return
        if all(kind in ("null", self._final[name]) for name, kind in self._kinds.items()):
            self._warehouse.append(self._name, self._signed(data))
            return
        if self._stage is None:
            self._stage = self._make_stage()
        self._warehouse.append(self._stage, data)

    def _signed(self, data: pa.Table) -> pa.Table:
        import pyarrow as pa

        file = pa.repeat(self._file.name, data.num_rows)
        loaded_at = pa.repeat(pa.scalar(self._loaded_at, pa.timestamp("us")), data.num_rows)
        return data.append_column(FILE_COLUMN, file).append_column(TIME_COLUMN, loaded_at)

    def _make_stage(self) -> str:
        """Where chunks go when the table has other types: they are cast in `finish`, by SQL.

        (Arrow writes numbers as text differently, so it does not cast them.)
        """
        stage = quoted("_cdp_stage")
        columns = [f"{quoted(name)} {self._type(kind)}" for name, kind in self._kinds.items()]
        self._warehouse.execute(f"create temporary table {stage} ({', '.join(columns)})")
        return stage

    def finish(self) -> None:
        """Move into the table what waits on the stage."""
        if self._stage is not None:
            selected = [
                f"cast({quoted(name)} as {self._type(kind)})" for name, kind in self._final.items()
            ]
            self._warehouse.execute(
                f"{self._insert(selected)} from {self._stage}",
                (self._file.name, self._loaded_at),
            )
            self._warehouse.execute(f"drop table {self._stage}")
            self._stage = None

    def copy_parquet(self, own_names: Mapping[str, str]) -> int:
        """Let DuckDB read the file itself; returns the rows, without those that hold NUL."""
        selected = [
            f"cast({quoted(own_names[name])} as {self._type(kind)})"
            for name, kind in self._kinds.items()
        ]
        texts = [quoted(own_names[name]) for name, kind in self._kinds.items() if kind == "text"]
        clean = " and ".join(f"coalesce(not contains({text}, chr(0)), true)" for text in texts)
        inserted = self._warehouse.query(
            f"{self._insert(selected)} from read_parquet(?) where {clean or 'true'}",
            (self._file.name, self._loaded_at, str(self._file.path)),
        )
        return int(inserted[0][0])

    def _insert(self, selected: Sequence[str]) -> str:
        names = ", ".join(quoted(name) for name in self._kinds)
        return (
            f"insert into {self._name} ({names}, {FILE_COLUMN}, {TIME_COLUMN}) "
            f"select {', '.join(selected)}, ?, ?"
        )

    def _type(self, kind: str) -> str:
        return sql_type(kind, self._warehouse.dialect)
