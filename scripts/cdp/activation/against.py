"""`cdp plan --against REF`: what a change in the repository would make the syncs do.

The files of REF and the working tree are each built beside what stands, from a copy of the
same state and at the same moment of the clock. Then what a sync would send out of either is
compared, row by row, as if nothing had been sent yet: the difference is the change's alone.
No destination is asked, nothing is sent, and the builds are dropped again.
"""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cdp import clock
from cdp.activation.check import sync_names, syncs
from cdp.activation.diff import DIFF_TABLE, compute_diff
from cdp.activation.judgement import hashed_fields
from cdp.activation.ledger import Ledger
from cdp.activation.sentences import nearest
from cdp.activation.spec import SyncSpec
from cdp.beside import check_schemas, copy_state, drop_beside, environment, named_beside
from cdp.build import check, reuse_parsing
from cdp.dbt import run_dbt
from cdp.errors import ConfigError
from cdp.project import Project, load_project
from cdp.revision import checked_out
from cdp.warehouse import open_warehouse

__all__ = ["SyncChange", "changes", "compare"]

_BEFORE, _AFTER = "against", "plan"  # the builds beside
_BUILD = ("build", "--exclude-resource-type", "test", "unit_test", "--select")
_SETTINGS = {
    "cdp_destination": "destination", "cdp_object": "target_object", "place": "place",
    "cdp_mode": "mode", "cdp_purpose": "purpose", "cdp_match": "matches",
    "cdp_entity": "entity", "cdp_max_delete_pct": "max_delete_pct", "cdp_max_rows": "max_rows",
    "cdp_max_creates": "max_creates",
    "cdp_max_age": "max_age", "cdp_holdout_pct": "holdout_pct", "cdp_after": "after",
}  # fmt: skip
_ABSENT = "not in the segment"

Progress = Callable[[str, int, int], None]  # which build, nodes done, of how many


@dataclass(frozen=True)
class SyncChange:
    """What the change does to one sync: rows, once each.

    newly_sent, no_longer_sent: by what becomes or became of them on the other side;
    changed: sent by both, with other values or by another rule; changed_fields: of those,
    field by field; withheld_before, withheld_after: by reason; settings: before and after.
    """

    sync: str
    is_new: bool = False
    is_gone: bool = False
    removes: bool = False  # whether who is no longer sent is removed there
    sent_before: int = 0
    sent_after: int = 0
    newly_sent: Mapping[str, int] = field(default_factory=dict)
    no_longer_sent: Mapping[str, int] = field(default_factory=dict)
    changed: int = 0
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    withheld_before: Mapping[str, int] = field(default_factory=dict)
    withheld_after: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """`new`, `gone`, `changed` or `same`."""
        if self.is_new or self.is_gone:
            return "new" if self.is_new else "gone"
        moved = self.newly_sent or self.no_longer_sent or self.changed or self.settings
        return "changed" if moved or self.withheld_before != self.withheld_after else "same"

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it; no values, no keys."""
        return {"status": self.status} | asdict(self)


def changes(
    project_dir: Path,
    target: str,
    ref: str,
    select: Sequence[str] = (),
    progress: Progress = lambda build, done, total: None,
) -> list[SyncChange]:
    """The difference between `ref` and the working tree, sync by sync.

    Raises ConfigError for a revision that git does not know, a sync that neither has, and
    what keeps dbt from building either.
    """
    with checked_out(project_dir, target, ref) as root, _same_surroundings(project_dir, target):
        new = _loaded(project_dir, project_dir, target, _AFTER)
        try:
            old = _loaded(project_dir, root, target, _BEFORE)
        except ConfigError as error:
            raise ConfigError(f"At {ref}: {error}") from None
        names = _chosen(select, sync_names(old) | sync_names(new), ref)
        before, after = _specs(old, names), _specs(new, names)
        try:
            for name, folder, specs in ((_BEFORE, root, before), (_AFTER, project_dir, after)):
                copy_state(project_dir, target, name)
                with _beside(project_dir, folder, target, name):
                    _build(project_dir, folder, target, specs.values(), name, progress)
            with closing(open_warehouse(project_dir, target)) as warehouse:
                ledger = Ledger(warehouse)
                ledger.ensure()
                return [compare(before.get(n), after.get(n), ledger) for n in names]
        finally:
            for name in (_BEFORE, _AFTER):
                drop_beside(project_dir, target, name)


def compare(before: SyncSpec | None, after: SyncSpec | None, ledger: Ledger) -> SyncChange:
    """What becomes another between two states of one sync, of which one may be absent."""
    one = after or before
    assert one is not None
    fields = [_fill(f"cdp_sent_{side}", spec, ledger) for side, spec in enumerate((before, after))]
    counts = _counts(fields[0], fields[1], ledger)
    return SyncChange(
        sync=one.name,
        is_new=before is None,
        is_gone=after is None,
        removes=one.mode in ("mirror", "audience"),
        newly_sent=_reasons("sends_after and not sends_before", "reason_before", ledger),
        no_longer_sent=_reasons("sends_before and not sends_after", "reason_after", ledger),
        withheld_before=_reasons("withheld_before", "reason_before", ledger),
        withheld_after=_reasons("withheld_after", "reason_after", ledger),
        settings=_settings(before, after) if before and after else {},
        **counts,
    )


@contextmanager
def _same_surroundings(project_dir: Path, target: str) -> Iterator[None]:
    """Inside, both builds have one clock, one profile and one place for dbt's log."""
    here = project_dir.resolve()
    ours = {"DBT_LOG_PATH": str(here / "logs")}
    if (here / "profiles.yml").exists():
        ours["DBT_PROFILES_DIR"] = str(here)
    ours |= {name: os.environ[name] for name in ours if name in os.environ}
    with environment(CDP_NOW=clock.now(project_dir, target).isoformat(" "), **ours):
        yield


@contextmanager
def _beside(project_dir: Path, folder: Path, target: str, name: str) -> Iterator[None]:
    """Inside, we are in the build beside; dbt's files of a revision go when it goes."""
    away = {} if folder == project_dir else {"DBT_TARGET_PATH": str(folder / "target")}
    with environment(**away), named_beside(folder, target, name):
        yield


def _loaded(project_dir: Path, folder: Path, target: str, name: str) -> Project:
    """The project, if it is sound, its models in the schemas of the build beside."""
    with _beside(project_dir, folder, target, name):
        check(folder, target)
        check_schemas(folder, target)
        return load_project(folder, target)


def _chosen(select: Sequence[str], known: set[str], ref: str) -> list[str]:
    for name in select:
        if name not in known:
            hint = nearest(name, known)
            raise ConfigError(f"Neither {ref} nor the working tree has a sync '{name}'.{hint}")
    return sorted(set(select) or known)


def _specs(project: Project, names: Sequence[str]) -> dict[str, SyncSpec]:
    known = sync_names(project)
    wanted = [name for name in names if name in known]
    return {spec.name: spec for spec in (syncs(project, wanted) if wanted else ())}


def _build(
    project_dir: Path,
    folder: Path,
    target: str,
    specs: Collection[SyncSpec],
    name: str,
    progress: Progress,
) -> None:
    """Build what the syncs and their gates read, of the project in `folder`."""
    read = (node for spec in specs for node in (*spec.gate.values(), spec.consents))
    gates = {f"+{node.name}" for node in read if node is not None}
    selection = [*(f"+exposure:{spec.name}" for spec in specs), *sorted(gates)]
    if selection:
        reuse_parsing(folder, target)
        run_dbt(
            project_dir, target, [*_BUILD, *selection, "--project-dir", str(folder.resolve())],
            lambda done, total: progress(name, done, total),
        )  # fmt: skip


def _fill(table: str, spec: SyncSpec | None, ledger: Ledger) -> list[str]:
    """Fill `table` with the rows of the audience, and the hash of each field as it would be
    sent; the names of the fields, in order."""
    warehouse = ledger.warehouse
    warehouse.execute(f"drop table if exists {table}")
    names = "entity_id, operation, reason, match_key"
    if spec is None:
        warehouse.execute(
            f"create temporary table {table} (entity_id text, operation text, reason text, "
            "match_key text)"
        )
        return []
    diff = compute_diff(replace(spec, place=""), ledger)  # a place where nothing is held
    hashed = hashed_fields(warehouse.dialect, diff.fields)
    hashes = "".join(f", {sql} as hash_{number}" for number, (_, sql) in enumerate(hashed))
    warehouse.execute(f"create temporary table {table} as select {names}{hashes} from {DIFF_TABLE}")
    return [field.name for field, _ in hashed]


def _counts(before: Sequence[str], after: Sequence[str], ledger: Ledger) -> dict[str, Any]:
    """Join the two sides, and count what both send and how much of it is another."""
    differs = {
        name: f"old.hash_{before.index(name)} is distinct from new.hash_{after.index(name)}"
        if name in before and name in after
        else "true"
        for name in dict.fromkeys((*after, *before))
    }
    differs["(the key)"] = "old.match_key is distinct from new.match_key"
    tests = "".join(f", {sql} as differs_{number}" for number, sql in enumerate(differs.values()))
    warehouse = ledger.warehouse
    warehouse.execute("drop table if exists cdp_both")
    warehouse.execute(
        f"""
        create temporary table cdp_both as
        select
            coalesce(old.operation = 'create', false) as sends_before,
            coalesce(new.operation = 'create', false) as sends_after,
            coalesce(old.operation = 'withheld', false) as withheld_before,
            coalesce(new.operation = 'withheld', false) as withheld_after,
            old.reason as reason_before,
            new.reason as reason_after{tests}
        from cdp_sent_0 as old
        full join cdp_sent_1 as new on old.entity_id = new.entity_id
        """
    )
    columns = [f"differs_{number}" for number in range(len(differs))]
    conditions = ["sends_before", "sends_after", f"by_both and ({' or '.join(columns)})"]
    conditions += [f"by_both and {name}" for name in columns]
    counted = ", ".join(f"count(case when {sql} then 1 end)" for sql in conditions)
    ((sent_before, sent_after, changed, *by_field),) = ledger.rows(
        f"select {counted} "
        "from (select *, sends_before and sends_after as by_both from cdp_both) as joined"
    )
    fields = {name: rows for name, rows in zip(differs, by_field, strict=True) if rows}
    return {
        "sent_before": sent_before,
        "sent_after": sent_after,
        "changed": changed,
        "changed_fields": fields,
    }


def _reasons(condition: str, reason: str, ledger: Ledger) -> dict[str, int]:
    """Rows for which the condition holds, by what the other side says of them."""
    return dict(
        ledger.rows(
            f"select coalesce({reason}, ?), count(*) from cdp_both where {condition} "
            "group by 1 order by 1",
            (_ABSENT,),
        )
    )


def _settings(before: SyncSpec, after: SyncSpec) -> dict[str, tuple[str, str]]:
    """What the YAML says otherwise: setting → before, after."""
    pairs = {key: (_said(before, name), _said(after, name)) for key, name in _SETTINGS.items()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _said(spec: SyncSpec, name: str) -> str:
    value = getattr(spec, name)
    if name == "purpose":
        return spec.purpose.name
    return ", ".join(value) if isinstance(value, tuple) else str(value)
