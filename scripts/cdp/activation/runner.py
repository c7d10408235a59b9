"""Run a plan: rows → batches → destination → outcomes → ledger.

Order of one batch: the gate is asked again, the rows are marked as attempted and
committed, the call is made, the outcomes and the state they move are committed. Whatever
kills the process in between leaves rows of which the ledger knows that they are unsure.
Where destination and ledger are in one database, all of it is one transaction, and no row
is ever unsure.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cdp.activation.batches import cut
from cdp.activation.diff import DIFF_TABLE
from cdp.activation.gate import Gate
from cdp.activation.hashing import fingerprint
from cdp.activation.ledger import Ledger, Run, Settled
from cdp.activation.mapping import Mapped
from cdp.activation.matching import open_destination
from cdp.activation.plan import SyncPlan, plan_sync
from cdp.activation.spec import SyncSpec
from cdp.destinations._accounts import effort
from cdp.destinations._base import Batch, Destination, NoAnswer, Outcome, Row
from cdp.errors import (
    CdpError,
    FatalDestinationError,
    RecordRejected,
    RetriableError,
)
from cdp.project import Project

__all__ = ["Progress", "Result", "run_sync"]

_log = logging.getLogger(__name__)

_FIRST_POLL, _LONGEST_POLL = 0.5, 60.0  # seconds

_ACKNOWLEDGED = Outcome("acknowledged")

Progress = Callable[[str, int, int], None]  # sync, rows done, rows in all


@dataclass(frozen=True)
class Result:
    """How a run of a sync ended: succeeded, partial, blocked or failed."""

    sync: str
    status: str
    planned: int = 0
    sent: int = 0
    rejected: int = 0
    seconds: float = 0.0
    reason: str = ""
    run_id: str = ""


class _Planned(NamedTuple):
    """One row operation, as the diff holds it, at its place in the plan."""

    position: int
    entity_id: str
    profile_id: str | None
    operation: str
    row_hash: int | None
    resend_key: str | None
    row: Row


def run_sync(
    project: Project,
    spec: SyncSpec,
    ledger: Ledger,
    plan_id: str = "",
    expected_hash: str | None = None,
    approval: str | None = None,
    progress: Progress = lambda sync, done, total: None,
) -> Result:
    """Plan and apply one sync under its lock. Never raises for what a destination does.

    expected_hash: the plan that was reviewed; another one now is a BlockedError.
    """
    began = time.monotonic()
    run = ledger.start(spec, plan_id, approval)
    try:
        result = _planned_run(project, spec, ledger, run, expected_hash, approval, progress)
    except BaseException as error:
        ledger.leave(run, "aborted", "stopped")
        ledger.leave(run, "unknown", "stopped", "('attempted', 'accepted_async')")
        ledger.end(run, "failed", _reason(error))
        raise
    result = replace(result, seconds=round(time.monotonic() - began, 3), run_id=run.run_id)
    _log.info(
        "sync=%s status=%s planned=%d sent=%d rejected=%d seconds=%.3f",
        result.sync, result.status, result.planned, result.sent, result.rejected, result.seconds,
    )  # fmt: skip
    return result


def _planned_run(
    project: Project,
    spec: SyncSpec,
    ledger: Ledger,
    run: Run,
    expected_hash: str | None,
    approval: str | None,
    progress: Progress,
) -> Result:
    plan = plan_sync(project, spec, ledger)
    reasons = (*plan.blocked, *(() if approval else plan.over_budget))
    if expected_hash is not None and plan.plan_hash != expected_hash:
        reasons = (*reasons, "the plan is stale: the data or the sync changed; plan again")
    if reasons or plan.diff is None:
        ledger.end(run, "blocked", "; ".join(reasons), **_planned_counts(plan))
        return Result(spec.name, "blocked", plan.changes, reason="; ".join(reasons))
    if plan.is_lost:
        ledger.forget(spec)
    destination = open_destination(project, spec, run.run_id, plan.diff.fields, plan.counts)
    try:
        return _Delivery(spec, ledger, run, plan, destination, progress).deliver()
    finally:
        destination.close()


def _planned_counts(plan: SyncPlan) -> dict[str, object]:
    facts = plan.facts()
    counts = {name: facts[name] for name in ("desired", "held", "withheld")}
    counts |= {f"planned_{name}": facts[name] for name in ("create", "adopt", "update", "remove")}
    return counts | {"withheld_reasons": json.dumps(facts["withheld_reasons"])}


def _reason(error: BaseException) -> str:
    """What the ledger says of an error: our own sentences; of others the kind alone."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, CdpError) else type(error).__name__


class _Delivery:
    """One plan on its way to one destination."""

    def __init__(
        self,
        spec: SyncSpec,
        ledger: Ledger,
        run: Run,
        plan: SyncPlan,
        destination: Destination,
        progress: Progress,
    ) -> None:
        assert plan.diff is not None
        self.spec, self.ledger, self.run, self.plan = spec, ledger, run, plan
        self.diff, self.destination, self.progress = plan.diff, destination, progress
        self.gate = Gate(spec, ledger.warehouse)
        self.names = [field.name for field in self.diff.fields]
        self.leaves_fields = any(field.set_once or field.skip_null for field in self.diff.fields)
        self.calls = self.attempted = self.done = 0
        effort.forget()
        self.held_back: set[int] = set()
        self.jobs: dict[str, tuple[Batch, Sequence[_Planned]]] = {}
        self.sleep = time.sleep
        self.together: Callable[[], AbstractContextManager[None]] = nullcontext
        self.error = ""

    def deliver(self) -> Result:
        """Removals first, then the rest; a stop leaves what was not sent as aborted."""
        if self.plan.changes:
            self.ledger.plan_rows(self.run, DIFF_TABLE, self.diff.hash_version)
            try:
                self._check()
                if self.destination.join(self.ledger.warehouse):
                    self.together = self.ledger.warehouse.transaction
                self._send_all("operation = 'remove'")
                self.held_back = self.ledger.hold_back_rekeyed(self.run)
                self._send_all("operation in ('create', 'adopt', 'update', 'unchanged')")
                self._finish()
            except (FatalDestinationError, RetriableError) as error:
                self.error = str(error)
                self.ledger.leave(self.run, "aborted", "stopped")
                self.ledger.leave(self.run, "unknown", "stopped", "('attempted', 'accepted_async')")
        return self._close()

    def _check(self) -> None:
        """Ask the destination before the first row is written. Raises FatalDestinationError."""
        facts = self.plan.facts()
        if facts["create"] or facts["adopt"] or facts["update"]:
            problems = list(self.destination.check())
            if problems:
                raise FatalDestinationError(" ".join(problems))

    def _finish(self) -> None:
        if self.destination.polls:
            self._poll()
        else:
            self.destination.finish()
            self.ledger.acknowledge_accepted(self.run)

    def _poll(self) -> None:
        """Ask for the jobs under way, ever less often; one that does not end is unknown."""
        pause, until = _FIRST_POLL, time.monotonic() + self.destination.job_seconds
        while self.jobs and time.monotonic() < until:
            for key in list(self.jobs):
                batch, planned = self.jobs[key]
                outcomes = self.destination.poll(batch)
                if outcomes is not None:
                    del self.jobs[key]
                    self._settle(zip(planned, outcomes, strict=True))
            if self.jobs:
                self.ledger.keep_lock(self.run)
                self.sleep(pause)
                pause = min(pause * 2, _LONGEST_POLL)
        self.ledger.leave(self.run, "unknown", "job_unfinished", "('accepted_async')")

    def _close(self) -> Result:
        tally = self.ledger.tally(self.run)
        sent, rejected = tally.get("acknowledged", 0), tally.get("rejected", 0)
        unsettled = sum(tally.values()) - sent
        status = "succeeded" if not unsettled and not self.error else "partial"
        if self.error and not sent:
            status = "failed"
        counts = _planned_counts(self.plan) | {"calls": self.calls, "attempted": self.attempted}
        counts["retries"] = effort.retries
        counts["throttled_seconds"] = round(effort.throttled_seconds, 3)
        self.ledger.end(self.run, status, self.error, **counts)
        untaken = self.ledger.untaken(self.run) if unsettled and not self.error else {}
        reason = self.error or ", ".join(f"{code} {rows:,}" for code, rows in untaken.items())
        return Result(self.spec.name, status, self.plan.changes, sent, rejected, reason=reason)

    # --- batches ------------------------------------------------------------------------

    def _send_all(self, condition: str) -> None:
        for rows in self._batches(condition):
            self.ledger.keep_lock(self.run)
            self._send(rows)
            self.done += len(rows)
            self.progress(self.spec.name, self.done, max(self.done, self.plan.changes))

    def _batches(self, condition: str) -> Iterator[list[_Planned]]:
        """Rows in the plan's order, as the destination takes them at once."""
        size = self.destination.batch_rows
        ((first, last),) = self.ledger.rows(
            f"select min(position), max(position) from {DIFF_TABLE} where {condition}"  # noqa: S608
        )
        rows = (
            row
            for start in range(first or 1, (last or 0) + 1, size)
            for row in self._rows(condition, start, min(start + size, last + 1))
        )
        return cut(rows, self.destination)

    def _rows(self, condition: str, start: int, stop: int) -> Iterator[_Planned]:
        names = [f"field_{number}" for number in range(len(self.diff.fields))]
        columns = (
            "position, entity_id, profile_id, operation, row_hash, resend_key, match_key, "
            "destination_id"
        )
        for found in self.ledger.rows(
            f"select {', '.join((columns, *names))} from {DIFF_TABLE} "  # noqa: S608
            f"where {condition} and position >= {start} and position < {stop} order by position"
        ):
            position, entity, profile, operation, row_hash, resend_key, key, record, *values = found
            if self.leaves_fields or operation == "remove":
                fields = _fields(self.diff.fields, values, operation)
            else:
                fields = dict(zip(self.names, values, strict=True))
            row = Row(key, fields, record)
            yield _Planned(position, entity, profile, operation, row_hash, resend_key, row)

    def _send(self, planned: list[_Planned]) -> None:
        ready = [row for row in planned if row.position not in self.held_back]
        ready = self._sendable(ready)
        if ready:
            with self.together():
                self._attempt(ready)

    def _allowed(self, planned: Sequence[_Planned]) -> Sequence[_Planned]:
        """Those that the gate lets pass now; removals always pass."""
        if planned[0].operation == "remove":
            return planned
        with self.ledger.in_bulk():
            reasons = self.gate.refused(
                f"select distinct profile_id from {DIFF_TABLE} where profile_id is not null "  # noqa: S608
                f"and position between {planned[0].position} and {planned[-1].position}"
            )
        stopped = [row for row in planned if row.profile_id in reasons]
        self._settle((row, Outcome("aborted", reasons[row.profile_id or ""])) for row in stopped)
        gone = {row.position for row in stopped}
        return [row for row in planned if row.position not in gone]

    def _sendable(self, planned: list[_Planned]) -> list[_Planned]:
        """Those that the destination could take at all; removals always are."""
        refusals = {
            row.position: refusal
            for row in planned
            if row.operation != "remove" and (refusal := self.destination.refusal(row.row))
        }
        self._settle((row, refusals[row.position]) for row in planned if row.position in refusals)
        return [row for row in planned if row.position not in refusals]

    def _attempt(self, wanted: Sequence[_Planned]) -> None:
        """One call for those of these rows that may be sent now; a batch refused as a whole is
        halved until the bad rows stand alone: at most 2·log2(n) + 1 calls more for one bad
        row."""
        planned = self._allowed(wanted)
        if not planned:
            return
        batch = Batch(self._key(planned), tuple(row.row for row in planned))
        self.ledger.attempt(self.run, batch.key, planned[0].position, planned[-1].position)
        self.calls += 1
        self.attempted += sum(row.operation != "unchanged" for row in planned)
        remove = planned[0].operation == "remove"
        try:
            outcomes = (self.destination.remove if remove else self.destination.upsert)(batch)
        except RecordRejected as error:
            if len(planned) == 1:
                outcome = Outcome("rejected", error.code, str(error))
                self._settle([(planned[0], outcome)])
                return
            middle = len(planned) // 2
            self._attempt(planned[:middle])
            self._attempt(planned[middle:])
        except NoAnswer:
            self._settle((row, Outcome("unknown", "no_answer")) for row in planned)
            raise
        except (RetriableError, FatalDestinationError):
            self._settle((row, Outcome("aborted", "not_taken")) for row in planned)
            raise
        else:
            self._take(batch, planned, outcomes)

    def _take(self, batch: Batch, planned: Sequence[_Planned], outcomes: Sequence[Outcome]) -> None:
        if self.destination.polls and any(outcome.status == "accepted" for outcome in outcomes):
            ids = tuple(replace(row.row, fields={}) for row in planned)
            self.jobs[batch.key] = (replace(batch, rows=ids), planned)
        plain = all(outcome == _ACKNOWLEDGED for outcome in outcomes)
        if plain and len(outcomes) == len(planned) and not self.spec.log_values:
            self.ledger.acknowledge(self.run, planned[0].position, planned[-1].position)
        else:
            self._settle(zip(planned, outcomes, strict=True))

    def _key(self, planned: Sequence[_Planned]) -> str:
        """The idempotency key: the same for the same rows, in this run and in later ones."""
        rows = sorted((row.entity_id, row.operation == "remove", row.row_hash) for row in planned)
        return "cdp_" + fingerprint(self.spec.name, self.spec.place, rows)

    def _settle(self, outcomes: Any) -> None:
        settled = [
            self._settled(row, outcome) for row, outcome in outcomes if row.operation != "unchanged"
        ]
        if settled:
            self.ledger.settle(self.run, settled)

    def _settled(self, planned: _Planned, outcome: Outcome) -> Settled:
        return Settled(
            position=planned.position,
            status="accepted_async" if outcome.status == "accepted" else outcome.status,
            code=outcome.code,
            message=outcome.message,
            destination_id=outcome.destination_id,
            sent_values=json.dumps(planned.row.fields, default=str)
            if self.spec.log_values
            else None,
        )


def _fields(mapped: Sequence[Mapped], values: Sequence[Any], operation: str) -> dict[str, Any]:
    """The fields of a row: none of a removal; of a record that is there, what may change."""
    if operation == "remove":
        return {}
    is_there = operation in ("adopt", "update")
    return {
        field.name: value
        for field, value in zip(mapped, values, strict=True)
        if not (field.set_once and is_there) and not (field.skip_null and value is None)
    }
