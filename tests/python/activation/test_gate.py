"""Who may be sent, rule by rule, on both warehouses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from activation.memory import Shop, installed
from activation.test_convergence import META
from activation.world import Person, World, model
from cdp.activation.check import syncs
from cdp.activation.consent import enter_consent, find_profile
from cdp.activation.gate import Gate
from cdp.activation.plan import plan_sync
from cdp.activation.runner import run_sync
from cdp.errors import ConfigError
from cdp.project import Node, Project

CROWD = [Person(f"p{number}", f"{number}@example.com") for number in range(5)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with installed() as found:
        yield found


def with_nodes(world: World, *nodes: Node) -> Project:
    project = world.project
    return replace(project, nodes=dict(project.nodes) | {node.unique_id: node for node in nodes})


def seed(world: World, name: str, text: str) -> Node:
    """A seed as a file; and as a table of text, as dbt lands it."""
    (world.root / "seeds" / f"{name}.csv").write_text(text)
    head, *rows = [line.split(",") for line in text.splitlines()]
    world.warehouse.execute(f"create table cdp.{name} ({', '.join(f'{h} text' for h in head)})")
    for row in rows:
        marks = ", ".join("?" for _ in row)
        world.warehouse.execute(f"insert into cdp.{name} values ({marks})", row)
    return replace(model(name, "cdp"), kind="seed", path=f"seeds/{name}.csv")


def stopped(world: World, project: Project) -> dict[str, str]:
    """profile_id → reason, asked both ways: by the plan and by the batch."""
    (spec,) = syncs(project)
    everybody = "select profile_id from cdp_segments.seg_people"
    reasons = Gate(spec, world.warehouse).refused(everybody)
    plan = plan_sync(project, spec, world.ledger)
    assert sum(plan.facts()["withheld_reasons"].values()) == len(reasons)
    return reasons


def test_the_suppression_list_knows_people_by_any_identifier(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD)
    world.warehouse.execute(
        "create table cdp.cdp_identifiers "
        "(profile_id text, identifier_type text, identifier_value text)"
    )
    for person in CROWD:
        world.warehouse.execute(
            "insert into cdp.cdp_identifiers values (?, 'email', ?)", (person.id, person.email)
        )
    digest = hashlib.sha256(b"2@example.com").hexdigest()
    listed = seed(
        world,
        "cdp_suppressions",
        "identifier_type,identifier_value,purpose,reason\n"
        f"email,1@example.com,,left\nemail,{digest},marketing_email,\n"
        "email,3@example.com,advertising,\nphone,4@example.com,,\n",
    )
    project = with_nodes(world, listed, model("cdp_identifiers", "cdp"))
    assert stopped(world, project) == {"p1": "suppressed", "p2": "suppressed"}


def test_whom_no_segment_takes_is_not_in_the_audience(world: World, shop: Shop) -> None:
    """p1 is excluded from segments after she was sent: to a mirror she has left."""
    world.meta = dict(META)
    world.people(CROWD)
    world.sync()
    world.warehouse.execute("create table cdp.smb_exclusions (profile_id text)")
    world.warehouse.execute("insert into cdp.smb_exclusions values ('p1'), ('somebody')")
    project = with_nodes(world, model("smb_exclusions", "cdp"))
    lists = {"cdp_segments": ["cdp.seg_people"], "cdp_segment_exclusions": ["cdp.seg_staff"]}
    project = replace(project, vars={**project.vars, **lists})
    (spec,) = syncs(project)
    plan = plan_sync(project, spec, world.ledger)
    assert plan.diff is not None
    assert (plan.diff.desired, plan.diff.removed) == (4, {"left_segment": 1})
    run_sync(project, spec, world.ledger)
    assert set(shop.records) == {"p0", "p2", "p3", "p4"}

    world.segment_meta = {"cdp_segment_exclusions": False}
    keeping = replace(project, nodes={**project.nodes, **world.project.nodes})
    assert plan_sync(keeping, syncs(keeping)[0], world.ledger).facts()["desired"] == 5


def test_where_the_law_needs_no_grant_only_an_objection_counts(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people([replace(person, consent=None) for person in CROWD])
    world.warehouse.execute("alter table cdp.cdp_profiles add column country_code text")
    world.warehouse.execute(
        "update cdp.cdp_profiles set country_code = 'US' where profile_id < 'p3'"
    )
    world.consents([("p1", "marketing_email", "email", "withdrawn")])
    listed = seed(
        world,
        "cdp_consent_defaults",
        "country_code,purpose,legal_basis\nUS,marketing_email,opt_out\nDE,advertising,x\n",
    )
    found = stopped(world, with_nodes(world, listed))
    assert found == {"p1": "objection", "p3": "no_consent", "p4": "no_consent"}


def test_enough_contacts_are_enough_over_all_tools(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD)
    world.warehouse.execute(
        "create table cdp.prf_messages "
        "(profile_id text, kind text, channel text, occurred_at timestamp)"
    )
    for who, kind, channel, day in [
        ("p1", "sent", "email", 9), ("p1", "sent", "email", 8), ("p2", "sent", "email", 9),
        ("p2", "sent", "sms", 9), ("p3", "sent", "email", 9), ("p3", "opened", "email", 9),
        ("p4", "sent", "email", 1), ("p4", "sent", "email", 9),
    ]:  # fmt: skip
        world.warehouse.execute(
            "insert into cdp.prf_messages values (?, ?, ?, ?)",
            (who, kind, channel, datetime(2018, 1, day)),
        )
    caps = seed(world, "cdp_frequency_caps", "channel,days,contacts\nemail,7,2\n")
    project = with_nodes(world, caps, model("prf_messages", "cdp"))
    project = replace(project, now=datetime(2018, 1, 10))
    assert stopped(world, project) == {"p1": "frequency_cap"}
    (spec,) = syncs(project)
    assert run_sync(project, spec, world.ledger).sent == 4
    world.warehouse.execute("update cdp.prf_messages set occurred_at = ?", (datetime(2018, 1, 9),))
    assert plan_sync(project, spec, world.ledger).changes == 0  # what is held stays


def entered(world: World, status: str, **more: Any) -> None:
    people = replace(model("cdp_identity_map", "cdp"))
    project = replace(with_nodes(world, people), now=world.now)
    enter_consent(
        project, world.ledger, more.get("profile", "p1"), more.get("purpose", "marketing_email"),
        "email", status, "a letter", "Ada",
    )  # fmt: skip


def test_a_refusal_entered_by_hand_holds_at_once(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD)
    world.warehouse.execute("create table cdp.cdp_identity_map (profile_id text)")
    world.warehouse.execute("insert into cdp.cdp_identity_map values ('p1'), ('p2')")
    assert world.sync().sent == 5
    entered(world, "withdrawn")
    assert world.plan().facts()["remove_reasons"] == {"objection": 1}
    world.sync()
    assert "p1" not in shop.records
    entered(world, "granted")
    assert world.sync().sent == 1
    assert "p1" in shop.records
    kept = world.warehouse.query(
        "select status, evidence, entered_by from cdp_state.cdp_consent_entries"
    )
    assert kept == [("withdrawn", "a letter", "Ada"), ("granted", "a letter", "Ada")]


def test_a_grant_that_a_source_tells_later_ends_a_refusal(world: World, shop: Shop) -> None:
    world.meta = dict(META)
    world.people(CROWD)
    world.warehouse.execute("create table cdp.cdp_identity_map (profile_id text)")
    world.warehouse.execute("insert into cdp.cdp_identity_map values ('p1')")
    entered(world, "withdrawn")
    assert stopped(world, world.project) == {"p1": "objection"}
    world.warehouse.execute("update cdp.cdp_consents set since = ?", (datetime(2018, 2, 1),))
    assert stopped(world, world.project) == {}


def test_what_cannot_be_entered(duckdb_world: World) -> None:
    duckdb_world.warehouse.execute("create table cdp.cdp_identity_map (profile_id text)")
    with pytest.raises(ConfigError, match="Did you mean 'marketing_email'"):
        entered(duckdb_world, "granted", purpose="marketing_mail")
    with pytest.raises(ConfigError, match="no such profile"):
        entered(duckdb_world, "granted")
    with pytest.raises(ConfigError, match="0 people have this email"):
        find_profile(duckdb_world.project, duckdb_world.ledger, "x@example.com")
