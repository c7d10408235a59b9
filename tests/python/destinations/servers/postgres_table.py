"""A table on a real PostgreSQL server; a check constraint refuses rows (SQLSTATE 23514)."""

from __future__ import annotations

from typing import Any

import pytest

from cdp.destinations._base import Row
from destinations.servers._base import Bench, Case
from support.postgres import PostgresServer

__all__ = ["BENCH"]

_FIELDS = {"email": "text", "name": "text", "orders": "integer", "seen_at": "timestamp"}


class Table(Bench):
    destination = "postgres_table"
    cases = (Case("crm.people", "mirror", fields=_FIELDS, text="name"),)
    environment = {"TEST_DSN": ""}
    table = "crm.people"
    columns = "email text, name text, orders bigint check (orders >= 0), seen_at timestamp"
    held_as = "email, name, orders, seen_at"

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server: PostgresServer = self.request.getfixturevalue("postgres_server")
        self.database = self.server.create_database()
        address = f"{self.server.user}:{self.server.password}@{self.server.host}"
        monkeypatch.setenv("TEST_DSN", f"postgresql://{address}:{self.server.port}/{self.database}")
        self.connection = self.server.connect(self.database)
        self.connection.execute(f"create schema {self.table.partition('.')[0]}")
        self.connection.execute(
            f"create table {self.table} (profile_id text primary key, {self.columns})"
        )

    def stop(self) -> None:
        self.connection.close()
        self.server.drop_database(self.database)

    def options(self, case: Case) -> dict[str, Any]:
        return {"dsn_env": "TEST_DSN"}

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, orders=-1)

    def held(self, case: Case, row: Row) -> object:
        query = f"select {self.held_as} from {self.table} where profile_id = %s"
        found = self.connection.execute(query, (row.id,)).fetchone()
        return found and dict(zip(case.fields, found, strict=True))

    def wanted(self, case: Case, row: Row) -> object:
        return dict(row.fields)

    def count(self, case: Case) -> int:
        found: Any = self.connection.execute(f"select count(*) from {self.table}").fetchone()
        return int(found[0])

    def everything(self) -> str:
        return str(self.connection.execute(f"select * from {self.table}").fetchall())


BENCH = Table
