"""The engine of connected components over random histories: every step as from nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import duckdb
import pytest

from support.postgres import PostgresServer
from support.rendered import Rendered

Run = Callable[[str], Sequence[tuple[Any, ...]]]
NODES = 30


@pytest.fixture(params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, Run]]:
    """(dialect, run): an empty database, and what runs a statement in it."""
    if request.param == "duckdb":
        with duckdb.connect() as connection:
            yield "duckdb", lambda sql: connection.execute(sql).fetchall()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    with closing(server.connect(name)) as connection:
        connection.autocommit = True

        def run(sql: str) -> Sequence[tuple[Any, ...]]:
            cursor = connection.execute(sql)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

        yield "postgres", run
    server.drop_database(name)


class World:
    """Links and limits that come and go; `write` puts them into idg_links of a schema."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.links: set[tuple[int, int]] = set()
        self.limits: dict[int, tuple[str, int]] = {}
        self.trust = {node: self.chance.choice([0, 1, 1, 2, 3]) for node in range(2 * NODES)}

    def move(self) -> None:
        """A few links come, or some go; now and then a limit or a trust is another."""
        is_growing = self.chance.random() < 0.6
        for _ in range(self.chance.choice([0, 1, 1, 2, 8])):
            if is_growing or not self.links:
                self.links.add((self.node(), self.node()))
            else:
                self.links.remove(self.chance.choice(sorted(self.links)))
        if self.chance.random() < 0.3:
            self.limits[self.node()] = (self.chance.choice("ab"), self.chance.choice([1, 2]))
        if self.chance.random() < 0.2 and self.limits:
            self.limits.pop(self.chance.choice(sorted(self.limits)))
        if self.chance.random() < 0.1:
            self.trust[self.node()] = self.chance.choice([0, 1, 2])

    def node(self) -> int:
        return self.chance.randrange(NODES)

    def write(self, run: Run, schema: str) -> None:
        pairs = {(max(ends), min(ends)) for ends in self.links}
        pairs |= {(end, end) for ends in self.links for end in ends}
        rows = [f"({one}, {other}, {self.trust[one]}, null, null)" for one, other in pairs]
        rows += [
            f"({node}, {node}, {self.trust[node]}, '{key}', {most})"
            for node, (key, most) in self.limits.items()
            if (node, node) in pairs
        ]
        self.chance.shuffle(rows)
        run(f"create schema if not exists {schema}")
        run(f"drop table if exists {schema}.idg_links cascade")
        run(
            f"create table {schema}.idg_links (node_id bigint, neighbour_id bigint, "
            "priority bigint, limit_key text, max_per_profile bigint)"
        )
        if rows:
            run(f"insert into {schema}.idg_links values {', '.join(rows)}")


def outcome(run: Run, schema: str) -> tuple[list[Any], list[Any]]:
    return (
        sorted(run(f"select node_id, component_id from {schema}.idg_components")),
        sorted(run(f"select node_id, limit_key from {schema}.idg_components__refused")),
    )


def build(engine: Rendered, *, anew: bool = False) -> None:
    engine.build("idg_link_changes", full_refresh=anew)
    engine.build("idg_components", full_refresh=anew)


def test_every_step_is_as_from_nothing(database: tuple[str, Run]) -> None:
    dialect, run = database
    world = World(seed=2)
    kept, anew = Rendered(run, dialect, "kept"), Rendered(run, dialect, "anew")
    merged = 0
    for _ in range(15):
        world.move()
        for schema in ("kept", "anew"):
            world.write(run, schema)
        kept.build("idg_link_changes")
        if world.chance.random() < 0.2:
            continue  # this run died here; the next one has the changes of two
        build(kept)
        build(anew, anew=True)
        assert outcome(run, "kept") == outcome(run, "anew")
        merged += run("select count(*) from kept.idg_components__roots")[0][0]
    assert merged  # else the second level was never tried


@pytest.mark.parametrize(
    "loss",
    [
        "drop table kept.idg_link_changes cascade",
        "drop table kept.idg_components__nodes cascade",
        "delete from kept.idg_components__versions",
        "update kept.idg_components__versions set shape = 0",
    ],
)
def test_a_state_that_is_not_whole_is_made_anew(database: tuple[str, Run], loss: str) -> None:
    dialect, run = database
    world, kept = World(seed=3), Rendered(run, dialect, "kept")
    for _ in range(4):
        world.move()
        world.write(run, "kept")
        build(kept)
    expected = outcome(run, "kept")
    run(loss)
    build(kept)
    assert outcome(run, "kept") == expected


def test_a_run_that_dies_leaves_the_last_state_whole(database: tuple[str, Run]) -> None:
    dialect, run = database
    world = World(seed=4)
    kept, anew = Rendered(run, dialect, "kept"), Rendered(run, dialect, "anew")
    world.write(run, "kept")
    build(kept)
    for step in range(3):
        before = outcome(run, "kept")
        world.move()
        world.links.add((world.node(), NODES + step))
        for schema in ("kept", "anew"):
            world.write(run, schema)
        with pytest.raises(InterruptedError):
            build(Rendered(dying(run), dialect, "kept"))
        run("rollback")
        assert outcome(run, "kept") == before
        build(kept)
        build(anew, anew=True)
        assert outcome(run, "kept") == outcome(run, "anew")


def dying(run: Run) -> Run:
    """Dies at the last statement that updates a state."""

    def run_until_death(sql: str) -> Sequence[tuple[Any, ...]]:
        if "insert into" in sql and "__versions" in sql:
            raise InterruptedError
        return run(sql)

    return run_until_death
