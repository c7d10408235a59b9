"""Values of an audience as SQL: bound by their type, so that they can only be data.

The SQL goes through dbt's Jinja before a warehouse reads it. A literal therefore holds
neither an unescaped quote nor two signs that open a Jinja block.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal

__all__ = ["as_moment", "comment", "jinja_text", "like", "literal"]

_OPENS = re.compile(r"\{(?=[{%#])")


def literal(value: object, kind: str = "") -> str:
    """A text, number, truth, date or time. kind `timestamp`: a date is its midnight."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, datetime) or (isinstance(value, date) and kind == "timestamp"):
        return f"timestamp '{as_moment(value):%Y-%m-%d %H:%M:%S.%f}'".replace(".000000'", "'")
    if isinstance(value, date):
        return f"date '{value:%Y-%m-%d}'"
    return _text(str(value))


def as_moment(value: date) -> datetime:
    """A time in UTC, without a zone; a date is its midnight."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def like(value: str, before: str, after: str) -> str:
    """The pattern of `like` for a text that is meant as it stands."""
    escaped = re.sub(r"[!%_]", r"!\g<0>", value)
    pattern = _text(f"{before}{escaped}{after}")
    return f"{pattern} escape '!'"


def comment(text: str) -> str:
    """One line of SQL comment; Jinja reads comments too."""
    return "-- " + _OPENS.sub("{ ", text)


def jinja_text(text: str) -> str:
    """A text inside a Jinja call, in single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(value: str) -> str:
    quoted = "'" + value.replace("'", "''") + "'"
    return _OPENS.sub("{' || '", quoted)
