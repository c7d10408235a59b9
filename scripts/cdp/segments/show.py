"""Segments on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from cdp.identity.show import Section, print_sections
from cdp.segments.asking import Detail, Explained, Overview
from cdp.segments.preview import Preview

__all__ = ["print_detail", "print_held", "print_overview", "print_preview"]

_BARS = "▁▂▃▄▅▆▇█"


def print_preview(found: Preview) -> None:
    """The whole preview."""
    share = found.people / found.of_people if found.of_people else 0
    cpu = "" if found.cost.cpu_seconds is None else f", {found.cost.cpu_seconds:.1f} CPU seconds"
    console = Console()
    console.print(f"[bold]{found.name}[/]: {found.people:,} people, {share:.1%} of everyone")
    if found.members_now is None:
        console.print("It is not built yet: all of them would enter.")
    else:
        console.print(
            f"{found.members_now:,} are in as last built: {found.would_enter:,} would enter, "
            f"{found.would_leave:,} would leave"
        )
    console.print(
        f"Cost: {found.cost.seconds:.1f} s{cpu}, {found.cost.rows:,} rows in "
        f"{', '.join(found.cost.tables)}"
    )
    marks = [
        (
            mark.trait,
            mark.value,
            f"{mark.share:.0%}",
            f"{mark.share_of_all:.0%}",
            f"{mark.lift:.1f}",
        )
        for mark in found.marks
    ]
    sections = [
        Section("What marks them out", ("trait", "value", "of them", "of all", "lift"), marks),
        Section("Some of them", found.columns, found.sample),
    ]
    print_sections([section for section in sections if section.rows], console)


def print_held(found: Explained) -> None:
    """Each condition with the person's value."""
    console = Console()
    since = f" since {found.since:%Y-%m-%d}" if found.since else ""
    verdict = f"is in{since}" if found.is_member else "is not in"
    console.print(f"{found.profile_id} {verdict} [bold]{found.segment}[/] as last built")
    rows = [
        ("yes" if one.held else "NO", "  " * one.depth + one.condition, _shown(one.value))
        for one in found.held
    ]
    if rows:
        print_sections([Section("Conditions, now", ("held", "condition", "value"), rows)], console)
    else:
        console.print("There is no row of this person in cdp_profiles: nothing can hold.")


def print_overview(found: Iterable[Overview]) -> None:
    """One line a segment."""
    columns = ("segment", "people", "in 30 d", "out 30 d", "turnover", "syncs", "to mend")
    rows = [
        (
            one.segment,
            one.people,
            one.entered_30_days,
            one.exited_30_days,
            _share(one.turnover) + ("" if one.declared_turnover is None else
                                    f" (may: {one.declared_turnover:.0%} a day)"),
            ", ".join(one.syncs) or "-",
            "; ".join(problem for problem in one.problems if problem != "no sync uses it") or "-",
        )
        for one in found
    ]  # fmt: skip
    print_sections([Section("Segments", columns, rows)], Console())


def print_detail(found: Detail) -> None:
    """One segment with all that is known of it."""
    one, console = found.overview, Console()
    console.print(f"[bold]{one.label}[/] ({one.segment}), {one.owner}")
    console.print(found.why)
    console.print(f"{found.file}; syncs: {', '.join(one.syncs) or 'none'}")
    console.print(f"{one.people:,} people  {_sparkline([day.size for day in found.sizes])}")
    kept = "nobody was in before that"
    if found.stability is not None:
        kept = f"of who was in 30 days ago {found.stability:.0%} still are"
    console.print(
        f"In 30 days {one.entered_30_days:,} came and {one.exited_30_days:,} went; {kept}"
    )
    for problem in one.problems:
        console.print(f"[yellow]{problem}[/]")
    days = [(day.day, day.size, day.entered, day.exited) for day in found.sizes[-10:]]
    overlaps = [(part.segment, part.people, f"{part.share:.0%}") for part in found.overlaps]
    sections = [
        Section("By day", ("day", "size", "entered", "exited"), days),
        Section(
            "Came from", ("segment", "people"), [(f.segment, f.people) for f in found.came_from]
        ),
        Section("Went to", ("segment", "people"), [(f.segment, f.people) for f in found.went_to]),
        Section("Also in", ("segment", "people", "share"), overlaps),
    ]
    print_sections([section for section in sections if section.rows], console)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _sparkline(sizes: Sequence[int]) -> str:
    """One bar a day, from nobody to the most there were."""
    most = max(sizes, default=0) or 1
    return "".join(_BARS[round(size / most * (len(_BARS) - 1))] for size in sizes)
