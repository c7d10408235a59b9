"""A report by mail when a segment changes: sizes and counts, and nobody's data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from cdp.destinations._base import Batch, Delivery, Destination, Fact, Outcome, Person
from cdp.destinations._mail import MailOptions, password_of, send_mail, try_mail

__all__ = ["DESTINATION", "EmailReport"]

_LINES = {
    "desired": "in the segment", "create": "new", "update": "changed", "remove": "left",
    "withheld": "withheld",
}  # fmt: skip


class EmailReport(Destination):
    """One mail a run that finds something changed."""

    title = "E-mail report"
    summary = "One mail a run that finds something changed: sizes and counts, nobody's data."
    modes = frozenset({"mirror", "audience", "upsert"})
    default_object = "report"
    options = MailOptions
    is_idempotent = False
    holds_rows = False
    batch_rows = 10_000
    erases = "Nothing of a person is sent, so nothing has to go: a report has counts alone."
    known_on = "2026-11-22"
    facts = (
        Fact("4yz may be tried again, 5yz may not", "RFC 5321, 4.2.1"),
        Fact("a mail made by a machine says so, and is not answered by one", "RFC 3834, 5"),
        Fact("fields are not sent; they decide who counts as changed", "this module"),
    )
    verified = "the SMTP server of aiosmtpd, in the tests"
    example = MappingProxyType(
        {
            "cdp_destination": "email_report",
            "cdp_object": "report",
            "cdp_mode": "mirror",
            "cdp_purpose": "service",
            "cdp_fields": {"stage": "lifecycle_stage"},
            "cdp_options": {
                "server": "smtp.example.com",
                "user": "reports@example.com",
                "password_env": "DBT_ENV_SECRET_SMTP_PASSWORD",
                "sender": "reports@example.com",
                "to": ["retention@example.com"],
            },
        }
    )
    _options: MailOptions

    @classmethod
    def place(cls, target_object: str, options: MailOptions) -> str:
        """The server, and a hash of the addresses."""
        digest = hashlib.sha256("\n".join(sorted(options.to)).encode()).hexdigest()[:8]
        return f"email_report:{options.server}/{digest}"

    def __init__(self, delivery: Delivery, options: MailOptions) -> None:
        super().__init__(delivery, options)
        self._password = password_of(options)

    def check(self) -> Iterator[str]:
        """Also whether the server lets us in."""
        yield from super().check()
        yield from try_mail(self._options, self._password)

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Nothing yet: the mail has the plan's counts."""
        return [Outcome("accepted") for _ in batch.rows]

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """As upsert."""
        return [Outcome("accepted") for _ in batch.rows]

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Nobody is in a report."""
        return [Outcome("acknowledged") for _ in people]

    def finish(self) -> None:
        """Send the mail."""
        counts, delivery = self._delivery.counts, self._delivery
        size, new, left = (counts.get(name, 0) for name in ("desired", "create", "remove"))
        subject = f"{delivery.sync}: {size:,} in the segment, {new:,} new, {left:,} left"
        send_mail(self._options, self._password, subject, self._text(), delivery.run_id)

    def _text(self) -> str:
        counts = self._delivery.counts
        lines = [f"{said:<24}{counts.get(name, 0):>12,}" for name, said in _LINES.items()]
        reasons = sorted(name for name in counts if name.startswith("withheld "))
        lines += [f"  {name.partition(' ')[2]:<22}{counts[name]:>12,}" for name in reasons]
        return "\n".join([f"Run {self._delivery.run_id}", "", *lines, ""])


DESTINATION = EmailReport
