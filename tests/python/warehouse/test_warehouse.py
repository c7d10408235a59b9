from __future__ import annotations

import pyarrow as pa
import pytest

from cdp.warehouse import Warehouse, quoted


def test_values_are_bound_never_pasted(warehouse: Warehouse) -> None:
    nasty = 'it\'s 100% "x"; drop table t --'
    assert warehouse.query("select ?", (nasty,)) == [(nasty,)]


def test_rows_come_back_as_they_went_in(warehouse: Warehouse) -> None:
    warehouse.execute("create schema raw")
    warehouse.execute("create table raw.people (id bigint, name text)")
    people = pa.table({"name": ["Ana", None, "a\tb\\N\n"], "id": [1, 2, 3]})
    warehouse.append(quoted("raw", "people"), people)
    batches = list(warehouse.batches("select id, name from raw.people order by id", rows=2))
    assert [batch.num_rows for batch in batches] == [2, 1]
    read = pa.Table.from_batches(batches)
    assert read.to_pydict() == {"id": [1, 2, 3], "name": ["Ana", None, "a\tb\\N\n"]}


def test_a_failed_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    warehouse.execute("create table numbers (n integer)")
    with pytest.raises(ZeroDivisionError), warehouse.transaction():
        warehouse.execute("insert into numbers values (1)")
        raise ZeroDivisionError
    assert warehouse.query("select count(*) from numbers") == [(0,)]
