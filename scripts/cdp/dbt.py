"""dbt run for its results: in a process of its own, quiet, with progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cdp.errors import ConfigError

__all__ = ["Progress", "run_dbt"]

Progress = Callable[[int, int], None]  # nodes done, of how many

_DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')"]
_NODE_ENDS = ("LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogNodeNoOpResult")


def run_dbt(
    project_dir: Path,
    target: str,
    arguments: Sequence[str],
    progress: Progress = lambda done, total: None,
) -> None:
    """Run dbt to its end. Raises ConfigError that names what failed, never a value."""
    command = [*_DBT, "--log-format", "json", "--no-use-colors", *arguments, "--target", target]
    if (project_dir / "profiles.yml").exists() and "DBT_PROFILES_DIR" not in os.environ:
        command += ["--profiles-dir", "."]
    with subprocess.Popen(  # noqa: S603
        command, cwd=project_dir, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            failed, reason = _follow(_events(process.stdout or ()), progress)
            process.wait()
        except KeyboardInterrupt:
            process.communicate()  # dbt got the signal, too, and rolls back
            raise
    if failed:
        raise ConfigError(
            f"dbt could not build {', '.join(failed[:5])}. Its log says why (logs/dbt.log, or "
            "below DBT_LOG_PATH)."
        )
    if process.returncode:
        raise ConfigError(f"dbt stopped: {reason or 'it gave no reason.'}")


def _events(lines: Iterable[str]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(info, data) of each event that dbt tells."""
    for line in lines:
        if line.startswith("{"):
            event = json.loads(line)
            yield event["info"], event["data"]


def _follow(
    events: Iterable[tuple[dict[str, Any], dict[str, Any]]], progress: Progress
) -> tuple[list[str], str]:
    """(nodes that failed, why dbt stopped before any did)."""
    failed: list[str] = []
    reason, done = "", 0
    for info, data in events:
        if info["name"] in _NODE_ENDS:
            done += 1
            progress(done, data["total"])
            if info["level"] == "error":
                failed.append(data["node_info"]["node_name"])
        elif info["name"] == "MainEncounteredError":
            reason = " ".join(data["exc"].split())
    return failed, reason
