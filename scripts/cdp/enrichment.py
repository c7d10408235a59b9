"""Providers of enrichments: who tells how much, and taking one out, with an audit trail.

`cdp_state.cdp_removed_providers` holds a row per removal; while its restored_at is null,
the models read nothing of that provider (inp_enrichments). Raw data is left as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cdp.errors import ConfigError
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["MODELS", "providers", "remove", "restore"]

MODELS = "inp_enrichments+"  # what a removal changes, as dbt selects it

_COLUMNS = (
    "provider text, removed_at timestamp, removed_by text, why text, "
    "restored_at timestamp, restored_by text"
)


def providers(warehouse: Warehouse) -> list[dict[str, Any]]:
    """A row per provider that the last build heard of, or that was removed."""
    names = ("provider", "attributes", "people", "last_observed_at", "first_expires_at")
    schema = schema_name("cdp", warehouse.target)
    rows: list[tuple[Any, ...]] = []
    if warehouse.columns(schema, "cdp_enrichments"):
        rows = warehouse.query(
            "select provider, count(distinct attribute), count(distinct profile_id), "  # noqa: S608
            f"max(observed_at), min(expires_at) from {quoted(schema, 'cdp_enrichments')} "
            "group by provider order by provider"
        )
    _ensure(warehouse)
    removed = dict(
        warehouse.query(
            f"select provider, removed_at from {_table(warehouse)} "  # noqa: S608
            "where restored_at is null order by provider"
        )
    )
    told = [
        dict(zip(names, row, strict=True)) | {"removed_at": removed.pop(row[0].lower(), None)}
        for row in rows
    ]
    gone = (
        dict.fromkeys(names) | {"provider": name, "removed_at": at} for name, at in removed.items()
    )
    return [*told, *gone]


def remove(warehouse: Warehouse, provider: str, who: str, why: str) -> None:
    """Note that the provider is out, in any spelling of its case, from the next build on.

    Raises ConfigError for one that nobody heard of, or that is out already.
    """
    known = {row["provider"].lower(): row["removed_at"] for row in providers(warehouse)}
    name = provider.strip().lower()
    if name not in known:
        heard = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"No enrichment is of '{provider}'. There are: {heard}.")
    if known[name] is not None:
        raise ConfigError(f"'{provider}' was removed on {known[name]:%Y-%m-%d} already.")
    warehouse.execute(
        f"insert into {_table(warehouse)} values (?, ?, ?, ?, null, null)",  # noqa: S608
        (name, _now(), who, why),
    )


def restore(warehouse: Warehouse, provider: str, who: str) -> None:
    """Let a removed provider back in. Raises ConfigError for one that is not out."""
    _ensure(warehouse)
    name = provider.strip().lower()
    where = "where provider = ? and restored_at is null"
    if not warehouse.query(f"select 1 from {_table(warehouse)} {where}", (name,)):  # noqa: S608
        raise ConfigError(f"'{provider}' is not removed.")
    warehouse.execute(
        f"update {_table(warehouse)} set restored_at = ?, restored_by = ? {where}",  # noqa: S608
        (_now(), who, name),
    )


def _table(warehouse: Warehouse) -> str:
    return quoted(schema_name("cdp_state", warehouse.target), "cdp_removed_providers")


def _ensure(warehouse: Warehouse) -> None:
    schema = quoted(schema_name("cdp_state", warehouse.target))
    warehouse.execute(f"create schema if not exists {schema}")
    warehouse.execute(f"create table if not exists {_table(warehouse)} ({_COLUMNS})")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
