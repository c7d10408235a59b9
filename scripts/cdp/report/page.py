"""One self-contained HTML file: each section is a module of facts and a template.

facts -> numbers that JSON can carry -> a template with charts. Templates escape whatever
comes from data. Nothing here names a person.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cdp import clock
from cdp.report import charts, numbers
from cdp.report.sections import (
    completeness,
    consent,
    deliveries,
    freshness,
    gates,
    lifecycle,
    merges,
    rfm,
    segments,
    sources,
)
from cdp.report.tables import Tables
from cdp.warehouse import open_warehouse

__all__ = ["SECTIONS", "Section", "read_facts", "render", "write_report"]

Facts = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of the page. `key` names its template, its anchor and its JSON key."""

    key: str
    title: str
    needs: tuple[str, ...]
    otherwise: str
    facts: Callable[[Tables], Facts]
    wide: bool = False


SECTIONS = (
    Section(
        "sources",
        "From records to people",
        ("cdp.cdp_identity_map", "cdp.cdp_profiles"),
        "Run cdp build: it decides which records are one person.",
        sources.facts,
        wide=True,
    ),
    Section(
        "merges",
        "Merge quality",
        (),
        "",
        merges.facts,
    ),
    Section(
        "breadth",
        "In how many systems people are",
        ("cdp.cdp_identity_map", "cdp.cdp_profiles"),
        "Run cdp build: it decides which records are one person.",
        sources.breadth,
    ),
    Section(
        "completeness",
        "What we know of each person",
        ("cdp.cdp_profiles", "cdp.cdp_attribute_values", "cdp.cdp_identifiers"),
        "Run cdp build: it makes the profiles.",
        completeness.facts,
        wide=True,
    ),
    Section(
        "rfm",
        "How recently and how often people buy",
        ("cdp.cdp_profiles",),
        "Run cdp build: it makes the profiles.",
        rfm.facts,
    ),
    Section(
        "lifecycle",
        "Where people stand",
        ("cdp.cdp_profiles",),
        "Run cdp build: it makes the profiles.",
        lifecycle.facts,
    ),
    Section(
        "segments",
        "Segments",
        (
            "cdp.cdp_segment_memberships",
            "cdp.cdp_segment_stats",
            "cdp.cdp_segment_flows",
            "cdp.cdp_segment_overlaps",
        ),
        "List segments in vars: cdp_segments, then run cdp build.",
        segments.facts,
        wide=True,
    ),
    Section(
        "deliveries",
        "What was sent where, and what was refused",
        ("state.cdp_sync_runs", "state.cdp_sync_state", "state.cdp_plans", "state.cdp_sync_ledger"),
        "Run cdp plan to see what would go where, then cdp sync to send it.",
        deliveries.facts,
        wide=True,
    ),
    Section(
        "consent",
        "Consent by purpose",
        ("cdp.cdp_consents", "cdp.cdp_profiles"),
        "Run cdp build: it derives the current consents.",
        consent.facts,
    ),
    Section(
        "gates",
        "Quality gates",
        ("state.cdp_quality_results",),
        "Run cdp quality: it checks the raw landing and the public tables.",
        gates.facts,
    ),
    Section(
        "freshness",
        "How fresh the data is",
        ("cdp.cdp_timeline",),
        "Run cdp build: it makes the timeline.",
        freshness.facts,
        wide=True,
    ),
)


def write_report(project_dir: Path, target: str, out: Path, truth: Path | None = None) -> Facts:
    """Read the facts and write them to `out`, whole or not at all. Returns the facts.

    truth: labelled records to measure merges with, as cdp.identity.read_truth takes them.
    """
    warehouse = open_warehouse(project_dir, target, read_only=True)
    try:
        now, settings = clock.now(project_dir, target), clock.project_vars(project_dir)
        facts = read_facts(Tables(warehouse, now, settings, truth))
    finally:
        warehouse.close()
    _write(out, render(facts))
    return facts


def read_facts(tables: Tables) -> Facts:
    """Every section's facts by key; {"absent": [...]} where its tables are not there yet."""
    found: Facts = {
        "target": tables.warehouse.target,
        "warehouse": tables.warehouse.dialect,
        "now": tables.now.isoformat(sep=" ", timespec="minutes"),
    }
    for section in SECTIONS:
        absent = tables.absent(section.needs)
        found[section.key] = {"absent": absent} if absent else section.facts(tables)
    return found


def render(facts: Facts) -> str:
    """The page, from facts as `read_facts` returns them (or as JSON brings them back)."""
    environment = Environment(
        loader=PackageLoader("cdp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(numbers, name) for name in numbers.__all__ if name != "ratio"
    }
    environment.globals |= {"chart": charts, "ratio": numbers.ratio}
    style = environment.get_template("report.css").render()
    page = environment.get_template("report.html")
    return page.render(facts=facts, sections=SECTIONS, style=Markup(style))  # noqa: S704 - ours


def _write(out: Path, text: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(out)
