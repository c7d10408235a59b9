"""No network at run time but this machine's own, and the hosts that a file names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.offline import not_permitted, offline
from support.project import ROOT

NOBODY = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)"
SYNCS = "tests/python/activation/test_throttling.py"


@pytest.fixture(scope="module", autouse=True)
def permitted() -> None:
    if reason := not_permitted():
        pytest.skip(f"a network cannot be left out here: {reason}")


def test_nobody_can_be_reached() -> None:
    """The control: what follows runs where a call to anybody else fails at once."""
    tried = subprocess.run(
        offline([sys.executable, "-c", NOBODY]), capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in tried.stderr


def test_syncs_need_nobody_else() -> None:
    """Plans, deliveries over HTTP and to files, on DuckDB and on Postgres.

    The whole suite runs so, too: python tests/python/support/offline.py pytest.
    """
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not_live or in_mid_run"]
    tests = [sys.executable, "-m", "pytest", SYNCS, *options]
    tried = subprocess.run(offline(tests), capture_output=True, text=True, cwd=ROOT, check=False)
    assert tried.returncode == 0, tried.stdout[-3000:] + tried.stderr[-3000:]
    assert " passed" in tried.stdout


@pytest.mark.slow
def test_the_project_parses_and_its_commands_answer() -> None:
    """dbt and the command line ask no registry and tell nobody that they ran."""
    told = subprocess.run(
        offline([sys.executable, "-m", "cdp", "--project-dir", str(ROOT), "check"]),
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
