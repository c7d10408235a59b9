"""A plan: what each sync would do now, held against its budgets, frozen under a hash.

`apply` computes the plan again and refuses when the hash is another: what was reviewed is
what is sent, or nothing is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cdp
from cdp.activation.diff import DIFF_TABLE, Diff, compute_diff
from cdp.activation.hashing import fingerprint
from cdp.activation.ledger import Ledger
from cdp.activation.matching import match_records
from cdp.activation.parents import stale_parents
from cdp.activation.spec import SyncSpec
from cdp.destinations import find_destination
from cdp.errors import BlockedError, FatalDestinationError, RetriableError
from cdp.project import Project

__all__ = ["SyncPlan", "plan_id", "plan_sync", "store"]

_FREE_REMOVALS = 100
_REMOVAL_PCT = 5.0


@dataclass(frozen=True)
class SyncPlan:
    """What one sync would do. `blocked`: why it may not, one sentence each; those in
    `over_budget` yield to an approval."""

    spec: SyncSpec
    diff: Diff | None
    calls: int = 0
    max_removals: int = 0
    blocked: tuple[str, ...] = ()
    over_budget: tuple[str, ...] = ()
    is_lost: bool = False
    plan_hash: str = field(default="")

    @property
    def changes(self) -> int:
        """Row operations to be sent."""
        return self.diff.count("create", "adopt", "update", "remove") if self.diff else 0

    @property
    def status(self) -> str:
        """`blocked`, `nothing to do` or `ready`."""
        if self.blocked or self.over_budget:
            return "blocked"
        return "ready" if self.changes else "nothing to do"

    def facts(self) -> dict[str, Any]:
        """The plan as plain, countable facts: no values, no keys."""
        diff = self.diff
        return {
            "sync": self.spec.name,
            "destination": self.spec.destination,
            "place": self.spec.place,
            "sandbox": self.spec.is_sandboxed,
            "purpose": self.spec.purpose.name,
            "mode": self.spec.mode,
            "status": self.status,
            "desired": diff.desired if diff else None,
            "held": diff.held if diff else None,
            "create": diff.count("create") if diff else None,
            "adopt": diff.count("adopt") if diff else None,
            "update": diff.count("update") if diff else None,
            "remove": diff.count("remove") if diff else None,
            "unchanged": diff.unchanged if diff else None,
            "withheld": diff.count("withheld") if diff else None,
            "withheld_reasons": dict(sorted(diff.withheld.items())) if diff else {},
            "moved_by_merges": diff.moved if diff else 0,
            "made_by_splits": diff.split if diff else 0,
            "remove_reasons": dict(sorted(diff.removed.items())) if diff else {},
            "changed_fields": diff.changed_fields if diff else {},
            "calls": self.calls,
            "budget": {
                "remove": self.max_removals,
                "create": self.spec.max_creates,
                "rows": self.spec.max_rows,
            },
            "blocked": [*self.blocked, *self.over_budget],
            "plan_hash": self.plan_hash,
        }

    @property
    def counts(self) -> dict[str, int]:
        """Rows by operation, beside desired, held, withheld and `withheld <reason>`."""
        facts = self.facts()
        names = ("desired", "held", "create", "adopt", "update", "remove", "withheld")
        reasons = {f"withheld {name}": rows for name, rows in facts["withheld_reasons"].items()}
        return {name: facts[name] or 0 for name in names} | reasons


def plan_sync(project: Project, spec: SyncSpec, ledger: Ledger) -> SyncPlan:
    """The plan of one sync; its rows are in `cdp_diff` afterwards.

    A reason for not running is part of the plan, not an exception. Raises ConfigError.
    """
    stale = tuple(stale_parents(project, spec, ledger))
    if stale:
        return SyncPlan(spec, None, blocked=stale)
    destination = find_destination(spec.destination)
    is_lost = destination.is_lost(spec.target_object, spec.options, project.root)
    all_rows = destination.takes_all_rows(spec.target_object)
    ledger.recover(spec)
    try:
        with ledger.in_bulk():
            diff = compute_diff(
                spec,
                ledger,
                all_rows,
                is_lost,
                lambda fields: match_records(project, spec, ledger, fields, DIFF_TABLE),
            )
    except BlockedError as error:
        return SyncPlan(spec, None, blocked=(str(error),))
    except (RetriableError, FatalDestinationError) as error:
        return SyncPlan(spec, None, blocked=(f"nothing can be looked up there: {error}",))
    max_removals = _max_removals(spec, diff.held)
    return SyncPlan(
        spec=spec,
        diff=diff,
        calls=_calls(spec, diff),
        max_removals=max_removals,
        over_budget=tuple(_over_budget(spec, diff, max_removals)),
        is_lost=is_lost,
        plan_hash=fingerprint(_spec_facts(spec), diff.rows_hash, diff.hash_version, _code()),
    )


def _max_removals(spec: SyncSpec, held: int) -> int:
    """5 % of what is held or 100 rows, the larger; or the share that the sync declares."""
    if spec.max_delete_pct is not None:
        return math.floor(held * spec.max_delete_pct / 100)
    return max(_FREE_REMOVALS, math.floor(held * _REMOVAL_PCT / 100))


def _over_budget(spec: SyncSpec, diff: Diff, max_removals: int) -> Iterator[str]:
    removals, sent = diff.count("remove"), diff.count("create", "adopt", "update")
    if diff.desired == 0 and diff.held > 0 and removals > 0:
        yield f"{spec.audience.name} is empty while {diff.held} rows are held there"
    if removals > max_removals:
        yield (
            f"{removals} removals are more than the budget of {max_removals} "
            f"({diff.held} rows are held; raise cdp_max_delete_pct if this is usual)"
        )
    if spec.max_rows is not None and sent > spec.max_rows:
        yield f"{sent} rows to send are more than cdp_max_rows ({spec.max_rows})"
    creates = diff.count("create")
    if spec.max_creates is not None and creates > spec.max_creates:
        yield f"{creates} rows to create are more than cdp_max_creates ({spec.max_creates})"


def _calls(spec: SyncSpec, diff: Diff) -> int:
    size = find_destination(spec.destination).batch_rows
    upserts, removals = diff.count("create", "adopt", "update"), diff.count("remove")
    return math.ceil(upserts / size) + math.ceil(removals / size)


def _spec_facts(spec: SyncSpec) -> list[str]:
    """All that decides what is sent where, as text; the YAML's place in the tree is not."""
    fields = [repr(item) for item in spec.fields]
    return [
        spec.name, spec.audience.unique_id, spec.entity, spec.destination, spec.target_object,
        spec.mode, *spec.matches, spec.primary, *fields, repr(spec.purpose),
        repr(spec.options), spec.place,
        repr((spec.max_delete_pct, spec.max_rows, spec.max_creates)),
        repr((spec.holdout_pct, spec.log_values)),
    ]  # fmt: skip


def _code() -> str:
    return cdp.__version__


def plan_id(plans: Sequence[SyncPlan]) -> str:
    """Names the plan of these syncs: the same work has the same name."""
    return fingerprint(*sorted((plan.spec.name, plan.plan_hash) for plan in plans))[:12]


def store(plans: Sequence[SyncPlan], ledger: Ledger) -> str:
    """Keep the plan in the ledger and return its id."""
    name = plan_id(plans)
    for plan in plans:
        facts: Mapping[str, object] = {
            "plan_id": name,
            "sync": plan.spec.name,
            "place": plan.spec.place,
            "target": ledger.warehouse.target,
            "plan_hash": plan.plan_hash,
            "status": plan.status,
            "summary": plan.facts(),
        }
        ledger.store_plan(facts)
    return name
