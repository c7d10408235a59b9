"""`world`: a World on each warehouse in turn; `duckdb_world`: on DuckDB alone, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activation.world import World
from cdp.warehouse import Warehouse
from cdp.warehouse._duckdb import DuckDB


@pytest.fixture
def world(warehouse: Warehouse, tmp_path: Path) -> World:
    return World(warehouse, tmp_path / "project")


@pytest.fixture
def duckdb_world(clean_environment: None, tmp_path: Path) -> Iterator[World]:
    opened = DuckDB(tmp_path, {"path": ":memory:", "settings": {"threads": 1}}, "demo", False)
    yield World(opened, tmp_path / "project")
    opened.close()
