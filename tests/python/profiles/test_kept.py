"""Kept tables: what has not changed is not built again, what has is as a full build has it.

A hundred people live a hundred random lives side by side, so that each run of dbt tries a
hundred histories: records come late, change, are marked as deleted, vanish; they lie in the
future, which comes; identifiers move from one person to another.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdp.warehouse import Warehouse
from profiles.bare import Row, bare_project, dbt, fill, hashed
from support.project import Project

NOW = datetime(2018, 1, 1, 12)
PEOPLE = 100
CONTRACTS = ("people", "events", "orders", "order_lines", "refunds", "carts", "messages",
             "tickets", "subscriptions", "products")  # fmt: skip


class Lives:
    """What the sources hold: contract -> record id -> row. Keys `k<n>` name a person each."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.held: dict[str, dict[str, Row]] = {contract: {} for contract in CONTRACTS}
        self.owners: dict[str, int] = {}
        for person in range(PEOPLE):
            self.owners |= {f"k{person}": person, f"k{person}b": person}
            self.add("people", f"k{person}", identity_key=f"k{person}", first_name=f"P{person}",
                     email=f"p{person}@example.com")  # fmt: skip
            self.live(person)
        for product in range(5):
            self.add("products", str(product), name=f"Product {product}", category="tea")

    def live(self, person: int) -> None:
        """Some things happen to somebody, as each contract tells of it."""
        draw = self.random
        for _ in range(draw.randint(1, 8)):
            self.tell("events", person, event_name=draw.choice(["product_viewed", "page_viewed",
                      "product_added", "order_completed"]), channel=draw.choice(["web", "app"]),
                      product_id=draw.choice([None, "1", "2", "3"]),
                      utm_source=draw.choice([None, None, "google"]), utm_medium="cpc",
                      click_id=draw.choice([None, None, "c1"]), click_id_type="gclid")  # fmt: skip
        for _ in range(draw.randint(0, 2)):
            order = self.tell("orders", person, channel="web", status="paid",
                              total=draw.randint(1, 90), currency="USD",
                              cancelled_at=draw.choice([None, None, self.moment()]))  # fmt: skip
            self.add("order_lines", order + "-1", order_id=order, line_number=1, quantity=1,
                     product_id=draw.choice("1234"), total=9, total_reporting=9,
                     category=draw.choice([None, "coffee", "cake"]))  # fmt: skip
            if draw.random() < 0.3:
                self.add("refunds", order, order_id=order, amount=1, currency="USD")
        if draw.random() < 0.4:
            self.tell("carts", person, updated_at=self.moment(), started_at=self.moment(), value=9)
            self.tell("messages", person, channel="email", campaign_name="Spring",
                      kind=draw.choice(["sent", "opened", "clicked"]))  # fmt: skip
        if draw.random() < 0.2:
            self.tell("tickets", person, updated_at=self.moment(), opened_at=self.moment(),
                      status="open", channel="email")  # fmt: skip
            self.tell("subscriptions", person, subscription_id=f"s{person}", mrr=9,
                      status=draw.choice(["active", "canceled"]), plan="gold")  # fmt: skip

    def go_on(self) -> None:
        """One in six people has news, of whatever kind."""
        draw = self.random
        for person in draw.sample(range(PEOPLE), PEOPLE // 6):
            keys = [key for key, owner in self.owners.items() if owner == person]
            what = draw.choice(["news", "changed", "deleted", "vanished", "moved"])
            if what == "news":
                self.live(person)
            if what == "moved":
                self.owners[f"k{person}b"] = draw.randrange(PEOPLE)
            for contract in ("events", "orders", "carts", "messages"):
                own = [
                    record
                    for record, row in self.held[contract].items()
                    if row["identity_key"] in keys
                ]
                for record in own[:2]:
                    if what == "changed":
                        self.held[contract][record]["occurred_at"] = self.moment()
                    if what == "deleted":
                        self.held[contract][record]["is_deleted"] = True
                    if what == "vanished":
                        del self.held[contract][record]

    def tell(self, contract: str, person: int, **row: Any) -> str:
        record = f"{contract}-{len(self.held[contract])}-{self.random.random()}"
        key = self.random.choice([f"k{person}", f"k{person}b"])
        self.add(contract, record, identity_key=key, **row)
        return record

    def add(self, contract: str, record: str, **row: Any) -> None:
        self.held[contract][record] = {
            "source": "web", "record_id": record, "brand": "Larkspur", "is_deleted": False,
            "occurred_at": self.moment(), **row,
        }  # fmt: skip

    def moment(self) -> datetime:
        """Within a year, often of late, sometimes in two hours."""
        days = self.random.choice([0, 1, 3, 10, 40, 100, 364])
        return NOW - timedelta(days=days, minutes=self.random.randint(-120, 1200))

    def deliver(self, warehouse: Warehouse) -> None:
        for contract, held in self.held.items():
            known = set(warehouse.columns("cdp_internal", f"inp_{contract}"))
            rows = [
                {name: value for name, value in hashed(row).items() if name in known}
                for row in held.values()
            ]
            fill(warehouse, f"cdp_internal.inp_{contract}", rows)
        identities = [
            {"source": "web", "record_id": key, "profile_id": f"p{owner}",
             "is_person": not key.endswith("b"), "linked_by": "exact"}
            for key, owner in self.owners.items()
        ]  # fmt: skip
        fill(warehouse, "cdp.cdp_identity_map", identities)


@pytest.fixture(params=["duckdb", "postgres"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    with bare_project(request, tmp_path, str(NOW)) as project:
        layers = ("path:seeds", "path:models/inputs", "path:models/identity")
        dbt("build", "-s", *layers, "--exclude-resource-type", "test", "unit_test")
        yield project


def test_a_kept_table_is_as_a_full_build_has_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = Lives(seed=20)
    run(project, lives)

    lives.go_on()
    written = run(project, lives)
    assert {"prf_session_days", "prf_traits__behaviour", "cdp_profiles"} <= written
    assert not {"prf_attributes", "cdp_sales_reps", "prf_ad_days", "prf_products"} & written

    monkeypatch.setenv("CDP_NOW", str(NOW + timedelta(hours=1)))
    lives.go_on()
    run(project, lives)
    kept = tables(project)
    run(project, lives, "--full-refresh")
    anew = tables(project)
    assert [name for name in anew if anew[name] != kept.get(name)] == []


def run(project: Project, lives: Lives, *arguments: str) -> set[str]:
    """Deliver, and build the layer; returns the kept tables that were written to."""
    with closing(project.open()) as warehouse:
        lives.deliver(warehouse)
        before = builds(warehouse)
    dbt("run", "-s", "path:models/profiles", *arguments)
    with closing(project.open()) as warehouse:
        after = builds(warehouse)
    return {name for name, build in after.items() if build != before.get(name)}


def builds(warehouse: Warehouse) -> dict[str, str]:
    """Kept table -> the run that wrote it."""
    if not warehouse.columns("cdp_internal", "cdp_kept_tables"):
        return {}
    rows = warehouse.query(
        "select relation, run_id from cdp_internal.cdp_kept_tables where signature is not null"
    )
    return {relation.split('"')[-2]: run_id for relation, run_id in rows}


def tables(project: Project) -> dict[str, list[str]]:
    """Each table of the layer -> its rows; sums of fractions may differ in a last digit."""
    found = {}
    with closing(project.open()) as warehouse:
        for name in builds(warehouse):
            schema = "cdp" if name.startswith("cdp_") else "cdp_internal"
            rows = warehouse.query(f"select * from {schema}.{name}")
            found[name] = sorted(
                str([round(cell, 9) if isinstance(cell, float) else cell for cell in row])
                for row in rows
            )
    return found
