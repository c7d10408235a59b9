"""Klaviyo, by its OpenAPI document of revision 2026-07-15 (specs/klaviyo.json), which every
call and answer has to hold, and what its descriptions add:

- 10,000 profiles, 5 MB, 100 KB a profile in an import job (bulk_import_profiles); 1,000
  members a call of a list (add_profiles_to_list); 100 suppressions a job
  (bulk_suppress_profiles); filters by id, email, phone_number, external_id (get_profiles)
- a null clears, what is absent stays (create_or_update_profile); profiles may be patched
  by meta.patch_properties.unset (ProfileMetaPatchProperties)
- an unknown email is made and suppressed (bulk_suppress_profiles)
- deletion takes one identifier; two are an error; it happens later (request_profile_deletion)
- errors: {"errors": [{id, status, code, title, detail, source}]} (guide "Rate limits,
  status codes, and errors", read 2026-11-22)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cdp.destinations._base import Row
from destinations.contract import Contract, ContractServer
from destinations.servers._base import Call, Case, Refused, Reply, route

__all__ = ["BENCH"]

_KEY = "pk_test_0000"
_SCHEMAS = "#/components/schemas"
_MOST = {
    f"{_SCHEMAS}/ProfileImportJobCreateQueryResourceObject/properties/attributes/properties"
    "/profiles/properties/data": 10_000,
    f"{_SCHEMAS}/ListMembersAddQuery/properties/data": 1000,
    f"{_SCHEMAS}/ListMembersDeleteQuery/properties/data": 1000,
    f"{_SCHEMAS}/SuppressionCreateJobCreateQueryResourceObject/properties/attributes"
    "/properties/profiles/properties/data": 100,
}
_PERSON = {
    "external_id": "text",
    "email": "text",
    "first_name": "text",
    "location.city": "text",
    "cdp_orders": "integer",
    "cdp_is_vip": "boolean",
    "cdp_last_order_at": "timestamp",
}
_NAMES = ("email", "phone_number", "external_id")


class Klaviyo(ContractServer):
    destination = "klaviyo"
    contract = Contract(Path(__file__).parents[1] / "specs/klaviyo.json", _MOST)
    cases = (
        Case("profiles", "mirror", match="email", fields=_PERSON, text="location.city"),
        Case(
            "list", "mirror", match="external_id", fields=_PERSON, text="first_name",
            options={"list_id": "VIPs"}, adopts=False,
        ),
        Case("suppressions", "append", match="email", fields={"email": "text"}, adopts=False),
    )  # fmt: skip
    environment = {"TEST_KLAVIYO_KEY": _KEY}
    settings = {"key_env": "TEST_KLAVIYO_KEY"}
    max_body = 5_000_000

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.profiles: dict[str, dict[str, Any]] = {}
        self.names: dict[tuple[str, str], str] = {}  # (identifier, value) → profile
        self.members: set[str] = set()
        self.suppressed: set[str] = set()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.doomed: list[str] = []
        self.cancels = False
        self.asked = 0  # jobs get on while they are asked for

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Klaviyo-API-Key {_KEY}":
            raise Refused(_error(401, "authentication_failed", "Incorrect credentials."))

    def throttled(self) -> Reply:
        reply = _error(429, "throttled", "Request was throttled.")
        return Reply(429, reply.body, {"retry-after": str(int(self.throttle_seconds))})

    # --- what the vendor answers --------------------------------------------------------

    @route("POST", "/api/profile-bulk-import-jobs")
    def start_import(self, call: Call) -> Reply:
        data = call.json["data"]
        profiles = data["attributes"]["profiles"]["data"]
        self._at_most(profiles, 10_000)
        for profile in profiles:
            if len(json.dumps(profile, ensure_ascii=False).encode()) > 100_400:
                self.violations.append("a profile of more than 100 KB")
        lists = data.get("relationships", {}).get("lists", {}).get("data", [])
        errors = []
        for number, profile in enumerate(profiles):
            try:
                profile_id = self._put(profile)
            except Refused as refusal:
                errors.append(self._import_error(refusal, profile, number))
            else:
                self.members |= {profile_id} if lists else set()
        return self._job("profile-bulk-import-job", len(profiles), errors)

    @route("GET", r"/api/profile-(?:bulk-import|suppression-bulk-create)-jobs/(\w+)", writes=False)
    def job(self, call: Call) -> Reply:
        job = self.jobs[call.parts[0]]
        self.asked += 1
        age = self.asked - job["since"]
        status = ("queued", "processing", "complete")[min(age, 3) - 1]
        return self._shown(job, "cancelled" if self.cancels and status == "complete" else status)

    @route("GET", r"/api/profile-bulk-import-jobs/(\w+)/import-errors", writes=False)
    def import_errors(self, call: Call) -> Reply:
        start = int(call.query.get("page[cursor]", ["0"])[0])
        errors = self.jobs[call.parts[0]]["errors"]
        base = f"https://a.klaviyo.com{call.path}"
        links = {"self": base}
        if errors[start + 2 :]:  # small pages, to be paged
            links["next"] = f"{base}?page%5Bcursor%5D={start + 2}"
        return Reply(200, {"data": errors[start : start + 2], "links": links})

    @route("GET", "/api/lists", writes=False)
    def lists(self, call: Call) -> Reply:
        is_there = call.query["filter"] == ['equals(id,"VIPs")']
        attributes = {"name": "VIPs", "created": None, "updated": None, "opt_in_process": None}
        found = {"type": "list", "id": "VIPs", "attributes": attributes, "links": _link("/lists")}
        return Reply(200, {"data": [found] if is_there else [], "links": _link("/lists")})

    @route("DELETE", r"/api/lists/VIPs/relationships/profiles")
    def leave(self, call: Call) -> Reply:
        self.members -= {item["id"] for item in self._at_most(call.json["data"], 1000)}
        return Reply(204)

    @route("GET", "/api/profiles", writes=False)
    def find(self, call: Call) -> Reply:
        self._delete_doomed()
        kind, field, values = _filter(call.query["filter"][0])
        if kind != "any" or field not in (*_NAMES, "id"):
            raise Refused(_error(400, "invalid", f"cannot filter {field} by {kind}"))
        ids = [v if field == "id" else self.names.get((field, v.lower()), "") for v in values]
        found = [
            {
                "type": "profile",
                "id": profile_id,
                "attributes": {name: self.profiles[profile_id].get(name) for name in _NAMES},
                "links": _link(f"/profiles/{profile_id}"),
            }
            for profile_id in dict.fromkeys(ids)
            if profile_id in self.profiles
        ]
        return Reply(200, {"data": found, "links": _link("/profiles")})

    @route("POST", "/api/profile-suppression-bulk-create-jobs")
    def suppress(self, call: Call) -> Reply:
        profiles = self._at_most(call.json["data"]["attributes"]["profiles"]["data"], 100)
        if wrong := [p for p in profiles if "@" not in p["attributes"]["email"]]:
            raise Refused(_error(400, "invalid", f"{wrong[0]['attributes']['email']} is no email"))
        for profile in profiles:
            self.suppressed.add(self._put(profile))
        return self._job("profile-suppression-bulk-create-job", len(profiles), [])

    @route("POST", "/api/data-privacy-deletion-jobs")
    def forget(self, call: Call) -> Reply:
        profile = call.json["data"]["attributes"]["profile"]["data"]
        given = {name: value for name, value in profile["attributes"].items() if value}
        given |= {"id": profile["id"]} if profile.get("id") else {}
        if len(given) != 1:
            raise Refused(_error(400, "invalid", "one identifier is expected"))
        ((name, value),) = given.items()
        found = value if name == "id" else self.names.get((name, value.lower()))
        self.doomed += [found] if found in self.profiles else []
        return Reply(202)

    # --- how it keeps it ----------------------------------------------------------------

    def _at_most(self, items: list[Any], most: int) -> list[Any]:
        if len(items) > most:
            raise Refused(_error(400, "invalid", f"at most {most} items"))
        return items

    def _put(self, profile: dict[str, Any]) -> str:
        attributes = profile["attributes"]
        email = attributes.get("email")
        if email is not None and "@" not in email:
            raise Refused(_error(400, "invalid", f"{email} is not a valid email"))
        known = [profile.get("id"), *(self._named(name, attributes) for name in _NAMES)]
        profile_id = next((found for found in known if found), f"01K{len(self.profiles)}")
        if profile.get("id") and profile_id not in self.profiles:
            raise Refused(_error(404, "not_found", "no such profile"))
        kept = self.profiles.setdefault(profile_id, {})
        for name in ("properties", "location"):
            attributes = attributes | {name: {**kept.get(name, {}), **attributes.get(name, {})}}
        unset = profile.get("meta", {}).get("patch_properties", {}).get("unset", [])
        _merge(kept, attributes)
        for name in unset:
            kept["properties"].pop(name, None)
        self.names |= {(n, str(kept[n]).lower()): profile_id for n in _NAMES if kept.get(n)}
        return profile_id

    def _named(self, name: str, attributes: dict[str, Any]) -> str | None:
        return self.names.get((name, str(attributes.get(name) or "").lower()))

    def _delete_doomed(self) -> None:
        for profile_id in self.doomed:
            self.profiles.pop(profile_id, None)
            self.members.discard(profile_id)
            self.suppressed.discard(profile_id)
        self.names = {key: found for key, found in self.names.items() if found in self.profiles}

    def _job(self, kind: str, total: int, errors: list[Any]) -> Reply:
        job = {"id": f"J{len(self.jobs)}", "kind": kind, "total": total, "errors": errors}
        self.jobs[job["id"]] = job | {"since": self.asked}
        return Reply(202, self._shown(job, "queued").body)

    def _shown(self, job: dict[str, Any], status: str) -> Reply:
        done = job["total"] if status == "complete" else 0
        attributes = {
            "status": status,
            "created_at": "2018-01-01T06:00:00+00:00",
            "total_count": job["total"],
            "completed_count": done,
        }
        if job["kind"] == "profile-bulk-import-job":
            attributes["failed_count"] = len(job["errors"]) if done else 0
        shown = {"type": job["kind"], "id": job["id"], "attributes": attributes}
        return Reply(200, {"data": shown | {"links": _link(f"/jobs/{job['id']}")}})

    def _import_error(self, refusal: Refused, profile: Any, number: int) -> dict[str, Any]:
        said = refusal.reply.body["errors"][0]
        pointer = f"/data/attributes/profiles/data/{number}/attributes"
        attributes = {name: said[name] for name in ("code", "title", "detail")}
        attributes |= {"source": {"pointer": pointer}, "original_payload": profile}
        found = {"type": "import-error", "id": f"E{number}", "attributes": attributes}
        return found | {"links": _link("/errors")}

    # --- what the suite asks ------------------------------------------------------------

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def seed(self, case: Case, row: Row) -> str:
        return self._put({"attributes": {case.match: row.id, "first_name": "Old"}})

    def held(self, case: Case, row: Row) -> object:
        found = self.names.get((case.match, row.id.lower()))
        if found is None:
            return None
        if case.target_object == "suppressions":
            return (found in self.suppressed) or None
        if case.target_object == "list" and found not in self.members:
            return None
        if not self._is_more_than_a_name(found):
            return None
        return {name: value for name, value in self.profiles[found].items() if value}

    def wanted(self, case: Case, row: Row) -> object:
        if case.target_object == "suppressions":
            return True
        wanted: dict[str, Any] = {"properties": {}, "location": {}}
        for name, value in row.fields.items():
            text = value.isoformat() + "Z" if hasattr(value, "isoformat") else value
            place = wanted["location"] if name == "location.city" else wanted
            place = wanted["properties"] if name.startswith("cdp_") else place
            _merge(place, {name.removeprefix("location."): text})
        return {name: value for name, value in wanted.items() if value}

    def count(self, case: Case) -> int:
        if case.target_object == "suppressions":
            return len(self.suppressed)
        if case.target_object == "list":
            return len(self.members)
        return sum(map(self._is_more_than_a_name, self.profiles))

    def _is_more_than_a_name(self, profile_id: str) -> bool:
        return any(value for name, value in self.profiles[profile_id].items() if name not in _NAMES)

    def everything(self) -> str:
        return json.dumps([self.profiles, sorted(self.members), sorted(self.suppressed)])


def _merge(kept: dict[str, Any], given: dict[str, Any]) -> None:
    """A null clears; an inner object is merged by the caller."""
    for name, value in given.items():
        if isinstance(value, dict):
            value = {inner: found for inner, found in value.items() if found is not None}
        kept[name] = value
        if value is None:
            del kept[name]


def _filter(text: str) -> tuple[str, str, list[str]]:
    kind, _, rest = text.partition("(")
    field, _, values = rest.removesuffix(")").partition(",")
    return kind, field, json.loads(values)


def _link(path: str) -> dict[str, str]:
    return {"self": f"https://a.klaviyo.com/api{path}"}


def _error(status: int, code: str, detail: str) -> Reply:
    pointer = {"pointer": "/data"}
    said = {"id": "0", "status": status, "code": code, "title": code, "detail": detail}
    return Reply(status, {"errors": [said | {"source": pointer}]})


BENCH = Klaviyo
