"""A shop's own dbt project installs this one as a package: its tables, its segment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from support.project import ROOT


def dbt(folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        [Path(sys.executable).parent / "dbt", *arguments],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:]
    return run.stdout


def test_a_host_project_builds_profiles_from_its_own_tables(
    clean_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(ROOT / "tests" / "consumer", shop)
    monkeypatch.setenv("CDP_PACKAGE", str(ROOT))
    monkeypatch.setenv("CDP_DUCKDB_PATH", str(shop / "shop.duckdb"))

    dbt(shop, "deps", "--quiet")
    dbt(shop, "--warn-error", "build")

    with duckdb.connect(str(shop / "shop.duckdb"), read_only=True) as connection:
        people = connection.execute(
            "select first_name, revenue_lifetime, orders_lifetime from cdp.cdp_profiles "
            "order by revenue_lifetime desc"
        ).fetchall()
        big = connection.execute(
            "select profiles.first_name from cdp.cdp_segment_memberships as stays "
            "inner join cdp.cdp_profiles as profiles using (profile_id) "
            "where stays.segment = 'seg_big_baskets' and stays.is_current"
        ).fetchall()

    # Ada holds two club cards on one address; somebody bought without a card.
    assert [(name, float(revenue), orders) for name, revenue, orders in people] == [
        ("Ada", 200.50, 2),
        ("Grace", 15.25, 1),
        (None, 9.99, 1),
    ]
    assert big == [("Ada",)]

    # Names of the vocabulary that nothing has happened under are no mistake; others are.
    slips = "{cdp_funnels: {till: {steps: [product_viewed, order_plcaed]}}}"
    said = " ".join(dbt(shop, "run", "-s", "prf_funnel_people", "--vars", slips).split())
    assert "cdp_funnels.till: 1 of 2 steps (order_plcaed) are of a kind" in said
