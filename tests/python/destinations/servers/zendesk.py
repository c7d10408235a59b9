"""Zendesk Support, from its API reference (read 2026-11-22) unless said otherwise.

- create_or_update_many, update_many, destroy_many: 100 users, each answers {"job_status"}
  (users); a new user needs a name, and gets a mail unless skip_verify_email (users)
- an email is writeable on creation only; a later one becomes a secondary address (users)
- results in the order of the users; statuses Created, Updated, Failed; error
  "UserUpdateError" with details "Name: Email: … is not properly formatted" (the vendor's
  developer advocacy, community post of 2021-08-17)
- job statuses: queued, working, failed, completed; kept for an hour (job statuses), the
  last 100 (community); 30 queued or running, else 429 (rate limits)
- show_many: ids or external_ids, up to 100; include_deleted (users)
- DELETE deleted_users wants a user that was deleted before, else 404 RecordNotFound
"""

from __future__ import annotations

import json
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_TOKEN = "0000-oauth"
_OWN = {"name", "email", "external_id", "phone", "notes"}
_CUSTOM = {"cdp_tier": "text", "cdp_orders": "integer", "cdp_is_vip": "checkbox"}
_FIELDS = {
    "external_id": "text",
    "email": "text",
    "name": "text",
    "cdp_tier": "text",
    "cdp_orders": "integer",
    "cdp_is_vip": "boolean",
}


class Zendesk(Server):
    destination = "zendesk"
    cases = (
        Case("users", match="external_id", fields=_FIELDS, text="cdp_tier"),
        Case("users", "mirror", match="email", fields=_FIELDS, text="cdp_tier", adopts=False),
    )
    environment = {"TEST_ZENDESK_TOKEN": _TOKEN}
    settings = {"token_env": "TEST_ZENDESK_TOKEN", "subdomain": "example"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.users: dict[int, dict[str, Any]] = {}
        self.deleted: dict[int, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.mails = 0  # of verification
        self.last_id = 7000
        self.patience = 1  # times that a job is asked for before it ends

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_TOKEN}":
            raise Refused(Reply(401, {"error": "Couldn't authenticate you"}))

    # --- what the vendor answers --------------------------------------------------------

    @route("GET", "/api/v2/user_fields", writes=False)
    def user_fields(self, call: Call) -> Reply:
        """A page of two, to be paged by cursor."""
        assert call.query["page[size]"] == ["100"]
        start = int(call.query.get("page[after]", ["0"])[0])
        fields = [
            {"key": key, "type": kind, "active": True, "title": key.title()}
            for key, kind in _CUSTOM.items()
        ]
        meta = {"has_more": start + 2 < len(fields), "after_cursor": str(start + 2)}
        return Reply(200, {"user_fields": fields[start : start + 2], "meta": meta})

    @route("GET", "/api/v2/users/show_many", writes=False)
    def show_many(self, call: Call) -> Reply:
        is_own = "ids" in call.query
        asked = self._at_most(call.query["ids" if is_own else "external_ids"][0].split(","))
        known = self.users | (self.deleted if "include_deleted" in call.query else {})
        keys = {key.lower() for key in asked}
        found = [
            self._shown(user_id)
            for user_id, user in known.items()
            if str(user_id if is_own else user.get("external_id", "")).lower() in keys
        ]
        return Reply(200, {"users": found, "count": len(found)})

    @route("GET", "/api/v2/users/search", writes=False)
    def search(self, call: Call) -> Reply:
        email = call.query["query"][0].removeprefix('email:"').removesuffix('"')
        return Reply(200, {"users": [self._shown(key) for key in self._with("email", email)]})

    @route("POST", "/api/v2/users/create_or_update_many")
    def create_or_update_many(self, call: Call) -> Reply:
        return self._job(self._users(call), self._create_or_update)

    @route("PUT", "/api/v2/users/update_many")
    def update_many(self, call: Call) -> Reply:
        return self._job(self._users(call), lambda user: self._update(user["id"], user))

    @route("DELETE", "/api/v2/users/destroy_many")
    def destroy_many(self, call: Call) -> Reply:
        return self._job(self._at_most(call.query["ids"][0].split(",")), self._destroy)

    @route("GET", "/api/v2/job_statuses/show_many", writes=False)
    def job_statuses(self, call: Call) -> Reply:
        asked = self._at_most(call.query["ids"][0].split(","))
        kept = [self.jobs[job] for job in [*self.jobs][-100:] if job in asked]
        for job in kept:
            job["asked"] += 1
            job["status"] = "completed" if job["asked"] > self.patience else "working"
        shown = [
            {key: job[key] for key in ("id", "status", "total")}
            | {"results": job["results"] if job["status"] == "completed" else None}
            for job in kept
        ]
        return Reply(200, {"job_statuses": shown})

    @route("DELETE", r"/api/v2/users/(\d+)")
    def delete(self, call: Call) -> Reply:
        user = int(call.parts[0])
        if user not in self.users:
            raise Refused(Reply(404, {"error": "RecordNotFound", "description": "Not found"}))
        if self.users[user].get("notes") == "open ticket":
            details = {"base": [{"description": "User is requester on 1 ticket(s) not closed"}]}
            raise Refused(Reply(422, {"error": "RecordInvalid", "details": details}))
        self._destroy(str(user))
        return Reply(200, {"user": self._shown(user)})

    @route("DELETE", r"/api/v2/deleted_users/(\d+)")
    def forget(self, call: Call) -> Reply:
        if self.deleted.pop(int(call.parts[0]), None) is None:
            raise Refused(Reply(404, {"error": "RecordNotFound", "description": "Not found"}))
        return Reply(200, {"deleted_user": {"id": int(call.parts[0]), "active": False}})

    # --- how it keeps it ----------------------------------------------------------------

    def _at_most(self, found: list[Any]) -> list[Any]:
        if len(found) > 100:
            self.violations.append(f"{len(found)} in a call")
            raise Refused(Reply(400, {"error": "TooManyValues"}))
        return found

    def _users(self, call: Call) -> list[dict[str, Any]]:
        users = self._at_most(only(call.json, ("users",))["users"])
        for user in users:
            only(user, (), {*_OWN, "id", "skip_verify_email", "user_fields"})
            if unknown := user.get("user_fields", {}).keys() - _CUSTOM.keys():
                raise Refused(Reply(400, {"error": "InvalidField", "description": str(unknown)}))
        return users

    def _job(self, items: list[Any], work: Any) -> Reply:
        if sum(job["status"] != "completed" for job in self.jobs.values()) >= 30:
            self.violations.append("31 jobs at once")
            raise Refused(Reply(429, {"error": "TooManyJobs"}))
        job = {"id": f"job{len(self.jobs):04}", "status": "queued", "total": len(items), "asked": 0}
        self.jobs[job["id"]] = job | {"results": [work(item) for item in items]}
        return Reply(200, {"job_status": job})

    def _create_or_update(self, user: dict[str, Any]) -> dict[str, Any]:
        found = self._with("external_id", user.get("external_id"))
        found = found or self._with("email", user.get("email"))
        if found:
            return self._update(found[0], user)
        if not user.get("name"):
            return _failed("Name: is too short (minimum is one characters)")
        self.last_id += 1
        self.mails += user.get("skip_verify_email") is not True
        return self._put(self.last_id, user, "Created")

    def _update(self, user_id: int, user: dict[str, Any]) -> dict[str, Any]:
        if user_id not in self.users:
            return {"error": "NotFound", "details": "no such user", "status": "Failed"}
        kept = self.users[user_id].get("email")
        return self._put(user_id, user | ({"email": kept} if kept else {}), "Updated")

    def _put(self, user_id: int, user: dict[str, Any], status: str) -> dict[str, Any]:
        if "@" not in (user.get("email") or "@"):
            return _failed(f"Name: Email: {user['email']} is not properly formatted")
        kept = self.users.get(user_id, {})
        custom = kept.get("user_fields", {}) | user.get("user_fields", {})
        own = {name: value for name, value in user.items() if name in _OWN}
        self.users[user_id] = kept | own | {"user_fields": custom}
        return {"id": user_id, "status": status, "success": True}

    def _destroy(self, user_id: str) -> dict[str, Any]:
        self.deleted[int(user_id)] = self.users.pop(int(user_id))
        return {"id": int(user_id), "action": "delete", "status": "Deleted", "success": True}

    def _with(self, field: str, value: str | None) -> list[int]:
        wanted = (value or "").lower()
        return [
            key
            for key, user in self.users.items()
            if wanted and (user.get(field) or "").lower() == wanted
        ]

    def _shown(self, user_id: int) -> dict[str, Any]:
        user = self.users.get(user_id) or self.deleted[user_id]
        empty = {"external_id": None, "email": None}
        return {"id": user_id, "active": user_id in self.users} | empty | user

    # --- what the suite asks ------------------------------------------------------------

    def bad_row(self, case: Case, number: int) -> Row:
        wrong = {"name": ""} if case.match == "email" else {"email": "nobody"}
        return self.row(case, number, **wrong)

    def seed(self, case: Case, row: Row) -> str:
        self._create_or_update({"name": "Theirs", "external_id": row.id, "skip_verify_email": True})
        return str(self.last_id)

    def held(self, case: Case, row: Row) -> object:
        found = self._with(case.match, row.id)
        if not found:
            return None
        user = dict(self.users[found[0]])
        return user | user.pop("user_fields")

    def wanted(self, case: Case, row: Row) -> object:
        return dict(row.fields)

    def count(self, case: Case) -> int:
        return len(self.users)

    def everything(self) -> str:
        return json.dumps([self.users, self.deleted])


def _failed(details: str) -> dict[str, Any]:
    return {"id": 2, "error": "UserUpdateError", "details": details, "status": "Failed"}


BENCH = Zendesk
