"""A webhook's receiving end, by the Standard Webhooks specification 1.0.

Signatures are verified by the specification's reference library; a webhook-id is applied
once ("use webhook-id as an idempotency key"). The body is the module's own contract, as
docs/destinations/webhook.md states it.
"""

from __future__ import annotations

import json
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(Server):
    destination = "webhook"
    cases = (
        Case(
            "rows",
            "mirror",
            fields={"email": "text", "name": "text", "orders": "integer", "seen_at": "timestamp"},
            text="name",
        ),
    )
    environment = {"TEST_WEBHOOK_SECRET": _SECRET}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.people: dict[str, dict[str, Any]] = {}
        self.seen: set[str] = set()

    def options(self, case: Case) -> dict[str, Any]:
        return {
            "url": f"{self.url}/hook",
            "secret_env": "TEST_WEBHOOK_SECRET",
            "allow_private": True,
        }

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def authorise(self, call: Call) -> None:
        try:
            Webhook(_SECRET).verify(call.body, dict(call.headers))
        except WebhookVerificationError:
            raise Refused(Reply(401)) from None

    @route("POST", "/hook")
    def take(self, call: Call) -> Reply:
        if call.headers.get("idempotency-key") != call.headers["webhook-id"]:
            self.violations.append("the idempotency key is not the message's id")
        message = only(call.json, ("sync", "object", "operation", "purpose", "rows"))
        rejected = [
            {"id": row["id"], "code": "bad_email", "message": f"{row['fields']['email']} is none"}
            for row in message["rows"]
            if "@" not in row.get("fields", {}).get("email", "@")
        ]
        if call.headers["webhook-id"] not in self.seen:
            self.seen.add(call.headers["webhook-id"])
            self._apply(message, {item["id"] for item in rejected})
        return Reply(200, {"rejected": rejected})

    def _apply(self, message: dict[str, Any], rejected: set[str]) -> None:
        for row in message["rows"]:
            if message["operation"] == "upsert":
                only(row, ("id", "fields"))
                if row["id"] not in rejected:
                    self.people[row["id"]] = row["fields"]
            else:
                assert message["operation"] in ("remove", "erase")
                only(row, ("id",))
                self.people.pop(row["id"], None)

    def held(self, case: Case, row: Row) -> object:
        return self.people.get(row.id)

    def wanted(self, case: Case, row: Row) -> object:
        seen_at = row.fields["seen_at"]
        return {**row.fields, "seen_at": seen_at and f"{seen_at:%Y-%m-%dT%H:%M:%S}Z"}

    def count(self, case: Case) -> int:
        return len(self.people)

    def everything(self) -> str:
        return json.dumps(self.people)


BENCH = Receiver
