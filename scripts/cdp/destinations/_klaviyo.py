"""What Klaviyo says, and how: its values, its errors, its calls' sizes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "ATTRIBUTES",
    "IDENTIFIERS",
    "LOCATION",
    "PLACES",
    "Job",
    "error_code",
    "job_status",
    "leaves",
    "parts",
    "same",
]

IDENTIFIERS = ("email", "phone_number", "external_id")
ATTRIBUTES = (
    *IDENTIFIERS,
    *("first_name", "last_name", "organization", "locale", "title", "image"),
)
LOCATION = "location."
PLACES = (
    *("address1", "address2", "city", "region", "zip", "country"),
    *("latitude", "longitude", "timezone"),
)


@dataclass(frozen=True)
class Job:
    """A job under way, with the positions in its batch of the rows that it has."""

    path: str
    positions: Sequence[int]


def same(field: str, value: str) -> str:
    """Klaviyo keeps emails in lower case."""
    return value.strip().lower() if field == "email" else value


def leaves(found: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every value inside."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The items, at most `size` at once."""
    return (items[start : start + size] for start in range(0, len(items), size))


def error_code(body: bytes) -> str:
    """The code of the first error; `rejected` where the body names none."""
    try:
        return str(json.loads(body)["errors"][0]["code"])
    except (ValueError, LookupError, TypeError):
        return "rejected"


def job_status(found: Mapping[str, Any]) -> tuple[str, int]:
    """(status, profiles that failed)"""
    job = found["data"]["attributes"]
    return str(job["status"]), int(job.get("failed_count") or 0)
