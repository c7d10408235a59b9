"""Questions about segments as they stand in the warehouse: all of them, one, one person's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cdp.declared import read_packages
from cdp.errors import ConfigError
from cdp.identity.lookup import Lookup
from cdp.identity.places import Places
from cdp.project import Node, Project, load_project, parsing_folder
from cdp.segments.check import nearest
from cdp.segments.explain import Held, explain_audience, explain_exclusion
from cdp.segments.figures import STALE_DAYS, Day, Figures, Flow, Moves, Overlap
from cdp.segments.library import Library
from cdp.warehouse import Warehouse, open_warehouse, schema_name

__all__ = [
    "Day",
    "Detail",
    "Explained",
    "Flow",
    "Overlap",
    "Overview",
    "detail",
    "explain",
    "overview",
]


@dataclass(frozen=True)
class Overview:
    """A segment at a glance. Shares are 0 to 1; turnover: who left in 30 days, of who was in
    or came; declared_turnover: what its meta `cdp_turnover_pct` allows a day; days_over: on
    how many of the last 30 days more left."""

    segment: str
    label: str
    owner: str
    people: int
    entered_30_days: int
    exited_30_days: int
    turnover: float | None
    declared_turnover: float | None
    days_over: int
    last_moved: date | None
    syncs: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Detail:
    """stability: of who was in 30 days ago, the share that still is; none where nobody was."""

    overview: Overview
    why: str
    file: str
    sizes: tuple[Day, ...]
    came_from: tuple[Flow, ...]
    went_to: tuple[Flow, ...]
    overlaps: tuple[Overlap, ...]
    stability: float | None


@dataclass(frozen=True)
class Explained:
    """since: when the stay that holds began; none: the person is not in."""

    segment: str
    profile_id: str
    is_member: bool
    since: datetime | None
    held: tuple[Held, ...]


def overview(project_dir: Path, target: str) -> list[Overview]:
    """Every listed segment, in the order of the list. Raises WarehouseError, ConfigError."""
    project = load_project(project_dir, target)
    with _opened(project_dir, target) as warehouse:
        moves = Figures(project, warehouse).moves()
        return [_overview(project, node, moves) for node in _segments(project).values()]


def detail(project_dir: Path, target: str, name: str) -> Detail:
    """One segment. Raises ConfigError for one that there is not."""
    project = load_project(project_dir, target)
    node = _segment(project, name)
    with _opened(project_dir, target) as warehouse:
        figures = Figures(project, warehouse)
        return Detail(
            overview=_overview(project, node, figures.moves()),
            why=str(node.meta.get("cdp_why", "")),
            file=str(node.meta.get("cdp_audience") or node.path),
            sizes=tuple(figures.sizes(node.name)),
            came_from=tuple(figures.flows(node.name, "to_segment", "from_segment")),
            went_to=tuple(figures.flows(node.name, "from_segment", "to_segment")),
            overlaps=tuple(figures.overlaps(node.name)),
            stability=figures.stability(node.name),
        )


def explain(project_dir: Path, target: str, name: str, person: str) -> Explained:
    """Why a person is in a segment, or is not. Raises ConfigError for an unknown one."""
    project = load_project(project_dir, target)
    library = Library.read(project)
    document = next((d for d in library.documents if _full(name) in d.models), None)
    node = library.catalogue.segments[_full(name)] if document else _segment(project, name)
    sql = "" if document else _compiled(project, node)  # first: dbt needs the warehouse, too
    with _opened(project_dir, target) as warehouse:
        found = Lookup(project_dir, warehouse, Places.here(target)).find(person)
        if len(found.profiles) != 1:
            raise ConfigError(
                f"{len(found.profiles)} profiles carry that: {', '.join(found.profiles[:5])}. "
                "Name one of them."
            )
        (profile_id,) = found.profiles
        if document:
            step = document.models.index(node.name)
            held = explain_audience(library, document, profile_id, warehouse, step)
        else:
            from cdp.segments.explain_sql import explain_sql

            held = explain_sql(sql, profile_id, warehouse)
        if excluded := project.exclusions(node):
            held += explain_exclusion(excluded, profile_id, warehouse)
        since = Figures(project, warehouse).member_since(node.name, profile_id)
    return Explained(node.name, profile_id, since is not None, since, tuple(held))


def _full(name: str) -> str:
    return name if name.startswith("seg_") else f"seg_{name}"


def _segments(project: Project) -> dict[str, Node]:
    nodes = (project.node(name) for name in project.vars.get("cdp_segments") or ())
    return {node.name: node for node in nodes if node is not None}


def _segment(project: Project, name: str) -> Node:
    segments = _segments(project)
    if name not in segments and _full(name) not in segments:
        raise ConfigError(f"There is no segment '{name}'.{nearest(name, segments)}")
    return segments.get(name) or segments[_full(name)]


@contextmanager
def _opened(project_dir: Path, target: str) -> Iterator[Warehouse]:
    warehouse = open_warehouse(project_dir, target)
    try:
        if not warehouse.columns(schema_name("cdp", target), "cdp_segment_memberships"):
            raise ConfigError("No segment is built on this target yet. Run cdp build first.")
        yield warehouse
    finally:
        warehouse.close()


def _compiled(project: Project, node: Node) -> str:
    """The SQL of a model as dbt compiles it. Raises ConfigError with dbt's own reason."""
    settings = read_packages(project.root)[0].settings
    folder = parsing_folder(project.root, project.target, settings)
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors", "compile"),
        *("--select", node.name, "--target", project.target),
        *("--project-dir", str(project.root), "--target-path", str(folder)),
    ]
    if (project.root / "profiles.yml").exists() and "DBT_PROFILES_DIR" not in os.environ:
        command += ["--profiles-dir", str(project.root)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode != 0:
        raise ConfigError(f"dbt cannot compile {node.name}: {' '.join(run.stdout.split())}")
    return (folder / "compiled" / node.package / node.path).read_text(encoding="utf-8")


def _overview(project: Project, node: Node, moves: Mapping[str, Moves]) -> Overview:
    moved = moves.get(node.name, Moves())
    syncs = tuple(sorted(_syncs_of(project, node)))
    were_in = moved.before + moved.entered
    declared = node.meta.get("cdp_turnover_pct")
    problems = []
    if moved.last_moved is None:
        problems.append("never built, or nobody was ever in")
    elif not moved.people:
        problems.append("empty")
    elif not moved.entered and not moved.exited:
        problems.append(f"stale: nobody came or went for {STALE_DAYS} days")
    if moved.days_over:
        problems.append(f"more left than its {declared:g} % on {moved.days_over} of 30 days")
    if not syncs:
        problems.append("no sync uses it")
    return Overview(
        segment=node.name,
        label=str(node.meta.get("cdp_label", node.name)),
        owner=str(node.meta.get("cdp_owner", "")),
        people=moved.people,
        entered_30_days=moved.entered,
        exited_30_days=moved.exited,
        turnover=moved.exited / were_in if were_in else None,
        declared_turnover=float(declared) / 100 if declared is not None else None,
        days_over=moved.days_over,
        last_moved=moved.last_moved,
        syncs=syncs,
        problems=tuple(problems),
    )


def _syncs_of(project: Project, node: Node) -> Iterator[str]:
    for exposure in project.exposures:
        if node.unique_id in exposure.parents and any(k.startswith("cdp_") for k in exposure.meta):
            yield exposure.name
