"""Demo sources on real purchase lines: raw tables in the connectors' own shapes.

generate() writes them to a directory, with the truth beside them (docs/demo.md).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from cdp.demo import names, purchases
from cdp.demo.sink import Sink
from cdp.demo.sources import CHUNK_WRITERS, WORLD_WRITERS
from cdp.demo.world import LAST_DAY, World
from cdp.errors import ConfigError

__all__ = ["DEFAULT_PEOPLE", "generate"]

DEFAULT_PEOPLE = 2_377  # every household of the purchase data stands for one person

Progress = Callable[[int, int], None]


def generate(
    out: Path,
    people: int = DEFAULT_PEOPLE,
    seed: int = 1,
    day: date | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, int]:
    """Write the demo to `out` and return the rows of each table.

    people: buyers; 15 % as many who never bought come on top. day: adds the changed and
    new records of the days after the default last one. progress: called with (people
    done, people in all). The same arguments give the same rows. Memory does not grow with
    people. Raises ConfigError on arguments that make no sense, and when `out` holds
    something that the demo did not make; nothing is left half-written.
    """
    if people < 1:
        raise ConfigError(f"--people {people} makes no demo: give a number from 1 up")
    if day is not None and day < LAST_DAY:
        raise ConfigError(f"--day {day} is before the demo's last day: give {LAST_DAY} or later")
    world = World(purchases.load(), names.build(seed), people, seed, day or LAST_DAY)
    with Sink(out) as sink:
        for write_once in WORLD_WRITERS:
            write_once(world, sink)
        done = 0
        for chunk in world.chunks():
            for write in CHUNK_WRITERS:
                write(chunk, sink)
            done += len(chunk.number)
            progress(done, people + world.prospects)
        sink.publish({"people": people, "seed": seed, "day": str(world.day)})
    return sink.rows
