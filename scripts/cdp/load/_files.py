"""Which files there are, and which raw table each belongs to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cdp.errors import ConfigError

__all__ = ["ENDINGS", "RawFile", "find_files", "sha256_of"]

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

_NOT_RAW = re.compile(r"cdp.*|pg_.*|information_schema|main|public|temp|system")


@dataclass(frozen=True)
class RawFile:
    """One file: `name` is its path below the folder that holds the sources."""

    source: str
    table: str
    path: Path
    name: str

    @property
    def ending(self) -> str:
        """The longest of ENDINGS that it has."""
        return _ending(self.path) or ""


def find_files(directory: Path, sources: Collection[str] = ()) -> tuple[list[RawFile], list[Path]]:
    """The files under DIR/<source>/<table>/ or DIR/<source>/<table>.<ending>, in order.

    DIR/raw is taken for DIR where it exists. sources: only these; empty means all.
    Also returns the files that were left alone for their ending or place.
    Raises ConfigError for a folder without sources, a name that is no schema or table, a
    link that leads out.
    """
    if not directory.is_dir():
        raise ConfigError(f"There is no folder {directory}. Name the one that holds the sources.")
    root = directory / "raw" if (directory / "raw").is_dir() else directory
    folders = [path for path in _visible(root) if path.is_dir()]
    if sources:
        _check_sources(sources, [path.name for path in folders], directory)
        folders = [path for path in folders if path.name in sources]
    found: list[RawFile] = []
    left: list[Path] = [path for path in _visible(root) if path.is_file()]
    for folder in folders:
        for path in _two_levels(folder):
            if _ending(path) is None:
                left.append(path)
            else:
                found.append(_raw_file(root, folder, path))
    if not found:
        raise ConfigError(
            f"{directory} holds no <source>/<table> with {', '.join(ENDINGS[:4])} files. "
            "See `cdp load --help` for the layout."
        )
    return found, left


def sha256_of(path: Path) -> str:
    """The file's digest in hexadecimal; memory O(1)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))


def _two_levels(folder: Path) -> list[Path]:
    paths: list[Path] = []
    for path in _visible(folder):
        paths.extend([inner for inner in _visible(path)] if path.is_dir() else [path])
    return [path for path in paths if path.is_file()]


def _ending(path: Path) -> str | None:
    name = path.name.lower()
    return max((end for end in ENDINGS if name.endswith(end)), key=len, default=None)


def _raw_file(root: Path, folder: Path, path: Path) -> RawFile:
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigError(f"{path} is a link that leads out of {root}. Put the file there itself.")
    ending = _ending(path) or ""
    table = path.parent.name if path.parent != folder else path.name[: -len(ending)]
    name = path.relative_to(root).as_posix()
    return RawFile(_identifier(folder.name, folder), _identifier(table, path), path, name)


def _identifier(name: str, path: Path) -> str:
    lowered = name.lower()
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", lowered):
        raise ConfigError(
            f"'{name}' ({path}) is no name for a schema or table. Use letters, digits and _."
        )
    if path.is_dir() and _NOT_RAW.fullmatch(lowered):
        raise ConfigError(f"'{name}' ({path}) is no name for a source. Rename the folder.")
    return lowered


def _check_sources(sources: Collection[str], known: Collection[str], directory: Path) -> None:
    for source in sources:
        if source not in known:
            raise ConfigError(
                f"{directory} has no source '{source}'. It has: {', '.join(known) or 'none'}."
            )
