"""The public tables of one target, read only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["Tables"]

_SCHEMAS = {"cdp": "cdp", "segments": "cdp_segments", "state": "cdp_state"}


@dataclass(frozen=True)
class Tables:
    """Reads SQL in which {cdp}, {segments} and {state} stand for the target's schemas."""

    warehouse: Warehouse
    now: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)
    truth: Path | None = None  # labelled records: who they really are

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query whose result is small (the report holds aggregates only)."""
        return self.warehouse.query(sql.format_map(self._schemas()), parameters)

    def one(self, sql: str) -> tuple[Any, ...]:
        """The only row of an aggregate."""
        return self.rows(sql)[0]

    def absent(self, names: Iterable[str]) -> list[str]:
        """Those of `schema.table` (schemas as in SQL: cdp.cdp_profiles) that do not exist."""
        return [name for name in names if not self.columns(name)]

    def columns(self, name: str) -> dict[str, str]:
        """Columns and types of `schema.table`; empty when there is no such table."""
        schema, table = name.split(".")
        return self.warehouse.columns(schema_name(_SCHEMAS[schema], self.warehouse.target), table)

    def _schemas(self) -> dict[str, str]:
        target = self.warehouse.target
        return {key: quoted(schema_name(name, target)) for key, name in _SCHEMAS.items()}
