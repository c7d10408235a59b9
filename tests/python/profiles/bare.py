"""The profile layer over inputs that a test fills by hand: every source is off."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cdp.warehouse import Warehouse
from support.project import ROOT, Project

Row = dict[str, Any]


@contextmanager
def bare_project(request: pytest.FixtureRequest, folder: Path, now: str) -> Iterator[Project]:
    """An empty warehouse of the kind `request.param`, and the environment that leads to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("CDP_", "DBT_")):
                patch.delenv(name)
        settings = {"CDP_DUCKDB_PATH": str(folder / "warehouse.duckdb"), "CDP_NOW": now}
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            settings |= server.environment | {"CDP_PG_DATABASE": server.create_database()}
        settings |= {
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        for name, value in settings.items():
            patch.setenv(name, value)
        yield Project(ROOT, "demo", request.param, folder)


def dbt(*arguments: str) -> None:
    """Run dbt with every source off: the inputs are there, and empty."""
    run = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            "--quiet",
            *arguments,
            "--profiles-dir",
            str(ROOT),
            "--vars",
            '{"cdp_sources": {}}',
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]


def fill(warehouse: Warehouse, table: str, rows: list[Row]) -> None:
    """These rows in place of those that the table has; columns left out are null."""
    warehouse.execute(f"delete from {table}")
    if rows:
        warehouse.append(table, pa.Table.from_pylist(rows))


def hashed(row: Row) -> Row:
    """The row with the number that stands for its content."""
    text = json.dumps(row, sort_keys=True, default=str)
    return row | {"row_hash": int(hashlib.md5(text.encode()).hexdigest()[:15], 16)}
