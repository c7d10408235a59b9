"""`cdp identity explain` over the stories, on both warehouses, and over likeness by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from cdp.errors import ConfigError
from cdp.identity.evidence import Graph, Link, record, shortest_chain, value
from cdp.identity.explain import Explanation, explain
from cdp.identity.lookup import Country, phone_forms
from cdp.identity.show import Section, masked_explanation, print_sections
from cdp.warehouse import Warehouse
from identity.conftest import History
from identity.stories import STORIES
from support.project import ROOT, Outcome, Project

Ask = Callable[..., Explanation]


@pytest.fixture(params=["straight", "on_postgres"])
def history(request: pytest.FixtureRequest) -> History:
    found: History = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def ask(history: History) -> Iterator[Ask]:
    """ask(one, other) of the last build; a key as in "chain/a" stands for its record."""
    warehouse = history.open()
    names = {story.name for story in STORIES}

    def call(*sides: str) -> Explanation:
        keyed = (f"crm:{side}" if side.split("/")[0] in names else side for side in sides)
        return explain(ROOT, warehouse, *keyed)

    yield call
    warehouse.close()


def evidence(found: Explanation) -> list[str]:
    """The links in a row: "a email, b email"."""
    return [
        f"{(link.record_id or '').partition('/')[2]} {link.identifier_type}" for link in found.links
    ]


def test_the_shortest_chain_tells_rows_values_rules_and_times(ask: Ask) -> None:
    found = ask("chain/a", "chain/c")
    assert found.is_one_person
    assert evidence(found) == ["a email", "b email", "b phone", "c phone"]
    assert {link.rule for link in found.links} == {None}
    assert all(link.first_seen_at and link.source == "crm" for link in found.links)


@pytest.mark.parametrize(
    "phone",
    ["(202) 000-0001", "202.000.0001", "+1 202 0000001", "1 202 000 0001", "phone=2020000001"],
)
def test_an_email_and_a_phone_however_they_are_written(ask: Ask, phone: str) -> None:
    assert evidence(ask(" 1@CHAIN.example", phone)) == ["b email", "b phone"]


def test_a_merged_id_leads_on_and_tells_why_it_went(ask: Ask, history: History) -> None:
    went = history.after[0].profiles["fan_in/b"]
    stays = history.after[-1].profiles["fan_in/a"]
    found = ask(went, stays)
    assert found.is_one_person
    assert found.one.redirected_from == went
    assert evidence(found) == ["y email", "y user_id"]


@pytest.mark.parametrize(
    ("one", "other", "kind", "rule"),
    [
        ("family_phone/a", "family_phone/c", "refused", "shared_by_names"),
        ("a_phone_joins_no_two_accounts/a", "a_phone_joins_no_two_accounts/b", "refused",
         "max_per_profile: user_id"),
        ("kiosk/x", "kiosk/y", "refused", "seen_with_many: user_id"),
        ("junk_value/a", "junk_value/b", "refused", "blocked_value"),
        ("unlink_override/a", "unlink_override/b", "override", "force_unlink: "),
    ],
)  # fmt: skip
def test_what_keeps_two_apart(ask: Ask, one: str, other: str, kind: str, rule: str) -> None:
    found = ask(one, other)
    assert not found.is_one_person
    assert any(reason.kind == kind and (reason.rule or "").startswith(rule)
               for reason in found.reasons), found.reasons  # fmt: skip


def test_nothing_in_common_says_that_likeness_was_not_looked_at(ask: Ask) -> None:
    found = ask("two_disjoint_groups/a", "two_disjoint_groups/c")
    assert [reason.kind for reason in found.reasons] == ["matching_is_off"]


def test_a_link_by_hand_names_its_row(ask: Ask) -> None:
    found = ask("forced_link_of_two_accounts/x", "forced_link_of_two_accounts/y")
    assert [link.by for link in found.links] == ["identifier", "hand", "identifier"]
    assert (found.links[1].rule or "").startswith("force_link: ")


def test_a_value_that_several_share_says_whose_it_is(ask: Ask) -> None:
    found = ask("info@shared_inbox.example", "shared_inbox/a")
    assert found.is_one_person
    assert "2 people have one of the two" in found.verdict
    alone = ask("info@shared_inbox.example")
    assert not alone.is_one_person
    assert [reason.kind for reason in alone.reasons] == ["refused"]


def test_one_side_alone_shows_what_holds_the_person(ask: Ask) -> None:
    assert evidence(ask("chain/b")) == ["a email", "b email", "b phone", "c phone"]


def test_what_is_not_there_says_what_to_do(ask: Ask, history: History) -> None:
    erased = history.after[1].profiles["split_ids_are_new_and_never_given_again/b"]
    for asked, sentence in {
        "p9999999999": "There never was a profile p9999999999",
        erased: f"{erased} was erased on",
        "nobody@nowhere.example": "'n…@nowhere.example' is on no record of the last build",
        "emial=1@chain.example": "emial is no identifier type. Did you mean email?",
    }.items():
        with pytest.raises(ConfigError, match=sentence):
            ask(asked, "chain/a")


def test_masked_it_shows_no_value(ask: Ask) -> None:
    for one, other in (("chain/a", "1@chain.example"), ("family_phone/a", "family_phone/c")):
        shown = json.dumps(masked_explanation(ask(one, other)).as_dict(), default=str)
        assert "1@" not in shown
        assert "+1202" not in shown
        assert "family_phone/a" not in shown


def test_values_are_shown_as_they_are_written() -> None:
    told = StringIO()
    section = Section("Values", ("value",), [("crm:x:1",), ("[b]ann[/i]@mail.example",)])
    print_sections([section], Console(file=told))
    assert "crm:x:1" in told.getvalue()
    assert "[b]ann[/i]@mail.example" in told.getvalue()


def test_a_phone_is_read_as_the_models_read_it() -> None:
    """The cases of the unit test of idg_identifiers."""
    document = yaml.safe_load((ROOT / "models/identity/_identity.yml").read_text())
    (story,) = (t for t in document["unit_tests"] if "normalised" in t["name"])
    records, countries = (given["rows"] for given in story["given"][:2])
    known = {
        row["country_code"]: Country(
            row["calling_code"], row.get("trunk_prefix") or "", row["min_length"], row["max_length"]
        )
        for row in countries
    }
    expected = {
        row["record_id"]: row["identifier_value"]
        for row in story["expect"]["rows"]
        if row["identifier_type"] == "phone"
    }
    phones = [row for row in records if "phone" in row]
    assert len(phones) > len(expected) > 5
    for row in phones:
        country = known[row.get("country_code", "US").upper()]
        form = expected.get(row["record_id"])
        assert phone_forms(row["phone"], [country]) == ([form] if form else [])


def test_an_exact_chain_goes_before_a_shorter_one_by_likeness() -> None:
    one, between, other = (record("crm", key) for key in "abc")
    exact = Link("identifier")
    graph = Graph.of(
        [
            (one, other, Link("likeness")),
            (one, value("email", "1"), exact),
            (between, value("email", "1"), exact),
            (between, value("phone", "1"), exact),
            (other, value("phone", "1"), exact),
        ]
    )
    assert shortest_chain(graph, {one}, {other}) == [exact] * 4
    assert shortest_chain(graph, {one}, {one}) == []
    assert shortest_chain(graph, {one}, {record("crm", "d")}) is None


@pytest.mark.parametrize(
    ("one", "other", "rows"),
    [
        ("chain/a", "chain/c", [(1, "a", "b", "links"), (2, "b", "c", "links")]),
        ("family_phone/a", "family_phone/c", [(None, "a", "c", "refused: shared_by_names")]),
        ("two_disjoint_groups/a", "two_disjoint_groups/c", []),
    ],
)
def test_the_analysis_says_the_same(
    history: History, one: str, other: str, rows: list[tuple[object, ...]]
) -> None:
    name = "why_are_these_one_person"
    sides = json.dumps({"one": f"crm:{one}", "other": f"crm:{other}"})
    history.dbt("compile", "-s", name, "--vars", sides)
    compiled = Path(os.environ["DBT_TARGET_PATH"]) / f"compiled/cdp/analyses/{name}.sql"
    found = history.query(compiled.read_text())
    assert [
        (row[0], row[2].partition("/")[2], row[3].partition("/")[2], row[6]) for row in found
    ] == rows


LIKENESS = {
    "cdp.cdp_identity_map": "select 'crm' as source, record_id, profile_id, true as is_person "
    "from (values ('a', 'p0000000001'), ('b', 'p0000000001'), ('c', 'p0000000002'), "
    "('d', 'p0000000003')) as rows(record_id, profile_id)",
    "cdp_internal.idg_identifiers": "select 'crm' as source, record_id, 'record' as "
    "identifier_type, 'crm:' || record_id as identifier_value, true as is_person, "
    "cast('2017-03-01' as timestamp) as first_seen_at from cdp.cdp_identity_map",
    "cdp_internal.idg_edges_rejected": "select source, record_id, identifier_type, "
    "identifier_value, 'x' as rule from cdp_internal.idg_identifiers where false",
    "cdp_internal.idg_match_people": "select source, record_id, position(record_id in 'abcd') "
    "as node_id from cdp.cdp_identity_map",
    "cdp_internal.idg_match_pairs": "select * from (values (1, 2, 'names'), (1, 3, 'street'), "
    "(2, 3, 'names')) as rows(one_id, other_id, rule)",
    "cdp_internal.idg_match_levels": "select one_id, other_id, 'exact' as first_name, 'slip' as "
    "last_name from cdp_internal.idg_match_pairs",
    "cdp_internal.idg_match_weights": "select * from (values (1, 2, 6.5, 5.0, 3.5, false), "
    "(1, 3, -3.2, -4.0, 2.8, false), (2, 3, -9.0, -4.0, -3.0, true)) "
    "as rows(one_id, other_id, weight, first_name, last_name, is_household)",
}


@pytest.fixture
def alike(project: Project, warehouse: Warehouse) -> Warehouse:
    """a and b are one by likeness; c was compared and is not; d never was."""
    for name, query in LIKENESS.items():
        warehouse.execute(f"create schema if not exists {name.split('.')[0]}")
        warehouse.execute(f"create table {name} as {query}")
    return warehouse


def test_a_probable_link_tells_its_weight_and_terms(alike: Warehouse) -> None:
    (link,) = explain(ROOT, alike, "crm:a", "crm:b").links
    assert (link.by, link.rule, link.weight) == ("likeness", "names", 6.5)
    assert link.terms == {"prior": -2.0, "first_name": 5.0, "last_name": 3.5}


def test_unlike_people_tell_the_closest_comparison(alike: Warehouse) -> None:
    (reason,) = explain(ROOT, alike, "p0000000002", "p0000000001").reasons
    assert (reason.kind, reason.rule, reason.weight) == ("likeness", "street", -3.2)
    assert reason.terms == {"prior": -2.0, "first_name": -4.0, "last_name": 2.8}
    assert "-3.20 bits, that speaks against it" in reason.sentence


def test_people_whom_no_rule_names_were_never_compared(alike: Warehouse) -> None:
    (reason,) = explain(ROOT, alike, "crm:a", "crm:d").reasons
    assert reason.kind == "not_compared"


def test_the_command(alike: Warehouse, project: Project, cdp_cli: Callable[..., Outcome]) -> None:
    alike.close()
    told = cdp_cli("identity", "explain", "crm:a", "crm:b")
    assert told.exit_code == 0
    assert "One person: p0000000001." in told.stdout
    assert "+6.50 bits" in told.stdout
    data = json.loads(cdp_cli("identity", "explain", "crm:a", "crm:c", "--json").stdout)
    assert data["is_one_person"] is False
    assert data["reasons"][0]["weight"] == -3.2
    nothing = cdp_cli("identity", "explain", "crm:z")
    assert nothing.exit_code == 2
    assert nothing.stdout == ""


def test_nothing_built_yet(duckdb_project: Project, cdp_cli: Callable[..., Outcome]) -> None:
    told = cdp_cli("identity", "explain", "crm:a")
    assert told.exit_code == 3
    assert "Run cdp build first." in told.stderr
