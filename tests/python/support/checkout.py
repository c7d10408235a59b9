"""The repository's own files in another folder, as a clone of the working tree has them."""

from __future__ import annotations

import shutil
import subprocess
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
