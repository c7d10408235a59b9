"""`world`: a World on each warehouse in turn; `duckdb_world`: on DuckDB alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activation.world import World
from cdp.warehouse import Warehouse


@pytest.fixture
def world(warehouse: Warehouse, tmp_path: Path) -> World:
    return World(warehouse, tmp_path / "project")


@pytest.fixture
def duckdb_world(duckdb_project, tmp_path: Path) -> Iterator[World]:  # type: ignore[no-untyped-def]
    opened = duckdb_project.open()
    yield World(opened, tmp_path / "project")
    opened.close()
