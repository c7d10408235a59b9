"""Syncs under random faults and kills, as tables: what was injected, lost and repeated.

    make chaos SCRIPTS=500 KILLS=50

Scripts: some days of a random audience, with consents that come and go, a destination that
fails as it is told, and a process that ends after a random statement; then days without
faults until a sync has nothing to do. Kills: a real process is killed (-9) at a random
moment, most often while it delivers by HTTP, and started again. Both on DuckDB and on
Postgres; the destination's own ledger is the oracle.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from activation.child import begin
from activation.memory import FAULTS, Killed, Shop
from activation.test_convergence import (
    FOREIGN,
    IDS,
    META,
    DiskFull,
    Open,
    Step,
    duckdb_in_memory,
    emptied,
    live_through,
    world_of,
)
from activation.world import Person, World
from cdp.warehouse import Warehouse, open_warehouse
from support.postgres import PostgresServer
from support.project import ROOT
from support.receiver import SECRET, Receiver, receiving

DAYS_TO_CONVERGE = 6
CROWD, BATCH = 400, 25


@dataclass
class Tally:
    """What happened on one warehouse."""

    injected: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    foreign_touched: int = 0
    repeated: int = 0
    runs: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def failed(self) -> bool:
        """Whether anything was lost, touched, or never ended."""
        return bool(self.lost or self.foreign_touched or max(self.runs) > DAYS_TO_CONVERGE)


# --- scripts --------------------------------------------------------------------------


def person(dice: random.Random, name: str) -> Person:
    consent = dice.choice(["granted", "granted", "granted", "withdrawn", None])
    return Person(name, f"{dice.randrange(99)}@example.com", dice.randrange(3), consent)


def step(dice: random.Random) -> Step:
    people = [person(dice, name) for name in IDS if dice.random() < 0.7]
    faults = [dice.choice(["", *FAULTS]) for _ in range(dice.randrange(5))]
    dies_after = dice.choice([None, dice.randrange(5, 90)])
    withdraws = dice.choice([None, dice.choice(IDS)])
    return Step(people, faults, dies_after, dice.choice([Killed, DiskFull]), withdraws)


def injected(day: Step) -> Iterator[str]:
    yield from (fault for fault in day.faults if fault)
    if day.dies_after is not None:
        yield "killed" if day.dies_of is Killed else "disk full"
    if day.withdraws:
        yield "consent withdrawn on the way"


def converge(world: World, shop: Shop, tally: Tally) -> None:
    """Runs without faults until one has nothing to do."""
    shop.faults.clear()
    world.ledger.release("people_to_x")
    began = time.perf_counter()
    runs = 1
    while world.sync(approval="chaos: let it converge").planned and runs <= DAYS_TO_CONVERGE:
        runs += 1
    tally.runs.append(runs)
    tally.seconds.append(time.perf_counter() - began)


def live(seed: int, opened: Open, tally: Tally) -> None:
    dice = random.Random(seed)
    days = [step(dice) for _ in range(dice.randrange(1, 5))]
    with world_of(META, opened) as (world, shop):
        for day in days:
            tally.injected.update(injected(day))
            granted = live_through(world, shop, day)
        converge(world, shop, tally)
        wanted = {
            found.id: {"email": found.email, "orders": found.orders}
            for found in days[-1].people
            if found.id in granted
        }
        ours = {name: row for name, row in shop.records.items() if name not in FOREIGN}
        tally.lost += sum(ours.get(name) != row for name, row in wanted.items())
        tally.lost += len(ours.keys() - wanted.keys())
        tally.foreign_touched += shop.records["theirs"] != FOREIGN["theirs"]
        tally.repeated += sum(times > 1 for times in Counter(shop.keys).values())


# --- kills ------------------------------------------------------------------------------


def to_webhook(receiver: Receiver) -> dict[str, object]:
    options = {"url": receiver.url, "secret_env": "CHAOS_SECRET", "allow_private": True}
    options |= {"batch_rows": BATCH}
    return META | {
        "cdp_destination": "webhook",
        "cdp_options": options,
        "cdp_sandbox": options,
        "cdp_max_delete_pct": 100,
    }


def kill(kills: int, seed: int, tally: Tally) -> None:
    """A crowd that changes every third day, and a process that is killed again and again."""
    dice = random.Random(seed)
    with receiving() as receiver, tempfile.TemporaryDirectory() as root:
        world = prepared(Path(root), to_webhook(receiver))
        receiver.people |= FOREIGN
        begin(ROOT, world).wait()
        for day in range(4 * kills):
            if day % 3 == 0:
                wanted = change(world, dice, day)
            running, calls = begin(ROOT, world), receiver.calls + dice.randrange(CROWD // BATCH)
            while running.poll() is None and receiver.calls < calls:
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.03))
            running.send_signal(signal.SIGKILL)
            tally.injected["kill -9"] += running.wait() == -signal.SIGKILL
            if tally.injected["kill -9"] == kills:
                break
        began, runs = time.perf_counter(), 1
        while begin(ROOT, world).wait() or receiver.people != wanted | FOREIGN:
            runs += 1
            if runs > DAYS_TO_CONVERGE:
                break
        tally.runs.append(runs)
        tally.seconds.append(time.perf_counter() - began)
        tally.lost += sum(receiver.people.get(name) != row for name, row in wanted.items())
        tally.lost += len(receiver.people.keys() - wanted.keys() - FOREIGN.keys())
        tally.foreign_touched += receiver.people.get("theirs") != FOREIGN["theirs"]
        tally.repeated += receiver.applied_twice


def prepared(root: Path, meta: dict[str, object]) -> World:
    """A World whose warehouse is closed again, so that a child can open it."""
    warehouse = open_warehouse(ROOT, "demo")
    world = World(warehouse, root, meta)
    world.people(Person(f"p{number}", None, 0) for number in range(CROWD))
    warehouse.close()
    return world


def change(world: World, dice: random.Random, day: int) -> dict[str, dict[str, object]]:
    """Everybody has one order more, and some left; who is wanted now."""
    people = [
        Person(f"p{number}", None, day + 1) for number in range(CROWD) if dice.random() < 0.95
    ]
    warehouse = open_warehouse(ROOT, "demo")
    World(warehouse, world.root, world.meta, is_new=False).people(people)
    warehouse.close()
    return {found.id: {"email": None, "orders": found.orders} for found in people}


# --- both warehouses ----------------------------------------------------------------------


@contextmanager
def duckdb() -> Iterator[Open]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "CDP_WAREHOUSE": "duckdb",
            "CDP_DUCKDB_PATH": str(Path(folder) / "chaos.duckdb"),
            "CDP_MEMORY_LIMIT": "1GB",
        }
        yield duckdb_in_memory


@contextmanager
def postgres() -> Iterator[Open]:
    server = PostgresServer.launch()
    try:
        os.environ |= server.environment
        os.environ["CDP_PG_DATABASE"] = server.create_database()
        warehouse: Warehouse = open_warehouse(ROOT, "demo")
        os.environ["CDP_PG_DATABASE"] = server.create_database()
        yield partial(emptied, warehouse)
        warehouse.close()
    finally:
        server.remove()


def print_tables(told: dict[str, dict[str, Tally]]) -> None:
    names = list(told)
    print(f"| fault injected | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    sums = {
        name: sum((t.injected for t in found.values()), Counter()) for name, found in told.items()
    }
    for fault in sorted(set().union(*sums.values())):
        print(f"| {fault} | {' | '.join(f'{sums[name][fault]:,}' for name in names)} |")
    print(
        "\n| | rows lost or left over | foreign rows touched | batches repeated, under their "
        "key | runs to converge: median, most | seconds: median, most |\n|---|---|---|---|---|---|"
    )
    for name, found in told.items():
        for what, tally in found.items():
            print(
                f"| {name}, {what} | {tally.lost} | {tally.foreign_touched} | {tally.repeated:,} "
                f"| {statistics.median(tally.runs):.0f}, {max(tally.runs)} "
                f"| {statistics.median(tally.seconds):.2f}, {max(tally.seconds):.2f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scripts", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    os.environ["CHAOS_SECRET"] = SECRET
    warehouses: dict[str, Callable[..., object]] = {"DuckDB": duckdb, "Postgres": postgres}
    told: dict[str, dict[str, Tally]] = {}
    for name, open_one in warehouses.items():
        told[name] = {f"{given.scripts} scripts": Tally(), f"{given.kills} kills": Tally()}
        scripts, kills = told[name].values()
        with open_one() as opened:
            for number in range(given.scripts):
                live(given.seed * 1_000_000 + number, opened, scripts)
            kill(given.kills, given.seed, kills)
    print_tables(told)
    if any(tally.failed() for found in told.values() for tally in found.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
