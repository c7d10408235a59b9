"""The parties of a CRM that nobody tidied, and the syncs that deliver to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import yaml

from cdp.project import Exposure, Project
from support.tryton import NAME, USER

__all__ = ["DEALS", "REGULARS", "dirty_parties", "same", "with_syncs"]

REGULARS, DEALS = "lapsing_regulars_to_tryton", "deals_to_tryton"

_SYNCS = """
lapsing_regulars_to_tryton:
  of: seg_lapsing_regulars
  meta:
    cdp_destination: tryton
    cdp_object: parties
    cdp_mode: mirror
    cdp_match: [code, email]
    cdp_purpose: marketing_email
    cdp_fields:
      code: profile_id
      name: {template: "{first_name|} {last_name|}"}
      email: {column: email, normalise: email}
      mobile: phone
deals_to_tryton:
  of: cdp_pipeline
  meta:
    cdp_destination: tryton
    cdp_object: opportunities
    cdp_entity: opportunity
    cdp_mode: mirror
    cdp_match: [reference]
    cdp_purpose: sales_outreach
    cdp_after: [lapsing_regulars_to_tryton]
    cdp_fields:
      reference: opportunity_id
      description: name
      conversion_probability: probability
      party: email
"""


def dirty_parties(warehouse: Path, number: int) -> list[dict[str, Any]]:
    """So many of the demo's person records as a CRM has them after ten years: half without
    an address, in any case, with spaces, a name turned round, several of one person."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select first_name, last_name, email, phone from cdp_internal.inp_people "
            "order by md5(source || record_id) limit ?",
            (number,),
        ).fetchall()
    return [_dirty(place, *row) for place, row in enumerate(found)]


def _dirty(
    place: int, first: str | None, last: str | None, email: str | None, phone: str | None
) -> dict[str, Any]:
    names = [first or "", last or ""]
    name = f"{names[1].upper()}, {names[0]}" if place % 4 == 0 else " ".join(names)
    mechanisms = []
    if email and place % 2:
        written = email.upper() if place % 3 == 0 else f" {email} " if place % 5 == 0 else email
        mechanisms.append({"type": "email", "value": written})
    if phone and place % 3:
        mechanisms.append({"type": "phone", "value": phone, "name": "desk"})
    commands = [["create", mechanisms]] if mechanisms else []
    return {"code": str(10_000 + place), "name": name, "contact_mechanisms": commands}


def same(address: str | None) -> str:
    """An address as two of them are compared."""
    return (address or "").strip().lower()


def with_syncs(project: Project, url: str) -> Project:
    """The project with the syncs to the server instead of its own, on a target that is live."""
    options = {
        "base_url": url, "database": NAME, "user": USER, "password_env": "TEST_TRYTON_PASSWORD",
    }  # fmt: skip
    exposures = [
        Exposure(
            name, f"models/syncs/{name}.yml", name,
            (f"model.cdp.{sync['of']}", "model.cdp.cdp_profiles"),
            sync["meta"] | {"cdp_options": options},
        )
        for name, sync in yaml.safe_load(_SYNCS).items()
    ]  # fmt: skip
    settings = {
        "cdp_live_targets": [project.target],
        "cdp_share_columns": {"cdp.cdp_pipeline": ["name", "probability"]},
    }
    return replace(project, vars={**project.vars, **settings}, exposures=tuple(exposures))
