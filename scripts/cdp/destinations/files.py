"""CSV and Parquet files on disk (see _files.py).

A file appears under its name only when it is complete (written beside, then renamed).
"""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType

from cdp.destinations._files import FileDestination, FileOptions
from cdp.destinations._shelves import Folder
from cdp.errors import ConfigError

__all__ = ["DESTINATION", "DiskOptions", "Files", "inside"]


class DiskOptions(FileOptions):
    """path: a .csv or .parquet file (snapshot) or a folder (changes), under the project's
    folder or CDP_FILES_ROOT."""


class Files(FileDestination):
    """Files that a person or another job picks up."""

    title = "Files"
    summary = "Rows become CSV or Parquet files that a person or another job picks up."
    options = DiskOptions
    is_account = False
    verified = "the local disk, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "files",
            "cdp_object": "snapshot",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"email": "email", "last_order": "last_order_at"},
            "cdp_options": {"path": "out/syncs/lapsing_regulars.csv"},
        }
    )

    @classmethod
    def place(cls, target_object: str, options: DiskOptions) -> str:
        """The path."""
        return f"files:{options.path}"

    @classmethod
    def is_lost(cls, target_object: str, options: DiskOptions, root: Path) -> bool:
        """A snapshot that somebody deleted is delivered again in full."""
        return target_object == "snapshot" and not inside(root, options.path).exists()

    @classmethod
    def shelf(cls, options: DiskOptions, root: Path) -> Folder:
        """The project's folder, or CDP_FILES_ROOT."""
        inside(root, options.path)
        return Folder(_base(root))


def inside(root: Path, path: str) -> Path:
    """The path under its root, links resolved. Raises ConfigError when it leads out."""
    base = _base(root)
    full = (base / path).resolve()
    if not full.is_relative_to(base):
        raise ConfigError(f"cdp_options.path '{path}' leads out of {base.name}. Use a path inside.")
    return full


def _base(root: Path) -> Path:
    return Path(os.environ.get("CDP_FILES_ROOT") or root).resolve()


DESTINATION = Files
