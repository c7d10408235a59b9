"""This repository as a dbt project for a test, and what a run of the command leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cdp.warehouse import Warehouse, open_warehouse

__all__ = ["ROOT", "Outcome", "Project"]

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Project:
    """This repository as a dbt project over an empty database."""

    directory: Path
    target: str
    dialect: str
    scratch: Path

    def open(self, read_only: bool = False) -> Warehouse:
        """A connection; the caller closes it."""
        return open_warehouse(self.directory, self.target, read_only)


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left."""

    exit_code: int
    stdout: str
    stderr: str
