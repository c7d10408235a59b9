"""What the public tables and the ledger hold of one person, section by section.

A section is rows of one table about the person; a table that is not there (a layer that is
not built, a model that is off) is an empty section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cdp.errors import WarehouseError
from cdp.identity.places import Places
from cdp.warehouse import Warehouse, quoted

__all__ = ["Person", "Row", "matches", "read_person"]

Row = dict[str, Any]


@dataclass(frozen=True)
class _Section:
    """Rows of `table` about a person, in order; `is_cut`: only the first so many. No
    columns: all that the table has."""

    name: str
    table: str
    columns: tuple[str, ...] = ()
    order: str = "1"
    where: str = "true"
    is_cut: bool = False


_SECTIONS = (
    _Section(
        "golden record", "cdp_attribute_values",
        ("attribute", "value", "source", "observed_at", "why"), "attribute", "is_winner",
    ),
    _Section(
        "identifiers", "cdp_identifiers",
        ("identifier_type", "identifier_value", "sources", "last_seen_at", "is_shared",
         "refused_by"),
        "identifier_type, last_seen_at desc, identifier_value",
    ),
    _Section(
        "timeline", "cdp_timeline",
        ("occurred_at", "channel", "summary", "source"),
        "occurred_at desc, source, record_id", is_cut=True,
    ),
    _Section(
        "segments", "cdp_segment_memberships",
        ("segment", "entered_at", "split"), "entered_at desc, segment", "is_current",
    ),
    _Section("scores", "cdp_scores"),
    _Section("lead score", "cdp_lead_scores", ("score", "reasons")),
    _Section("accounts", "cdp_account_members", ("account_id", "role", "since")),
    _Section(
        "consents", "cdp_consents",
        ("purpose", "channel", "status", "since", "source", "legal_basis"), "purpose, channel",
    ),
    _Section(
        "told by providers", "cdp_enrichments",
        ("provider", "attribute", "value", "observed_at", "licence", "expires_at"),
        "provider, attribute",
    ),
)  # fmt: skip
_SENT = _Section(
    "sent", "cdp_sync_ledger",
    ("settled_at", "entity_id", "sync", "place", "operation", "status", "code", "run_id"),
    "settled_at desc, run_id, entity_id, operation", is_cut=True,
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A profile as it stands; `traits` are the columns of cdp_profiles that are no golden
    attributes; `sections` by name."""

    profile_id: str
    merged_ids: tuple[str, ...]
    traits: Row
    sections: dict[str, list[Row]] = field(default_factory=dict)

    def as_dict(self) -> Row:
        """The person as JSON has it."""
        known = {"profile_id": self.profile_id, "merged_ids": list(self.merged_ids)}
        sections = {name.replace(" ", "_"): rows for name, rows in self.sections.items()}
        return known | {"traits": self.traits} | sections


def read_person(warehouse: Warehouse, places: Places, profile_id: str, latest: int) -> Person:
    """All of one living profile; `latest`: how many rows of what grows without end.

    Raises WarehouseError where the profiles are not built.
    """
    row = _profile(warehouse, places, profile_id)
    merged = _merged_into(warehouse, places, profile_id)
    sections = {
        section.name: _rows(warehouse, places.cdp, section, [profile_id], latest)
        for section in _SECTIONS
    }
    sections[_SENT.name] = _rows(warehouse, places.state, _SENT, [profile_id, *merged], latest)
    golden = {found["attribute"] for found in sections["golden record"]}
    traits = {name: value for name, value in row.items() if name not in golden | {"profile_id"}}
    return Person(profile_id, tuple(merged), traits, sections)


def matches(warehouse: Warehouse, places: Places, profile_ids: Sequence[str]) -> list[Row]:
    """A line each of several profiles, so that one can be chosen."""
    present = places.columns(warehouse, "cdp_profiles")
    wanted = ("profile_id", "first_name", "last_name", "email", "phone", "last_seen_at")
    names = [name for name in wanted if name in present]
    marks = ", ".join("?" for _ in profile_ids)
    rows = warehouse.query(
        f"select {', '.join(names)} from {places.cdp}.cdp_profiles "  # noqa: S608
        f"where profile_id in ({marks}) order by profile_id",
        profile_ids,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _profile(warehouse: Warehouse, places: Places, profile_id: str) -> Row:
    names = list(places.columns(warehouse, "cdp_profiles"))
    if not names:
        raise WarehouseError("cdp_profiles is not in the warehouse. Run cdp build.")
    rows = warehouse.query(
        f"select {', '.join(map(quoted, names))} from {places.cdp}.cdp_profiles "  # noqa: S608
        "where profile_id = ?",
        (profile_id,),
    )
    if not rows:
        raise WarehouseError(f"cdp_profiles lacks {profile_id}, a new one. Run cdp build.")
    return dict(zip(names, rows[0], strict=True))


def _merged_into(warehouse: Warehouse, places: Places, profile_id: str) -> list[str]:
    rows = warehouse.query(
        "select distinct previous_profile_id "  # noqa: S608
        f"from {places.cdp}.cdp_identity_changes where change_type = 'merged' "
        "and current_profile_id = ? and previous_profile_id <> ? order by 1",
        (profile_id, profile_id),
    )
    return [name for (name,) in rows]


def _rows(
    warehouse: Warehouse,
    schema: str,
    section: _Section,
    profile_ids: Sequence[str],
    latest: int,
) -> list[Row]:
    present = warehouse.columns(schema.strip('"'), section.table)
    wanted = section.columns or tuple(present)
    names = [name for name in wanted if name in present and name != "profile_id"]
    if not names or "profile_id" not in present:
        return []
    rows = warehouse.query(
        f"select {', '.join(map(quoted, names))} "  # noqa: S608
        f"from {schema}.{quoted(section.table)} "
        f"where profile_id in ({', '.join('?' for _ in profile_ids)}) and {section.where} "
        f"order by {section.order} {f'limit {int(latest)}' if section.is_cut else ''}",
        profile_ids,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
