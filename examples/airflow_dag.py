"""Airflow: build, gates and syncs each morning; a partly sent sync does not fail the day.

Put it where Airflow looks for DAGs; CDP_PROJECT is the dbt project.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

PROJECT = os.environ.get("CDP_PROJECT", "/srv/cdp")
# By the environment, never in the command: whoever starts a DAG may name its run.
RUN: dict[str, Any] = {"cwd": PROJECT, "env": {"CDP_RUN_ID": "{{ run_id }}"}, "append_env": True}

with DAG(
    "cdp",
    schedule="15 5 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    build = BashOperator(task_id="build", bash_command="cdp build", **RUN)
    quality = BashOperator(task_id="quality", bash_command="cdp quality || [ $? = 1 ]", **RUN)
    sync = BashOperator(
        task_id="sync",
        bash_command="cdp sync --jobs 4 || [ $? = 5 ]",
        retries=2,  # the ledger knows what was sent; only the rest goes again
        **RUN,
    )
    build >> quality >> sync
