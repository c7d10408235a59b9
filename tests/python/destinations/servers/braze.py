"""Braze, from its documentation (read 2026-11-22) unless said otherwise.

- users/track: 75 objects over all arrays (rate limits); one of external_id, user_alias,
  braze_id, email, phone a user; null removes; _update_existing_only (user attributes object)
- 201 {"message": "success", "attributes_processed", "errors": [{type, input_array, index}]}
  (the shape of an error: a shipping connector); 401 for a wrong key (API errors)
- users/export/ids: 50 external_ids or one email_address, fields_to_export is required for
  accounts since August 2024; answers users and invalid_user_ids
- users/delete: 50 ids of one kind a call
- 429 has X-RateLimit-Limit, -Remaining, -Reset (epoch), and no Retry-After (rate limits)
- keys and values of custom attributes have at most 255 characters (custom attributes)
"""

from __future__ import annotations

import json
import time
from typing import Any

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_KEY = "0000-rest-key"
_PROFILE = {"external_id", "email", "first_name", "last_name", "country", "dob"}
_FIELDS = {
    "email": "text",
    "first_name": "text",
    "cdp_tier": "text",
    "cdp_orders": "integer",
    "cdp_is_vip": "boolean",
    "cdp_born_on": "date",
    "cdp_last_order_at": "timestamp",
}
_NAMES = {*_FIELDS, "external_id", "_update_existing_only"}


class Braze(Server):
    destination = "braze"
    cases = (
        Case("users", match="external_id", fields=_FIELDS, text="first_name"),
        Case(
            "users", "mirror", match="external_id", text="first_name",
            fields=_FIELDS, options={"changed_only": False},
        ),
    )  # fmt: skip
    environment = {"TEST_BRAZE_KEY": _KEY}
    settings = {"token_env": "TEST_BRAZE_KEY", "endpoint": "rest.iad-01.braze.com"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.users: dict[str, dict[str, Any]] = {}
        self.data_points = 0

    def authorise(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {_KEY}":
            raise Refused(Reply(401, {"message": "Invalid API Key"}))

    def throttled(self) -> Reply:
        reset = str(int(time.time()) + 9)
        return Reply(429, {"message": "Rate limited"}, {"x-ratelimit-reset": reset})

    # --- what the vendor answers --------------------------------------------------------

    @route("POST", "/users/track")
    def track(self, call: Call) -> Reply:
        body = only(call.json, (), ("attributes", "events", "purchases"))
        if sum(map(len, body.values())) > 75:
            self.violations.append("more than 75 objects in a call")
            raise Refused(Reply(400, {"message": "too many objects"}))
        errors = []
        for index, user in enumerate(body["attributes"]):
            only(user, ("external_id",), _NAMES)
            if problem := _problem(user):
                errors.append({"type": problem, "input_array": "attributes", "index": index})
                continue
            self._write(user)
        processed = len(body["attributes"]) - len(errors)
        answer = {"message": "success", "attributes_processed": processed}
        return Reply(201, answer | ({"errors": errors} if errors else {}))

    @route("POST", "/users/export/ids", writes=False)
    def export(self, call: Call) -> Reply:
        body = only(call.json, ("fields_to_export",), ("external_ids", "email_address"))
        asked = self._at_most(body.get("external_ids", []))
        found = [
            user
            for user in self.users.values()
            if user["external_id"] in asked or user.get("email") == body.get("email_address", "-")
        ]
        shown = [
            {
                name: value
                for name, value in _shown(user).items()
                if name in body["fields_to_export"]
            }
            for user in found
        ]
        known = {user["external_id"] for user in found}
        missing = [each for each in asked if each not in known]
        return Reply(201, {"message": "success", "users": shown, "invalid_user_ids": missing})

    @route("POST", "/users/delete")
    def delete(self, call: Call) -> Reply:
        ((kind, ids),) = only(call.json, (), ("external_ids", "braze_ids")).items()
        prefix = "braze-" if kind == "braze_ids" else ""
        gone = [self.users.pop(each.removeprefix(prefix), None) for each in self._at_most(ids)]
        return Reply(201, {"deleted": len([each for each in gone if each]), "message": "success"})

    # --- how it keeps it ----------------------------------------------------------------

    def _at_most(self, ids: list[str]) -> list[str]:
        if len(ids) > 50:
            self.violations.append(f"{len(ids)} people in a call")
            raise Refused(Reply(400, {"message": "at most 50"}))
        return ids

    def _write(self, user: dict[str, Any]) -> None:
        key = user["external_id"]
        if key not in self.users and user.pop("_update_existing_only", False):
            return
        given = {name: value for name, value in user.items() if name != "_update_existing_only"}
        self.data_points += len(given) - 1
        kept = self.users.get(key, {}) | given
        self.users[key] = {
            name: value[:255] if isinstance(value, str) and name not in _PROFILE else value
            for name, value in kept.items()
            if value is not None
        }

    # --- what the suite asks ------------------------------------------------------------

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, email="nobody")

    def seed(self, case: Case, row: Row) -> str:
        self.users[row.id] = {"external_id": row.id, "cdp_tier": "theirs"}
        return row.id

    def held(self, case: Case, row: Row) -> object:
        """A profile counts as held while it has a custom attribute."""
        user = self.users.get(row.id, {})
        fields = {name: value for name, value in user.items() if name != "external_id"}
        return fields if user.keys() - _PROFILE else None

    def wanted(self, case: Case, row: Row) -> object:
        return {name: _written_as(value) for name, value in row.fields.items()}

    def count(self, case: Case) -> int:
        return sum(bool(user.keys() - _PROFILE) for user in self.users.values())

    def everything(self) -> str:
        return json.dumps(self.users)


def _problem(user: dict[str, Any]) -> str:
    if "@" not in user.get("email", "@"):
        return f"'{user['email']}' is not a valid email"
    return "" if user["external_id"] else "external_id is required"


def _shown(user: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in user.items() if name in _PROFILE}
    custom = {name: value for name, value in user.items() if name not in _PROFILE}
    return {**own, "custom_attributes": custom, "braze_id": f"braze-{user['external_id']}"}


def _written_as(value: Any) -> Any:
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if hasattr(value, "isoformat") else value


BENCH = Braze
