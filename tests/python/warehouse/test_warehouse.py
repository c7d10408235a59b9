from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from cdp.errors import ConfigError, WarehouseError
from cdp.warehouse import Warehouse, quoted, read_profile, schema_name
from support.project import ROOT, Project

CANARY = "canary-7f3a@example.com"

ROWS = {
    "flag": [True, None],
    "whole": [2**62, None],
    "ratio": [0.1, None],
    "amount": [Decimal("12345678901234.56"), None],
    "day": [date(2017, 12, 31), None],
    "moment": [datetime(2017, 12, 31, 23, 59, 59, 5), None],
    "words": ['a\tb\\N\n"quoted", 100% ё', None],
    "empty": ["", None],
}
TYPES = {
    "flag": "boolean",
    "whole": "bigint",
    "ratio": "double precision",
    "amount": "numeric(18, 2)",
    "day": "date",
    "moment": "timestamp",
    "words": "text",
    "empty": "text",
}


def test_values_are_bound_never_pasted(warehouse: Warehouse) -> None:
    nasty = 'it\'s 100% "x"; drop table t --'
    assert warehouse.query("select ?", (nasty,)) == [(nasty,)]


def test_rows_come_back_as_they_went_in(warehouse: Warehouse) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    warehouse.execute(f"create table kinds ({columns})")
    data = pa.table(ROWS).select(sorted(ROWS))
    warehouse.append(quoted("kinds"), data)
    batches = list(warehouse.batches("select * from kinds order by whole nulls last", rows=1))
    assert [batch.num_rows for batch in batches] == [1, 1]
    assert batches[0].schema == batches[1].schema
    assert pa.Table.from_batches(batches).to_pydict() == ROWS


def test_statements_may_run_between_batches(warehouse: Warehouse) -> None:
    warehouse.execute("create table numbers as select 1 as n union all select 2")
    warehouse.execute("create table seen (n integer)")
    for batch in warehouse.batches("select n from numbers where n > ?", (0,), rows=1):
        with warehouse.transaction():
            warehouse.execute("insert into seen values (?)", (batch.column(0)[0].as_py(),))
    assert warehouse.query("select n from seen order by n") == [(1,), (2,)]


def test_a_failed_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    warehouse.execute("create table numbers (n integer)")
    with pytest.raises(ZeroDivisionError), warehouse.transaction():
        warehouse.execute("insert into numbers values (1)")
        raise ZeroDivisionError
    with pytest.raises(WarehouseError), warehouse.transaction():
        warehouse.execute("insert into numbers values (1)")
        warehouse.execute("select * from nowhere")
    assert warehouse.query("select count(*) from numbers") == [(0,)]


def test_columns_are_in_order_and_absent_tables_have_none(warehouse: Warehouse) -> None:
    warehouse.execute('create schema raw; create table raw.people (id bigint, "Full name" text)')
    assert list(warehouse.columns("raw", "people")) == ["id", "Full name"]
    assert warehouse.columns("raw", "nowhere") == {}


def test_an_error_names_the_object_but_no_value(warehouse: Warehouse) -> None:
    warehouse.execute("create table people (id integer primary key, name text)")
    with pytest.raises(WarehouseError, match="nowhere"):
        warehouse.query("select * from nowhere")
    for sql in (
        "select cast(? as integer)",
        "insert into people (id) values (cast(? as integer))",
        "insert into people select 1, ? from (values (1), (2)) as twice (n)",
    ):
        with pytest.raises(WarehouseError) as caught:
            warehouse.query(sql, (CANARY,))
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_read_only_connection_refuses_to_write(project: Project) -> None:
    project.open().close()
    reader = project.open(read_only=True)
    try:
        with pytest.raises(WarehouseError):
            reader.execute("create table t (n integer)")
    finally:
        reader.close()


def test_a_wrong_password_is_one_sentence_without_it(
    postgres_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_ENV_SECRET_PG_PASSWORD", CANARY)
    with pytest.raises(WarehouseError, match=r"refused the user cdp\. Check CDP_PG_USER") as caught:
        postgres_project.open()
    assert CANARY not in str(caught.value)


def test_a_missing_server_is_one_sentence(
    postgres_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_PG_PORT", "1")
    with pytest.raises(WarehouseError, match="cannot be reached"):
        postgres_project.open()


def test_a_file_held_by_another_process_is_named_within_five_seconds(
    duckdb_project: Project,
) -> None:
    script = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, os.environ["CDP_DUCKDB_PATH"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        started = time.monotonic()
        with pytest.raises(WarehouseError, match=f"open in another process .PID {holder.pid}"):
            duckdb_project.open()
        assert time.monotonic() - started < 5
        holder.kill()


def test_a_file_that_is_no_database_is_refused(duckdb_project: Project) -> None:
    with open(os.environ["CDP_DUCKDB_PATH"], "wb") as file:  # noqa: PTH123
        file.write(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match="no DuckDB file"):
        duckdb_project.open()


def test_a_file_called_after_a_schema_is_refused(
    duckdb_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_DUCKDB_PATH", str(duckdb_project.scratch / "cdp.duckdb"))
    with pytest.raises(ConfigError, match=r"cdp\.duckdb cannot have a schema cdp"):
        duckdb_project.open()
    assert not (duckdb_project.scratch / "cdp.duckdb").exists()


def test_ctrl_c_stops_a_statement_and_rolls_back(warehouse: Warehouse) -> None:
    warehouse.execute("create table numbers (n bigint)")
    warehouse.execute("create table many as select n from generate_series(1, 1000000) as s (n)")
    endless = "select count(*) from many a, many b where a.n * b.n % 7 = 3"
    threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), warehouse.transaction():
        warehouse.execute("insert into numbers values (1)")
        warehouse.query(endless)
    assert warehouse.query("select count(*) from numbers") == [(0,)]


def test_the_profile_keeps_text_as_text(
    duckdb_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_ENV_SECRET_PG_PASSWORD", "0123")
    monkeypatch.setenv("CDP_PG_PORT", "6000")
    profile = read_profile(ROOT, "demo")
    assert (profile["password"], profile["port"]) == ("0123", 6000)


def test_an_unknown_target_or_warehouse_is_named(
    duckdb_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"no target 'staging'.*demo, dev, prod"):
        read_profile(ROOT, "staging")
    monkeypatch.setenv("CDP_WAREHOUSE", "oracle")
    with pytest.raises(ConfigError, match="'oracle'"):
        duckdb_project.open()


def test_schemas_are_named_as_dbt_names_them(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schema_name("cdp_state", "demo") == "cdp_state"
    assert schema_name("cdp_state", "dev") == "dev_cdp_state"
    monkeypatch.setenv("CDP_SCHEMA_PREFIX", "ana")
    assert schema_name("cdp_state", "prod") == "ana_cdp_state"
