"""Where a sync delivers to on this target, and whether that destination can take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from cdp.activation.sentences import nearest, unknown
from cdp.activation.spec import MODES
from cdp.destinations import find_destination, known_destinations
from cdp.destinations._base import Destination
from cdp.project import Exposure, Project

__all__ = ["delivery_of", "destination_problems", "object_of"]


def destination_problems(project: Project, exposure: Exposure) -> Iterator[str]:
    """Everything that keeps its destination from taking the sync, one sentence each."""
    meta = exposure.meta
    yield from unknown("cdp_destination", meta["cdp_destination"], known_destinations())
    if meta["cdp_destination"] not in known_destinations():
        return
    # All settings are checked on every target, so that a pull request finds the mistake.
    name = meta["cdp_destination"]
    yield from _option_problems("cdp_options", name, meta.get("cdp_options") or {}, meta, False)
    if not meta.get("cdp_sandbox"):
        return
    if not find_destination(name).is_account:
        yield f"cdp_sandbox is of no use: {name} writes to its own path on every target."
        return
    other, given = _sandbox(meta)
    if other not in known_destinations():
        yield from unknown("cdp_sandbox.destination", other, known_destinations())
        return
    yield from _option_problems("cdp_sandbox", other, given, meta, True)


def _option_problems(
    key: str, name: str, given: Mapping[str, Any], meta: Mapping[str, Any], sandboxed: bool
) -> Iterator[str]:
    destination = find_destination(name)
    target_object = object_of(name, meta, sandboxed)
    mode = meta["cdp_mode"]
    if mode in MODES and mode not in destination.modes:
        modes = ", ".join(known for known in MODES if known in destination.modes)
        yield f"cdp_mode '{mode}' is not one that {name} has. Use: {modes}."
    if destination.objects is not None:
        yield from unknown("cdp_object", target_object, destination.objects)
    try:
        options = destination.options.model_validate(given)
    except ValidationError as error:
        faults = error.errors()
        strange = [fault for fault in faults if fault["type"] == "extra_forbidden"]
        for fault in strange or faults:
            yield _option_sentence(key, name, destination, fault)
    else:
        if mode in destination.modes:
            yield from destination.problems(target_object, mode, options)


def _option_sentence(
    key: str, name: str, destination: type[Destination], fault: Mapping[str, Any]
) -> str:
    option = ".".join(str(part) for part in fault["loc"])
    known = list(destination.options.model_fields)
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{option}' in {key} of {name}.{nearest(option, known)}"
    if fault["type"] == "missing":
        return f"{key}.{option} is missing: {name} needs it."
    return f"{key}.{option}: {fault['msg'].removeprefix('Value error, ')}."


def delivery_of(project: Project, exposure: Exposure) -> tuple[str, dict[str, Any], bool]:
    """(destination, options, sandboxed?) on this target: live, sandbox, or files.

    Only a destination that is an account (another system reads it) is kept from: files
    that we write ourselves go to their own path on every target.
    """
    meta = exposure.meta
    name, options = meta["cdp_destination"], dict(meta.get("cdp_options") or {})
    if project.is_live or not find_destination(name).is_account:
        return name, options, False
    if meta.get("cdp_sandbox"):
        return *_sandbox(meta), True
    return "files", {"path": f"out/sandbox/{exposure.name}"}, True


def _sandbox(meta: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(destination, options) of what the sync says for targets that are not live."""
    name, sandbox = meta["cdp_destination"], dict(meta["cdp_sandbox"])
    other = sandbox.pop("destination", name)
    return other, sandbox if other != name else dict(meta.get("cdp_options") or {}) | sandbox


def object_of(destination: str, meta: Mapping[str, Any], sandboxed: bool) -> str:
    """What is written there: as the sync says; a sandbox of another kind gets the changes."""
    if sandboxed and destination != meta["cdp_destination"]:
        return "changes"
    return str(meta.get("cdp_object") or find_destination(destination).default_object)
