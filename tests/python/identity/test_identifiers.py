"""`cdp identity identifiers`: what a type is worth, and what a limit would do."""

from __future__ import annotations

import pytest

from cdp.errors import ConfigError, WarehouseError
from cdp.identity.report import Limit, TypeReport, report
from cdp.project import Node, Project
from cdp.warehouse import Warehouse
from support.project import ROOT

TABLES = {
    # p1 holds a and b by a phone; c and d are two, e is a fact of p3; f names nobody.
    "cdp.cdp_identity_map": "select 'crm' as source, record_id, profile_id, record_id <> 'e' as "
    "is_person from (values ('a', 'p1'), ('b', 'p1'), ('c', 'p2'), ('d', 'p3'), ('e', 'p3')) "
    "as rows(record_id, profile_id)",
    "cdp_internal.idg_identifiers": "select 'crm' as source, record_id, 'phone' as "
    "identifier_type, phone as identifier_value, record_id <> 'e' as is_person "
    "from (values ('a', '+12025550111'), ('b', '+12025550111'), ('c', '+12025550199'), "
    "('d', '+12025550199'), ('e', '+12025550122'), ('f', '+12025550199')) "
    "as rows(record_id, phone)",
    "cdp_internal.idg_edges_rejected": "select *, 'shared_by_names' as rule from "
    "cdp_internal.idg_identifiers where identifier_value = '+12025550199'",
    # A badge that nobody has switched on: p1 and p2 carry one; p3 has two of its own.
    "cdp_internal.stg_gate__people": "select 'crm' as source, record_id, badge from (values "
    "('a', ' 7 '), ('c', '7'), ('d', '8'), ('b', '')) as rows(record_id, badge)",
    "cdp_internal.stg_gate__events": "select 'crm' as source, 'row' as record_id, '9' as badge",
    "cdp_internal.inp_people": "select source, record_id, record_id as identity_key "
    "from cdp_internal.stg_gate__people",
    "cdp_internal.inp_events": "select 'crm' as source, 'row' as record_id, 'e' as identity_key",
}


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    for schema in ("cdp", "cdp_internal"):
        warehouse.execute(f"create schema {schema}")
    for name, query in TABLES.items():
        warehouse.execute(f"create table {name} as {query}")
    return warehouse


def gate() -> Project:
    """Phone is listed; two models of the contracts people and events emit badge, too."""
    names = {"people": "stg_gate__people", "events": "stg_gate__events"}
    nodes = {
        name: Node(
            unique_id=name, name=name, package="cdp", kind="model", schema="cdp_internal",
            table=name, path="", meta={"cdp_identifiers": ["badge"]},
        )
        for name in names.values()
    }  # fmt: skip
    settings = {
        "cdp_identifier_types": {"phone": {"kind": "phone"}},
        "cdp_inputs": {contract: [f"cdp.{name}"] for contract, name in names.items()},
    }
    return Project(ROOT, "demo", settings, nodes, ())


def one(warehouse: Warehouse, name: str) -> TypeReport:
    (found,) = report(gate(), warehouse, name)
    return found


def test_a_type_that_is_on(filled: Warehouse) -> None:
    found = one(filled, "phone")
    assert (found.is_on, found.values, found.records) == (True, 3, 6)
    assert (found.profiles_per_value, found.most_profiles_of_a_value) == (1.3333, 2)
    assert (found.values_per_profile, found.most_values_of_a_profile) == (1.3333, 2)
    assert found.refused == {"shared_by_names": 1}
    # Of +1…99 three person records are in one source, of +1…11 two, which p1 is held by.
    assert found.limits[:3] == (
        Limit(1, values=2, held=1, joined=0, over=1),
        Limit(2, values=1, held=0, joined=0, over=0),
        Limit(5, values=0, held=0, joined=0, over=0),
    )
    assert [(row.name, row.counted, row.records) for row in found.worst_values] == [
        ("…99", 2, 3), ("…11", 1, 2), ("…22", 1, 1),
    ]  # fmt: skip
    assert found.worst_profiles[0].name == "p3"


def test_a_type_that_nobody_has_switched_on(filled: Warehouse) -> None:
    found = one(filled, "badge")
    assert (found.is_on, found.values, found.records) == (False, 3, 4)
    assert found.share == 0.8
    # At a limit of two, badge 7 would make p1 and p2 one.
    assert found.limits[:2] == (
        Limit(1, values=1, held=0, joined=0, over=1),
        Limit(2, values=0, held=0, joined=1, over=0),
    )


def test_all_types_are_told_the_listed_first(filled: Warehouse) -> None:
    assert [found.identifier_type for found in report(gate(), filled)] == ["phone", "badge"]


def test_an_unknown_type_names_the_nearest(filled: Warehouse) -> None:
    with pytest.raises(ConfigError, match=r"badges is no identifier type.*Did you mean badge\?"):
        one(filled, "badges")


def test_nothing_built_yet(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="Run cdp build first"):
        one(warehouse, "phone")
