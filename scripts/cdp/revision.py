"""The dbt project as a revision of its git repository has it, in a folder of its own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdp.dbt import run_dbt
from cdp.declared import read_packages
from cdp.errors import ConfigError

__all__ = ["checked_out"]

_PACKAGE_FILES = ("packages.yml", "dependencies.yml", "package-lock.yml")


@contextmanager
def checked_out(project_dir: Path, target: str, ref: str) -> Iterator[Path]:
    """Inside, the project's folder as `ref` has it, its packages installed; then it is gone.

    Raises ConfigError where git does not know the project or the revision.
    """
    here = project_dir.resolve()
    top = Path(_git(here, "rev-parse", "--show-toplevel") or _no_repository(here))
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if not commit:
        raise ConfigError(
            f"git knows no revision '{ref}' here. Name a branch, a tag or a commit; a shallow "
            "clone fetches it first: git fetch origin <branch>:<branch>."
        )
    with tempfile.TemporaryDirectory(prefix="cdp-") as folder:
        copy = Path(folder).resolve() / "tree"
        if _git(top, "worktree", "add", "--quiet", "--detach", str(copy), commit) is None:
            raise ConfigError(f"git cannot check out '{ref}' beside the working tree.")
        try:
            root = copy / here.relative_to(top.resolve())
            if not (root / "dbt_project.yml").exists():
                raise ConfigError(f"'{ref}' has no dbt project in {here.relative_to(top)}.")
            _install(here, root, target)
            yield root
        finally:
            _git(top, "worktree", "remove", "--force", str(copy))


def _install(here: Path, root: Path, target: str) -> None:
    """What `dbt deps` installed here, if the revision asks for the same; else its own."""
    if not any((root / name).exists() for name in _PACKAGE_FILES):
        return
    settings = read_packages(root)[0].settings
    installed = here / str(settings.get("packages-install-path") or "dbt_packages")
    if installed.is_dir() and all(
        _text(here / name) == _text(root / name) for name in _PACKAGE_FILES
    ):
        (root / installed.relative_to(here)).symlink_to(installed)
    else:
        run_dbt(root, target, ["deps"])


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it refuses, or is not installed."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise ConfigError("The command git is not installed, and --against needs it.") from None
    return done.stdout.strip() if done.returncode == 0 else None


def _no_repository(folder: Path) -> str:
    raise ConfigError(
        f"{folder.name} is in no git repository, so there is nothing to compare with."
    )
