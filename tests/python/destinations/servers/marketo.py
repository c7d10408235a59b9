"""Marketo's REST API, from the vendor's documentation (read 2026-11-22) unless said otherwise.

- identity: POST of a form (a shipping connector); 401 for a wrong secret (error codes)
- 200 with success false and errors [{code, message}]: 601 invalid token, 602 expired, 606
  "Max rate limit '100' exceeded with in '20' secs" (error codes)
- leads.json: action, lookupField, input of 300; result in order: {id, status} or {status:
  skipped, reasons: [{code, message}]} (error codes, record level; leads)
- 413 over 1 MB; a query as POST with _method=GET in the address (error codes)
- leads/describe.json: {rest: {name, readOnly}, dataType, length} (leads, describe)
- lists/{id}/leads.json: POST adds, DELETE removes, {input: [{id}]} (static lists)
- 1004 lead not found, 1006 field not found, 1015 lead not in list (error codes)
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_CLIENT, _SECRET = "1111-2222", "0000-secret"
_FIELDS = {
    "id": ("integer", True),
    "email": ("email", False),
    "firstName": ("string", False),
    "cdpId": ("string", False),
    "cdpOrders": ("integer", False),
    "cdpIsVip": ("boolean", False),
    "cdpBornOn": ("date", False),
    "cdpLastOrderAt": ("datetime", False),
    "unsubscribed": ("boolean", False),
}
_SENT = {
    "email": "text",
    "firstName": "text",
    "cdpOrders": "integer",
    "cdpIsVip": "boolean",
    "cdpBornOn": "date",
    "cdpLastOrderAt": "timestamp",
}


class Marketo(Server):
    destination = "marketo"
    cases = (
        Case("leads", "mirror", match="email", fields=_SENT, text="firstName"),
        Case("leads", match="cdpId", fields={**_SENT, "cdpId": "text"}, text="firstName"),
        Case(
            "list", "audience", match="email", fields={"email": "text"},
            options={"list_id": "1001"}, refuses=False, adopts=False,
        ),
    )  # fmt: skip
    environment = {"TEST_MARKETO_SECRET": _SECRET}
    settings = {
        "secret_env": "TEST_MARKETO_SECRET",
        "client_id": _CLIENT,
        "munchkin_id": "123-ABC-456",
    }
    max_body = 1_000_000
    throttle_seconds = 20

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.leads: dict[int, dict[str, Any]] = {}
        self.members: set[int] = set()
        self.tokens: list[str] = []
        self.is_over = False  # whether the last token is
        self.last_id = 300

    def authorise(self, call: Call) -> None:
        if call.path == "/identity/oauth/token":
            return
        given = call.headers.get("authorization", "").removeprefix("Bearer ")
        if "access_token" in call.query:
            self.violations.append("a token in an address")
        if not self.tokens or given != self.tokens[-1]:
            raise Refused(_error("601", "Access token invalid"))
        if self.is_over:
            raise Refused(_error("602", "Access token expired"))

    def throttled(self) -> Reply:
        return _error("606", "Max rate limit '100' exceeded with in '20' secs")

    # --- what the vendor answers --------------------------------------------------------

    @route("POST", "/identity/oauth/token", writes=False)
    def token(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        wanted = {"grant_type": "client_credentials"}
        if form != wanted | {"client_id": _CLIENT, "client_secret": _SECRET}:
            raise Refused(Reply(401, {"error": "unauthorized"}))
        self.tokens.append(f"token-{len(self.tokens)}")
        self.is_over = False
        answer = {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 3599}
        return Reply(200, answer)

    @route("GET", "/rest/v1/leads/describe.json", writes=False)
    def describe(self, call: Call) -> Reply:
        fields = [
            {"dataType": kind, "rest": {"name": name, "readOnly": is_read_only}}
            | ({"length": 255} if kind == "email" else {})
            for name, (kind, is_read_only) in _FIELDS.items()
        ]
        return _result([*fields, {"dataType": "string", "soap": {"name": "Old"}}])

    @route("POST", "/rest/v1/leads.json")
    def post(self, call: Call) -> Reply:
        return self._query(call) if call.query.get("_method") == ["GET"] else self._sync(call)

    def _query(self, call: Call) -> Reply:
        """Pages of two."""
        query = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        only(query, ("filterType", "filterValues"), ("fields", "batchSize", "nextPageToken"))
        field, values = query["filterType"], query["filterValues"].split(",")
        if field not in _FIELDS or len(values) > 300 or int(query["batchSize"]) > 300:
            raise Refused(_error("1003", "Invalid filter"))
        found = [key for value in dict.fromkeys(values) for key in self._with(field, value)]
        start = int(query.get("nextPageToken", 0))
        page = [{"id": key, field: self.leads[key].get(field)} for key in found[start : start + 2]]
        more = {"nextPageToken": str(start + 2)} if found[start + 2 :] else {}
        return Reply(200, {"requestId": "q", "success": True, "result": page, **more})

    def _sync(self, call: Call) -> Reply:
        body = only(call.json, ("input",), ("action", "lookupField"))
        leads = self._at_most(body["input"])
        if body["action"] not in ("createOrUpdate", "updateOnly", "createOnly"):
            raise Refused(_error("1003", "Invalid action"))
        if unknown := {name for lead in leads for name in lead} - _FIELDS.keys():
            raise Refused(_error("1006", f"Field '{sorted(unknown)[0]}' not found"))
        by = body.get("lookupField", "email")
        return _result([self._write(lead, body["action"], by) for lead in leads])

    @route("POST", "/rest/v1/leads/delete.json")
    def delete(self, call: Call) -> Reply:
        results = []
        for lead in self._at_most(only(call.json, ("input",))["input"]):
            gone = self.leads.pop(only(lead, ("id",))["id"], None)
            self.members.discard(lead["id"])
            done = {"id": lead["id"], "status": "deleted"}
            results.append(done if gone else _skipped("1004", "Lead not found"))
        return _result(results)

    @route("POST", "/rest/v1/lists/1001/leads.json")
    def add(self, call: Call) -> Reply:
        results = []
        for lead in self._at_most(only(call.json, ("input",))["input"]):
            is_there = only(lead, ("id",))["id"] in self.leads
            self.members |= {lead["id"]} if is_there else set()
            done = {"id": lead["id"], "status": "added"}
            results.append(done if is_there else _skipped("1004", "Lead not found"))
        return _result(results)

    @route("DELETE", "/rest/v1/lists/1001/leads.json")
    def take_off(self, call: Call) -> Reply:
        results = []
        for lead in self._at_most(only(call.json, ("input",))["input"]):
            is_member = only(lead, ("id",))["id"] in self.members
            self.members.discard(lead["id"])
            done = {"id": lead["id"], "status": "removed"}
            results.append(done if is_member else _skipped("1015", "Lead not in list"))
        return _result(results)

    # --- how it keeps it ----------------------------------------------------------------

    def _at_most(self, leads: list[Any]) -> list[Any]:
        if len(leads) > 300:
            self.violations.append(f"{len(leads)} leads in a call")
            raise Refused(_error("1080", "too many"))
        return leads

    def _write(self, lead: dict[str, Any], action: str, by: str) -> dict[str, Any]:
        if not lead.get(by):
            return _skipped("1002", f"Missing value for required parameter '{by}'")
        if "@" not in (lead.get("email") or "@"):
            return _skipped("1003", f"Invalid email address '{lead['email']}'")
        found = [lead["id"]] if by == "id" and lead["id"] in self.leads else []
        found = found or (self._with(by, str(lead[by])) if by != "id" else [])
        if len(found) > 1:
            return _skipped("1007", "Multiple lead match lookup criteria")
        if not found and action == "updateOnly":
            return _skipped("1004", "Lead not found")
        self.last_id += not found
        key = found[0] if found else self.last_id
        given = {name: value for name, value in lead.items() if name != "id"}
        self.leads[key] = self.leads.get(key, {}) | given
        return {"id": key, "status": "updated" if found else "created"}

    def _with(self, field: str, value: str) -> list[int]:
        return [
            key
            for key, lead in self.leads.items()
            if value and str(lead.get(field) or "").lower() == value.lower()
        ]

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        row = super().row(case, number, **changes)
        if case.target_object == "list" and not self._with("email", row.id):
            self._write({"email": row.id}, "createOrUpdate", "email")
        return row

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def seed(self, case: Case, row: Row) -> str:
        return str(self._write({case.match: row.id}, "createOrUpdate", case.match)["id"])

    def held(self, case: Case, row: Row) -> object:
        found = self._with(case.match, row.id)
        if case.target_object == "list":
            return (found and found[0] in self.members) or None
        return self.leads[found[0]] if found else None

    def wanted(self, case: Case, row: Row) -> object:
        is_list = case.target_object == "list"
        return is_list or {name: _written_as(value) for name, value in row.fields.items()}

    def count(self, case: Case) -> int:
        return len(self.members if case.target_object == "list" else self.leads)

    def everything(self) -> str:
        return json.dumps(self.leads)


def _error(code: str, message: str) -> Reply:
    errors = [{"code": code, "message": message}]
    return Reply(200, {"requestId": "e", "success": False, "errors": errors})


def _result(result: list[Any]) -> Reply:
    return Reply(200, {"requestId": "r", "success": True, "result": result})


def _skipped(code: str, message: str) -> dict[str, Any]:
    return {"status": "skipped", "reasons": [{"code": code, "message": message}]}


def _written_as(value: Any) -> Any:
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if hasattr(value, "isoformat") else value


BENCH = Marketo
