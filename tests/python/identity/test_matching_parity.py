"""The same people weigh and cluster the same in our SQL on DuckDB and Postgres, and in Splink."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
from splink import DuckDBAPI

from cdp.identity.splink_model import copy_people, level_sql, linker, settings
from cdp.identity.train import standing
from cdp.identity.trial import panel
from cdp.warehouse import quoted, schema_name
from identity.test_matching import HEADER, people
from support.project import ROOT, Project

OURS = ["record_id", "first_name", "last_name", "birth_date", "city", "postal_code",
        "address_line1"]  # fmt: skip
DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')"]


def matched(project: Project) -> tuple[dict[Any, float], set[frozenset[str]]]:
    """{two records: bits}, and the clusters, of the made people in the project's warehouse."""
    rows = [dict(zip(OURS, row[: len(HEADER) - 1], strict=True)) for row in people()]
    warehouse = project.open()
    warehouse.execute("create schema labelled")
    columns = ", ".join(f"{name} varchar" for name in OURS)
    warehouse.execute(f"create table labelled.people ({columns})")
    warehouse.append("labelled.people", pa.Table.from_pylist(rows))
    warehouse.close()
    subprocess.run(
        [*DBT, "build", "--quiet", "--profiles-dir", ".", "--target", project.target,
         "--vars", json.dumps(panel(ROOT)), "--select", "+idg_clusters",
         "--exclude-resource-type", "test", "unit_test"],
        cwd=ROOT, check=True,
    )  # fmt: skip
    return look(project)


def look(project: Project) -> tuple[dict[Any, float], set[frozenset[str]]]:
    warehouse = project.open(read_only=True)
    schema = schema_name("cdp_internal", project.target)

    def table(name: str) -> str:
        return quoted(schema, name)

    weights = warehouse.query(
        f"select one.record_id, other.record_id, weights.weight from {table('idg_match_weights')} "
        f"as weights inner join {table('idg_match_people')} as one on weights.one_id = one.node_id "
        f"inner join {table('idg_match_people')} as other on weights.other_id = other.node_id"
    )
    members = warehouse.query(
        f"select clusters.cluster_id, people.record_id from {table('idg_match_people')} as people "
        f"inner join {table('idg_components')} as parts on people.node_id = parts.node_id "
        f"inner join {table('idg_clusters')} as clusters "
        "on parts.component_id = clusters.component_id"
    )
    warehouse.close()
    clusters: dict[int, set[str]] = {}
    for cluster, record in members:
        clusters.setdefault(cluster, set()).add(record)
    bits = {frozenset((one, other)): weight for one, other, weight in weights}
    return bits, {frozenset(records) for records in clusters.values()}


def by_splink(project: Project) -> dict[Any, float]:
    """What Splink makes of the same people, pairs and parameters: {two records: bits}."""
    warehouse = project.open(read_only=True)
    model, people, _ = standing(warehouse)
    schema = schema_name("cdp_internal", project.target)
    pairs = warehouse.query(f"select one_id, other_id from {quoted(schema, 'idg_match_pairs')}")
    with closing(copy_people(warehouse)) as connection:
        warehouse.close()
        connection.execute("create table pairs (join_key_l bigint, join_key_r bigint)")
        connection.executemany("insert into pairs values (?, ?)", pairs)
        connection.execute("alter table pairs add column match_key varchar default '0'")
        scorer = linker(connection, settings(level_sql(ROOT), model, people))
        blocked = DuckDBAPI(connection).register("pairs")
        scorer.table_management.register_blocked_pairs_for_predict(blocked)
        scored = scorer.inference.predict().physical_name
        rows = connection.execute(
            f"select one.record_id, other.record_id, match_weight from {scored} "
            "inner join match_people as one on node_id_l = one.node_id "
            "inner join match_people as other on node_id_r = other.node_id"
        ).fetchall()
    return {frozenset((one, other)): bits for one, other, bits in rows}


@pytest.fixture
def on_duckdb(duckdb_project: Project) -> tuple[dict[Any, float], set[frozenset[str]]]:
    return matched(duckdb_project)


def test_splink_and_both_warehouses_agree_to_the_millionth_of_a_bit(
    on_duckdb: tuple[dict[Any, float], set[frozenset[str]]],
    duckdb_project: Project,
    request: pytest.FixtureRequest,
) -> None:
    weights, clusters = on_duckdb
    assert by_splink(duckdb_project) == pytest.approx(weights, abs=1e-6)
    on_postgres: Project = request.getfixturevalue("postgres_project")
    postgres_weights, postgres_clusters = matched(on_postgres)
    assert len(weights) > 400
    assert postgres_weights == pytest.approx(weights, abs=1e-6)
    assert postgres_clusters == clusters
    assert by_splink(on_postgres) == pytest.approx(postgres_weights, abs=1e-6)
