"""The commands `cdp segment …`: thin, as cdp.cli."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["segment"]


@click.group()
def segment() -> None:
    """Audiences: from YAML to SQL, looked at before and after they are built."""


@segment.command("compile")
@click.option("--check", "is_check", is_flag=True, help="Write nothing; say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print the files as JSON.")
@click.pass_obj
def segment_compile(settings: dict[str, Any], is_check: bool, as_json: bool) -> int:
    """Turn audiences/*.yml into the segment models that dbt builds.

    Commit both: the SQL is what runs, and what is reviewed. Exit code with --check: 0 all
    agree, 2 something is to be compiled.

    \b
    Examples:
      cdp segment compile
      cdp segment compile --check
    """
    from cdp.project import load_project
    from cdp.segments.library import Library, compiled_files, stale_files, unlisted

    project = load_project(settings["project_dir"], settings["target"])
    library = Library.read(project)
    stale = stale_files(library)
    files = {} if is_check else compiled_files(library)
    for path, content in files.items():
        (library.root / path).parent.mkdir(parents=True, exist_ok=True)
        (library.root / path).write_text(content, encoding="utf-8")
    to_list = unlisted(library, project)
    if as_json:
        click.echo(json.dumps({"stale": stale, "written": [*map(str, files)], "to_list": to_list}))
        return 2 if is_check and stale else 0
    for line in stale if is_check else map(str, files):
        click.echo(line)
    if not library.documents:
        click.echo("There is no audience yet. Write audiences/<name>.yml: docs/audiences.md.")
    for entry in to_list:
        click.echo(f"Add {entry} to vars: cdp_segments in dbt_project.yml.", err=True)
    return 2 if is_check and stale else 0


@segment.command("schema")
def segment_schema() -> None:
    """Print the JSON Schema of the format, for editors.

    \b
    Example:
      cdp segment schema > audience.schema.json
    """
    from cdp.segments.documents import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@segment.command("preview")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--step", default=1, show_default=True, help="Which step, of a waterfall.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
@click.pass_obj
def segment_preview(settings: dict[str, Any], file: Path, step: int, as_json: bool) -> None:
    """Who an audience would find, without building anything.

    Reads the tables of the last build: how many, who would enter and leave, twenty people
    with what names them masked, what marks them out, and what the query costs.

    \b
    Examples:
      cdp segment preview audiences/lapsing_regulars.yml
      cdp segment preview draft.yml --json
    """
    from dataclasses import asdict

    from cdp.project import load_project
    from cdp.segments.library import Library
    from cdp.segments.preview import preview
    from cdp.segments.show import print_preview
    from cdp.warehouse import open_warehouse

    project = load_project(settings["project_dir"], settings["target"])
    library = Library.read(project, [file])
    document = library.document(file)
    if not 1 <= step <= len(document.models):
        raise click.BadParameter(f"There are {len(document.models)} steps.", param_hint="--step")
    warehouse = open_warehouse(settings["project_dir"], settings["target"])
    try:
        found = preview(project, library, document, warehouse, step - 1)
    finally:
        warehouse.close()
    if as_json:
        marks = [asdict(mark) | {"lift": _finite(mark.lift)} for mark in found.marks]
        click.echo(json.dumps(asdict(found) | {"marks": marks}, indent=2, default=str))
    else:
        print_preview(found)


def _finite(number: float) -> float | None:
    return number if number < float("inf") else None


@segment.command("explain")
@click.argument("name")
@click.argument("person")
@click.option("--json", "as_json", is_flag=True, help="Print the conditions as JSON.")
@click.pass_obj
def segment_explain(settings: dict[str, Any], name: str, person: str, as_json: bool) -> None:
    """Why PERSON (profile id, email, phone, source:record_id) is in segment NAME, or is not.

    \b
    Examples:
      cdp segment explain seg_lapsing_regulars p0000000042
      cdp segment explain win_back ada@example.com
    """
    from dataclasses import asdict

    from cdp.segments.asking import explain
    from cdp.segments.show import print_held

    found = explain(settings["project_dir"], settings["target"], name, person)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, default=str))
    else:
        print_held(found)


@segment.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the segments as JSON.")
@click.pass_obj
def segment_list(settings: dict[str, Any], as_json: bool) -> None:
    """Every segment: its size, how it moved, which syncs use it, what is wrong with it.

    \b
    Example:
      cdp segment list
    """
    from dataclasses import asdict

    from cdp.segments.asking import overview
    from cdp.segments.show import print_overview

    found = overview(settings["project_dir"], settings["target"])
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, default=str))
    else:
        print_overview(found)


@segment.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the segment as JSON.")
@click.pass_obj
def segment_show(settings: dict[str, Any], name: str, as_json: bool) -> None:
    """One segment: sizes by day, where its people come from and go to, whom it overlaps.

    \b
    Example:
      cdp segment show seg_win_back
    """
    from dataclasses import asdict

    from cdp.segments.asking import detail
    from cdp.segments.show import print_detail

    found = detail(settings["project_dir"], settings["target"], name)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, default=str))
    else:
        print_detail(found)
