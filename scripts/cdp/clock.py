"""The one clock, as the macro cdp_now sees it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdp.declared import read_packages, read_panel
from cdp.errors import ConfigError

__all__ = ["now", "project_vars"]


def now(project_dir: Path, target: str) -> datetime:
    """The platform's moment, naive UTC.

    The var cdp_now, else CDP_NOW of the environment, else on the target demo the last
    moment of the demo's data, else the wall clock. Raises ConfigError for what is no time.
    """
    settings = project_vars(project_dir)
    moment = settings.get("cdp_now") or os.environ.get("CDP_NOW")
    if not moment and target == "demo":
        moment = settings.get("cdp_demo_now")
    if not moment:
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    try:
        found = datetime.fromisoformat(str(moment))
    except ValueError:
        raise ConfigError(
            f"The clock is set to '{moment}' (cdp_now, CDP_NOW or cdp_demo_now). "
            "Write a time, as in 2018-01-01 06:00:00."
        ) from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def project_vars(project_dir: Path) -> dict[str, Any]:
    """The control panel as the package cdp sees it (see cdp.declared.read_panel)."""
    return read_panel(read_packages(project_dir))
