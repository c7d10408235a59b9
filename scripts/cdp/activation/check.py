"""What is wrong with the project's syncs, found without a warehouse."""

from __future__ import annotations

from collections.abc import Iterable

from cdp.activation.reading import read_sync, sync_problems
from cdp.activation.sentences import nearest
from cdp.activation.spec import SyncSpec
from cdp.errors import ConfigError
from cdp.project import Exposure, Project

__all__ = ["problems", "sync_names", "syncs"]


def problems(project: Project) -> list[str]:
    """One sentence per mistake in a sync; empty when all are sound."""
    return [text for exposure in _exposures(project) for text in sync_problems(project, exposure)]


def sync_names(project: Project) -> set[str]:
    """Names of the syncs that are on for this target."""
    return {exposure.name for exposure in _exposures(project)}


def syncs(project: Project, names: Iterable[str] = ()) -> list[SyncSpec]:
    """The selected syncs, by default all. Raises ConfigError if any sync of the project is
    unsound: nothing is sent by a project that is half understood."""
    if found := problems(project):
        raise ConfigError("\n     ".join(found))
    known = {exposure.name: exposure for exposure in _exposures(project)}
    wanted = list(names) or list(known)
    for name in wanted:
        if name not in known:
            hint = nearest(name, known) or " There is none on this target."
            raise ConfigError(f"No sync '{name}'.{hint}")
    return [read_sync(project, known[name]) for name in wanted]


def _exposures(project: Project) -> list[Exposure]:
    """Exposures that are syncs, by name; a dashboard's exposure has no `cdp_` key."""
    found = (e for e in project.exposures if any(key.startswith("cdp_") for key in e.meta))
    return sorted(found, key=lambda exposure: exposure.name)
