"""One sync as its YAML states it: typed and frozen (reading.py makes it, or refuses)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cdp.destinations._base import Options
from cdp.project import Node, Purpose

__all__ = ["ENTITIES", "MODES", "PRIMARIES", "MappedField", "Place", "SyncSpec"]

MODES = ("upsert", "update", "create", "mirror", "audience", "append")
PRIMARIES = ("lowest_id", "highest_id")
ENTITIES = ("profile", "account", "opportunity", "task", "event")


@dataclass(frozen=True)
class Place:
    """A column in a template, and what stands there where it is null.

    is_of_profiles: the column is that of cdp_profiles, whatever the audience calls so.
    """

    column: str
    default: str = ""
    is_of_profiles: bool = False


@dataclass(frozen=True)
class MappedField:
    """One field at the destination: a column, a fixed value, or a template of texts and
    columns; perhaps hashed.

    set_once: sent with a new record alone. skip_null: a null leaves what is there.
    """

    name: str
    column: str | None
    value: str | int | float | bool | None = None
    hash: str | None = None
    normalise: str | None = None
    is_of_profiles: bool = False
    template: tuple[str | Place, ...] = ()
    set_once: bool = False
    skip_null: bool = False


@dataclass(frozen=True)
class SyncSpec:
    """One sync. `audience`: the model whose rows are delivered; `profiles`: cdp_profiles."""

    name: str
    label: str
    path: str
    audience: Node
    profiles: Node | None
    consents: Node | None
    parents: tuple[str, ...]
    entity: str
    destination: str
    target_object: str
    mode: str
    matches: tuple[str, ...]
    fields: tuple[MappedField, ...]
    purpose: Purpose
    options: Options
    place: str
    is_sandboxed: bool = False
    max_delete_pct: float | None = None
    max_rows: int | None = None
    max_creates: int | None = None
    max_age: timedelta | None = None
    holdout_pct: int = 0  # the segment's own, for its control group
    exclusions: Node | None = None  # whom the segment does not take
    log_values: bool = False
    tests: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)  # see mapping_tests
    after: tuple[str, ...] = ()  # syncs that have to be through before
    gate: Mapping[str, Node] = field(default_factory=dict)  # what its rules read, by name
    appending: tuple[str, ...] = ()  # the syncs whose rows are contacts on its channels
    primary: str = ""  # which of several records of one person is hers: one of PRIMARIES
    identity_map: Node | None = None
    identity_changes: Node | None = None
    source: str = ""  # what cdp_identity_map calls the tool, where it is also a source
    now: datetime = datetime.min  # the platform's clock
    root: Path | None = None

    @property
    def rows(self) -> str:
        """SQL to select from: the audience, without whom no segment takes."""
        if self.exclusions is None:
            return self.audience.relation
        excluded = f"select profile_id from {self.exclusions.relation}"  # noqa: S608 - quoted
        return (
            f"(select * from {self.audience.relation} "  # noqa: S608 - quoted
            f"where profile_id is null or profile_id not in ({excluded})) as audience"
        )

    @property
    def key(self) -> str:
        """The column that names the entity: profile_id, account_id, …"""
        return f"{self.entity}_id"

    @property
    def match(self) -> str:
        """The field (or the key) whose value names a row at the destination."""
        return next(name for name in self.matches if name != "record_id")
