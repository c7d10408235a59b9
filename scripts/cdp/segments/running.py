"""Audiences straight in the warehouse, without dbt: the same SQL, with relations for refs."""

from __future__ import annotations

from cdp.project import Node
from cdp.segments.catalogue import Catalogue
from cdp.segments.compile import Compiler

__all__ = ["bucket_sql", "running_compiler", "without_marks"]


def running_compiler(catalogue: Catalogue, dialect: str, counts_always: bool = False) -> Compiler:
    """A Compiler whose SQL the warehouse takes as it is."""
    return Compiler(
        catalogue, _relation, lambda text, n: bucket_sql(text, n, dialect), counts_always
    )


def without_marks(sql: str) -> str:
    """The same SQL without `?`, which our interface reads as a parameter; compiled SQL has
    them in literals alone."""
    return sql.replace("?", "' || chr(63) || '")


def bucket_sql(text: str, buckets: int, dialect: str) -> str:
    """SQL: a stable hash in 0 … buckets - 1, as the macro cdp_hash_bucket has it."""
    digits = f"substr(md5({text}), 1, 8)"
    if dialect == "duckdb":
        return f"(cast('0x' || {digits} as bigint) % {buckets})"
    return f"(cast(cast('x' || {digits} as bit(32)) as bigint) % {buckets})"


def _relation(node: Node) -> str:
    return node.relation
