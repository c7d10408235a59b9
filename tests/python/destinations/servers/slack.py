"""Slack's incoming webhooks, from the vendor's documentation unless said otherwise.

- POST to https://hooks.slack.com/services/T…/B…/…, the address being the credentials; 200
  with the text "ok" (incoming webhooks)
- 404 no_service for an address that is none, 400 invalid_payload, no_text (handling errors)
- 429 with Retry-After, a message a second (rate limits)
- a text over 40,000 characters is cut (chat.postMessage); & < > must be escaped (formatting)
"""

from __future__ import annotations

import re
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_PATH = "/services/T000/B000/0000aaaa"
_FIELDS = {"email": "text", "name": "text", "orders": "integer"}


class Slack(Server):
    destination = "slack"
    cases = (Case("digest", "append", fields=_FIELDS, text="name", refuses=False),)
    environment = {"TEST_SLACK_WEBHOOK": f"https://hooks.slack.com{_PATH}"}
    settings = {"url_env": "TEST_SLACK_WEBHOOK", "rows": 500}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.messages: list[str] = []

    def authorise(self, call: Call) -> None:
        if call.path != _PATH:
            raise Refused(Reply(404, "no_service"))

    @route("POST", "/services/(.+)")
    def post(self, call: Call) -> Reply:
        body = only(call.json, ("text",), ("mrkdwn", "unfurl_links", "unfurl_media", "blocks"))
        if not body["text"]:
            raise Refused(Reply(400, "no_text"))
        if len(body["text"]) > 40_000:
            self.violations.append("a text that is cut")
        if re.search(r"[<>]|&(?!amp;|lt;|gt;)", body["text"]):
            self.violations.append("a text that may mention a channel")
        self.messages.append(body["text"])
        return Reply(200, "ok", {"content-type": "text/html"})

    # --- what the suite asks ------------------------------------------------------------

    def _lines(self) -> list[str]:
        return [line for text in self.messages for line in text.splitlines() if line[0] == "•"]

    def held(self, case: Case, row: Row) -> object:
        found = [line for line in self._lines() if f"email: {row.fields['email']} " in line]
        return found[-1] if found else None

    def wanted(self, case: Case, row: Row) -> object:
        """A line of names and values, on one line."""
        shown = {name: " ".join(str(value).split()) for name, value in row.fields.items()}
        line = " · ".join(f"{name}: {value}" for name, value in shown.items())
        escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"• {escaped}"

    def count(self, case: Case) -> int:
        return len(self._lines())

    def everything(self) -> str:
        return "\n".join(self.messages)


BENCH = Slack
