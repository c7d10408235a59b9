"""Fixtures: a browser, and the made-up public tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.project import Project
from support.public_tables import make_public_tables


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium here: apt install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def filled_project(project: Project) -> Project:
    _fill(project)
    return project


@pytest.fixture
def filled_duckdb(duckdb_project: Project) -> Project:
    _fill(duckdb_project)
    return duckdb_project


@pytest.fixture
def report_page(filled_duckdb: Project) -> Path:
    from cdp.report import write_report

    out = filled_duckdb.scratch / "out" / "report.html"
    write_report(filled_duckdb.directory, filled_duckdb.target, out)
    return out


def _fill(project: Project) -> None:
    warehouse = project.open()
    make_public_tables(warehouse)
    warehouse.close()
