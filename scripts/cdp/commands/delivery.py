"""cdp plan, apply, sync, ledger, retry, consent: what leaves, and what became of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

__all__ = [
    "apply",
    "consent",
    "destinations",
    "explain_row",
    "ledger",
    "new",
    "plan",
    "retry",
    "sync",
    "test_mappings",
]


_select = click.option("--select", "-s", multiple=True, metavar="SYNC", help="Only this sync.")
_jobs = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Syncs at once; those of one account share its limits.",
)
_approve = click.option(
    "--approve", metavar='"WHO: WHY"', help="Go over budget; the ledger keeps who and why."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.command()
@_select
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--markdown", is_flag=True, help="Print the plan as Markdown, for a review.")
@click.option("--show-values", is_flag=True, help="Show rows; on a terminal only.")
@click.option("--against", metavar="REF", help="Only the difference to this git revision.")
@click.pass_obj
def plan(
    settings: dict[str, Any],
    select: tuple[str, ...],
    as_json: bool,
    markdown: bool,
    show_values: bool,
    against: str | None,
) -> int:
    """Show what each sync would send, and keep it as a plan. Sends nothing.

    --against REF shows what the change since REF does: who would be newly sent, no longer
    sent or sent otherwise because of it. Both are built beside what stands, from the same
    state at the same moment, and dropped; no destination is asked, no plan is kept.

    \b
    Examples:
      cdp plan
      cdp plan --select lapsing_regulars_to_files --show-values
      cdp plan --json > plan.json
      cdp plan --against origin/main --markdown > plan.md
    """
    if against is not None:
        if show_values:
            raise click.UsageError("--against counts rows: --show-values has none to show.")
        return _plan_against(settings, against, select, as_json, markdown)
    from cdp.activation import open_session, show

    if show_values and (as_json or markdown or not sys.stdout.isatty()):
        raise click.UsageError("--show-values works on a terminal only: values are not stored.")
    with open_session(settings["project_dir"], settings["target"]) as session:
        each = (lambda p: show.sample(p, session.ledger, show.console())) if show_values else None
        plan_id, plans = session.plan(select, each)
    if as_json:
        click.echo(show.as_json(plan_id, plans))
    elif markdown:
        click.echo(show.as_markdown(plan_id, plans))
    else:
        show.as_table(plan_id, plans, show.console())
        if plans:
            click.echo(f"Nothing was sent. To send exactly this: cdp apply {plan_id}")
    return 4 if any(found.status == "blocked" for found in plans) else 0


def _plan_against(
    settings: dict[str, Any], ref: str, select: tuple[str, ...], as_json: bool, markdown: bool
) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from cdp.activation import show
    from cdp.activation.against import changes
    from cdp.identity.show import as_markdown, print_sections

    with Progress(
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        tasks = {
            "against": bar.add_task(f"Building {ref}", total=None),
            "plan": bar.add_task("Building the working tree", total=None),
        }
        found = changes(
            settings["project_dir"], settings["target"], ref, select,
            lambda build, done, total: bar.update(tasks[build], completed=done, total=total),
        )  # fmt: skip
    if as_json:
        facts = {"against": ref, "syncs": [change.as_dict() for change in found]}
        click.echo(json.dumps(facts, indent=2))
    elif markdown:
        click.echo(as_markdown("Syncs", show.against_sections(found, ref)))
    else:
        print_sections(show.against_sections(found, ref), Console())
    return 0


@click.command()
@click.argument("plan_id")
@_approve
@_jobs
@_json
@click.pass_obj
def apply(
    settings: dict[str, Any], plan_id: str, approve: str | None, jobs: int, as_json: bool
) -> int:
    """Send exactly what the plan PLAN_ID shows, or nothing if it is stale.

    Exit code: as of cdp sync.

    \b
    Examples:
      cdp apply 6fd0c1a2b3e4
      cdp apply 6fd0c1a2b3e4 --approve "Ada: the list was cleaned"
    """
    from cdp.activation import open_session

    with open_session(settings["project_dir"], settings["target"], jobs=jobs) as session:
        return _delivered(lambda progress: session.apply(plan_id, approve, progress), as_json)


@click.command()
@_select
@_approve
@_jobs
@_json
@click.pass_obj
def sync(
    settings: dict[str, Any],
    select: tuple[str, ...],
    approve: str | None,
    jobs: int,
    as_json: bool,
) -> int:
    """Plan and send every sync, within its budgets.

    Exit code: 0 all sent, 5 some rows were not, 4 a sync was blocked, 1 one failed.

    \b
    Examples:
      cdp sync --jobs 4
      cdp sync --select lapsing_regulars_to_files --json
    """
    from cdp.activation import open_session

    with open_session(settings["project_dir"], settings["target"], jobs=jobs) as session:
        return _delivered(lambda progress: session.sync(select, approve, progress), as_json)


def _delivered(
    deliver: Callable[[Callable[[str, int, int], None]], list[Any]], as_json: bool
) -> int:
    from rich.progress import Progress

    from cdp.activation import exit_code, show

    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, Any] = {}

        def report(sync: str, done: int, total: int) -> None:
            if sync not in tasks:
                tasks[sync] = bar.add_task(sync, total=total)
            bar.update(tasks[sync], completed=done, total=total)

        results = deliver(report)
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], indent=2))
    else:
        show.print_results(results, show.console())
    return exit_code(results)


@click.command()
@click.option("--sync", help="Only runs of this sync.")
@click.option("--run", "run_id", help="The row operations of this run.")
@click.option("--profile", "profile_id", help="Everything that was ever sent of this person.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many rows to show.",
)
@_json
@click.pass_obj
def ledger(
    settings: dict[str, Any],
    sync: str | None,
    run_id: str | None,
    profile_id: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the latest runs, the rows of a run, or what was sent of a person.

    \b
    Examples:
      cdp ledger
      cdp ledger --run lapsing_regulars_to_files#3
      cdp ledger --profile p0000000042 --json
    """
    from cdp.activation import open_session, show

    with open_session(settings["project_dir"], settings["target"]) as session:
        if run_id or profile_id:
            rows = session.operations(run_id, profile_id, limit)
        else:
            rows = session.runs(sync, limit)
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
    else:
        show.print_rows(rows, show.console())


@click.command()
@click.argument("sync")
@click.pass_obj
def retry(settings: dict[str, Any], sync: str) -> None:
    """Let the rows that SYNC's destination rejected go again at the next run.

    \b
    Example:
      cdp retry subscribers_at_risk_to_postgres_table
    """
    from cdp.activation import open_session

    with open_session(settings["project_dir"], settings["target"]) as session:
        click.echo(f"{session.retry(sync):,} rejected rows will be sent again by cdp sync.")


@click.command()
@click.option("--profile", "profile_id", help="The person, by profile_id.")
@click.option("--email", help="The person, by an email that is nobody else's.")
@click.option("--purpose", required=True, help="A row of cdp_purposes.")
@click.option("--channel", default="any", show_default=True, help="email, sms, ... or any.")
@click.option("--status", required=True, type=click.Choice(["granted", "withdrawn", "denied"]))
@click.option("--evidence", required=True, help="Where it was said: a letter, a ticket.")
@click.option("--by", "entered_by", required=True, help="Who enters it.")
@click.pass_obj
def consent(
    settings: dict[str, Any],
    profile_id: str | None,
    email: str | None,
    purpose: str,
    channel: str,
    status: str,
    evidence: str,
    entered_by: str,
) -> None:
    """Enter what a person said. A refusal holds at once, a grant from the next build on.

    \b
    Example:
      cdp consent --profile p0000000042 --purpose marketing_email --status withdrawn \\
          --evidence "call of 3 May" --by Ada
    """
    from cdp.activation import open_session
    from cdp.activation.consent import enter_consent, find_profile

    if bool(profile_id) == bool(email):
        raise click.UsageError("Say who: --profile or --email.")
    with open_session(settings["project_dir"], settings["target"]) as session:
        who = profile_id or find_profile(session.project, session.ledger, email or "")
        enter_consent(
            session.project, session.ledger, who, purpose, channel, status, evidence, entered_by
        )
    click.echo(f"{purpose} is {status} on {channel} for {who}.")


@click.command("explain-row")
@click.argument("sync")
@click.argument("entity_id")
@click.pass_obj
def explain_row(settings: dict[str, Any], sync: str, entity_id: str) -> None:
    """Tell what SYNC would do with ENTITY_ID now and why, and what it did so far. JSON.

    \b
    Example:
      cdp explain-row lapsing_regulars_to_files p0000000042
    """
    from cdp.activation import open_session

    with open_session(settings["project_dir"], settings["target"]) as session:
        click.echo(json.dumps(session.explain_row(sync, entity_id), indent=2, default=str))


@click.group()
def destinations() -> None:
    """The tools that syncs deliver to."""


@destinations.command("check")
@_select
@_json
@click.pass_obj
def destinations_check(settings: dict[str, Any], select: tuple[str, ...], as_json: bool) -> int:
    """Open each sync's destination and ask it: credentials, objects, fields. Writes nothing.

    Exit code: 0 all sound, 1 something is wrong there.

    \b
    Examples:
      cdp destinations check
      cdp destinations check --select lapsing_regulars_to_files --json
    """
    from cdp.activation import open_session

    with open_session(settings["project_dir"], settings["target"]) as session:
        found = dict(session.check_destinations(select))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for sync, problems in found.items():
            click.echo(f"{sync}: {'; '.join(problems) or 'sound'}")
    return 1 if any(found.values()) else 0


@destinations.command("list")
@_json
def destinations_list(as_json: bool) -> None:
    """Name the destinations, those of other packages included.

    \b
    Example:
      cdp destinations list
    """
    from cdp.destinations import find_destination, known_destinations

    found = {name: find_destination(name).summary for name in known_destinations()}
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for name, summary in found.items():
            click.echo(f"{name:20} {summary}")


@destinations.command("docs")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs/destinations"),
    show_default=True,
    help="The folder to write a page a destination to.",
)
def destinations_docs(out: Path) -> None:
    """Write the documentation page of each destination from what its module declares.

    \b
    Example:
      cdp destinations docs
    """
    from cdp.destinations import find_destination, known_destinations
    from cdp.destinations._page import page

    out.mkdir(parents=True, exist_ok=True)
    for name in known_destinations():
        text = page(name, find_destination(name))
        (out / f"{name}.md").write_text(text, encoding="utf-8")
    click.echo(f"Wrote {len(known_destinations())} pages to {out}.")


@click.group()
def new() -> None:
    """Begin something of your own."""


@new.command("destination")
@click.argument("name")
@click.pass_obj
def new_destination(settings: dict[str, Any], name: str) -> None:
    """Write a module, its server and its test for the destination NAME.

    They pass the conformance suite as they are, against a vendor that does not exist:
    replace what its documents say otherwise, see docs/destinations.md.

    \b
    Example:
      cdp new destination acme
    """
    from cdp.destinations._new import new_destination

    for path in new_destination(settings["project_dir"], name):
        click.echo(path)
    click.echo(f"Now: pytest tests/python/destinations -k {name}, and cdp destinations docs.")


@click.command("test-mappings")
@_select
@_json
@click.pass_obj
def test_mappings(settings: dict[str, Any], select: tuple[str, ...], as_json: bool) -> int:
    """Run the syncs' own tests (cdp_tests): given columns, expected fields. Offline.

    Exit code: 0 all as expected, 1 not.

    \b
    Examples:
      cdp test-mappings
      cdp test-mappings --select lapsing_regulars_to_files --json
    """
    from cdp.activation.check import syncs
    from cdp.activation.mapping_tests import failures
    from cdp.project import load_project

    specs = syncs(load_project(settings["project_dir"], settings["target"]), select)
    wrong = [sentence for spec in specs for sentence in failures(spec)]
    tests = sum(len(spec.tests) for spec in specs)
    if as_json:
        click.echo(json.dumps({"tests": tests, "wrong": wrong}, indent=2))
    else:
        click.echo("\n".join(wrong) or f"{tests} mapping tests are as expected.")
    return 1 if wrong else 0
