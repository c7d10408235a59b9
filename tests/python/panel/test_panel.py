"""The control panel: every mistake is one sentence with the key and the nearest name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp import clock
from cdp.errors import ConfigError
from cdp.panel import problems
from support.project import ROOT, Outcome, Project


def own_project(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """This project with another control panel."""
    for name in ("models", "macros", "seeds", "profiles.yml"):
        (folder / name).symlink_to(ROOT / name)
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    change(settings["vars"]["cdp"])
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    return folder


def host_project(folder: Path, panel: dict[str, Any]) -> Path:
    """Somebody else's project that installed this one."""
    (folder / "dbt_packages").mkdir()
    (folder / "dbt_packages/cdp").symlink_to(ROOT)
    (folder / "models").mkdir()
    (folder / "models/stg_loyalty__members.sql").write_text("select 1 as id")
    settings = {"name": "shop", "profile": "shop", "vars": panel}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    return folder


def test_a_name_under_the_package_wins_as_in_dbt(tmp_path: Path) -> None:
    host = host_project(tmp_path, {"cdp_timezone": "Asia/Tokyo", "cdp": {"cdp_timezone": "UTC"}})
    assert clock.project_vars(host)["cdp_timezone"] == "UTC"


@pytest.mark.usefixtures("clean_environment")
def test_a_host_has_the_defaults_it_does_not_set(tmp_path: Path) -> None:
    host = host_project(tmp_path, {"cdp_timezone": "Asia/Tokyo"})
    assert clock.project_vars(host)["cdp_timezone"] == "Asia/Tokyo"
    assert clock.now(host, "demo") == clock.now(ROOT, "demo")


def test_the_shipped_control_panel_is_sound() -> None:
    assert problems(ROOT) == []


Change = Callable[[dict[str, Any]], Any]

MISTAKES: dict[str, tuple[Change, str]] = {
    "an unknown var": (
        lambda panel: panel.update(cdp_inputz={}),
        "vars: cdp: cdp_inputz is read by nothing. Did you mean 'cdp_inputs'?",
    ),
    "an unknown rule of survivorship": (
        lambda panel: panel["cdp_attributes"]["gender"].update(rule="most_recnt"),
        "cdp_attributes.gender.rule is 'most_recnt'. Did you mean 'most_recent'?",
    ),
    "a confidence above certainty": (
        lambda panel: panel["cdp_attributes"]["gender"].update(min_confidence=50),
        "cdp_attributes.gender.min_confidence is '50'. Use a number from 0 to 1.",
    ),
    "a partner that is no source": (
        lambda panel: panel.update(cdp_second_party_sources=["partners"]),
        "cdp_second_party_sources: there is no source 'partners'. Did you mean 'partner'?",
    ),
    "an unknown contract": (
        lambda panel: panel["cdp_inputs"].update(peeple=[]),
        "cdp_inputs takes no 'peeple'. Did you mean 'people'?",
    ),
    "a model without its package": (
        lambda panel: panel["cdp_inputs"].update(orders=["stg_shopify__orders"]),
        "cdp_inputs.orders[0] is 'stg_shopify__orders'. Write it as package.model.",
    ),
    "a model that does not exist": (
        lambda panel: panel["cdp_inputs"].update(orders=["cdp.stg_shopify__oders"]),
        "cdp_inputs.orders[0]: there is no model 'stg_shopify__oders' in cdp. "
        "Did you mean 'stg_shopify__orders'?",
    ),
    "a package that does not exist": (
        lambda panel: panel["cdp_traits"].append("shop.prf_traits__x"),
        "names the package 'shop'. There are: cdp.",
    ),
    "a model listed twice": (
        lambda panel: panel["cdp_inputs"]["people"].append("cdp.stg_shopify__customers"),
        "lists cdp.stg_shopify__customers a second time",
    ),
    "no list": (
        lambda panel: panel["cdp_inputs"].update(orders="cdp.stg_shopify__orders"),
        "cdp_inputs.orders is no list",
    ),
    "an unknown source": (
        lambda panel: panel["cdp_sources"].update(shoppify={}),
        "cdp_sources.shoppify has no staging models. Did you mean 'shopify'?",
    ),
    "an unknown key of a source": (
        lambda panel: panel["cdp_sources"].update(shopify={"schema": "s"}),
        "cdp_sources.shopify takes no 'schema'. Did you mean 'schemas'?",
    ),
    "schemas that are no list": (
        lambda panel: panel["cdp_sources"].update(shopify={"schemas": "s"}),
        "cdp_sources.shopify.schemas is no list",
    ),
    "an unknown kind": (
        lambda panel: panel["cdp_identifier_types"]["email"].update(kind="fax"),
        "cdp_identifier_types.email.kind is 'fax'. Use one of: email, phone, text.",
    ),
    "an identifier that no input has": (
        lambda panel: panel["cdp_identifier_types"].update(emial={"kind": "email"}),
        "cdp_identifier_types.emial: no model that cdp_inputs lists has this identifier. "
        "Did you mean 'email'? Name it in the cdp_identifiers of one, or take it out.",
    ),
    "an unknown key of an attribute": (
        lambda panel: panel["cdp_attributes"]["email"].update(rules="x"),
        "cdp_attributes.email takes no 'rules'. Did you mean 'rule'?",
    ),
    "a seed that does not exist": (
        lambda panel: panel["cdp_reference"].update(purposes="cdp.cdp_purpose"),
        "cdp_reference.purposes: there is no seed 'cdp_purpose' in cdp. "
        "Did you mean 'cdp_purposes'?",
    ),
    "a segment that is not listed": (
        lambda panel: panel["cdp_segments"].remove("cdp.seg_win_back"),
        "cdp_segments does not list models/segments/seg_win_back.sql. Add cdp.seg_win_back",
    ),
    "an exclusion that is no segment": (
        lambda panel: panel.update(cdp_segment_exclusions=["cdp.seg_win_bak"]),
        "cdp_segment_exclusions[0]: cdp_segments does not list cdp.seg_win_bak. "
        "Did you mean 'cdp.seg_win_back'?",
    ),
    "a conversion of no kind": (
        lambda panel: panel["cdp_conversions"].update(order={"contract": "orders"}),
        "cdp_conversions.order has no kind. Name a kind of cdp_timeline",
    ),
    "an unknown key of a conversion": (
        lambda panel: panel["cdp_conversions"]["order"].update(window=30),
        "cdp_conversions.order takes no 'window'. Did you mean 'window_days'?",
    ),
    "a model of credit": (
        lambda panel: panel.update(cdp_attribution_model="lst"),
        "cdp_attribution_model is 'lst'. Did you mean 'last'?",
    ),
    "a funnel of one step": (
        lambda panel: panel["cdp_funnels"].update(short={"steps": ["page_viewed"]}),
        "cdp_funnels.short.steps must list two kinds of cdp_timeline or more",
    ),
    "a timezone": (lambda panel: panel.update(cdp_timezone="Mars"), "cdp_timezone is 'Mars'"),
    "a currency": (
        lambda panel: panel.update(cdp_reporting_currency="usd"),
        "cdp_reporting_currency is 'usd'",
    ),
    "live targets": (
        lambda panel: panel.update(cdp_live_targets="prod"),
        "cdp_live_targets is no list",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(tmp_path: Path, mistake: str) -> None:
    change, sentence = MISTAKES[mistake]
    [found] = problems(own_project(tmp_path, change))
    assert found.startswith("dbt_project.yml: vars: ")
    assert sentence in found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    def change(panel: dict[str, Any]) -> None:
        MISTAKES["a timezone"][0](panel)
        MISTAKES["an unknown source"][0](panel)

    assert len(problems(own_project(tmp_path, change))) == 2


def test_a_host_project_lists_its_own_models_over_our_defaults(tmp_path: Path) -> None:
    panel = {
        "cdp": {
            "cdp_sources": {"shopify": {"schemas": ["fivetran_shopify"]}},
            "cdp_inputs": {"people": ["cdp.stg_shopify__customers", "shop.stg_loyalty__members"]},
            "cdp_segment": [],
        },
        "cdp_timezon": "UTC",
        "their_own": 1,
    }
    found = problems(host_project(tmp_path, panel))
    assert [re.findall(r"'(.+?)'", text) for text in found] == [["cdp_timezone"], ["cdp_segments"]]


@pytest.mark.parametrize(
    ("seed", "header"),
    [
        ("identifier_limits", "identifier_type,priority"),
        ("identifier_cardinality", "seen_with,max_values"),
    ],
)
def test_a_limit_on_a_type_that_nothing_has_is_named(
    tmp_path: Path, seed: str, header: str
) -> None:
    own_seed = {"cdp_reference": {seed: "shop.our_rules"}}
    host = host_project(tmp_path, {"cdp": own_seed | {"cdp_inputs": {}}})
    (host / "seeds").mkdir()
    (host / "seeds/our_rules.csv").write_text(f"{header}\nemail,1\nemial,2\n")
    [found] = problems(host)
    assert f"cdp_reference.{seed}: shop.our_rules has a row for 'emial'" in found
    assert "Did you mean 'email'?" in found


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: cdp\nvars: {cdp: [}\n")
    with pytest.raises(ConfigError, match=r"dbt_project\.yml line 2 is not valid YAML"):
        problems(tmp_path)
    with pytest.raises(ConfigError, match="has no dbt_project"):
        problems(tmp_path / "nowhere")


def test_the_commands_stop_before_dbt_starts(
    duckdb_project: Project, cdp_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    own_project(folder, MISTAKES["an unknown source"][0])
    for command in ("check", "build"):
        outcome = cdp_cli(command, directory=folder)
        assert outcome.exit_code == 2
        assert "shoppify" in outcome.stdout + outcome.stderr


def test_a_clock_that_tells_no_time_stops_every_command(
    duckdb_project: Project, cdp_cli: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_NOW", "yesterday")
    for command in ("check", "build", "audit"):
        outcome = cdp_cli(command)
        assert outcome.exit_code == 2
        assert outcome.stderr.count("\n") == 1
        assert "The clock is set to 'yesterday'" in outcome.stderr


def test_what_dbt_cannot_parse_is_one_sentence(
    duckdb_project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    outcome = cdp_cli("--target", "nowhere", "ledger")
    assert outcome.exit_code == 2
    assert "does not have a target named 'nowhere'" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not re.search(r"\d\d:\d\d:\d\d|Encountered", outcome.stderr)


def test_a_path_that_cannot_be_used_is_named(
    cdp_cli: Callable[..., Outcome], tmp_path: Path
) -> None:
    (tmp_path / "dbt_project.yml").mkdir()
    outcome = cdp_cli("check", directory=tmp_path)
    assert outcome.exit_code == 1
    assert outcome.stderr.count("\n") == 1
    assert "dbt_project.yml: Is a directory" in outcome.stderr


def test_a_build_on_a_held_file_stops_at_once(
    duckdb_project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    script = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, os.environ["CDP_DUCKDB_PATH"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        outcome = cdp_cli("build")
        holder.kill()
    assert outcome.exit_code == 3
    assert f"is open in another process (PID {holder.pid})" in outcome.stderr
    assert not Path(os.environ["DBT_TARGET_PATH"]).exists()


def test_state_is_dropped_only_when_meant(
    project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    opened = project.open()
    opened.execute("create schema cdp_state; create table cdp_state.kept (n integer)")
    opened.execute("insert into cdp_state.kept values (1), (2)")
    opened.close()
    assert cdp_cli("reset-state").exit_code == 4
    outcome = cdp_cli("reset-state", "--yes")
    assert (outcome.exit_code, outcome.stdout) == (0, "Dropped 1 tables with 2 rows.\n")
    assert cdp_cli("reset-state", "--yes").stdout == "Dropped 0 tables with 0 rows.\n"
