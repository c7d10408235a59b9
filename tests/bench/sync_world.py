"""A segment of many rows, its profiles, consents and what a destination holds of them.

Six mapped columns; one row in a hundred has changed since it was sent, and one person in
fifty has withdrawn consent, none of them held.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from activation.world import World
from cdp.activation.check import syncs
from cdp.activation.diff import compute_diff
from cdp.activation.hashing import hash_version
from cdp.activation.judgement import mapped_sql, row_hash_sql
from cdp.activation.mapping import map_fields
from cdp.activation.spec import SyncSpec
from cdp.project import Column, Project
from cdp.warehouse import Warehouse
from cdp.warehouse._duckdb import DuckDB

__all__ = ["COLUMNS", "ManyRows", "open_duckdb"]

COLUMNS = ("email", "first_name", "last_order_at", "orders", "revenue", "city")


def open_duckdb(path: Path) -> DuckDB:
    """The warehouse, held to what the bar allows."""
    settings = {"threads": 2, "memory_limit": "160MB", "temp_directory": str(path.parent / "spill")}
    return DuckDB(path.parent, {"path": path.name, "settings": settings}, "demo", False)


class ManyRows(World):
    """A World of `rows` people."""

    @property
    def project(self) -> Project:
        """The World's project, whose profiles share every column."""
        project = super().project
        name = "model.cdp.cdp_profiles"
        shared = {column: Column(column, is_shared=True) for column in COLUMNS}
        profiles = replace(project.nodes[name], columns=shared)
        audience = replace(project.nodes["model.cdp.seg_people"], columns={})
        nodes = project.nodes | {name: profiles, "model.cdp.seg_people": audience}
        return replace(project, nodes=nodes)

    @property
    def spec(self) -> SyncSpec:
        """The sync."""
        return syncs(self.project)[0]

    def fill_with(self, rows: int, changed: int) -> None:
        """Make `rows` people; all are held as they are, but for `changed` of them."""
        warehouse = self.warehouse
        warehouse.execute("drop table cdp.cdp_profiles")
        warehouse.execute(f"""
            create table cdp.cdp_profiles as
            select
                'p' || lpad(cast(i as text), 10, '0') as profile_id,
                'user' || i || '@example.com' as email,
                'First' || i % 1000 as first_name,
                timestamp '2017-01-01' + to_seconds(i) as last_order_at,
                cast(i % 17 as int) as orders,
                i * 1.5 as revenue,
                'City' || i % 5000 as city
            from range({rows}) as numbers (i)
        """)
        warehouse.execute(
            "insert into cdp_segments.seg_people select profile_id, orders from cdp.cdp_profiles"
        )
        warehouse.execute("""
            insert into cdp.cdp_consents (profile_id, purpose, channel, status)
            select profile_id, 'marketing_email', 'email',
                case when orders = 3 and city < 'City15' then 'withdrawn' else 'granted' end
            from cdp.cdp_profiles
        """)
        self._hold(rows // changed if changed else 0)
        warehouse.execute("checkpoint")

    def _hold(self, every: int) -> None:
        spec, warehouse = self.spec, self.warehouse
        fields, match = map_fields(spec, warehouse)
        row_hash = row_hash_sql(warehouse.dialect, fields, match)
        mapped = mapped_sql(spec, warehouse, {"row_hash": row_hash, "email": "email"})
        is_changed = f"hash(mapped.entity_id) % {every} = 0" if every else "false"
        warehouse.execute(f"""
            insert into cdp_state.cdp_sync_state
            select
                '{spec.name}', '{spec.place}', mapped.entity_id, mapped.entity_id, null,
                mapped.entity_id, case when {is_changed} then 0 else row_hash end,
                '{{"email": 1, "first_name": 2, "last_order_at": 3}}',
                '{hash_version(warehouse)}', timestamp '2018-01-01'
            from ({mapped}) as mapped
            inner join cdp.cdp_consents as consents on mapped.entity_id = consents.profile_id
            where consents.status = 'granted'
        """)

    def read_and_hash(self) -> None:
        """What every diff does at least: read the sync's columns and hash each row."""
        spec, warehouse = self.spec, self.warehouse
        fields, match = map_fields(spec, warehouse)
        row_hash = row_hash_sql(warehouse.dialect, fields, match)
        mapped = mapped_sql(spec, warehouse, {"row_hash": row_hash})
        warehouse.query(f"select sum(row_hash) from ({mapped}) as mapped")

    def diff(self) -> Any:
        """The diff."""
        return compute_diff(self.spec, self.ledger)


def warehouse_of(folder: Path) -> Warehouse:
    """The warehouse in `folder`."""
    return open_duckdb(folder / "bench.duckdb")
