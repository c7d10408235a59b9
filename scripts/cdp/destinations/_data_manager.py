"""The words of Google's Data Manager API: members, and what it answers of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdp.destinations._base import Row

__all__ = [
    "ADDRESS", "ALONE", "CONSENT", "Identifiers", "error_of", "granted", "is_gone", "of_user",
    "reason_of", "recorded", "stated",
]  # fmt: skip

Identifiers = Sequence[Mapping[str, Any]]

# A field of ours → its name there.
ALONE = {"email": "emailAddress", "phone": "phoneNumber"}
ADDRESS = {
    "first_name": "givenName",
    "last_name": "familyName",
    "country": "regionCode",
    "zip": "postalCode",
}
CONSENT = {"ad_user_data": "adUserData", "ad_personalization": "adPersonalization"}


def recorded(row: Row) -> list[dict[str, Any]]:
    """What was sent of the row, as the ledger has it."""
    return list(json.loads(row.record_id)) if row.record_id else []


def is_gone(identifier: Mapping[str, Any], now: Identifiers) -> bool:
    """Whether it was sent and is no more. An address is no one's alone."""
    return identifier not in now and "address" not in identifier


def of_user(identifiers: Identifiers) -> dict[str, Any]:
    return {"userData": {"userIdentifiers": identifiers}} if identifiers else {}


def granted(is_given: bool) -> str:
    return "CONSENT_GRANTED" if is_given else "CONSENT_DENIED"


def stated(found: Mapping[str, Any]) -> tuple[str, str]:
    (status,) = found["requestStatusPerDestination"]
    counts = (status.get("errorInfo") or {}).get("errorCounts") or [{}]
    return status["requestStatus"], str(counts[0].get("reason", ""))


def error_of(body: bytes) -> Mapping[str, Any] | str:
    """The error; a word where the token's endpoint says it; empty where there is none."""
    try:
        found = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict | str) else {}


def reason_of(error: Mapping[str, Any]) -> tuple[str, bool]:
    """(reason, whether it is of a member)"""
    details = [detail for detail in error.get("details") or () if isinstance(detail, dict)]
    violations = [found for detail in details for found in detail.get("fieldViolations") or ()]
    reasons = [found.get("reason") for found in (*violations, *details)]
    fields = " ".join(str(found.get("field", "")) for found in violations)
    is_of_member = "audience_members[" in fields or "audienceMembers[" in fields
    reason = next((str(found) for found in reasons if found), error.get("status", "rejected"))
    return str(reason), is_of_member
