"""The project as dbt parses it: which syncs are on where, and what their columns say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from activation.world import World
from cdp.activation import problems
from cdp.activation.check import syncs
from cdp.errors import ConfigError
from cdp.project import load_project, parsing_folder

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.usefixtures("clean_environment")
def test_the_examples_are_sound_and_on_in_the_demo_alone() -> None:
    project = load_project(ROOT, "demo")
    assert problems(project) == []
    specs = syncs(project)
    assert len(specs) >= 4
    assert any(spec.is_sandboxed for spec in specs)
    assert {spec.destination for spec in specs} == {"files"}
    profiles = project.node("cdp_profiles")
    assert profiles is not None
    assert profiles.columns["email"].is_pii
    assert project.node("cdp.cdp_consents") is not None
    assert {"marketing_email", "advertising", "service"} <= project.purposes().keys()


@pytest.mark.usefixtures("clean_environment")
def test_a_small_project_is_parsed_again_when_a_file_changes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "profiles.yml").write_text((ROOT / "profiles.yml").read_text())
    (project / "dbt_project.yml").write_text(
        "name: cdp\nversion: 1.0.0\nprofile: cdp\nmodel-paths: [models]\n"
        "flags: {send_anonymous_usage_stats: false}\n"
        "vars: {cdp_live_targets: [prod], cdp: {cdp_share_columns: {}}}\n"
    )
    model = project / "models" / "seg_a.sql"
    model.write_text("select 1 as profile_id")
    first = load_project(project, "demo")
    assert (first.node("seg_a") is not None, first.is_live) == (True, False)
    assert load_project(project, "prod").is_live
    model.rename(model.with_name("seg_b.sql"))
    os.utime(model.with_name("seg_b.sql"))
    assert load_project(project, "demo").node("seg_b") is not None
    (project / "models" / "seg_c.sql").write_text("select * from {{ ref('nothing') }}")
    with pytest.raises(ConfigError, match="dbt cannot parse the project"):
        load_project(project, "demo")


@pytest.mark.usefixtures("clean_environment")
def test_another_schema_prefix_is_another_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parsing_folder(ROOT, "demo", {})
    monkeypatch.setenv("CDP_SCHEMA_PREFIX", "ada")
    assert parsing_folder(ROOT, "demo", {}) != before


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no dbt_project\.yml"):
        load_project(tmp_path, "demo")


def test_columns_of_a_joined_model_keep_their_word(duckdb_world: World) -> None:
    project = duckdb_world.project
    profiles = project.nodes["model.cdp.cdp_profiles"]
    assert project.shares(profiles, "email")
    assert not project.shares(profiles, "secret")
    assert not project.shares(profiles, "undocumented")
