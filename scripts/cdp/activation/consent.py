"""Consent entered by hand: an append-only log, heard by the gate at once."""

from __future__ import annotations

from datetime import timedelta
from difflib import get_close_matches

from cdp.activation.ledger import Ledger
from cdp.errors import ConfigError
from cdp.project import Project

__all__ = ["STATUSES", "enter_consent", "find_profile"]

STATUSES = ("granted", "withdrawn", "denied")


def enter_consent(
    project: Project,
    ledger: Ledger,
    profile_id: str,
    purpose: str,
    channel: str,
    status: str,
    evidence: str,
    entered_by: str,
) -> None:
    """Write down what a person said, now by the platform's clock.

    A refusal stops the next batch; a grant counts from the next build on. Raises
    ConfigError for an unknown purpose, or where the profile is not there.
    """
    if purpose not in project.purposes():
        near = get_close_matches(purpose, project.purposes(), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ConfigError(f"cdp_purposes has no purpose '{purpose}'.{hint}")
    known = project.node("cdp_identity_map")
    if known is None or not ledger.rows(
        f"select 1 from {known.relation} where profile_id = ? limit 1",  # noqa: S608
        (profile_id,),
    ):
        raise ConfigError("There is no such profile. Look the id up in cdp_profiles.")
    entries = ledger.table("cdp_consent_entries")
    ((latest,),) = ledger.rows(
        f"select max(captured_at) from {entries} "  # noqa: S608
        "where profile_id = ? and purpose = ? and channel = ?",
        (profile_id, purpose, channel),
    )
    moment = project.now if latest is None else max(project.now, latest + timedelta(milliseconds=1))
    ledger.insert(
        "cdp_consent_entries",
        {
            "profile_id": profile_id,
            "purpose": purpose,
            "channel": channel,
            "status": status,
            "captured_at": moment,
            "evidence": evidence,
            "entered_by": entered_by,
        },
    )


def find_profile(project: Project, ledger: Ledger, email: str) -> str:
    """The profile_id of an email. Raises ConfigError unless exactly one person has it."""
    node = project.node("cdp_identifiers")
    rows = (
        ledger.rows(
            f"select distinct profile_id from {node.relation} "  # noqa: S608
            "where identifier_type = 'email' and identifier_value = ?",
            (email.strip().lower(),),
        )
        if node
        else []
    )
    if len(rows) != 1:
        raise ConfigError(f"{len(rows)} people have this email. Say --profile instead.")
    return str(rows[0][0])
