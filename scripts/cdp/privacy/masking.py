"""How a column that identifies somebody looks to an analyst, as SQL.

A date keeps its year, a name its first letter, an email its domain in a column of its
own; anything else becomes a keyed hash (HMAC-SHA-256), equal for equal values, so that
masked tables still join. The key is a row that SQL joins to: it is never in a statement,
a log or the copy.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["ensure_key", "key_table", "masked"]

_BLOCK = 64  # bytes of a SHA-256 block
_HMAC = {
    "duckdb": "sha256(unhex({key}.outer_pad) || "
    "unhex(sha256(unhex({key}.inner_pad) || encode({value}))))",
    "postgres": "encode(sha256(decode({key}.outer_pad, 'hex') || "
    "sha256(decode({key}.inner_pad, 'hex') || convert_to({value}, 'UTF8'))), 'hex')",
}


def key_table(target: str) -> str:
    """The private state table of the key, quoted for SQL."""
    return quoted(schema_name("cdp_state", target), "cdp_masking_key")


def ensure_key(warehouse: Warehouse) -> None:
    """Draw the key on first use; of two first runs at once, one key stands.

    It is kept as HMAC's two pads, which core SQL can use.
    """
    table = key_table(warehouse.target)
    schema = schema_name("cdp_state", warehouse.target)
    warehouse.execute(f"create schema if not exists {quoted(schema)}")
    warehouse.execute(
        f"create table if not exists {table} (number integer primary key check (number = 1), "
        "inner_pad text not null, outer_pad text not null, created_at timestamp not null)"
    )
    inner, outer = _pads(secrets.token_bytes(32))
    warehouse.execute(
        f"insert into {table} values (1, ?, ?, ?) on conflict do nothing",  # noqa: S608
        (inner, outer, datetime.now(UTC).replace(tzinfo=None)),
    )


def _pads(key: bytes) -> tuple[str, str]:
    block = key.ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block).hex(), bytes(byte ^ 0x5C for byte in block).hex()


def masked(name: str, kind: str, dialect: str, key: str) -> dict[str, tuple[str, str]]:
    """What stands for a column: name -> (type, SQL). kind: its type; key: the key's alias."""
    column = quoted(name)
    if kind.startswith(("date", "timestamp")):
        return {name: (kind, f"cast(date_trunc('year', {column}) as {kind})")}
    if name == "name" or name.endswith("_name"):
        return {name: ("text", f"upper(substr(cast({column} as text), 1, 1))")}
    hashed = _HMAC[dialect].format(key=key, value=f"cast({column} as text)")
    if name == "email" or name.endswith("_email"):
        domain = f"nullif(split_part(cast({column} as text), '@', 2), '')"
        return {name: ("text", hashed), f"{name}_domain": ("text", domain)}
    return {name: ("text", hashed)}
