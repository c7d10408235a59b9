"""Mistakes in a sync's YAML: each one sentence that names the key, and nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from activation.world import FILES, World
from cdp.activation import problems
from cdp.activation.check import syncs
from cdp.errors import ConfigError
from cdp.project import Column

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"cdp_purpos": "x"}, "unknown key 'cdp_purpos'. Did you mean 'cdp_purpose'?"),
    ({"cdp_purpos": "service", "cdp_purpose": None}, "unknown key 'cdp_purpos'. Did you mean"),
    ({"cdp-mode": "mirror"}, "unknown key 'cdp-mode'. Did you mean 'cdp_mode'?"),
    ({"cdp_purpose": None}, "cdp_purpose is missing. Add it under config.meta."),
    ({"cdp_purpose": "marketing_mail"}, "unknown cdp_purpose 'marketing_mail'. Did you mean"),
    ({"cdp_mode": "mirrors"}, "unknown cdp_mode 'mirrors'. Did you mean 'mirror'?"),
    ({"cdp_mode": "update"}, "cdp_mode 'update' is not one that files has."),
    ({"cdp_destination": "file"}, "unknown cdp_destination 'file'. Did you mean 'files'?"),
    ({"cdp_object": "snapshots"}, "unknown cdp_object 'snapshots'. Did you mean 'snapshot'?"),
    ({"cdp_entity": "profiles"}, "unknown cdp_entity 'profiles'. Did you mean 'profile'?"),
    ({"cdp_max_delete_pct": "5"}, "cdp_max_delete_pct takes a whole number, not '5'."),
    ({"cdp_max_delete_pct": 101}, "cdp_max_delete_pct is 101. Use a share of 0 to 100."),
    ({"cdp_max_rows": True}, "cdp_max_rows takes a whole number, not True."),
    ({"cdp_max_age": "a day"}, "cdp_max_age is 'a day'. Use minutes, hours or days"),
    ({"cdp_match": ["mail"]}, "unknown cdp_match 'mail'. Did you mean 'email'?"),
    ({"cdp_primary": "lowest_id"}, "cdp_primary is of no use at this destination"),
    ({"cdp_match": [None]}, "cdp_match takes names, not None."),
    ({"cdp_after": [["x"]]}, "cdp_after takes names, not ['x']."),
    ({"cdp_max_age": "99999999999d"}, "cdp_max_age is '99999999999d'. Use minutes, hours"),
    ({"cdp_fields": []}, "cdp_fields takes a mapping, not []."),
    ({"cdp_fields": {5: "email"}}, "cdp_fields has a field called 5. Name it as"),
    ({"cdp_fields": {"x": {"template": "{email"}}}, "cdp_fields.x.template is '{email'. Write"),
    ({"cdp_options": {"pth": "a.csv"}}, "unknown key 'pth' in cdp_options of files. Did you"),
    ({"cdp_sandbox": {"path": "a.csv"}}, "cdp_sandbox is of no use: files writes to its own"),
    ({"cdp_match": []}, "cdp_match takes one field at this destination, not 0."),
    ({"cdp_fields": {"x": {"colum": "email"}}}, "cdp_fields.x takes a column, or one of"),
    ({"cdp_fields": {"x": {"column": "email", "hsh": "sha256"}}}, "unknown key 'hsh' in"),
    ({"cdp_fields": {"x": {"column": "email", "hash": "md5"}}}, "unknown cdp_fields.x.hash 'md5'"),
    ({"cdp_fields": {"x": {"value": float("nan")}}}, "cdp_fields.x.value is nan, which no tool"),
    ({"cdp_fields": {"x": "secret"}}, "sends the column 'secret', which may not leave"),
    ({"cdp_fields": {"x": "emial"}}, "sends the column 'emial', which may not leave"),
    ({"cdp_options": {"path": "a.csv", "pth": 1}}, "unknown key 'pth' in cdp_options of files."),
    ({"cdp_options": {}}, "cdp_options.path is missing: files needs it."),
    ({"cdp_options": {"path": "../a.csv"}}, "is a path inside, without '..'"),
    ({"cdp_options": {"path": "/etc/a.csv"}}, "is a path inside, without '..'"),
    ({"cdp_options": {"path": "a.xls"}}, "ends in neither .csv nor .parquet."),
]


@pytest.mark.parametrize(("change", "sentence"), MISTAKES)
def test_each_mistake_is_one_sentence(
    duckdb_world: World, change: dict[str, Any], sentence: str
) -> None:
    duckdb_world.meta = dict(FILES) | change
    found = problems(duckdb_world.project)
    assert len(found) == 1
    assert found[0].startswith("models/syncs/people_to_x.yml, sync people_to_x: ")
    assert sentence in found[0]
    with pytest.raises(ConfigError):
        syncs(duckdb_world.project)


@pytest.mark.parametrize("key", ["cdp_purpose", "cdp_mode", "cdp_destination", "cdp_fields"])
def test_what_a_sync_needs(duckdb_world: World, key: str) -> None:
    del duckdb_world.meta[key]
    assert f"{key} is missing. Add it under config.meta." in problems(duckdb_world.project)[0]


@pytest.mark.parametrize("target", ["demo", "prod"])
@pytest.mark.parametrize(
    ("sandbox", "sentence"),
    [
        ({"destination": "fils"}, "unknown cdp_sandbox.destination 'fils'. Did you mean 'files'?"),
        ({"destination": "files", "pth": "a"}, "unknown key 'pth' in cdp_sandbox of files."),
    ],
)
def test_a_sandbox_is_checked_on_every_target(
    duckdb_world: World, target: str, sandbox: dict[str, Any], sentence: str
) -> None:
    duckdb_world.target = target
    duckdb_world.meta |= {
        "cdp_destination": "webhook",
        "cdp_options": {"url": "https://x.example.com/hook", "secret_env": "X"},
        "cdp_sandbox": sandbox,
    }
    (found,) = problems(duckdb_world.project)
    assert sentence in found


def test_a_sound_sync_has_no_problems(duckdb_world: World) -> None:
    assert problems(duckdb_world.project) == []


def test_a_sync_needs_one_audience(duckdb_world: World) -> None:
    project = duckdb_world.project
    alone = replace(project.exposures[0], parents=("model.cdp.cdp_profiles",))
    (sentence,) = problems(replace(project, exposures=(alone,)))[:1]
    assert "depends_on must name one audience model" in sentence


@pytest.mark.parametrize("share", [12.5, -1, 101, "10", True])
def test_a_control_group_is_whole_per_cent(duckdb_world: World, share: object) -> None:
    duckdb_world.segment_meta = {"cdp_holdout_pct": share}
    (sentence,) = problems(duckdb_world.project)
    assert f"cdp_holdout_pct of seg_people is {share!r}. Use whole per cent" in sentence


def test_an_audience_that_keeps_a_column_to_itself_is_heard(duckdb_world: World) -> None:
    project = duckdb_world.project
    name = "model.cdp.seg_people"
    audience = project.nodes[name]
    columns = dict(audience.columns) | {"email": Column("email")}
    nodes = dict(project.nodes) | {name: replace(audience, columns=columns)}
    (problem,) = problems(replace(project, nodes=nodes))
    assert "sends the column 'email', which may not leave" in problem
    assert "in the YAML of seg_people" in problem


def test_a_host_may_share_a_column_of_its_own(duckdb_world: World) -> None:
    duckdb_world.meta["cdp_fields"] = {"x": "secret"}
    shared = {"cdp_share_columns": {"cdp.cdp_profiles": ["secret"]}}
    assert problems(replace(duckdb_world.project, vars=shared)) == []


def test_an_exposure_of_somebody_elses_is_no_sync(duckdb_world: World) -> None:
    dashboard = replace(duckdb_world.project.exposures[0], meta={"team": "bi"})
    assert syncs(replace(duckdb_world.project, exposures=(dashboard,))) == []


def test_a_column_that_is_gone_is_named_before_anything_is_sent(duckdb_world: World) -> None:
    duckdb_world.warehouse.execute("alter table cdp_segments.seg_people drop column orders")
    with pytest.raises(ConfigError, match=r"cdp_fields\.orders reads 'orders'"):
        duckdb_world.plan()
