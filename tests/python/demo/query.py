"""Questions to the demo's Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

__all__ = ["ask", "one"]


def ask(demo: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query; `{shop.order}` in it stands for that raw table."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(_named(demo, sql)).fetchall()


def one(demo: Path, sql: str) -> Any:
    """The one value of a query."""
    ((value,),) = ask(demo, sql)
    return value


def _named(demo: Path, sql: str) -> str:
    for word in {part.partition("}")[0] for part in sql.split("{")[1:]}:
        source, _, table = word.partition(".")
        folder = (
            f"truth/{table}.parquet" if source == "truth" else f"raw/{source}/{table}/*.parquet"
        )
        sql = sql.replace("{" + word + "}", f"read_parquet('{demo / folder}')")
    return sql
