"""SendGrid Marketing Campaigns, from the vendor's own specification (dbe0e0d, MIT).

Every call and answer must hold against it, hardened (destinations/contract.py). Beside it:

- field_definitions: custom_fields [{id, name, field_type}], reserved_fields [{name,
  field_type, read_only}] (API reference, custom fields, read 2026-11-22)
- the body of an upsert is at most 6 MB (prose of the specification)
- 429 with X-RateLimit-Reset in epoch seconds (API reference, rate limits)
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from cdp.destinations._base import Row
from destinations.contract import Contract, ContractServer
from destinations.servers._base import Call, Case, Refused, Reply, Server, route

__all__ = ["BENCH"]

_KEY = "SG.0000"
_LIST = "11111111-2222-3333-4444-555555555555"
_CUSTOM = {
    "cdp_tier": ("e1_T", "Text"),
    "cdp_orders": ("e2_N", "Number"),
    "cdp_on": ("e3_D", "Date"),
}
_FIELDS = {
    "email": "text",
    "first_name": "text",
    "cdp_tier": "text",
    "cdp_orders": "integer",
    "cdp_on": "date",
}
_IDENTIFIERS = {"email", "phone_number_id", "external_id", "anonymous_id"}


def _contract() -> Contract:
    """The document names one custom field as an example, and calls an id an object."""
    found = Contract(Path(__file__).parents[1] / "specs/sendgrid.json")
    schemas, paths = found.document["components"]["schemas"], found.document["paths"]
    custom = schemas["ContactRequest"]["properties"]["custom_fields"]
    custom["additionalProperties"] = custom.pop("properties")["w1"]
    schemas["ContactDetails3"]["properties"]["custom_fields"] = {"type": "object"}
    deleted = paths["/v3/marketing/contacts"]["delete"]["responses"]["202"]["content"]
    deleted["application/json"]["schema"]["properties"]["job_id"] = {"type": "string"}
    return found


class SendGrid(ContractServer):
    destination = "sendgrid"
    contract = _contract()
    cases = (
        Case("contacts", "mirror", match="email", fields=_FIELDS, text="cdp_tier"),
        Case(
            "contacts", match="external_id", text="cdp_tier",
            fields={**_FIELDS, "external_id": "text"},
        ),
        Case(
            "contacts", "audience", match="email", fields=_FIELDS, text="cdp_tier",
            options={"list_id": _LIST},
        ),
    )  # fmt: skip
    environment = {"TEST_SENDGRID_KEY": _KEY}
    settings = {"token_env": "TEST_SENDGRID_KEY"}
    max_body = 6_000_000

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.contacts: dict[str, dict[str, Any]] = {}
        self.known: dict[tuple[str, str], str] = {}  # identifier → contact
        self.members: set[str] = set()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.last_id = 0
        self.mails: set[str] = set()  # addresses of which something is kept elsewhere

    def answer(self, call: Call) -> Reply | None:
        """The document at hand has no custom fields: they are a document of their own."""
        if call.path == "/v3/marketing/field_definitions":
            return Server.answer(self, call)
        return super().answer(call)

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_KEY}":
            raise Refused(_error(401, "authorization required"))

    def throttled(self) -> Reply:
        reset = {"x-ratelimit-reset": str(int(time.time()) + 9)}
        return Reply(429, {"errors": [{"message": "too many requests"}]}, reset)

    # --- what the vendor answers --------------------------------------------------------

    @route("GET", "/v3/marketing/field_definitions", writes=False)
    def field_definitions(self, call: Call) -> Reply:
        custom = [{"id": i, "name": n, "field_type": kind} for n, (i, kind) in _CUSTOM.items()]
        reserved = [{"id": "_rf2_T", "name": "email", "field_type": "Text"}]
        return Reply(200, {"custom_fields": custom, "reserved_fields": reserved})

    @route("PUT", "/v3/marketing/contacts")
    def put(self, call: Call) -> Reply:
        """Taken as a whole; what is wrong with a contact only its job tells."""
        body = call.json
        if self._unknown_ids(body["contacts"]):
            raise Refused(_error(400, "invalid custom field ids"))
        errors = [self._write(each, body.get("list_ids", [])) for each in body["contacts"]]
        return self._job("upsert", len(errors), sum(errors))

    @route("DELETE", "/v3/marketing/contacts")
    def delete(self, call: Call) -> Reply:
        if "delete_all_contacts" in call.query:
            self.violations.append("everybody was to be deleted")
        for contact in call.query["ids"][0].split(","):
            gone = self.contacts.pop(contact, {})
            for kind in _IDENTIFIERS & gone.keys():
                del self.known[kind, gone[kind]]
            self.members.discard(contact)
        return self._job("delete", 0, 0)

    @route("GET", "/v3/marketing/contacts/imports/([^/]+)", writes=False)
    def job(self, call: Call) -> Reply:
        """Pending when it is first asked for."""
        found = self.jobs.get(call.parts[0])
        if found is None:
            raise Refused(_error(404, "no such job"))
        found["asked"] += 1
        is_over = found["asked"] > 1
        shown = {key: found[key] for key in ("id", "job_type", "results")}
        return Reply(200, shown | {"status": found["status"] if is_over else "pending"})

    @route("POST", r"/v3/marketing/contacts/search/identifiers/(\w+)", writes=False)
    def search(self, call: Call) -> Reply:
        kind, asked = call.parts[0], call.json["identifiers"]
        if len(asked) > 100:
            self.violations.append(f"{len(asked)} identifiers in a search")
        found = {value: self._with(kind, value) for value in asked}
        if not any(found.values()):
            raise Refused(_error(404, "no contacts found"))
        result = {
            value: {"contact": self._shown(contact)} if contact else {"error": "contact not found"}
            for value, contact in found.items()
        }
        return Reply(200, {"result": result})

    @route("GET", "/v3/marketing/lists/([^/]+)", writes=False)
    def list(self, call: Call) -> Reply:
        if call.parts[0] != _LIST:
            raise Refused(_error(404, "list not found"))
        return Reply(200, {"id": _LIST, "name": "Ours", "contact_count": len(self.members)})

    @route("DELETE", f"/v3/marketing/lists/{_LIST}/contacts")
    def take_off(self, call: Call) -> Reply:
        self.members -= set(call.query["contact_ids"][0].split(","))
        return Reply(202, {"job_id": "a-removal"})

    @route("POST", "/v3/recipients/erasejob")
    def erase(self, call: Call) -> Reply:
        emails = call.json["email_addresses"]
        if not all("@" in email for email in emails):
            raise Refused(_error(400, "invalid address"))
        self.mails -= set(emails)
        return Reply(202, {"job_id": "an-erasure"})

    # --- how it keeps it ----------------------------------------------------------------

    def _unknown_ids(self, contacts: list[dict[str, Any]]) -> set[str]:
        sent = {name for each in contacts for name in each.get("custom_fields", {})}
        return sent - {field_id for field_id, _ in _CUSTOM.values()}

    def _job(self, kind: str, requested: int, errors: int) -> Reply:
        status = "completed" if not errors else "failed" if errors == requested else "errored"
        job_id = f"job-{len(self.jobs)}"
        results = {"requested_count": requested, "errored_count": errors}
        self.jobs[job_id] = {
            "id": job_id, "job_type": kind, "status": status, "results": results, "asked": 0,
        }  # fmt: skip
        return Reply(202, {"job_id": job_id})

    def _write(self, contact: dict[str, Any], lists: list[str]) -> bool:
        """Whether it was wrong. All identifiers that a contact has must be in an update."""
        contact = dict(contact)
        if "@" not in contact.get("email", "@"):
            return True
        if "email" in contact:
            contact["email"] = contact["email"].lower()
        known = {
            found for kind in _IDENTIFIERS if (found := self._with(kind, contact.get(kind, "")))
        }
        if len(known) > 1:
            return True
        key = next(iter(known)) if known else self._new_id()
        kept = self.contacts.get(key, {})
        if any(kept.get(kind) and kept[kind] != contact.get(kind) for kind in _IDENTIFIERS):
            return True
        custom = kept.get("custom_fields", {}) | contact.get("custom_fields", {})
        self.contacts[key] = kept | contact | {"custom_fields": custom}
        self.known |= {(kind, contact[kind]): key for kind in _IDENTIFIERS & contact.keys()}
        self.members |= {key} if _LIST in lists else set()
        self.mails.add(contact.get("email", ""))
        return False

    def _new_id(self) -> str:
        self.last_id += 1
        return str(UUID(int=self.last_id))

    def _with(self, kind: str, value: str) -> str | None:
        return self.known.get((kind, value.lower() if kind == "email" else value))

    def _shown(self, key: str) -> dict[str, Any]:
        moment = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
        lists = [_LIST] if key in self.members else []
        return {"id": key, "list_ids": lists, "segment_ids": [], **moment, **self.contacts[key]}

    # --- what the suite asks ------------------------------------------------------------

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def held(self, case: Case, row: Row) -> object:
        found = self._with(case.match, row.id)
        if found is None or (case.options and found not in self.members):
            return None
        kept = dict(self.contacts[found])
        names = {field_id: name for name, (field_id, _) in _CUSTOM.items()}
        return kept | {names[key]: value for key, value in kept.pop("custom_fields").items()}

    def wanted(self, case: Case, row: Row) -> object:
        return {name: str(value) for name, value in row.fields.items()}

    def count(self, case: Case) -> int:
        return len(self.members if case.options else self.contacts)

    def everything(self) -> str:
        return json.dumps([self.contacts, sorted(self.mails)])


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"errors": [{"message": message}]})


BENCH = SendGrid
