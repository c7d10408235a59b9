"""The commands `cdp enrichment …`: thin, as cdp.cli."""

from __future__ import annotations

import getpass
import json
from contextlib import closing
from typing import Any

import click

__all__ = ["enrichment"]


@click.group()
def enrichment() -> None:
    """What others sell us of people: who tells, and taking a provider out."""


@enrichment.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(settings: dict[str, Any], as_json: bool) -> None:
    """Show the providers, of how many people each tells, and which were removed.

    \b
    Example:
      cdp enrichment list
    """
    from cdp.activation.show import console
    from cdp.enrichment import providers
    from cdp.profile.show import as_table
    from cdp.warehouse import open_warehouse

    with closing(open_warehouse(settings["project_dir"], settings["target"])) as warehouse:
        rows = providers(warehouse)
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
    elif rows:
        console().print(as_table("providers", rows))
    else:
        click.echo("No provider tells anything.")


@enrichment.command()
@click.argument("provider")
@click.option("--why", default="", help="The reason, for the audit trail.")
@click.option("--by", "who", default=getpass.getuser, help="Who decides it; default: you.")
@click.option("--no-build", is_flag=True, help="Only note it; the next build takes it out.")
@click.pass_obj
def remove(settings: dict[str, Any], provider: str, why: str, who: str, no_build: bool) -> int:
    """Take everything that PROVIDER told out of the profiles, and build what stands on it.

    It stays out at every later build, until `cdp enrichment restore`. The raw tables are
    left as they are; cdp_state.cdp_removed_providers says who removed it, when and why.

    \b
    Examples:
      cdp enrichment remove "Northstar Data" --why "licence ended"
      cdp enrichment remove "Northstar Data" --no-build
    """
    from cdp.enrichment import remove as note
    from cdp.warehouse import open_warehouse

    with closing(open_warehouse(settings["project_dir"], settings["target"])) as warehouse:
        note(warehouse, provider, who, why)
    click.echo(f"{provider} is out.")
    return 0 if no_build else _build(settings)


@enrichment.command()
@click.argument("provider")
@click.option("--by", "who", default=getpass.getuser, help="Who decides it; default: you.")
@click.option("--no-build", is_flag=True, help="Only note it; the next build lets it in.")
@click.pass_obj
def restore(settings: dict[str, Any], provider: str, who: str, no_build: bool) -> int:
    """Let what a removed PROVIDER told back into the profiles.

    \b
    Example:
      cdp enrichment restore "Northstar Data"
    """
    from cdp.enrichment import restore as note
    from cdp.warehouse import open_warehouse

    with closing(open_warehouse(settings["project_dir"], settings["target"])) as warehouse:
        note(warehouse, provider, who)
    click.echo(f"{provider} is in again.")
    return 0 if no_build else _build(settings)


def _build(settings: dict[str, Any]) -> int:
    from cdp.build import build
    from cdp.enrichment import MODELS

    return build(settings["project_dir"], settings["target"], ("--select", MODELS))
