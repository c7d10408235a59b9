"""Customer.io's Track API v2, from its API reference (read 2026-11-22) unless said otherwise.

- POST /api/v2/batch {"batch": [{type, action, identifiers, attributes}]}; less than 500 KB
- 1,000 items a call, 32 KB an item (two shipping connectors)
- 200, or 207 with errors [{batch_index, reason, field, message}] (the vendor's contribution
  to a shipping connector, 2026-03)
- one identifier an item; identify makes or updates, delete forgets, suppress keeps out
- Basic site_id:api_key; 401 with {"meta": {"error"}}; an empty text removes an attribute
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_SITE, _KEY = "5173", "0000-track"
_FIELDS = {
    "email": "text",
    "first_name": "text",
    "orders": "integer",
    "is_vip": "boolean",
    "born_on": "date",
    "last_order_at": "timestamp",
}


class CustomerIo(Server):
    destination = "customerio"
    cases = (
        Case("people", "mirror", match="id", fields=_FIELDS, text="first_name"),
        Case("people", match="email", fields=_FIELDS, text="first_name"),
    )
    environment = {"TEST_CUSTOMERIO_KEY": _KEY}
    settings = {"token_env": "TEST_CUSTOMERIO_KEY", "site_id": _SITE}
    max_body = 500_000

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.people: list[dict[str, Any]] = []
        self.suppressed: set[str] = set()

    def authorise(self, call: Call) -> None:
        basic = b64encode(f"{_SITE}:{_KEY}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {basic}":
            raise Refused(Reply(401, {"meta": {"error": "Unauthorized"}}))

    @route("POST", "/api/v2/batch")
    def batch(self, call: Call) -> Reply:
        items = only(call.json, ("batch",))["batch"]
        if len(items) > 1000:
            self.violations.append(f"{len(items)} items in a call")
        errors = []
        for index, item in enumerate(items):
            if problem := self._apply(item):
                errors.append({"batch_index": index, **problem})
        return Reply(207, {"errors": errors}) if errors else Reply(200, {})

    def _apply(self, item: dict[str, Any]) -> dict[str, str]:
        only(item, ("type", "action", "identifiers"), ("attributes",))
        if len(json.dumps(item, ensure_ascii=False).encode()) > 33_000:
            self.violations.append("an item over 32 KB")
        ((kind, value),) = item["identifiers"].items()
        if item["type"] != "person" or kind not in ("id", "email"):
            return {"reason": "invalid", "field": "identifiers", "message": "unknown"}
        if not value:
            return {"reason": "required", "field": kind, "message": f"{kind} is required"}
        if item["action"] == "suppress":
            self.suppressed.add(value)
        known = [person for person in self.people if person.get(kind) == value]
        if item["action"] in ("delete", "suppress"):
            self.people = [person for person in self.people if person not in known]
            return {}
        email = value if kind == "email" else item["attributes"].get("email", "@")
        if item["action"] != "identify" or "@" not in email:
            return {"reason": "invalid", "field": "email", "message": f"{email} is not valid"}
        if not known:
            self.people.append({})
        person = known[0] if known else self.people[-1]
        person |= {kind: value, **item["attributes"]}
        for name in [name for name, given in person.items() if given == ""]:
            del person[name]
        return {}

    # --- what the suite asks ------------------------------------------------------------

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def held(self, case: Case, row: Row) -> object:
        found = [person for person in self.people if person.get(case.match) == row.id]
        return {name: value for name, value in found[0].items() if name != "id"} if found else None

    def wanted(self, case: Case, row: Row) -> object:
        return {name: _written_as(value) for name, value in row.fields.items()}

    def count(self, case: Case) -> int:
        return len(self.people)

    def everything(self) -> str:
        return json.dumps([self.people, sorted(self.suppressed)])


def _written_as(value: Any) -> Any:
    """Times in epoch seconds."""
    if hasattr(value, "hour"):
        return int((value - type(value)(1970, 1, 1)).total_seconds())
    if hasattr(value, "toordinal"):
        return (value.toordinal() - type(value)(1970, 1, 1).toordinal()) * 86_400
    return value


BENCH = CustomerIo
