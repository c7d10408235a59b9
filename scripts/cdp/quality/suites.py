"""Suites as files: one YAML file a suite, expectation names and arguments are GE's own.

    why: <what goes wrong when this does not hold>
    tables:
      <source or schema>.<table>:
        - <expectation>: {<argument>: <value>, ...}

A value `now`, or `now - 3 days`, is a moment of the platform's clock, as is `{now - 3 days}`
inside a query, there as text. `description` says in the reader's words what is expected;
the results then say it, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from cdp.errors import ConfigError

__all__ = ["Expectation", "Suite", "read_suites"]

_SHIPPED = Path(__file__).parent / "suites"
_KEYS = {"why", "tables"}
_MOMENT = re.compile(r"now(?: (?P<sign>[+-]) (?P<number>\d+) (?P<unit>minute|hour|day)s?)?")
_IN_A_QUERY = re.compile(r"\{" + _MOMENT.pattern + r"\}")


@dataclass(frozen=True)
class Expectation:
    """One statement about one table, in Great Expectations' words."""

    kind: str
    arguments: Mapping[str, Any]
    description: str | None = None

    @property
    def label(self) -> str:
        """What people read when it does not hold."""
        column = self.arguments.get("column")
        return self.description or (f"{self.kind} ({column})" if column else self.kind)


@dataclass(frozen=True)
class Suite:
    """One file. tables: `schema.table` -> what is expected of it."""

    name: str
    tables: Mapping[str, tuple[Expectation, ...]]


def read_suites(project_dir: Path, now: datetime) -> list[Suite]:
    """The suites that ship and those in the project's `quality/`, by name.

    A file there takes the place of a shipped one of the same name. Raises ConfigError.
    """
    shipped, own = sorted(_SHIPPED.glob("*.yml")), sorted((project_dir / "quality").glob("*.yml"))
    files = {path.stem: path for path in [*shipped, *own]}
    return [_suite(path, now) for _, path in sorted(files.items())]


def _suite(path: Path, now: datetime) -> Suite:
    declared = _declared(path)
    tables = {
        name: tuple(_expectations(path, name, entries, now))
        for name, entries in declared["tables"].items()
    }
    return Suite(path.stem, tables)


def _declared(path: Path) -> dict[str, Any]:
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is no YAML ({_first_line(error)}). Correct it.") from None
    if not isinstance(declared, dict) or not isinstance(declared.get("tables"), dict):
        raise ConfigError(f"{path.name} has no tables. Add tables: {{schema.table: [...]}}.")
    if unknown := sorted(set(declared) - _KEYS):
        raise ConfigError(f"{path.name}: unknown key '{unknown[0]}'. It takes: why, tables.")
    if wrong := [name for name in declared["tables"] if str(name).count(".") != 1]:
        raise ConfigError(f"{path.name}: '{wrong[0]}' is no table. Write <schema>.<table>.")
    return declared


def _expectations(path: Path, table: str, entries: Any, now: datetime) -> Iterator[Expectation]:
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ConfigError(
                f"{path.name}: {table} takes a list of - <expectation>: {{argument: value}}."
            )
        [(kind, given)] = entry.items()
        arguments = {name: _resolved(value, now) for name, value in (given or {}).items()}
        description = arguments.pop("description", None)
        yield Expectation(kind, arguments, description)


def _resolved(value: Any, now: datetime) -> Any:
    """A datetime for `now - 3 days` or a date in quotes; any other value as it is."""
    if not isinstance(value, str):
        return value
    if found := _MOMENT.fullmatch(value):
        return _moment(found, now)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return datetime.fromisoformat(value)
    return _IN_A_QUERY.sub(lambda found: f"{_moment(found, now):%Y-%m-%d %H:%M:%S}", value)


def _moment(found: re.Match[str], now: datetime) -> datetime:
    if not found["sign"]:
        return now
    distance = timedelta(**{f"{found['unit']}s": int(found["number"])})
    return now + distance if found["sign"] == "+" else now - distance


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
