"""What the commands plan, apply, sync, retry and ledger do, over one open warehouse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp.activation.alerts import tell_changes
from cdp.activation.check import syncs
from cdp.activation.diff import DIFF_TABLE
from cdp.activation.ledger import Ledger
from cdp.activation.lock import Clock, utc_now
from cdp.activation.mapping import map_fields
from cdp.activation.matching import open_destination
from cdp.activation.plan import SyncPlan, plan_sync, store
from cdp.activation.pool import run_all
from cdp.activation.runner import Progress, Result, run_sync
from cdp.activation.spec import SyncSpec
from cdp.errors import BlockedError, CdpError, ConfigError, WarehouseError
from cdp.project import Project, load_project
from cdp.warehouse import is_beside, open_warehouse

__all__ = ["Session", "exit_code", "open_session"]

_EXIT_CODES = {"failed": 1, "blocked": BlockedError.exit_code, "partial": 5, "succeeded": 0}


@dataclass(frozen=True)
class Session:
    """A project and the ledger in its warehouse."""

    project: Project
    ledger: Ledger
    open_another: Callable[[], AbstractContextManager[Ledger]] | None = None
    jobs: int = 1

    def plan(
        self, select: Sequence[str] = (), show: Callable[[SyncPlan], None] | None = None
    ) -> tuple[str, list[SyncPlan]]:
        """Plan the selected syncs and store the plan; (plan id, a plan a sync).

        show: called for each plan while its rows are at hand.
        """
        plans = []
        for spec in self._syncs(select):
            plans.append(plan_sync(self.project, spec, self.ledger))
            if show:
                show(plans[-1])
        return store(plans, self.ledger), plans

    def apply(
        self, plan_id: str, approval: str | None = None, progress: Progress | None = None
    ) -> list[Result]:
        """Run a stored plan, all of it as it was shown. Raises BlockedError when stale."""
        stored = self.ledger.stored_plan(plan_id)
        if not stored:
            raise ConfigError(f"No plan '{plan_id}' on this target. Run cdp plan.")
        specs = self._syncs(sorted(stored))
        for spec in specs:
            now = plan_sync(self.project, spec, self.ledger)
            if now.plan_hash != stored[spec.name]:
                raise BlockedError(
                    f"Plan {plan_id} is stale: {spec.name} would do something else now. "
                    "Nothing was sent; run cdp plan again."
                )
        return self._run_all(specs, plan_id, approval, progress, stored)

    def sync(
        self,
        select: Sequence[str] = (),
        approval: str | None = None,
        progress: Progress | None = None,
    ) -> list[Result]:
        """Plan and apply the selected syncs; one that fails leaves the others alone."""
        return self._run_all(self._syncs(select), "", approval, progress, {})

    def explain_row(self, sync: str, entity_id: str) -> dict[str, Any]:
        """What the sync would do with an entity now and why, what is held of it, and its
        latest rows in the ledger."""
        (spec,) = self._syncs([sync])
        plan = plan_sync(self.project, spec, self.ledger)
        names = ("operation", "reason", "changed_fields")
        rows = (
            self.ledger.rows(
                f"select {', '.join(names)} from {DIFF_TABLE} where entity_id = ?",  # noqa: S608
                (entity_id,),
            )
            if plan.diff
            else []
        )
        held = self.ledger.rows(
            f"select since from ({self.ledger.state_sql(spec.name, spec.place)}) as state "  # noqa: S608
            "where entity_id = ?",
            (entity_id,),
        )
        nothing = {"operation": "unchanged" if held else "not in the segment"}
        return {
            "sync": spec.name,
            "entity_id": entity_id,
            "blocked": [*plan.blocked, *plan.over_budget],
            "now": [dict(zip(names, row, strict=True)) for row in rows] or [nothing],
            "held_since": held[0][0] if held else None,
            "ledger": [
                row
                for row in self.operations(profile_id=entity_id, limit=20)
                if row["sync"] == spec.name
            ],
        }

    def check_destinations(self, select: Sequence[str] = ()) -> Iterator[tuple[str, list[str]]]:
        """(sync, problems) of each: the destination is opened and asked, nothing is written."""
        for spec in self._syncs(select):
            try:
                fields, _ = map_fields(spec, self.ledger.warehouse)
                destination = open_destination(self.project, spec, "check", fields)
                try:
                    yield spec.name, list(destination.check())
                finally:
                    destination.close()
            except CdpError as error:
                yield spec.name, [str(error)]

    def retry(self, sync: str) -> int:
        """Let rejected rows go again at the next run; how many."""
        (spec,) = self._syncs([sync])
        return self.ledger.release(spec.name)

    def runs(self, sync: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
        """The latest runs, newest first."""
        names = (
            "run_id", "sync", "place", "status", "planned_create", "planned_adopt",
            "planned_update", "planned_remove", "withheld", "withheld_reasons", "succeeded",
            "rejected", "unknown", "aborted", "calls", "retries", "throttled_seconds",
            "approval", "started_at", "ended_at", "error",
        )  # fmt: skip
        where, values = ("where sync = ?", (sync,)) if sync else ("", ())
        rows = self.ledger.rows(
            f"select {', '.join(names)} from {self.ledger.table('cdp_sync_runs')} {where} "  # noqa: S608
            f"order by started_at desc, run_number desc limit {int(limit)}",
            values,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def operations(
        self, run_id: str | None = None, profile_id: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Row operations of a run, or of a person, newest first."""
        names = (
            "run_id", "sync", "place", "entity_id", "operation", "reason", "status", "code",
            "message", "changed_fields", "attempt", "batch_key", "settled_at",
        )  # fmt: skip
        column, value = ("run_id", run_id) if run_id else ("profile_id", profile_id)
        rows = self.ledger.rows(
            f"select {', '.join(names)} from {self.ledger.table('cdp_sync_ledger')} "  # noqa: S608
            f"where {column} = ? order by settled_at desc, entity_id, operation limit {int(limit)}",
            (value,),
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _syncs(self, select: Sequence[str]) -> list[SyncSpec]:
        return syncs(self.project, select)

    def _run_all(
        self,
        specs: Sequence[SyncSpec],
        plan_id: str,
        approval: str | None,
        progress: Progress | None,
        hashes: Mapping[str, str],
    ) -> list[Result]:
        """Run them, several at once where each can have a connection of its own."""
        stopping = threading.Event()

        def run(spec: SyncSpec) -> Result:
            if self.open_another is None or self.jobs == 1:
                return self._run(self.ledger, spec, plan_id, approval, progress, hashes)
            with self.open_another() as ledger:
                ledger.stopping = stopping
                return self._run(ledger, spec, plan_id, approval, progress, hashes)

        jobs = self.jobs if self.open_another else 1
        began = self.ledger.clock()
        results = run_all(specs, run, jobs, self._latest_statuses(), stopping.set)
        tell_changes(results, self.ledger, self.project.root, began)
        return results

    def _latest_statuses(self) -> dict[str, str]:
        rows = self.ledger.rows(
            "select distinct on (sync) sync, status "  # noqa: S608
            f"from {self.ledger.table('cdp_sync_runs')} order by sync, run_number desc"
        )
        return dict(rows)

    def _run(
        self,
        ledger: Ledger,
        spec: SyncSpec,
        plan_id: str,
        approval: str | None,
        progress: Progress | None,
        hashes: Mapping[str, str],
    ) -> Result:
        report = progress or (lambda sync, done, total: None)
        expected_hash = hashes.get(spec.name)
        if is_beside():
            return Result(spec.name, "blocked", reason="A build beside is never sent.")
        try:
            return run_sync(self.project, spec, ledger, plan_id, expected_hash, approval, report)
        except BlockedError as error:
            return Result(spec.name, "blocked", reason=str(error))
        except WarehouseError:
            raise
        except CdpError as error:
            return Result(spec.name, "failed", reason=str(error))
        except Exception as error:  # noqa: BLE001 - its siblings go on, and it may hold values
            kind = type(error).__name__
            return Result(spec.name, "failed", reason=f"A fault of ours ({kind}). Report it.")


@contextmanager
def open_session(
    project_dir: Path, target: str, clock: Clock = utc_now, jobs: int = 1
) -> Iterator[Session]:
    """A session on the target's warehouse, its ledger tables in place; jobs: syncs at once."""
    project = load_project(project_dir, target)

    @contextmanager
    def open_ledger() -> Iterator[Ledger]:
        warehouse = open_warehouse(project_dir, target)
        try:
            yield Ledger(warehouse, clock)
        finally:
            warehouse.close()

    with open_ledger() as ledger:
        ledger.ensure()
        yield Session(project, ledger, open_ledger, jobs)


def exit_code(results: Sequence[Result]) -> int:
    """0 all sent, 1 one failed, 4 one was blocked, 5 one was partly sent: the worst."""
    statuses = {result.status for result in results}
    return next((code for status, code in _EXIT_CODES.items() if status in statuses), 0)
