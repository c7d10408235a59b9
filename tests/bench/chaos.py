"""Syncs under random faults and kills, as a table: what was injected, lost and repeated.

    make chaos SCRIPTS=500

Each script is some days of a random audience, with consents that come and go, a destination
that fails as it is told and a process that dies after a random statement; then days without
faults until a sync has nothing to do. The destination's own ledger is the oracle.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from activation.memory import FAULTS, Shop
from activation.test_convergence import FOREIGN, META, Step, live_through, world_of
from activation.world import Person, World

DAYS_TO_CONVERGE = 6


@dataclass
class Tally:
    """What happened over all scripts."""

    injected: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    foreign_touched: int = 0
    repeated: int = 0
    days: Counter[int] = field(default_factory=Counter)


def person(dice: random.Random, number: int) -> Person:
    consent = dice.choice(["granted", "granted", "granted", "withdrawn", None])
    return Person(f"p{number}", f"{dice.randrange(99)}@example.com", dice.randrange(3), consent)


def step(dice: random.Random) -> Step:
    people = [person(dice, number) for number in range(12) if dice.random() < 0.7]
    faults = [dice.choice(["", *FAULTS]) for _ in range(dice.randrange(5))]
    return Step(people, faults, dice.choice([None, dice.randrange(5, 90)]))


def converge(world: World, shop: Shop) -> int:
    """Runs without faults until one has nothing to do; how many it took."""
    shop.faults.clear()
    world.ledger.release("people_to_x")
    for day in range(1, DAYS_TO_CONVERGE + 1):
        if world.sync(approval="chaos: let it converge").planned == 0:
            return day
    return DAYS_TO_CONVERGE + 1


def live(seed: int, tally: Tally) -> None:
    dice = random.Random(seed)
    days = [step(dice) for _ in range(dice.randrange(1, 5))]
    with world_of(META) as (world, shop):
        for day in days:
            tally.injected.update(fault for fault in day.faults if fault)
            tally.injected["killed"] += day.dies_after is not None
            live_through(world, shop, day)
        tally.days[converge(world, shop)] += 1
        wanted = {
            found.id: {"email": found.email, "orders": found.orders}
            for found in days[-1].people
            if found.consent == "granted"
        }
        ours = {name: row for name, row in shop.records.items() if name not in FOREIGN}
        tally.lost += sum(ours.get(name) != row for name, row in wanted.items())
        tally.lost += len(ours.keys() - wanted.keys())
        tally.foreign_touched += shop.records["theirs"] != FOREIGN["theirs"]
        twice = [key for key, times in Counter(shop.keys).items() if times > 1]
        tally.repeated += len(twice)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scripts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tally = Tally()
    for number in range(given.scripts):
        live(given.seed * 1_000_000 + number, tally)
    print("| fault | injected |\n|---|---|")
    for fault, times in sorted(tally.injected.items()):
        print(f"| {fault} | {times:,} |")
    slowest = max(tally.days)
    print(
        f"\n{given.scripts:,} scripts: {tally.lost} rows lost or left over, "
        f"{tally.foreign_touched} foreign rows touched; {tally.repeated:,} batches came again "
        f"under their key. Converged after {slowest} runs at most."
    )
    if tally.lost or tally.foreign_touched or slowest > DAYS_TO_CONVERGE:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
