"""The command `cdp`: thin. One function a command; each imports what it needs when called."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cdp import __version__
from cdp.commands.delivery import (
    apply,
    consent,
    destinations,
    explain_row,
    ledger,
    new,
    plan,
    retry,
    sync,
    test_mappings,
)
from cdp.commands.enrichment import enrichment
from cdp.commands.identity import identity
from cdp.commands.profile import profile
from cdp.commands.segment import segment
from cdp.errors import CdpError, WarehouseError

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
    """Make the demo's sources: real purchase lines and the systems around them.

    \b
    Examples:
      cdp demo
      cdp demo --people 300 --out demo_data
    """
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
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--prune", is_flag=True, help="Remove the rows of files that are gone.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON.")
@click.pass_obj
def load(
    settings: dict[str, Any], directory: Path, sources: tuple[str, ...], prune: bool, as_json: bool
) -> None:
    """Bring the files below DIRECTORY into the raw schemas.

    \b
    Where files stand (DIRECTORY/raw is taken for DIRECTORY where it exists):
      DIRECTORY/<source>/<table>/<any name>.<ending>
      DIRECTORY/<source>/<table>.<ending>
    Endings: .parquet .csv .csv.gz .jsonl .ndjson (the last two also with .gz). The
    source becomes the schema, in lower case.

    A file is known by its path below DIRECTORY. One that has not changed is skipped; one
    that has replaces its own rows; one that is gone keeps them, unless --prune. A row that
    cannot be loaded goes to cdp_state.cdp_quarantine with its line and the reason; rows
    loaded and quarantined are all rows of the file. Parquet keeps its types; the cells of
    CSV and JSON stay text as written, which staging casts; an empty CSV cell is null.

    Exit code: 0 all done, 5 a file could not be loaded (it is left out as a whole).

    \b
    Examples:
      cdp load demo_data
      cdp load /data/exports --source shopify --source pos
      cdp load /data/exports --prune --json
    """
    from cdp.errors import PartialFailure
    from cdp.load import best_progress, load, show
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        outcomes, ignored = load(warehouse, directory, sources, prune, best_progress())
    finally:
        warehouse.close()
    click.echo(show.as_json(outcomes, ignored) if as_json else show.as_text(outcomes, ignored))
    if failed := [outcome for outcome in outcomes if outcome.status == "failed"]:
        raise PartialFailure(f"{len(failed)} of {len(outcomes)} files could not be loaded.")


@cli.command()
@click.option("--database", help="Look into this database; default: the connection's own.")
@click.option("--write", is_flag=True, help="Write cdp_sources into dbt_project.yml.")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as JSON.")
@click.pass_obj
def connect(settings: dict[str, Any], database: str | None, write: bool, as_json: bool) -> None:
    """Find the schemas of known connectors, and say what they lack.

    \b
    Examples:
      cdp connect
      cdp --target prod connect --write
      cdp connect --json
    """
    from cdp.connect import as_text, connect, write_sources
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        finding = connect(settings["project_dir"], warehouse, database)
    finally:
        warehouse.close()
    click.echo(json.dumps(asdict(finding), indent=2) if as_json else as_text(finding))
    if write and finding.matches:
        write_sources(settings["project_dir"], finding.sources)
        click.echo("Wrote cdp_sources into dbt_project.yml.", err=True)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def audit(settings: dict[str, Any], as_json: bool) -> None:
    """Report on the raw tables: rows, freshness, and how good each identifier is.

    Counts only, no value is shown. "valid" has the form of its kind and is no known
    placeholder; "repeated" counts the values that stand on more than one row.

    \b
    Examples:
      cdp audit
      cdp audit --json
    """
    from rich.console import Console

    from cdp.audit import as_table, audit
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        with Console(stderr=True).status("Counting"):
            tables = list(audit(settings["project_dir"], warehouse))
    finally:
        warehouse.close()
    if not tables:
        raise WarehouseError("No table of a listed source is there. Run cdp load, or cdp connect.")
    if as_json:
        click.echo(json.dumps([asdict(table) for table in tables], indent=2))
    else:
        as_table(tables, Console())


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
@click.pass_obj
def check(settings: dict[str, Any], as_json: bool) -> int:
    """Check the control panel and the syncs: one sentence per mistake.

    Exit code: 0 all sound, 2 something is to be mended.

    \b
    Examples:
      cdp check
      cdp check --json
    """
    from cdp.build import all_problems

    found = all_problems(settings["project_dir"], settings["target"])
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(found) or "The control panel and the syncs are sound.")
    return 2 if found else 0


@cli.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--beside",
    "name",
    metavar="[NAME]",
    is_flag=False,
    flag_value="work",
    help="Build into schemas of its own, beside_NAME_…, next to what stands.",
)
@click.option("--drop", is_flag=True, help="With --beside: drop that build instead.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[DBT ARGUMENTS]...")
@click.pass_obj
def build(
    settings: dict[str, Any], name: str | None, drop: bool, arguments: tuple[str, ...]
) -> int:
    """Check the project, then run `dbt build`; its exit code is ours.

    --beside (NAME: work) starts from a copy of the state, so that ids carry over; the
    tables that stand are not touched, and nothing of it is ever sent. An earlier build of
    that name is replaced.

    \b
    Examples:
      cdp build
      cdp build --select +cdp_identity_map --indirect-selection buildable
      cdp build --full-refresh --threads 8
      cdp build --beside --select tag:identity
      cdp build --beside --drop
    """
    from cdp.beside import build_beside, drop_beside
    from cdp.build import build

    if drop and name is None:
        raise click.UsageError("--drop goes with --beside: it drops no other build.")
    if name is None:
        return build(settings["project_dir"], settings["target"], arguments)
    if not drop:
        return build_beside(settings["project_dir"], settings["target"], name, arguments)
    dropped = drop_beside(settings["project_dir"], settings["target"], name)
    click.echo(f"Dropped {', '.join(dropped)}." if dropped else f"There is no build '{name}'.")
    return 0


@cli.command(name="reset-state")
@click.option("--yes", is_flag=True, help="Yes, drop it.")
@click.pass_obj
def reset_state(settings: dict[str, Any], yes: bool) -> None:
    """Drop the state of this target: profile ids, segment stays, the sync ledger.

    Nothing can rebuild it. Raw data and what dbt builds stay.

    \b
    Example:
      cdp --target dev reset-state --yes
    """
    from cdp.build import reset_state
    from cdp.errors import BlockedError

    if not yes:
        raise BlockedError(
            f"This drops the state of the target {settings['target']}, the sync ledger included. "
            "Say --yes if you mean it."
        )
    dropped = reset_state(settings["project_dir"], settings["target"])
    rows = sum(count for _, count in dropped)
    click.echo(f"Dropped {len(dropped)} tables with {rows:,} rows.")


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
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled records to measure merges with; default: the demo's, where there are any.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, too.")
@click.pass_obj
def report(settings: dict[str, Any], out: Path, truth: Path | None, as_json: bool) -> None:
    """Write the report: one HTML file that opens without a network.

    \b
    Examples:
      cdp report
      cdp report --out report.html --json
    """
    from cdp.report import write_report

    demo_truth = Path("demo_data/truth/people.parquet")
    if truth is None and settings["target"] == "demo" and demo_truth.exists():
        truth = demo_truth
    facts = write_report(settings["project_dir"], settings["target"], out, truth)
    click.echo(json.dumps(facts, indent=2) if as_json else f"Wrote {out}.")


@cli.command("read-copy")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("out/cdp_read.duckdb"),
    show_default=True,
    help="The DuckDB file to put in place.",
)
@click.pass_obj
def read_copy(settings: dict[str, Any], out: Path) -> None:
    """Put a masked copy of the public tables in place, for BI tools to hold open.

    \b
    Examples:
      cdp read-copy
      CDP_WAREHOUSE=postgres cdp read-copy --out /srv/bi/cdp_read.duckdb
    """
    from cdp.privacy import write_read_copy

    rows = write_read_copy(settings["project_dir"], settings["target"], out)
    click.echo(f"{out} holds {len(rows)} masked tables with {sum(rows.values()):,} rows.")


for command in (
    plan, apply, sync, ledger, retry, explain_row, destinations, new, test_mappings, consent,
    enrichment, identity, profile, segment,
):  # fmt: skip
    cli.add_command(command)


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
    except BrokenPipeError:  # who reads us has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        place = error.filename or "A file"
        click.echo(
            f"cdp: {place}: {error.strerror or error}. Check the path and who may use it.", err=True
        )
        return CdpError.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("cdp: interrupted; nothing half-written, run it again to go on", err=True)
        return 130
    return outcome if isinstance(outcome, int) else 0


def main() -> None:
    """The console command."""
    sys.exit(run(sys.argv[1:]))
