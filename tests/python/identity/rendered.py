"""The identity layer as dbt renders it, run again and again without starting dbt.

The SQL is compiled once; views and tables are replaced by it, incremental models added to.
The components' loop is our own materialization, called with what dbt would give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import agate
from dbt.adapters.duckdb.relation import DuckDBRelation
from dbt.clients.jinja import MacroGenerator
from dbt_common.exceptions.macros import MacroReturn

from cdp.warehouse import Warehouse

__all__ = ["RenderedIdentity"]

_TYPES = {"integer": "bigint", "text": "varchar", "float": "double", "boolean": "boolean"}


class RenderedIdentity:
    """All models of models/identity over one DuckDB warehouse, in the order of their refs."""

    def __init__(self, manifest: Any, compiled: Path, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._models = list(_in_order(manifest))
        self._code = {
            model.name: next(compiled.rglob(f"{model.name}.sql")).read_text()
            for model in self._models
        }
        self._loops = {
            model.name: self._materialization(manifest, model)
            for model in self._models
            if model.config.materialized.startswith("cdp_")
        }

    def forget(self) -> None:
        """Begin a new history: nothing is remembered of the last."""
        for model in self._models:
            if model.config.materialized == "incremental":
                self.warehouse.execute(f"delete from {model.relation_name}")
            elif model.name in self._loops:
                for name, kind in self._tables_of(model):
                    self.warehouse.execute(f"drop {kind} {model.schema}.{name}")

    def run(self) -> None:
        """What `dbt run -s path:models/identity` does."""
        for model in self._models:
            name, sql = model.relation_name, self._code[model.name]
            match model.config.materialized:
                case "incremental":
                    self.warehouse.execute(f"insert into {name} by name {sql}")
                case _ if model.name in self._loops:
                    self._loops[model.name]()
                case kind:
                    self.warehouse.execute(f"create or replace {kind} {name} as {sql}")

    def _tables_of(self, model: Any) -> list[tuple[Any, ...]]:
        """(name, view or table) of a model and what it keeps beside it, views first."""
        return list(
            self.warehouse.query(
                "select table_name, case table_type when 'VIEW' then 'view' else 'table' end "
                f"from information_schema.tables where table_schema = '{model.schema}' "
                f"and split_part(table_name, '__', 1) = '{model.name}' order by 2 desc"
            )
        )

    def _materialization(self, manifest: Any, model: Any) -> Callable[[], Any]:
        this = DuckDBRelation.create(model.database, model.schema, model.name)
        context = _context(self.warehouse, this, self._code[model.name])
        ours = {macro.name: MacroGenerator(macro, context) for macro in manifest.macros.values()
                if macro.package_name == "cdp" and macro.name not in context}  # fmt: skip
        context.update(ours)
        return ours[f"materialization_{model.config.materialized}_default"]


def _in_order(manifest: Any) -> Iterator[Any]:
    models = {
        node.unique_id: node
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.fqn[:2] == ["cdp", "identity"]
    }
    parents = {key: [p for p in node.depends_on.nodes if p in models]
               for key, node in sorted(models.items())}  # fmt: skip
    return (models[key] for key in TopologicalSorter(parents).static_order())


class _Adapter:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def drop_relation(self, relation: Any) -> None:
        found = _find(self._warehouse, relation)
        if found:
            self._warehouse.execute(f"drop {found.type} {relation}")

    def commit(self) -> None:
        """Every statement is committed as it is."""


class _Exceptions:
    def raise_compiler_error(self, message: str) -> None:
        raise RuntimeError(message)


def _find(warehouse: Warehouse, relation: Any) -> Any:
    rows = warehouse.query(
        "select table_type from information_schema.tables where "
        f"table_schema = '{relation.schema}' and table_name = '{relation.identifier}'"
    )
    return relation.incorporate(type="view" if rows[0][0] == "VIEW" else "table") if rows else None


def _return(value: Any = None) -> None:
    raise MacroReturn(value)


def _context(warehouse: Warehouse, this: Any, sql: str) -> dict[str, Any]:
    """What dbt puts before a materialization, as far as ours asks for it."""

    def run_query(text: str) -> Any:
        rows = warehouse.query(text) if _reads(text) else warehouse.execute(text) or []
        names = [f"column_{n}" for n in range(len(rows[0]) if rows else 1)]
        return agate.Table(rows, names)

    def statement(_: str, caller: Callable[[], str], **__: Any) -> None:
        run_query(caller())

    return {
        "this": this,
        "sql": sql,
        "adapter": _Adapter(warehouse),
        "exceptions": _Exceptions(),
        "run_query": run_query,
        "statement": statement,
        "create_table_as": lambda _, name, text: f"create table {name} as {text}",
        "get_create_view_as_sql": lambda name, text: f"create view {name} as {text}",
        "load_cached_relation": lambda relation: _find(warehouse, relation),
        "should_full_refresh": lambda: False,
        "run_hooks": lambda *_, **__: "",
        "pre_hooks": [],
        "post_hooks": [],
        "return": _return,
        "log": lambda *_, **__: "",
        "cdp_type": _TYPES.__getitem__,
        "cdp_analyse": lambda _: "",
        "cdp_prepare_session": lambda: "",
    }


def _reads(text: str) -> bool:
    return text.lstrip().startswith(("select", "with"))
