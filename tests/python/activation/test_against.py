"""What a change in the repository makes the syncs do: two states compared, then two builds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activation.world import FILES, Person, World
from cdp.activation.against import SyncChange, compare
from cdp.activation.spec import SyncSpec
from cdp.errors import ConfigError
from cdp.revision import checked_out
from support.project import ROOT, Outcome, Project

CROWD = [Person(f"p{number}", f"{number}@example.com", number) for number in range(6)]


def said(world: World, **meta: Any) -> SyncSpec:
    """The World's sync with other settings."""
    world.meta = dict(FILES) | meta
    return world.spec


def difference(world: World, before: SyncSpec | None, after: SyncSpec | None) -> SyncChange:
    return compare(before, after, world.ledger)


def test_rows_that_come_go_and_change(world: World) -> None:
    world.people([*CROWD[:5], replace(CROWD[5], consent="denied")])
    world.warehouse.execute(
        "create table cdp_segments.seg_later as select profile_id, orders + 1 as orders "
        "from cdp_segments.seg_people where profile_id <> 'p0' "
        "union all select profile_id, 0 from cdp.cdp_profiles where profile_id = 'p0' "
        "and email is null union all select 'p9', 1"
    )
    before = said(world)
    after = replace(before, audience=replace(before.audience, name="later", table="seg_later"))
    found = difference(world, before, after)
    assert (found.status, found.sent_before, found.sent_after) == ("changed", 5, 4)
    assert found.no_longer_sent == {"not in the segment": 1}
    assert (found.changed, found.changed_fields) == (4, {"orders": 4})
    assert found.withheld_before == {"objection": 1}
    assert found.withheld_after == {"no_consent": 1, "objection": 1}
    back = difference(world, after, before)
    assert back.newly_sent == {"not in the segment": 1}
    assert world.held() == set()


def test_a_mapping_and_a_purpose_are_named(world: World) -> None:
    world.people(CROWD)
    before = said(world, cdp_fields={"email": "email", "n": "orders"})
    fields = {"email": {"column": "email", "normalise": "lower"}, "m": {"value": "x"}}
    found = difference(world, before, said(world, cdp_fields=fields, cdp_max_rows=9))
    assert (found.changed, found.newly_sent, found.no_longer_sent) == (6, {}, {})
    assert found.changed_fields == {"email": 6, "m": 6, "n": 6}
    assert found.settings == {"cdp_max_rows": ("None", "9")}
    found = difference(world, before, said(world, cdp_purpose="advertising"))
    assert found.no_longer_sent == {"no_consent": 6}
    assert found.settings == {"cdp_purpose": ("marketing_email", "advertising")}


def test_the_same_is_the_same_and_a_new_sync_is_new(world: World) -> None:
    world.people(CROWD)
    spec = said(world)
    assert difference(world, spec, spec).status == "same"
    new, gone = difference(world, None, spec), difference(world, spec, None)
    assert (new.status, new.sent_after, sum(new.newly_sent.values())) == ("new", 6, 6)
    assert (gone.status, gone.sent_before, sum(gone.no_longer_sent.values())) == ("gone", 6, 6)


# --- with git and dbt ---------------------------------------------------------------------

MODELS = {
    "cdp_profiles": "select 'p' || id as profile_id, 'Ann' as first_name from {{ ref('people') }}",
    "cdp_consents": "select 'p' || id as profile_id, 'news' as purpose, 'email' as channel, "
    "'granted' as status, timestamp '2018-01-01' as since from {{ ref('people') }} where id < 4",
    "cdp_clock": "select timestamp '2018-01-01 06:00:00' as now",
    "seg_many": "select profile_id from {{ ref('cdp_profiles') }} where profile_id <> 'p1'",
}
SYNC = """
models:
  - name: cdp_profiles
    columns:
      - {name: first_name, config: {meta: {cdp_share: true}}}
exposures:
  - name: many_to_files
    type: application
    owner: {name: x, email: x@example.com}
    depends_on: [ref('seg_many'), ref('cdp_profiles')]
    config:
      meta:
        cdp_destination: files
        cdp_mode: mirror
        cdp_purpose: news
        cdp_fields: {name: first_name}
        cdp_options: {path: out/many.csv}
"""


@pytest.fixture
def shop(duckdb_project: Project) -> Path:
    """A dbt project of three models and a sync, committed."""
    folder = duckdb_project.scratch / "shop" / "dbt"
    for place in ("models", "seeds", "macros"):
        (folder / place).mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "{name: cdp, profile: cdp, models: {+materialized: table}, "
        "flags: {send_anonymous_usage_stats: false}}"
    )
    for name, sql in MODELS.items():
        (folder / "models" / f"{name}.sql").write_text(sql)
    (folder / "models" / "syncs.yml").write_text(SYNC)
    (folder / "seeds" / "people.csv").write_text("id\n1\n2\n3\n4\n")
    (folder / "seeds" / "cdp_purposes.csv").write_text(
        "purpose,legal_basis,channels\nnews,consent,\n"
    )
    (folder / "profiles.yml").write_bytes((ROOT / "profiles.yml").read_bytes())
    name = "macros/config/generate_schema_name.sql"
    (folder / "macros" / "generate_schema_name.sql").write_bytes((ROOT / name).read_bytes())
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", ".")
    git(folder.parent, "-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "-m", "x")
    return folder


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode()


def test_plan_against_a_revision(
    shop: Path, duckdb_project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    (shop / "models" / "seg_many.sql").write_text(
        "select profile_id from {{ ref('cdp_profiles') }}"
    )
    told = cdp_cli("plan", "--against", "HEAD", "--json", directory=shop)
    assert told.exit_code == 0, told.stderr
    (found,) = json.loads(told.stdout)["syncs"]
    assert (found["status"], found["sent_before"], found["sent_after"]) == ("changed", 2, 3)
    assert found["newly_sent"] == {"not in the segment": 1}
    assert found["withheld_before"] == found["withheld_after"] == {"no_consent": 1}

    # Nothing is left of it: no schema, no plan, no worktree.
    warehouse = duckdb_project.open(read_only=True)
    schemas = warehouse.query("select schema_name from information_schema.schemata")
    assert not [name for (name,) in schemas if name.startswith("beside")]
    assert warehouse.query("select count(*) from cdp_state.cdp_plans") == [(0,)]
    warehouse.close()
    assert len(git(shop, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("ref", ["nonsense", "--force", "HEAD:dbt"])
def test_a_revision_that_git_does_not_know(shop: Path, ref: str) -> None:
    with pytest.raises(ConfigError, match="git knows no revision"), checked_out(shop, "demo", ref):
        pass


def test_what_is_in_no_repository(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="in no git repository"),
        checked_out(tmp_path, "demo", "x"),
    ):
        pass


def test_a_revision_without_the_project(shop: Path) -> None:
    other = shop.parent / "other"
    other.mkdir()
    with (
        pytest.raises(ConfigError, match="'HEAD' has no dbt project in other"),
        checked_out(other, "demo", "HEAD"),
    ):
        pass
