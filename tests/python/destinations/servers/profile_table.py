"""A look-up table on a real PostgreSQL server; a check constraint refuses rows."""

from __future__ import annotations

from destinations.servers._base import Bench, Case
from destinations.servers.postgres_table import Table

__all__ = ["BENCH"]

_FIELDS = {"email": "text", "name": "text", "orders": "integer"}


class LookUp(Table):
    destination = "profile_table"
    cases = (Case("site.profiles", "mirror", fields=_FIELDS, text="name"),)
    table = "site.profiles"
    columns = "profile jsonb not null check ((profile ->> 'orders')::int >= 0)"
    held_as = "profile ->> 'email', profile ->> 'name', (profile ->> 'orders')::int"


BENCH: type[Bench] = LookUp
