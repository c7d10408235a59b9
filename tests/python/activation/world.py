"""A small world to deliver from: a segment, profiles, consents and a sync, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from cdp.activation.check import syncs
from cdp.activation.ledger import Ledger
from cdp.activation.plan import SyncPlan, plan_sync
from cdp.activation.runner import Result, run_sync
from cdp.activation.spec import SyncSpec
from cdp.project import Column, Exposure, Node, Project
from cdp.warehouse import Warehouse

__all__ = ["FILES", "Person", "World", "model"]

FILES: Mapping[str, Any] = {
    "cdp_destination": "files",
    "cdp_mode": "mirror",
    "cdp_purpose": "marketing_email",
    "cdp_fields": {"email": "email", "orders": "orders"},
    "cdp_options": {"path": "out/people.csv"},
}


@dataclass(frozen=True)
class Person:
    """Somebody in the segment; `consent` is the status of marketing_email, None: none."""

    id: str
    email: str | None = None
    orders: int | None = 1
    consent: str | None = "granted"


@dataclass
class World:
    """Tables in the warehouse, and a project over them; `root` is where files go."""

    warehouse: Warehouse
    root: Path
    meta: dict[str, Any] = field(default_factory=lambda: dict(FILES))
    target: str = "demo"
    segment_meta: dict[str, Any] = field(default_factory=dict)
    is_new: bool = True
    now: datetime = datetime(2018, 1, 1, 6)  # UTC, as stored

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.warehouse, self._clock)
        if self.is_new:
            self._make()

    def _make(self) -> None:
        for schema in ("cdp", "cdp_segments", "cdp_state"):
            self.warehouse.execute(f"create schema if not exists {schema}")
        self.warehouse.execute("create table cdp_segments.seg_people (profile_id text, orders int)")
        self.warehouse.execute("create table cdp.cdp_profiles (profile_id text, email text)")
        self.warehouse.execute(
            "create table cdp.cdp_consents "
            "(profile_id text, purpose text, channel text, status text, since timestamp)"
        )
        self.warehouse.execute(
            "create table cdp_state.cdp_build_runs (run_id text, node text, "
            "resource_type text, status text, finished_at timestamp)"
        )
        (self.root / "seeds").mkdir(parents=True, exist_ok=True)
        (self.root / "seeds" / "cdp_purposes.csv").write_text(
            "purpose,legal_basis,channels\n"
            "marketing_email,consent,email\nadvertising,consent,\nservice,contract,\n"
        )
        self.ledger.ensure()
        self.build()

    def _clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def people(self, people: Iterable[Person]) -> None:
        """Replace everybody."""
        rows = list(people)
        self.fill(
            "cdp_segments.seg_people",
            {"profile_id": pa.string(), "orders": pa.int32()},
            [(row.id, row.orders) for row in rows],
        )
        self.fill(
            "cdp.cdp_profiles",
            {"profile_id": pa.string(), "email": pa.string()},
            [(row.id, row.email) for row in rows],
        )
        self.warehouse.execute("delete from cdp.cdp_consents")
        self.consents(
            (row.id, "marketing_email", "email", row.consent) for row in rows if row.consent
        )

    def consents(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Add (profile_id, purpose, channel, status)."""
        names = ("profile_id", "purpose", "channel", "status")
        columns = [list(column) for column in zip(*rows, strict=True)]
        if columns:
            schema = pa.schema([(name, pa.string()) for name in names])
            self.warehouse.append("cdp.cdp_consents", pa.table(columns, schema=schema))

    def fill(self, table: str, types: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> None:
        """Replace a table's rows."""
        schema = pa.schema(list(types.items()))
        columns = list(zip(*rows, strict=True)) or [[] for _ in types]
        self.warehouse.execute(f"delete from {table}")
        if rows:
            self.warehouse.append(table, pa.table(list(map(list, columns)), schema=schema))

    def build(self, status: str = "success") -> None:
        """Record a build of everything, as dbt's hook does."""
        self.warehouse.execute("delete from cdp_state.cdp_build_runs")
        for name in ("seg_people", "cdp_profiles", "cdp_consents"):
            self.warehouse.execute(
                "insert into cdp_state.cdp_build_runs values (?, ?, 'model', ?, ?)",
                ("build", f"model.cdp.{name}", status, self.now),
            )

    @property
    def project(self) -> Project:
        """The project as dbt would describe it."""
        shared = Column("orders", is_shared=True)
        nodes = [
            model("seg_people", "cdp_segments", {"orders": shared}, self.segment_meta),
            model(
                "cdp_profiles",
                "cdp",
                {
                    "email": Column("email", is_shared=True, is_pii=True),
                    "secret": Column("secret"),
                },
                {},
            ),
            model("cdp_consents", "cdp", {}, {}),
            Node(
                "seed.cdp.cdp_purposes",
                "cdp_purposes",
                "cdp",
                "seed",
                "cdp_internal",
                "cdp_purposes",
                "seeds/cdp_purposes.csv",
            ),
        ]
        parents = ("model.cdp.seg_people", "model.cdp.cdp_profiles")
        exposure = Exposure("people_to_x", "models/syncs/people_to_x.yml", "P", parents, self.meta)
        return Project(
            root=self.root,
            target=self.target,
            vars={"cdp_live_targets": ["prod"]},
            nodes={node.unique_id: node for node in nodes},
            exposures=(exposure,),
        )

    @property
    def spec(self) -> SyncSpec:
        """The sync."""
        return syncs(self.project)[0]

    def plan(self) -> SyncPlan:
        """What it would do now."""
        return plan_sync(self.project, self.spec, self.ledger)

    def sync(self, **options: Any) -> Result:
        """Plan and apply it."""
        return run_sync(self.project, self.spec, self.ledger, **options)

    def statuses(self) -> dict[tuple[str, str], str]:
        """(entity, operation) → status, of the latest run that planned it."""
        rows = self.warehouse.query(
            "select entity_id, operation, status from cdp_state.cdp_sync_ledger order by run_number"
        )
        return {(entity, operation): status for entity, operation, status in rows}

    def held(self) -> set[str]:
        """Entities that the state says the destination holds."""
        rows = self.warehouse.query("select entity_id from cdp_state.cdp_sync_state")
        return {entity for (entity,) in rows}


def model(
    name: str, schema: str, columns: Mapping[str, Column] = {}, meta: Mapping[str, Any] = {}
) -> Node:
    """A model of the package."""
    return Node(
        f"model.cdp.{name}",
        name,
        "cdp",
        "model",
        schema,
        name,
        f"models/{name}.sql",
        columns,
        (),
        None,
        "",
        meta,
    )


MakeWorld = Callable[..., World]
