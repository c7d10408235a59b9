"""Intercom 2.16, from its API reference (read 2026-11-22) unless said otherwise.

- POST /contacts: role, and external_id or email of a user; 409 "A contact matching those
  details already exists with id=…", or "An archived contact …" (create a contact, and the
  vendor's change of its documents of 2026-06-08)
- PUT /contacts/{id}: what is given; POST …/archive, …/unarchive; DELETE for good
- POST /contacts/{id}/tags {id}, DELETE …/tags/{id}, GET /tags/{id} (specification 8889625)
- POST /contacts/search: one filter {field, operator, value}, IN takes a list; cursor
  pages.next.starting_after; new contacts may be missing for minutes (search contacts)
- Intercom-Version is one of an enumeration (specification 8889625)
- an unknown custom attribute: 422; times in epoch seconds; 429 with X-RateLimit-Reset
"""

from __future__ import annotations

import json
import time
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_TOKEN = "dG9rOjAwMDA="
_OWN = ("external_id", "email", "phone", "name", "signed_up_at")
_CUSTOM = {
    "cdp_tier": "string",
    "cdp_orders": "integer",
    "cdp_is_vip": "boolean",
    "cdp_last_order_at": "date",
    "cdp_born_on": "string",
}
_FIELDS = {
    "external_id": "text",
    "email": "text",
    "name": "text",
    "signed_up_at": "timestamp",
    "cdp_tier": "text",
    "cdp_orders": "integer",
    "cdp_is_vip": "boolean",
    "cdp_last_order_at": "timestamp",
    "cdp_born_on": "date",
}


class Intercom(Server):
    destination = "intercom"
    cases = (
        Case("contacts", match="external_id", fields=_FIELDS, text="name"),
        Case("contacts", "mirror", match="email", fields=_FIELDS, text="name"),
        Case(
            "tag", "audience", match="email", fields={"email": "text"}, options={"tag_id": "42"},
            refuses=False, adopts=False,
        ),
    )  # fmt: skip
    environment = {"TEST_INTERCOM_TOKEN": _TOKEN}
    settings = {"token_env": "TEST_INTERCOM_TOKEN"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.contacts: dict[str, dict[str, Any]] = {}
        self.archived: set[str] = set()
        self.tagged: set[str] = set()
        self.lags = False  # whether the search does not see anybody yet
        self.last_id = 0

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_TOKEN}":
            raise Refused(_error(401, "unauthorized", "Access Token Invalid"))
        if call.headers.get("intercom-version") != "2.16":
            raise Refused(_error(400, "intercom_version_invalid", "no such version"))

    def throttled(self) -> Reply:
        reset = {"x-ratelimit-reset": str(int(time.time()) + 9)}
        return Reply(429, _error(429, "rate_limit_exceeded", "too many").body, reset)

    # --- what the vendor answers --------------------------------------------------------

    @route("GET", "/data_attributes", writes=False)
    def data_attributes(self, call: Call) -> Reply:
        assert call.query == {"model": ["contact"]}
        own = [{"name": "id", "data_type": "string", "custom": False, "api_writable": False}]
        custom = [
            {"name": name, "data_type": kind, "custom": True, "api_writable": True}
            for name, kind in _CUSTOM.items()
        ]
        return Reply(200, {"type": "list", "data": own + custom})

    @route("POST", "/contacts")
    def create(self, call: Call) -> Reply:
        contact = self._checked(only(call.json, ("role",), (*_OWN, "custom_attributes")))
        if contact.pop("role") not in ("user", "lead"):
            raise Refused(_error(400, "parameter_invalid", "role"))
        if not (contact.get("external_id") or contact.get("email")):
            raise Refused(_error(400, "parameter_not_found", "external_id or email"))
        for field in ("external_id", "email"):
            for found in self._with(field, contact.get(field)):
                which = "An archived contact" if found in self.archived else "A contact"
                message = f"{which} matching those details already exists with id={found}"
                raise Refused(_error(409, "conflict", message))
        self.last_id += 1
        key = f"{self.last_id:024x}"
        return Reply(200, self._write(key, contact))

    @route("PUT", "/contacts/([0-9a-f]{24})")
    def update(self, call: Call) -> Reply:
        contact = self._checked(only(call.json, (), (*_OWN, "custom_attributes")))
        return Reply(200, self._write(self._there(call.parts[0]), contact))

    @route("POST", "/contacts/([0-9a-f]{24})/(archive|unarchive)")
    def archive(self, call: Call) -> Reply:
        key, what = call.parts
        if key not in self.contacts:
            raise Refused(_error(404, "not_found", "User Not Found"))
        (self.archived.add if what == "archive" else self.archived.discard)(key)
        return Reply(200, {"type": "contact", "id": key, "archived": what == "archive"})

    @route("DELETE", "/contacts/([0-9a-f]{24})")
    def delete(self, call: Call) -> Reply:
        if self.contacts.pop(call.parts[0], None) is None:
            raise Refused(_error(404, "not_found", "User Not Found"))
        self.archived.discard(call.parts[0])
        self.tagged.discard(call.parts[0])
        return Reply(200, {"type": "contact", "id": call.parts[0], "deleted": True})

    @route("GET", r"/tags/(\d+)", writes=False)
    def tag(self, call: Call) -> Reply:
        if call.parts[0] != "42":
            raise Refused(_error(404, "not_found", "Tag Not Found"))
        return Reply(200, {"type": "tag", "id": "42", "name": "Lapsing"})

    @route("POST", "/contacts/([0-9a-f]{24})/tags")
    def give(self, call: Call) -> Reply:
        if only(call.json, ("id",))["id"] != "42":
            raise Refused(_error(404, "not_found", "Tag Not Found"))
        self.tagged.add(self._there(call.parts[0]))
        return Reply(200, {"type": "tag", "id": "42"})

    @route("DELETE", "/contacts/([0-9a-f]{24})/tags/42")
    def take(self, call: Call) -> Reply:
        self.tagged.discard(self._there(call.parts[0]))
        return Reply(200, {"type": "tag", "id": "42"})

    @route("POST", "/contacts/search", writes=False)
    def search(self, call: Call) -> Reply:
        """Pages of two."""
        body = only(call.json, ("query",), ("pagination",))
        query = only(body["query"], ("field", "operator", "value"))
        if query["operator"] != "IN" or query["field"] not in ("external_id", "email"):
            raise Refused(_error(400, "parameter_invalid", "query"))
        if body["pagination"]["per_page"] > 150:
            raise Refused(_error(400, "parameter_invalid", "per_page"))
        found = [
            key
            for value in query["value"]
            for key in ([] if self.lags else self._with(query["field"], value))
            if key not in self.archived
        ]
        start = int(body["pagination"].get("starting_after", 0))
        more = {"starting_after": str(start + 2), "per_page": 2} if found[start + 2 :] else None
        data = [{"type": "contact", "id": key, **self.contacts[key]} for key in found]
        pages = {"type": "pages", "next": more} if more else {"type": "pages"}
        return Reply(200, {"type": "list", "data": data[start : start + 2], "pages": pages})

    # --- how it keeps it ----------------------------------------------------------------

    def _checked(self, contact: dict[str, Any]) -> dict[str, Any]:
        custom = contact.get("custom_attributes", {})
        if unknown := custom.keys() - _CUSTOM.keys():
            raise Refused(_error(422, "parameter_invalid", f"unknown {sorted(unknown)}"))
        times = [contact.get("signed_up_at"), custom.get("cdp_last_order_at")]
        if any(not isinstance(moment, int | None) for moment in times):
            raise Refused(_error(400, "parameter_invalid", "a time is no integer"))
        if "@" not in contact.get("email", "@"):
            raise Refused(_error(400, "parameter_invalid", f"{contact['email']} is no email"))
        return contact

    def _there(self, key: str) -> str:
        if key not in self.contacts or key in self.archived:
            raise Refused(_error(404, "not_found", "User Not Found"))
        return key

    def _write(self, key: str, contact: dict[str, Any]) -> dict[str, Any]:
        kept = self.contacts.get(key, {})
        custom = kept.get("custom_attributes", {}) | contact.get("custom_attributes", {})
        self.contacts[key] = kept | contact | {"custom_attributes": custom}
        return {"type": "contact", "id": key, **self.contacts[key]}

    def _with(self, field: str, value: Any) -> list[str]:
        wanted = str(value or "").lower()
        return [
            k for k, c in self.contacts.items() if wanted and c.get(field, "").lower() == wanted
        ]

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        row = super().row(case, number, **changes)
        if case.target_object == "tag" and not self._with("email", row.id):
            self.seed(case, row)
        return row

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def seed(self, case: Case, row: Row) -> str:
        self.last_id += 1
        key = f"{self.last_id:024x}"
        self._write(key, {case.match: row.id})
        return key

    def held(self, case: Case, row: Row) -> object:
        found = [key for key in self._with(case.match, row.id) if key not in self.archived]
        if not found:
            return None
        if case.target_object == "tag":
            return found[0] in self.tagged or None
        contact = dict(self.contacts[found[0]])
        return contact | contact.pop("custom_attributes")

    def wanted(self, case: Case, row: Row) -> object:
        is_tag = case.target_object == "tag"
        return is_tag or {name: _written_as(value) for name, value in row.fields.items()}

    def count(self, case: Case) -> int:
        is_tag = case.target_object == "tag"
        return len(self.tagged if is_tag else self.contacts.keys() - self.archived)

    def everything(self) -> str:
        return json.dumps(self.contacts)


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"type": "error.list", "errors": [{"code": code, "message": message}]})


def _written_as(value: Any) -> Any:
    """Times in epoch seconds; the day is an attribute of text."""
    if hasattr(value, "hour"):
        return int((value - type(value)(1970, 1, 1)).total_seconds())
    return value.isoformat() if hasattr(value, "isoformat") else value


BENCH = Intercom
