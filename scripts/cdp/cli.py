"""The command `cdp`: thin. One function a command; each imports what it needs when called."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cdp import __version__
from cdp.errors import CdpError

__all__ = ["main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="cdp")
@click.option(
    "--project-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="DBT_PROJECT_DIR",
    help="The dbt project; default: this directory.",
)
@click.option("--target", envvar="CDP_TARGET", default="demo", help="demo, dev or prod.")
@click.pass_context
def cli(context: click.Context, project_dir: Path, target: str) -> None:
    """A customer data platform that lives inside your warehouse."""
    context.obj = {"project_dir": project_dir, "target": target}


@cli.command()
@click.option("--people", default=2377, show_default=True, help="How many buyers to make.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same rows.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo_data"),
    show_default=True,
    help="Where to write; replaced if the demo made it.",
)
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day of the data; later than 2018-01-01 adds the days after.",
)
def demo(people: int, seed: int, out: Path, day: datetime | None) -> None:
    """Make the demo's sources: real purchase lines and the systems around them."""
    from rich.progress import Progress

    from cdp.demo import generate

    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Making people", total=None)
        rows = generate(
            out,
            people,
            seed,
            day.date() if day else None,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    tables = sum(name.startswith("raw/") for name in rows)
    click.echo(f"{sum(rows.values()):,} rows in {tables} tables: {out}/raw")


@cli.command()
@click.option(
    "--docs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/data_docs"),
    show_default=True,
    help="The folder for Great Expectations' Data Docs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.pass_obj
def quality(settings: dict[str, Any], docs: Path, as_json: bool) -> int:
    """Check what the business states of the raw and the public tables.

    Exit code 0: everything holds; 1: an expectation fails; 3: one could not be checked.

    \b
    Examples:
      cdp quality
      cdp quality --json
    """
    from cdp.quality import run_gates, show, verdict

    gates = run_gates(settings["project_dir"], settings["target"], docs)
    click.echo(json.dumps([asdict(gate) for gate in gates], indent=2) if as_json else show(gates))
    return verdict(gates)


@cli.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("out/report.html"),
    show_default=True,
    help="The page to write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, too.")
@click.pass_obj
def report(settings: dict[str, Any], out: Path, as_json: bool) -> None:
    """Write the report: one HTML file that opens without a network.

    \b
    Examples:
      cdp report
      cdp report --out report.html --json
    """
    from cdp.report import write_report

    facts = write_report(settings["project_dir"], settings["target"], out)
    click.echo(json.dumps(facts, indent=2) if as_json else f"Wrote {out}.")


def run(arguments: Sequence[str]) -> int:
    """Run the command line on `arguments`; returns the exit code, having said what went wrong."""
    try:
        outcome = cli.main(list(arguments), prog_name="cdp", standalone_mode=False)
    except CdpError as error:
        click.echo(f"cdp: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("cdp: interrupted; nothing half-written, run it again to go on", err=True)
        return 130
    return outcome if isinstance(outcome, int) else 0


def main() -> None:
    """The console command."""
    sys.exit(run(sys.argv[1:]))
