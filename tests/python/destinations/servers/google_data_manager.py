"""Google's Data Manager API v1, by the messages of google-ads-datamanager 0.9.4.

- audienceMembers:ingest, :remove, :removeAll with their fields; 10,000 members, 10
  identifiers a member; encoding needed with user data; terms needed to ingest it; a member's
  consent goes before the request's (ingestion_service, audience, consent, terms_of_service)
- validateOnly: checked, not executed, only errors are returned (ingestion_service)
- removeAll: who was last added before removeAsOfTime, which is not in the future
- requestStatus:retrieve: PROCESSING, SUCCESS, PARTIAL_SUCCESS, FAILED and errors counted by
  reason; not for what was only validated (request_status_per_destination, error)
- errors: google.rpc.Status with ErrorInfo and BadRequest (vendor's guide "Understand API
  errors", read 2026-11-22)
- tokens: RFC 6749 section 6 (refresh) and 5.2 (errors)
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import unicodedata
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from cdp.destinations._base import Row
from destinations.servers._base import Call, Case, Refused, Reply, Server, only, route

__all__ = ["BENCH"]

_MEMBERS = 10_000
_IDENTIFIERS = 10
_PERSON = {
    "email": "text",
    "phone": "text",
    "first_name": "text",
    "last_name": "text",
    "country": "text",
    "zip": "text",
}


class GoogleDataManager(Server):
    destination = "google_data_manager"
    cases = (
        Case("audience", "audience", match="email", fields=_PERSON, text="first_name"),
        Case("replacement", "mirror", match="email", fields={"email": "text"}, refuses=False),
    )
    environment = {"TEST_GOOGLE_CREDENTIALS": "set by start"}
    settings = {
        "credentials_env": "TEST_GOOGLE_CREDENTIALS",
        "account_id": "123",
        "user_list_id": "456",
        "accepts_terms": True,
    }

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.members: dict[str, dict[str, Any]] = {}  # an email's hash → her, or an entry's key
        self.index: dict[str, str] = {}  # an identifier → the entry's key
        self.requests: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, str] = {}  # an email's hash → why it fails later
        self.consents: list[Any] = []

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().start(monkeypatch)
        credentials = {
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": "secret",
            "refresh_token": "refresh",
            "token_uri": f"{self.url}/token",
        }
        monkeypatch.setenv("TEST_GOOGLE_CREDENTIALS", json.dumps(credentials))

    def authorise(self, call: Call) -> None:
        if call.path != "/token" and call.headers.get("authorization") != "Bearer ya29.token":
            raise Refused(_error(401, "UNAUTHENTICATED", "no valid credentials"))

    def _route(self, call: Call) -> Any:
        """What is only validated writes nothing."""
        handler, writes, parts = super()._route(call)
        return handler, writes and b'"validateOnly":true' not in call.body, parts

    # --- what the vendor answers --------------------------------------------------------

    @route("POST", "/token", writes=False)
    def token(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        known = {"client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}
        if form != known | {"grant_type": "refresh_token"}:
            raise Refused(Reply(400, {"error": "invalid_grant"}))
        for member in self.members.values():
            member["added"] -= 3600  # an hour goes by between two deliveries
        return Reply(
            200, {"access_token": "ya29.token", "expires_in": 3599, "token_type": "Bearer"}
        )

    @route("POST", "/v1/audienceMembers:ingest")
    def ingest(self, call: Call) -> Reply:
        body = only(
            call.json,
            ("destinations", "audienceMembers", "encoding", "termsOfService"),
            ("consent", "validateOnly"),
        )
        if body["termsOfService"] != {"customerMatchTermsOfServiceStatus": "ACCEPTED"}:
            raise Refused(_refused("TERMS_AND_CONDITIONS_NOT_SIGNED"))
        found = self._members(body, ("userData",), ("consent",))
        if body.get("validateOnly"):
            return Reply(200, {})
        self.consents += [member.get("consent", body.get("consent")) for member in found]
        failed = [why for member in found if (why := self._why(member))]
        for member in found:
            if not self._why(member):
                self._put(member["userData"]["userIdentifiers"])
        return self._taken(len(found), failed)

    @route("POST", "/v1/audienceMembers:remove")
    def remove(self, call: Call) -> Reply:
        body = only(call.json, ("destinations", "audienceMembers", "encoding"), ("validateOnly",))
        found = self._members(body, ("userData",), ())
        if body.get("validateOnly"):
            return Reply(200, {})
        for member in found:
            for key in self._known(member["userData"]["userIdentifiers"]):
                self._drop(key)
        return self._taken(len(found), [])

    @route("POST", "/v1/audienceMembers:removeAll")
    def remove_all(self, call: Call) -> Reply:
        body = only(call.json, ("destinations",), ("removeAsOfTime", "validateOnly"))
        self._destination(body)
        moment = datetime.fromisoformat(body["removeAsOfTime"]).timestamp()
        if moment > time.time():
            raise Refused(_refused("INVALID_ARGUMENT"))
        for key in [key for key, member in self.members.items() if member["added"] < moment]:
            self._drop(key)
        return self._taken(0, [])

    @route("GET", "/v1/requestStatus:retrieve", writes=False)
    def status(self, call: Call) -> Reply:
        (request_id,) = call.query["requestId"]
        if request_id not in self.requests:
            raise Refused(_refused("INVALID_REQUEST_ID"))
        request = self.requests[request_id]
        request["asked"] += 1
        shown: dict[str, Any] = {"destination": request_id and _LIST}
        if request["asked"] == 1:
            shown["requestStatus"] = "PROCESSING"
        elif not request["failed"]:
            shown["requestStatus"] = "SUCCESS"
        else:
            is_all = len(request["failed"]) == request["total"]
            shown["requestStatus"] = "FAILED" if is_all else "PARTIAL_SUCCESS"
            counts = {why: request["failed"].count(why) for why in request["failed"]}
            shown["errorInfo"] = {
                "errorCounts": [{"recordCount": str(n), "reason": why} for why, n in counts.items()]
            }
        return Reply(200, {"requestStatusPerDestination": [shown]})

    # --- how it keeps it ----------------------------------------------------------------

    def _destination(self, body: dict[str, Any]) -> None:
        (destination,) = body["destinations"]
        only(destination, ("operatingAccount", "productDestinationId"), ("loginAccount",))
        if destination | {"loginAccount": 0} != _LIST | {"loginAccount": 0}:
            raise Refused(_refused("INVALID_DESTINATION"))

    def _members(self, body: dict[str, Any], needed: Any, optional: Any) -> list[dict[str, Any]]:
        self._destination(body)
        members: list[dict[str, Any]] = body["audienceMembers"]
        if len(members) > _MEMBERS:
            self.violations.append(f"{len(members)} members in a call")
            raise Refused(_refused("TOO_MANY_AUDIENCE_MEMBERS"))
        if body["encoding"] != "HEX" or not members:
            raise Refused(_refused("REQUIRED_FIELD_MISSING"))
        for number, member in enumerate(members):
            only(member, needed, optional)
            identifiers = only(member["userData"], ("userIdentifiers",))["userIdentifiers"]
            if not 1 <= len(identifiers) <= _IDENTIFIERS:
                raise Refused(_refused("TOO_MANY_USER_IDENTIFIERS", number))
            for identifier in identifiers:
                self._look(identifier, number)
        return members

    def _look(self, identifier: dict[str, Any], number: int) -> None:
        ((name, value),) = identifier.items()
        if name == "address":
            only(value, ("givenName", "familyName", "regionCode", "postalCode"))
            hashes = [value["givenName"], value["familyName"]]
            if not re.fullmatch("[A-Z]{2}", value["regionCode"]):
                raise Refused(_refused("INVALID_REGION_CODE", number))
            if value["postalCode"] == "nowhere":
                raise Refused(_refused("INVALID_POSTAL_CODE", number))
        else:
            hashes = [value]
        if name not in ("emailAddress", "phoneNumber", "address"):
            self.violations.append(f"unknown identifier {name}")
        for found in hashes:
            if not re.fullmatch("[0-9a-f]{64}", found):
                raise Refused(_refused("INVALID_SHA256_FORMAT", number))
            if found == _sha256(""):
                self.violations.append("the hash of nothing")

    def _why(self, member: dict[str, Any]) -> str:
        identifiers = member["userData"]["userIdentifiers"]
        found = (self.failing.get(identifier.get("emailAddress", "")) for identifier in identifiers)
        return next((why for why in found if why), "")

    def _known(self, identifiers: list[dict[str, Any]]) -> set[str]:
        names = map(_key, identifiers)
        return {self.index[name] for name in names if name in self.index}

    def _put(self, identifiers: list[dict[str, Any]]) -> None:
        for key in self._known(identifiers):
            self._drop(key)
        key = _key(identifiers[0])
        self.members[key] = {"identifiers": identifiers, "added": time.time()}
        self.index |= {_key(identifier): key for identifier in identifiers}

    def _drop(self, key: str) -> None:
        for identifier in self.members.pop(key)["identifiers"]:
            self.index.pop(_key(identifier), None)

    def _taken(self, total: int, failed: list[str]) -> Reply:
        request_id = f"r{len(self.requests)}"
        self.requests[request_id] = {"total": total, "failed": failed, "asked": 0}
        return Reply(200, {"requestId": request_id})

    # --- what the suite asks ------------------------------------------------------------

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        given = {"phone": f"+1 (555) {number:07}", "country": "us", "zip": "94107"}
        return super().row(
            case, number, **{name: given[name] for name in given if name in case.fields} | changes
        )

    def bad_row(self, case: Case, number: int) -> Row:
        return self.row(case, number, zip="nowhere")

    def held(self, case: Case, row: Row) -> object:
        key = self.index.get(_key({"emailAddress": _sha256(row.id)}))
        return None if key is None else self.members[key]["identifiers"]

    def wanted(self, case: Case, row: Row) -> object:
        wanted: list[dict[str, Any]] = [{"emailAddress": _sha256(row.id)}]
        if phone := row.fields.get("phone"):
            wanted.append({"phoneNumber": _sha256("+" + re.sub(r"\D", "", phone))})
        names = [row.fields.get(name) for name in ("first_name", "last_name", "country", "zip")]
        if all(names):
            wanted.append(
                {
                    "address": {
                        "givenName": _name(names[0]),
                        "familyName": _name(names[1]),
                        "regionCode": "US",
                        "postalCode": "94107",
                    }
                }
            )
        return wanted

    def count(self, case: Case) -> int:
        return len(self.members)

    def everything(self) -> str:
        """Who is found by an email, in clear, as the suite looks for it."""
        mails = [f"person{number}@example.com" for number in range(9)]
        return " ".join(
            mail for mail in mails if _key({"emailAddress": _sha256(mail)}) in self.index
        )


_ACCOUNT = {"accountType": "GOOGLE_ADS", "accountId": "123"}
_LIST = {"operatingAccount": _ACCOUNT, "productDestinationId": "456"}


def _key(identifier: dict[str, Any]) -> str:
    return json.dumps(identifier, sort_keys=True)


def _name(text: Any) -> str:
    """Lower case, without punctuation and emoji, words a space apart."""
    plain = unicodedata.normalize("NFC", str(text)).lower()
    return _sha256(" ".join(re.sub(r"[^\w\s]|_", "", plain).split()))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refused(reason: str, number: int | None = None) -> Reply:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "datamanager.googleapis.com",
    }
    details: list[Any] = [info]
    if number is not None:
        field = f"audience_members[{number}].user_data"
        violation = {"field": field, "description": "", "reason": reason}
        kind = "type.googleapis.com/google.rpc.BadRequest"
        details.append({"@type": kind, "fieldViolations": [violation]})
    return _error(400, "INVALID_ARGUMENT", "There was a problem with the request.", details)


def _error(status: int, code: str, message: str, details: list[Any] | None = None) -> Reply:
    said = {"code": status, "message": message, "status": code}
    return Reply(status, {"error": said | ({"details": details} if details else {})})


BENCH = GoogleDataManager
