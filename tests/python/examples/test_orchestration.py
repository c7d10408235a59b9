"""The examples for schedulers: they run, or at least load where the scheduler is installed."""

from __future__ import annotations

import ast
import fcntl
import importlib.util
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
COMMANDS = ["build", "quality", "sync"]


def stand_in(tmp_path: Path, **ends: int) -> dict[str, str]:
    """The environment in which `cdp` only writes down how it was called, and ends so."""
    cdp = tmp_path / "cdp"
    cases = " ".join(f"{name}) exit {code};;" for name, code in ends.items())
    cdp.write_text(
        f'#!/bin/sh\necho "$1 $CDP_RUN_ID" >> {tmp_path}/calls\ncase $1 in {cases} esac\n'
    )
    cdp.chmod(0o755)
    return {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "CDP_PROJECT": str(tmp_path),
    }


def cron(tmp_path: Path, **ends: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(EXAMPLES / "cron.sh")],
        env=stand_in(tmp_path, **ends),
        capture_output=True,
        text=True,
        check=False,
    )


def calls(tmp_path: Path) -> list[str]:
    """The commands in order, which all ran under one run id."""
    made = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    assert all(len(call) == 2 for call in made), "a command without a run id"
    assert len({run_id for _, run_id in made}) == 1
    return [name for name, _ in made]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    assert calls(tmp_path) == called


def test_cron_runs_once_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / "cdp.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = cron(tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "cdp: the run before is still at it\n")
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("name", ["airflow_dag", "dagster_job"])
def test_the_others_call_the_same_commands(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text()
    assert all(f"cdp {command}" in text or f'"{command}"' in text for command in COMMANDS)
    ast.parse(text)


@pytest.mark.parametrize(
    ("ends", "called", "is_fine"),
    [({"quality": 1, "sync": 5}, COMMANDS, True), ({"build": 1}, COMMANDS[:1], False)],
)
def test_the_job_of_dagster_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: dict[str, int],
    called: list[str],
    is_fine: bool,
) -> None:
    pytest.importorskip("dagster", reason="dagster is not installed: the example was only read")
    for name, value in stand_in(tmp_path, **ends).items():
        monkeypatch.setenv(name, value)
    ended = load("dagster_job").cdp_daily.execute_in_process(raise_on_error=False)
    assert (ended.success, calls(tmp_path)) == (is_fine, called)


def test_the_tasks_of_airflow_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "airflow is not installed: the example was only read"
    pytest.importorskip("airflow.providers.standard", reason=reason)
    for name, value in stand_in(tmp_path, quality=1, sync=5).items():
        monkeypatch.setenv(name, value)
    dag = load("airflow_dag").build.dag
    for task in dag.topological_sort():
        task.render_template_fields({"run_id": "manual__1"})
        task.execute({})
    assert calls(tmp_path) == COMMANDS
