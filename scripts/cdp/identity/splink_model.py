"""Our matching model in Splink's terms: one owner of the SQL, two engines that run it.

The macro cdp_match_comparisons owns every level. dbt renders it for DuckDB, and Splink gets
it as custom levels: what it fits, and what it scores, is what our models score. Splink
works on a copy of the people in memory, so that the warehouse may be any.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from cdp.errors import ConfigError
from cdp.warehouse import quoted, schema_name

if TYPE_CHECKING:
    from splink import Linker

    from cdp.identity.train import Level, Model
    from cdp.warehouse import Warehouse

__all__ = ["Comparisons", "Shares", "copy_people", "estimate", "level_sql", "linker", "settings"]

Comparisons = Mapping[str, Mapping[str, Any]]  # as the macro cdp_match_comparisons returns

Shares = Mapping[str, Mapping[str, tuple[float, float]]]  # comparison -> level -> (m, u)

_MOST_PEOPLE = 200_000
_log = logging.getLogger(__name__)
_MOST_PAIRS = 1e6
_LEAST_PAIRS = 50
# What pairs have in common while the rest is fitted: each leaves the others free.
_SESSIONS = (
    ("birth_digits",), ("first_name", "last_name"), ("postal_code",), ("address_line1",),
    ("email",), ("phone",), ("last_name", "city"),
)  # fmt: skip
_DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')"]
_RENDER = "{{ tojson(cdp.cdp_match_comparisons()) }}"


def level_sql(project_dir: Path) -> Comparisons:
    """The comparisons with the SQL of their levels on DuckDB; dbt takes seconds to render.

    Raises ConfigError when dbt cannot.
    """
    with tempfile.TemporaryDirectory(prefix="cdp-levels-") as folder:
        ours = {
            "CDP_WAREHOUSE": "duckdb",
            "CDP_DUCKDB_PATH": f"{folder}/levels.duckdb",
            "DBT_TARGET_PATH": f"{folder}/target",
            "DBT_LOG_PATH": f"{folder}/logs",
        }
        arguments = ["compile", "--quiet", "--target", "dev", "--inline", _RENDER]
        if (project_dir / "profiles.yml").exists():
            arguments += ["--profiles-dir", "."]
        process = subprocess.run(  # noqa: S603
            [*_DBT, *arguments],
            cwd=project_dir, env=os.environ | ours, capture_output=True, text=True, check=False,
        )  # fmt: skip
    start = process.stdout.find("{")
    if process.returncode or start < 0:
        raise ConfigError("dbt cannot render the comparisons. Run cdp check to see why.")
    rendered: Comparisons = json.loads(process.stdout[start:])
    return rendered


def settings(comparisons: Comparisons, model: Model, people: int) -> dict[str, Any]:
    """Splink's settings for a model of ours, scoring what idg_match_people holds.

    people: how many, for the prior. m is what gives each level our weight.
    """
    odds = model.partners / max(people - 1, 1)
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "node_id",
        "probability_two_random_records_match": odds / (1 + odds),
        "comparisons": [
            _comparison(name, comparison, model.comparisons[name])
            for name, comparison in comparisons.items()
        ],
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": False,
    }


def _comparison(
    name: str, comparison: Mapping[str, Any], levels: Sequence[Level]
) -> dict[str, Any]:
    """A comparison as Splink takes it: the level that needs no value, none, then the rest."""
    column = comparison.get("column") or name
    first = comparison.get("even_if_missing")
    conditions = dict(comparison["levels"])
    parameters = {level.name: level for level in levels}
    nothing = f"one.{column} is null or other.{column} is null"
    if comparison.get("unless"):
        nothing += f" or ({comparison['unless']})"
    made = [_level(first, conditions.pop(first), parameters[first])] if first else []
    made.append({"sql_condition": _sides(nothing), "is_null_level": True,
                 "label_for_charts": "nothing"})  # fmt: skip
    made += [_level(level, sql, parameters[level]) for level, sql in conditions.items()]
    made.append(_level("different", "ELSE", parameters["different"]))
    exact = next(level for level in made if level["label_for_charts"] == "exact")
    if comparison.get("column") and parameters["exact"].weight > 0:
        exact["tf_adjustment_column"] = column
    return {"output_column_name": name, "comparison_levels": made}


def _level(name: str, sql: str, level: Level) -> dict[str, Any]:
    return {
        "sql_condition": _sides(sql),
        "label_for_charts": name,
        "m_probability": level.u * 2**level.weight,
        "u_probability": level.u,
    }


def _sides(sql: str) -> str:
    """Our two sides, `one` and `other`, as Splink names them."""
    left = re.sub(r"\bone\.(\w+)", r'"\1_l"', sql)
    return re.sub(r"\bother\.(\w+)", r'"\1_r"', left)


def copy_people(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory whose table `match_people` is idg_match_people of the warehouse.

    Of more than two hundred thousand, those of some node ids: the same draw every time.
    """
    table = quoted(schema_name("cdp_internal", warehouse.target), "idg_match_people")
    people = warehouse.query(f"select count(*) from {table}")[0][0]  # noqa: S608
    step = -(-people // _MOST_PEOPLE) or 1
    sql = f"select * from {table} where mod(node_id, {step}) = 0"  # noqa: S608
    connection = duckdb.connect()
    for batch in warehouse.batches(sql):
        connection.register("batch", batch)
        connection.execute("create table if not exists match_people as from batch limit 0")
        connection.execute("insert into match_people from batch")
        connection.unregister("batch")
    return connection


def linker(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any]) -> Linker:
    """Splink over `match_people`. Raises ConfigError where it is not installed."""
    try:
        from splink import DuckDBAPI, Linker
    except ImportError as error:
        raise ConfigError(
            "Training needs Splink. Install it: pip install 'dbt-cdp[train]'."
        ) from error
    people = DuckDBAPI(connection).register("match_people")
    return Linker(people, dict(settings), log_level=logging.ERROR)


def estimate(
    connection: duckdb.DuckDBPyConnection, comparisons: Comparisons, start: Model
) -> Shares:
    """What Splink finds in `match_people`: u in pairs drawn by chance, m by expectation
    maximisation in pairs with something in common, a million at most each.

    A comparison about which the people say nothing is missing. Seconds to a minute.
    """
    people = connection.execute("select count(*) from match_people").fetchall()[0][0]
    fitted = linker(connection, settings(comparisons, start, people))
    fitted.training.estimate_u_using_random_sampling(max_pairs=_MOST_PAIRS, seed=1)
    for columns in _SESSIONS:
        rule = " and ".join(f"l.{column} = r.{column}" for column in columns)
        if _pairs(connection, columns) >= _LEAST_PAIRS:
            _maximise(fitted, rule)
    model = fitted.misc.save_model_to_json()
    found = {one["output_column_name"]: _shares(one) for one in model["comparisons"]}
    return {name: shares for name, shares in found.items() if any(m for m, _ in shares.values())}


def _maximise(fitted: Linker, rule: str) -> None:
    """One session; it is left out where Splink finds that nobody is at some level: it stops
    at a share below 1e-300, and the other sessions know more of that level."""
    try:
        fitted.training.estimate_parameters_using_expectation_maximisation(
            rule, max_pairs=_MOST_PAIRS
        )
    except ValueError as error:
        if "below the minimum allowed" not in str(error):
            raise
        _log.info("session left out: %s", rule)


def _pairs(connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]) -> float:
    listed = ", ".join(columns)
    filled = " and ".join(f"{column} is not null" for column in columns)
    sql = (
        "select coalesce(sum(size * (size - 1) / 2), 0) from "  # noqa: S608
        f"(select count(*) as size from match_people where {filled} group by {listed})"
    )
    return float(connection.execute(sql).fetchall()[0][0])


def _shares(comparison: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Level -> (m, u); 0 where Splink saw no pair of it."""
    return {
        level["label_for_charts"]: (_share(level, "m"), _share(level, "u"))
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    }


def _share(level: Mapping[str, Any], letter: str) -> float:
    value = level.get(f"{letter}_probability")
    return float(value) if isinstance(value, int | float) else 0.0
