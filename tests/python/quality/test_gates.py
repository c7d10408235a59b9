"""The gates, run as people run them: a process of its own, on DuckDB and on Postgres."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.project import ROOT, Project

GOOD = """
why: a test
tables:
  cdp.cdp_people:
    - expect_table_row_count_to_be_between: {min_value: 1}
    - expect_column_values_to_be_unique: {column: profile_id}
    - expect_column_values_to_be_between: {column: seen_at, max_value: now}
    - expect_column_max_to_be_between: {column: seen_at, min_value: now - 7 days}
    - expect_column_max_to_be_between: {column: seen_on, min_value: now - 7 days}
    - expect_column_max_to_be_between: {column: seen_with_zone, min_value: now - 7 days}
    - unexpected_rows_expectation:
        unexpected_rows_query: select 1 from {batch} where seen_as_text > '{now}'
  shopify.order:
    - expect_table_row_count_to_be_between: {min_value: 1}
"""
BAD = """
why: a test
tables:
  cdp.cdp_people:
    - expect_column_values_to_be_in_set:
        description: Everybody has one of the two levels
        column: level
        value_set: [low]
    - unexpected_rows_expectation:
        description: Nobody is called Canary
        unexpected_rows_query: select * from {batch} where email like 'canary%'
"""
FAULTY = """
why: a test
tables:
  cdp.cdp_people:
    - expect_column_values_to_not_be_null: {column: nowhere}
    - unexpected_rows_expectation:
        description: Emails are numbers
        unexpected_rows_query: select cast(email as integer) from {batch}
"""
PEOPLE = """
    create table {schema}.cdp_people as
    select profile_id, email, level, cast(seen as timestamp) as seen_at,
        cast(seen as date) as seen_on, cast(seen as timestamptz) as seen_with_zone,
        seen as seen_as_text
    from (
        select 'p1' as profile_id, 'canary@example.com' as email, 'low' as level,
            '2017-12-31T10:00:00Z' as seen
        union all
        select 'p2', 'other@example.com', 'high', '2017-12-01T10:00:00Z'
    ) as people
"""


@dataclass(frozen=True)
class Run:
    exit_code: int
    output: str
    gates: list[dict[str, Any]]
    docs: Path


@pytest.fixture
def host(project: Project) -> Path:
    return _host(project)


@pytest.fixture
def duckdb_host(duckdb_project: Project) -> Path:
    return _host(duckdb_project)


def _host(project: Project) -> Path:
    """A project of its own around the same warehouse, with one table."""
    folder = project.scratch / "host"
    (folder / "quality").mkdir(parents=True)
    for name in ("dbt_project.yml", "profiles.yml"):
        (folder / name).write_text((ROOT / name).read_text())
    warehouse = project.open()
    warehouse.execute("create schema if not exists cdp")
    warehouse.execute(PEOPLE.format(schema='"cdp"'))
    warehouse.close()
    return folder


def run(host: Path, **suites: str) -> Run:
    for name, text in suites.items():
        (host / "quality" / f"{name}.yml").write_text(text)
    docs = host / "docs"
    path = [os.environ.get("PYTHONPATH", ""), str(ROOT / "scripts")]
    done = subprocess.run(
        [sys.executable, "-m", "cdp", "--project-dir", host, "quality", "--json", "--docs", docs],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    gates = json.loads(done.stdout) if done.stdout else []
    return Run(done.returncode, done.stdout + done.stderr, gates, docs)


def results(project: Project) -> list[tuple[Any, ...]]:
    warehouse = project.open()
    rows = warehouse.query(
        "select suite, table_name, success, evaluated, failed, exceptions, failed_expectations "
        "from cdp_state.cdp_quality_results order by checked_at, suite, table_name"
    )
    warehouse.close()
    return rows


def test_bad_data_and_exceptions_are_told_apart_without_a_value(
    project: Project, host: Path
) -> None:
    done = run(host, bad=BAD, faulty=FAULTY, good=GOOD)
    assert done.exit_code == 3, done.output
    bad, faulty, good = results(project)
    said = "Everybody has one of the two levels; Nobody is called Canary"
    assert bad == ("bad", "cdp_people", False, 2, 2, 0, said)
    assert faulty[2:6] == (False, 2, 0, 2)
    assert "expect_column_values_to_not_be_null (nowhere): there is no such column" in faulty[6]
    assert good == ("good", "cdp_people", True, 7, 0, 0, None)
    assert_silent(done)


def test_exit_codes_and_results_of_several_runs(duckdb_host: Path, duckdb_project: Project) -> None:
    assert run(duckdb_host, good=GOOD).exit_code == 0
    assert run(duckdb_host, bad=BAD).exit_code == 1
    assert [row[0] for row in results(duckdb_project)] == ["good", "bad", "good"]


def test_a_table_missing_from_what_landed_is_an_empty_one(
    duckdb_host: Path, duckdb_project: Project
) -> None:
    warehouse = duckdb_project.open()
    warehouse.execute("create schema shopify")
    warehouse.execute("create table shopify.customer (id integer)")
    warehouse.close()
    (duckdb_host / "quality" / "raw.yml").write_text("tables: {}")
    assert run(duckdb_host, good=GOOD).exit_code == 1
    assert ("good", "shopify.order", False, 1, 1, 0) in [row[:6] for row in results(duckdb_project)]


def test_without_great_expectations_one_sentence_says_what_to_do(
    duckdb_host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "great_expectations.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run(duckdb_host, good=GOOD)
    assert done.exit_code == 2
    assert done.output == (
        "cdp: cdp quality needs Great Expectations. Install it: pip install 'dbt-cdp[quality]'.\n"
    )


def assert_silent(done: Run) -> None:
    written = [path.read_text(errors="ignore") for path in done.docs.rglob("*.html")]
    assert len(written) >= 2
    for text in [*written, done.output]:
        assert "canary@example.com" not in text
