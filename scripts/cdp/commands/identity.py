"""The commands `cdp identity …`: thin, as cdp.cli."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cdp.errors import ConfigError

__all__ = ["identity"]


@click.group()
def identity() -> None:
    """Who is one person: how good the merges are, and the model behind them."""


@identity.command("quality")
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("demo_data/truth/people.parquet"),
    show_default=True,
    help="Parquet with source, record_id, person_id: who the records really are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_obj
def identity_quality(settings: dict[str, Any], truth: Path, as_json: bool) -> None:
    """Compare the identity map with labelled records.

    \b
    Examples:
      cdp identity quality
      cdp identity quality --truth labels.parquet --json
    """
    from cdp.identity import merge_quality, read_truth
    from cdp.warehouse import open_warehouse

    labels = read_truth(truth)
    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        figures = merge_quality(warehouse, labels).as_dict()
    finally:
        warehouse.close()
    lines = (f"{name.replace('_', ' '):<20} {value:>10,}" for name, value in figures.items())
    click.echo(json.dumps(figures, indent=2) if as_json else "\n".join(lines))


@identity.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "record_id", required=True, help="The column that names a record.")
@click.option("--truth", required=True, help="The column that says who it truly is.")
@click.option("--map", "mapping", multiple=True, help="our_column=their_column, if guessed wrong.")
@click.option("--train", "is_trained", is_flag=True, help="Fit a model to the file, truth unseen.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_obj
def identity_evaluate(
    settings: dict[str, Any], file: Path, record_id: str, truth: str,
    mapping: tuple[str, ...], is_trained: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run identity over a labelled file of people in a scratch database, and judge it.

    \b
    Examples:
      cdp identity evaluate people.csv --id unique_id --truth cluster
      cdp identity evaluate people.parquet --id id --truth person --map city=town --train
    """
    from cdp.identity.labelled import LabelledFile
    from cdp.identity.trial import evaluate

    pairs = [part.partition("=") for part in mapping]
    if not all(ours and theirs for ours, _, theirs in pairs):
        raise ConfigError("--map takes our_column=their_column, as in --map city=town.")
    chosen = {ours: theirs for ours, _, theirs in pairs}
    labelled = LabelledFile.open(file, record_id, truth, chosen)
    figures = evaluate(settings["project_dir"], labelled, is_trained).as_dict()
    lines = (f"{name.replace('_', ' '):<22} {_figure(value)}" for name, value in figures.items())
    click.echo(json.dumps(figures, indent=2) if as_json else "\n".join(lines))


@identity.command("train")
@click.pass_obj
def identity_train(settings: dict[str, Any]) -> None:
    """Fit the matching model to the people of the last build, as a candidate.

    Splink does it, without labels, on a copy in memory; it is in the extra `train`.

    \b
    Examples:
      cdp identity train
    """
    from cdp.identity.train import train
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        version = train(warehouse, settings["project_dir"])
    finally:
        warehouse.close()
    click.echo(f"'{version}' is a candidate. cdp identity promote makes it score.")


@identity.command("promote")
@click.argument("version", required=False)
@click.pass_obj
def identity_promote(settings: dict[str, Any], version: str | None) -> None:
    """Let a fitted matching model (the newest) score from the next build on.

    \b
    Examples:
      cdp identity promote
      cdp identity promote "fitted 2026-11-21 06:00:00"
    """
    from cdp.identity.train import promote
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        chosen = promote(warehouse, version)
    finally:
        warehouse.close()
    click.echo(f"'{chosen}' scores from the next cdp build on.")


@identity.command("export")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("seeds/models/cdp_match_parameters.csv"),
    show_default=True,
    help="The seed to write; a host project's own, say.",
)
@click.pass_obj
def identity_export(settings: dict[str, Any], out: Path) -> None:
    """Write the matching model that scores as the seed that ships.

    \b
    Examples:
      cdp identity export --out match_parameters.csv
    """
    from cdp.identity.train import export
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"], read_only=True)
    try:
        csv = export(warehouse)
    finally:
        warehouse.close()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(csv, encoding="utf-8")
    click.echo(f"{len(csv.splitlines()) - 1} parameters: {out}")


@identity.command("explain")
@click.argument("one")
@click.argument("other", required=False)
@click.option("--mask", is_flag=True, help="Show masked values: to send to somebody else.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
@click.pass_obj
def identity_explain(
    settings: dict[str, Any], one: str, other: str | None, mask: bool, as_json: bool
) -> None:
    """Show why ONE and OTHER are one person, or why they are not.

    Each is a profile id (one that was merged leads on), an email, a phone however written,
    a record as source:record_id, or type=value. Prints the shortest chain of evidence:
    which record carries which value since when, likeness with its weight in bits and the
    terms of it, links by hand; or what keeps them apart. With ONE alone: all that holds
    that person together.

    This shows personal data, to whoever may read the warehouse; --mask hides the values.

    \b
    Examples:
      cdp identity explain p0000000042 p0000000107
      cdp identity explain ann@example.com "(202) 555-0123"
      cdp identity explain shopify:5551 loyalty_id=88 --json
    """
    from rich.console import Console

    from cdp.identity.explain import explain
    from cdp.identity.show import explanation_sections, masked_explanation, print_sections
    from cdp.warehouse import open_warehouse

    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        found = explain(settings["project_dir"], warehouse, one, other)
    finally:
        warehouse.close()
    if mask:
        found = masked_explanation(found)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, default=str))
        return
    click.echo(found.verdict)
    print_sections(list(explanation_sections(found)), Console())


@identity.command("identifiers")
@click.argument("type", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_obj
def identity_identifiers(settings: dict[str, Any], type: str | None, as_json: bool) -> None:
    """Report on identifier types, listed or not: how good they are, what limits would do.

    Of a type that staging emits and cdp_identifier_types does not list, it says how many
    profiles would come together, before anyone switches it on. With TYPE, the worst values
    (masked) and profiles, the rules that refuse, and what a limit on the carriers of a
    value would change.

    \b
    Examples:
      cdp identity identifiers
      cdp identity identifiers phone
      cdp identity identifiers device_id --json
    """
    from rich.console import Console

    from cdp.identity.report import report
    from cdp.identity.show import print_sections, type_sections, types_section
    from cdp.project import load_project
    from cdp.warehouse import open_warehouse

    project = load_project(settings["project_dir"], settings["target"])
    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        with Console(stderr=True).status("Counting"):
            found = list(report(project, warehouse, type))
    finally:
        warehouse.close()
    if as_json:
        click.echo(json.dumps([one.as_dict() for one in found], indent=2))
        return
    sections = [types_section(found)]
    print_sections([*sections, *type_sections(found[0])] if type and found else sections, Console())


@identity.command("impact")
@click.option("--against", metavar="NAME", help="Compare with the build beside of that name.")
@click.option("--candidate", is_flag=True, help="Score with the newest fitted matching model.")
@click.option("--model", metavar="VERSION", help="Score with this fitted matching model.")
@click.option("--no-segments", is_flag=True, help="Stop at who is who: faster.")
@click.option("--keep", is_flag=True, help="Leave the build, in schemas beside_impact_….")
@click.option(
    "--fail-over",
    type=click.FloatRange(min=0),
    metavar="PCT",
    help="Exit with 4 when more per cent of the profiles are merged or split.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--markdown", is_flag=True, help="Print it as Markdown, for a pull request.")
@click.pass_obj
def identity_impact(
    settings: dict[str, Any], against: str | None, candidate: bool, model: str | None,
    no_segments: bool, keep: bool, fail_over: float | None, as_json: bool, markdown: bool,
) -> None:  # fmt: skip
    """Show what the working tree would do to people, before it does.

    Rules (seeds, vars), code, sources and, with --candidate, a fitted model: all of it is
    built beside what stands, compared, and dropped again. What stands is not touched.
    Segments move by the clock, too: for rules alone, compare with a build of today (cdp
    build --beside NAME from the main branch, then --against NAME here).

    \b
    Examples:
      cdp identity impact
      cdp identity impact --candidate --no-segments
      cdp identity impact --against main --markdown --fail-over 1 > impact.md
    """
    from rich.console import Console
    from rich.progress import Progress

    from cdp.errors import BlockedError
    from cdp.identity.impact import impact
    from cdp.identity.show import as_markdown, impact_sections, print_sections

    if candidate and model:
        raise click.UsageError("--candidate is the newest model; --model names one. Say either.")
    with Progress(
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("Building beside", total=None)
        found = impact(
            settings["project_dir"], settings["target"], against, "" if candidate else model,
            not no_segments, keep,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, default=str))
    elif markdown:
        click.echo(as_markdown("What this does to people", list(impact_sections(found))))
    else:
        print_sections(list(impact_sections(found)), Console())
    if fail_over is not None and found.moved_pct > fail_over:
        raise BlockedError(
            f"{found.moved_pct:.2f} % of the profiles would be merged or split, and --fail-over "
            f"allows {fail_over:g} %. Look at the examples; then mend the rules, or allow more."
        )


def _figure(value: object) -> str:
    if not isinstance(value, dict):
        return f"{value:,}" if isinstance(value, int | float) else str(value)
    if any(isinstance(part, dict) for part in value.values()):
        return "".join(f"\n  {name:<20} {_figure(part)}" for name, part in value.items())
    return ", ".join(f"{name.replace('_', ' ')}: {_figure(part)}" for name, part in value.items())
