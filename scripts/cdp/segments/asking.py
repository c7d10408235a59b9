"""Questions about segments as they stand in the warehouse: all of them, one, one person's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cdp.declared import read_packages
from cdp.errors import ConfigError
from cdp.identity.lookup import Lookup
from cdp.identity.places import Places
from cdp.project import Node, Project, load_project, parsing_folder
from cdp.segments.check import nearest
from cdp.segments.explain import Held, explain_audience, explain_exclusion
from cdp.segments.library import Library
from cdp.warehouse import Warehouse, open_warehouse, quoted, schema_name

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

_STALE_DAYS = 30
_SHOWN_DAYS = 30


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
class Day:
    """A day on which any segment moved: how many were in at its end, came and went."""

    day: date
    size: int
    entered: int
    exited: int


@dataclass(frozen=True)
class Flow:
    """People who left one segment for another on the same day, in 30 days."""

    segment: str
    people: int


@dataclass(frozen=True)
class Overlap:
    """People who are in both now; share: of the segment asked for, 0 to 1."""

    segment: str
    people: int
    share: float


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
        return [_overview(project, node, warehouse) for node in _segments(project).values()]


def detail(project_dir: Path, target: str, name: str) -> Detail:
    """One segment. Raises ConfigError for one that there is not."""
    project = load_project(project_dir, target)
    node = _segment(project, name)
    with _opened(project_dir, target) as warehouse:
        asking = _Asking(project, warehouse)
        return Detail(
            overview=_overview(project, node, warehouse),
            why=str(node.meta.get("cdp_why", "")),
            file=str(node.meta.get("cdp_audience") or node.path),
            sizes=tuple(asking.sizes(node.name)),
            came_from=tuple(asking.flows(node.name, "to_segment", "from_segment")),
            went_to=tuple(asking.flows(node.name, "from_segment", "to_segment")),
            overlaps=tuple(asking.overlaps(node.name)),
            stability=asking.stability(node.name),
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
        since = _Asking(project, warehouse).member_since(node.name, profile_id)
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


def _overview(project: Project, node: Node, warehouse: Warehouse) -> Overview:
    asking = _Asking(project, warehouse)
    people, entered, exited, last_moved, before = asking.moves(node.name)
    days_over = asking.days_over(node.name)
    syncs = tuple(sorted(_syncs_of(project, node)))
    turnover = exited / (before + entered) if before + entered else None
    declared = node.meta.get("cdp_turnover_pct")
    problems = []
    if last_moved is None:
        problems.append("never built, or nobody was ever in")
    elif not people:
        problems.append("empty")
    elif not entered and not exited:
        problems.append(f"stale: nobody came or went for {_STALE_DAYS} days")
    if days_over:
        problems.append(f"more left than its {float(declared or 0):g} % on {days_over} of the days")
    if not syncs:
        problems.append("no sync uses it")
    return Overview(
        segment=node.name,
        label=str(node.meta.get("cdp_label", node.name)),
        owner=str(node.meta.get("cdp_owner", "")),
        people=people,
        entered_30_days=entered,
        exited_30_days=exited,
        turnover=turnover,
        declared_turnover=float(declared) / 100 if declared is not None else None,
        days_over=days_over,
        last_moved=last_moved,
        syncs=syncs,
        problems=tuple(problems),
    )


def _syncs_of(project: Project, node: Node) -> Iterator[str]:
    for exposure in project.exposures:
        if node.unique_id in exposure.parents and any(k.startswith("cdp_") for k in exposure.meta):
            yield exposure.name


class _Asking:
    """The statements, over the public tables of one target."""

    def __init__(self, project: Project, warehouse: Warehouse) -> None:
        schema = schema_name("cdp", project.target)
        self._tables = {
            name: quoted(schema, f"cdp_{name}")
            for name in ("clock", "segment_memberships", "segment_stats", "segment_flows",
                         "segment_overlaps")
        }  # fmt: skip
        self._warehouse = warehouse

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return self._warehouse.query(sql.format(**self._tables), values)

    def moves(self, segment: str) -> tuple[int, int, int, date | None, int]:
        """(in now, entered and left in 30 days, the day of the last move, in before that)."""
        row: tuple[int, int, int, date | None, int] = self._rows(
            f"""
            select
                count(case when is_current then 1 end),
                count(case when entered_at > {_AGO} then 1 end),
                count(case when exited_at > {_AGO} then 1 end),
                cast(greatest(max(entered_at), max(exited_at)) as date),
                count(case when entered_at <= {_AGO} and {_IN_THEN} then 1 end)
            from {{segment_memberships}} as memberships
            cross join {{clock}} as clock
            where segment = ?
            """,  # noqa: S608 - ours
            segment,
        )[0]
        return row

    def days_over(self, segment: str) -> int:
        """The days of the last 30 on which more left than the segment declares."""
        ((days,),) = self._rows(
            "select count(*) from {segment_stats} as stats cross join {clock} as clock "  # noqa: S608
            f"where segment = ? and not is_within_turnover and day > cast({_AGO} as date)",
            segment,
        )
        return int(days)

    def sizes(self, segment: str) -> list[Day]:
        """The last days that saw a move, in order."""
        rows = self._rows(
            "select day, size, entered, exited from {segment_stats} where segment = ? "  # noqa: S608
            f"order by day desc limit {_SHOWN_DAYS}",
            segment,
        )
        return [Day(*row) for row in reversed(rows)]

    def flows(self, segment: str, this: str, other: str) -> list[Flow]:
        """The other ends of flows, the largest first."""
        rows = self._rows(
            f"select {other}, sum(people) from {{segment_flows}} as flows "  # noqa: S608
            f"cross join {{clock}} as clock where {this} = ? and flows.day > cast({_AGO} as date) "
            "group by 1 order by 2 desc, 1",
            segment,
        )
        return [Flow(name, int(people)) for name, people in rows]

    def overlaps(self, segment: str) -> list[Overlap]:
        """The other segments that its people are in, the most first."""
        rows = self._rows(
            "select other_segment, people, share_of_segment from {segment_overlaps} "
            "where segment = ? and other_segment <> segment order by 2 desc, 1",
            segment,
        )
        return [Overlap(*row) for row in rows]

    def stability(self, segment: str) -> float | None:
        """Of who was in 30 days ago, the share that is in now."""
        ((then, still),) = self._rows(
            f"""
            select
                count(distinct profile_id),
                count(distinct case when exited_at is null then profile_id end)
            from {{segment_memberships}} as memberships
            cross join {{clock}} as clock
            where segment = ? and entered_at <= {_AGO} and {_IN_THEN}
            """,  # noqa: S608 - ours
            segment,
        )
        return still / then if then else None

    def member_since(self, segment: str, profile_id: str) -> datetime | None:
        """When the stay that holds began."""
        rows = self._rows(
            "select entered_at from {segment_memberships} "
            "where segment = ? and profile_id = ? and is_current",
            segment, profile_id,
        )  # fmt: skip
        return rows[0][0] if rows else None


_AGO = f"(clock.now_at - interval '{_STALE_DAYS}' day)"
_IN_THEN = f"(exited_at is null or exited_at > {_AGO})"
