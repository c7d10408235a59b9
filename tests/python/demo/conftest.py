"""The demo at a few sizes, made once a test process; never changed by a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.demo import DEFAULT_PEOPLE, generate

SMALL = 120


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "small"
    generate(out, SMALL)
    return out


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as it ships: every household of the purchase data."""
    out = tmp_path_factory.mktemp("demo") / "whole"
    generate(out, DEFAULT_PEOPLE)
    return out
