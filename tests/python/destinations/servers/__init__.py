"""The benches, by the destination that each tests; a new file here is found."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from destinations.servers._base import Bench

__all__ = ["benches"]


def benches() -> list[type[Bench]]:
    """Every module's BENCH, by name."""
    names = sorted(found.name for found in iter_modules(__path__) if found.name[0] != "_")
    found: list[type[Bench]] = [import_module(f"{__name__}.{name}").BENCH for name in names]
    return found
