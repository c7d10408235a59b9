"""cdp_sync_health over a ledger that real runs wrote: lag, acceptance, trend, rejects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import jinja2

from activation.memory import installed
from activation.test_convergence import META
from activation.world import Person, World
from support.project import ROOT

CROWD = [Person(f"p{number}", f"{number}@example.com") for number in range(10)]


def health(world: World) -> dict[str, Any]:
    """The one row of the model, over the World's ledger on DuckDB."""
    text = (ROOT / "models" / "syncs" / "cdp_sync_health.sql").read_text(encoding="utf-8")
    sql = jinja2.Template(text).render(
        config=lambda **settings: "",
        cdp_state_rows=lambda name, columns: f"select {', '.join(columns)} from cdp_state.{name}",
        cdp_type_double=lambda: "double",
        dbt=SimpleNamespace(
            listagg=lambda value, mark, order: f"string_agg({value}, {mark} {order})",
            datediff=lambda first, last, part: f"date_diff('{part}', {first}, {last})",
        ),
    )
    (row,) = world.warehouse.query(sql)
    names = world.warehouse.query(f"select column_name from (describe {sql})")
    return dict(zip([name for (name,) in names], row, strict=True))


def test_a_sync_that_gets_worse_shows(duckdb_world: World) -> None:
    world = duckdb_world
    world.meta = dict(META)
    with installed() as shop:
        for run in range(8):  # the first three are before the last seven
            world.people([replace(person, orders=run) for person in CROWD])
            world.sync()
        world.now += timedelta(hours=30)
        world.build()
        shop.poison = frozenset({"p3", "p4"})
        world.people([replace(person, orders=99) for person in CROWD])
        world.sync()
        shop.faults[:] = ["fatal"]
        world.people([replace(person, orders=100) for person in CROWD])
        world.sync()
    found = health(world)
    assert (found["runs"], found["last_status"], found["last_run_id"]) == (
        10, "failed", "people_to_x#10",
    )  # fmt: skip
    assert found["hours_behind"] == 30
    assert (found["rows_held"], found["rows_sent"]) == (10, 58)
    assert found["acceptance_rate"] == 58 / 70
    assert found["acceptance_rate_before"] == 1
    assert (found["rows_rejected"], found["rejects_by_reason"]) == (2, "bad 2")


def test_a_sync_that_was_never_sent_has_no_lag(duckdb_world: World) -> None:
    duckdb_world.people(CROWD)
    duckdb_world.build("error")
    duckdb_world.sync()
    found = health(duckdb_world)
    assert (found["last_status"], found["hours_behind"], found["last_success_at"]) == (
        "blocked", None, None,
    )  # fmt: skip
    assert (found["rows_sent"], found["acceptance_rate"]) == (0, None)
