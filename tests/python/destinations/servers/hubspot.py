"""HubSpot's CRM, from its API reference 2026-03 (read 2026-11-22) unless said otherwise.

- batch endpoints answer 200, or 207 with `errors` beside `results`; an error names its
  inputs in context.objectWriteTraceId (guide "Error handling", multi-status errors)
- batch/upsert requires idProperty, batch/update takes record ids (reference; the vendor's
  words: "Unable to perform update/upsert by non-unique … property")
- property values are strings; an empty string clears (reference of batch/update)
- 100 inputs a call (shipping connectors; the specification has no maxItems)
- 429 has policyName and x-hubspot-ratelimit-interval-milliseconds (guide "Usage limits")
- list memberships: bare arrays of record ids; the answer has recordsIdsAdded,
  recordIdsMissing, recordIdsRemoved (reference of lists)
- gdpr-delete answers 204; archived records can be restored for 90 days (reference)
"""

from __future__ import annotations

import json
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_TOKEN = "pat-na1-0000"
_TYPES = {
    "contacts": {
        "email": "string",
        "firstname": "string",
        "cdp_id": "string",
        "cdp_orders": "number",
        "cdp_is_vip": "bool",
        "cdp_born_on": "date",
        "cdp_last_order_at": "datetime",
        "hs_object_id": "number",
    },
    "companies": {"cdp_id": "string", "name": "string", "annualrevenue": "number"},
    "deals": {"cdp_id": "string", "dealname": "string", "amount": "number"},
}
_CONTACT = {
    "email": "text",
    "firstname": "text",
    "cdp_id": "text",
    "cdp_orders": "integer",
    "cdp_is_vip": "boolean",
    "cdp_born_on": "date",
    "cdp_last_order_at": "timestamp",
}


class HubSpot(Server):
    destination = "hubspot"
    cases = (
        Case("contacts", match="cdp_id", fields=_CONTACT, text="firstname"),
        Case("contacts", "mirror", match="email", fields=_CONTACT, text="firstname"),
        Case(
            "companies", match="cdp_id", text="name",
            fields={"cdp_id": "text", "name": "text", "annualrevenue": "float"},
        ),
        Case(
            "deals", "mirror", match="cdp_id", text="dealname",
            fields={"cdp_id": "text", "dealname": "text", "amount": "float"},
        ),
        Case(
            "list", "mirror", match="email", fields={"email": "text"}, options={"list_id": "7"},
            refuses=False, adopts=False,
        ),
    )  # fmt: skip
    environment = {"TEST_HUBSPOT_TOKEN": _TOKEN}
    settings = {"token_env": "TEST_HUBSPOT_TOKEN"}
    throttle_seconds = 10

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.records: dict[str, dict[str, dict[str, str]]] = {name: {} for name in _TYPES}
        self.archived: dict[str, dict[str, str]] = {}
        self.members: set[str] = set()
        self.blocked: set[str] = set()
        self.last_id = 500

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_TOKEN}":
            raise Refused(_error(401, "INVALID_AUTHENTICATION", "Authentication not found"))

    def throttled(self) -> Reply:
        body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}
        return Reply(429, body, {"x-hubspot-ratelimit-interval-milliseconds": "10000"})

    # --- what the vendor answers --------------------------------------------------------

    @route("GET", r"/crm/properties/2026-03/(\w+)", writes=False)
    def properties(self, call: Call) -> Reply:
        found = [
            {
                "name": name,
                "type": kind,
                "hasUniqueValue": name == "cdp_id",
                "modificationMetadata": {"readOnlyValue": name == "hs_object_id"},
            }
            for name, kind in self._known(call.parts[0]).items()
        ]
        return Reply(200, {"results": found})

    @route("POST", r"/crm/objects/2026-03/(\w+)/batch/upsert")
    def upsert(self, call: Call) -> Reply:
        inputs = self._inputs(call, ("id", "properties", "idProperty"), ("objectWriteTraceId",))
        for item in inputs:
            if item["idProperty"] not in ("email", "cdp_id"):
                message = f"Unable to perform update/upsert by non-unique {item['idProperty']}"
                raise Refused(_error(400, "VALIDATION_ERROR", message))
        return self._written(call.parts[0], inputs, self._upsert)

    @route("POST", r"/crm/objects/2026-03/(\w+)/batch/update")
    def update(self, call: Call) -> Reply:
        inputs = self._inputs(call, ("id", "properties"), ("objectWriteTraceId",))
        return self._written(call.parts[0], inputs, self._update)

    @route("POST", r"/crm/objects/2026-03/(\w+)/batch/archive")
    def archive(self, call: Call) -> Reply:
        for item in self._inputs(call, ("id",)):
            if (found := self.records[call.parts[0]].pop(item["id"], None)) is not None:
                self.archived[item["id"]] = found
        return Reply(204)

    @route("POST", r"/crm/objects/2026-03/(\w+)/batch/read", writes=False)
    def read(self, call: Call) -> Reply:
        body = only(call.json, ("inputs", "properties"), ("idProperty", "propertiesWithHistory"))
        results = []
        for item in self._at_most(body["inputs"]):
            only(item, ("id",))
            found = self._find(call.parts[0], body["idProperty"], item["id"])
            results += [self._shown(call.parts[0], record) for record in found]
        return Reply(200 if len(results) == len(body["inputs"]) else 207, {"results": results})

    @route("POST", r"/crm/objects/2026-03/(\w+)/search", writes=False)
    def search(self, call: Call) -> Reply:
        body = only(
            call.json, ("filterGroups",), ("properties", "limit", "after", "sorts", "query")
        )
        (group,) = body["filterGroups"]
        (given,) = group["filters"]
        only(given, ("propertyName", "operator", "values"))
        if given["operator"] != "IN" or any(value != value.lower() for value in given["values"]):
            raise Refused(_error(400, "VALIDATION_ERROR", "IN takes values in lower case"))
        found = [
            record_id
            for record_id, record in self.records[call.parts[0]].items()
            if record.get(given["propertyName"], "").lower() in given["values"]
        ]
        start, limit = int(body["after"]), min(body["limit"], 2)  # small pages, to be paged
        page = [self._shown(call.parts[0], record_id) for record_id in found[start : start + limit]]
        more = {"paging": {"next": {"after": str(start + limit)}}} if found[start + limit :] else {}
        return Reply(200, {"total": len(found), "results": page, **more})

    @route("POST", r"/crm/objects/2026-03/contacts/gdpr-delete")
    def forget(self, call: Call) -> Reply:
        body = only(call.json, ("objectId",), ("idProperty",))
        if body.get("idProperty") == "email":
            self.blocked.add(body["objectId"])  # unknown: may never be used again
        self.records["contacts"].pop(body["objectId"], None)
        self.members.discard(body["objectId"])
        return Reply(204)

    @route("PUT", r"/crm/lists/2026-03/7/memberships/(add|remove)")
    def memberships(self, call: Call) -> Reply:
        ids = call.json
        if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
            raise Refused(_error(400, "VALIDATION_ERROR", "an array of record ids"))
        known = {item for item in ids if item in self.records["contacts"]}
        before = set(self.members)
        self.members = before | known if call.parts[0] == "add" else before - known
        return Reply(
            200,
            {
                "recordsIdsAdded": sorted(self.members - before),
                "recordIdsRemoved": sorted(before - self.members),
                "recordIdsMissing": sorted(set(ids) - known),
            },
        )

    # --- how it keeps it ----------------------------------------------------------------

    def _known(self, kind: str) -> dict[str, str]:
        if kind not in _TYPES:
            raise Refused(_error(404, "OBJECT_NOT_FOUND", "Unable to infer object type"))
        return _TYPES[kind]

    def _at_most(self, inputs: list[Any]) -> list[Any]:
        if len(inputs) > 100:
            self.violations.append(f"{len(inputs)} inputs in a call")
            raise Refused(_error(400, "VALIDATION_ERROR", "at most 100 inputs"))
        return inputs

    def _inputs(
        self, call: Call, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        kind = call.parts[0]
        inputs = self._at_most(only(call.json, ("inputs",))["inputs"])
        for item in inputs:
            only(item, required, optional)
            for name, value in item.get("properties", {}).items():
                if name not in self._known(kind):
                    raise Refused(_error(400, "VALIDATION_ERROR", "", "PROPERTY_DOESNT_EXIST"))
                if not isinstance(value, str):
                    raise Refused(_error(400, "VALIDATION_ERROR", f"{name} is no string"))
                if self._known(kind)[name] == "number" and not _is_number(value):
                    raise Refused(_error(400, "VALIDATION_ERROR", "", "INVALID_LONG"))
        ids = [item["id"] for item in inputs]
        if len(set(ids)) < len(ids):
            raise Refused(_error(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input"))
        return inputs

    def _written(self, kind: str, inputs: list[dict[str, Any]], write: Any) -> Reply:
        results, errors = [], []
        for item in inputs:
            trace = {"objectWriteTraceId": item.get("objectWriteTraceId")}
            try:
                record_id, is_new = write(kind, item)
                results.append({**self._shown(kind, record_id), **trace, "new": is_new})
            except Refused as refusal:
                context = {"context": {name: [value] for name, value in trace.items() if value}}
                errors.append(refusal.reply.body | context)
        body = {"status": "COMPLETE", "results": results}
        return (
            Reply(207, body | {"errors": errors, "numErrors": len(errors)})
            if errors
            else Reply(200, body)
        )

    def _upsert(self, kind: str, item: dict[str, Any]) -> tuple[str, bool]:
        found = self._find(kind, item["idProperty"], item["id"])
        if found:
            return self._update(kind, {**item, "id": found[0]})
        self.last_id += 1
        record_id = str(self.last_id)
        self._put(kind, record_id, {item["idProperty"]: item["id"]} | item["properties"])
        return record_id, True

    def _update(self, kind: str, item: dict[str, Any]) -> tuple[str, bool]:
        if item["id"] not in self.records[kind]:
            raise Refused(_error(404, "OBJECT_NOT_FOUND", f"no {item['id']}"))
        self._put(kind, item["id"], item["properties"])
        return item["id"], False

    def _put(self, kind: str, record_id: str, properties: dict[str, str]) -> None:
        email = properties.get("email", "").lower()
        if email and "@" not in email:
            raise Refused(_error(400, "VALIDATION_ERROR", f"{email} is not valid", "INVALID_EMAIL"))
        if email and (
            email in self.blocked or self._find(kind, "email", email) not in ([], [record_id])
        ):
            raise Refused(_error(409, "CONFLICT", "Contact already exists"))
        kept = self.records[kind].get(record_id, {}) | properties
        self.records[kind][record_id] = {name: value for name, value in kept.items() if value}

    def _find(self, kind: str, name: str, value: str) -> list[str]:
        value = value.lower() if name == "email" else value
        return [key for key, record in self.records[kind].items() if record.get(name) == value]

    def _shown(self, kind: str, record_id: str) -> dict[str, Any]:
        return {"id": record_id, "properties": self.records[kind][record_id], "archived": False}

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        row = super().row(case, number, **changes)
        if case.target_object == "list" and not self._find("contacts", "email", row.id):
            self._upsert("contacts", {"idProperty": "email", "id": row.id, "properties": {}})
        return row

    def bad_row(self, case: Case, number: int) -> Row:
        wrong = {"contacts": "email", "companies": "annualrevenue", "deals": "amount"}
        return self.row(case, number, **{wrong[case.target_object]: "nobody"})

    def seed(self, case: Case, row: Row) -> str:
        if case.target_object == "list":
            return self._find("contacts", "email", row.id)[0]
        properties = {case.match: row.id}
        return self._upsert(
            case.target_object, {"idProperty": case.match, "id": row.id, "properties": properties}
        )[0]

    def held(self, case: Case, row: Row) -> object:
        kind = "contacts" if case.target_object == "list" else case.target_object
        found = self._find(kind, case.match, row.id)
        if case.target_object == "list":
            return (found and found[0] in self.members) or None
        return self.records[kind][found[0]] if found else None

    def wanted(self, case: Case, row: Row) -> object:
        if case.target_object == "list":
            return True
        texts = {name: _written_as(value) for name, value in row.fields.items()}
        return {name: text for name, text in texts.items() if text}

    def count(self, case: Case) -> int:
        is_list = case.target_object == "list"
        return len(self.members if is_list else self.records[case.target_object])

    def everything(self) -> str:
        return json.dumps([self.records, self.archived, sorted(self.blocked)])


def _error(status: int, category: str, message: str, code: str = "") -> Reply:
    body: dict[str, Any] = {"status": "error", "category": category, "message": message}
    if code:
        body["errors"] = [{"message": message, "code": code}]
    return Reply(status, body)


def _is_number(value: str) -> bool:
    try:
        float(value or "0")
    except ValueError:
        return False
    return True


def _written_as(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else str(value)


BENCH = HubSpot
