"""What a field may say: set once, leave nulls, a template; and jobs that end later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from activation.memory import Memory, Shop, installed
from activation.test_convergence import META
from activation.world import FILES, Person, World
from cdp.activation import problems
from cdp.destinations._base import Batch, Outcome

CROWD = [Person(f"p{number}", f"{number}@example.com", number) for number in range(6)]


class Careful(Memory):
    """Merges fields, as a CRM does."""

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """What is not in the row stays."""
        for row in batch.rows:
            self.shop.records.setdefault(row.id, {}).update(row.fields)
        return [Outcome("acknowledged") for _ in batch.rows]


class Jobs(Memory):
    """Takes batches as jobs; each ends at its second poll, and refuses p1."""

    polls = True
    job_seconds = 5
    lost: tuple[str, ...] = ()

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Accepted."""
        self.shop.keys.append(batch.key)
        self.waiting = getattr(self, "waiting", {}) | {batch.key: [1, batch]}
        return [Outcome("accepted") for _ in batch.rows]

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """Runs, then ends."""
        left, sent = self.waiting[batch.key]
        self.waiting[batch.key][0] -= 1
        if left > 0 or self.lost:
            return None
        for row in sent.rows:
            if row.id != "p1":
                self.shop.records[row.id] = dict(row.fields)
        return [
            Outcome("rejected", "bad") if row.id == "p1" else Outcome("acknowledged")
            for row in batch.rows
        ]


@pytest.fixture
def crm() -> Iterator[Shop]:
    with installed(Careful) as found:
        yield found


def test_a_field_is_set_once(world: World, crm: Shop) -> None:
    world.meta = META | {
        "cdp_fields": {"email": "email", "first_orders": {"column": "orders", "set_once": True}}
    }
    world.people(CROWD)
    world.sync()
    world.people([replace(person, orders=90) for person in CROWD])
    assert world.plan().changes == 0
    world.people([replace(CROWD[0], orders=90, email="new@example.com"), *CROWD[1:]])
    assert world.plan().facts()["changed_fields"] == {"email": 1}
    assert world.sync().sent == 1
    assert crm.records["p0"] == {"email": "new@example.com", "first_orders": 0}


def test_a_field_of_another_name_is_sent_and_one_of_another_place_is_not(
    duckdb_world: World, crm: Shop
) -> None:
    duckdb_world.people(CROWD)
    duckdb_world.meta = META | {"cdp_fields": {"email": "email", "ordres": "orders"}}
    duckdb_world.sync()
    duckdb_world.meta = META | {"cdp_fields": {"email": "email", "orders": "orders"}}
    assert duckdb_world.sync().sent == 6
    assert crm.records["p2"]["orders"] == 2
    duckdb_world.meta = META | {"cdp_fields": {"orders": "orders", "email": "email"}}
    assert duckdb_world.sync().planned == 0


@pytest.mark.parametrize("skip", [True, False])
def test_a_null_wipes_only_what_it_is_asked_to(world: World, crm: Shop, skip: bool) -> None:
    world.meta = META | {"cdp_fields": {"email": {"column": "email", "skip_null": skip}}}
    world.people(CROWD[:1])
    world.sync()
    world.people([replace(CROWD[0], email=None)])
    world.sync()
    assert crm.records["p0"] == {"email": CROWD[0].email if skip else None}


def test_a_template_is_filled_and_hashed_in_the_warehouse(world: World, crm: Shop) -> None:
    world.meta = META | {
        "cdp_fields": {
            "greeting": {"template": "O'Hara, {email|friend}: {orders} {not a place}"},
            "key": {"template": "{email}", "normalise": "lower", "hash": "sha256"},
        }
    }
    world.people([CROWD[1], replace(CROWD[2], email=None)])
    world.sync()
    greetings = {name: record["greeting"] for name, record in crm.records.items()}
    assert greetings == {
        "p1": "O'Hara, 1@example.com: 1 {not a place}",
        "p2": "O'Hara, friend: 2 {not a place}",
    }
    assert len(crm.records["p1"]["key"]) == 64
    world.people([CROWD[1], replace(CROWD[2], email=None, orders=3)])
    assert world.plan().facts()["changed_fields"] == {"greeting": 1}


def test_an_email_is_made_googles_in_the_warehouse(world: World, crm: Shop) -> None:
    world.meta = META | {"cdp_fields": {"g": {"column": "email", "normalise": "google_email"}}}
    emails = (" A.b c+news@Gmail.com ", "a.b+news@Example.com", "a.b+x@googlemail.com", "a+b", " ")
    world.people([replace(CROWD[n], email=email) for n, email in enumerate(emails)])
    world.sync()
    assert [crm.records[f"p{n}"]["g"] for n in range(len(emails))] == [
        "abc@gmail.com", "a.b+news@example.com", "ab@googlemail.com", "a+b", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ({"template": "{secret}"}, "sends the column 'secret', which may not leave"),
        ({"template": "x", "value": 1}, "takes a column, or one of"),
        ({"column": "email", "set_once": "yes"}, "set_once takes true or false, not 'yes'"),
        ({"column": "email", "set_once": True}, "set_once: files writes every field"),
    ],
)
def test_mistakes_in_fields(duckdb_world: World, field: dict[str, Any], sentence: str) -> None:
    duckdb_world.meta = dict(FILES) | {"cdp_fields": {"x": field}}
    assert any(sentence in found for found in problems(duckdb_world.project))


def test_a_job_is_polled_to_its_end_and_settled_row_by_row(world: World) -> None:
    with installed(Jobs) as shop:
        world.meta = META | {"cdp_fields": {"email": "email"}}
        world.people(CROWD)
        result = world.sync()
        assert (result.status, result.sent, result.reason) == ("partial", 5, "bad 1")
        assert world.held() == shop.records.keys() == {p.id for p in CROWD} - {"p1"}


def test_a_job_that_never_ends_is_sent_again_under_its_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installed(Jobs) as shop:
        world.meta = META | {"cdp_fields": {"email": "email"}}
        world.people(CROWD[:3])
        monkeypatch.setattr(Jobs, "job_seconds", 0)
        assert world.sync().sent == 0
        assert set(world.statuses().values()) == {"unknown"}
        monkeypatch.setattr(Jobs, "job_seconds", 5)
        assert world.sync().sent == 2
        assert len(shop.keys) == 2
        assert len(set(shop.keys)) == 1
