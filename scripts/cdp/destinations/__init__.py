"""Where rows go: one module a destination, found by its name (see _base.py)."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from cdp.destinations._base import Destination
from cdp.errors import ConfigError

__all__ = ["find_destination", "known_destinations"]

_GROUP = "cdp.destinations"


def known_destinations() -> list[str]:
    """Names of the modules here and of other packages' entry points; imports none."""
    return sorted(_here() | {point.name for point in entry_points(group=_GROUP)})


def find_destination(name: str) -> type[Destination]:
    """The destination of that name.

    A module names its class in `DESTINATION`; an entry point names the class itself.
    Raises ConfigError for a name that is not known.
    """
    if name in _here():  # first: looking for entry points reads every installed package
        destination: type[Destination] = import_module(f"{__name__}.{name}").DESTINATION
        return destination
    for point in entry_points(group=_GROUP):
        if point.name == name:
            found: type[Destination] = point.load()
            return found
    known = ", ".join(known_destinations())
    raise ConfigError(f"No destination '{name}'. Use one of: {known}.")


def _here() -> set[str]:
    return {module.name for module in iter_modules(__path__) if not module.name.startswith("_")}
