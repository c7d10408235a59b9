"""Stays under random histories: the SQL that dbt renders against a few lines of Python.

dbt renders the incremental SQL of smb_stays once a warehouse; the runs then execute it as
dbt's delete+insert does, with the clock moved on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.warehouse import Warehouse
from support.project import ROOT, Project

CLOCK = "2001-01-01 00:00:00"
START = datetime(2018, 1, 1)
PEOPLE = "abcd"
NEWCOMERS = "ef"
SEGMENTS = ("seg_one", "seg_two")

Stay = tuple[str, str, datetime, datetime | None]


@dataclass(frozen=True)
class Run:
    """What happened before a run, and who is in a segment now.

    changes: (merge, loser, survivor): one person; (appear, new): split off, or back from
    where it went up; (erase, gone): no record is left; (forget, gone): nor are the stays.
    """

    changes: tuple[tuple[str, ...], ...]
    members: frozenset[tuple[str, str]]


@dataclass
class Oracle:
    """What the stays should be: per segment and person, stays in order."""

    stays: dict[tuple[str, str], list[list[datetime | None]]] = field(default_factory=dict)

    def merge(self, loser: str, survivor: str) -> None:
        for segment in SEGMENTS:
            lost = self.stays.pop((segment, loser), [])
            if lost:
                kept = self.stays.get((segment, survivor), [])
                self.stays[segment, survivor] = _united(kept + lost)

    def appear(self, new: str) -> None:
        """Nobody knows which half was in before: the stays stay where they are."""

    def erase(self, gone: str) -> None:
        """The next run ends what is open: nobody without records is a member."""

    def forget(self, gone: str) -> None:
        for segment in SEGMENTS:
            self.stays.pop((segment, gone), None)

    def run(self, members: frozenset[tuple[str, str]], now: datetime) -> None:
        for key, stays in self.stays.items():
            if stays[-1][1] is None and key not in members:
                stays[-1][1] = now
        for key in members:
            stays = self.stays.setdefault(key, [])
            if not stays or stays[-1][1] is not None:
                stays.append([now, None])

    def rows(self) -> list[Stay]:
        return sorted(
            (segment, person, entered, exited)
            for (segment, person), stays in self.stays.items()
            for entered, exited in stays
        )


def _united(stays: list[list[datetime | None]]) -> list[list[datetime | None]]:
    united: list[list[datetime | None]] = []
    for entered, exited in sorted(stays, key=lambda stay: stay[0]):
        if united and (united[-1][1] is None or entered <= united[-1][1]):
            if united[-1][1] is not None:
                united[-1][1] = None if exited is None else max(united[-1][1], exited)
        else:
            united.append([entered, exited])
    return united


class Stays:
    """The state table in a warehouse, advanced by the rendered SQL."""

    def __init__(self, warehouse: Warehouse, sql: str) -> None:
        self.warehouse, self.sql = warehouse, sql

    def begin(self) -> None:
        for table in ("cdp_state.smb_stays", "cdp_internal.smb_members"):
            self.warehouse.execute(f"delete from {table}")
        self.warehouse.execute("delete from cdp.cdp_identity_changes")

    def merge(self, loser: str, survivor: str) -> None:
        self.warehouse.execute(
            "update cdp.cdp_identity_changes set current_profile_id = ?"
            " where current_profile_id = ?",
            (survivor, loser),
        )
        self.warehouse.execute(
            "insert into cdp.cdp_identity_changes values ('merged', ?, ?)", (loser, survivor)
        )

    def appear(self, new: str) -> None:
        self.warehouse.execute(
            "update cdp.cdp_identity_changes set current_profile_id = ?"
            " where previous_profile_id = ?",
            (new, new),
        )

    def erase(self, gone: str) -> None:
        self.warehouse.execute(
            "update cdp.cdp_identity_changes set current_profile_id = null"
            " where current_profile_id = ?",
            (gone,),
        )

    def forget(self, gone: str) -> None:
        self.erase(gone)
        self.warehouse.execute("delete from cdp_state.smb_stays where profile_id = ?", (gone,))

    def run(self, members: frozenset[tuple[str, str]], now: datetime) -> int:
        """Rows written."""
        self.warehouse.execute("delete from cdp_internal.smb_members")
        for segment, person in members:
            self.warehouse.execute(
                "insert into cdp_internal.smb_members values (?, ?)", (segment, person)
            )
        self.warehouse.execute("drop table if exists delta")
        self.warehouse.execute(f"create table delta as {self.sql.replace(CLOCK, str(now))}")
        self.warehouse.execute(
            "delete from cdp_state.smb_stays where stay_id in (select stay_id from delta)"
        )
        self.warehouse.execute("insert into cdp_state.smb_stays select * from delta")
        written: int = self.warehouse.query("select count(*) from delta")[0][0]
        return written

    def rows(self) -> list[Stay]:
        found = self.warehouse.query(
            "select segment, profile_id, entered_at, exited_at from cdp_state.smb_stays"
            " where absorbed_into is null"
        )
        return sorted((row[0], row[1], _naive(row[2]), _naive(row[3])) for row in found)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=None) if moment else None


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def stays(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stays]:
    folder = tmp_path_factory.mktemp("stays")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("CDP_", "DBT_")):
                patch.delenv(name)
        settings_ = {"CDP_DUCKDB_PATH": str(folder / "warehouse.duckdb"), "CDP_NOW": CLOCK}
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            settings_ |= server.environment | {"CDP_PG_DATABASE": server.create_database()}
        for name, value in settings_.items():
            patch.setenv(name, value)
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        project = Project(ROOT, "demo", request.param, folder)
        make_tables(project)
        sql = render(folder)
        warehouse = project.open()
        yield Stays(warehouse, sql)
        warehouse.close()


def make_tables(project: Project) -> None:
    """Empty tables, so that dbt renders the incremental branch."""
    tables = {
        "cdp.cdp_identity_changes": (
            "change_type text, previous_profile_id text, current_profile_id text"
        ),
        "cdp_internal.smb_members": "segment text, profile_id text",
        "cdp_state.smb_stays": (
            "stay_id text, segment text, profile_id text, entered_at timestamp,"
            " exited_at timestamp, absorbed_into text"
        ),
    }
    warehouse = project.open()
    for name, columns in tables.items():
        warehouse.execute(f"create schema if not exists {name.split('.')[0]}")
        warehouse.execute(f"create table {name} ({columns})")
    warehouse.close()


def render(folder: Path) -> str:
    dbt = Path(sys.executable).with_name("dbt")
    run = subprocess.run(
        [dbt, "--quiet", "compile", "-s", "smb_stays", "--profiles-dir", str(ROOT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    sql = next(folder.glob("target/compiled/**/smb_stays.sql")).read_text()
    assert CLOCK in sql
    return sql


@st.composite
def histories(draw: st.DrawFn) -> list[Run]:
    living, away = set(PEOPLE), set(NEWCOMERS)
    runs = []
    for _ in range(draw(st.integers(1, 6))):
        changes = draw(changes_of(living, away))
        gone = {people[0] for kind, *people in changes if kind != "appear"}
        back = {people[0] for kind, *people in changes if kind == "appear"}
        living, away = living - gone | back, away - back | gone
        everybody = [(segment, person) for segment in SEGMENTS for person in sorted(living)]
        runs.append(Run(tuple(changes), frozenset(draw(st.sets(st.sampled_from(everybody))))))
    return runs


@st.composite
def changes_of(draw: st.DrawFn, living: set[str], away: set[str]) -> list[tuple[str, ...]]:
    """What one run tells: each person goes or comes once, and who takes somebody in stays."""
    shuffled = draw(st.permutations(sorted(living)))
    staying, leaving = shuffled[:2], shuffled[2 : 2 + draw(st.integers(0, 2))]
    changes = [("appear", new) for new in draw(st.lists(st.sampled_from(sorted(away)), max_size=2,
               unique=True) if away else st.just([]))]  # fmt: skip
    for person in leaving:
        kind = draw(st.sampled_from(["merge", "merge", "erase", "forget"]))
        survivor = (draw(st.sampled_from(staying)),) if kind == "merge" else ()
        changes.append((kind, person, *survivor))
    return changes


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories())
def test_stays_are_exact_whatever_becomes_of_people(stays: Stays, history: list[Run]) -> None:
    """Entries, exits, merges, splits, erasures and re-runs, in any order."""
    oracle = Oracle()
    stays.begin()
    for number, run in enumerate(history):
        now = START + timedelta(days=number)
        for kind, *people in run.changes:
            getattr(stays, kind)(*people)
            getattr(oracle, kind)(*people)
        oracle.run(run.members, now)
        stays.run(run.members, now)
        assert stays.rows() == oracle.rows()
        assert stays.run(run.members, now + timedelta(hours=1)) == 0, "a re-run writes nothing"


def test_one_person_again_goes_on_with_the_first_stay(stays: Stays) -> None:
    """a came in on day 1 and b on day 2; they turn out to be one, who leaves on day 4."""
    stays.begin()
    both = frozenset({("seg_one", "a"), ("seg_one", "b")})
    stays.run(frozenset({("seg_one", "a")}), START)
    stays.run(both, START + timedelta(days=1))
    stays.merge("a", "b")
    stays.run(frozenset({("seg_one", "b")}), START + timedelta(days=2))
    assert stays.rows() == [("seg_one", "b", START, None)]
    stays.run(frozenset(), START + timedelta(days=3))
    assert stays.rows() == [("seg_one", "b", START, START + timedelta(days=3))]


def test_who_comes_back_begins_a_new_stay(stays: Stays) -> None:
    stays.begin()
    inside = frozenset({("seg_one", "a")})
    for day, members in enumerate((inside, frozenset(), inside)):
        stays.run(members, START + timedelta(days=day))
    day = timedelta(days=1)
    assert stays.rows() == [
        ("seg_one", "a", START, START + day),
        ("seg_one", "a", START + 2 * day, None),
    ]


def test_a_clock_that_goes_back_changes_no_past(stays: Stays) -> None:
    """a came in tomorrow; today is run again, without her, then tomorrow once more."""
    stays.begin()
    inside = frozenset({("seg_one", "a")})
    tomorrow = START + timedelta(days=1)
    stays.run(inside, tomorrow)
    stays.run(frozenset(), START)
    assert stays.rows() == [("seg_one", "a", tomorrow, tomorrow)]
    stays.run(inside, tomorrow)
    assert stays.rows() == [("seg_one", "a", tomorrow, None)]
