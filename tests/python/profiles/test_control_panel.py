"""What the control panel says of attributes, traits and segments, and cannot mean.

A project of one model and our macros, so that dbt reads it in a second or two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import ROOT

PROJECT = """
name: cdp
profile: cdp
model-paths: [models]
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false}
vars: {cdp: {cdp_attributes: {}, cdp_segments: []}}
"""
MODEL = "select '{{ cdp_attribute_groups() | length }}' as a, '{{ cdp_segments() | length }}' as b"

NAME = {"group": "name", "rule": "most_complete"}
CASES = {
    "an unknown rule": (
        {"cdp_attributes": {"first_name": {"rule": "newest"}}},
        "vars: cdp_attributes.first_name.rule is 'newest'. Use one of: most_recent, "
        "source_priority, most_frequent, most_complete, verified_first.",
    ),
    "an unknown key": (
        {"cdp_attributes": {"first_name": NAME | {"weight": 2}}},
        "Unknown key 'weight' in vars: cdp_attributes.first_name. It takes: rule, group, "
        "sources, optional, half_life_days, min_confidence.",
    ),
    "a half-life of no days": (
        {"cdp_attributes": {"first_name": NAME | {"half_life_days": 0}}},
        "vars: cdp_attributes.first_name.half_life_days is '0'. Use a number from 1 to 36500.",
    ),
    "a group of two minds": (
        {"cdp_attributes": {"first_name": NAME, "last_name": NAME | {"rule": "most_recent"}}},
        "others of the group 'name' say 'most_complete'. A group survives by one rule.",
    ),
    "a priority without sources": (
        {"cdp_attributes": {"gender": {"rule": "source_priority"}}},
        "needs `sources: [first, second]`.",
    ),
    "no such attribute": (
        {"cdp_attributes": {"shoe_size": {"rule": "most_recent"}}},
        "vars: cdp_attributes.shoe_size is no column of the contract people.",
    ),
    "a segment without its package": (
        {"cdp_segments": ["seg_vips"]},
        "cdp_segments[0] is 'seg_vips'. Write it as package.model.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_sentence_says_what_to_do(
    case: str, tmp_path: Path, clean_environment: None
) -> None:
    variables, sentence = CASES[case]
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "macros").symlink_to(ROOT / "macros")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "settings.sql").write_text(MODEL)
    dbt = Path(sys.executable).with_name("dbt")
    run = subprocess.run(
        [dbt, "parse", "--profiles-dir", ROOT, "--vars", json.dumps(variables)],
        cwd=tmp_path,
        env=os.environ | {"CDP_DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")},
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert sentence in " ".join(run.stdout.split()), run.stdout
