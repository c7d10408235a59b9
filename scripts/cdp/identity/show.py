"""Reports of identity as tables: for the terminal, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdp.identity.comparison import Cluster, Example
from cdp.identity.evidence import Link
from cdp.identity.explain import Explanation, Reason
from cdp.identity.impact import Impact
from cdp.identity.lookup import Endpoint
from cdp.identity.masked import masked
from cdp.identity.report import TypeReport

__all__ = [
    "Section",
    "as_markdown",
    "explanation_sections",
    "impact_sections",
    "masked_explanation",
    "print_sections",
    "type_sections",
    "types_section",
]

_WIDE = 1000  # columns; a table takes no more than its cells need


@dataclass(frozen=True)
class Section:
    """A table with a title; numbers are shown with separators, to the right."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """The sections below a heading, as GitHub shows them."""
    parts = [f"## {title}"]
    for section in sections:
        head = [section.columns, ["---"] * len(section.columns)]
        lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in (*head, *section.rows)]
        parts += [f"### {section.title}", "\n".join(lines)]
    return "\n\n".join(parts)


def print_sections(sections: Sequence[Section], console: Console) -> None:
    """The sections as tables: nothing is cut off, and what is piped has all the room it asks."""
    if not console.is_terminal:
        console.width = _WIDE
    for section in sections:
        table = Table(title=section.title, title_justify="left", title_style="bold")
        for place, column in enumerate(section.columns):
            numbers = section.rows and isinstance(section.rows[0][place], int | float)
            table.add_column(
                column, justify="right" if numbers else "left", overflow="fold", no_wrap=False
            )
        for row in section.rows:
            table.add_row(*(Text(_text(value)) for value in row))  # no markup, no :emoji:
        console.print(table)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cell(value: object) -> str:
    return _text(value).replace("|", "\\|")


def impact_sections(impact: Impact) -> Iterator[Section]:
    """What there is to say of an impact; what did not move is left out."""
    before, after = impact.before, impact.after
    yield Section(
        f"People: {impact.merged:,} profiles merged, {impact.split:,} split "
        f"({impact.moved_pct:.2f} % of those that stood)",
        ("", "before", "after", "change"),
        [
            (name, old, new, f"{new - old:+,}")
            for name, old, new in (
                ("profiles", before.profiles, after.profiles),
                ("of them with a person record", before.people, after.people),
                ("records", before.records, after.records),
            )
        ]
        + [("new profiles", 0, impact.new, ""), ("profiles gone", impact.gone, 0, "")],
    )
    for title, examples, columns in (
        ("Largest merges", impact.merges, ("one profile", "of", "records", "linked by")),
        ("Largest splits", impact.splits, ("profile", "into", "records", "was linked by")),
    ):
        if examples:
            yield Section(title, columns, [_example(example) for example in examples])
    yield Section(
        "Largest profiles",
        ("before", "records", "person records", "after", "records", "person records"),
        list(_side_by_side(impact.largest_before, impact.largest_after)),
    )
    if impact.guards:
        yield Section(
            "Values refused",
            ("rule", "type", "before", "after", "change"),
            [
                (row.rule, row.identifier_type, row.before, row.after,
                 f"{row.after - row.before:+,}")
                for row in impact.guards
            ],
        )  # fmt: skip
    if impact.segments:
        yield Section(
            "Segments",
            ("segment", "before", "after", "entered", "exited"),
            [(row.segment, row.before, row.after, row.entered, row.exited)
             for row in impact.segments],
        )  # fmt: skip


def _example(example: Example) -> tuple[object, ...]:
    return (example.profile_id, ", ".join(example.others), example.records, example.because)


def _side_by_side(
    before: Sequence[Cluster], after: Sequence[Cluster]
) -> Iterator[tuple[object, ...]]:
    for place in range(max(len(before), len(after))):
        cells: list[object] = []
        for side in (before, after):
            row = side[place] if place < len(side) else None
            cells += (row.profile_id, row.records, row.person_records) if row else ("", "", "")
        yield tuple(cells)


def explanation_sections(found: Explanation) -> Iterator[Section]:
    """The links of a chain, in order, then the reasons; of one person alone, by value."""
    if found.other:
        columns: Sequence[str] = ("", "record", "evidence", "rule", "first seen")
        numbered = enumerate(found.links, start=1)
        rows: list[tuple[object, ...]] = [(place, *_link(link)) for place, link in numbered]
        title = "The shortest chain of evidence"
        reasons = "What links nothing" if found.is_one_person else "Why not"
    else:
        columns = ("value", "records", "sources", "first seen")
        rows = list(_by_value(found.links))
        title, reasons = "What holds the records together", "What links nothing"
        alike = [_link(link)[:3] for link in found.links if link.by == "likeness"]
        if alike:
            yield Section("Likeness", ("record", "evidence", "rule"), alike)
    if rows:
        yield Section(title, columns, rows)
    if found.reasons:
        yield Section(
            reasons,
            ("reason", "weight and its terms"),
            [(reason.sentence, _bits(reason.weight, reason.terms)) for reason in found.reasons],
        )


def _by_value(links: Sequence[Link]) -> Iterator[tuple[object, ...]]:
    """One row per value, of the links that records have by it."""
    groups: dict[tuple[str | None, str | None], list[Link]] = {}
    for link in links:
        if link.by == "identifier":
            groups.setdefault((link.identifier_type, link.identifier_value), []).append(link)
    for (kind, written), group in groups.items():
        sources = sorted({str(link.source) for link in group})
        seen = [link.first_seen_at for link in group if link.first_seen_at]
        first = f"{min(seen):%Y-%m-%d %H:%M}" if seen else ""
        yield f"{kind} {written}", len(group), ", ".join(sources), first


def _link(link: Link) -> tuple[str, str, str, str]:
    seen = f"{link.first_seen_at:%Y-%m-%d %H:%M}" if link.first_seen_at else ""
    if link.by == "identifier":
        evidence = f"carries {link.identifier_type} {link.identifier_value}"
        return f"{link.source}:{link.record_id}", evidence, link.rule or "exact", seen
    if link.by == "likeness":
        evidence = f"is like {link.other_source}:{link.other_record_id}\n"
        evidence += _bits(link.weight, link.terms)
        return f"{link.source}:{link.record_id}", evidence, f"probable, by {link.rule}", seen
    return "", "the values before and after are linked by hand", link.rule or "", seen


def _bits(weight: float | None, terms: Mapping[str, float] | None) -> str:
    if weight is None:
        return ""
    told = ", ".join(f"{name} {term:+.2f}" for name, term in (terms or {}).items())
    return f"{weight:+.2f} bits: {told}"


def masked_explanation(found: Explanation) -> Explanation:
    """The same with masked values and record ids."""
    return replace(
        found,
        one=_masked_end(found.one),
        other=_masked_end(found.other) if found.other else None,
        links=tuple(_masked_link(link) for link in found.links),
        reasons=tuple(_masked_reason(reason) for reason in found.reasons),
    )


def _masked_end(end: Endpoint) -> Endpoint:
    is_profile = end.kind == "profile"
    return replace(
        end,
        asked=end.asked if is_profile else masked(end.asked),
        record=(end.record[0], masked(end.record[1])) if end.record else None,
        identifier=(end.identifier[0], masked(end.identifier[1])) if end.identifier else None,
    )


def _masked_link(link: Link) -> Link:
    def shown(text: str | None) -> str | None:
        return masked(text) if text else None

    return replace(
        link,
        record_id=shown(link.record_id),
        identifier_value=shown(link.identifier_value),
        other_record_id=shown(link.other_record_id),
    )


def _masked_reason(reason: Reason) -> Reason:
    sentence = reason.sentence
    for text in filter(None, (reason.identifier_value, *reason.records)):
        sentence = sentence.replace(text, masked(text))
    return replace(
        reason,
        sentence=sentence,
        identifier_value=masked(reason.identifier_value) if reason.identifier_value else None,
        records=tuple(map(masked, reason.records)),
    )


def types_section(types: Sequence[TypeReport]) -> Section:
    """One row a type."""
    return Section(
        "Identifier types",
        ("type", "", "values", "records", "% of records", "values a profile", "most",
         "profiles a value", "most", "values refused"),
        [
            (one.identifier_type, "on" if one.is_on else "off", one.values, one.records,
             100 * one.share, one.values_per_profile, one.most_values_of_a_profile,
             one.profiles_per_value, one.most_profiles_of_a_value, sum(one.refused.values()))
            for one in types
        ],
    )  # fmt: skip


def type_sections(one: TypeReport) -> Iterator[Section]:
    """What there is to say of one type."""
    held = ("profiles they hold together", "profiles joined, at most")
    yield Section(
        "A limit on the carriers of a value (profiles, or people of one source)",
        ("limit", "values refused", held[not one.is_on], "profiles with more values"),
        [
            (row.limit, row.values, row.held if one.is_on else row.joined, row.over)
            for row in one.limits
        ],
    )
    if one.refused:
        yield Section("Refused", ("rule", "values"), list(one.refused.items()))
    for title, name, column, rows in (
        ("Values with the most carriers", "value", "profiles", one.worst_values),
        ("Profiles with the most values", "profile", "values", one.worst_profiles),
    ):
        if rows:
            cells = [(row.name, row.counted, row.records) for row in rows]
            yield Section(title, (name, column, "records"), cells)
