"""The dbt profile, and names as dbt makes them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cdp.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["beside_prefix", "is_beside", "quoted", "read_profile", "schema_name"]


def quoted(*parts: str) -> str:
    """A dotted SQL name from its parts, each quoted: quoted('cdp', 'order')."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def schema_name(name: str, target: str) -> str:
    """The schema as dbt names it on this target (see generate_schema_name.sql)."""
    prefix = _prefix(target)
    return f"{prefix}_{name}" if prefix else name


def beside_prefix(name: str, target: str) -> str:
    """The CDP_SCHEMA_PREFIX of a build beside what stands on this target."""
    return "_".join(filter(None, (_prefix(target), "beside", name)))


def is_beside() -> bool:
    """Whether names lead to a build beside, and not to what stands."""
    return "beside" in os.environ.get("CDP_SCHEMA_PREFIX", "").split("_")


def _prefix(target: str) -> str:
    prefix = os.environ.get("CDP_SCHEMA_PREFIX", "")
    return prefix if prefix or target in ("demo", "prod") else target


def read_profile(project_dir: Path, target: str) -> dict[str, Any]:
    """The target's settings from profiles.yml, environment variables resolved.

    Looks where dbt looks: DBT_PROFILES_DIR, the project, ~/.dbt. Raises ConfigError.
    """
    project = _read_yaml(project_dir / "dbt_project.yml", project_dir)
    path = _profiles_path(project_dir)
    name = str(project.get("profile"))
    outputs = (_read_yaml(path, project_dir).get(name) or {}).get("outputs") or {}
    if target not in outputs:
        known = ", ".join(outputs) or "none"
        raise ConfigError(
            f"{path.name} has no target '{target}' in the profile '{name}'. It has: {known}."
        )
    settings: dict[str, Any] = _rendered(_environment(path), outputs[target])
    return settings


def _read_yaml(path: Path, project_dir: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"No {path.name} in {project_dir.resolve()}. Run cdp from the dbt project, or say "
            "--project-dir."
        ) from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        raise ConfigError(f"{path.name}{line} is not valid YAML. Mend it.") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path.name} holds no settings. Restore it.")
    return content


def _profiles_path(project_dir: Path) -> Path:
    places = [os.environ.get("DBT_PROFILES_DIR"), project_dir, Path.home() / ".dbt"]
    found = [Path(place) / "profiles.yml" for place in places if place]
    return next((path for path in found if path.exists()), project_dir / "profiles.yml")


def _environment(path: Path) -> Environment:
    from jinja2 import Environment, StrictUndefined

    def env_var(name: str, default: str | None = None) -> str:
        value = os.environ.get(name, default)
        if value is None:
            raise ConfigError(f"{path.name} needs the environment variable {name}. Set it.")
        return value

    def as_number(text: str) -> float:
        try:
            return int(text) if str(text).lstrip("-").isdigit() else float(text)
        except ValueError:
            raise ConfigError(f"{path.name} asks for a number and got '{text}'.") from None

    environment = Environment(undefined=StrictUndefined)  # noqa: S701 - settings, no page
    environment.globals["env_var"] = env_var
    environment.filters |= {
        "as_number": as_number,
        "as_bool": lambda text: str(text).lower() == "true",
        "as_native": lambda value: value,
        "as_text": str,
    }
    return environment


def _rendered(environment: Environment, value: Any) -> Any:
    """`value` with its Jinja resolved; an expression alone keeps the type its filter gave."""
    if isinstance(value, dict):
        return {key: _rendered(environment, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(environment, inner) for inner in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    if alone := re.fullmatch(r"\s*\{\{(?P<expression>(?:(?!\}\}).)*)\}\}\s*", value):
        return environment.compile_expression(alone["expression"], undefined_to_none=False)()
    return environment.from_string(value).render()
