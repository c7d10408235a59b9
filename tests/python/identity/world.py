"""The stories as rows of the identity layer's inputs, and graphs that go with them.

Every story lives in one set of input tables; its name is in its values, so no two meet.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import yaml

from cdp.warehouse import Warehouse
from conftest import ROOT
from identity.stories import STORIES, Decision, Record, Story

__all__ = ["FACTS", "TYPES", "World", "graph", "world_after", "write_inputs", "write_seeds"]

SOURCE = "crm"
TYPES = list(
    yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["cdp"]["cdp_identifier_types"]
)
FACTS = (
    "events", "orders", "carts", "subscriptions", "messages", "tickets", "opportunities",
    "activities", "responses", "consents", "enrichments",
)  # fmt: skip
Row = dict[str, object]

_TIMES = ("created_at", "updated_at", "occurred_at")
_TEXTS = (
    "source", "record_id", "identity_key", "brand", "country_code", "match_first_name",
    "match_last_name", "last_name", "address_line1", "postal_code", "city",
    "match_address_line1", "match_postal_code", "match_city",
)  # fmt: skip
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in (*_TEXTS, *TYPES)]
    + [(name, pa.timestamp("us")) for name in _TIMES]
    + [("is_deleted", pa.bool_()), ("birth_date", pa.date32())]
)


@dataclass
class World:
    """The rows of people, facts and the seeds that people write into."""

    people: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)
    overrides: list[Row] = field(default_factory=list)
    blocked: list[Row] = field(default_factory=list)


def world_after(run: int, stories: Iterable[Story] = STORIES) -> World:
    """All that there is at a run, counted from 0."""
    world = World()
    for story in stories:
        for thing in story.state(run).values():
            if isinstance(thing, Record):
                (world.people if thing.is_person else world.facts).append(_row(story, thing))
            elif thing.action == "block":
                world.blocked.append(_blocked(story, thing))
            elif thing.action:
                world.overrides.append(_override(story, thing))
    return world


def _override(story: Story, decision: Decision) -> Row:
    row: Row = {"override_id": f"{story.name}/{decision.key}", "action": decision.action}
    for name, side in zip(("one", "other"), decision.sides, strict=True):
        row[f"{name}_type"], row[f"{name}_value"] = _side(story, side)
    return row


def _blocked(story: Story, decision: Decision) -> Row:
    kind, value = _side(story, decision.sides[0])
    return {"identifier_type": kind, "match_kind": "literal", "value": value, "why": "a test"}


def _side(story: Story, side: str) -> tuple[str, str]:
    """("email", its value) of "email=1", else ("record", "source:record_id") of a key."""
    kind, _, value = side.partition("=")
    if not value:
        return "record", f"{SOURCE}:{story.name}/{side}"
    written = _own(story, kind, value)
    if kind == "phone":
        written = "+1" + "".join(filter(str.isdigit, written))
    return kind, written


def _row(story: Story, record: Record) -> Row:
    values = dict(record.values)
    moment = datetime.fromisoformat(values.pop("updated_at", "2017-03-01"))
    key = f"{story.name}/{record.key}"
    return {
        "source": SOURCE,
        "record_id": key,
        "identity_key": key,
        "match_first_name": values.pop("first_name", None),
        "match_last_name": values.pop("last_name", "doe") or None,
        "updated_at": moment,
        "occurred_at": moment,
        "is_deleted": record.is_deleted,
        **{kind: _own(story, kind, value) for kind, value in values.items()},
    }


def _own(story: Story, kind: str, value: str) -> str:
    if value.startswith("="):
        return value[1:]
    if kind == "email":
        return f"{value}@{story.name}.example"
    if kind == "phone":
        return f"(202) {STORIES.index(story):03d}-{int(value):04d}"
    return f"{story.name}-{value}"


def graph(seed: int) -> Iterator[Row]:
    """Facts that make a chain of ten thousand sorted ids, and random graphs of every density."""
    chance = random.Random(seed)
    for n in range(5_000):
        yield _link(f"path/{n:05d}", f"path-{n:05d}", f"path-{n:05d}")
        yield _link(f"path/{n:05d}+", f"path-{n:05d}", f"path-{n + 1:05d}")
    for density in (0.5, 1.0, 1.1, 2.0):
        for n in range(int(300 * density)):
            ends = chance.randrange(300), chance.randrange(300)
            name = f"random-{density}"
            yield _link(f"{name}/{n}", *(f"{name}-{end}" for end in ends))


def _link(key: str, anonymous_id: str, ga_client_id: str) -> Row:
    return {
        "source": SOURCE,
        "identity_key": key,
        "record_id": key,
        "anonymous_id": anonymous_id,
        "ga_client_id": ga_client_id,
        "is_deleted": False,
    }


def write_inputs(warehouse: Warehouse, people: list[Row], facts: Iterable[Row], seed: int) -> None:
    """Replace the inp_ tables, rows in an order drawn by `seed`; every fact happened twice."""
    chance = random.Random(seed)
    facts = [row for row in facts for _ in range(2)]
    chance.shuffle(people)
    chance.shuffle(facts)
    warehouse.execute("create schema if not exists cdp_internal")
    for contract in ("people", *FACTS):
        columns = ", ".join(f'"{field.name}" {_type(field.type)}' for field in _SCHEMA)
        table = f"cdp_internal.inp_{contract}"
        warehouse.execute(f"drop table if exists {table}")
        warehouse.execute(f"create table {table} ({columns})")
    append(warehouse, "people", people)
    append(warehouse, "events", facts[::2])
    append(warehouse, "tickets", facts[1::2])


def write_seeds(warehouse: Warehouse, world: World) -> None:
    """Put the overrides and blocked values in the place of those of the run before."""
    warehouse.execute("delete from cdp_internal.cdp_identity_overrides")
    warehouse.execute("delete from cdp_internal.cdp_blocked_values where why = 'a test'")
    for table, rows in (("identity_overrides", world.overrides), ("blocked_values", world.blocked)):
        if rows:
            columns = pa.Table.from_pylist(rows)
            warehouse.append(f"cdp_internal.cdp_{table}", columns)


def append(warehouse: Warehouse, contract: str, rows: list[Row]) -> None:
    complete = [{name: row.get(name) for name in _SCHEMA.names} for row in rows]
    table = pa.Table.from_pylist(complete, schema=_SCHEMA)
    warehouse.append(f"cdp_internal.inp_{contract}", table)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_date(kind):
        return "date"
    return "boolean" if pa.types.is_boolean(kind) else "text"
