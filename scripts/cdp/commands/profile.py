"""cdp profile: thin, as cdp.cli."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import click

__all__ = ["profile"]


@click.command()
@click.argument("who", metavar="ID|EMAIL|PHONE")
@click.option(
    "--as-of",
    "as_of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]),
    help="The person at the end of that day (UTC), or at that time.",
)
@click.option(
    "--latest",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many rows of the timeline and of what was sent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def profile(
    settings: dict[str, Any], who: str, as_of: datetime | None, latest: int, as_json: bool
) -> None:
    """Show one person, whole: golden record, identifiers, timeline, segments, consents, sent.

    WHO is a profile id (one that went up in another leads there), an email, a phone,
    source:record_id or type=value. Where several people have it, they are listed.

    --as-of rebuilds what stands on facts (orders, events, messages, …) from what was known
    that day, takes from cdp_profile_history what sources overwrite, and names the rest.

    \b
    Examples:
      cdp profile p0000000042
      cdp profile ann@example.com --latest 5
      cdp profile "+1 617 555 0100" --json
      cdp profile p0000000042 --as-of 2017-06-30
    """
    from cdp.activation.show import console
    from cdp.identity.lookup import Lookup
    from cdp.identity.places import Places
    from cdp.profile import (
        matches,
        print_as_of,
        print_matches,
        print_person,
        read_as_of,
        read_person,
    )
    from cdp.warehouse import open_warehouse

    project_dir, target = settings["project_dir"], settings["target"]
    places = Places.here(target)
    with closing(open_warehouse(project_dir, target, read_only=True)) as warehouse:
        found = Lookup(project_dir, warehouse, places).find(who)
        if len(found.profiles) != 1:
            rows = matches(warehouse, places, found.profiles) if found.profiles else []
            _say({"matches": rows}, as_json, lambda: print_matches(rows, console()))
            return
        (profile_id,) = found.profiles
        if as_of is None:
            person = read_person(warehouse, places, profile_id, latest)
            _say(person.as_dict(), as_json, lambda: print_person(person, console()))
            return
    asked = found.redirected_from or profile_id
    then = read_as_of(project_dir, target, asked, profile_id, _end(as_of))
    _say(then.as_dict(), as_json, lambda: print_as_of(then, console()))


def _end(moment: datetime) -> datetime:
    """The last moment of a day; a time of day is meant as it is."""
    midnight = moment.replace(hour=0, minute=0, second=0)
    return moment + timedelta(days=1, microseconds=-1) if moment == midnight else moment


def _say(facts: dict[str, Any], as_json: bool, show: Any) -> None:
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str, ensure_ascii=False))
    else:
        show()
