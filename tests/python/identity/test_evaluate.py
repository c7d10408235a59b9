from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp.identity import compare
from conftest import Project


def keyed(groups: str) -> dict[tuple[str, str], str]:
    """ "ab|c" -> records a and b in one group, c in another."""
    return {
        ("crm", record): str(number)
        for number, group in enumerate(groups.split("|"))
        for record in group
    }


@pytest.mark.parametrize(
    ("found", "truth", "pairwise", "b_cubed"),
    [
        ("ab|cd", "ab|cd", (1, 1), (1, 1)),
        ("abcd", "ab|cd", (1 / 3, 1), (1 / 2, 1)),
        ("a|b|cd", "ab|cd", (1, 1 / 2), (1, 3 / 4)),
        ("a|b", "ab", (1, 0), (1, 1 / 2)),
        ("abc|d", "ab|cd", (1 / 3, 1 / 2), (2 / 3, 3 / 4)),
        ("cd", "ab|cd", (1, 1 / 2), (1, 3 / 4)),  # a and b are not in the map
    ],
)
def test_compare(
    found: str, truth: str, pairwise: tuple[float, float], b_cubed: tuple[float, float]
) -> None:
    quality = compare(keyed(found), keyed(truth))
    assert (quality.pairwise_precision, quality.pairwise_recall) == pytest.approx(pairwise)
    assert (quality.b_cubed_precision, quality.b_cubed_recall) == pytest.approx(b_cubed)


def test_compare_counts() -> None:
    quality = compare(keyed("abc|d"), keyed("ab|cd|e"))
    assert (quality.records, quality.unmapped, quality.people) == (5, 1, 3)
    assert (quality.profiles, quality.mixed_profiles, quality.largest_profile) == (3, 1, 3)


def write(path: Path, **columns: list[str]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def mapped(duckdb_project: Project) -> Project:
    warehouse = duckdb_project.open()
    warehouse.execute("create schema cdp")
    warehouse.execute(
        'create table "cdp"."cdp_identity_map" as select * from (values '
        "('crm', 'a', 'p1', true), ('crm', 'b', 'p1', true), ('crm', 'c', 'p2', false)"
        ") as rows(source, record_id, profile_id, is_person)"
    )
    warehouse.close()
    return duckdb_project


def test_command_prints_the_figures(mapped: Project, cdp_cli: Callable[..., Any]) -> None:
    truth = write(
        mapped.scratch / "t.parquet", source=["crm"] * 2, record_id=["a", "b"], person_id=["1", "2"]
    )
    outcome = cdp_cli("identity", "quality", "--truth", truth)
    assert outcome.exit_code == 0
    assert "mixed profiles                1" in outcome.stdout


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"source": ["crm"], "record_id": ["a"]}, "with the columns source, record_id, person_id"),
        (
            {"source": ["crm"] * 2, "record_id": ["a"] * 2, "person_id": ["1", "2"]},
            "names a record more than once",
        ),
        (
            {"source": ["crm"], "record_id": ["z"], "person_id": ["1"]},
            "holds no record of that truth",
        ),
        ({}, "is no Parquet file"),
    ],
)
def test_bad_truth_is_one_sentence(
    mapped: Project, cdp_cli: Callable[..., Any], columns: dict[str, list[str]], message: str
) -> None:
    path = mapped.scratch / "t.parquet"
    if columns:
        write(path, **columns)
    outcome = cdp_cli("identity", "quality", "--truth", path)
    assert outcome.exit_code != 0
    assert message in outcome.stderr
    assert outcome.stdout == ""


def test_no_map_yet_says_what_to_run(duckdb_project: Project, cdp_cli: Callable[..., Any]) -> None:
    truth = write(
        duckdb_project.scratch / "t.parquet", source=["crm"], record_id=["a"], person_id=["1"]
    )
    outcome = cdp_cli("identity", "quality", "--truth", truth)
    assert outcome.exit_code == 3
    assert "Run dbt build first" in outcome.stderr
