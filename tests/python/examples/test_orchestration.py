"""The examples for schedulers: they run, or at least load where the scheduler is installed."""

from __future__ import annotations

import ast
import fcntl
import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
COMMANDS = ["build", "quality", "sync"]


def cron(tmp_path: Path, **ends: int) -> subprocess.CompletedProcess[str]:
    """The cron script, with a `cdp` that writes down how it was called."""
    stand_in = tmp_path / "cdp"
    cases = " ".join(f"{name}) exit {code};;" for name, code in ends.items())
    stand_in.write_text(f'#!/bin/sh\necho "$1 $CDP_RUN_ID" >> calls\ncase $1 in {cases} esac\n')
    stand_in.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "CDP_PROJECT": str(tmp_path),
    }
    return subprocess.run(
        ["bash", str(EXAMPLES / "cron.sh")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("ends", "code", "called"),
    [
        ({}, 0, COMMANDS),
        ({"sync": 5}, 5, COMMANDS),
        ({"quality": 1}, 0, COMMANDS),
        ({"quality": 3}, 3, COMMANDS[:2]),
        ({"build": 1}, 1, COMMANDS[:1]),
    ],
)
def test_cron(tmp_path: Path, ends: dict[str, int], code: int, called: list[str]) -> None:
    assert cron(tmp_path, **ends).returncode == code
    calls = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    assert [name for name, _ in calls] == called
    assert len({run_id for _, run_id in calls}) == 1


def test_cron_runs_once_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / "cdp.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = cron(tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "cdp: the run before is still at it\n")
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("name", "needs"), [("airflow_dag", "airflow"), ("dagster_job", "dagster")]
)
def test_the_others_are_loaded_where_they_can_be(name: str, needs: str) -> None:
    path = EXAMPLES / f"{name}.py"
    text = path.read_text()
    ast.parse(text)
    assert all(f"cdp {command}" in text or f'"{command}"' in text for command in COMMANDS)
    if importlib.util.find_spec(needs):
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
