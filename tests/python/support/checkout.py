"""The repository's own files in another folder, as a clone of the working tree has them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.project import ROOT


def check_out(folder: Path) -> Path:
    """Copy what git tracks, modification times too, into `folder`; gives it back."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def make(checkout: Path, **settings: object) -> str:
    """Run `make` there in this environment; what it printed. A failure fails the test."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CDP_", "DBT_", "MAKE", "MFLAGS"))
    }
    words = [f"{name}={value}" for name, value in settings.items()]
    run = subprocess.run(
        ["make", f"VENV={sys.prefix}", *words],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run.stdout
