"""A point system that asks for what there is not stops before it scores anybody.

A project of one seed, one model and our macros, so that dbt builds it in seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb

from support.project import ROOT

PROJECT = """
name: cdp
profile: cdp
model-paths: [models]
macro-paths: [macros]
seed-paths: [seeds]
flags: {send_anonymous_usage_stats: false}
seeds: {cdp: {points: {+column_types: {value: text}}}}
vars: {cdp: {cdp_reference: {lead_points: cdp.points}}}
"""
MODEL = """
{%- set columns = {'orders_lifetime': 'integer', 'job_title': 'text'} %}
{{ cdp_check_points('lead_points', columns) }}
with people as (select 'p1' as profile_id, 3 as orders_lifetime, 'Owner' as job_title)
{{ cdp_points(cdp_reference('lead_points'), 'people', 'profile_id', columns) }}
"""
HEADER = "rule_id,column_name,operator,value,points,reason\n"
GOOD = "buys,orders_lifetime,at_least,3,10,Buys\ndecides,job_title,one_of,owner|head,5,Decides\n"
BAD = """typo,orders_liftime,at_least,3,10,Buys
words,job_title,at_least,3,10,Words are no number
empty,orders_lifetime,at_most,few,10,Few is none either
sql,"job_title) from people; drop table people; --",is_known,,10,No SQL
"""


def build(folder: Path, rules: str) -> subprocess.CompletedProcess[str]:
    (folder / "seeds" / "points.csv").write_text(HEADER + rules)
    return subprocess.run(
        [Path(sys.executable).with_name("dbt"), "build", "--profiles-dir", ROOT],
        cwd=folder,
        env=os.environ | {"CDP_DUCKDB_PATH": str(folder / "warehouse.duckdb")},
        capture_output=True,
        text=True,
    )


def scored(folder: Path) -> list[tuple[str, int]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("select rule_id, points from cdp.scores order by 1").fetchall()


def test_rules_that_mean_nothing_are_named_and_nothing_is_published(
    tmp_path: Path, clean_environment: None
) -> None:
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "macros").symlink_to(ROOT / "macros")
    for folder in ("models", "seeds"):
        (tmp_path / folder).mkdir()
    (tmp_path / "models" / "scores.sql").write_text("{{ config(materialized='table') }}" + MODEL)

    run = build(tmp_path, GOOD)
    assert run.returncode == 0, run.stdout
    assert scored(tmp_path) == [("buys", 10), ("decides", 5)]

    run = build(tmp_path, GOOD + BAD)
    assert run.returncode == 1
    told = " ".join(run.stdout.split())
    assert "The seed lead_points has 4 rules that mean nothing" in told
    assert "typo asks for 'orders_liftime'" in told
    assert "did you mean orders_lifetime?" in told
    assert "words compares 'job_title' as a number" in told
    assert "empty compares 'orders_lifetime' as a number" in told
    assert "sql asks for" in told
    assert scored(tmp_path) == [("buys", 10), ("decides", 5)]
