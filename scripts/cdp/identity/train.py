"""Fitting the matching model: how often matches, and strangers, agree on what.

Fellegi and Sunter's model (JASA 1969), m by expectation maximisation without labels. The
warehouse has made the levels already (idg_match_levels, idg_match_chance_levels), so that
training and scoring cannot drift: this only counts patterns. u comes from pairs drawn by
chance and stays; m and the prior come from the candidate pairs, over the space of all
pairs: pairs that no blocking rule names count as no matches. The model that stands lends
a few pairs to each level, so that one nobody has seen keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cdp.errors import ConfigError, WarehouseError

if TYPE_CHECKING:
    from cdp.warehouse import Warehouse

__all__ = ["Level", "Model", "fit", "promote", "train"]

Patterns = Mapping[tuple[str | None, ...], int]  # levels in order of the comparisons -> pairs
Vector = NDArray[np.float64]

_LENT_MATCHES, _LENT_STRANGERS = 10.0, 100.0
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
    start: Model, candidates: Patterns, chance: Patterns, exact: Mapping[str, float], people: int
) -> Model:
    """The model that makes the candidates most likely; seconds, memory O(patterns).

    start: the model that stands, whose comparisons are the patterns' positions; exact: the
    chance that two people have one value, where counted. Raises ConfigError for a fit that
    cannot be right.
    """
    names = list(start.comparisons)
    codes, counts = _coded(start, candidates)
    u = [_strangers(start, name, place, chance, exact) for place, name in enumerate(names)]
    lent = [np.array([level.m for level in start.comparisons[name]]) for name in names]
    m, prior = _expectation_maximisation(codes, counts, lent, u, people)
    fitted = Model(
        {
            name: _levels(start.comparisons[name], m[place], u[place])
            for place, name in enumerate(names)
        },
        partners=prior * max(people - 1, 1),
    )
    _check(fitted, people)
    return fitted


def _coded(start: Model, patterns: Patterns) -> tuple[NDArray[np.int64], Vector]:
    """Patterns as places of levels, -1 where a comparison says nothing; pairs of each."""
    places = [
        {level.name: place for place, level in enumerate(levels)} | {None: -1}
        for levels in start.comparisons.values()
    ]
    rows = [[known[level] for known, level in zip(places, row, strict=True)] for row in patterns]
    shape = (len(rows), len(places))
    return np.array(rows, dtype=np.int64).reshape(shape), np.array([*patterns.values()], float)


def _counts(codes: NDArray[np.int64], weights: Vector, levels: int) -> Vector:
    said = codes >= 0
    return np.bincount(codes[said], weights=weights[said], minlength=levels).astype(float)


def _strangers(
    start: Model, name: str, place: int, chance: Patterns, exact: Mapping[str, float]
) -> Vector:
    levels = start.comparisons[name]
    codes, counts = _coded(start, chance)
    lent = np.array([level.u for level in levels]) * _LENT_STRANGERS
    u = _counts(codes[:, place], counts, len(levels)) + lent
    u /= u.sum()
    if exact.get(name):  # counted over all people: more exact than the draw
        u[0] = min(exact[name], 0.999)  # a column of one value alone: the rest keep a trace
        u[1:] *= (1 - u[0]) / u[1:].sum()
    return u


def _expectation_maximisation(
    codes: NDArray[np.int64], counts: Vector, lent: list[Vector], u: list[Vector], people: int
) -> tuple[list[Vector], float]:
    """m by comparison, and the prior that two people of all are one."""
    all_pairs = max(people * (people - 1) / 2, 1.0)
    m, prior = lent, min(0.5, people / 2 / all_pairs)
    for _ in range(500):
        logit = np.full(len(counts), np.log(prior / (1 - prior)))
        for place, matches in enumerate(m):
            evidence = np.append(np.log(matches / u[place]), 0.0)  # last: code -1
            logit += evidence[codes[:, place]]
        expected = counts / (1 + np.exp(-logit))
        m = [_matches(codes[:, place], expected, lent[place]) for place in range(len(m))]
        before, prior = prior, min(0.5, (expected.sum() + 1) / (all_pairs + 2))
        if abs(prior - before) < 1e-9 * before:
            break
    return m, prior


def _matches(codes: NDArray[np.int64], expected: Vector, lent: Vector) -> Vector:
    m = _counts(codes, expected, len(lent)) + lent * _LENT_MATCHES
    return np.asarray(m / m.sum())


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


def _check(model: Model, people: int) -> None:
    """Refuse a model by which nothing speaks for a match, or nearly all are one."""
    if not any(levels[0].weight for levels in model.comparisons.values()):
        raise ConfigError(
            "The fitted model is not used: by it, agreement on anything speaks against two "
            "records being one person. Train on more records."
        )
    if model.partners > people / 2:
        raise ConfigError(
            "The fitted model is not used: by it, most records would be one person. Train on "
            "records with more columns filled."
        )


def train(warehouse: Warehouse) -> str:
    """Fit to what the last build compared; returns the version of the candidate in state.

    Raises WarehouseError when matching has not been built, ConfigError for a bad fit.
    """
    start, people, exact = _standing(warehouse)
    names = list(start.comparisons)
    candidates = _patterns(warehouse, "idg_match_levels", names)
    chance = _patterns(warehouse, "idg_match_chance_levels", names)
    if not candidates:
        raise ConfigError("No two records have enough in common to train on. Load more people.")
    version = f"fitted {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"  # names it: the wall clock
    _write(warehouse, version, fit(start, candidates, chance, exact, people))
    return version


def promote(warehouse: Warehouse, version: str | None = None) -> str:
    """Make a candidate (null: the newest) the model that scores from the next build on.

    Raises ConfigError when there is no such candidate.
    """
    table = _state(warehouse)
    known = warehouse.columns(*table)
    select = f"select distinct version from {_sql(table)} order by 1"  # noqa: S608
    versions = [row[0] for row in warehouse.query(select)] if known else []
    chosen = version or (versions[-1] if versions else None)
    if chosen not in versions:
        raise ConfigError(
            f"There is no fitted model '{chosen}'. Run cdp identity train first."
            if chosen
            else "There is no fitted model yet. Run cdp identity train first."
        )
    warehouse.execute(f"update {_sql(table)} set is_live = (version = ?)", (chosen,))  # noqa: S608
    return str(chosen)


def _sql(table: tuple[str, str]) -> str:
    from cdp.warehouse import quoted

    return quoted(*table)


def _internal(warehouse: Warehouse, table: str) -> str:
    from cdp.warehouse import schema_name

    schema = schema_name("cdp_internal", warehouse.target)
    if not warehouse.columns(schema, table):
        raise WarehouseError(
            f"There is no {table} yet. Set cdp_probable_matching: true in dbt_project.yml, "
            "then run cdp build."
        )
    return _sql((schema, table))


def _state(warehouse: Warehouse) -> tuple[str, str]:
    from cdp.warehouse import schema_name

    return schema_name("cdp_state", warehouse.target), _TABLE


def _standing(warehouse: Warehouse) -> tuple[Model, int, dict[str, float]]:
    """The model that scores now, the people it counted, the chance of an equal value."""
    from cdp.warehouse import schema_name

    rows = warehouse.query(
        "select comparison, level, m, u, weight from "  # noqa: S608
        f"{_internal(warehouse, 'idg_match_parameters')} order by comparison, level_rank"
    )
    comparisons: dict[str, list[Level]] = {}
    partners = 1.0
    for comparison, level, m, u, weight in rows:
        if comparison == "prior":
            partners = 2**weight
        else:
            comparisons.setdefault(comparison, []).append(Level(level, m, u, weight))
    frequencies = _sql((schema_name("cdp_state", warehouse.target), "idg_match_frequencies"))
    counted = warehouse.query(
        f"select comparison, sum(people), sum(people * (people - 1.0)) from {frequencies} "  # noqa: S608
        "where version = (select max(version) from "
        f"{_internal(warehouse, 'idg_match_parameters')}) group by comparison"
    )
    shares = {name: float(same) / (n * (n - 1)) for name, n, same in counted if n > 1 and same}
    people = next((int(n) for name, n, _ in counted if name == "prior"), 0)
    return Model(comparisons, partners), people, shares


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
    warehouse.execute(f"create schema if not exists {_sql(table).rpartition('.')[0]}")
    warehouse.execute(
        f"create table if not exists {_sql(table)} (version varchar, comparison varchar, "
        "level varchar, level_rank integer, m double precision, u double precision, "
        "weight double precision, is_live boolean)"
    )
    with warehouse.transaction():
        warehouse.execute(f"delete from {_sql(table)} where not is_live")  # noqa: S608
        warehouse.append(_sql(table), data)
