"""`cdp build --beside` and `cdp identity impact`: two builds compared, and one made for it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cdp.declared import read_packages, read_sources
from cdp.identity.comparison import Comparison, Guard, Scope, Segment
from cdp.identity.places import Places
from cdp.warehouse import Warehouse
from support.project import ROOT, Outcome, Project

MAPS = {  # record -> profile; x is a fact
    "cdp": {"a": "p1", "b": "p2", "c": "p3", "d": "p3", "x": "p3", "e": "p4"},
    "beside_cdp": {"a": "p1", "b": "p1", "c": "p3", "d": "p9", "x": "p3", "f": "p5"},
}
EMAILS = {"a": "ann@x.example", "b": "ann@x.example", "c": "cy@x.example", "d": "cy@x.example"}
REFUSED = {"cdp": ["ann@x.example"], "beside_cdp": ["cy@x.example"]}
MEMBERS = {"cdp": ["p2", "p3", "p4"], "beside_cdp": ["p1", "p9", "p5"]}


@pytest.fixture
def comparison(warehouse: Warehouse) -> Comparison:
    """Ann was two and is one; Cy was one and is two; e went, f came."""
    places = []
    for schema, records in MAPS.items():
        place = Places(*(f'"{schema}{suffix}"' for suffix in ("", "_internal", "_state")))
        _make(warehouse, place, schema, records)
        places.append(place)
    return Comparison(warehouse, *places)


def _make(warehouse: Warehouse, place: Places, schema: str, records: dict[str, str]) -> None:
    def table(name: str, columns: str, rows: list[tuple[object, ...]]) -> None:
        warehouse.execute(f"create table {name} ({columns})")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            warehouse.execute(f"insert into {name} values ({marks})", row)

    warehouse.execute(f"create schema {place.cdp}")
    warehouse.execute(f"create schema {place.internal}")
    key = "source text, record_id text"
    typed = f"{key}, identifier_type text, identifier_value text"
    table(
        f"{place.cdp}.cdp_identity_map", f"{key}, profile_id text, is_person boolean",
        [("crm", record, profile, record != "x") for record, profile in records.items()],
    )  # fmt: skip
    emails = {record: email for record, email in EMAILS.items() if record in records}
    table(
        f"{place.internal}.idg_identifiers", typed,
        [("crm", record, "email", email) for record, email in emails.items()],
    )  # fmt: skip
    table(
        f"{place.internal}.idg_edges_rejected", f"{typed}, rule text",
        [("crm", record, "email", email, "shared_by_names")
         for record, email in emails.items() if email in REFUSED[schema]],
    )  # fmt: skip
    table(
        f"{place.internal}.smb_members", "segment text, profile_id text",
        [("seg_all", profile) for profile in MEMBERS[schema]],
    )  # fmt: skip


def test_people_are_compared_record_by_record(comparison: Comparison) -> None:
    comparison.prepare()
    assert comparison.scope(comparison.before) == Scope(profiles=4, people=4, records=6)
    assert comparison.scope(comparison.after) == Scope(profiles=4, people=4, records=6)
    assert (comparison.merged(), comparison.split()) == (2, 1)
    assert (comparison.new(), comparison.gone()) == (1, 1)
    (merge,), (split,) = comparison.merges(), comparison.splits()
    assert (merge.profile_id, merge.others, merge.records) == ("p1", ("p1", "p2"), 2)
    assert merge.because == "email a…@x.example"
    assert (split.profile_id, split.others, split.records) == ("p3", ("p3", "p9"), 3)
    assert split.because == "email c…@x.example (shared_by_names)"
    assert comparison.largest(comparison.before)[0].profile_id == "p3"
    assert comparison.guards() == (Guard("shared_by_names", "email", 1, 1),)


def test_a_member_who_goes_up_in_a_member_has_not_moved(comparison: Comparison) -> None:
    comparison.prepare()
    # p2 is p1 now, of p3 the part p9 stayed; e's profile went and f's came.
    assert comparison.segments() == (Segment("seg_all", 3, 3, entered=1, exited=1),)


@pytest.fixture
def shop(duckdb_project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project with one source on, and three customers of one address."""
    copy = duckdb_project.scratch / "project"
    for place in ("models", "macros", "seeds"):
        shutil.copytree(ROOT / place, copy / place)
    shutil.copy(ROOT / "profiles.yml", copy)
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    panel = settings["vars"]["cdp"]
    panel["cdp_sources"] = {"shopify": {}}
    panel["cdp_inputs"] = {"people": ["cdp.stg_shopify__customers"]}
    types = panel["cdp_identifier_types"]
    panel["cdp_identifier_types"] = {n: types[n] for n in ("email", "phone", "shopify_customer_id")}
    (copy / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    shutil.rmtree(copy / "models" / "syncs")
    (customer,) = (
        table for table in read_sources(read_packages(ROOT))["shopify"] if table.name == "customer"
    )
    given = {"id": "id", "email": "'ann@x.example'", "updated_at": "'2017-01-01'"}
    columns = (f"{given.get(c.name, 'cast(null as text)')} as {c.name}" for c in customer.columns)
    warehouse = duckdb_project.open()
    warehouse.execute("create schema shopify")
    warehouse.execute(
        f"create table shopify.customer as select {', '.join(columns)} "
        "from (values ('1'), ('2'), ('3')) as rows(id)"
    )
    warehouse.close()
    return copy


def test_impact_builds_beside_and_leaves_what_stands(
    shop: Path, duckdb_project: Project, cdp_cli: Callable[..., Outcome]
) -> None:
    def cdp(*arguments: str) -> Outcome:
        return cdp_cli(*arguments, directory=shop)

    early = cdp("identity", "impact", "--no-segments")
    assert early.exit_code == 3, early.stderr
    assert "Run cdp build" in early.stderr

    assert cdp("build", "-s", "+cdp_identity_map", "+idg_edges_rejected",
               "--exclude-resource-type", "test", "unit_test").exit_code == 0  # fmt: skip
    assert len(profiles(duckdb_project)) == 1

    blocked = shop / "seeds" / "reference" / "cdp_blocked_values.csv"
    blocked.write_text(blocked.read_text().rstrip() + "\nemail,literal,ann@x.example,test data\n")
    told = cdp("identity", "impact", "--no-segments", "--json", "--keep", "--fail-over", "50")
    assert told.exit_code == 4, told.stderr
    assert "100.00 % of the profiles would be merged or split" in told.stderr
    found = json.loads(told.stdout)
    assert (found["before"]["profiles"], found["after"]["profiles"]) == (1, 3)
    assert (found["merged"], found["split"]) == (0, 1)
    assert found["splits"][0]["because"] == "email a…@x.example (blocked_value: test data)"

    # What stands still stands, and what was kept beside it took its ids over.
    (stands,) = profiles(duckdb_project)
    assert {re.sub("^beside_impact_", "", name) for name in beside(duckdb_project)} == {
        "cdp", "cdp_internal", "cdp_state",
    }  # fmt: skip
    assert len(profiles(duckdb_project, "beside_impact_cdp")) == 3
    assert stands in profiles(duckdb_project, "beside_impact_cdp")
    assert cdp("build", "--beside", "impact", "--drop").exit_code == 0
    assert beside(duckdb_project) == []


def profiles(project: Project, schema: str = "cdp") -> list[str]:
    rows = query(project, f"select distinct profile_id from {schema}.cdp_identity_map order by 1")
    return [row[0] for row in rows]


def beside(project: Project) -> list[str]:
    rows = query(
        project,
        "select schema_name from information_schema.schemata "
        "where schema_name like 'beside%' order by 1",
    )
    return [row[0] for row in rows]


def query(project: Project, sql: str) -> list[tuple[str, ...]]:
    warehouse = project.open(read_only=True)
    rows = warehouse.query(sql)
    warehouse.close()
    return rows


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["build", "--drop"], "--drop goes with --beside"),
        (["build", "--beside", "No_Name"], "'No_Name' cannot name a build beside"),
        (["identity", "impact", "--against", "impact"], "'impact' is the build that is compared"),
        (["identity", "impact", "--candidate", "--model", "x"], "Say either."),
    ],
)
def test_what_will_not_do_is_one_sentence(
    duckdb_project: Project, cdp_cli: Callable[..., Outcome], arguments: list[str], sentence: str
) -> None:
    told = cdp_cli(*arguments)
    assert told.exit_code == 2
    assert sentence in " ".join(told.stderr.split())
