"""`cdp identity impact`: what changed rules, code, model or sources would do to people.

The working tree is built beside what stands, from a copy of its state, and the two are
compared: who is one person by both, by the one, by the other.
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cdp.beside import copy_state, drop_beside, named_beside
from cdp.build import check, reuse_parsing
from cdp.dbt import Progress, run_dbt
from cdp.errors import ConfigError
from cdp.identity.comparison import Cluster, Comparison, Example, Guard, Scope, Segment, built
from cdp.identity.places import Places
from cdp.identity.train import promote
from cdp.warehouse import open_warehouse

__all__ = ["NAME", "Impact", "impact"]

NAME = "impact"
_IDENTITY = ("+cdp_identity_map", "+idg_edges_rejected")
_BUILD = ("build", "--exclude-resource-type", "test", "unit_test", "--select")


@dataclass(frozen=True)
class Impact:
    """merged: profiles that would be one with another; split: that would be several; new
    and gone: of which no record stood, or would stand; moved_pct: merged or split, of all
    that stood. Values in the examples are masked."""

    before: Scope
    after: Scope
    merged: int
    split: int
    new: int
    gone: int
    merges: tuple[Example, ...]
    splits: tuple[Example, ...]
    largest_before: tuple[Cluster, ...]
    largest_after: tuple[Cluster, ...]
    guards: tuple[Guard, ...]
    segments: tuple[Segment, ...]

    @property
    def moved_pct(self) -> float:
        """Profiles merged or split, in per cent of those that stood."""
        return 100 * (self.merged + self.split) / max(self.before.profiles, 1)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return asdict(self) | {"moved_pct": round(self.moved_pct, 4)}


def impact(
    project_dir: Path,
    target: str,
    against: str | None = None,
    model: str | None = None,
    with_segments: bool = True,
    keep: bool = False,
    progress: Progress = lambda done, total: None,
) -> Impact:
    """Build the working tree beside and compare; then drop it, unless it is to be kept.

    against: the name of an earlier build beside; None: what stands. model: a fitted
    matching model to score with, "" for the newest; None: the one that is live. Raises
    ConfigError when dbt fails, WarehouseError when there is nothing to compare with.
    """
    before = _before(project_dir, target, against)
    tables = ("cdp_identity_map", *(("smb_members",) if with_segments else ()))
    with closing(open_warehouse(project_dir, target)) as warehouse:
        for table in tables:
            built(warehouse, before, table)
    check(project_dir, target)
    try:
        copy_state(project_dir, target, NAME)
        with named_beside(project_dir, target, NAME):
            if model is not None:
                with closing(open_warehouse(project_dir, target)) as warehouse:
                    promote(warehouse, model or None)
            selection = (*_IDENTITY, *(("+smb_members",) if with_segments else ()))
            reuse_parsing(project_dir, target)
            run_dbt(project_dir, target, [*_BUILD, *selection], progress)
            after = Places.here(target)
        with closing(open_warehouse(project_dir, target)) as warehouse:
            return _compared(Comparison(warehouse, before, after), with_segments)
    finally:
        if not keep:
            drop_beside(project_dir, target, NAME)


def _before(project_dir: Path, target: str, against: str | None) -> Places:
    if against == NAME:
        raise ConfigError(f"'{NAME}' is the build that is compared. Name another, or none.")
    named = named_beside(project_dir, target, against) if against else nullcontext()
    with named:
        return Places.here(target)


def _compared(comparison: Comparison, with_segments: bool) -> Impact:
    comparison.prepare()
    return Impact(
        before=comparison.scope(comparison.before),
        after=comparison.scope(comparison.after),
        merged=comparison.merged(),
        split=comparison.split(),
        new=comparison.new(),
        gone=comparison.gone(),
        merges=comparison.merges(),
        splits=comparison.splits(),
        largest_before=comparison.largest(comparison.before),
        largest_after=comparison.largest(comparison.after),
        guards=comparison.guards(),
        segments=comparison.segments() if with_segments else (),
    )
