"""`checkout`: a fresh copy of the repository, in which the tests run `make`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.checkout import check_out


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (Path(sys.prefix) / ".run").exists():
        pytest.skip("not in the Makefile's environment: run `make test`")
    return check_out(tmp_path_factory.mktemp("checkout"))
