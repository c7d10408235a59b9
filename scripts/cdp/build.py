"""`dbt build`, with a look at the control panel and the warehouse before it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cdp import clock
from cdp.activation import check as sync_check
from cdp.declared import read_packages
from cdp.errors import ConfigError
from cdp.panel import problems as panel_problems
from cdp.project import load_project, parsing_folder
from cdp.segments.library import Library, stale_files
from cdp.warehouse import open_warehouse, quoted, schema_name

__all__ = ["all_problems", "build", "check", "reset_state", "reuse_parsing"]

_DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')"]
_BAD = ("error", "fail", "runtime error")


def all_problems(project_dir: Path, target: str) -> list[str]:
    """One sentence per mistake in the control panel, else in audiences and syncs; empty: sound.

    dbt parses the project for these, which it cannot while the panel is wrong.
    Raises ConfigError where a file cannot be read, the clock tells no time or dbt cannot
    parse.
    """
    if found := panel_problems(project_dir):
        return found
    clock.now(project_dir, target)
    project = load_project(project_dir, target)
    return [*stale_files(Library.read(project)), *sync_check.problems(project)]


def check(project_dir: Path, target: str) -> None:
    """Raise ConfigError with all problems, a line each, if there is one."""
    if found := all_problems(project_dir, target):
        raise ConfigError("\n     ".join(found))


def build(project_dir: Path, target: str, arguments: Sequence[str] = ()) -> int:
    """Run `dbt build` in a process of its own; returns dbt's exit code.

    Raises ConfigError for a wrong control panel and WarehouseError for a warehouse that
    cannot be opened, before dbt starts. `arguments` go to dbt as they are.
    """
    open_warehouse(project_dir, target).close()  # first: parsing takes longer than one waits
    check(project_dir, target)
    started = time.time()
    reuse_parsing(project_dir, target)
    colours = [] if sys.stdout.isatty() else ["--no-use-colors"]
    command = [*_DBT, *colours, "build", "--target", target]
    if (project_dir / "profiles.yml").exists() and "DBT_PROFILES_DIR" not in os.environ:
        command += ["--profiles-dir", "."]
    process = subprocess.Popen([*command, *arguments], cwd=project_dir)  # noqa: S603
    try:
        exit_code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # dbt got the signal, too, and rolls back
        raise
    if exit_code:
        print(f"cdp: {_verdict(project_dir, started)}", file=sys.stderr)  # noqa: T201
    return exit_code


def _target_path(project_dir: Path) -> Path:
    return project_dir / os.environ.get("DBT_TARGET_PATH", "target")


def reuse_parsing(project_dir: Path, target: str) -> None:
    """Let dbt start from what `check` parsed: parsing takes longer than most builds."""
    settings = read_packages(project_dir)[0].settings
    parsed = parsing_folder(project_dir, target, settings) / "partial_parse.msgpack"
    reused = _target_path(project_dir) / parsed.name
    if parsed.exists() and not reused.exists():
        shutil.copyfile(parsed, reused)


def _verdict(project_dir: Path, started: float) -> str:
    """One sentence on a build that failed, from dbt's own account if it wrote one."""
    path = _target_path(project_dir) / "run_results.json"
    if not path.exists() or path.stat().st_mtime < started:
        return "dbt stopped before it built anything; its reason stands above."
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    bad = [result["unique_id"].split(".")[2] for result in results if result["status"] in _BAD]
    skipped = Counter(result["status"] for result in results)["skipped"]
    named = ", ".join(bad[:5]) + (", …" if len(bad) > 5 else "")
    return (
        f"{len(bad)} of {len(results)} nodes failed and {skipped} were skipped: {named}. "
        "Mend them, then run cdp build again."
    )


def reset_state(project_dir: Path, target: str) -> list[tuple[str, int]]:
    """Drop the state schema of the target; returns its tables with the rows they had."""
    warehouse = open_warehouse(project_dir, target)
    try:
        schema = schema_name("cdp_state", target)
        tables = warehouse.query(
            "select table_name from information_schema.tables "
            "where table_schema = ? and table_type = 'BASE TABLE' order by 1",
            (schema,),
        )
        counted = [
            (name, int(warehouse.query(f"select count(*) from {quoted(schema, name)}")[0][0]))  # noqa: S608
            for (name,) in tables
        ]
        warehouse.execute(f"drop schema if exists {quoted(schema)} cascade")
        return counted
    finally:
        warehouse.close()
