"""What was sent where: the tables of cdp_state that runs write, and their one writer.

cdp_sync_runs, cdp_sync_ledger and cdp_sync_state are described, column by column, in
models/syncs/_syncs.yml. Keys and hashes only: no field of a person, unless the sync says
`cdp_log_values: true`. A match key, which may be an email, stands in the state, where a
removal needs it, and in the ledger only while a row is under way or unsure. State moves on
an acknowledgement alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdp.activation.hashing import literal
from cdp.activation.lock import Clock, Lock, utc_now
from cdp.activation.spec import SyncSpec
from cdp.activation.tables import TABLES
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["Ledger", "Run", "Settled"]

_STALE = "('planned', 'attempted', 'accepted_async')"


@dataclass(frozen=True)
class Run:
    """A run of one sync that holds the sync's lock."""

    run_id: str
    number: int
    sync: str
    place: str


@dataclass(frozen=True)
class Settled:
    """What became of one row operation."""

    entity_id: str
    operation: str
    status: str
    code: str = ""
    message: str = ""
    destination_id: str | None = None
    sent_values: str | None = None


class Ledger:
    """The ledger in one warehouse. Every method is one transaction, or none."""

    def __init__(self, warehouse: Warehouse, clock: Clock = utc_now) -> None:
        self.warehouse = warehouse
        self.clock = clock
        self.schema = schema_name("cdp_state", warehouse.target)
        self._lock = Lock(warehouse, self.table("cdp_sync_locks"), clock)

    def table(self, name: str) -> str:
        """A table of the ledger, quoted for SQL."""
        return quoted(self.schema, name)

    def ensure(self) -> None:
        """Create the schema and the tables that are not there yet."""
        if all(self.warehouse.columns(self.schema, name) for name in TABLES):
            return
        self.warehouse.execute(f"create schema if not exists {quoted(self.schema)}")
        for name, columns in TABLES.items():
            self.warehouse.execute(f"create table if not exists {self.table(name)} ({columns})")

    # --- a run, under the sync's lock ---------------------------------------------------

    def start(self, spec: SyncSpec, plan_id: str, approval: str | None) -> Run:
        """Take the sync's lock and open a run; what a dead run left is settled first.

        Raises BlockedError while another run holds the lock.
        """
        number = self._next_number(spec.name)
        run = Run(f"{spec.name}#{number}", number, spec.name, spec.place)
        self._lock.take(run.sync, run.run_id)
        if self._next_number(spec.name) != number:  # another run came and went meanwhile
            self._lock.let_go(run.sync)
            return self.start(spec, plan_id, approval)
        self._settle_dead_runs(run)
        self._insert(
            "cdp_sync_runs",
            {
                "run_id": run.run_id,
                "run_number": number,
                "sync": spec.name,
                "place": spec.place,
                "plan_id": plan_id,
                "status": "running",
                "approval": approval,
                "started_at": self.clock(),
            },
        )
        return run

    def _next_number(self, sync: str) -> int:
        ((number,),) = self.warehouse.query(
            f"select coalesce(max(run_number), 0) + 1 from {self.table('cdp_sync_runs')} "  # noqa: S608
            "where sync = ?",
            (sync,),
        )
        return int(number)

    def _settle_dead_runs(self, run: Run) -> None:
        """What a dead run had sent is unknown; what it had not is aborted."""
        with self.warehouse.transaction():
            self.warehouse.execute(
                f"update {self.table('cdp_sync_ledger')} set status = "  # noqa: S608
                "case status when 'planned' then 'aborted' else 'unknown' end, "
                "match_key = case when status = 'planned' then null else match_key end, "
                f"code = 'run_died' where sync = ? and status in {_STALE}",
                (run.sync,),
            )
            self.warehouse.execute(
                f"update {self.table('cdp_sync_runs')} set status = 'died', ended_at = ? "  # noqa: S608
                "where sync = ? and status = 'running'",
                (self.clock(), run.sync),
            )

    def end(self, run: Run, status: str, error: str = "", **counts: object) -> None:
        """Close the run with its counts, and let go of the lock."""
        tallies = {name: 0 for name in ("succeeded", "rejected", "unknown", "aborted")}
        tallies |= {_TALLY[name]: rows for name, rows in self.tally(run).items() if name in _TALLY}
        facts: dict[str, object] = {"status": status, "error": error or None}
        facts |= {"ended_at": self.clock(), **tallies, **counts}
        with self.warehouse.transaction():
            self._forget_settled_keys(run)
            self.warehouse.execute(
                f"update {self.table('cdp_sync_runs')} "  # noqa: S608
                f"set {', '.join(f'{name} = ?' for name in facts)} where run_id = ?",
                (*facts.values(), run.run_id),
            )
            self._lock.let_go(run.sync)

    def _forget_settled_keys(self, run: Run) -> None:
        """Keys of rows that were unsure in earlier runs, and are no more."""
        ledger = self.table("cdp_sync_ledger")
        self.warehouse.execute(
            f"update {ledger} set match_key = null "  # noqa: S608
            "where sync = ? and place = ? and run_number < ? and match_key is not null "
            f"and entity_id in (select entity_id from {ledger} "
            "where run_id = ? and status = 'acknowledged')",
            (run.sync, run.place, run.number, run.run_id),
        )

    def tally(self, run: Run) -> dict[str, int]:
        """Rows of the run by status."""
        return dict(
            self.warehouse.query(
                f"select status, count(*) from {self.table('cdp_sync_ledger')} "  # noqa: S608
                "where run_id = ? group by 1",
                (run.run_id,),
            )
        )

    def keep_lock(self, run: Run) -> None:
        """Prolong the run's lock. Raises BlockedError when another run took it over."""
        self._lock.keep(run.sync, run.run_id)

    # --- rows ---------------------------------------------------------------------------

    def plan_rows(self, run: Run, diff_table: str) -> None:
        """Write down everything that is going to be sent, before the first call."""
        self.warehouse.execute(
            f"""
            insert into {self.table("cdp_sync_ledger")} (
                run_id, run_number, sync, place, entity_id, profile_id, operation, reason,
                row_hash, field_hashes, changed_fields, match_key, status, attempt,
                batch_key, is_released, settled_at
            )
            select
                {literal(run.run_id)}, {run.number}, {literal(run.sync)}, {literal(run.place)},
                entity_id, profile_id, operation,
                case operation when 'remove' then reason end,
                row_hash, field_hashes, changed_fields, match_key, 'planned', 0, null, false,
                cast({literal(self.clock().isoformat(" "))} as timestamp)
            from {diff_table}
            where operation in ('create', 'update', 'remove')
            """  # noqa: S608 - every value is a quoted literal
        )
        self.warehouse.execute("drop table if exists cdp_settled")
        self.warehouse.execute(
            "create temporary table cdp_settled (entity_id text, operation text, status text, "
            "code text, message text, destination_id text, sent_values text)"
        )

    def attempt(self, run: Run, batch_key: str, rows: Sequence[tuple[str, str]]) -> None:
        """Mark (entity_id, operation) rows as sent, just before they are."""
        with self.warehouse.transaction():
            self._stage(Settled(entity, operation, "attempted") for entity, operation in rows)
            self.warehouse.execute(
                f"update {self.table('cdp_sync_ledger')} as ledger set status = 'attempted', "  # noqa: S608
                f"attempt = attempt + 1, batch_key = ?, settled_at = ? {_FROM_SETTLED}",
                (batch_key, self.clock(), run.run_id),
            )

    def settle(self, run: Run, outcomes: Iterable[Settled], hash_version: str) -> None:
        """Write outcomes; acknowledged ones move the state, in the same transaction."""
        with self.warehouse.transaction():
            self._stage(outcomes)
            self._move_state(run, hash_version)
            self.warehouse.execute(
                f"update {self.table('cdp_sync_ledger')} as ledger set status = settled.status, "  # noqa: S608
                "match_key = case when settled.status in ('unknown', 'accepted_async') "
                "then ledger.match_key end, "
                "code = nullif(settled.code, ''), message = nullif(settled.message, ''), "
                "destination_id = settled.destination_id, sent_values = settled.sent_values, "
                f"settled_at = ? {_FROM_SETTLED}",
                (self.clock(), run.run_id),
            )

    def acknowledge_accepted(self, run: Run, hash_version: str) -> None:
        """Turn every row that `finish` made final into an acknowledged one."""
        with self.warehouse.transaction():
            self.warehouse.execute("delete from cdp_settled")
            self.warehouse.execute(
                "insert into cdp_settled (entity_id, operation, status) "  # noqa: S608
                f"select entity_id, operation, 'acknowledged' from {self.table('cdp_sync_ledger')} "
                "where run_id = ? and status = 'accepted_async'",
                (run.run_id,),
            )
            self._move_state(run, hash_version)
            self.warehouse.execute(
                f"update {self.table('cdp_sync_ledger')} "  # noqa: S608
                "set status = 'acknowledged', match_key = null, settled_at = ? "
                "where run_id = ? and status = 'accepted_async'",
                (self.clock(), run.run_id),
            )

    def leave(self, run: Run, status: str, code: str, of: str = "('planned')") -> None:
        """Settle what is still open in a run that stops: `planned` rows were never sent."""
        self.warehouse.execute(
            f"update {self.table('cdp_sync_ledger')} set status = ?, code = ?, "  # noqa: S608
            "match_key = case when status = 'planned' then null else match_key end "
            f"where run_id = ? and status in {of}",
            (status, code, run.run_id),
        )

    def hold_back_rekeyed(self, run: Run) -> None:
        """A record under a new key is not made while its old one may still be there."""
        ledger = self.table("cdp_sync_ledger")
        self.warehouse.execute(
            f"update {ledger} "  # noqa: S608
            "set status = 'aborted', code = 'removal_pending', match_key = null "
            "where run_id = ? and operation = 'create' and status = 'planned' and entity_id in "
            f"(select entity_id from {ledger} where run_id = ? and operation = 'remove' "
            "and status not in ('acknowledged', 'accepted_async'))",
            (run.run_id, run.run_id),
        )

    def open_rows(self, run: Run, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of (entity_id, operation) that are still planned."""
        names = ", ".join(literal(entity) for entity, _ in pairs)
        rows = self.warehouse.query(
            f"select entity_id, operation from {self.table('cdp_sync_ledger')} "  # noqa: S608
            f"where run_id = {literal(run.run_id)} and status = 'planned' "
            f"and entity_id in ({names})"
        )
        return {(entity, operation) for entity, operation in rows} & set(pairs)

    def _stage(self, outcomes: Iterable[Settled]) -> None:
        import pyarrow as pa

        names = list(Settled.__dataclass_fields__)
        rows = list(outcomes)
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        schema = pa.schema([(name, pa.string()) for name in names])
        self.warehouse.execute("delete from cdp_settled")
        self.warehouse.append("cdp_settled", pa.table(columns, schema=schema))

    def _move_state(self, run: Run, hash_version: str) -> None:
        """Acknowledged removals leave the state by key, since the key is what is gone."""
        ((removals,),) = self.warehouse.query(
            "select count(*) from cdp_settled where operation = 'remove'"
        )
        state, ledger = self.table("cdp_sync_state"), self.table("cdp_sync_ledger")
        done = f"""
            from {ledger} as ledger
            inner join cdp_settled as settled
                on ledger.entity_id = settled.entity_id and ledger.operation = settled.operation
            where ledger.run_id = {literal(run.run_id)} and settled.status = 'acknowledged'
        """
        if removals:
            self.warehouse.execute(
                f"delete from {state} where sync = {literal(run.sync)} "  # noqa: S608
                f"and place = {literal(run.place)} and match_key in "
                f"(select ledger.match_key {done} and ledger.operation = 'remove')"
            )
        self.warehouse.execute(
            f"""
            insert into {state} (
                sync, place, entity_id, profile_id, destination_id, match_key, row_hash,
                field_hashes, hash_version, since
            )
            select
                ledger.sync, ledger.place, ledger.entity_id, ledger.profile_id,
                ledger.destination_id, ledger.match_key, ledger.row_hash, ledger.field_hashes,
                {literal(hash_version)}, cast({literal(self.clock().isoformat(" "))} as timestamp)
            {done} and ledger.operation <> 'remove'
            on conflict (sync, place, entity_id) do update set
                profile_id = excluded.profile_id, destination_id = excluded.destination_id,
                match_key = excluded.match_key, row_hash = excluded.row_hash,
                field_hashes = excluded.field_hashes, hash_version = excluded.hash_version,
                since = excluded.since
            """
        )

    # --- what the diff reads ------------------------------------------------------------

    def held_sql(self, sync: str, place: str) -> str:
        """One row per entity that the destination holds or may hold.

        is_certain is false where the last word on an entity is a row sent without an
        answer: it may or may not have been applied.
        """
        mine = f"sync = {literal(sync)} and place = {literal(place)}"
        return f"""
            select
                coalesce(state.entity_id, unsure.entity_id) as entity_id,
                coalesce(state.profile_id, unsure.profile_id) as profile_id,
                coalesce(state.match_key, unsure.match_key) as match_key,
                state.row_hash,
                state.hash_version,
                state.field_hashes,
                unsure.entity_id is null as is_certain,
                unsure.operation as sent_operation,
                unsure.row_hash as sent_hash,
                unsure.batch_key
            from (select * from {self.table("cdp_sync_state")} where {mine}) as state
            full join (
                select * from (
                    select distinct on (entity_id) *
                    from {self.table("cdp_sync_ledger")}
                    where {mine}
                        and status in ('attempted', 'accepted_async', 'unknown', 'acknowledged')
                    order by
                        entity_id,
                        run_number desc,
                        case status when 'acknowledged' then 1 else 0 end
                ) as latest
                where status <> 'acknowledged'
            ) as unsure on state.entity_id = unsure.entity_id
        """  # noqa: S608 - quoted literals

    def rejected_sql(self, sync: str, place: str) -> str:
        """One row per entity whose latest answer was a rejection that still stands."""
        return f"""
            select * from (
                select distinct on (entity_id)
                    entity_id, operation, row_hash, status, is_released
                from {self.table("cdp_sync_ledger")}
                where sync = {literal(sync)} and place = {literal(place)}
                    and status in ('rejected', 'acknowledged')
                order by
                    entity_id,
                    run_number desc,
                    case status when 'acknowledged' then 1 else 0 end
            ) as latest
            where status = 'rejected' and not is_released
        """  # noqa: S608 - quoted literals

    def held_count(self, sync: str, place: str) -> int:
        """How many entities the destination holds or may hold."""
        ((rows,),) = self.warehouse.query(
            f"select count(*) from ({self.held_sql(sync, place)}) as held"  # noqa: S608
        )
        return int(rows)

    def forget(self, spec: SyncSpec) -> None:
        """The destination lost all that it held: everything is to be sent again."""
        self.warehouse.execute(
            f"delete from {self.table('cdp_sync_state')} where sync = ? and place = ?",  # noqa: S608
            (spec.name, spec.place),
        )

    def release(self, sync: str) -> int:
        """Give rejected rows another chance at the next run; how many."""
        ledger = self.table("cdp_sync_ledger")
        waiting = f"sync = {literal(sync)} and status = 'rejected' and not is_released"
        ((rows,),) = self.warehouse.query(f"select count(*) from {ledger} where {waiting}")  # noqa: S608
        self.warehouse.execute(f"update {ledger} set is_released = true where {waiting}")  # noqa: S608
        return int(rows)

    # --- plans --------------------------------------------------------------------------

    def store_plan(self, facts: Mapping[str, object]) -> None:
        """Keep one sync's part of a plan; the same plan again is the same row."""
        with self.warehouse.transaction():
            self.warehouse.execute(
                f"delete from {self.table('cdp_plans')} where plan_id = ? and sync = ?",  # noqa: S608
                (facts["plan_id"], facts["sync"]),
            )
            self._insert("cdp_plans", {**facts, "created_at": self.clock()})

    def stored_plan(self, plan_id: str) -> dict[str, str]:
        """sync → plan hash of a stored plan; empty when there is none."""
        return dict(
            self.warehouse.query(
                f"select sync, plan_hash from {self.table('cdp_plans')} where plan_id = ?",  # noqa: S608
                (plan_id,),
            )
        )

    def _insert(self, table: str, facts: Mapping[str, object]) -> None:
        values = [json.dumps(v) if isinstance(v, dict) else v for v in facts.values()]
        self.warehouse.execute(
            f"insert into {self.table(table)} ({', '.join(facts)}) "  # noqa: S608
            f"values ({', '.join('?' for _ in facts)})",
            values,
        )

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a reading query on the ledger's tables."""
        return self.warehouse.query(sql, parameters)


_TALLY = {
    "acknowledged": "succeeded",
    "rejected": "rejected",
    "unknown": "unknown",
    "aborted": "aborted",
}

_FROM_SETTLED = (
    "from cdp_settled as settled where ledger.run_id = ? "
    "and ledger.entity_id = settled.entity_id and ledger.operation = settled.operation"
)
