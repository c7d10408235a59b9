"""`cdp new destination`: a module, its server and its test, which pass the suite as they are."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path
from string import Template

from cdp.destinations import known_destinations
from cdp.errors import ConfigError

__all__ = ["new_destination"]

_PLACES = {
    "module": "scripts/cdp/destinations/{name}.py",
    "server": "tests/python/destinations/servers/{name}.py",
    "test": "tests/python/destinations/test_{name}.py",
}


def new_destination(root: Path, name: str) -> list[Path]:
    """Write the files of a new destination into a checkout; returns their paths.

    Raises ConfigError for a name that will not do, or where this is no checkout.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"'{name}' is no name of a module. Use lower case, digits and _.")
    if name in known_destinations():
        raise ConfigError(f"There is a destination '{name}' already. Choose another name.")
    if not (root / "scripts/cdp/destinations").is_dir():
        raise ConfigError(
            f"{root} has no scripts/cdp/destinations. Run it in a checkout of dbt-cdp, or write "
            "a package with an entry point: docs/destinations.md."
        )
    words = name.split("_")
    names = {
        "name": name,
        "upper": name.upper(),
        "title": " ".join(words).capitalize(),
        "class": "".join(word.capitalize() for word in words),
        "today": date.today().isoformat(),
    }
    paths = {kind: root / place.format(name=name) for kind, place in _PLACES.items()}
    for kind, path in paths.items():
        text = (files(__name__) / f"{kind}.txt").read_text(encoding="utf-8")
        path.write_text(Template(text.replace("$upper_", "${upper}_")).substitute(names))
    return list(paths.values())
