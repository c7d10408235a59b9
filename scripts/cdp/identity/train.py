"""Fitting the matching model: how often matches, and strangers, agree on what.

Fellegi and Sunter's model (JASA 1969), without labels. Splink estimates u from pairs drawn
by chance and m by expectation maximisation, on the very levels that the warehouse scores
(see cdp.identity.splink_model). What it cannot know is put right here: an equal value is
counted over all people; the model that stands lends a few pairs to each level, so that one
nobody has seen keeps its meaning; weights never rise with distance; and the prior comes
from the candidate pairs over the space of all, pairs that no rule names being no matches.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cdp.errors import ConfigError, WarehouseError
from cdp.warehouse import quoted, schema_name

if TYPE_CHECKING:
    from cdp.identity.splink_model import Shares
    from cdp.warehouse import Warehouse

__all__ = ["Level", "Model", "check", "export", "fit", "promote", "standing", "train"]

Patterns = Mapping[tuple[str | None, ...], int]  # levels in order of the comparisons -> pairs
Vector = NDArray[np.float64]

_LENT_MATCHES, _LENT_STRANGERS = 10.0, 100.0
_DRAWN_PAIRS = 1e6  # as many as Splink draws
_TABLE = "cdp_match_models"
_COLUMNS = ("comparison", "level", "level_rank", "m", "u", "weight")


@dataclass(frozen=True)
class Level:
    """How often matches (m) and strangers (u) are at this level; weight in bits."""

    name: str
    m: float
    u: float
    weight: float


@dataclass(frozen=True)
class Model:
    """Levels by comparison, the closest first; partners: other records a record has."""

    comparisons: Mapping[str, Sequence[Level]]
    partners: float


def fit(
    start: Model, found: Shares, candidates: Patterns, equal: Mapping[str, float], people: int
) -> Model:
    """The model that stands, taught by what Splink found; memory O(patterns).

    start: its comparisons are the patterns' positions; found: m and u by level, where the
    people say anything; equal: the chance that two people have one value, where counted.
    """
    comparisons = {
        name: _fitted(levels, found[name], equal.get(name), people) if name in found else levels
        for name, levels in start.comparisons.items()
    }
    return Model(comparisons, _partners(comparisons, candidates, people))


def _fitted(
    start: Sequence[Level],
    found: Mapping[str, tuple[float, float]],
    equal: float | None,
    people: int,
) -> list[Level]:
    matches, strangers = max(people / 2, 1.0), min(_DRAWN_PAIRS, people * (people - 1) / 2)
    seen = np.array([found[level.name] for level in start])
    m = _lent(seen[:, 0], matches, [level.m for level in start], _LENT_MATCHES)
    u = _lent(seen[:, 1], strangers, [level.u for level in start], _LENT_STRANGERS)
    if equal:  # counted over all people: more exact than a draw
        u[0] = min(equal, 0.999)  # a column of one value alone: the rest keep a trace
        u[1:] *= (1 - u[0]) / u[1:].sum()
    return _levels(start, m, u)


def _lent(found: Vector, pairs: float, start: Sequence[float], lent: float) -> Vector:
    shares = found / found.sum() * pairs + np.array(start) * lent
    return np.asarray(shares / shares.sum())


def _partners(
    comparisons: Mapping[str, Sequence[Level]], candidates: Patterns, people: int
) -> float:
    """How many other records a record has: what the candidates' evidence adds up to."""
    weights = [
        {level.name: level.weight for level in levels} | {None: 0.0}
        for levels in comparisons.values()
    ]
    bits = np.array(
        [sum(of[level] for of, level in zip(weights, row, strict=True)) for row in candidates]
    )
    pairs = np.array(list(candidates.values()), float)
    all_pairs = max(people * (people - 1) / 2, 1.0)
    prior = min(0.5, people / 2 / all_pairs)
    for _ in range(500):
        matches = pairs / (1 + (1 - prior) / prior * np.exp2(-bits))
        before, prior = prior, min(0.5, (matches.sum() + 1) / (all_pairs + 2))
        if abs(prior - before) < 1e-9 * before:
            break
    return prior * max(people - 1, 1)


def _levels(levels: Sequence[Level], m: Vector, u: Vector) -> list[Level]:
    """Levels with weights that never rise with distance: those out of order share one.

    A comparison that tells nothing, or the reverse of what it should, so comes to 0 bits.
    """
    groups: list[Vector] = []  # m, u, how many levels
    for matches, strangers in zip(m, u, strict=True):
        group = np.array([matches, strangers, 1.0])
        while groups and group[0] / group[1] > groups[-1][0] / groups[-1][1]:
            group += groups.pop()
        groups.append(group)
    weights = [
        round(float(np.log2(a / b)), 6) + 0.0 for a, b, size in groups for _ in range(int(size))
    ]
    return [
        Level(level.name, float(m[place]), float(u[place]), weights[place])
        for place, level in enumerate(levels)
    ]


def check(model: Model, people: int, linked: int = 0) -> None:
    """Refuse a model that cannot be right, in one sentence.

    linked: pairs of records that identifiers link.
    """
    refused = "The fitted model is not used: by it, "
    # What nearly all have in common says nothing at best; one odd column comes to 0 bits.
    odd = [name for name, levels in model.comparisons.items() if levels[0].m <= levels[0].u < 0.5]
    if 2 * len(odd) >= len(model.comparisons):
        raise ConfigError(
            f"{refused}agreement on {', '.join(odd)} speaks against two records being one "
            "person. Check those columns."
        )
    for name, levels in model.comparisons.items():
        if any(far.weight > near.weight for near, far in itertools.pairwise(levels)):
            raise ConfigError(
                f"{refused}records further apart by {name} are likelier one person. Train it anew."
            )
    if not any(levels[0].weight > 0 for levels in model.comparisons.values()):
        raise ConfigError(f"{refused}agreement on anything says nothing. Train on more records.")
    if model.partners > people / 2:
        raise ConfigError(
            f"{refused}most records would be one person. Train on records with more columns filled."
        )
    if model.partners * people / 2 < linked / 2:
        raise ConfigError(
            f"{refused}fewer records belong together than identifiers link already. Train on "
            "records with more columns filled."
        )


def train(warehouse: Warehouse, project_dir: Path) -> str:
    """Fit to the people of the last build; returns the version of the candidate in state.

    Raises WarehouseError when matching has not been built, ConfigError for a bad fit.
    """
    from cdp.identity.splink_model import copy_people, estimate, level_sql

    start, people, equal = standing(warehouse)
    candidates = _patterns(warehouse, "idg_match_levels", list(start.comparisons))
    if not candidates:
        raise ConfigError("No two records have enough in common to train on. Load more people.")
    with closing(copy_people(warehouse)) as connection:
        found = estimate(connection, level_sql(project_dir), start)
    model = fit(start, found, candidates, equal, people)
    fitted = {name: levels for name, levels in model.comparisons.items() if name in found}
    check(replace(model, comparisons=fitted), people, _linked_pairs(warehouse))
    version = f"fitted {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"  # names it: the wall clock
    _write(warehouse, version, model)
    return version


def promote(warehouse: Warehouse, version: str | None = None) -> str:
    """Make a candidate (null: the newest) the model that scores from the next build on.

    Raises ConfigError when there is no such candidate, or it cannot be right.
    """
    table = _state(warehouse)
    known = warehouse.columns(*table)
    select = f"select distinct version from {quoted(*table)} order by 1"  # noqa: S608
    versions = [row[0] for row in warehouse.query(select)] if known else []
    chosen = version or (versions[-1] if versions else None)
    if chosen not in versions:
        raise ConfigError(
            f"There is no fitted model '{chosen}'. Run cdp identity train first."
            if chosen
            else "There is no fitted model yet. Run cdp identity train first."
        )
    rows = f"select {', '.join(_COLUMNS)} from {quoted(*table)} where version = ? order by 1, 3"  # noqa: S608
    check(_model(warehouse.query(rows, (chosen,))), standing(warehouse)[1])
    warehouse.execute(
        f"update {quoted(*table)} set is_live = (version = ?)",  # noqa: S608
        (chosen,),
    )
    return str(chosen)


def export(warehouse: Warehouse) -> str:
    """The model that scores now, as the CSV of the seed cdp_match_parameters."""
    table = _internal(warehouse, "idg_match_parameters")
    rows = warehouse.query(
        f"select version, {', '.join(_COLUMNS)} from {table} "  # noqa: S608
        "order by comparison <> 'prior', comparison, level_rank"
    )
    lines = [",".join(("version", *_COLUMNS))]
    lines += [",".join("" if part is None else _shown(part) for part in row) for row in rows]
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _linked_pairs(warehouse: Warehouse) -> int:
    """Pairs of person records in one exact component."""
    rows = warehouse.query(
        "select coalesce(sum(records * (records - 1) / 2), 0) from (select count(*) as records "  # noqa: S608
        f"from {_internal(warehouse, 'idg_match_people')} as people "
        f"inner join {_internal(warehouse, 'idg_components')} as components "
        "on people.node_id = components.node_id group by components.component_id) as sizes"
    )
    return int(rows[0][0])


def _internal(warehouse: Warehouse, table: str) -> str:
    schema = schema_name("cdp_internal", warehouse.target)
    if not warehouse.columns(schema, table):
        raise WarehouseError(
            f"There is no {table} yet. Set cdp_probable_matching: true in dbt_project.yml, "
            "then run cdp build."
        )
    return quoted(schema, table)


def _state(warehouse: Warehouse) -> tuple[str, str]:
    return schema_name("cdp_state", warehouse.target), _TABLE


def standing(warehouse: Warehouse) -> tuple[Model, int, dict[str, float]]:
    """The model that scores now, the people it counted, the chance of an equal value.

    Raises WarehouseError when matching has not been built.
    """
    rows = warehouse.query(
        f"select {', '.join(_COLUMNS)} from "  # noqa: S608
        f"{_internal(warehouse, 'idg_match_parameters')} order by comparison, level_rank"
    )
    frequencies = quoted(schema_name("cdp_state", warehouse.target), "idg_match_frequencies")
    counted = warehouse.query(
        f"select comparison, sum(people), sum(people * (people - 1.0)) from {frequencies} "  # noqa: S608
        "where version = (select max(version) from "
        f"{_internal(warehouse, 'idg_match_parameters')}) group by comparison"
    )
    shares = {name: float(same) / float(n * (n - 1)) for name, n, same in counted if n > 1 and same}
    people = next((int(n) for name, n, _ in counted if name == "prior"), 0)
    return _model(rows), people, shares


def _model(rows: Sequence[tuple[Any, ...]]) -> Model:
    """A model from its rows (see _COLUMNS), levels in order."""
    comparisons: dict[str, list[Level]] = {}
    partners = 1.0
    for comparison, level, _, m, u, weight in rows:
        if comparison == "prior":
            partners = 2**weight
        else:
            comparisons.setdefault(comparison, []).append(Level(level, m, u, weight))
    return Model(comparisons, partners)


def _patterns(warehouse: Warehouse, table: str, names: list[str]) -> Patterns:
    columns = ", ".join(names)
    rows = warehouse.query(
        f"select {columns}, count(*) from {_internal(warehouse, table)} group by {columns}"  # noqa: S608
    )
    return {tuple(row[:-1]): int(row[-1]) for row in rows}


def _write(warehouse: Warehouse, version: str, model: Model) -> None:
    import pyarrow as pa

    prior = ("prior", "partners", 0, None, None, float(np.log2(model.partners)))
    rows = [prior] + [
        (name, level.name, rank, level.m, level.u, level.weight)
        for name, levels in model.comparisons.items()
        for rank, level in enumerate(levels, start=1)
    ]
    columns = ("version", *_COLUMNS, "is_live")
    listed = [dict(zip(columns, (version, *row, False), strict=True)) for row in rows]
    data = pa.Table.from_pylist(listed)
    table = _state(warehouse)
    warehouse.execute(f"create schema if not exists {quoted(*table).rpartition('.')[0]}")
    warehouse.execute(
        f"create table if not exists {quoted(*table)} (version varchar, comparison varchar, "
        "level varchar, level_rank integer, m double precision, u double precision, "
        "weight double precision, is_live boolean)"
    )
    with warehouse.transaction():
        warehouse.execute(f"delete from {quoted(*table)} where not is_live")  # noqa: S608
        warehouse.append(quoted(*table), data)
