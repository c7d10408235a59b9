"""What was written to a CRM comes back through its connector, then changes at the true
source: the true source wins, whichever of the two was touched last."""

from __future__ import annotations

import csv
import re
import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from cdp.cli import run
from cdp.warehouse import Warehouse, open_warehouse
from e2e.test_consumer import dbt
from support.project import ROOT, Project

SEGMENT = "select profile_id from {{ ref('cdp', 'cdp_profiles') }}\n"
SYNC = {
    "name": "everybody_to_hubspot",
    "type": "application",
    "owner": {"name": "Shop", "email": "shop@example.com"},
    "depends_on": ["ref('seg_everybody')", "ref('cdp', 'cdp_profiles')"],
    "config": {
        "meta": {
            "cdp_destination": "files",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "town": "city"},
            "cdp_options": {"path": "out/contacts.csv"},
            "cdp_echoes_in": "hubspot",
        }
    },
}
STAGED = (ROOT / "models/staging/hubspot/stg_hubspot__contacts.sql").read_text()
CONTACT = dict.fromkeys(re.findall(r"property_\w+", STAGED), "text") | {
    "id": "bigint", "property_createdate": "timestamp", "property_lastmodifieddate": "timestamp",
    "_fivetran_deleted": "boolean", "_fivetran_synced": "timestamp",
}  # fmt: skip


class Shop:
    """The consumer's project with a CRM that is written to, and is a source."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "tests" / "consumer", folder)
        self.folder = folder
        profiles = yaml.safe_load((ROOT / "profiles.yml").read_text())
        (folder / "profiles.yml").write_text(yaml.safe_dump({"shop": profiles["cdp"]}))
        path = folder / "dbt_project.yml"
        settings = yaml.safe_load(path.read_text())
        settings["vars"]["cdp"]["cdp_sources"] = {"hubspot": {}}
        settings["vars"]["cdp"]["cdp_identifier_types"]["hubspot_contact_id"] = {"kind": "text"}
        settings["vars"]["cdp"]["cdp_inputs"]["people"].append("cdp.stg_hubspot__contacts")
        path.write_text(yaml.safe_dump(settings))
        (folder / "models" / "seg_everybody.sql").write_text(SEGMENT)
        (folder / "models" / "syncs.yml").write_text(yaml.safe_dump({"exposures": [SYNC]}))
        model = folder / "models" / "stg_club__members.sql"
        sql = model.read_text().replace(
            "joined as created_at", "town as city, joined as created_at"
        )
        model.write_text(sql.replace("['first_name',", "['city', 'first_name',"))
        self.club_says("London", "2026-02-01")
        self.connector_tells([])
        dbt(folder, "deps", "--quiet")

    def open(self) -> Warehouse:
        return open_warehouse(self.folder, "prod")

    def build_and_sync(self) -> dict[str, str]:
        """email → town, as delivered."""
        dbt(
            self.folder, "build", "-s", "+cdp_attribute_values", "+seg_everybody", "cdp_consents",
            "+cdp_profiles", "--target", "prod", "--exclude-resource-type", "test", "unit_test",
        )  # fmt: skip
        code = run(["--project-dir", str(self.folder), "--target", "prod", "sync"])
        assert code == 0
        with (self.folder / "out" / "contacts.csv").open(newline="") as file:
            return {row["email"]: row["town"] for row in csv.DictReader(file)}

    def connector_tells(self, contacts: list[tuple[str, str, str]]) -> None:
        """(email, town, modified) of every contact of the CRM."""
        made = ", ".join(f"{name} {kind}" for name, kind in CONTACT.items())
        with closing(self.open()) as warehouse:
            warehouse.execute("create schema if not exists hubspot")
            warehouse.execute(f"create table if not exists hubspot.contact ({made})")
            warehouse.execute("delete from hubspot.contact")
            for number, (email, town, modified) in enumerate(contacts, start=1):
                at = datetime.fromisoformat(modified)
                warehouse.execute(
                    "insert into hubspot.contact (id, property_email, property_city, "
                    "property_createdate, property_lastmodifieddate, _fivetran_deleted, "
                    "_fivetran_synced) values (?, ?, ?, ?, ?, false, ?)",
                    (number, email, town, at, at, at),
                )

    def club_says(self, town: str, changed: str) -> None:
        """Where Ada lives, as she told the club, and when."""
        path = self.folder / "seeds" / "club_members.csv"
        head = "member_no,given,family,mail,mobile,joined,changed,town"
        path.write_text(f"{head}\nM1,Ada,Byron,ada@example.com,,2025-01-05,{changed},{town}\n")

    def of_the_crm(self, value: str) -> list[tuple[bool, bool]]:
        """(is_evidence, is_winner) of what the CRM says of towns."""
        with closing(self.open()) as warehouse:
            return warehouse.query(
                "select is_evidence, is_winner from cdp.cdp_attribute_values "
                "where source = 'hubspot' and attribute = 'city' and value = ?",
                (value,),
            )


@pytest.mark.slow
def test_what_comes_back_is_no_evidence(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_PACKAGE", str(ROOT))
    shop = Shop(tmp_path / "shop")
    assert shop.build_and_sync()["ada@example.com"] == "London"

    shop.connector_tells([("ada@example.com", "London", "2026-02-20")])
    shop.club_says("Paris", "2026-02-10")
    assert shop.build_and_sync()["ada@example.com"] == "Paris"
    assert shop.of_the_crm("London") == [(False, False)]

    # The control: what somebody types there is a word of its own, and the latest.
    shop.connector_tells([("ada@example.com", "Turin", "2026-02-25")])
    assert shop.build_and_sync()["ada@example.com"] == "Turin"
    assert shop.of_the_crm("Turin") == [(True, True)]
