"""Dagster: the same three steps as a job with a schedule; run it with `dagster dev -f`.

Its annotations are read as it is loaded: no `from __future__ import annotations` here.
"""

import os
import subprocess

from dagster import Definitions, In, Nothing, OpExecutionContext, ScheduleDefinition, job, op

PROJECT = os.environ.get("CDP_PROJECT", ".")


def run(context: OpExecutionContext, *arguments: str, fine: tuple[int, ...] = (0,)) -> None:
    """One command of cdp; its exit code tells how it went."""
    environment = os.environ | {"CDP_RUN_ID": context.run_id}
    command = ["cdp", *arguments]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, check=False)  # noqa: S603
    if ended.returncode not in fine:
        raise RuntimeError(f"cdp {arguments[0]} ended with exit code {ended.returncode}")


@op
def build(context: OpExecutionContext) -> None:
    """Build and test every model."""
    run(context, "build")


@op(ins={"after": In(Nothing)})
def quality(context: OpExecutionContext) -> None:
    """The gates; a failed one stops the syncs of its table."""
    run(context, "quality", fine=(0, 1))


@op(ins={"after": In(Nothing)})
def sync(context: OpExecutionContext) -> None:
    """Deliver; what was not taken goes again with the next run."""
    run(context, "sync", "--jobs", "4", fine=(0, 5))


@job
def cdp_daily() -> None:
    """One after the other."""
    sync(after=quality(after=build()))


definitions = Definitions(
    jobs=[cdp_daily], schedules=[ScheduleDefinition(job=cdp_daily, cron_schedule="15 5 * * *")]
)
