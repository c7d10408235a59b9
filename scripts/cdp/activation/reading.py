"""A sync from its YAML, checked: typed and frozen, or refused in one sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from cdp.activation.delivery import delivery_of, destination_problems, object_of
from cdp.activation.sentences import Kind, is_of, nearest, type_name, unknown
from cdp.activation.spec import ENTITIES, MODES, PRIMARIES, MappedField, Place, SyncSpec
from cdp.destinations import find_destination, known_destinations
from cdp.destinations._base import Destination
from cdp.errors import ConfigError
from cdp.project import Exposure, Node, Project, Purpose

__all__ = ["read_sync", "sync_problems"]

HASHES = ("sha256",)
NORMALISERS = ("email", "google_email", "phone", "lower")


_KEYS: dict[str, Kind] = {
    "cdp_destination": str,
    "cdp_echoes_in": str,
    "cdp_object": str,
    "cdp_entity": str,
    "cdp_mode": str,
    "cdp_match": list,
    "cdp_primary": str,
    "cdp_source": str,
    "cdp_after": list,
    "cdp_tests": list,
    "cdp_fields": dict,
    "cdp_purpose": str,
    "cdp_max_delete_pct": (int, float),
    "cdp_max_rows": int,
    "cdp_max_creates": int,
    "cdp_max_age": str,
    "cdp_options": dict,
    "cdp_sandbox": dict,
    "cdp_log_values": bool,
}
_REQUIRED = ("cdp_destination", "cdp_fields", "cdp_purpose", "cdp_mode")
_FIELD_KEYS: dict[str, Kind] = {
    "column": str,
    "value": (str, int, float, bool),
    "template": str,
    "hash": str,
    "normalise": str,
    "set_once": bool,
    "skip_null": bool,
}
_MOST_FIELDS = 300  # a row of Postgres holds no more, for sure
_MADE_OF = ("column", "value", "template")
_PLACE = re.compile(r"\{(\w+)(?:\|([^{}|]*))?\}")  # {column} or {column|instead of null}
_GATE_SEEDS = ("suppressions", "consent_defaults", "frequency_caps")
_AGE = re.compile(r"([1-9]\d{0,5})\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def read_sync(project: Project, exposure: Exposure) -> SyncSpec:
    """The exposure as a sync. Raises ConfigError with the first problem."""
    for problem in sync_problems(project, exposure):
        raise ConfigError(problem)
    exposure = _without_nulls(exposure)
    meta = exposure.meta
    audience = _audience(project, exposure)
    destination, given, sandboxed = delivery_of(project, exposure)
    options = find_destination(destination).options.model_validate(given)
    target_object = object_of(destination, meta, sandboxed)
    entity = meta.get("cdp_entity", "profile")
    return SyncSpec(
        name=exposure.name,
        label=exposure.label,
        path=exposure.path,
        audience=audience,
        profiles=_parent(project, exposure, "cdp_profiles"),
        consents=project.node("cdp_consents"),
        parents=exposure.parents,
        entity=entity,
        destination=destination,
        target_object=target_object,
        mode=meta["cdp_mode"],
        matches=tuple(meta.get("cdp_match") or [f"{entity}_id"]),
        fields=tuple(
            _field(project, exposure, name, given) for name, given in meta["cdp_fields"].items()
        ),
        purpose=project.purposes()[meta["cdp_purpose"]],
        options=options,
        place=find_destination(destination).place(target_object, options),
        is_sandboxed=sandboxed,
        max_delete_pct=meta.get("cdp_max_delete_pct", audience.meta.get("cdp_turnover_pct")),
        max_rows=meta.get("cdp_max_rows"),
        max_creates=meta.get("cdp_max_creates"),
        max_age=_age(meta.get("cdp_max_age")),
        holdout_pct=audience.meta.get("cdp_holdout_pct", 0),
        exclusions=project.exclusions(audience) if _is_segment(project, audience) else None,
        log_values=meta.get("cdp_log_values", False),
        tests=tuple(meta.get("cdp_tests") or ()),
        after=tuple(meta.get("cdp_after") or ()),
        gate=_gate(project),
        appending=tuple(_appending(project, project.purposes()[meta["cdp_purpose"]])),
        primary=meta.get("cdp_primary", ""),
        identity_map=project.node("cdp_identity_map"),
        identity_changes=project.node("cdp_identity_changes"),
        source=meta.get("cdp_source", destination),
        now=project.now,
        root=project.root,
    )


def _is_segment(project: Project, audience: Node) -> bool:
    return audience.full_name in (project.vars.get("cdp_segments") or ())


def _gate(project: Project) -> dict[str, Node]:
    """The tables and seeds that the gate's rules read, as far as the project has them."""
    reference = project.vars.get("cdp_reference") or {}
    names = {name: reference.get(name, f"cdp.cdp_{name}") for name in _GATE_SEEDS}
    names |= {name: name for name in ("cdp_identifiers", "prf_messages")}
    found = {name: project.node(full_name) for name, full_name in names.items()}
    return {name: node for name, node in found.items() if node is not None}


def _appending(project: Project, purpose: Purpose) -> Iterator[str]:
    """Syncs that append rows for a purpose on one of the channels of `purpose`."""
    purposes = project.purposes()
    for exposure in project.exposures:
        other = purposes.get(exposure.meta.get("cdp_purpose", ""))
        shares_a_channel = other and set(other.channels) & set(purpose.channels)
        if exposure.meta.get("cdp_mode") == "append" and shares_a_channel:
            yield exposure.name


def sync_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    """Everything that keeps the exposure from being a sync, one sentence each."""
    where = f"{exposure.path}, sync {exposure.name}"
    exposure = _without_nulls(exposure)
    problems = list(_key_problems(exposure.meta)) or list(_value_problems(project, exposure))
    yield from (f"{where}: {problem}" for problem in problems)


def _without_nulls(exposure: Exposure) -> Exposure:
    """A key without a value says nothing."""
    said = {key: value for key, value in exposure.meta.items() if value is not None}
    return replace(exposure, meta=said)


def _key_problems(meta: Mapping[str, Any]) -> Iterator[str]:
    wrong = []
    for key, value in meta.items():
        if _is_ours(key) and key not in _KEYS:
            yield f"unknown key '{key}'.{nearest(key, _KEYS)}"
            wrong += get_close_matches(key, _KEYS, n=1)
        elif value is not None and key in _KEYS and not is_of(value, _KEYS[key]):
            yield f"{key} takes {type_name(_KEYS[key])}, not {value!r}."
            wrong.append(key)
        elif key in ("cdp_match", "cdp_after"):
            strange = [item for item in value or () if not isinstance(item, str)]
            yield from (f"{key} takes names, not {item!r}." for item in strange[:1])
    for key in _REQUIRED:
        if not meta.get(key) and key not in wrong:
            yield f"{key} is missing. Add it under config.meta."


def _is_ours(key: str) -> bool:
    """Whether a key is meant for us, as far as one can tell: cdp-mode and CDP_mode are, too."""
    return key.lower().replace("-", "_").startswith("cdp_")


def _value_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    meta = exposure.meta
    purposes = project.purposes()
    yield from unknown("cdp_mode", meta["cdp_mode"], MODES)
    yield from unknown("cdp_entity", meta.get("cdp_entity", "profile"), ENTITIES)
    yield from unknown("cdp_purpose", meta["cdp_purpose"], purposes)
    yield from _budget_problems(meta)
    yield from _audience_problems(project, exposure)
    yield from _field_problems(project, exposure)
    yield from _person_problems(project, exposure)
    yield from _match_problems(meta)
    yield from _after_problems(project, exposure)
    for number, test in enumerate(meta.get("cdp_tests") or (), start=1):
        halves = test.values() if isinstance(test, dict) else ()
        sound = isinstance(test, dict) and test.keys() == {"given", "expect"}
        if not sound or not all(isinstance(half, dict) and half for half in halves):
            yield f"cdp_tests[{number}] takes {{given: {{column: …}}, expect: {{field: …}}}}."
    yield from destination_problems(project, exposure)


def _budget_problems(meta: Mapping[str, Any]) -> Iterator[str]:
    if not 0 <= meta.get("cdp_max_delete_pct", 0) <= 100:
        yield f"cdp_max_delete_pct is {meta['cdp_max_delete_pct']}. Use a share of 0 to 100."
    for key in ("cdp_max_rows", "cdp_max_creates"):
        if meta.get(key, 1) < 1:
            yield f"{key} is {meta[key]}. Use 1 or more."
    if meta.get("cdp_max_age") and not _age(meta["cdp_max_age"]):
        yield f"cdp_max_age is '{meta['cdp_max_age']}'. Use minutes, hours or days: 90m, 26h, 2d."


def _audience_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    models = [node.name for node in _audiences(project, exposure)]
    if len(models) != 1:
        found = ", ".join(sorted(models)) or "none"
        yield (
            "depends_on must name one audience model beside cdp_profiles: "
            f"[ref('seg_…'), ref('cdp_profiles')]. It names: {found}."
        )
        return
    (node,) = _audiences(project, exposure)
    share = node.meta.get("cdp_holdout_pct", 0)
    if type(share) is not int or not 0 <= share <= 100:
        yield f"cdp_holdout_pct of {node.name} is {share!r}. Use whole per cent, 0 to 100."
    turnover = node.meta.get("cdp_turnover_pct", 0)
    if type(turnover) not in (int, float) or not 0 <= turnover <= 100:
        yield f"cdp_turnover_pct of {node.name} is {turnover!r}. Use per cent, 0 to 100."


def _field_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    meta = exposure.meta
    known = meta["cdp_destination"] in known_destinations()
    destination = find_destination(meta["cdp_destination"]) if known else Destination
    if len(meta["cdp_fields"]) > _MOST_FIELDS:
        yield (
            f"cdp_fields has {len(meta['cdp_fields']):,} fields, and a sync takes "
            f"{_MOST_FIELDS}. Make several syncs of it."
        )
        return
    for name, given in meta["cdp_fields"].items():
        label = f"cdp_fields.{name}"
        if not isinstance(name, str):
            yield f"cdp_fields has a field called {name!r}. Name it as the destination does."
            continue
        settings = {"column": given} if isinstance(given, str) else given
        if not isinstance(settings, dict) or sum(key in settings for key in _MADE_OF) != 1:
            yield (
                f"{label} takes a column, or one of {{column: …}}, {{value: …}} and "
                "{template: …}."
            )
            continue
        yield from _setting_problems(label, settings)
        if not destination.can_leave_fields:
            for key in ("set_once", "skip_null"):
                if settings.get(key) is True:
                    yield f"{label}.{key}: {meta['cdp_destination']} writes every field."
        for column in _columns_of(settings):
            yield from _share_problems(project, exposure, label, column)


def _setting_problems(label: str, settings: Mapping[str, Any]) -> Iterator[str]:
    for key, value in settings.items():
        if key not in _FIELD_KEYS:
            yield f"unknown key '{key}' in {label}.{nearest(key, _FIELD_KEYS)}"
        elif not is_of(value, _FIELD_KEYS[key]):
            yield f"{label}.{key} takes {type_name(_FIELD_KEYS[key])}, not {value!r}."
            return
    template = settings.get("template")
    if template is not None and (not template or template.count("{") != template.count("}")):
        yield f"{label}.template is '{template}'. Write columns as {{column}} or {{column|else}}."
    if isinstance(value := settings.get("value"), float) and not math.isfinite(value):
        yield f"{label}.value is {value}, which no tool takes. Use a number."
    yield from unknown(f"{label}.hash", settings.get("hash"), HASHES)
    yield from unknown(f"{label}.normalise", settings.get("normalise"), NORMALISERS)


def _columns_of(settings: Mapping[str, Any]) -> Iterator[str]:
    """The columns that a field reads."""
    if isinstance(settings.get("column"), str):
        yield settings["column"]
    if isinstance(settings.get("template"), str):
        yield from (column for column, _ in _PLACE.findall(settings["template"]))


def _person_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    """The gate holds for every row that names a person, so such a row says which one."""
    if exposure.meta.get("cdp_entity", "profile") == "profile":
        return
    for node in _audiences(project, exposure):
        given = exposure.meta["cdp_fields"].values()
        columns = {
            column
            for item in given
            for column in ([item] if isinstance(item, str) else _columns_of(item))
        }
        personal = sorted(
            name for name in columns if name in node.columns and node.columns[name].is_pii
        )
        if personal and "profile_id" not in node.columns:
            yield (
                f"{node.name} sends '{personal[0]}', which identifies a person, without a "
                "profile_id to look up consent by. Add the column profile_id to the model."
            )


def _share_problems(project: Project, exposure: Exposure, label: str, column: str) -> Iterator[str]:
    maker = _maker(project, exposure, column)
    if column == _key(exposure.meta) or (maker and project.shares(maker, column)):
        return
    profiles = _parent(project, exposure, "cdp_profiles")
    makers = [*_audiences(project, exposure), *([profiles] if profiles else [])]
    documented = sorted({name for maker in makers for name in maker.columns})
    names = maker.name if maker else " or ".join(node.name for node in makers)
    near = "" if column in documented else nearest(column, documented)
    yield (
        f"{label} sends the column '{column}', which may not leave the warehouse: no "
        f"`config: {{meta: {{cdp_share: true}}}}` on it in the YAML of {names}.{near}"
    )


def _maker(project: Project, exposure: Exposure, column: str) -> Node | None:
    """The model whose column is meant: the audience if it says that it has one, else
    cdp_profiles. A column that the audience keeps to itself is never taken for another."""
    for node in _audiences(project, exposure):
        if project.declares(node, column) or column == _key(exposure.meta):
            return node
    return _parent(project, exposure, "cdp_profiles")


def _key(meta: Mapping[str, Any]) -> str:
    return f"{meta.get('cdp_entity', 'profile')}_id"


def _match_problems(meta: Mapping[str, Any]) -> Iterator[str]:
    key = _key(meta)
    match = meta.get("cdp_match", [key])
    name = meta["cdp_destination"]
    yield from unknown("cdp_primary", meta.get("cdp_primary"), PRIMARIES)
    if name in known_destinations() and find_destination(name).can_look_up:
        if set(match) <= {"record_id"}:
            yield f"cdp_match names no field. Add one by which a row is known: {key}."
        known: tuple[str, ...] = ("record_id", key, *meta["cdp_fields"])
    else:
        known = (key, *meta["cdp_fields"])
        if meta.get("cdp_primary"):
            yield "cdp_primary is of no use at this destination, which cannot look up records."
        if len(match) != 1:
            yield f"cdp_match takes one field at this destination, not {len(match)}."
    for item in match:
        yield from unknown("cdp_match", item, known)


def _after_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    others = {other.name: other.meta.get("cdp_after") or () for other in project.exposures}
    for name in others[exposure.name]:
        yield from unknown("cdp_after", name, others.keys() - {exposure.name})
    seen: set[str] = set()
    waiting = list(others[exposure.name])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += others.get(name, ())
    if exposure.name in seen - set(others[exposure.name]):
        yield "cdp_after goes in a circle back to this sync. Take one of them out."


def _audiences(project: Project, exposure: Exposure) -> list[Node]:
    nodes = (project.nodes[name] for name in exposure.parents if name in project.nodes)
    return [node for node in nodes if node.kind == "model" and node.name != "cdp_profiles"]


def _audience(project: Project, exposure: Exposure) -> Node:
    return _audiences(project, exposure)[0]


def _parent(project: Project, exposure: Exposure, name: str) -> Node | None:
    nodes = (project.nodes[parent] for parent in exposure.parents if parent in project.nodes)
    return next((node for node in nodes if node.name == name), None)


def _field(
    project: Project, exposure: Exposure, name: str, given: str | Mapping[str, Any]
) -> MappedField:
    settings: Mapping[str, Any] = {"column": given} if isinstance(given, str) else given
    destination = find_destination(exposure.meta["cdp_destination"])
    return MappedField(
        name=name,
        column=settings.get("column"),
        value=settings.get("value"),
        hash=settings.get("hash"),
        normalise=settings.get("normalise"),
        is_of_profiles=_is_of_profiles(project, exposure, settings.get("column") or ""),
        template=tuple(_template(project, exposure, settings.get("template") or "")),
        set_once=settings.get("set_once", False),
        skip_null=settings.get("skip_null", destination.skips_nulls),
    )


def _template(project: Project, exposure: Exposure, text: str) -> Iterator[str | Place]:
    """The texts and the places of a template, in turn."""
    end = 0
    for place in _PLACE.finditer(text):
        yield text[end : place.start()]
        of_profiles = _is_of_profiles(project, exposure, place[1])
        yield Place(place[1], place[2] or "", of_profiles)
        end = place.end()
    if text[end:]:
        yield text[end:]


def _is_of_profiles(project: Project, exposure: Exposure, column: str) -> bool:
    maker = _maker(project, exposure, column)
    return maker is not None and maker.name == "cdp_profiles"


def _age(text: str | None) -> timedelta | None:
    """How long `90m`, `26h` or `2d` is; None for nothing, and for what is no length."""
    found = _AGE.fullmatch(text) if text else None
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
