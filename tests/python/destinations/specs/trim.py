"""Trim a vendor's OpenAPI document to the operations that a module uses.

    python trim.py FULL.json "POST /api/lists/{id}/…" … > NAME.json

A vendor with a document a subject: several FULL.json, which become one.
What is kept is as the vendor wrote it; descriptions, examples, extensions and what an
answer may bring along (`included`) are left out. A line a path or schema.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PROSE = ("description", "example", "examples", "externalDocs", "summary", "tags")


def trimmed(document: dict[str, Any], operations: list[str]) -> dict[str, Any]:
    """The operations ("METHOD /path") with the components that they reach."""
    paths: dict[str, Any] = {}
    for operation in operations:
        method, path = operation.split(" ")
        kept = paths.setdefault(path, {})
        whole = document["paths"][path]
        kept[method.lower()] = _plain(whole[method.lower()])
        if "parameters" in whole:
            kept["parameters"] = _plain(whole["parameters"])
    components: dict[str, Any] = {"securitySchemes": document["components"]["securitySchemes"]}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _plain(document["components"][kind][name])
            waiting += _references(components[kind][name])
    info = {key: document["info"][key] for key in ("title", "version", "license")}
    return {
        "openapi": document["openapi"],
        "info": info,
        "paths": paths,
        "components": {kind: dict(sorted(found.items())) for kind, found in components.items()},
    }


def _plain(found: Any, are_names: bool = False) -> Any:
    """Without prose. are_names: the keys are names of fields, which may be called so too."""
    if isinstance(found, list):
        return [_plain(item) for item in found]
    if not isinstance(found, dict):
        return found
    return {
        key: _plain(inner, are_names=key == "properties" and not are_names)
        for key, inner in found.items()
        if not (key == "included" if are_names else key in _PROSE or key.startswith("x-"))
    }


def _lines(found: Any, depth: int) -> str:
    """JSON, broken into lines down to that depth."""
    if depth == 0 or not isinstance(found, dict):
        return json.dumps(found)
    inner = ",\n".join(f"{json.dumps(key)}: {_lines(of, depth - 1)}" for key, of in found.items())
    return f"{{\n{inner}\n}}"


def _references(found: Any) -> Iterator[str]:
    if isinstance(found, list):
        for item in found:
            yield from _references(item)
    elif isinstance(found, dict):
        for key, inner in found.items():
            if key == "$ref":
                yield inner
            else:
                yield from _references(inner)


def _merged(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """One document of several; what has the same name must be the same."""
    first, *others = documents
    for other in others:
        first["paths"] |= other["paths"]
        for kind, found in other["components"].items():
            known = first["components"].setdefault(kind, {})
            for name in known.keys() & found.keys():
                assert _plain(known[name]) == _plain(found[name]), name
            known |= found
    return first


if __name__ == "__main__":
    files = [each for each in sys.argv[1:] if each.endswith(".json")]
    full = _merged([json.loads(Path(each).read_text(encoding="utf-8")) for each in files])
    sys.stdout.write(_lines(trimmed(full, sys.argv[1 + len(files) :]), 3) + "\n")
