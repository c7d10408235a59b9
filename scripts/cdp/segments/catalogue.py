"""What an audience may speak of: the columns of a profile, the things a person did or has,
and the other segments. All of it read off the dbt project.

A model becomes a thing by its `meta`: `cdp_thing` names it, `cdp_thing_at` is the column of
its time (none: it has no time, or only a present), `cdp_thing_unless` a boolean column whose
rows never count. It has a profile_id; its documented columns are those that may be asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cdp.errors import ConfigError
from cdp.project import Column, Node, Project

__all__ = ["Catalogue", "Thing", "read_catalogue"]

_COLUMN_KEYS = ("cdp_thing_at", "cdp_thing_unless")


@dataclass(frozen=True)
class Thing:
    """Rows of people: events, orders, households."""

    name: str
    node: Node
    at: str | None
    unless: str | None

    @property
    def columns(self) -> Mapping[str, Column]:
        """What may be asked of a row."""
        return self.node.columns


@dataclass(frozen=True)
class Catalogue:
    """All that the project at hand offers. segments: model name -> its node."""

    profiles: Node
    clock: Node
    things: Mapping[str, Thing]
    segments: Mapping[str, Node]


def read_catalogue(project: Project) -> Catalogue:
    """Raises ConfigError where the project has no profiles."""
    models = [node for node in project.nodes.values() if node.kind == "model"]
    things: dict[str, Thing] = {}
    for node in models:
        if "cdp_thing" in node.meta:
            thing = _thing(node)
            if other := things.get(thing.name):
                raise ConfigError(
                    f"{node.name} and {other.node.name} are both the thing '{thing.name}'. "
                    "Change one's cdp_thing."
                )
            things[thing.name] = thing
    listed = set(project.vars.get("cdp_segments") or ())
    return Catalogue(
        profiles=_needed(project, "cdp.cdp_profiles"),
        clock=_needed(project, "cdp.cdp_clock"),
        things=dict(sorted(things.items())),
        segments={node.name: node for node in models if node.full_name in listed},
    )


def _thing(node: Node) -> Thing:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(node.meta["cdp_thing"])):
        raise ConfigError(
            f"{node.path}: cdp_thing is '{node.meta['cdp_thing']}'. Use lower-case letters, "
            "digits and _."
        )
    needed = {"cdp_thing": "profile_id"}
    needed |= {key: node.meta[key] for key in _COLUMN_KEYS if node.meta.get(key)}
    for key, column in needed.items():
        if column not in node.columns:
            raise ConfigError(
                f"{node.name}: {key} needs the column {column}. Document it in the model's YAML."
            )
    return Thing(
        name=str(node.meta["cdp_thing"]),
        node=node,
        at=node.meta.get("cdp_thing_at"),
        unless=node.meta.get("cdp_thing_unless"),
    )


def _needed(project: Project, name: str) -> Node:
    node = project.node(name)
    if node is None:
        raise ConfigError(f"The project has no model {name}. Install the package cdp first.")
    return node
