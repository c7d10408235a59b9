"""The report's figures, worked out by hand over the made-up public tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp.activation.ledger import Ledger
from cdp.report import write_report
from support.project import Outcome, Project
from support.public_tables import HOSTILE, PEOPLE

NOW = datetime(2018, 1, 1, 6)


@pytest.fixture
def facts(filled_project: Project) -> dict[str, Any]:
    out = filled_project.scratch / "report.html"
    return write_report(filled_project.directory, filled_project.target, out)


def test_records_become_people(facts: dict[str, Any]) -> None:
    assert facts["sources"]["people"] == 200
    assert facts["sources"]["visitors"] == 40
    assert facts["sources"]["records"] == 240 * 2 + 120 * 3 + 80
    [largest, *_] = facts["sources"]["by_source"]
    assert largest == {"source": "shopify", "records": 480, "profiles": 240}


def test_visitors_count_as_nobody_known_in_several_systems(facts: dict[str, Any]) -> None:
    assert facts["breadth"]["by_breadth"] == [
        {"sources": 1, "people": 80},
        {"sources": 2, "people": 120},
    ]


def test_only_the_winning_value_completes_an_attribute(facts: dict[str, Any]) -> None:
    assert facts["completeness"]["attributes"] == [
        {"name": "first_name", "people": 200},
        {"name": "email", "people": 160},
    ]


def test_the_rfm_map_holds_every_buyer_and_all_revenue(facts: dict[str, Any]) -> None:
    assert facts["rfm"]["people"] == PEOPLE
    assert facts["rfm"]["revenue"] == 10 * PEOPLE * (PEOPLE + 1) / 2


def test_segment_overlaps_are_counted_once_a_pair(facts: dict[str, Any]) -> None:
    pairs = {(row["segment"], row["other"]): row["people"] for row in facts["segments"]["overlaps"]}
    assert pairs == {
        ("seg_all", "seg_even"): 120,
        ("seg_all", "seg_thirds"): 80,
        ("seg_even", "seg_thirds"): 40,
    }


def test_segments_tell_their_last_days_and_flows(facts: dict[str, Any]) -> None:
    segments = {row["segment"]: row["days"] for row in facts["segments"]["segments"]}
    assert facts["segments"]["days"] == ["2017-12-31"], "what is older than 30 days is not shown"
    assert segments["seg_even"] == [{"size": 120, "entered": 10, "exited": 30, "is_over": True}]
    assert not segments["seg_thirds"][0]["is_over"], "nothing declared, nothing exceeded"
    assert {row["segment"]: row["to_mend"] for row in facts["segments"]["segments"]} == {
        "seg_all": [],
        "seg_even": ["more left than may"],
        "seg_thirds": ["nobody came or went for 30 days", "no sync uses it"],
        "seg_nobody": ["empty"],
    }
    assert facts["segments"]["segments"][0]["stability"] == 0.9
    assert facts["segments"]["flows"] == [{"from": "Even", "to": "Thirds", "people": 10}]


def test_silence_is_no_consent(facts: dict[str, Any]) -> None:
    assert facts["consent"]["purposes"] == [
        {"purpose": "marketing_email", "granted": 64, "refused": 16}
    ]


def test_freshness_counts_from_the_platforms_clock(facts: dict[str, Any]) -> None:
    assert facts["now"] == "2018-01-01 06:00"
    assert facts["freshness"]["sources"][0]["ago"] == "31 days ago"
    assert len(facts["freshness"]["months"]) == 15


def test_a_sync_shows_its_last_run_and_all_that_it_ever_delivered(filled_project: Project) -> None:
    warehouse = filled_project.open()
    Ledger(warehouse).ensure()
    for number, sent, withheld in ((1, 30, '{"no_consent": 9}'), (2, 5, '{"no_consent": 7}')):
        warehouse.execute(
            "insert into cdp_state.cdp_sync_runs (run_id, run_number, sync, place, status, "
            "succeeded, rejected, withheld, withheld_reasons, started_at) "
            "values (?, ?, 'a_to_b', 'files:out', 'partial', ?, 1, 7, ?, ?)",
            (f"a#{number}", number, sent, withheld, NOW),
        )
        warehouse.execute(
            "insert into cdp_state.cdp_sync_ledger (run_id, run_number, sync, place, entity_id, "
            "status, code) values (?, ?, 'a_to_b', 'files:out', 'x', 'rejected', 'bad_email')",
            (f"a#{number}", number),
        )
    warehouse.close()
    out = filled_project.scratch / "report.html"
    deliveries = write_report(filled_project.directory, filled_project.target, out)["deliveries"]
    [sync] = deliveries["syncs"]
    assert (sync["sent"], sync["withheld"], sync["runs"], sync["state"]) == (35, 7, 2, "warn")
    assert deliveries["reasons"] == [
        {"reason": "no_consent", "rows": 7, "by": "withheld here"},
        {"reason": "bad_email", "rows": 1, "by": "refused there"},
    ]


def test_merges_are_measured_where_the_truth_is_known(filled_duckdb: Project) -> None:
    truth = filled_duckdb.scratch / "truth.parquet"
    labels = [("shopify", f"shopify-{n}-{k}", f"person {n}") for n in (1, 2) for k in (1, 2)]
    labels.append(("shopify", "shopify-3-1", "person 1"))
    columns = dict(
        zip(("source", "record_id", "person_id"), zip(*labels, strict=True), strict=True)
    )
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), truth)
    out = filled_duckdb.scratch / "report.html"
    facts = write_report(filled_duckdb.directory, filled_duckdb.target, out, truth)
    assert facts["merges"]["truth"]["pairwise_precision"] == 1.0
    assert facts["merges"]["truth"]["pairwise_recall"] == 0.5  # 2 of 4 pairs
    assert "50.0%" in out.read_text()


def test_without_truth_the_report_says_how_to_supply_it(report_page: Path) -> None:
    assert "cdp report --truth labels.parquet" in report_page.read_text()


def test_before_the_first_build_every_section_says_what_to_do(duckdb_project: Project) -> None:
    duckdb_project.open().close()
    out = duckdb_project.scratch / "report.html"
    facts = write_report(duckdb_project.directory, duckdb_project.target, out)
    assert facts["sources"] == {"absent": ["cdp.cdp_identity_map", "cdp.cdp_profiles"]}
    assert "Nothing here yet. Run cdp quality" in out.read_text()


def test_values_from_data_cannot_inject(report_page: Path) -> None:
    page = report_page.read_text()
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "<script" not in page


def test_the_page_names_nobody(report_page: Path) -> None:
    page = report_page.read_text()
    assert "@example.com" not in page
    assert "+1555" not in page


def test_json_carries_the_same_figures(
    filled_duckdb: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    out = filled_duckdb.scratch / "page.html"
    outcome = cdp_cli("report", "--out", out, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["sources"]["people"] == 200
    assert out.exists()
