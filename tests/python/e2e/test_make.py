"""The README's promise, kept by running it: `make` in a fresh copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = 300


def tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own files in an empty folder, as a clone would have them."""
    if not (Path(sys.prefix) / ".run").exists():
        pytest.skip("not in the Makefile's environment: run `make test`")
    folder = tmp_path_factory.mktemp("checkout")
    for name in tracked_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def make(checkout: Path, **settings: object) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CDP_", "DBT_", "MAKE", "MFLAGS"))
    }
    words = [f"{name}={value}" for name, value in ({"PEOPLE": PEOPLE} | settings).items()]
    run = subprocess.run(
        ["make", f"VENV={sys.prefix}", *words],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run.stdout


def ledger(checkout: Path) -> Mapping[str, int]:
    """Rows acknowledged so far, by sync."""
    with duckdb.connect(str(checkout / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select sync, count(*) from cdp_state.cdp_sync_ledger "
            "where status = 'acknowledged' group by sync"
        ).fetchall()
    return dict(rows)


def test_make_delivers_once_and_then_only_what_changed(checkout: Path) -> None:
    make(checkout)
    first = ledger(checkout)
    assert len(first) >= 4, "the demo delivers at least four syncs"
    assert (checkout / "out" / "report.html").stat().st_size > 10_000
    assert (checkout / "out" / "cdp_read.duckdb").exists()

    make(checkout)
    assert ledger(checkout) == first, "a second run has nothing to send"

    make(checkout, DAY="2018-01-02")
    after = ledger(checkout)
    sent = sum(after.values()) - sum(first.values())
    assert 0 < sent < sum(first.values()), "a day later, only what changed is sent"


def test_the_masked_copy_names_nobody(checkout: Path) -> None:
    if not (checkout / "out" / "cdp_read.duckdb").exists():
        make(checkout)
    with duckdb.connect(str(checkout / "warehouse.duckdb"), read_only=True) as warehouse:
        known = warehouse.execute(
            "select identifier_value from cdp.cdp_identifiers "
            "where identifier_type in ('email', 'phone')"
        ).fetchall()
    with duckdb.connect(str(checkout / "out" / "cdp_read.duckdb"), read_only=True) as copy:
        columns = copy.execute(
            "select table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR'"
        ).fetchall()
        written = {
            f"{table}.{column}": "\n".join(
                value
                for (value,) in copy.execute(
                    f'select distinct "{column}" from cdp."{table}" where "{column}" is not null'
                ).fetchall()
            )
            for table, column in columns
        }
    assert len(known) > PEOPLE
    assert len(written) > 20
    leaks = {name for name, text in written.items() if any(value in text for (value,) in known)}
    assert leaks == set()
