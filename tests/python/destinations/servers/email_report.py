"""A mailbox behind aiosmtpd's SMTP server, which is no code of ours (RFC 5321, 3207, 4954)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cdp.destinations._base import Row
from destinations.servers._base import Bench, Case
from support.smtp import serving_smtp

__all__ = ["BENCH"]

_FIELDS = {"email": "text", "name": "text"}


class Mailbox(Bench):
    destination = "email_report"
    cases = (Case("report", "mirror", fields=_FIELDS, text="name", refuses=False),)
    environment = {"TEST_SMTP_PASSWORD": "test-only"}

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().start(monkeypatch)
        self._serving = serving_smtp(self.folder)
        self.server = self._serving.__enter__()
        monkeypatch.setenv("SSL_CERT_FILE", str(self.server.certificate))

    def stop(self) -> None:
        self._serving.__exit__(None, None, None)

    def options(self, case: Case) -> dict[str, Any]:
        return {
            "server": "127.0.0.1",
            "port": self.server.port,
            "user": "reports",
            "password_env": "TEST_SMTP_PASSWORD",
            "sender": "reports@example.com",
            "to": ["retention@example.com"],
        }

    def held(self, case: Case, row: Row) -> object:
        return None

    def wanted(self, case: Case, row: Row) -> object:
        return None

    def count(self, case: Case) -> int:
        """The size that the latest mail tells."""
        if not self.server.mails:
            return 0
        size = re.search(r"in the segment +([\d,]+)", self.server.mails[-1].get_content())
        assert size
        return int(size[1].replace(",", ""))

    def everything(self) -> str:
        return "\n".join(mail.as_string() for mail in self.server.mails)


BENCH = Mailbox
