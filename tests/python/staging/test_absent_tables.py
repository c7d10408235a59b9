"""Staging holds when raw tables, or whole sources, are not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

from cdp.demo import generate
from cdp.warehouse import Warehouse, quoted, schema_name
from conftest import ROOT, Project

CONTROL_PANEL = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["cdp"]
SOURCES = sorted(CONTROL_PANEL["cdp_sources"])
CONTRACTS = sorted(CONTROL_PANEL["cdp_inputs"])
# The header of each table of Fivetran's connectors that we read: {source.table: columns}.
HEADERS = json.loads((Path(__file__).parent / "fivetran_headers.json").read_text(encoding="utf-8"))


def dbt(project: Project, *arguments: str) -> str:
    """Run dbt on the project, which must succeed; what it printed."""
    run = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", *arguments],
        cwd=project.directory,
        env=os.environ | {"DBT_PROFILES_DIR": str(project.directory)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run.stdout


def build_inputs(project: Project, *arguments: str) -> None:
    """Staging and the streams that it feeds."""
    kinds = ("--resource-type", "seed", "--resource-type", "model")
    dbt(project, "build", "-s", "+path:models/inputs", *kinds, *arguments)


def input_sizes(warehouse: Warehouse) -> dict[str, int]:
    """Rows of each contract's stream."""
    schema = schema_name("cdp_internal", warehouse.target)
    return {
        contract: warehouse.query(f"select count(*) from {schema}.inp_{contract}")[0][0]
        for contract in CONTRACTS
    }


def test_without_any_raw_table_every_stream_is_empty(project: Project) -> None:
    build_inputs(project)
    warehouse = project.open()
    sizes = input_sizes(warehouse)
    warehouse.close()
    assert set(sizes.values()) == {0}, sizes


def test_without_any_source_every_stream_is_empty(duckdb_project: Project) -> None:
    build_inputs(duckdb_project, "--vars", json.dumps({"cdp_sources": {}}))
    warehouse = duckdb_project.open()
    sizes = input_sizes(warehouse)
    warehouse.close()
    assert set(sizes.values()) == {0}, sizes


def make_tables_of_headers(project: Project) -> None:
    """Every table that a connector lands, with all its columns and no rows."""
    warehouse = project.open()
    for name, columns in HEADERS.items():
        source, table = name.split(".")
        listed = ", ".join(f"{quoted(column)} text" for column in columns.split())
        warehouse.execute(f"create schema if not exists {quoted(source)}")
        warehouse.execute(f"create table {quoted(source)}.{quoted(table)} ({listed})")
    warehouse.close()


@pytest.mark.slow
def test_tables_of_headers_alone_build_up_to_the_profiles(project: Project) -> None:
    make_tables_of_headers(project)
    kinds = ("--resource-type", "seed", "--resource-type", "model")
    dbt(project, "build", "-s", "+path:models/profiles", *kinds)
    warehouse = project.open()
    schema = schema_name("cdp", warehouse.target)
    assert warehouse.query(f"select count(*) from {schema}.cdp_profiles")[0][0] == 0
    assert warehouse.query(f"select count(*) from {schema}.cdp_timeline")[0][0] == 0
    warehouse.close()


@pytest.mark.slow
def test_any_one_table_of_headers_may_be_absent(duckdb_project: Project) -> None:
    from dbt.cli.main import dbtRunner

    common = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--quiet"]
    make_tables_of_headers(duckdb_project)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manifest = dbtRunner().invoke(["parse", *common]).result
        for name in HEADERS:
            source, table = map(quoted, name.split("."))
            rename(duckdb_project, f"{source}.{table}", quoted("aside"))
            arguments = ["run", "-s", f"source:{name}+1", *common]
            outcome = dbtRunner(manifest=manifest).invoke(arguments)
            assert outcome.success, (name, outcome.exception, outcome.result)
            rename(duckdb_project, f"{source}.{quoted('aside')}", table)


def rename(project: Project, table: str, name: str) -> None:
    warehouse = project.open()
    warehouse.execute(f"alter table {table} rename to {name}")
    warehouse.close()


@pytest.fixture(scope="module")
def raw_tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of a small demo's raw tables: raw/<source>/<table>."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    generate(folder, people=60)
    return sorted(folder.glob("raw/*/*"))


@pytest.mark.slow
@pytest.mark.parametrize("absent", [0, 1])
def test_every_second_raw_table_may_be_absent(
    duckdb_project: Project, raw_tables: list[Path], absent: int
) -> None:
    warehouse = duckdb_project.open()
    for table in raw_tables[1 - absent :: 2]:
        schema = quoted(table.parent.name)
        warehouse.execute(f"create schema if not exists {schema}")
        warehouse.execute(
            f"create table {schema}.{quoted(table.name)} as "
            f"from read_parquet('{table}/*.parquet', union_by_name = true)"
        )
    warehouse.close()
    build_inputs(duckdb_project)
    warehouse = duckdb_project.open()
    sizes = input_sizes(warehouse)
    warehouse.close()
    assert sizes["people"] > 0 and sizes["messages"] > 0, sizes


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_stands_alone(duckdb_project: Project, source: str) -> None:
    only = json.dumps({"cdp_sources": {source: CONTROL_PANEL["cdp_sources"][source]}})
    listed = dbt(duckdb_project, "ls", "--resource-type", "model", "--vars", only)
    staging = [name for name in listed.split() if ".staging." in name]
    assert staging and all(f".staging.{source}." in name for name in staging), staging
