"""Matching switched on, off and on again, what it leaves undecided, and how to decide it."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cdp.identity.trial import panel
from identity.test_matching import people
from identity.test_matching_parity import DBT, OURS
from support.project import ROOT, Project

MODELS = ("+cdp_identity_map", "+cdp_identity_changes", "+cdp_identity_review")
COLUMNS = [*OURS, "national_id"]
SEED = ROOT / "seeds/models/cdp_match_parameters.csv"
# A. Tarn is as like Adam as Alice; two numbers of one state are two people, once limited.
UNDECIDED = [
    ["adam", "Adam", "Tarn", "1961-04-05", "Leeds", "20202", "5 Oak Road", None],
    ["alice", "Alice", "Tarn", "1988-10-27", "Leeds", "20202", "5 Oak Road", None],
    ["torn", "A.", "Tarn", None, "Leeds", "20202", None, None],
    ["one", "Wilma", "Zeller", "1977-07-08", "Dover", "30303", "9 Elm Way", "111"],
    ["two", "Wilma", "Zeller", "1977-07-08", "Dover", "30303", "9 Elm Way", "222"],
]
Profiles = Mapping[str, str]  # record id -> profile_id


def load(project: Project) -> None:
    rows = [[*row[: len(OURS)], None] for row in people(20)] + UNDECIDED
    warehouse = project.open()
    warehouse.execute("create schema labelled")
    warehouse.execute(
        f"create table labelled.people ({', '.join(f'{name} varchar' for name in COLUMNS)})"
    )
    listed = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    warehouse.append("labelled.people", pa.Table.from_pylist(listed, schema=schema))
    warehouse.close()


def live(project: Project, command: str, is_on: bool = True) -> Profiles:
    settings = panel(ROOT) | {"cdp_probable_matching": is_on}
    options = ["--exclude-resource-type", "test", "unit_test"] if command == "build" else []
    subprocess.run(
        [*DBT, command, "--quiet", "--profiles-dir", ".", "--target", project.target,
         "--vars", json.dumps(settings), "--select", *MODELS, *options],
        cwd=ROOT, check=True,
    )  # fmt: skip
    return dict(query(project, "select record_id, profile_id from cdp.cdp_identity_map"))


def query(project: Project, sql: str) -> Any:
    warehouse = project.open(read_only=True)
    rows = warehouse.query(sql)
    warehouse.close()
    return rows


def decide(project: Project, table: str, rows: list[dict[str, Any]]) -> None:
    warehouse = project.open()
    warehouse.append(f"cdp_internal.{table}", pa.Table.from_pylist(rows))
    warehouse.close()


def review(project: Project) -> dict[frozenset[str], tuple[str, str, str]]:
    """{two records: (why they are apart, the line that links them, the one that parts them)}."""
    rows = query(
        project,
        "select one_record_id, other_record_id, reason, line_to_link, line_to_unlink "
        "from cdp.cdp_identity_review",
    )
    return {frozenset((one, other)): tuple(rest) for one, other, *rest in rows}


def parameters(path: Path) -> dict[tuple[str, str], float]:
    """{(comparison, level): weight} of an exported model."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(row["comparison"], row["level"]): float(row["weight"]) for row in rows}


@pytest.mark.slow  # dbt starts four times
def test_ids_outlive_the_switch_and_lines_of_the_review_decide(
    duckdb_project: Project, cdp_cli: Callable[..., Any]
) -> None:
    load(duckdb_project)
    first = live(duckdb_project, "build")
    assert len(set(first.values())) < len(first) / 2
    assert first["one"] == first["two"]
    decide(
        duckdb_project,
        "cdp_identifier_limits",
        [{"identifier_type": "national_id", "priority": 10, "max_per_profile": 1}],
    )

    off = live(duckdb_project, "run", is_on=False)
    assert len(set(off.values())) == len(off)
    assert set(first.values()) < set(off.values())

    again = live(duckdb_project, "run")
    numbered = {"one", "two"}
    assert {key: again[key] for key in again.keys() - numbered} == {
        key: first[key] for key in first.keys() - numbered
    }
    undecided = review(duckdb_project)
    assert undecided[frozenset(numbered)][0] == (
        "one person may not hold both: max_per_profile: national_id"
    )
    reason, link, _ = undecided[frozenset(("torn", "adam"))]
    other_reason, _, unlink = undecided[frozenset(("torn", "alice"))]
    assert reason == other_reason == "a record could as well be somebody else"

    names = (ROOT / "seeds/reference/cdp_identity_overrides.csv").read_text().splitlines()[0]
    decide(duckdb_project, "cdp_identity_overrides", list(csv.DictReader([names, link, unlink])))
    decided = live(duckdb_project, "run")
    assert decided["torn"] == decided["adam"] == again["adam"]
    assert decided["alice"] == again["alice"]
    assert not any("torn" in records for records in review(duckdb_project))

    path = duckdb_project.scratch / "exported.csv"
    exported = cdp_cli("identity", "export", "--out", path)
    assert exported.exit_code == 0, exported.stderr
    assert parameters(path) == pytest.approx(parameters(SEED), rel=1e-5)
