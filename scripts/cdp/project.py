"""The dbt project as typed, frozen facts: models, columns and their meta, syncs, vars.

dbt's manifest is the only source: it is parsed once per target, into a folder of its own
(see parsing_folder), since whether a sync is enabled depends on the target.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from cdp import clock
from cdp.declared import read_packages, read_panel
from cdp.errors import ConfigError
from cdp.warehouse import is_beside, quoted

__all__ = ["Column", "Exposure", "Node", "Project", "Purpose", "load_project", "parsing_folder"]


@dataclass(frozen=True)
class Column:
    """A documented column: may it leave the warehouse, does it identify someone? type: as
    cdp_type names it, empty where undocumented; values: all that it may be, if that is said."""

    name: str
    is_shared: bool = False
    is_pii: bool = False
    type: str = ""
    values: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Node:
    """A model, seed, source table or test, as far as activation needs it."""

    unique_id: str
    name: str
    package: str
    kind: str
    schema: str
    table: str
    path: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    tests: str | None = None
    folder: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """Schema and table, quoted for SQL; the database is the connection's own."""
        return quoted(self.schema, self.table)

    @property
    def full_name(self) -> str:
        """`package.name`, as the control panel lists it."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True)
class Exposure:
    """A dbt exposure; it is a sync when its meta holds a `cdp_` key."""

    name: str
    path: str
    label: str
    parents: tuple[str, ...]
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class Purpose:
    """Why a person's data is used. `needs_grant`: nobody without a grant; else an
    objection stops it. `channels`: consents on these count; empty means on any."""

    name: str
    legal_basis: str
    channels: tuple[str, ...] = ()

    @property
    def needs_grant(self) -> bool:
        """Deny by default, unless the law gives another basis than consent."""
        return self.legal_basis not in ("contract", "legitimate_interest", "legal_obligation")


@dataclass(frozen=True)
class Project:
    """One dbt project, on one target."""

    root: Path
    target: str
    vars: Mapping[str, Any]
    nodes: Mapping[str, Node]
    exposures: tuple[Exposure, ...]
    now: datetime = datetime.min  # the platform's clock (see cdp.clock)

    @property
    def name(self) -> str:
        """What dbt_project.yml calls it."""
        return read_packages(self.root)[0].name

    def node(self, name: str) -> Node | None:
        """A model or seed by `name` or `package.name`; None when there is none."""
        for node in self.nodes.values():
            if node.kind in ("model", "seed", "snapshot") and name in (node.name, node.full_name):
                return node
        return None

    def declares(self, node: Node, column: str) -> bool:
        """Whether the node's YAML documents the column, or the host lists it to be shared."""
        return column in node.columns or column in self._listed(node)

    def shares(self, node: Node, column: str) -> bool:
        """Whether a column may leave: said in the model that makes it, or by the host.

        A column that cdp_profiles takes over from a trait is looked up there.
        """
        makers = [node]
        if node.name == "cdp_profiles":
            makers += [self.nodes[name] for name in node.parents if name in self.nodes]
        for maker in makers:
            if column in self._listed(maker):
                return True
            if column in maker.columns:
                return maker.columns[column].is_shared
        return False

    def _listed(self, node: Node) -> Collection[str]:
        listed: Mapping[str, Collection[str]] = self.vars.get("cdp_share_columns") or {}
        return listed.get(node.full_name) or ()

    def exclusions(self, segment: Node) -> Node | None:
        """The model of the people whom a segment does not take (`cdp_segment_exclusions`);
        None where it takes everybody."""
        excluding = self.vars.get("cdp_segment_exclusions") or ()
        keeps = segment.meta.get("cdp_segment_exclusions") is False
        if not excluding or keeps or segment.full_name in excluding:
            return None
        return self.node("cdp.smb_exclusions")

    def ancestors(self, names: Iterable[str]) -> Iterator[Node]:
        """Every node that the named ones stand on, themselves included, each once."""
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in self.nodes and name not in seen:
                seen.add(name)
                yield self.nodes[name]
                waiting.extend(self.nodes[name].parents)

    def purposes(self) -> dict[str, Purpose]:
        """The purposes that the seed names. Raises ConfigError when the seed is missing."""
        name = (self.vars.get("cdp_reference") or {}).get("purposes", "cdp.cdp_purposes")
        seed = self.node(name)
        if seed is None:
            raise ConfigError(f"vars: cdp_reference.purposes names no seed: '{name}'. Add it.")
        with (self.root / seed.folder / seed.path).open(encoding="utf-8", newline="") as file:
            return {row["purpose"]: _purpose(row) for row in csv.DictReader(file)}

    @property
    def is_live(self) -> bool:
        """Whether this target may reach live accounts; a build beside never may."""
        return self.target in (self.vars.get("cdp_live_targets") or ()) and not is_beside()


def _purpose(row: Mapping[str, str]) -> Purpose:
    channels = (row.get("channels") or row.get("channel") or "").replace("|", " ").split()
    return Purpose(row["purpose"], row["legal_basis"], tuple(channels))


class _Meta(BaseModel):
    model_config = ConfigDict(extra="ignore")
    meta: dict[str, Any] = Field(default_factory=dict)


class _Column(_Meta):
    name: str
    data_type: str | None = None
    description: str = ""
    config: _Meta = _Meta()


class _TestMetadata(BaseModel):
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict, validation_alias=AliasChoices("kwargs"))


class _DependsOn(BaseModel):
    nodes: list[str] = Field(default_factory=list)


class _Node(_Meta):
    unique_id: str
    name: str
    package_name: str
    resource_type: str
    original_file_path: str
    db_schema: str = Field(default="", alias="schema")
    alias: str | None = None
    identifier: str | None = None
    label: str | None = None
    root_path: str | None = None
    attached_node: str | None = None
    test_metadata: _TestMetadata | None = None
    columns: dict[str, _Column] = Field(default_factory=dict)
    config: _Meta = _Meta()
    depends_on: _DependsOn = _DependsOn()


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")
    nodes: dict[str, _Node]
    sources: dict[str, _Node]
    exposures: dict[str, _Node]


def load_project(project_dir: Path, target: str) -> Project:
    """The project as dbt parses it now. Raises ConfigError with dbt's own reason."""
    root = project_dir.resolve()
    packages = read_packages(root)
    settings = packages[0].settings
    manifest = _Manifest.model_validate_json(_manifest(root, target, settings).read_bytes())
    values = _accepted_values(manifest.nodes.values())
    everything = manifest.nodes | manifest.sources
    return Project(
        root=root,
        target=target,
        vars=read_panel(packages),
        nodes={name: _node(raw, values.get(name, {})) for name, raw in everything.items()},
        exposures=tuple(_exposure(raw) for raw in manifest.exposures.values()),
        now=clock.now(root, target),
    )


def parsing_folder(root: Path, target: str, settings: Mapping[str, Any]) -> Path:
    """Where we let dbt parse: apart by target and schema prefix, which names depend on."""
    base = os.environ.get("DBT_TARGET_PATH") or settings.get("target-path", "target")
    return (
        root / base / "-".join(filter(None, ("cdp", target, os.environ.get("CDP_SCHEMA_PREFIX"))))
    )


def _manifest(root: Path, target: str, settings: Mapping[str, Any]) -> Path:
    folder = parsing_folder(root, target, settings)
    path = folder / "manifest.json"
    if path.exists() and path.stat().st_mtime > _last_change(root, settings):
        return path
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors"]
    command += [
        "parse",
        "--project-dir",
        str(root),
        "--target",
        target,
        "--target-path",
        str(folder),
    ]
    if (root / "profiles.yml").exists() and "DBT_PROFILES_DIR" not in os.environ:
        command += ["--profiles-dir", str(root)]
    parsed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if parsed.returncode != 0 or not path.exists():
        reason = _reason(parsed.stdout or parsed.stderr)
        raise ConfigError(f"dbt cannot parse the project: {reason or 'no reason given'}")
    path.touch()
    return path


def _reason(output: str) -> str:
    """What dbt says of an error, on one line: without the time and the trail of macros."""
    said = output.partition("Encountered an error:")[2] or output
    lines = (line for line in said.splitlines() if not line.lstrip().startswith(">"))
    return " ".join(" ".join(lines).split())


def _last_change(root: Path, settings: Mapping[str, Any]) -> float:
    keys = {"model-paths": "models", "macro-paths": "macros", "seed-paths": "seeds"}
    keys |= {"test-paths": "tests", "snapshot-paths": "snapshots", "analysis-paths": "analyses"}
    places = [root / place for key, name in keys.items() for place in settings.get(key, [name])]
    names = ("dbt_project.yml", "profiles.yml", "package-lock.yml")
    files = [root / name for name in names]
    files += [path for place in places for path in (place, *place.rglob("*"))]
    return max(path.stat().st_mtime for path in files if path.exists())


def _accepted_values(nodes: Iterable[_Node]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Node -> column -> all that it may be, from the tests `accepted_values`."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for node in nodes:
        test = node.test_metadata
        if test and test.name == "accepted_values" and node.attached_node:
            column = str(test.arguments.get("column_name"))
            values = tuple(map(str, test.arguments.get("values") or ()))
            found.setdefault(node.attached_node, {})[column] = values
    return found


def _node(raw: _Node, values: Mapping[str, tuple[str, ...]]) -> Node:
    columns = (_column(column, values.get(column.name, ())) for column in raw.columns.values())
    return Node(
        unique_id=raw.unique_id,
        name=raw.name,
        package=raw.package_name,
        kind=raw.resource_type,
        schema=raw.db_schema,
        table=raw.identifier or raw.alias or raw.name,
        path=raw.original_file_path,
        columns={column.name: column for column in columns},
        parents=tuple(raw.depends_on.nodes),
        tests=raw.attached_node,
        folder=raw.root_path or "",
        meta=raw.meta | raw.config.meta,
    )


def _column(raw: _Column, values: tuple[str, ...]) -> Column:
    meta = raw.meta | raw.config.meta
    return Column(
        name=raw.name,
        is_shared=meta.get("cdp_share") is True,
        is_pii=meta.get("cdp_pii") is True,
        type=raw.data_type or "",
        values=values,
        description=raw.description,
    )


def _exposure(raw: _Node) -> Exposure:
    return Exposure(
        name=raw.name,
        path=raw.original_file_path,
        label=raw.label or raw.name,
        parents=tuple(raw.depends_on.nodes),
        meta=raw.meta | raw.config.meta,
    )
