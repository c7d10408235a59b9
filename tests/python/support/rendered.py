"""The project's own models and macros, rendered and run on a connection, without dbt's start.

    engine = Rendered(run, "duckdb", schema="graph")
    engine.build("idg_link_changes")

dbt takes seconds to start; a benchmark counts milliseconds and a random history has hundreds
of runs. What is rendered is the project's text, file by file; what stands in for dbt is the
little that those files call.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2

__all__ = ["Rendered"]

ROOT = Path(__file__).resolve().parents[3]
_BLOCK = re.compile(r"{%(-?)\s*(end)?materialization\b\s*(\w*)[^%]*?(-?)%}")
_MACRO = re.compile(r"({%-?\s*macro\s+)(\w+)")
_TYPES = {"string": "text", "bigint": "bigint", "numeric": "numeric", "boolean": "boolean",
          "timestamp": "timestamp"}  # fmt: skip

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Relation:
    schema: str
    identifier: str
    type: str = "table"

    @property
    def is_view(self) -> bool:
        return self.type == "view"

    def incorporate(self, path: dict[str, str] | None = None, type: str = "table") -> Relation:
        return replace(self, type=type, **(path or {}))

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.identifier}"'


class _Return(Exception):  # noqa: N818 - no error
    """What dbt's return() does: end the macro with a value, of any type."""


class _Table(list[tuple[Any, ...]]):
    """Rows, and columns as the agate tables of dbt have them."""

    @property
    def columns(self) -> list[dict[int, Any]]:
        return [dict(enumerate(values)) for values in zip(*self, strict=True)]


class _Live(jinja2.runtime.Context):
    """A macro sees the globals as they are when it is called, as under dbt."""

    def resolve_or_missing(self, key: str) -> Any:
        return self.environment.globals.get(key, super().resolve_or_missing(key))


class Rendered:
    """Runs the models and macros of the project in one schema of a database."""

    def __init__(self, run: Callable[[str], Rows], dialect: str, schema: str) -> None:
        """`run` executes one statement and gives its rows."""
        self.run, self.dialect, self.schema = run, dialect, schema
        self.is_open = False
        self.is_full_refresh = False
        self.environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        self.environment.context_class = _Live
        self.environment.globals |= self._what_dbt_offers()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # regular expressions that Python would escape
            for folder in ("adapters", "config", "identity", "materializations"):
                for path in sorted((ROOT / "macros" / folder).rglob("*.sql")):
                    self._load(path.read_text(encoding="utf-8"))

    def build(self, model: str, full_refresh: bool = False) -> None:
        """Build a model of models/identity from what its refs stand for."""
        self.is_full_refresh = full_refresh
        this, settings = Relation(self.schema, model), {}
        old = self._found(this)
        context: dict[str, Any] = {
            "this": this,
            "config": lambda **given: settings.update(given) or "",
            "is_incremental": lambda: old is not None and not full_refresh,
            "run_started_at": datetime.now(UTC),
        }
        self.environment.globals |= context
        text = (ROOT / "models/identity" / f"{model}.sql").read_text(encoding="utf-8")
        sql = self.environment.from_string(text).render()
        if settings.get("materialized") == "cdp_components":
            self.environment.globals["sql"] = sql
            self.environment.globals["materialization_cdp_components"]()
        elif settings.get("materialized") == "view":
            self.run(f"create or replace view {this} as {sql}")
        elif old and not full_refresh and settings.get("materialized") == "incremental":
            self.run(f"insert into {this} {sql}")
        else:
            self.run(f"drop table if exists {this}")
            self.run(f"create table {this} as {sql}")

    def _load(self, text: str) -> None:
        """Make a file's macros global, so that each call of one is dbt's kind of call."""
        text = _BLOCK.sub(self._as_macro, text)
        module = self.environment.from_string(_MACRO.sub(r"\1own__\2", text)).module
        for name in re.findall(r"macro own__(\w+)", _MACRO.sub(r"\1own__\2", text)):
            self.environment.globals[name] = _returning(getattr(module, f"own__{name}"))

    @staticmethod
    def _as_macro(found: re.Match[str]) -> str:
        left, end, name, right = found.groups()
        macro = "endmacro" if end else f"macro materialization_{name}()"
        return f"{{%{left} {macro} {right}%}}"

    def _what_dbt_offers(self) -> dict[str, Any]:
        return {
            "adapter": self,
            "cdp": self,
            "dbt": self,
            "ref": lambda name: Relation(self.schema, name),
            "return": _give_back,
            "log": lambda text: "",
            "run_hooks": lambda *hooks, **how: "",
            "pre_hooks": (),
            "post_hooks": (),
            "run_query": lambda sql: _Table(self.run(sql)),
            "statement": self._statement,
            "create_table_as": lambda temporary, name, sql: f"create table {name} as {sql}",
            "get_create_view_as_sql": lambda name, sql: f"create view {name} as {sql}",
            "load_cached_relation": self._found,
            "should_full_refresh": lambda: self.is_full_refresh,
        }

    def __getattr__(self, name: str) -> Any:
        """cdp.cdp_x, and dbt.type_x()."""
        if name.startswith("type_"):
            return lambda: _TYPES[name.removeprefix("type_")]
        return self.environment.globals[name]

    def dispatch(self, name: str, package: str) -> Callable[..., Any]:
        macros = self.environment.globals
        found: Callable[..., Any] = (
            macros.get(f"{self.dialect}__{name}") or macros[f"default__{name}"]
        )
        return found

    def drop_relation(self, relation: Relation) -> str:
        self.run(f"drop {relation.type} if exists {relation} cascade")
        return ""

    def commit(self) -> str:
        self.run("commit")
        self.is_open = False
        return ""

    def _statement(self, name: str, auto_begin: bool = True, *, caller: Any) -> str:
        if auto_begin and not self.is_open:
            self.run("begin")
            self.is_open = True
        self.run(caller())
        return ""

    def _found(self, relation: Relation) -> Relation | None:
        rows = self.run(
            "select table_type from information_schema.tables where table_schema = "
            f"'{relation.schema}' and table_name = '{relation.identifier}'"
        )
        return (
            relation.incorporate(type="view" if rows[0][0] == "VIEW" else "table") if rows else None
        )


def _give_back(value: Any) -> None:
    raise _Return(value)


def _returning(macro: Any) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macro(*arguments, **named)
        except _Return as given:
            return given.args[0]

    return call
