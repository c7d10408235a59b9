"""A sync to files, from the first delivery on, on both warehouses."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

from activation.world import Person, World

ANN = Person("p1", "ann@example.com", 3)
BOB = Person("p2", "bob@example.com", 1)
NO = Person("p3", "no@example.com", 9, consent="withdrawn")
NEVER_ASKED = Person("p4", "quiet@example.com", 2, consent=None)


def delivered(world: World) -> dict[str, dict[str, str]]:
    with (world.root / "out" / "people.csv").open(encoding="utf-8", newline="") as file:
        return {row["profile_id"]: row for row in csv.DictReader(file)}


def test_only_people_who_granted_are_delivered(world: World) -> None:
    world.people([ANN, BOB, NO, NEVER_ASKED])
    result = world.sync()
    assert (result.status, result.planned, result.sent) == ("succeeded", 2, 2)
    assert delivered(world).keys() == {"p1", "p2"}
    assert delivered(world)["p1"] == {"profile_id": "p1", "email": "ann@example.com", "orders": "3"}
    assert world.held() == {"p1", "p2"}
    assert world.plan().facts()["withheld_reasons"] == {"no_consent": 1, "objection": 1}


def test_a_second_sync_sends_nothing(world: World) -> None:
    world.people([ANN, BOB])
    world.sync()
    before = (world.root / "out" / "people.csv").stat().st_mtime_ns
    assert world.sync().planned == 0
    assert (world.root / "out" / "people.csv").stat().st_mtime_ns == before


def test_changed_data_sends_what_changed_and_names_the_field(world: World) -> None:
    world.people([ANN, BOB])
    world.sync()
    world.people([replace(ANN, orders=4), Person("p5", "eve@example.com")])
    facts = world.plan().facts()
    assert (facts["create"], facts["update"], facts["remove"]) == (1, 1, 1)
    assert facts["changed_fields"] == {"orders": 1}
    assert facts["remove_reasons"] == {"left_segment": 1}
    assert world.sync().sent == 3
    assert delivered(world).keys() == {"p1", "p5"}
    assert delivered(world)["p1"]["orders"] == "4"
    assert world.plan().facts()["unchanged"] == 2


def test_a_withdrawal_removes_the_person(world: World) -> None:
    world.people([ANN, BOB])
    world.sync()
    world.people([ANN, replace(BOB, consent="withdrawn")])
    facts = world.plan().facts()
    assert (facts["remove"], facts["remove_reasons"]) == (1, {"objection": 1})
    world.sync()
    assert delivered(world).keys() == {"p1"}
    assert world.sync().planned == 0


def test_a_deleted_file_is_delivered_again(world: World) -> None:
    world.people([ANN, BOB])
    world.sync()
    (world.root / "out" / "people.csv").unlink()
    assert world.sync().sent == 2
    assert delivered(world).keys() == {"p1", "p2"}


def test_the_manifest_counts_the_rows(world: World) -> None:
    world.people([ANN, BOB])
    world.sync()
    manifest = json.loads((world.root / "out" / "people.csv.manifest.json").read_text())
    assert manifest["rows"] == 2
    assert manifest["columns"] == ["profile_id", "email", "orders"]
    assert not list((world.root / "out").glob(".*"))
