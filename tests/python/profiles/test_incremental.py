"""Incremental equals full under random histories of what the sources deliver.

dbt runs the incremental models twice a warehouse, over nothing, which leaves the SQL of both
kinds of run; the histories then go through that SQL. Rows come late, twice, from the future;
they change, move to another day or person, are marked as deleted, vanish and come back; the
clock goes on, and back; identifiers move from one profile to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.warehouse import Warehouse
from profiles.bare import Row, bare_project, dbt, fill, hashed
from support.project import Project

CLOCK = "2001-01-01 00:00:00"
START = datetime(2018, 1, 1, 12)
INCREMENTAL = (
    "prf_interactions", "prf_session_parts", "prf_product_view_days", "prf_arrivals",
)  # fmt: skip
# Each reads those before it; as views they follow the incremental tables.
DERIVED = (
    "cdp_timeline", "prf_session_days", "cdp_sessions", "prf_event_days", "prf_products",
    "prf_product_views", "prf_traits__behaviour",
)  # fmt: skip
PUBLISHED = ("cdp_timeline", "cdp_sessions", "prf_traits__behaviour")
KEYS = ("k1", "k2", "k3")


@dataclass(frozen=True)
class Run:
    """What the sources hold at a run, when it is, and whose each set of identifiers is."""

    rows: dict[str, list[Row]]  # contract -> rows
    now: datetime
    profiles: dict[str, str]


class Layer:
    """The models over input tables in a warehouse."""

    def __init__(self, warehouse: Warehouse, sql: dict[str, dict[str, str]]) -> None:
        self.warehouse, self.sql = warehouse, sql

    def begin(self) -> None:
        for name in INCREMENTAL:
            self.warehouse.execute(f"delete from {self._place(name)}")

    def deliver(self, run: Run) -> None:
        for contract in ("events", "orders", "refunds", "consents"):
            rows = [hashed(row) for row in run.rows.get(contract, [])]
            fill(self.warehouse, f"cdp_internal.inp_{contract}", rows)
        self.warehouse.execute("delete from cdp.cdp_identity_map")
        for key, profile in run.profiles.items():
            self.warehouse.execute(
                "insert into cdp.cdp_identity_map values ('web', ?, ?)", (key, profile)
            )

    def advance(self, run: Run) -> int:
        """An incremental run; returns how many rows it put in place of others."""
        replaced = 0
        for name in INCREMENTAL:
            self.warehouse.execute("drop table if exists delta")
            select = self._at(run, self.sql["incremental"][name])
            self.warehouse.execute(f"create table delta as {select}")
            replaced += self.warehouse.query("select count(*) from delta")[0][0]
            for statement in self.sql["replace"][name].split(";"):
                self.warehouse.execute(statement)
        return replaced

    def rebuild(self, run: Run) -> None:
        """A full refresh."""
        for name in INCREMENTAL:
            table = self._place(name)
            select = self._at(run, self.sql["full"][name])
            self.warehouse.execute("drop table if exists delta")
            self.warehouse.execute(f"create table delta as {select}")
            columns = ", ".join(self.warehouse.columns(*table.split(".")))
            self.warehouse.execute(f"delete from {table}")
            self.warehouse.execute(f"insert into {table} ({columns}) select {columns} from delta")

    def published(self, run: Run) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of what people read."""
        found = {}
        for name in DERIVED:
            self.warehouse.execute(f"drop table if exists {self._place(name)}")
            select = self._at(run, self.sql["full"][name])
            self.warehouse.execute(f"create table {self._place(name)} as {select}")
        for name in PUBLISHED:
            rows = self.warehouse.query(f"select * from {self._place(name)}")
            found[name] = sorted(rows, key=str)
        return found

    def _place(self, name: str) -> str:
        return f"{'cdp' if name.startswith('cdp_') else 'cdp_internal'}.{name}"

    def _at(self, run: Run, sql: str) -> str:
        today = f"'{run.now.date()}'"
        return sql.replace(CLOCK, str(run.now)).replace(f"'{CLOCK[:10]}'", today)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def layer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Layer]:
    folder = tmp_path_factory.mktemp("incremental")
    with bare_project(request, folder, CLOCK) as project:
        sql = render(project, folder)
        warehouse = project.open()
        yield Layer(warehouse, sql)
        warehouse.close()


def render(project: Project, folder: Path) -> dict[str, dict[str, str]]:
    """The SQL of a full run, of an incremental one, and of how the latter replaces days."""
    warehouse = project.open()
    warehouse.execute("create schema if not exists cdp")
    warehouse.execute(
        "create table cdp.cdp_identity_map (source text, record_id text, profile_id text)"
    )
    warehouse.close()
    kinds = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    dbt("build", "-s", "+path:models/inputs", *INCREMENTAL, *kinds)
    dbt("compile", "-s", *DERIVED)
    full = texts(folder, "compiled")
    dbt("run", "-s", *INCREMENTAL)
    replace = {
        name: re.sub(r'("\w+"\.)*"\w+__dbt_tmp\w*"', "delta", text)
        for name, text in texts(folder, "run").items()
        if name in INCREMENTAL
    }
    return {"full": full, "incremental": texts(folder, "compiled"), "replace": replace}


def texts(folder: Path, kind: str) -> dict[str, str]:
    return {path.stem: path.read_text() for path in folder.glob(f"target/{kind}/**/*.sql")}


moments = st.one_of(
    st.integers(-4 * 24 * 60, 2 * 24 * 60),  # minutes from the start
    st.sampled_from([-730, -725, -715, -700, -690, -660, 0]),  # about the midnight before
).map(lambda minutes: START + timedelta(minutes=minutes))

events = st.fixed_dictionaries({
    "occurred_at": st.one_of(moments, st.none()),
    "identity_key": st.sampled_from([*KEYS, "nobody's", None]),
    "channel": st.sampled_from(["web", "app"]),
    "session_id": st.sampled_from([None, None, None, "s1"]),
    "event_name": st.sampled_from(["product_viewed", "product_viewed", "page_viewed"]),
    "product_id": st.sampled_from(["1", "2", None]),
    "category": st.sampled_from(["coffee", "tea", None]),
    "is_deleted": st.sampled_from([False, False, False, None, True]),
})  # fmt: skip
orders = st.fixed_dictionaries({
    "occurred_at": moments,
    "identity_key": st.sampled_from(KEYS),
    "channel": st.just("web"),
    "status": st.sampled_from(["paid", "cancelled", None]),
    "cancelled_at": st.one_of(st.none(), moments),
    "total": st.just(None),
    "is_deleted": st.sampled_from([False, False, True]),
})  # fmt: skip
refunds = st.fixed_dictionaries({
    "occurred_at": moments,
    "order_id": st.sampled_from("123"),
    "is_deleted": st.just(False),
})  # fmt: skip
consents = st.fixed_dictionaries({
    "occurred_at": st.one_of(moments, st.none()),
    "identity_key": st.sampled_from(KEYS),
    "purpose": st.just("marketing"),
    "status": st.sampled_from(["granted", "denied"]),
    "is_deleted": st.just(False),
})  # fmt: skip
CONTRACTS = {"events": (events, 12), "orders": (orders, 3), "refunds": (refunds, 3),
             "consents": (consents, 3)}  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Run]:
    """Three runs: at each some records are new or changed, some have vanished."""
    held: dict[str, dict[str, Row]] = {contract: {} for contract in CONTRACTS}
    runs = []
    for _ in range(3):
        for contract, (kind, most) in CONTRACTS.items():
            ids = st.sampled_from([str(n) for n in range(1, most + 1)])
            held[contract] |= draw(st.dictionaries(ids, kind, max_size=most))
            for gone in draw(st.lists(ids, max_size=1)):
                held[contract].pop(gone, None)
        rows = {
            contract: [row | {"source": "web", "record_id": key} for key, row in records.items()]
            for contract, records in held.items()
        }
        hours = draw(st.sampled_from([-12, 0, 1, 24, 48]))
        owners = draw(st.tuples(*[st.sampled_from(["p1", "p2", "p3"])] * len(KEYS)))
        profiles = dict(zip(KEYS, owners, strict=True))
        runs.append(Run(rows, START + timedelta(hours=hours), profiles))
    return runs


@settings(max_examples=12)
@given(history=histories())
def test_incremental_equals_full(layer: Layer, history: list[Run]) -> None:
    layer.begin()
    for run in history:
        layer.deliver(run)
        layer.advance(run)
    assert layer.advance(history[-1]) == 0, "a run again replaces nothing"
    incremental = layer.published(history[-1])
    assert sessions_of(incremental) == expected_sessions(history[-1])
    layer.rebuild(history[-1])
    assert layer.published(history[-1]) == incremental


def sessions_of(published: dict[str, list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """(profile, channel, the source's session, start, end, events) of each session."""
    found = [(*row[1:2], *row[3:7], row[9]) for row in published["cdp_sessions"]]
    return sorted(found, key=str)


def expected_sessions(run: Run) -> list[tuple[Any, ...]]:
    """The same, by walking through each person's events."""
    visits: dict[tuple[Any, ...], list[datetime]] = {}
    for row in run.rows["events"]:
        profile = run.profiles.get(row["identity_key"])
        if profile and not row["is_deleted"] and row["occurred_at"]:
            visit = (profile, row["channel"], row["session_id"])
            visits.setdefault(visit, []).append(row["occurred_at"])
    sessions = []
    for visit, moments_ in visits.items():
        for moment in sorted(moment for moment in moments_ if moment <= run.now):
            last = sessions[-1] if sessions and sessions[-1][0] == visit else None
            if last and (visit[2] or moment - last[1][-1] <= timedelta(minutes=30)):
                last[1].append(moment)
            else:
                sessions.append((visit, [moment]))
    found = [(*visit, times[0], times[-1], len(times)) for visit, times in sessions]
    return sorted(found, key=str)
