"""The control panel (the `cdp_` vars of dbt_project.yml), checked without a warehouse.

What may stand in it is read off the project: a var is known when something reads it, a
model when its file is there, a source when a YAML file declares it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cdp.declared import Package, SourceTable, read_packages, read_panel, read_sources

__all__ = ["problems"]

_READ_BY_PYTHON = {"cdp_live_targets", "cdp_share_columns"}
_KINDS = ("email", "phone", "text")
_TYPE_COLUMNS = {
    "identifier_limits": ("identifier_type",),
    "identifier_cardinality": ("identifier_type", "seen_with"),
}
_STATED = re.compile(r"cdp_identifiers['\"]?:\s*(\[[^\]]*\]|(?:-\s*\w+\s*)+)")
_SOURCE_KEYS = ("brand", "database", "schemas")
_ATTRIBUTE_KEYS = ("group", "half_life_days", "min_confidence", "optional", "rule", "sources")
_CONVERSION_KEYS = ("contract", "half_life_days", "kind", "window_days")
_FUNNEL_KEYS = ("period_days", "steps", "window_days")
_CREDIT_MODELS = ("first", "last", "linear", "time_decay", "position")
_RULES = ("most_recent", "source_priority", "most_frequent", "most_complete", "verified_first")


def problems(project_dir: Path) -> list[str]:
    """One sentence per mistake: the file, the key, the nearest known name; empty: sound.

    Raises ConfigError where dbt_project.yml itself cannot be read.
    """
    known = _Known(read_packages(project_dir))
    found = list(_check_names(known))
    for name, check in _CHECKS.items():
        value = known.panel.get(name)
        if value is not None:
            found.extend(f"dbt_project.yml: vars: {text}" for text in check(known, value))
    return found


@dataclass(frozen=True)
class _Known:
    """What the project's files say there is."""

    packages: list[Package]

    @property
    def own(self) -> Package:
        """The project at hand."""
        return self.packages[0]

    @cached_property
    def panel(self) -> dict[str, Any]:
        """The vars that reach the package cdp."""
        return read_panel(self.packages)

    @cached_property
    def sources(self) -> dict[str, list[SourceTable]]:
        """The source tables that staging reads."""
        return read_sources(self.packages)

    @cached_property
    def code(self) -> str:
        """The text of our own package's SQL."""
        package = next((p for p in self.packages if p.name == "cdp"), self.own)
        places = (("macro-paths", "macros"), ("model-paths", "models"))
        files = [path for place in places for path in package.files(*place, "*.sql")]
        return "\n".join(path.read_text(encoding="utf-8") for path in files)

    @property
    def names(self) -> set[str]:
        """The vars that anything reads."""
        return _READ_BY_PYTHON | set(re.findall(r"\bvar\(\s*['\"](cdp_\w+)", self.code))

    @property
    def contracts(self) -> set[str]:
        """The contracts that are pooled."""
        return set(re.findall(r"\bcdp_union\('(\w+)'", self.code))

    def states(self, name: str) -> bool:
        """The project at hand sets this var itself, and does not take over our default."""
        given = self.own.settings.get("vars") or {}
        return name in given or name in (given.get("cdp") or {})

    @cached_property
    def emitted(self) -> set[str]:
        """The identifiers that listed models state, in their SQL or in YAML."""
        inputs = self.panel.get("cdp_inputs")
        entries = inputs.values() if isinstance(inputs, Mapping) else ()
        listed = {str(entry) for models in entries for entry in models or ()}
        return self._stated(lambda model: model in listed)

    @cached_property
    def identifiers(self) -> set[str]:
        """The identifier types that there are: in use, or ready for use in some model."""
        panels = (self.panel, read_panel([self.package("cdp") or self.own]))
        stated = self._stated(lambda model: True)
        return stated.union(*(panel.get("cdp_identifier_types") or {} for panel in panels))

    def _stated(self, wanted: Callable[[str], bool]) -> set[str]:
        """The identifiers that the wanted models (package.model) state, and all YAML."""
        files = [
            path
            for package in self.packages
            for name, path in package.models.items()
            if wanted(f"{package.name}.{name}")
        ]
        for package in self.packages:
            files += package.files("model-paths", "models", "*.yml")
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        return set(re.findall(r"\w+", " ".join(_STATED.findall(text))))

    def package(self, name: str) -> Package | None:
        """The package of that name."""
        return next((package for package in self.packages if package.name == name), None)


def _check_names(known: _Known) -> Iterator[str]:
    given = known.own.settings.get("vars") or {}
    listed = [(name, f"vars: {name}") for name in given if str(name).startswith("cdp_")]
    listed += [(name, f"vars: cdp: {name}") for name in given.get("cdp") or {}]
    for name, path in listed:
        if name not in known.names:
            yield f"dbt_project.yml: {path} is read by nothing.{_nearest(name, known.names)}"


def _check_sources(known: _Known, value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield "cdp_sources is no mapping. Write one source a line, as in `shopify: {}`."
        return
    for name, settings in value.items():
        if name not in known.sources:
            yield (
                f"cdp_sources.{name} has no staging models.{_nearest(name, known.sources)} "
                "Take it out, or add a folder models/staging/ for it."
            )
        yield from _unknown_keys(f"cdp_sources.{name}", settings, _SOURCE_KEYS)
        schemas = settings.get("schemas") if isinstance(settings, Mapping) else None
        if schemas is not None and not isinstance(schemas, list):
            yield f"cdp_sources.{name}.schemas is no list. Write [schema, …]."


def _check_inputs(known: _Known, value: Any) -> Iterator[str]:
    yield from _unknown_keys("cdp_inputs", value, known.contracts)
    for contract, entries in value.items() if isinstance(value, Mapping) else ():
        yield from _check_models(known, f"cdp_inputs.{contract}", entries)


def _check_traits(known: _Known, value: Any) -> Iterator[str]:
    yield from _check_models(known, "cdp_traits", value)


def _check_segments(known: _Known, value: Any) -> Iterator[str]:
    yield from _check_models(known, "cdp_segments", value)
    for name, path in known.own.models.items():
        entry = f"{known.own.name}.{name}"
        if name.startswith("seg_") and isinstance(value, list) and entry not in value:
            shown = path.relative_to(known.own.root)
            yield f"cdp_segments does not list {shown}. Add {entry}, or remove the file."


def _check_segment_exclusions(known: _Known, value: Any) -> Iterator[str]:
    listed = known.panel.get("cdp_segments") or ()
    if not isinstance(value, list):
        yield "cdp_segment_exclusions is no list. Write one package.model a line, or []."
        return
    for place, entry in enumerate(value):
        if entry not in listed:
            hint = _nearest(str(entry), listed)
            yield f"cdp_segment_exclusions[{place}]: cdp_segments does not list {entry}.{hint}"


def _check_models(known: _Known, path: str, entries: Any) -> Iterator[str]:
    yield from _check_refs(known, path, entries, "model", lambda package: package.models)


def _check_refs(
    known: _Known,
    path: str,
    entries: Any,
    kind: str,
    nodes: Callable[[Package], Mapping[str, Path]],
) -> Iterator[str]:
    if not isinstance(entries, list):
        yield f"{path} is no list. Write one package.{kind} a line, or []."
        return
    for place, entry in enumerate(entries):
        parts = str(entry).split(".")
        package = known.package(parts[0])
        if len(parts) != 2:
            yield f"{path}[{place}] is '{entry}'. Write it as package.{kind}."
        elif package is None:
            names = [package.name for package in known.packages]
            yield f"{path}[{place}] names the package '{parts[0]}'.{_nearest(parts[0], names)}"
        elif parts[1] not in nodes(package):
            hint = _nearest(parts[1], nodes(package))
            yield f"{path}[{place}]: there is no {kind} '{parts[1]}' in {package.name}.{hint}"
        elif entry in entries[:place]:
            yield f"{path}[{place}] lists {entry} a second time. Take it out."


def _check_identifier_types(known: _Known, value: Any) -> Iterator[str]:
    for name, settings in value.items() if isinstance(value, Mapping) else ():
        path = f"cdp_identifier_types.{name}"
        yield from _unknown_keys(path, settings, ("kind", "scope"))
        kind = (settings or {}).get("kind")
        if kind not in _KINDS:
            yield f"{path}.kind is '{kind}'. Use one of: {', '.join(_KINDS)}."
        if (settings or {}).get("scope") not in (None, "source"):
            yield f"{path}.scope is '{settings['scope']}'. Use source, or leave it out."
        if known.states("cdp_identifier_types") and name not in known.emitted:
            yield (
                f"{path}: no model that cdp_inputs lists has this identifier."
                f"{_nearest(name, known.emitted)} Name it in the cdp_identifiers of one, or "
                "take it out."
            )


def _check_reference(known: _Known, value: Any) -> Iterator[str]:
    cdp = known.package("cdp") or known.own
    keys = {name.removeprefix("cdp_") for name in cdp.seeds}
    yield from _unknown_keys("cdp_reference", value, keys)
    for key, entry in value.items() if isinstance(value, Mapping) else ():
        wrong = list(_check_refs(known, "", [entry], "seed", lambda package: package.seeds))
        yield from (f"cdp_reference.{key}{text.removeprefix('[0]')}" for text in wrong)
        if key in _TYPE_COLUMNS and not wrong:
            yield from _check_types_of_seed(known, key, str(entry))


def _check_types_of_seed(known: _Known, key: str, entry: str) -> Iterator[str]:
    """A row for a type that nothing has would be passed over in silence."""
    name, seed = entry.split(".")
    path = (known.package(name) or known.own).seeds[seed]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    named = {row[column] for row in rows for column in _TYPE_COLUMNS[key] if row.get(column)}
    for kind in sorted(named - known.identifiers):
        yield (
            f"cdp_reference.{key}: {entry} has a row for '{kind}', which is no identifier type."
            f"{_nearest(kind, known.identifiers)} Correct it, or take it out."
        )


def _check_attributes(_: _Known, value: Any) -> Iterator[str]:
    for name, settings in value.items() if isinstance(value, Mapping) else ():
        path = f"cdp_attributes.{name}"
        yield from _unknown_keys(path, settings, _ATTRIBUTE_KEYS)
        given = settings if isinstance(settings, Mapping) else {}
        if given.get("rule") not in _RULES:
            yield f"{path}.rule is '{given.get('rule')}'.{_nearest(given.get('rule'), _RULES)}"
        for key, least, most in (("half_life_days", 1, 36500), ("min_confidence", 0, 1)):
            number = given.get(key, least)
            if not isinstance(number, int | float) or not least <= number <= most:
                yield f"{path}.{key} is '{number}'. Use a number from {least} to {most}."


def _check_conversions(_: _Known, value: Any) -> Iterator[str]:
    for name, settings in value.items() if isinstance(value, Mapping) else ():
        path = f"cdp_conversions.{name}"
        yield from _unknown_keys(path, settings, _CONVERSION_KEYS)
        if not isinstance(settings, Mapping) or not settings.get("kind"):
            yield f"{path} has no kind. Name a kind of cdp_timeline, as in order_placed."


def _check_funnels(_: _Known, value: Any) -> Iterator[str]:
    for name, settings in value.items() if isinstance(value, Mapping) else ():
        path = f"cdp_funnels.{name}"
        yield from _unknown_keys(path, settings, _FUNNEL_KEYS)
        steps = settings.get("steps") if isinstance(settings, Mapping) else None
        if not isinstance(steps, list) or len(steps) < 2:
            yield f"{path}.steps must list two kinds of cdp_timeline or more, in order."


def _check_attribution_model(_: _Known, value: Any) -> Iterator[str]:
    if value not in _CREDIT_MODELS:
        yield f"cdp_attribution_model is '{value}'.{_nearest(value, _CREDIT_MODELS)}"


def _check_second_party(known: _Known, value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield "cdp_second_party_sources is no list. Write one source a line, or []."
        return
    sources = known.panel.get("cdp_sources") or {}
    for name in value:
        if name not in known.sources:
            hint = _nearest(name, sources)
            yield f"cdp_second_party_sources: there is no source '{name}'.{hint}"


def _check_share_columns(known: _Known, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _check_models(known, "cdp_share_columns", list(value))


def _check_live_targets(_: _Known, value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield "cdp_live_targets is no list. Write [prod], or [] for none."


def _check_timezone(_: _Known, value: Any) -> Iterator[str]:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError):
        yield f"cdp_timezone is '{value}'. Use a name such as UTC or Europe/Berlin."


def _check_country(_: _Known, value: Any) -> Iterator[str]:
    if not re.fullmatch(r"[A-Z]{2}", str(value)):
        yield f"cdp_default_country is '{value}'. Use two capital letters, as in US."


def _check_currency(_: _Known, value: Any) -> Iterator[str]:
    if not re.fullmatch(r"[A-Z]{3}", str(value)):
        yield f"cdp_reporting_currency is '{value}'. Use three capital letters, as in USD."


_CHECKS: dict[str, Callable[[_Known, Any], Iterator[str]]] = {
    "cdp_sources": _check_sources,
    "cdp_inputs": _check_inputs,
    "cdp_identifier_types": _check_identifier_types,
    "cdp_reference": _check_reference,
    "cdp_attributes": _check_attributes,
    "cdp_second_party_sources": _check_second_party,
    "cdp_conversions": _check_conversions,
    "cdp_attribution_model": _check_attribution_model,
    "cdp_funnels": _check_funnels,
    "cdp_traits": _check_traits,
    "cdp_segments": _check_segments,
    "cdp_segment_exclusions": _check_segment_exclusions,
    "cdp_share_columns": _check_share_columns,
    "cdp_live_targets": _check_live_targets,
    "cdp_timezone": _check_timezone,
    "cdp_default_country": _check_country,
    "cdp_reporting_currency": _check_currency,
}


def _unknown_keys(path: str, given: Any, allowed: Iterable[str]) -> Iterator[str]:
    if given is not None and not isinstance(given, Mapping):
        yield f"{path} is '{given}'. Write a mapping of: {', '.join(sorted(allowed))}."
        return
    for key in given or {}:
        if key not in allowed:
            yield f"{path} takes no '{key}'.{_nearest(key, allowed)}"


def _nearest(name: object, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(str(name), names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean '{near[0]}'?"
    return f" There are: {', '.join(names)}." if len(names) <= 25 else ""
