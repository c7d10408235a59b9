"""Four runs of the identity layer over the stories, once a warehouse and order of rows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cdp.warehouse import Warehouse, open_warehouse
from conftest import ROOT
from identity.stories import RUNS
from identity.world import World, graph, world_after, write_inputs, write_seeds
from support.postgres import PostgresServer
from support.rendered import Rendered

SEEDS = ("cdp_blocked_values", "cdp_countries", "cdp_identifier_limits",
         "cdp_identifier_cardinality", "cdp_identity_overrides", "cdp_nicknames")  # fmt: skip
ALL_MODELS = "path:models/identity"
EXACT = ("--vars", "{cdp_probable_matching: false}")


@dataclass
class After:
    """What a run left: record key -> profile_id, and the rows of cdp_identity_changes."""

    profiles: dict[str, str]
    changes: list[tuple[Any, ...]]
    history: int  # rows of the state
    components: list[tuple[Any, ...]] = field(compare=False)
    components_anew: list[tuple[Any, ...]] = field(compare=False)  # as from nothing


@dataclass
class History:
    """A database that lived through some runs; `after[n]` is what run n + 1 left."""

    settings: dict[str, str]  # the environment variables that lead to its database
    manifest: Any = None  # dbt's, kept from run to run: parsing costs more than running
    after: list[After] = field(default_factory=list)

    def open(self) -> Warehouse:
        os.environ.update(self.settings)
        return open_warehouse(ROOT, "demo")

    def dbt(self, *arguments: str) -> None:
        """Run dbt; a failure fails the test with dbt's messages."""
        messages = self.try_dbt(*arguments)
        assert not messages, messages

    def try_dbt(self, *arguments: str) -> list[str]:
        """Run dbt in this process; the messages of what failed."""
        from dbt.cli.main import dbtRunner

        os.environ.update(self.settings)
        common = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--quiet", *EXACT]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.manifest = self.manifest or dbtRunner().invoke(["parse", *common]).result
            outcome = dbtRunner(manifest=self.manifest).invoke(
                [arguments[0], *common, *arguments[1:]]
            )
        if outcome.exception:
            return [str(outcome.exception)]
        results = getattr(outcome.result, "results", [])
        return [result.message for result in results if result.status in ("error", "fail")]

    def seed(self) -> None:
        """The reference seeds, and limits for the stories that ship empty."""
        self.dbt("seed", "-s", *SEEDS)
        warehouse = self.open()
        for change in (
            "identifier_limits set window_days = 365 where identifier_type = 'phone'",
            "identifier_limits set is_exclusive = true "
            "where identifier_type = 'partner_contact_id'",
            "identifier_cardinality set window_days = 30 "
            "where identifier_type = 'ga_client_id' and seen_with = 'email'",
        ):
            warehouse.execute(f"update cdp_internal.cdp_{change}")
        warehouse.close()

    def live(self, run: int, seed: int, options: Sequence[str] = ()) -> None:
        """One run on what the sources have by then."""
        self.feed(run, seed)
        self.settings["CDP_NOW"] = f"{day_of(run)} 06:00:00"
        self.dbt("run", "-s", ALL_MODELS, *options)
        self.after.append(self.look())

    def feed(self, run: int, seed: int) -> None:
        world = world_after(run)
        warehouse = self.open()
        write_inputs(warehouse, world.people, [*world.facts, *graph(seed=1)], seed)
        warehouse.close()
        self.decide(world)

    def decide(self, world: World) -> None:
        """What people wrote into the seeds by then."""
        warehouse = self.open()
        write_seeds(warehouse, world)
        warehouse.close()

    def look(self) -> After:
        profiles = self.query("select record_id, profile_id from cdp.cdp_identity_map")
        changes = self.query(
            "select run_number, change_type, profile_id, previous_profile_id, current_profile_id"
            " from cdp.cdp_identity_changes"
        )
        history = self.query("select count(*) from cdp_state.idg_node_profiles")
        components = self.query("select node_id, component_id from cdp_internal.idg_components")
        return After(
            dict(profiles), sorted(changes, key=str), history[0][0],
            sorted(components), self.components_anew(),
        )  # fmt: skip

    def components_anew(self) -> list[tuple[Any, ...]]:
        """The components of today's links, found in a schema where nothing is known."""
        warehouse = self.open()

        def run(sql: str) -> Sequence[tuple[Any, ...]]:
            if sql.lstrip().startswith("select"):
                return warehouse.query(sql)
            warehouse.execute(sql)
            return []

        run("create schema anew")
        run("create table anew.idg_links as select * from cdp_internal.idg_links")
        engine = Rendered(run, self.settings["CDP_WAREHOUSE"], "anew")
        engine.build("idg_link_changes")
        engine.build("idg_components")
        found = warehouse.query("select node_id, component_id from anew.idg_components")
        run("drop schema anew cascade")
        warehouse.close()
        return sorted(found)

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        warehouse = self.open()
        rows = warehouse.query(sql)
        warehouse.close()
        return rows


def day_of(run: int) -> str:
    """The day of a run: one a day."""
    return f"2018-01-{run + 1:02d}"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for databases; nothing of the machine's environment reaches dbt."""
    folder = tmp_path_factory.mktemp("identity")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("CDP_", "DBT_")):
                patch.delenv(name)
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        yield folder


def on_duckdb(folder: Path, name: str) -> History:
    """An empty DuckDB database with the reference seeds."""
    history = History({"CDP_WAREHOUSE": "duckdb", "CDP_DUCKDB_PATH": str(folder / name)})
    history.seed()
    return history


@pytest.fixture(scope="session")
def straight(settings: Path) -> History:
    """All runs on DuckDB, then an idle one, then a full refresh."""
    history = on_duckdb(settings, "straight.duckdb")
    for run in range(RUNS):
        history.live(run, seed=run)
    history.live(RUNS - 1, seed=RUNS)
    history.live(RUNS - 1, seed=RUNS + 1, options=("--full-refresh",))
    return history


@pytest.fixture(scope="session")
def interrupted(settings: Path) -> History:
    """The same runs, rows in another order, each dead once and begun again.

    Dead before, between and after the steps that write state; once a step is repeated.
    """
    history = on_duckdb(settings, "interrupted.duckdb")
    deaths = ("idg_nodes", "idg_assignments", "idg_node_profiles", "idg_node_profiles")
    for run, last_step in enumerate(deaths):
        history.feed(run, seed=100 + run)
        history.dbt("run", "-s", f"+{last_step},{ALL_MODELS}")
        if run == RUNS - 1:
            history.dbt("run", "-s", last_step)
        history.live(run, seed=200 + run)
    return history


@pytest.fixture(scope="session")
def on_postgres(settings: Path, postgres_server: PostgresServer) -> Iterator[History]:
    """The same runs on Postgres, rows in yet another order, the last a full refresh."""
    database = postgres_server.create_database()
    history = History(postgres_server.environment | {"CDP_PG_DATABASE": database})
    history.seed()
    for run in range(RUNS):
        options = ("--full-refresh",) if run == RUNS - 1 else ()
        history.live(run, seed=300 + run, options=options)
    yield history
    postgres_server.drop_database(database)
