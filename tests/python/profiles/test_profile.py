"""`cdp profile` over a small demo: the person as she stands, and as of three days.

One build serves all. The days of the past are checked against the same models built, table
by table, from nothing but what was known on that day.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cdp.cli import run
from cdp.dbt import run_dbt
from cdp.profile.as_of import Rebuild, _lineage
from cdp.warehouse import Warehouse, open_warehouse
from support.project import ROOT, Outcome

DAYS = (datetime(2017, 3, 31, 23, 59, 59), datetime(2017, 8, 15, 12), datetime(2017, 12, 20))
MOVED_AT = datetime(2017, 6, 1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The environment of a built demo of 40 people; the folder that holds it."""
    folder = tmp_path_factory.mktemp("profile")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("CDP_", "DBT_")):
                patch.delenv(name)
        patch.setenv("CDP_DUCKDB_PATH", str(folder / "warehouse.duckdb"))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        commands = (("demo", "--people", "40", "--out"), ("load",))
        assert [run([*command, str(folder / "demo")]) for command in commands] == [0, 0]
        kinds = ("--exclude-resource-type", "test", "unit_test")
        models = ("+cdp_profile_history", "+cdp_attribute_values", "+cdp_timeline")
        run_dbt(
            ROOT, "demo", ["build", "-s", *models, "idg_record_profiles", "who_was_who", *kinds]
        )
        yield folder


@pytest.fixture(scope="module")
def moved(demo: Path) -> tuple[str, str]:
    """(profile, what it was): since a day in summer, two profiles are one."""
    with closing(open_warehouse(ROOT, "demo")) as warehouse:
        records = "cdp_state.idg_record_profiles"
        warehouse.execute(f"update {records} set changed_at = timestamp '2016-01-01'")
        ((source, record, profile_id),) = warehouse.query(
            f"select source, record_id, profile_id from {records} where source = 'pos' "
            "and profile_id in (select profile_id from cdp.cdp_profiles where orders_lifetime > 5)"
            "order by 1, 2 limit 1"
        )
        warehouse.execute(
            f"insert into {records} by name select * replace (2 as version, ? as changed_at) "
            f"from {records} where source = ? and record_id = ?",
            (MOVED_AT, source, record),
        )
        warehouse.execute(
            f"update {records} set profile_id = 'p9999999999' "
            "where source = ? and record_id = ? and version = 1",
            (source, record),
        )
    return profile_id, "p9999999999"


@pytest.fixture(scope="module")
def rebuild(moved: tuple[str, str]) -> Rebuild:
    return Rebuild.compile(ROOT, "demo", DAYS[0])


def at(rebuild: Rebuild, day: datetime) -> Rebuild:
    """The same models with another clock, as dbt would compile them."""
    before, after = (f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in (rebuild.moment, day))
    code = {name: text.replace(before, after) for name, text in rebuild.code.items()}
    code = {name: text.replace(str(rebuild.map_of), str(day)) for name, text in code.items()}
    return replace(rebuild, moment=day, map_of=day, code=code)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_day_of_the_past_is_what_was_known_then(rebuild: Rebuild, day: datetime) -> None:
    then = at(rebuild, day)
    with closing(open_warehouse(ROOT, "demo")) as warehouse:
        build_from_what_was_known(warehouse, then, day)
        for trait in then.traits:
            names = ", ".join(then.defaults[trait.unique_id])
            expected = warehouse.query(f"select profile_id, {names} from known.{trait.name}")
            found = warehouse.query(then.sql(trait))
            assert rounded(found) == rounded(expected), trait.name
        assert len({trait.name for trait in then.traits} & MUST_REBUILD) == len(MUST_REBUILD)


MUST_REBUILD = {
    "prf_traits__orders", "prf_traits__rfm", "prf_traits__interests", "prf_traits__behaviour",
    "prf_traits__messages", "prf_traits__ads", "prf_traits__subscriptions", "prf_traits__consents",
    "prf_traits__responses", "prf_traits__deals",
}  # fmt: skip


def build_from_what_was_known(warehouse: Warehouse, then: Rebuild, day: datetime) -> None:
    """Every model in the schema `known`, from inputs and a map that end with the day."""
    warehouse.execute("drop schema if exists known cascade")
    warehouse.execute("create schema known")
    warehouse.execute(
        "create table known.cdp_identity_map as select source, record_id, profile_id "
        "from cdp_state.idg_record_profiles "
        "where changed_at <= ? qualify row_number() over "
        "(partition by source, record_id order by version desc) = 1 and is_mapped",
        (day,),
    )
    done: set[str] = set()
    for node in (node for trait in then.traits for node in _lineage(then.project, trait)):
        if node.name in done:
            continue
        done.add(node.name)
        if node.name.startswith("inp_"):
            relation = then.relations[node.unique_id]
            warehouse.execute(f"create table known.{node.name} as select * from {relation}")
            if "occurred_at" in warehouse.columns("known", node.name):
                warehouse.execute(f"delete from known.{node.name} where occurred_at > ?", (day,))
        else:
            code = then.code[node.unique_id]
            for name, relation in then.relations.items():
                if relation and name.split(".")[-1] in {*done, "cdp_identity_map"}:
                    code = code.replace(relation, f"known.{name.split('.')[-1]}")
            warehouse.execute(f"create table known.{node.name} as {code}")


def rounded(rows: list[tuple[Any, ...]]) -> list[str]:
    """Rows to compare: a sum of fractions may differ in its last digit."""
    return sorted(
        str(tuple(round(cell, 9) if isinstance(cell, float) else cell for cell in row))
        for row in rows
    )


def test_as_of_knows_who_was_who(moved: tuple[str, str], cdp_cli: Callable[..., Outcome]) -> None:
    profile_id, other = moved
    told = json.loads(cdp_cli("profile", profile_id, "--as-of", "2017-05-01", "--json").stdout)
    assert set(told["profiles_then"]) == {profile_id, other}
    assert told["profile_id"] == profile_id
    assert told["history_since"] == "2018-01-01 06:00:00"
    assert told["from_history"] == {}
    assert "email" in told["unknown"]
    assert "orders_lifetime" in told["rebuilt"]

    later = json.loads(cdp_cli("profile", profile_id, "--as-of", "2018-01-02", "--json").stdout)
    assert later["profiles_then"] == [profile_id]
    assert "email" in later["from_history"]
    assert later["rebuilt"]["orders_lifetime"] >= told["rebuilt"]["orders_lifetime"]


def test_a_person_is_found_by_what_names_her(demo: Path, cdp_cli: Callable[..., Outcome]) -> None:
    with closing(open_warehouse(ROOT, "demo")) as warehouse:
        ((profile_id, email),) = warehouse.query(
            "select profile_id, email from cdp.cdp_profiles inner join ("
            "select email, count(*) as people from cdp.cdp_profiles group by email) as counted "
            "using (email) where people = 1 and orders_lifetime > 0 "
            "and email not in (select identifier_value from cdp.cdp_identifiers where is_shared)"
            "order by profile_id limit 1"
        )
    by_id, by_email = (cdp_cli("profile", who, "--json") for who in (profile_id, email.upper()))
    person = json.loads(by_id.stdout)
    assert person == json.loads(by_email.stdout)
    golden = {row["attribute"]: row for row in person["golden_record"]}
    assert golden["email"]["value"] == email
    assert golden["email"]["why"].startswith("verified_first")
    assert person["timeline"] and person["identifiers"] and person["traits"]["orders_lifetime"]
    assert profile_id in cdp_cli("profile", profile_id, "--latest", "1").stdout


def test_nobody_is_one_clear_sentence(demo: Path, cdp_cli: Callable[..., Outcome]) -> None:
    outcome = cdp_cli("profile", "nobody.at.all@example.com")
    assert outcome.exit_code == 2
    assert "is on no record of the last build" in outcome.stderr
    assert "nobody.at.all@example.com" not in outcome.stderr


def test_a_provider_goes_with_one_command(demo: Path, cdp_cli: Callable[..., Outcome]) -> None:
    def told() -> int:
        run_dbt(ROOT, "demo", ["run", "-s", "inp_enrichments", "cdp_enrichments"])
        with closing(open_warehouse(ROOT, "demo", read_only=True)) as warehouse:
            ((rows,),) = warehouse.query("select count(*) from cdp.cdp_enrichments")
        return int(rows)

    before = told()
    assert before > 0
    gone = cdp_cli("enrichment", "remove", "northstar DATA", "--why", "ended", "--no-build")
    assert (gone.exit_code, told()) == (0, 0)
    again = cdp_cli("enrichment", "remove", "Northstar Data", "--no-build")
    assert again.exit_code == 2 and "was removed on" in again.stderr
    nobody = cdp_cli("enrichment", "remove", "Southstar", "--no-build")
    assert nobody.exit_code == 2 and "There are: northstar data." in nobody.stderr
    (listed,) = json.loads(cdp_cli("enrichment", "list", "--json").stdout)
    assert listed["removed_at"] is not None
    cdp_cli("enrichment", "restore", "Northstar Data", "--no-build")
    assert told() == before
