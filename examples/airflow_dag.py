"""Airflow: build, gates and syncs each morning; a partly sent sync does not fail the day.

Put it where Airflow looks for DAGs; CDP_PROJECT is the dbt project.
"""

from __future__ import annotations

import os
from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

PROJECT = os.environ.get("CDP_PROJECT", "/srv/cdp")
RUN = "export CDP_RUN_ID='{{ run_id }}';"

with DAG(
    "cdp",
    schedule="15 5 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    build = BashOperator(task_id="build", cwd=PROJECT, bash_command=f"{RUN} cdp build")
    quality = BashOperator(
        task_id="quality", cwd=PROJECT, bash_command=f"{RUN} cdp quality || [ $? = 1 ]"
    )
    sync = BashOperator(
        task_id="sync",
        cwd=PROJECT,
        bash_command=f"{RUN} cdp sync --jobs 4 || [ $? = 5 ]",
        retries=2,  # the ledger knows what was sent; only the rest goes again
    )
    build >> quality >> sync
