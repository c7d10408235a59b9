"""The kinds of value a raw column may hold, and their types in Arrow and in SQL.

text, bigint, double, boolean, date, timestamp (UTC), decimal(p,s), and null: a column
without any value, which takes whatever kind another file gives it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["arrow_type", "common_kind", "kind_of", "sql_type"]

_SQL = {
    "duckdb": {"text": "varchar", "null": "varchar"},
    "postgres": {
        "null": "text",
        "double": "double precision",
        "timestamp": "timestamp without time zone",
    },
}


def kind_of(data_type: pa.DataType) -> str:
    """The kind that a column of this Arrow type lands as; nested ones are JSON text."""
    import pyarrow as pa

    is_a = pa.types
    if is_a.is_dictionary(data_type):
        return kind_of(data_type.value_type)
    if is_a.is_null(data_type):
        return "null"
    if is_a.is_boolean(data_type):
        return "boolean"
    if is_a.is_uint64(data_type):
        return "decimal(20,0)"
    if is_a.is_integer(data_type):
        return "bigint"
    if is_a.is_floating(data_type):
        return "double"
    if is_a.is_decimal(data_type) and 0 <= data_type.scale <= data_type.precision <= 38:
        return f"decimal({data_type.precision},{data_type.scale})"
    if is_a.is_date(data_type):
        return "date"
    if is_a.is_timestamp(data_type):
        return "timestamp"
    return "text"


def common_kind(kinds: Collection[str]) -> str:
    """The kind that holds them all: the only one there is, else text; nulls do not count."""
    given = set(kinds) - {"null"}
    if not given:
        return "null"
    return given.pop() if len(given) == 1 else "text"


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type that rows of this kind are appended with."""
    import pyarrow as pa

    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return {
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }.get(kind, pa.string())


def sql_type(kind: str, dialect: str) -> str:
    """The type a column of this kind is made with; as `columns()` of a warehouse says it."""
    if dialect == "postgres" and kind.startswith("decimal"):
        return kind.replace("decimal", "numeric")
    return _SQL[dialect].get(kind, kind)
