"""The README's promise, kept by running it: `make` in a fresh copy of the repository."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from cdp.project import load_project
from cdp.segments.library import Library
from cdp.segments.running import running_compiler
from cdp.segments.spec import Audience
from segments.audience_world import World, belongs
from support.checkout import make

MF = Path(sys.prefix) / "bin" / "mf"
BY_HAND = (Path(__file__).parent / "metrics.sql").read_text(encoding="utf-8")


def query(checkout: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(checkout / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def rows(checkout: Path, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(checkout / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(sql)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def ledger(checkout: Path) -> Mapping[str, int]:
    """Rows acknowledged so far, by sync."""
    return dict(
        query(
            checkout,
            "select sync, count(*) from cdp_state.cdp_sync_ledger "
            "where status = 'acknowledged' group by sync",
        )
    )


def metrics(checkout: Path, *names: str, by: str = "") -> list[dict[str, str]]:
    """What `mf query` tells of the metrics, a row a value of `by`."""
    told = checkout / "metrics.csv"
    group = ["--group-by", by] if by else []
    run = subprocess.run(
        [MF, "query", "--metrics", ",".join(names), *group, "--csv", told],
        cwd=checkout, capture_output=True, text=True,
        env=os.environ | {"DBT_PROFILES_DIR": str(checkout)},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:]
    with told.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def merge_precision(checkout: Path) -> float:
    run = subprocess.run(
        [Path(sys.prefix) / "bin" / "cdp", "identity", "quality", "--json"],
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(json.loads(run.stdout)["pairwise_precision"])


def filled_segments(checkout: Path) -> set[str]:
    found = query(checkout, "select segment from cdp.cdp_segment_memberships where is_current")
    return {name for (name,) in found}


def test_make_delivers_once_and_then_only_what_changed(checkout: Path) -> None:
    make(checkout)
    first = ledger(checkout)
    assert len(first) >= 4, "the demo delivers at least four syncs"
    audiences = {path.stem for path in (checkout / "models" / "segments").glob("seg_*.sql")}
    assert filled_segments(checkout) == audiences, "no segment of the demo is empty"
    assert merge_precision(checkout) >= 0.995
    assert (checkout / "out" / "report.html").stat().st_size > 10_000
    assert (checkout / "out" / "cdp_read.duckdb").exists()

    make(checkout)
    assert ledger(checkout) == first, "a second run has nothing to send"

    make(checkout, DAY="2018-01-02")
    after = ledger(checkout)
    sent = sum(after.values()) - sum(first.values())
    assert 0 < sent < sum(first.values()), "a day later, only what changed is sent"


def test_shipped_segments_find_the_same_people_as_audiences(checkout: Path) -> None:
    """Three ways: the SQL by hand, the audience compiled, and the audience read by Python."""
    if not (checkout / "warehouse.duckdb").exists():
        make(checkout)
    files = sorted((checkout / "examples" / "audiences").glob("*.yml"))
    project = load_project(checkout, "demo")
    library = Library.read(project, files)
    listed = sorted(entry.removeprefix("cdp.seg_") for entry in project.vars["cdp_segments"])
    assert [file.stem for file in files] == listed
    world = World(profiles=rows(checkout, "select * from cdp.cdp_profiles"))
    for file in files:
        document = library.document(file)
        assert isinstance(document.content, Audience)
        sql = running_compiler(library.catalogue, "duckdb").audience(document.content)
        by_hand = query(checkout, f"select profile_id from cdp_segments.seg_{file.stem}")
        found = [row["profile_id"] for row in rows(checkout, sql)]
        assert sorted(found) == sorted(profile_id for (profile_id,) in by_hand), file.stem
        assert set(found) == belongs(yaml.safe_load(file.read_text("utf-8")), world), file.stem


def test_the_masked_copy_names_nobody(checkout: Path) -> None:
    if not (checkout / "out" / "cdp_read.duckdb").exists():
        make(checkout)
    with duckdb.connect(str(checkout / "warehouse.duckdb"), read_only=True) as warehouse:
        known = warehouse.execute(
            "select identifier_value from cdp.cdp_identifiers "
            "where identifier_type in ('email', 'phone') order by identifier_value"
        ).fetchall()[::20]
    with duckdb.connect(str(checkout / "out" / "cdp_read.duckdb"), read_only=True) as copy:
        columns = copy.execute(
            "select table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR'"
        ).fetchall()
        written = {
            f"{table}.{column}": "\n".join(
                value
                for (value,) in copy.execute(
                    f'select distinct "{column}" from cdp."{table}" where "{column}" is not null'
                ).fetchall()
            )
            for table, column in columns
        }
    assert len(known) > 100
    assert len(written) > 20
    leaks = {name for name, text in written.items() if any(value in text for (value,) in known)}
    assert leaks == set()


@pytest.mark.skipif(not MF.exists(), reason="dbt-metricflow is not installed: the extra `metrics`")
def test_metrics_agree_with_sql_by_hand(checkout: Path) -> None:
    manifest = checkout / "target" / "semantic_manifest.json"
    if not (checkout / "out" / "cdp_read.duckdb").exists():
        make(checkout)
    names = [metric["name"] for metric in json.loads(manifest.read_text())["metrics"]]
    [[now]] = query(checkout, "select max(day) + interval 6 hour from cdp.cdp_support_metrics")
    [told] = metrics(checkout, *names)
    by_month = {
        row["profile__first_order_at__month"][:10]: float(row["cdp_revenue"])
        for row in metrics(checkout, "cdp_revenue", by="profile__first_order_at__month")
    }
    with duckdb.connect(str(checkout / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(BY_HAND, {"now": now})
        columns = [column[0] for column in found.description]
        by_hand = dict(zip(columns, *found.fetchall(), strict=True))
        cohorts = connection.execute(
            "select cast(cohort_month as varchar), cast(sum(revenue) as double) "
            "from cdp.cdp_cohorts group by cohort_month"
        ).fetchall()
    assert set(names) == set(by_hand), "every metric has its SQL"
    assert {name: float(value) for name, value in told.items()} == pytest.approx(
        {name: float(value) for name, value in by_hand.items()}, rel=1e-4
    )
    assert by_month == pytest.approx(dict(cohorts))
