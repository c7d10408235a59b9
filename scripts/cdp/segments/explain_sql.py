"""The conditions of a segment that was written in SQL, asked of one person.

The query is taken apart at its `and`s; each select that filters, common table expressions
first, is asked its predicates over the person's own rows, without its `where`.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from cdp.errors import ConfigError
from cdp.segments.explain import Held
from cdp.warehouse import Warehouse

__all__ = ["explain_sql"]


def explain_sql(sql: str, profile_id: str, warehouse: Warehouse) -> list[Held]:
    """One line per predicate of a compiled segment; a predicate of a common table expression
    says of which. Raises ConfigError for SQL that cannot be read."""
    try:
        query = sqlglot.parse_one(sql, read=warehouse.dialect)
    except sqlglot.errors.SqlglotError:
        raise ConfigError("The segment's SQL cannot be taken apart. Ask its author.") from None
    ctes = list(query.ctes) if isinstance(query, exp.Query) else []
    held: list[Held] = []
    for number, cte in enumerate(ctes):
        held += _asked(cte.this, ctes[:number], f"{cte.alias}: ", profile_id, warehouse)
    return held + _asked(query, ctes, "", profile_id, warehouse)


def _asked(
    query: exp.Expr, ctes: list[exp.CTE], name: str, profile_id: str, warehouse: Warehouse
) -> list[Held]:
    """The predicates of one select; empty where it filters nothing, or not people."""
    if not isinstance(query, exp.Select) or query.args.get("where") is None:
        return []
    if query.args.get("group") or not _has_person(query):
        return []
    return [
        held
        for predicate in _conjuncts(query.args["where"].this)
        for held in _one(query, predicate, ctes, name, profile_id, warehouse)
    ]


def _one(
    query: exp.Select,
    predicate: exp.Expr,
    ctes: list[exp.CTE],
    name: str,
    profile_id: str,
    warehouse: Warehouse,
) -> Iterator[Held]:
    asked = [column.copy() for column in _columns(predicate)]
    person = _person(query)
    select = query.copy()
    for part in ("where", "order", "limit", "distinct", "qualify", "with_", "with"):
        select.set(part, None)
    truth = exp.func("coalesce", exp.paren(predicate.copy()), exp.false())
    select.set("expressions", [truth, *asked])
    select = select.where(exp.EQ(this=person, expression=exp.Placeholder()))
    for cte in ctes:
        select = select.with_(cte.args["alias"].copy(), cte.this.copy())
    rows = warehouse.query(select.sql(dialect=warehouse.dialect), (profile_id,))
    text = " ".join(predicate.sql(dialect=warehouse.dialect, comments=False).split()).lower()
    if not rows:
        yield Held(0, f"{name}{text}", "no row", False)
        return
    values = ", ".join(str(value) for value in rows[0][1:])
    yield Held(0, f"{name}{text}", values or None, any(bool(row[0]) for row in rows))


def _conjuncts(predicate: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(predicate, exp.And):
        yield from _conjuncts(predicate.left)
        yield from _conjuncts(predicate.right)
    else:
        yield predicate


def _columns(predicate: exp.Expr) -> list[exp.Column]:
    """The columns it names itself, not those of its subqueries; each once."""
    found = {
        column.sql(): column
        for column in predicate.find_all(exp.Column)
        if column.find_ancestor(exp.Query) is predicate.find_ancestor(exp.Query)
    }
    return list(found.values())


def _has_person(query: exp.Select) -> bool:
    return any(
        isinstance(part, exp.Star) or part.alias_or_name in ("profile_id", "*")
        for part in query.expressions
    )


def _person(query: exp.Select) -> exp.Column:
    """The select's own column of the person, as it names it."""
    for part in query.expressions:
        column = part.find(exp.Column)
        if part.alias_or_name == "profile_id" and column is not None:
            return exp.column(column.name, table=column.table or None)
    return exp.column("profile_id")
