"""What staging does with raw tables that are not as they should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from conftest import ROOT, Project

TILL = """
create table pos.transactions as
select
    id as transaction_id, 'S1' as store_id, card as loyalty_id, time as transacted_at,
    'USD' as currency, '10' as subtotal, total as total, time as updated_at
from (values
    ('zoned', ' L1 ', '2017-03-01T12:00:00+02:00', '9.50'),
    ('plain', '', '2017-03-01 10:00:00.5', '1e1'),
    ('no such day', null, '2017-02-30 10:00:00', 'ten'),
    ('no time', null, 'yesterday', ' '),
    ('no time', null, 'yesterday', ' ')
) as rows (id, card, time, total)
"""

INPUTS = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["cdp"]["cdp_inputs"]


def build(
    project: Project, selection: str, **variables: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(Path(sys.executable).with_name("dbt"), "--quiet", "build", "-s", *selection.split()),
            *("--resource-type", "model", "--vars", json.dumps(variables)),
        ],
        cwd=project.directory,
        env=os.environ | {"DBT_PROFILES_DIR": str(project.directory)},
        capture_output=True,
        text=True,
    )


def land(project: Project, *statements: str) -> None:
    warehouse = project.open()
    for statement in statements:
        warehouse.execute(statement)
    warehouse.close()


def test_text_is_cast_where_it_can_be(project: Project) -> None:
    """The same on both warehouses: UTC, numbers, null for what is neither; one copy each."""
    land(project, "create schema pos", TILL)
    run = build(project, "stg_pos__transactions")
    assert run.returncode == 0, run.stdout
    warehouse = project.open()
    rows = warehouse.query(
        "select record_id, loyalty_id, cast(occurred_at as varchar), cast(total as float) "
        "from cdp_internal.stg_pos__transactions order by record_id"
    )
    warehouse.close()
    assert rows == [
        ("no such day", None, None, None),
        ("no time", None, None, None),
        ("plain", None, "2017-03-01 10:00:00.5", 10.0),
        ("zoned", "L1", "2017-03-01 10:00:00", 9.5),
    ]


def test_a_missing_column_is_named(duckdb_project: Project) -> None:
    land(
        duckdb_project,
        "create schema finance",
        "create table finance.fx_rates (currency text, rate_date date, rate double)",
        "create schema survey",
        "create table survey.responses (response_id text, email text, user_id text, score int)",
    )
    run = build(
        duckdb_project,
        "stg_survey__responses stg_finance__fx_rates inp_refunds inp_reporting_rates inp_fx_rates",
        cdp_inputs=INPUTS | {"refunds": ["cdp.stg_finance__fx_rates"]},
    )
    assert run.returncode == 1
    assert '"responses" has no column instrument, submitted_at. Restore it' in run.stdout
    assert (
        "cdp.stg_finance__fx_rates has no column occurred_at, order_id, order_line_id, quantity, "
        "amount, reason, which the contract refunds asks for." in run.stdout
    )


def test_an_unknown_contract_is_named(duckdb_project: Project) -> None:
    run = build(duckdb_project, "stg_finance__fx_rates", cdp_inputs={"peeple": []})
    assert run.returncode != 0
    assert "Unknown key 'peeple' in vars: cdp_inputs. It takes: people, events" in run.stdout
