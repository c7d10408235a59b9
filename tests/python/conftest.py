"""Fixtures for every test: a project over a database of its own, on either warehouse.

duckdb_project, postgres_project   a Project: its environment is set for the test
project                            both in turn
warehouse                          an open cdp.warehouse.Warehouse over `project`
postgres_server                    one server a test process; skips where none starts
cdp_cli                            runs the command in this process
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cdp.warehouse import Warehouse
from support.postgres import NoPostgres, PostgresServer
from support.project import ROOT, Outcome, Project

# A slow machine fails no example, and every run tries the same ones.
settings.register_profile(
    "cdp",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("cdp")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer.launch()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    server.remove()


@pytest.fixture
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches the test; dbt writes into the test's folder."""
    for name in os.environ:
        if name.startswith(("CDP_", "DBT_")) and name != "CDP_TEST_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))


@pytest.fixture
def duckdb_project(
    clean_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    monkeypatch.setenv("CDP_DUCKDB_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("CDP_MEMORY_LIMIT", "1GB")
    return Project(ROOT, "demo", "duckdb", tmp_path)


@pytest.fixture
def postgres_project(
    clean_environment: None,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Project]:
    database = postgres_server.create_database()
    for name, value in (postgres_server.environment | {"CDP_PG_DATABASE": database}).items():
        monkeypatch.setenv(name, value)
    yield Project(ROOT, "demo", "postgres", tmp_path)
    postgres_server.drop_database(database)


@pytest.fixture(params=["duckdb", "postgres"])
def project(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(f"{request.param}_project")
    return found


@pytest.fixture
def warehouse(project: Project) -> Iterator[Warehouse]:
    opened = project.open()
    yield opened
    opened.close()


@pytest.fixture
def cdp_cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """cdp_cli("load", folder) runs `cdp --project-dir <repository> load <folder>`."""
    from cdp.cli import run

    def call(*arguments: object, directory: Path = ROOT) -> Outcome:
        exit_code = run(["--project-dir", str(directory), *map(str, arguments)])
        captured = capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    return call
