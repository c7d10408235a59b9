"""Secrets come from the environment alone: options hold the names of variables."""

from __future__ import annotations

import os
import re
from typing import Annotated

from pydantic import AfterValidator

from cdp.errors import ConfigError

__all__ = ["SecretName", "read_secret"]


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("is the name of an environment variable, not the secret itself")
    return name


# An option that names the environment variable with a secret.
SecretName = Annotated[str, AfterValidator(_variable), "secret"]


def read_secret(name: str, what: str) -> str:
    """The environment variable's value. Raises ConfigError that names it if it is empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigError(f"{what} is missing. Set the environment variable {name}.")
    return value
