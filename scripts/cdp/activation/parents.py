"""Fresh parents only: why a sync may not run on what the last builds left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cdp.activation.ledger import Ledger
from cdp.activation.spec import SyncSpec
from cdp.project import Node, Project

__all__ = ["stale_parents"]


def stale_parents(project: Project, spec: SyncSpec, ledger: Ledger) -> Iterator[str]:
    """One sentence per parent that is missing, failed or too old, and per failed gate."""
    consents = [spec.consents.unique_id] if spec.consents else []
    names = [*spec.parents, *consents]
    latest = _latest_builds(ledger)
    if not latest:
        yield "no build is recorded here; run cdp build"
        return
    for node in (project.nodes[name] for name in names if name in project.nodes):
        yield from _unbuilt(spec, node, latest, ledger)
    for test in (node for node in project.nodes.values() if node.kind == "test"):
        tested = [name for name in _tested(test) if name in names]
        status, _ = latest.get(test.unique_id, ("pass", None))
        if tested and status in ("fail", "error"):
            where = project.nodes[tested[0]].name
            yield f"the test {test.name} on {where} failed in the last build; fix it, build again"
    yield from _failed_gates(project, names, ledger)


def _tested(test: Node) -> tuple[str, ...]:
    """What a test is about: the model it stands under, else all that its SQL reads."""
    return (test.tests,) if test.tests else test.parents


def _latest_builds(ledger: Ledger) -> dict[str, tuple[str, datetime]]:
    """Node → (status, finished_at) of its latest build."""
    if not ledger.warehouse.columns(ledger.schema, "cdp_build_runs"):
        return {}
    rows = ledger.rows(
        "select distinct on (node) node, status, finished_at "  # noqa: S608
        f"from {ledger.table('cdp_build_runs')} order by node, finished_at desc, run_id desc"
    )
    return {node: (status, finished_at) for node, status, finished_at in rows}


def _unbuilt(
    spec: SyncSpec, node: Node, latest: dict[str, tuple[str, datetime]], ledger: Ledger
) -> Iterator[str]:
    if node.kind != "model":
        return
    build = f"run dbt build -s +exposure:{spec.name}"
    if node.unique_id not in latest:
        yield f"no build of {node.name} is recorded; {build}"
        return
    status, finished_at = latest[node.unique_id]
    if status != "success":
        yield f"the last build of {node.name} ended as '{status}'; {build}"
    elif spec.max_age and ledger.clock() - finished_at > spec.max_age:
        yield f"{node.name} was built at {finished_at:%Y-%m-%d %H:%M} UTC, too long ago; {build}"


def _failed_gates(project: Project, names: list[str], ledger: Ledger) -> Iterator[str]:
    """Tables upstream, raw ones included, that a gate of the last `cdp quality` failed."""
    if not ledger.warehouse.columns(ledger.schema, "cdp_quality_results"):
        return
    results = ledger.table("cdp_quality_results")
    rows = ledger.rows(
        f"select table_name, suite, success, failed_expectations from {results} "  # noqa: S608
        f"where run_id = (select run_id from {results} order by checked_at desc limit 1) "
        "order by table_name, suite"
    )
    read = list(project.ancestors(names))
    known = {node.table for node in read} | {f"{node.schema}.{node.table}" for node in read}
    for table, suite, success, failed in rows:
        if not success and table in known:
            yield f"the quality gate '{suite}' failed on {table}: {failed or 'no details'}"
