"""Words for what is wrong in a sync's YAML."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

__all__ = ["Kind", "is_of", "nearest", "type_name", "unknown"]

Kind = type | tuple[type, ...]


def is_of(value: object, kind: Kind) -> bool:
    """Whether a value of YAML is of the kind; true and false are no numbers."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def type_name(kind: Kind) -> str:
    """The kind in words."""
    names = {str: "text", int: "a whole number", dict: "a mapping", list: "a list"}
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if str in kinds and len(kinds) > 1:
        return "text, a number, true or false"
    return "true or false" if kinds == (bool,) else names.get(kinds[0], "a number")


def unknown(key: str, value: object, known: Any) -> Iterator[str]:
    """A sentence if the value is none of the known ones."""
    if value is not None and value not in known:
        yield f"unknown {key} '{value}'.{nearest(str(value), known)}"


def nearest(name: str, known: Any) -> str:
    """Which known name may be meant, or all of them."""
    names = sorted(known)
    if close := get_close_matches(name, names, n=1):
        return f" Did you mean '{close[0]}'?"
    return f" Use one of: {', '.join(names)}." if names else ""
