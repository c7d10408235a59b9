"""Mailchimp's Marketing API 3.0, by its API reference as its SDK (mailchimp-marketing
3.0.80) and its users quote it (read 2026-11-22).

- POST lists/{id}: 500 members; new_members, updated_members, errors {email_address, error,
  error_code, field}; without update_existing who is there is an error; status_if_new counts
  for new members alone, and who is archived is new
- members are addressed by the MD5 of the email in lower case (guide "Manage contacts")
- POST lists/{id}/segments/{id}: members_to_add, members_to_remove, 500 each; errors
  {email_addresses, error}; a tag is a static segment, found by tag-search
- DELETE archives; delete-permanent forgets, and the address cannot be imported again
- problems: {type, title, status, detail} (guide "Errors"); Member In Compliance State
  (ibericode/mailchimp-for-wordpress issue 798)
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_KEY = "0000-us12"
_MOST = 500
_MERGE = {
    "FNAME": "text",
    "ORDERS": "number",
    "VIP": "text",
    "LASTORDER": "date",
    "BORN": "birthday",
    "HOME": "address",
}
_STATUSES = ("subscribed", "pending", "transactional", "unsubscribed", "cleaned")
_PERSON = {
    "email": "text",
    "FNAME": "text",
    "ORDERS": "integer",
    "VIP": "boolean",
    "LASTORDER": "timestamp",
    "BORN": "date",
}


class Mailchimp(Server):
    destination = "mailchimp"
    cases = (
        Case(
            "members", "mirror", match="email", fields=_PERSON, text="FNAME",
            options={"status_if_new": "subscribed"},
        ),
        Case(
            "tag", "mirror", match="email", fields={"email": "text"}, options={"tag": "VIPs"},
            refuses=False,
        ),
        Case(
            "segment", "mirror", match="email", fields={"email": "text"},
            options={"segment_id": "77"}, refuses=False,
        ),
    )  # fmt: skip
    environment = {"TEST_MAILCHIMP_KEY": _KEY}
    settings = {"key_env": "TEST_MAILCHIMP_KEY", "list_id": "a1b2"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.members: dict[str, dict[str, Any]] = {}
        self.forgotten: set[str] = set()  # hashes
        self.tagged: set[str] = set()

    def authorise(self, call: Call) -> None:
        sent = call.headers.get("authorization", "").removeprefix("Basic ")
        if not base64.b64decode(sent + "==").endswith(f":{_KEY}".encode()):
            raise Refused(_problem(401, "API Key Invalid", "Your API key may be invalid"))

    # --- what the vendor answers --------------------------------------------------------

    @route("GET", "/3.0/lists/a1b2", writes=False)
    def audience(self, call: Call) -> Reply:
        return Reply(200, {"id": "a1b2"})

    @route("GET", r"/3.0/lists/(?!a1b2)\w+.*", writes=False)
    def other_list(self, call: Call) -> Reply:
        raise Refused(_missing())

    @route("GET", "/3.0/lists/a1b2/merge-fields", writes=False)
    def merge_fields(self, call: Call) -> Reply:
        shown = [
            {"merge_id": number, "tag": tag, "name": tag, "type": kind, "required": False}
            for number, (tag, kind) in enumerate(_MERGE.items())
        ]
        count = int(call.query.get("count", ["10"])[0])
        return Reply(200, {"merge_fields": shown[:count], "total_items": len(shown)})

    @route("GET", "/3.0/lists/a1b2/tag-search", writes=False)
    def tags(self, call: Call) -> Reply:
        (asked,) = call.query["name"]
        known = [{"id": 77, "name": "VIPs"}, {"id": 78, "name": "VIPs of old"}]
        found = [tag for tag in known if str(tag["name"]).startswith(asked)][::-1]
        return Reply(200, {"tags": found, "total_items": len(found)})

    @route("GET", r"/3.0/lists/a1b2/segments/(\d+)", writes=False)
    def segment(self, call: Call) -> Reply:
        if call.parts[0] not in ("77", "99"):
            raise Refused(_missing())
        kind = "static" if call.parts[0] == "77" else "saved"
        return Reply(200, {"id": int(call.parts[0]), "type": kind})

    @route("POST", "/3.0/lists/a1b2")
    def batch(self, call: Call) -> Reply:
        body = only(call.json, ("members",), ("update_existing", "sync_tags"))
        if body.get("sync_tags"):
            self.violations.append("sync_tags replaces the tags of others")
        if len(body["members"]) > _MOST:
            self.violations.append(f"{len(body['members'])} members in a call")
        found: dict[str, list[Any]] = {"new_members": [], "updated_members": [], "errors": []}
        seen: set[str] = set()
        for member in body["members"]:
            only(member, ("email_address",), ("status_if_new", "status", "merge_fields", "tags"))
            email = member["email_address"]
            if _hash(email) in seen:  # skip_duplicate_check: the first one counts
                continue
            seen.add(_hash(email))
            if why := self._refusal(member, body.get("update_existing", False)):
                code = "ERROR_CONTACT_EXISTS" if "already" in why else "ERROR_GENERIC"
                error = {"email_address": email, "error": why, "error_code": code}
                found["errors"].append(error | {"field": "", "field_message": ""})
            else:
                place = "updated_members" if self._is_there(_hash(email)) else "new_members"
                found[place].append(self._put(member))
        counts = {"total_created": len(found["new_members"]), "error_count": len(found["errors"])}
        return Reply(200, found | counts | {"total_updated": len(found["updated_members"])})

    @route("GET", r"/3.0/lists/a1b2/members/(\w{32})", writes=False)
    def member(self, call: Call) -> Reply:
        return Reply(200, self._shown(self._known(call)))

    @route("PATCH", r"/3.0/lists/a1b2/members/(\w{32})")
    def change(self, call: Call) -> Reply:
        body = only(call.json, ("email_address",), ("status", "merge_fields"))
        old = self._known(call)
        new = _hash(body["email_address"])
        if self.members[old]["status"] in ("unsubscribed", "cleaned"):
            raise Refused(_problem(400, "Member In Compliance State", "cannot be changed"))
        if self._is_there(new):
            raise Refused(_problem(400, "Member Exists", "already a list member"))
        self.members[new] = self.members.pop(old) | {"email": body["email_address"]}
        return Reply(200, self._shown(new))

    @route("DELETE", r"/3.0/lists/a1b2/members/(\w{32})")
    def archive(self, call: Call) -> Reply:
        self.members[self._known(call)] |= {"status": "archived"}
        return Reply(204)

    @route("POST", r"/3.0/lists/a1b2/members/(\w{32})/actions/delete-permanent")
    def forget(self, call: Call) -> Reply:
        key = self._known(call)
        del self.members[key]
        self.forgotten.add(key)
        self.tagged.discard(key)
        return Reply(204)

    @route("POST", "/3.0/lists/a1b2/segments/77")
    def tag(self, call: Call) -> Reply:
        body = only(call.json, (), ("members_to_add", "members_to_remove"))
        added, removed = body.get("members_to_add", []), body.get("members_to_remove", [])
        if len(added) > _MOST or len(removed) > _MOST:
            self.violations.append("more than 500 members in a call")
        strangers = [email for email in added + removed if not self._is_there(_hash(email))]
        self.tagged |= {_hash(email) for email in added if email not in strangers}
        self.tagged -= {_hash(email) for email in removed}
        said = "Email addresses must already be members of the list."
        errors = [{"email_addresses": strangers, "error": said}] if strangers else []
        return Reply(200, {"members_added": [], "members_removed": [], "errors": errors})

    # --- how it keeps it ----------------------------------------------------------------

    def _known(self, call: Call) -> str:
        if call.parts[0] not in self.members:
            raise Refused(_missing())
        return call.parts[0]

    def _is_there(self, key: str) -> bool:
        return key in self.members and self.members[key]["status"] != "archived"

    def _refusal(self, member: dict[str, Any], is_update: bool) -> str:
        email, key = member["email_address"], _hash(member["email_address"])
        if "@" not in email:
            return f"{email} looks fake or invalid, please enter a real email address."
        if key in self.forgotten:
            return f"{email} was permanently deleted and cannot be re-imported."
        if self._is_there(key) and not is_update:
            return f"{email} is already a list member"
        if not self._is_there(key) and member.get("status_if_new") not in _STATUSES[:3]:
            return "a status is needed"
        for tag, value in member.get("merge_fields", {}).items():
            if _MERGE.get(tag, "address") == "address":
                self.violations.append(f"{tag} is no merge field of one value")
            if _MERGE.get(tag) == "text" and len(str(value)) > 255:
                return f"{tag} is too long"
        return ""

    def _put(self, member: dict[str, Any]) -> dict[str, Any]:
        key = _hash(member["email_address"])
        is_new = not self._is_there(key)
        kept = self.members.get(key, {"merge": {}})
        status = member.get("status_if_new") if is_new else kept["status"]
        if "status" in member:
            self.violations.append("a status is written")
        merge = kept["merge"] | member.get("merge_fields", {})
        merge = {tag: value for tag, value in merge.items() if value != ""}
        self.members[key] = {"email": member["email_address"], "status": status, "merge": merge}
        return self._shown(key)

    def _shown(self, key: str) -> dict[str, Any]:
        member = self.members[key]
        return {"id": key, "email_address": member["email"], "status": member["status"]}

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        row = super().row(case, number, **changes)
        if case.target_object != "members":
            self._put({"email_address": row.id, "status_if_new": "subscribed"})
        return row

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def held(self, case: Case, row: Row) -> object:
        key = _hash(row.id)
        if case.target_object != "members":
            return (key in self.tagged) or None
        return self.members[key]["merge"] if self._is_there(key) else None

    def wanted(self, case: Case, row: Row) -> object:
        if case.target_object != "members":
            return True
        texts = {
            "FNAME": row.fields["FNAME"],
            "ORDERS": row.fields["ORDERS"],
            "VIP": str(row.fields["VIP"]).lower(),
            "LASTORDER": row.fields["LASTORDER"] and f"{row.fields['LASTORDER']:%Y-%m-%d}",
            "BORN": row.fields["BORN"] and f"{row.fields['BORN']:%m/%d}",
        }
        return {name: value for name, value in texts.items() if row.fields[name] is not None}

    def count(self, case: Case) -> int:
        if case.target_object != "members":
            return len(self.tagged)
        return sum(map(self._is_there, self.members))

    def everything(self) -> str:
        return json.dumps([self.members, [self.members[key]["email"] for key in self.tagged]])


def _hash(email: str) -> str:
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def _missing() -> Reply:
    return _problem(404, "Resource Not Found", "The requested resource could not be found.")


def _problem(status: int, title: str, detail: str) -> Reply:
    kind = "https://mailchimp.com/developer/marketing/docs/errors/"
    return Reply(status, {"type": kind, "title": title, "status": status, "detail": detail})


BENCH = Mailchimp
