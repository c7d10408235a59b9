"""A destination of one's own: begun by a command, or in another package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.destinations import find_destination, known_destinations
from support.project import ROOT, Outcome

CASES = (
    "create", "update", "resend", "remove", "erase", "partial_failure", "throttled", "denied",
    "applied_then_dropped", "duplicate_keys", "unicode", "nulls", "an_oversized_row",
    "an_oversized_batch",
)  # fmt: skip
_COPIED = ("scripts", "tests/python/support", "tests/python/destinations/conformance")
_COPIED += ("tests/python/destinations/servers", "tests/python/destinations/specs")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a new destination needs of this project."""
    for folder in _COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shared = "tests/python/destinations/contract.py"
    for file in ("pyproject.toml", "tests/python/conftest.py", shared):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_a_new_destination_passes_the_suite(
    checkout: Path, cdp_cli: Callable[..., Outcome]
) -> None:
    made = cdp_cli("new", "destination", "echo_box", directory=checkout)
    assert (made.exit_code, made.stdout.count("echo_box.py")) == (0, 3)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-n0", "-p", "no:cacheprovider"]
    command += ["-k", "echo_box", "tests/python/destinations"]
    ran = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
    passed = {line for line in ran.stdout.splitlines() if line.startswith("PASSED ")}
    assert [case for case in CASES if not any(f"::test_{case}[" in line for line in passed)] == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("Echo-Box", "is no name of a module"), ("webhook", "There is a destination 'webhook'")],
)
def test_names_that_will_not_do(
    checkout: Path, cdp_cli: Callable[..., Outcome], name: str, sentence: str
) -> None:
    made = cdp_cli("new", "destination", name, directory=checkout)
    assert (made.exit_code, sentence in made.stderr) == (2, True)


def test_elsewhere_it_says_where(tmp_path: Path, cdp_cli: Callable[..., Outcome]) -> None:
    made = cdp_cli("new", "destination", "echo_box", directory=tmp_path)
    assert (made.exit_code, "entry point" in made.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_one_of_another_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "my_crm-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-crm\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[cdp.destinations]\nmy_crm = my_crm_module:MyCrm\n")
    (tmp_path / "my_crm_module.py").write_text(
        "from cdp.destinations.webhook import Webhook\n\n\nclass MyCrm(Webhook):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "my_crm" in known_destinations()
    assert find_destination("my_crm").__module__ == "my_crm_module"
    monkeypatch.delitem(sys.modules, "my_crm_module")


def test_help_loads_no_vendor_code() -> None:
    """What takes time, and what speaks to somebody, is imported when it is needed."""
    code = (
        "import sys; from cdp.cli import run; run(['--help']); "
        "print(sorted(m for m in sys.modules if '.' not in m or m.startswith('cdp.')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(eval(ran.stdout.splitlines()[-1]))
    heavy = {"httpx", "dbt", "duckdb", "psycopg", "pyarrow", "pydantic", "rich", "yaml", "numpy"}
    assert loaded & heavy == set()
    assert [name for name in loaded if name.startswith("cdp.destinations")] == []
