"""What was sent where: the tables of cdp_state that runs write, and their one writer.

cdp_sync_runs, cdp_sync_ledger and cdp_sync_state are described, column by column, in
models/syncs/_syncs.yml. Keys and hashes only, and of advertising audiences what was sent of a
person, in destination_id: no other field of hers, unless the sync says
`cdp_log_values: true`. A match key, which may be an email, stands in the state, where a
removal needs it, and in the ledger only while a row is under way or unsure. State moves on
an acknowledgement alone: in one step as a run ends, or, if it was killed, as the next one
begins.

A row of the ledger is open while it says more than the state: it may have been applied
(attempted, accepted_async, unknown), or is refused until it changes (rejected).
"""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cdp.activation.hashing import literal
from cdp.activation.holdings import UNSURE, Holdings
from cdp.activation.lock import Clock, Lock, utc_now
from cdp.activation.spec import SyncSpec
from cdp.activation.tables import INDEXES, TABLES
from cdp.errors import BlockedError
from cdp.warehouse import Warehouse, quoted

__all__ = ["Ledger", "Run", "Settled"]

_ATTEMPTS = 10  # to take a number that no other run has


@dataclass(frozen=True)
class Run:
    """A run of one sync that holds the sync's lock."""

    run_id: str
    number: int
    sync: str
    place: str


@dataclass(frozen=True)
class Settled:
    """What became of one row operation, named by its place in the run's plan."""

    position: int
    status: str
    code: str = ""
    message: str = ""
    destination_id: str | None = None
    sent_values: str | None = None


class Ledger(Holdings):
    """The ledger in one warehouse. Every method is one transaction, or none."""

    def __init__(self, warehouse: Warehouse, clock: Clock = utc_now) -> None:
        super().__init__(warehouse)
        self.clock = clock
        self.stopping = threading.Event()  # set when the process is to end
        self._lock = Lock(warehouse, self.table("cdp_sync_locks"), clock)

    def ensure(self) -> None:
        """Create the schema, the tables and the columns that are not there yet."""
        found = {name: self.warehouse.columns(self.schema, name) for name in TABLES}
        if not any(found.values()):
            self.warehouse.execute(f"create schema if not exists {quoted(self.schema)}")
        for name, columns in TABLES.items():
            if not found[name]:
                self._create(name, columns)
            for column, kind in columns.items() if found[name] else ():
                if column not in found[name]:
                    self.warehouse.execute(
                        f"alter table {self.table(name)} add column {column} {kind}"
                    )
            if name == "cdp_sync_ledger" and found[name] and "is_open" not in found[name]:
                self._close_what_was_settled()

    def _close_what_was_settled(self) -> None:
        """For a ledger of an older version, which did not say what is open."""
        ledger = self.table("cdp_sync_ledger")
        self.warehouse.execute(
            f"update {ledger} as old set is_open = false "
            f"where old.status not in {UNSURE} and old.status <> 'rejected' or exists "
            f"(select 1 from {ledger} as later where later.sync = old.sync "
            "and later.place = old.place and later.entity_id = old.entity_id "
            "and later.run_number > old.run_number and later.status = 'acknowledged')"
        )

    def _create(self, name: str, columns: Mapping[str, str]) -> None:
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.warehouse.execute(f"create table if not exists {self.table(name)} ({listed})")
        for index in INDEXES.get(name, ()) if self.warehouse.dialect == "postgres" else ():
            self.warehouse.execute(f"create index on {self.table(name)} ({index})")

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """For statements over whole tables: Postgres has no statistics of what was made a
        moment ago, takes it for a few rows, and would go through it once for each of them."""
        if self.warehouse.dialect != "postgres":
            yield
            return
        self.warehouse.execute("set enable_nestloop = off")
        try:
            yield
        finally:
            self.warehouse.execute("reset enable_nestloop")

    # --- a run, under the sync's lock ---------------------------------------------------

    def start(self, spec: SyncSpec, plan_id: str, approval: str | None) -> Run:
        """Take the sync's lock and open a run; what a dead run left is settled first.

        Raises BlockedError while another run holds the lock.
        """
        run = self._locked_run(spec)
        self._settle_dead_runs(run.sync)
        self.insert(
            "cdp_sync_runs",
            {
                "run_id": run.run_id,
                "run_number": run.number,
                "sync": spec.name,
                "place": spec.place,
                "plan_id": plan_id,
                "status": "running",
                "approval": approval,
                "caller_run_id": os.environ.get("CDP_RUN_ID"),
                "started_at": self.clock(),
            },
        )
        return run

    def _locked_run(self, spec: SyncSpec) -> Run:
        for _ in range(_ATTEMPTS):
            number = self._next_number(spec.name)
            run = Run(f"{spec.name}#{number}", number, spec.name, spec.place)
            self._lock.take(run.sync, run.run_id)
            if self._next_number(spec.name) == number:
                return run
            self._lock.let_go(run.sync)  # another run came and went meanwhile
        raise BlockedError(f"{spec.name}: other runs come and go. Schedule one at a time.")

    def _next_number(self, sync: str) -> int:
        ((number,),) = self.warehouse.query(
            f"select coalesce(max(run_number), 0) + 1 from {self.table('cdp_sync_runs')} "
            "where sync = ?",
            (sync,),
        )
        return int(number)

    def recover(self, spec: SyncSpec) -> None:
        """Settle what a dead run left, unless a living one is at work."""
        if not self._running(spec.name):
            return
        try:
            self._lock.take(spec.name, "recovery")
        except BlockedError:
            return
        self._settle_dead_runs(spec.name)
        self._lock.let_go(spec.name)

    def _running(self, sync: str) -> list[Run]:
        rows = self.warehouse.query(
            "select run_id, run_number, sync, place "
            f"from {self.table('cdp_sync_runs')} "
            "where sync = ? and status = 'running' order by run_number",
            (sync,),
        )
        return [Run(*row) for row in rows]

    def _settle_dead_runs(self, sync: str) -> None:
        """What a dead run had confirmed counts; what it had sent is unknown; the rest is
        aborted."""
        for run in self._running(sync):
            with self.warehouse.transaction():
                self.leave(run, "aborted", "run_died")
                self.leave(run, "unknown", "run_died", "('attempted', 'accepted_async')")
                self._move_state(run)
                self.warehouse.execute(
                    f"update {self.table('cdp_sync_runs')} "
                    "set status = 'died', ended_at = ? where run_id = ?",
                    (self.clock(), run.run_id),
                )

    def end(self, run: Run, status: str, error: str = "", **counts: object) -> None:
        """Move the state, close the run with its counts, and let go of the lock.

        A run whose lock was taken over was settled by the one that took it.
        """
        if not self._lock.is_held(run.sync, run.run_id):
            return
        tallies = {name: 0 for name in ("succeeded", "rejected", "unknown", "aborted")}
        tallies |= {_TALLY[name]: rows for name, rows in self.tally(run).items() if name in _TALLY}
        facts: dict[str, object] = {"status": status, "error": error or None}
        facts |= {"ended_at": self.clock(), **tallies, **counts}
        with self.warehouse.transaction():
            self._move_state(run)
            self.warehouse.execute(
                f"update {self.table('cdp_sync_runs')} "
                f"set {', '.join(f'{name} = ?' for name in facts)} where run_id = ?",
                (*facts.values(), run.run_id),
            )
            self._lock.let_go(run.sync)

    def tally(self, run: Run) -> dict[str, int]:
        """Rows of the run by status."""
        return dict(
            self.warehouse.query(
                f"select status, count(*) from {self.table('cdp_sync_ledger')} "
                "where run_id = ? group by 1",
                (run.run_id,),
            )
        )

    def untaken(self, run: Run) -> dict[str, int]:
        """Code → the run's rows that were not taken, the most frequent first."""
        return dict(
            self.warehouse.query(
                "select coalesce(nullif(code, ''), status) as why, count(*) "
                f"from {self.table('cdp_sync_ledger')} "
                "where run_id = ? and status <> 'acknowledged' group by 1 order by 2 desc, 1",
                (run.run_id,),
            )
        )

    def keep_lock(self, run: Run) -> None:
        """Prolong the run's lock, between two calls.

        Raises BlockedError when another run took it over, KeyboardInterrupt when the
        process is to end.
        """
        if self.stopping.is_set():
            raise KeyboardInterrupt
        self._lock.keep(run.sync, run.run_id)

    # --- rows ---------------------------------------------------------------------------

    def plan_rows(self, run: Run, diff_table: str, hash_version: str) -> None:
        """Write down everything that is going to be sent, before the first call."""
        self.warehouse.execute(
            f"""
            insert into {self.table("cdp_sync_ledger")} (
                run_id, run_number, position, sync, place, entity_id, profile_id, operation,
                reason, row_hash, field_hashes, changed_fields, match_key, hash_version,
                destination_id,
                status, attempt, is_open, settled_at
            )
            select
                {literal(run.run_id)}, {run.number}, position, {literal(run.sync)},
                {literal(run.place)}, entity_id, profile_id, operation,
                reason, row_hash, field_hashes, changed_fields, match_key,
                {literal(hash_version)}, destination_id,
                'planned', 0, false, {self._now()}
            from {diff_table}
            where operation in ('create', 'adopt', 'update', 'remove')
            order by position
            """
        )
        self.warehouse.execute("drop table if exists cdp_settled")
        self.warehouse.execute(
            "create temporary table cdp_settled (position bigint, status text, code text, "
            "message text, destination_id text, sent_values text)"
        )

    def _now(self) -> str:
        return f"cast({literal(self.clock().isoformat(' '))} as timestamp)"

    def attempt(self, run: Run, batch_key: str, first: int, last: int) -> None:
        """Mark the batch from position `first` to `last` as sent, just before it is."""
        self.warehouse.execute(
            f"update {self.table('cdp_sync_ledger')} set status = 'attempted', "
            "attempt = attempt + 1, batch_key = ?, is_open = true, settled_at = ? "
            "where run_id = ? and position between ? and ? "
            "and status in ('planned', 'attempted')",
            (batch_key, self.clock(), run.run_id, first, last),
        )

    def acknowledge(self, run: Run, first: int, last: int) -> None:
        """The batch from position `first` to `last` was confirmed as a whole."""
        self.warehouse.execute(
            f"update {self.table('cdp_sync_ledger')} "
            "set status = 'acknowledged', is_open = false, settled_at = ? "
            "where run_id = ? and position between ? and ? and status = 'attempted'",
            (self.clock(), run.run_id, first, last),
        )

    def settle(self, run: Run, outcomes: Iterable[Settled]) -> None:
        """Write outcomes, row by row; of a run that was taken over, none is left to settle."""
        with self.warehouse.transaction():
            self._stage(outcomes)
            self.warehouse.execute(
                f"update {self.table('cdp_sync_ledger')} as ledger set "
                "status = settled.status, "
                f"is_open = settled.status in {UNSURE} or settled.status = 'rejected', "
                "code = nullif(settled.code, ''), message = nullif(settled.message, ''), "
                "destination_id = coalesce(settled.destination_id, ledger.destination_id), "
                "sent_values = settled.sent_values, "
                "settled_at = ? from cdp_settled as settled "
                "where ledger.run_id = ? and ledger.position = settled.position "
                "and ledger.status in ('planned', 'attempted', 'accepted_async')",
                (self.clock(), run.run_id),
            )

    def acknowledge_accepted(self, run: Run) -> None:
        """Turn every row that `finish` made final into an acknowledged one."""
        self.warehouse.execute(
            f"update {self.table('cdp_sync_ledger')} "
            "set status = 'acknowledged', is_open = false, settled_at = ? "
            "where run_id = ? and status = 'accepted_async'",
            (self.clock(), run.run_id),
        )

    def leave(self, run: Run, status: str, code: str, of: str = "('planned')") -> None:
        """Settle what is still unsettled in a run that stops: `planned` was never sent."""
        self.warehouse.execute(
            f"update {self.table('cdp_sync_ledger')} set status = ?, code = ? "
            f"where run_id = ? and status in {of}",
            (status, code, run.run_id),
        )

    def hold_back_rekeyed(self, run: Run) -> set[int]:
        """A record under a new key is not made while its old one may still be there.

        Returns the positions that are held back.
        """
        ledger = self.table("cdp_sync_ledger")
        with self.in_bulk():
            self.warehouse.execute(
                f"update {ledger} set status = 'aborted', code = 'removal_pending' "
                "where run_id = ? and operation = 'create' and status = 'planned' "
                f"and entity_id in (select entity_id from {ledger} where run_id = ? "
                "and operation = 'remove' and status not in ('acknowledged', 'accepted_async'))",
                (run.run_id, run.run_id),
            )
        rows = self.warehouse.query(
            f"select position from {ledger} where run_id = ? and code = 'removal_pending'",
            (run.run_id,),
        )
        return {position for (position,) in rows}

    def _stage(self, outcomes: Iterable[Settled]) -> None:
        import pyarrow as pa

        names = list(Settled.__dataclass_fields__)
        rows = list(outcomes)
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        kinds = [(name, pa.int64() if name == "position" else pa.string()) for name in names]
        self.warehouse.execute("delete from cdp_settled")
        self.warehouse.append("cdp_settled", pa.table(columns, schema=pa.schema(kinds)))

    def _move_state(self, run: Run) -> None:
        """What the run had confirmed becomes the state, and closes what was open before.

        Acknowledged removals leave the state by key, since the key is what is gone. Two
        entities never hold one key or record: the latest to be confirmed has it.
        """
        state, ledger = self.table("cdp_sync_state"), self.table("cdp_sync_ledger")
        done = f"from {ledger} where run_id = {literal(run.run_id)} and status = 'acknowledged'"
        mine = f"sync = {literal(run.sync)} and place = {literal(run.place)}"
        gone = " or ".join(
            f"{name} in (select {name} {done} and operation {which} 'remove' "
            f"and {name} is not null)"
            for name, which in (
                ("match_key", "="), ("entity_id", "<>"), ("match_key", "<>"),
                ("destination_id", "<>"),
            )
        )  # fmt: skip
        self.warehouse.execute(f"delete from {state} where {mine} and ({gone})")
        names = (
            "sync, place, entity_id, profile_id, destination_id, match_key, row_hash, "
            "field_hashes, hash_version"
        )
        self.warehouse.execute(
            f"insert into {state} ({names}, since) "
            f"select {names}, {self._now()} {done} and operation <> 'remove'"
        )
        self.warehouse.execute(
            f"update {ledger} set is_open = false, match_key = null "
            f"where {mine} and run_number < {run.number} and is_open "
            f"and entity_id in (select entity_id {done})"
        )
        self.warehouse.execute(
            f"update {ledger} set match_key = null "
            f"where run_id = {literal(run.run_id)} and status not in {UNSURE}"
        )

    # --- what the diff reads ------------------------------------------------------------

    def forget(self, spec: SyncSpec) -> None:
        """The destination lost all that it held: everything is to be sent again."""
        self.warehouse.execute(
            f"delete from {self.table('cdp_sync_state')} where sync = ? and place = ?",
            (spec.name, spec.place),
        )

    def release(self, sync: str) -> int:
        """Give rejected rows another chance at the next run; how many."""
        ledger = self.table("cdp_sync_ledger")
        waiting = f"is_open and sync = {literal(sync)} and status = 'rejected'"
        ((rows,),) = self.warehouse.query(f"select count(*) from {ledger} where {waiting}")
        self.warehouse.execute(f"update {ledger} set is_open = false where {waiting}")
        return int(rows)

    # --- plans --------------------------------------------------------------------------

    def store_plan(self, facts: Mapping[str, object]) -> None:
        """Keep one sync's part of a plan; the same plan again is the same row."""
        with self.warehouse.transaction():
            self.warehouse.execute(
                f"delete from {self.table('cdp_plans')} where plan_id = ? and sync = ?",
                (facts["plan_id"], facts["sync"]),
            )
            self.insert("cdp_plans", {**facts, "created_at": self.clock()})

    def stored_plan(self, plan_id: str) -> dict[str, str]:
        """sync → plan hash of a stored plan; empty when there is none."""
        return dict(
            self.warehouse.query(
                f"select sync, plan_hash from {self.table('cdp_plans')} where plan_id = ?",
                (plan_id,),
            )
        )

    def insert(self, table: str, facts: Mapping[str, object]) -> None:
        """Add one row: column → value."""
        values = [json.dumps(v) if isinstance(v, dict) else v for v in facts.values()]
        self.warehouse.execute(
            f"insert into {self.table(table)} ({', '.join(facts)}) "
            f"values ({', '.join('?' for _ in facts)})",
            values,
        )

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a reading query on the ledger's tables."""
        return self.warehouse.query(sql, parameters)


_TALLY = {"acknowledged": "succeeded"} | {
    status: status for status in ("rejected", "unknown", "aborted")
}
