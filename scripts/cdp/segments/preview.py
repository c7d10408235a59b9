"""Who an audience would find, before anything is built: how many, who comes and goes, what
marks them out, and what the query costs."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cdp.project import Column, Node, Project
from cdp.segments.documents import Document
from cdp.segments.library import Library
from cdp.segments.running import running_compiler, without_marks
from cdp.segments.spec import Audience
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["Cost", "Mark", "Preview", "preview"]

_PEOPLE = "cdp_preview"
_SHOWN_PEOPLE = 20
_SHOWN_MARKS = 12
_MOST_VALUES = 30  # a text with more is no category
_LEAST_PEOPLE = 5  # fewer share no trait, they are individuals
_NUMBERS = ("integer", "numeric", "float")


@dataclass(frozen=True)
class Mark:
    """A trait that they have more often, or less, than everyone. Shares are 0 to 1."""

    trait: str
    value: str
    share: float
    share_of_all: float

    @property
    def lift(self) -> float:
        """How many times as often; infinite where nobody else has it."""
        return self.share / self.share_of_all if self.share_of_all else math.inf


@dataclass(frozen=True)
class Cost:
    """What finding them took. cpu_seconds: of this process, none where the warehouse is
    another; rows: of the tables that it reads."""

    seconds: float
    cpu_seconds: float | None
    rows: int
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """members_now: of the segment as last built, none where it never was."""

    name: str
    people: int
    of_people: int
    members_now: int | None
    would_enter: int
    would_leave: int
    columns: tuple[str, ...]
    sample: tuple[tuple[Any, ...], ...]
    marks: tuple[Mark, ...]
    cost: Cost


def preview(
    project: Project, library: Library, document: Document, warehouse: Warehouse, step: int = 0
) -> Preview:
    """Runs the audience once, into a temporary table. step: which one of a waterfall.

    Raises WarehouseError where a table that it reads is not built.
    """
    name = document.models[step]
    excluded = project.exclusions(library.catalogue.segments[name])
    cost = _find(library, document, warehouse, step, excluded)
    profiles = library.catalogue.profiles
    ((people,),) = warehouse.query(f"select count(*) from {_PEOPLE}")  # noqa: S608
    ((everyone,),) = warehouse.query(f"select count(*) from {profiles.relation}")  # noqa: S608
    members = _members(project, name, warehouse)
    came, left = _moves(project, name, warehouse) if members is not None else (people, 0)
    columns, sample = _sample(library, document, warehouse)
    return Preview(
        name=name,
        people=people,
        of_people=everyone,
        members_now=members,
        would_enter=came,
        would_leave=left,
        columns=columns,
        sample=sample,
        marks=tuple(_marks(library, warehouse, people, everyone)),
        cost=cost,
    )


def _find(
    library: Library,
    document: Document,
    warehouse: Warehouse,
    step: int,
    excluded: Node | None,
) -> Cost:
    compiler = running_compiler(library.catalogue, warehouse.dialect)
    content = document.content
    if isinstance(content, Audience):
        sql = compiler.audience(content)
    else:
        sql = compiler.step(content, step)
    warehouse.execute(f"drop table if exists {_PEOPLE}")
    started, cpu = time.monotonic(), _cpu_seconds()
    warehouse.execute(f"create temporary table {_PEOPLE} as\n{without_marks(sql)}")
    if excluded:
        warehouse.execute(
            f"delete from {_PEOPLE} where profile_id in "  # noqa: S608 - relations
            f"(select profile_id from {excluded.relation})"
        )
    seconds, spent = time.monotonic() - started, _cpu_seconds() - cpu
    catalogue = library.catalogue
    known = (catalogue.profiles, *(thing.node for thing in catalogue.things.values()))
    read = [node for node in (*known, *catalogue.segments.values()) if node.relation in sql]
    rows = sum(
        warehouse.query(f"select count(*) from {node.relation}")[0][0]  # noqa: S608
        for node in read
    )
    is_here = warehouse.dialect == "duckdb"
    return Cost(seconds, spent if is_here else None, rows, tuple(node.name for node in read))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _members(project: Project, name: str, warehouse: Warehouse) -> int | None:
    schema = schema_name("cdp", project.target)
    if not warehouse.columns(schema, "cdp_segment_memberships"):
        return None
    known, now = warehouse.query(
        "select count(*), count(case when is_current then 1 end) "  # noqa: S608
        f"from {_memberships(project)} where segment = ?",
        (name,),
    )[0]
    return now if known else None


def _moves(project: Project, name: str, warehouse: Warehouse) -> tuple[int, int]:
    ((came, left),) = warehouse.query(
        f"""
        select
            count(case when members.profile_id is null then 1 end),
            count(case when people.profile_id is null then 1 end)
        from {_PEOPLE} as people
        full join (
            select profile_id from {_memberships(project)} where segment = ? and is_current
        ) as members
            on people.profile_id = members.profile_id
        """,  # noqa: S608 - relations
        (name,),
    )
    return came, left


def _memberships(project: Project) -> str:
    return quoted(schema_name("cdp", project.target), "cdp_segment_memberships")


def _sample(
    library: Library, document: Document, warehouse: Warehouse
) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    """Twenty people drawn by a hash: what names them is masked, as in `A.` and `…@x.org`."""
    known = library.catalogue.profiles.columns
    shown = {
        "first_name": "left(profiles.first_name, 1) || '.'",
        "last_name": "left(profiles.last_name, 1) || '.'",
        "email": "'…@' || split_part(profiles.email, '@', 2)",
    }
    columns = {name: sql for name, sql in shown.items() if name in known}
    if isinstance(document.content, Audience):
        for name in document.content.columns:
            column = f"profiles.{quoted(name)}"
            masked = f"case when {column} is not null then '…' end"
            columns[name] = masked if known[name].is_pii else column
    rows = warehouse.query(
        f"""
        select {", ".join(["people.profile_id", *columns.values()])}
        from {_PEOPLE} as people
        inner join {library.catalogue.profiles.relation} as profiles
            on people.profile_id = profiles.profile_id
        order by md5(people.profile_id)
        limit {_SHOWN_PEOPLE}
        """  # noqa: S608 - columns are quoted or ours
    )
    return ("profile_id", *columns), tuple(tuple(row) for row in rows)


def _marks(library: Library, warehouse: Warehouse, people: int, everyone: int) -> list[Mark]:
    """The traits whose share differs most beyond chance, by their z."""
    if not people or people == everyone:
        return []
    columns = [c for c in library.catalogue.profiles.columns.values() if not c.is_pii]
    relation = library.catalogue.profiles.relation
    found = [
        Mark(column.name, value, here / people, all_ / everyone)
        for column in columns
        for value, here, all_ in _shares(column, relation, warehouse)
        if here >= min(_LEAST_PEOPLE, people)
    ]
    ranked = sorted(found, key=lambda mark: (-_z(mark, people), mark.trait, mark.value))
    return [mark for mark in _one_a_trait(ranked) if mark.lift >= 1.1][:_SHOWN_MARKS]


def _z(mark: Mark, people: int) -> float:
    spread = math.sqrt(max(mark.share_of_all * (1 - mark.share_of_all), 1e-9) / people)
    return (mark.share - mark.share_of_all) / spread


def _one_a_trait(marks: Iterable[Mark]) -> Iterator[Mark]:
    seen: set[str] = set()
    for mark in marks:
        if mark.trait not in seen:
            seen.add(mark.trait)
            yield mark


def _shares(column: Column, relation: str, warehouse: Warehouse) -> list[tuple[str, int, int]]:
    """(value, people with it here, people with it of all). A number is `more than` what the
    lower three quarters of everyone have."""
    name = f"profiles.{quoted(column.name)}"
    if column.type == "boolean":
        value = f"case when {name} then 'yes' else 'no' end"
    elif column.type == "text":
        value = name
    elif column.type in _NUMBERS:
        ((bound,),) = warehouse.query(
            f"select percentile_disc(0.75) within group (order by {name}) "  # noqa: S608
            f"from {relation} as profiles"
        )
        if bound is None:
            return []
        value = f"case when {name} > {bound} then 'more than {float(bound):g}' end"
    else:
        return []
    rows = warehouse.query(
        f"""
        select {value} as value, count(people.profile_id), count(*)
        from {relation} as profiles
        left join {_PEOPLE} as people on profiles.profile_id = people.profile_id
        where {value} is not null
        group by 1
        order by 3 desc
        limit {_MOST_VALUES + 1}
        """  # noqa: S608 - the column is quoted, the bound a number of the warehouse
    )
    return [] if len(rows) > _MOST_VALUES else [(str(a), b, c) for a, b, c in rows]
