"""A profile as of a day in the past: rebuilt where the data allows it, remembered where not.

What stands on facts that nobody changes (orders, events, messages, …) is rebuilt: the very
models, compiled with the clock of that day, run in one query each over the facts known by
then and the identity map as of then. Nothing is written. What stands on records that
sources overwrite (people, carts, tickets) comes from cdp_profile_history, from the day it
began. Everything else is named as unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cdp.activation.hashing import literal
from cdp.dbt import run_dbt
from cdp.declared import read_packages
from cdp.errors import ConfigError, WarehouseError
from cdp.identity.places import Places
from cdp.profile.person import Row
from cdp.project import Node, Project, load_project, parsing_folder
from cdp.warehouse import Warehouse, open_warehouse, quoted

__all__ = ["AsOf", "Rebuild", "read_as_of"]

_MAP = "cdp_identity_map"
_MAP_AS_OF = "who_was_who"  # the analysis that is cdp_identity_map_as_of, compiled


@dataclass(frozen=True)
class AsOf:
    """A profile as of `moment` (UTC). `rebuilt`: columns of cdp_profiles as that day's build
    would have them; `remembered`: those of cdp_profile_history; `unknown`: the rest.
    `map_of`: the moment of the identity map: the first there is, for an earlier day."""

    moment: datetime
    map_of: datetime
    profile_id: str
    then: tuple[str, ...]
    rebuilt: Row
    remembered: Row
    unknown: tuple[str, ...]
    remembered_since: datetime | None

    def as_dict(self) -> Row:
        """The profile as JSON has it."""
        return {
            "as_of": self.moment,
            "identity_map_of": self.map_of,
            "profile_id": self.profile_id,
            "profiles_then": list(self.then),
            "rebuilt": self.rebuilt,
            "from_history": self.remembered,
            "history_since": self.remembered_since,
            "unknown": list(self.unknown),
        }


def read_as_of(project_dir: Path, target: str, asked: str, current: str, moment: datetime) -> AsOf:
    """The profile that `current` was, or `asked`, if it is an older id of the person.

    Raises ConfigError when nobody of that id was known by then.
    """
    rebuild = Rebuild.compile(project_dir, target, moment)
    with closing(open_warehouse(project_dir, target, read_only=True)) as warehouse:
        places = Places.here(target)
        then = rebuild.profiles_then(warehouse, places, current)
        if not then:
            raise ConfigError(
                f"Nothing was known of {current} on {moment:%Y-%m-%d}: no record of it had a "
                "profile by then."
            )
        chosen = next((name for name in (asked, current) if name in then), then[0])
        rebuilt = rebuild.columns(warehouse, chosen)
        remembered, since = _remembered(warehouse, places, chosen, moment)
        columns = [*places.columns(warehouse, "cdp_profiles")]
    kept = {name: value for name, value in remembered.items() if name not in rebuilt}
    unknown = (n for n in columns if n not in rebuilt and n not in kept and n != "profile_id")
    return AsOf(moment, rebuild.map_of, chosen, tuple(then), rebuilt, kept, tuple(unknown), since)


@dataclass(frozen=True)
class Rebuild:
    """The models of traits that can be rebuilt, as SQL of one moment."""

    moment: datetime
    map_of: datetime
    traits: tuple[Node, ...]
    code: Mapping[str, str] = field(repr=False)  # node → compiled SQL
    relations: Mapping[str, str] = field(repr=False)  # node → its name in that SQL
    defaults: Mapping[str, Row] = field(repr=False)  # trait → column → cdp_default
    counts: Mapping[str, frozenset[str]] = field(repr=False)  # trait → columns that count
    project: Project = field(repr=False)

    @staticmethod
    def compile(project_dir: Path, target: str, moment: datetime) -> Rebuild:
        """Let dbt compile what is needed with the clock at `moment`; takes seconds."""
        project = load_project(project_dir, target)
        map_of = _map_of(project_dir, target, moment)
        traits = tuple(node for node in _traits(project) if _rebuilds(project, node))
        needed = {node.name for trait in traits for node in _lineage(project, trait)}
        folder = parsing_folder(
            project.root, target, read_packages(project.root)[0].settings
        ).with_name("as-of")
        settings = {"cdp_now": f"{moment:%Y-%m-%d %H:%M:%S.%f}", "as_of": str(map_of)}
        arguments = ["compile", "--full-refresh", "--target-path", str(folder)]
        arguments += ["--vars", json.dumps(settings), "--select", _MAP_AS_OF, *sorted(needed)]
        run_dbt(project.root, target, arguments)
        nodes = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
        return Rebuild(
            moment,
            map_of,
            traits,
            code={name: node.get("compiled_code") or "" for name, node in nodes.items()},
            relations={name: node.get("relation_name") or "" for name, node in nodes.items()},
            defaults={trait.unique_id: _defaults(nodes[trait.unique_id]) for trait in traits},
            counts={trait.unique_id: _counts(nodes[trait.unique_id]) for trait in traits},
            project=project,
        )

    def profiles_then(self, warehouse: Warehouse, places: Places, current: str) -> list[str]:
        """The profiles of then whose records are `current` today, the largest first."""
        rows = warehouse.query(
            f"with was as ({self._map}) "  # noqa: S608
            f"select was.profile_id from was inner join {places.cdp}.{_MAP} as is_now "
            "on was.source = is_now.source and was.record_id = is_now.record_id "
            f"where is_now.profile_id = {literal(current)} "
            "group by was.profile_id order by count(*) desc, was.profile_id"
        )
        return [name for (name,) in rows]

    def columns(self, warehouse: Warehouse, profile_id: str) -> Row:
        """The rebuilt columns of one profile, with the defaults of cdp_profiles."""
        found: Row = {}
        for trait in self.traits:
            whose = None if trait.meta.get("cdp_compares_people") else profile_id
            defaults = self.defaults[trait.unique_id]
            # No parameters: a model's SQL may hold a `?`.
            sql = f"{self.sql(trait, whose)} where profile_id = {literal(profile_id)}"
            rows = warehouse.query(sql) or [(profile_id, *(None for _ in defaults))]
            row = dict(zip(defaults, rows[0][1:], strict=True))
            found |= {n: defaults[n] if value is None else value for n, value in row.items()}
        return found

    def sql(self, trait: Node, profile_id: str | None = None) -> str:
        """profile_id and the trait's documented columns, as one query; of one, or of all."""
        whose = f" where profile_id = {literal(profile_id)}" if profile_id else ""
        steps = [f"{_MAP} as (select * from ({self._map}) as was{whose})"]  # noqa: S608
        steps += [self._step(node) for node in _lineage(self.project, trait)]
        names = ", ".join(
            f"cast({quoted(name)} as bigint)"
            if name in self.counts[trait.unique_id]
            else quoted(name)
            for name in ("profile_id", *self.defaults[trait.unique_id])
        )
        return f"with {', '.join(steps)} select {names} from {trait.name}"  # noqa: S608

    @property
    def _map(self) -> str:
        (name,) = (name for name in self.code if name.endswith(f".{_MAP_AS_OF}"))
        return self.code[name]

    def _step(self, node: Node) -> str:
        """A common table expression: the model over those before it, or what was known."""
        code = self.code[node.unique_id]
        if node.name.startswith("inp_"):
            code = f"select * from {self.relations[node.unique_id]}"  # noqa: S608
        else:
            for name, relation in self.relations.items():
                known = self.project.nodes.get(name)
                if relation and known and (known.name == _MAP or _is_step(known)):
                    code = code.replace(relation, known.name)
        if "occurred_at" in node.columns:
            known_by = f"cast({literal(str(self.moment))} as timestamp)"
            code = (
                f"select * from ({code}) as told "  # noqa: S608
                f"where coalesce(occurred_at <= {known_by}, true)"
            )
        return f"{node.name} as ({code})"


def _traits(project: Project) -> Iterator[Node]:
    for entry in project.vars.get("cdp_traits") or ():
        if node := project.node(str(entry)):
            yield node


def _rebuilds(project: Project, trait: Node) -> bool:
    """Whether the trait stands on facts alone, not on records that sources overwrite."""
    for node in _lineage(project, trait):
        parents = (project.nodes[name] for name in node.parents if name in project.nodes)
        if _is_overwritten(node) or any(_is_identity(parent) for parent in parents):
            return False
    return True


def _lineage(project: Project, trait: Node) -> list[Node]:
    """The models that the trait stands on, from the inputs on, itself last."""
    found: dict[str, Node] = {}

    def visit(node: Node) -> None:
        if node.unique_id in found or not _is_step(node):
            return
        if not node.name.startswith("inp_"):
            for name in node.parents:
                if name in project.nodes:
                    visit(project.nodes[name])
        found[node.unique_id] = node

    visit(trait)
    return list(found.values())


def _is_step(node: Node) -> bool:
    """Whether the model is built again; who has an address that links nobody is today's."""
    is_today = node.name.startswith(("idg_", "cdp_id")) or node.name == "prf_unlinked_holders"
    return node.kind == "model" and not is_today


def _is_identity(node: Node) -> bool:
    is_layer = node.kind == "model" and node.name.startswith(("idg_", "cdp_id"))
    return is_layer and node.name not in (_MAP, "cdp_identity_changes")


def _is_overwritten(node: Node) -> bool:
    """An input of records of people that change: it has no time at which a row was said."""
    is_input = node.name.startswith("inp_")
    return is_input and "identity_key" in node.columns and "occurred_at" not in node.columns


def _defaults(node: Mapping[str, Any]) -> Row:
    """Column → cdp_default, as the trait's YAML documents them."""
    columns = node["columns"].values()
    metas = {column["name"]: column["config"].get("meta") or column["meta"] for column in columns}
    return {n: meta.get("cdp_default") for n, meta in metas.items() if n != "profile_id"}


def _counts(node: Mapping[str, Any]) -> frozenset[str]:
    """The columns that cdp_profiles has as whole numbers, whatever a sum's type is."""
    columns = node["columns"].values()
    return frozenset(column["name"] for column in columns if column["data_type"] == "integer")


def _map_of(project_dir: Path, target: str, moment: datetime) -> datetime:
    """The moment of the identity map to use: the first that was kept, for an earlier day."""
    places = Places.here(target)
    with closing(open_warehouse(project_dir, target, read_only=True)) as warehouse:
        if not warehouse.columns(places.state.strip('"'), "idg_record_profiles"):
            raise WarehouseError("No history of the identity map is kept yet. Run cdp build.")
        ((first,),) = warehouse.query(
            f"select min(changed_at) from {places.state}.idg_record_profiles"  # noqa: S608
        )
    return max(moment, first) if first else moment


def _remembered(
    warehouse: Warehouse, places: Places, profile_id: str, moment: datetime
) -> tuple[Row, datetime | None]:
    """(columns of cdp_profile_history at the moment, since when there is any)."""
    own = {"profile_id", "valid_from", "valid_to", "is_current", "current_profile_id"}
    names = [n for n in places.columns(warehouse, "cdp_profile_history") if n not in own]
    if not names:
        return {}, None
    table = f"{places.cdp}.cdp_profile_history"
    ((since,),) = warehouse.query(
        f"select min(valid_from) from {table} where profile_id = ?",  # noqa: S608
        (profile_id,),
    )
    rows: Sequence[tuple[Any, ...]] = warehouse.query(
        f"select {', '.join(map(quoted, names))} from {table} where profile_id = ? "  # noqa: S608
        "and valid_from <= ? and coalesce(valid_to > ?, true)",
        (profile_id, moment, moment),
    )
    return (dict(zip(names, rows[0], strict=True)) if rows else {}), since
