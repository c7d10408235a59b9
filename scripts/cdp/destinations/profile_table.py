"""A profile look-up in Postgres: what is known of somebody, as one JSON value under their key.

For a website or a CMS that personalises: one row by its primary key. Refreshed by difference;
a new field needs no new column. See docs/lookup.md.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from cdp.destinations._base import Fact, Row, json_bytes
from cdp.destinations.postgres_table import PostgresTable

__all__ = ["DESTINATION", "ProfileTable"]


class ProfileTable(PostgresTable):
    """A table of two columns: the match field, and `profile`."""

    title = "Profile look-up: Postgres"
    summary = (
        "Each row is a row of a table: its key, and its fields as one value `profile` (jsonb), "
        "for a website or a CMS that personalises; see [look-up](../lookup.md)."
    )
    modes = frozenset({"mirror", "audience", "upsert"})
    can_leave_fields = False
    erases = "Deletes the person's row. The server's backups and write-ahead log keep it."
    facts = (
        Fact("a batch is one transaction, all of it or nothing", "PostgreSQL manual"),
        Fact("jsonb compares by value: a row that says the same is not written", "ibidem, 8.14"),
    )
    example = MappingProxyType(
        {
            "cdp_destination": "profile_table",
            "cdp_object": "site.profiles",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_match": ["profile_id"],
            "cdp_fields": {"profile_id": "profile_id", "stage": "lifecycle_stage"},
            "cdp_options": {"dsn_env": "DBT_ENV_SECRET_SITE_DSN", "create": True},
        }
    )

    def _kinds(self) -> dict[str, str]:
        return {"profile": "json"}

    def _cells(self, row: Row) -> dict[str, Any]:
        plain = {name: _without_nul(value) for name, value in row.fields.items()}
        return {"profile": json_bytes(plain).decode()}


def _without_nul(value: Any) -> Any:
    return value.replace("\x00", "") if isinstance(value, str) else value


DESTINATION = ProfileTable
