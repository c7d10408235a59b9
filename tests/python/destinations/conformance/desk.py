"""A desk from which rows are delivered as the runner delivers them, without a warehouse."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cdp.activation.batches import cut
from cdp.destinations._base import Batch, Delivery, Destination, Outcome, Row
from cdp.errors import RecordRejected
from destinations.servers._base import Bench, Case

__all__ = ["Clock", "Desk"]


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + 1e-6


@dataclass(frozen=True)
class _Sent:
    row: Row
    resend_key: str | None = None


@dataclass
class Desk:
    """Sends rows of one case to one destination; remembers the records that it was told."""

    kind: type[Destination]
    bench: Bench
    case: Case
    clock: Clock
    runs: int = 0
    batches: int = 0
    records: dict[str, str] = field(default_factory=dict)
    current: dict[str, Row] = field(default_factory=dict)

    def open(self, counts: Mapping[str, int] = {}) -> Destination:
        """The destination, for one delivery of so many rows by operation."""
        self.runs += 1
        case = self.case
        delivery = Delivery(
            sync=f"people_to_{self.bench.destination}",
            run_id=f"people_to_{self.bench.destination}#{self.runs}",
            target_object=case.target_object,
            mode=case.mode,
            purpose="marketing_email",
            match=case.match,
            fields=case.fields,
            root=Path(self.bench.folder),
            skip_null=frozenset(case.fields) if self.kind.skips_nulls else frozenset(),
            counts=counts,
        )
        return self.kind(delivery, self.kind.options.model_validate(self.bench.options(case)))

    def send(self, *rows: Row) -> list[Outcome]:
        """Upsert, one final outcome a row."""
        ready = [self._ready(row) for row in rows]
        self.current |= {row.id: row for row in ready}
        return self._deliver(ready, "upsert")

    def remove(self, *rows: Row) -> list[Outcome]:
        """Remove, one final outcome a row."""
        for row in rows:
            self.current.pop(row.id, None)
        return self._deliver(
            [Row(row.id, {}, self.records.get(row.id, row.record_id)) for row in rows], "remove"
        )

    def forget(self) -> None:
        """Nobody told of any record: the next rows are new to us."""
        self.records.clear()

    def _ready(self, row: Row) -> Row:
        fields = dict(row.fields)
        if self.kind.skips_nulls:
            fields = {name: value for name, value in fields.items() if value is not None}
        return replace(row, fields=fields, record_id=self.records.get(row.id, row.record_id))

    def _deliver(self, rows: Sequence[Row], operation: str) -> list[Outcome]:
        name = "create" if operation == "upsert" else operation
        destination = self.open({"desired": len(self.current), name: len(rows)})
        try:
            if operation == "upsert":
                assert list(destination.check()) == []
            outcomes = self._batches(destination, rows, operation)
            if self.kind.takes_all_rows(self.case.target_object):
                sent = {row.id for row in rows}
                rest = [row for row in self.current.values() if row.id not in sent]
                self._batches(destination, rest, "upsert")
            if not self.kind.polls:
                destination.finish()
        finally:
            destination.close()
        final = [
            replace(outcome, status="acknowledged")
            if outcome.status == "accepted" and not self.kind.polls
            else outcome
            for outcome in outcomes
        ]
        for row, outcome in zip(rows, final, strict=True):
            if outcome.status == "acknowledged" and outcome.destination_id:
                self.records[row.id] = outcome.destination_id
        return final

    def _batches(
        self, destination: Destination, rows: Sequence[Row], operation: str
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for batch in cut(map(_Sent, rows), destination):
            outcomes += self._batch(destination, [sent.row for sent in batch], operation)
        return outcomes

    def _batch(
        self, destination: Destination, rows: Sequence[Row], operation: str
    ) -> list[Outcome]:
        refusals = {
            position: refusal
            for position, row in enumerate(rows)
            if operation == "upsert" and (refusal := destination.refusal(row))
        }
        ready = [row for position, row in enumerate(rows) if position not in refusals]
        taken = iter(self._attempt(destination, ready, operation) if ready else ())
        return [refusals.get(position) or next(taken) for position in range(len(rows))]

    def _attempt(
        self, destination: Destination, rows: Sequence[Row], operation: str
    ) -> list[Outcome]:
        self.batches += 1
        key = hashlib.sha256("\n".join([operation, *map(repr, rows)]).encode()).hexdigest()
        batch = Batch(f"cdp_{key[:24]}", tuple(rows))
        try:
            send = destination.remove if operation == "remove" else destination.upsert
            outcomes = list(send(batch))
        except RecordRejected as error:
            if len(rows) == 1:
                return [Outcome("rejected", error.code, str(error))]
            middle = len(rows) // 2
            return self._attempt(destination, rows[:middle], operation) + self._attempt(
                destination, rows[middle:], operation
            )
        assert len(outcomes) == len(rows)
        if self.kind.polls and any(outcome.status == "accepted" for outcome in outcomes):
            return self._polled(destination, batch)
        return outcomes

    def _polled(self, destination: Destination, batch: Batch) -> list[Outcome]:
        ids = replace(batch, rows=tuple(replace(row, fields={}) for row in batch.rows))
        for _ in range(50):
            outcomes = destination.poll(ids)
            if outcomes is not None:
                assert len(outcomes) == len(batch.rows)
                return list(outcomes)
            self.clock.sleep(1)
        raise AssertionError("the job does not end")
