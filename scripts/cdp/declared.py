"""What the project's own files declare, read without dbt and without a warehouse.

Everything is derived from the files that dbt reads too: packages, models, seeds, and the
source tables with the columns that staging needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from cdp.errors import ConfigError

__all__ = ["Package", "SourceColumn", "SourceTable", "read_packages", "read_panel", "read_sources"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Package:
    """A dbt project: the one at hand, or one that it installed."""

    name: str
    root: Path
    settings: Mapping[str, Any] = field(repr=False)

    @cached_property
    def models(self) -> dict[str, Path]:
        """Model name -> its SQL file."""
        return {path.stem: path for path in self.files("model-paths", "models", "*.sql")}

    @cached_property
    def seeds(self) -> dict[str, Path]:
        """Seed name -> its CSV file."""
        return {path.stem: path for path in self.files("seed-paths", "seeds", "*.csv")}

    def files(self, setting: str, default: str, pattern: str) -> Iterator[Path]:
        """The package's files of one kind, in order."""
        for place in self.settings.get(setting) or [default]:
            yield from sorted((self.root / place).rglob(pattern))


@dataclass(frozen=True)
class SourceColumn:
    """A raw column that staging reads. type: as cdp_type names it."""

    name: str
    type: str
    is_optional: bool
    is_pii: bool


@dataclass(frozen=True)
class SourceTable:
    """A raw table that staging reads. loaded_at: the column that tells its freshness."""

    source: str
    name: str
    columns: tuple[SourceColumn, ...]
    loaded_at: str | None

    @property
    def required(self) -> frozenset[str]:
        """The columns that must be there."""
        return frozenset(column.name for column in self.columns if not column.is_optional)


def read_packages(project_dir: Path) -> list[Package]:
    """The project itself, then what `dbt deps` installed. Raises ConfigError."""
    own = _package(project_dir)
    installed = project_dir / str(own.settings.get("packages-install-path") or "dbt_packages")
    return [own, *(_package(path.parent) for path in sorted(installed.glob("*/dbt_project.yml")))]


def read_panel(packages: Sequence[Package]) -> dict[str, Any]:
    """The control panel: the vars that reach the package cdp, what the project sets over
    the package's own defaults.

    As in dbt, a name under `cdp:` wins over the same name beside it.
    """
    own, *installed = packages
    panel: dict[str, Any] = {}
    for package in (*(package for package in installed if package.name == "cdp"), own):
        given = package.settings.get("vars") or {}
        panel |= {name: value for name, value in given.items() if str(name).startswith("cdp_")}
        panel |= given.get("cdp") or {}
    return panel


def read_sources(packages: Sequence[Package]) -> dict[str, list[SourceTable]]:
    """Source name -> its tables, from every YAML file that declares sources."""
    found: dict[str, list[SourceTable]] = {}
    for package in packages:
        for path in package.files("model-paths", "models", "*.yml"):
            for source in _read_yaml(path).get("sources") or []:
                tables = found.setdefault(source["name"], [])
                tables.extend(_table(source["name"], table) for table in source["tables"])
    return found


def _package(root: Path) -> Package:
    path = root / "dbt_project.yml"
    if not path.exists():
        raise ConfigError(f"{root.resolve()} has no dbt_project.yml. Run cdp from the dbt project.")
    settings = _read_yaml(path)
    return Package(str(settings.get("name")), root, settings)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is safe
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where} is not valid YAML. Mend it.") from None
    return content if isinstance(content, dict) else {}


def _table(source: str, table: Mapping[str, Any]) -> SourceTable:
    settings = table.get("config") or {}
    return SourceTable(
        source=source,
        name=str(table.get("identifier") or table["name"]),
        columns=tuple(_column(column) for column in table.get("columns") or []),
        loaded_at=settings.get("loaded_at_field") or table.get("loaded_at_field"),
    )


def _column(column: Mapping[str, Any]) -> SourceColumn:
    meta = (column.get("meta") or {}) | ((column.get("config") or {}).get("meta") or {})
    return SourceColumn(
        name=str(column["name"]).lower(),
        type=str(column.get("data_type") or "text"),
        is_optional=meta.get("cdp_optional") is True,
        is_pii=meta.get("cdp_pii") is True,
    )
