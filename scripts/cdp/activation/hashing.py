"""64-bit hashes of rows, computed inside the warehouse, and fingerprints of specs.

A hash compares only with hashes of the same version: the version names the dialect and
the hash of a fixed probe, so that a warehouse that changes its function is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from cdp.warehouse import Warehouse

__all__ = [
    "concatenated",
    "fingerprint",
    "hash_bucket_sql",
    "hash_sql",
    "hash_version",
    "literal",
    "sha256_sql",
]

_BUNDLE = 20


def literal(value: str | int | float | bool | None) -> str:
    """A value as a SQL literal, quoted so that it can only be data."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("\x00", "").replace("'", "''") + "'"


def concatenated(texts: Sequence[str]) -> str:
    """SQL: texts end to end. In bundles of bundles: parsers allow only so deep a chain."""
    parts = list(texts)
    while len(parts) > 1:
        bundles = (parts[start : start + _BUNDLE] for start in range(0, len(parts), _BUNDLE))
        parts = [f"({' || '.join(bundle)})" for bundle in bundles]
    return parts[0]


def hash_sql(dialect: str, expressions: Sequence[str]) -> str:
    """SQL for the signed 64-bit hash of typed expressions; null differs from empty."""
    if dialect == "duckdb":
        return f"cast(hash({', '.join(expressions)})::hugeint - 9223372036854775808 as bigint)"
    parts = [
        f"coalesce(length(cast({expression} as text)) || ':' || cast({expression} as text), '-')"
        for expression in expressions
    ]
    return f"hashtextextended({concatenated(parts)}, 0)"


def hash_bucket_sql(dialect: str, text: str) -> str:
    """SQL: a bucket of 0 to 9999, as the macro cdp_split deals people into control groups."""
    digits = f"substr(md5({text}), 1, 8)"
    if dialect == "duckdb":
        return f"(cast('0x' || {digits} as bigint) % 10000)"
    return f"(cast(cast('x' || {digits} as bit(32)) as bigint) % 10000)"


def sha256_sql(dialect: str, text: str) -> str:
    """SQL: the SHA-256 of a text, in hexadecimal."""
    if dialect == "duckdb":
        return f"sha256({text})"
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


def hash_version(warehouse: Warehouse) -> str:
    """Names the hash function as this warehouse computes it now."""
    probe = ("'å'", "cast(7 as bigint)", "cast(0.5 as double precision)", "cast(null as date)")
    ((value,),) = warehouse.query(f"select {hash_sql(warehouse.dialect, probe)}")
    return f"{warehouse.dialect}:{value & 0xFFFFFFFF:08x}"


def fingerprint(*parts: object) -> str:
    """16 hex digits over JSON-able parts: the same for the same parts, on any machine."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
