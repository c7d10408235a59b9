"""A destination in memory that fails as told, and a warehouse that dies as told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import cdp.destinations
from cdp.destinations._base import Batch, Destination, NoAnswer, Options, Outcome
from cdp.errors import FatalDestinationError, RecordRejected, RetriableError

__all__ = ["FAULTS", "Crm", "Killed", "Memory", "Mortal", "Shop", "installed"]

FAULTS = ("busy", "applied, no answer", "lost, no answer", "some rejected", "fatal", "all rejected")


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Shop:
    """What the destination holds: ours and others' records by id, and what was asked of it."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    removed: int = 0  # rows of removals, however often they were asked for
    told_to_remove: set[str] = field(default_factory=set)
    made: int = 0
    poison: frozenset[str] = frozenset()
    before_upsert: Callable[[Batch], None] = lambda batch: None

    @property
    def calls(self) -> int:
        """Calls so far."""
        return len(self.sizes)


class MemoryOptions(Options):
    """None."""


class Memory(Destination):
    """Delivers into `Memory.shop`."""

    modes = frozenset({"upsert", "create", "mirror", "audience", "append"})
    options = MemoryOptions
    is_account = False
    batch_rows = 4
    shop: ClassVar[Shop]

    @classmethod
    def place(cls, target_object: str, options: MemoryOptions) -> str:
        """One place."""
        return "memory"

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Put the records."""
        self.shop.before_upsert(batch)
        return self._call(batch, lambda row: self.shop.records.update({row.id: dict(row.fields)}))

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take the records."""
        self.shop.removed += len(batch.rows)
        self.shop.told_to_remove |= {row.id for row in batch.rows}
        return self._call(batch, lambda row: self.shop.records.pop(row.id, None))

    def _call(self, batch: Batch, apply: Callable[[Any], object]) -> Sequence[Outcome]:
        shop = self.shop
        shop.sizes.append(len(batch.rows))
        shop.keys.append(batch.key)
        fault = shop.faults.pop(0) if shop.faults else ""
        if fault == "busy":
            raise RetriableError("busy")
        if fault == "fatal":
            raise FatalDestinationError("no access")
        if fault == "lost, no answer":
            raise NoAnswer("nothing came")
        if fault == "all rejected" or shop.poison & {row.id for row in batch.rows}:
            raise RecordRejected("no good", "bad")
        rejected = {batch.rows[0].id} if fault == "some rejected" else set()
        for row in batch.rows:
            if row.id not in rejected:
                apply(row)
        if fault == "applied, no answer":
            raise NoAnswer("nothing came")
        return [
            Outcome("rejected", "bad") if row.id in rejected else Outcome("acknowledged")
            for row in batch.rows
        ]


class Crm(Memory):
    """A CRM: records have ids of its own, are found by a field, and are never keyed."""

    modes = frozenset({"upsert", "update", "create", "mirror"})
    can_look_up = True
    look_up_rows = 3

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Write under the record's id, or make a new record."""
        shop = self.shop
        shop.sizes.append(len(batch.rows))
        outcomes = []
        for row in batch.rows:
            shop.made += row.record_id is None
            record_id = row.record_id or f"new{shop.made}"
            shop.records.setdefault(record_id, {}).update(row.fields)
            outcomes.append(Outcome("acknowledged", destination_id=record_id))
        return outcomes

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """By the record's id alone."""
        for row in batch.rows:
            assert row.record_id is not None
            del self.shop.records[row.record_id]
        return [Outcome("acknowledged") for _ in batch.rows]

    def look_up(self, field: str, values: Sequence[str]) -> dict[str, list[str]]:
        """By any field."""
        assert len(values) <= self.look_up_rows
        found: dict[str, list[str]] = {}
        for record_id, record in self.shop.records.items():
            if record.get(field) in values:
                found.setdefault(record[field], []).append(record_id)
        return found


@contextmanager
def installed(kind: type[Memory] = Memory) -> Iterator[Shop]:
    """`memory` as a destination of another package, found by its entry point."""
    point = SimpleNamespace(name="memory", load=lambda: kind)
    kind.shop = Shop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdp.destinations, "entry_points", lambda group: [point])
        yield kind.shop


class Mortal:
    """A warehouse that ends at the n-th statement, for good: killed, or its disk is full."""

    def __init__(self, warehouse: Any, statements: int, end: type[BaseException] = Killed) -> None:
        self._warehouse, self._left, self._end = warehouse, statements, end

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._warehouse, name)
        if not callable(found):
            return found

        def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise self._end
            return found(*arguments, **options)

        return counted
