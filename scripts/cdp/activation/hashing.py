"""64-bit hashes of rows, computed inside the warehouse, and fingerprints of specs.

A hash compares only with hashes of the same version: the version names the dialect and
the hash of a fixed probe, so that a warehouse that changes its function is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from cdp.warehouse import Warehouse

__all__ = ["fingerprint", "hash_sql", "hash_version", "literal"]


def literal(value: str | int | float | bool | None) -> str:
    """A value as a SQL literal, quoted so that it can only be data."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("\x00", "").replace("'", "''") + "'"


def hash_sql(dialect: str, expressions: Sequence[str]) -> str:
    """SQL for the signed 64-bit hash of typed expressions; null differs from empty."""
    if dialect == "duckdb":
        return f"cast(hash({', '.join(expressions)})::hugeint - 9223372036854775808 as bigint)"
    parts = (
        f"coalesce(length(cast({expression} as text)) || ':' || cast({expression} as text), '-')"
        for expression in expressions
    )
    return f"hashtextextended({' || '.join(parts)}, 0)"


def hash_version(warehouse: Warehouse) -> str:
    """Names the hash function as this warehouse computes it now."""
    probe = ("'å'", "cast(7 as bigint)", "cast(0.5 as double precision)", "cast(null as date)")
    ((value,),) = warehouse.query(f"select {hash_sql(warehouse.dialect, probe)}")
    return f"{warehouse.dialect}:{value & 0xFFFFFFFF:08x}"


def fingerprint(*parts: object) -> str:
    """16 hex digits over JSON-able parts: the same for the same parts, on any machine."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
