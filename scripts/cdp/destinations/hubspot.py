"""HubSpot: records of its CRM, and who is in a list, by the dated API of March 2026.

A record that the ledger knows is updated by its own id; any other is created or updated by
the match field, which must be a property with unique values (a contact's email is one).
Rows are told apart in the answer by objectWriteTraceId; a batch that is refused as a whole
is halved. HubSpot takes strings alone, and an empty one clears.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from pydantic import Field as Setting

from cdp.destinations._accounts import Window
from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import (
    Batch,
    Delivery,
    Fact,
    Field,
    Object,
    Outcome,
    Person,
    Row,
)
from cdp.destinations._http import Answer
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["DESTINATION", "HubSpot", "HubSpotOptions"]

_VERSION = "2026-03"
_LONGEST_TEXT = 65_536  # characters
_KINDS = {"number": "float", "bool": "boolean", "date": "date", "datetime": "timestamp"}
_LIST = "list"

_Send = Callable[[Sequence[Row]], Sequence[Outcome]]


class HubSpotOptions(ApiOptions):
    """token_env: the private app's access token. list_id: of the object list, a manual or
    snapshot list."""

    token_env: SecretName
    list_id: str | None = Setting(default=None, pattern=r"^\d+$")


class HubSpot(Api):
    """Contacts, companies, deals and tasks; and memberships of a list of contacts."""

    title = "HubSpot"
    summary = "Rows become contacts, companies, deals or tasks, or members of a list."
    modes = frozenset({"upsert", "update", "create", "mirror", "audience"})
    objects = MappingProxyType(
        {
            "contacts": Object("people, by email or a unique property of yours"),
            "companies": Object("accounts, by a unique property of yours"),
            "deals": Object("opportunities, by a unique property of yours"),
            "tasks": Object("tasks, by a unique property of yours; hubspot_owner_id: whose"),
            _LIST: Object("who is in the list `list_id`; contacts are not made, only found"),
        }
    )
    default_object = "contacts"
    options = HubSpotOptions
    base_url = "https://api.hubapi.com"
    can_look_up = True
    skips_nulls = True
    batch_rows = 100
    windows = MappingProxyType({"": (Window(100, 10),), "search": (Window(4, 1),)})
    reasons = MappingProxyType(
        {
            "CONFLICT": "conflict",
            "INVALID_DATE": "invalid_value",
            "INVALID_EMAIL": "invalid_value",
            "INVALID_INTEGER": "invalid_value",
            "INVALID_LONG": "invalid_value",
            "INVALID_OPTION": "invalid_value",
            "OBJECT_NOT_FOUND": "not_found",
            "PROPERTY_DOESNT_EXIST": "unknown_field",
            "READ_ONLY_VALUE": "not_allowed",
            "VALIDATION_ERROR": "invalid_value",
        }
    )
    erases = (
        "Contacts, in a list or not, are deleted for good by HubSpot's GDPR function. Other "
        "records lose the fields that were delivered and are archived: HubSpot can restore them "
        "for 90 days, and keeps earlier values in their history as long."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("batch/upsert takes idProperty, batch/update takes record ids", "vendor's API "
             "reference 2026-03, read 2026-11-22"),
        Fact("100 inputs a call", "two shipping connectors; not in the specification"),
        Fact("property values are strings, an empty one clears", "vendor's specification and "
             "API reference, 2026-08-21"),
        Fact("results and errors carry objectWriteTraceId", "vendor's specification, 2026-08-21"),
        Fact("100 calls in 10 s on Free and Starter, 190 from Professional on (say so in "
             "`rates`); searches apart", "vendor's changelog on API limits"),
        Fact("an unknown email given to gdpr-delete is blocked for good, so only record ids are "
             "given", "vendor's API reference, read 2026-11-22"),
        Fact("lists are manual or snapshot; those already in are ignored, unknown records are "
             "named", "vendor's API reference 2026-03, read 2026-11-22"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "hubspot",
            "cdp_object": "contacts",
            "cdp_mode": "upsert",
            "cdp_match": ["record_id", "cdp_id", "email"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {
                "cdp_id": "profile_id",
                "email": "email",
                "firstname": "first_name",
                "cdp_last_order_at": "last_order_at",
            },
            "cdp_options": {"token_env": "DBT_ENV_SECRET_HUBSPOT_TOKEN"},
            "cdp_echoes_in": "hubspot",
        }
    )
    collections = MappingProxyType({_LIST: "list_id"})
    _options: HubSpotOptions

    @classmethod
    def account(cls, options: HubSpotOptions) -> str:
        """Known by the name of its secret."""
        return f"hubspot:{options.token_env}"

    def __init__(self, delivery: Delivery, options: HubSpotOptions) -> None:
        token = read_secret(options.token_env, "HubSpot's token")
        super().__init__(delivery, options)
        self._secrets = (token,)
        self._is_list = delivery.target_object == _LIST
        self._type = "contacts" if self._is_list else delivery.target_object
        self._unique = {"email"} if self._type == "contacts" else set[str]()

    def headers(self) -> Mapping[str, str]:
        """The token."""
        return {"authorization": f"Bearer {self._secrets[0]}"}

    def refused(self, answer: Answer) -> CdpError | None:
        """HubSpot's category and codes, its limits by policy, and the scopes that it misses."""
        error = _error(answer.body)
        if answer.status == 429:
            return self._throttled(answer, error)
        if answer.status == 403 and (scopes := sorted(_scopes(error))):
            return FatalDestinationError(
                f"HubSpot's token has none of the scopes {', '.join(scopes)}. Give it one."
            )
        if answer.status in (400, 409, 422):
            code = _code(error)
            reason = self.reasons.get(code, "rejected")
            return RecordRejected(f"HubSpot refused it: {code}", reason)
        return None

    def _throttled(self, answer: Answer, error: Mapping[str, Any]) -> CdpError | None:
        if error.get("policyName") == "DAILY":
            return FatalDestinationError("HubSpot's calls of today are used up. Go on tomorrow.")
        interval = answer.headers.get("x-hubspot-ratelimit-interval-milliseconds", "")
        if "retry-after" not in answer.headers and interval.isdigit():
            return RetriableError("HubSpot answered 429", min(int(interval) / 1000, 60))
        return None

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """The object's properties."""
        return self.call("GET", f"/crm/properties/{_VERSION}/{self._type}", read=self._properties)

    def _properties(self, found: Mapping[str, Any]) -> dict[str, Field]:
        self._unique |= {item["name"] for item in found["results"] if item.get("hasUniqueValue")}
        return {item["name"]: _field(item) for item in found["results"]}

    def check(self) -> Iterator[str]:
        """The fields, and whether the match field names one record."""
        yield from super().check()
        match = self._delivery.match
        if match not in (self._known_fields or {}):
            if match not in self._delivery.fields:
                yield f"cdp_match: {self._type} has no property '{match}'. Make a unique one."
        elif match not in self._unique:
            yield (
                f"cdp_match: the values of '{match}' need not be unique at HubSpot. "
                "Use a property that was made with unique values."
            )

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Records by a property: read where it is unique, else searched."""
        known = self._known_fields or {}
        if field not in known:
            return {}
        return self._read(field, values) if field in self._unique else self._search(field, values)

    def _read(self, field: str, values: Sequence[str]) -> dict[str, list[str]]:
        body = {
            "idProperty": field,
            "properties": [field],
            "inputs": [{"id": value} for value in dict.fromkeys(values)],
        }
        return self.call(
            "POST", self._path("batch/read"), body,
            read=lambda found: _by_value(field, values, found["results"]),
        )  # fmt: skip

    def _search(self, field: str, values: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        after: str | None = "0"
        asked = sorted({value.lower() for value in values})  # of texts, IN takes no other
        filters = [{"propertyName": field, "operator": "IN", "values": asked}]
        while after is not None:
            body = {
                "filterGroups": [{"filters": filters}],
                "properties": [field],
                "limit": 200,
                "after": after,
            }
            page, after = self.call(
                "POST", self._path("search"), body, group="search",
                read=lambda answer: _page(field, values, answer),
            )  # fmt: skip
            for value, records in page.items():
                found.setdefault(value, []).extend(records)
        return found

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Update by record id, create or update by the match field, or add to the list."""
        if self._is_list:
            return self._members(batch, "add")
        known = [row for row in batch.rows if row.record_id]
        new = [row for row in batch.rows if not row.record_id]
        return self.in_turn(batch.rows, ((known, self._update), (new, self._put)))

    def _update(self, rows: Sequence[Row]) -> list[Outcome]:
        inputs = [{"id": row.record_id, **self._input(row, n)} for n, row in enumerate(rows)]
        return self._write("batch/update", rows, inputs)

    def _put(self, rows: Sequence[Row]) -> list[Outcome]:
        match = self._delivery.match
        inputs = [
            {"id": row.id, "idProperty": match, **self._input(row, n)} for n, row in enumerate(rows)
        ]
        return self._write("batch/upsert", rows, inputs)

    def _input(self, row: Row, number: int) -> dict[str, Any]:
        properties = {self._delivery.match: row.id, **row.fields}
        return {
            "properties": {name: _text(value) for name, value in properties.items()},
            "objectWriteTraceId": str(number),
        }

    def _write(self, path: str, rows: Sequence[Row], inputs: list[Any]) -> list[Outcome]:
        return self.call(
            "POST", self._path(path), {"inputs": inputs},
            read=lambda found: self._outcomes(rows, found),
        )  # fmt: skip

    def _outcomes(self, rows: Sequence[Row], found: Mapping[str, Any]) -> list[Outcome]:
        """By trace id; a refusal that names no row refuses the batch, which is halved."""
        done = {item.get("objectWriteTraceId"): item for item in found["results"]}
        errors: dict[str, Mapping[str, Any]] = {}
        for error in found.get("errors") or ():
            named = (error.get("context") or {}).get("objectWriteTraceId") or ()
            if not named:
                code = _code(error)
                raise RecordRejected(
                    f"HubSpot refused it: {code}", self.reasons.get(code, "rejected")
                )
            errors |= dict.fromkeys(named, error)
        return [self._outcome(row, str(n), done, errors) for n, row in enumerate(rows)]

    def _outcome(
        self,
        row: Row,
        trace_id: str,
        done: Mapping[str, Any],
        errors: Mapping[str, Mapping[str, Any]],
    ) -> Outcome:
        if trace_id in errors:
            error = errors[trace_id]
            return self.rejected(row, _code(error), error.get("message", ""))
        if trace_id in done:
            return Outcome("acknowledged", destination_id=str(done[trace_id]["id"]))
        return Outcome("unknown", "no_answer")

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Archive the records, or take them off the list."""
        if self._is_list:
            return self._members(batch, "remove")
        ids = self._record_ids(batch.rows)
        self._archive([ids[row.id] for row in batch.rows if row.id in ids])
        return [Outcome("acknowledged") for _ in batch.rows]

    def _archive(self, record_ids: Sequence[str]) -> None:
        inputs = [{"id": record_id} for record_id in dict.fromkeys(record_ids)]
        if inputs:
            self.call("POST", self._path("batch/archive"), {"inputs": inputs}, read=lambda _: None)

    def _members(self, batch: Batch, operation: str) -> list[Outcome]:
        """Who is no contact cannot be in a list: a later run tries again."""
        ids = self._record_ids(batch.rows)
        path = f"/crm/lists/{_VERSION}/{self._options.list_id}/memberships/{operation}"
        wanted = list(dict.fromkeys(ids.values()))
        missing: set[str] = set()
        if wanted:
            missing = self.call(
                "PUT", path, wanted, read=lambda found: {*map(str, found["recordIdsMissing"])}
            )
        return [
            Outcome("acknowledged", destination_id=found)
            if (found := ids.get(row.id)) and found not in missing
            else Outcome("acknowledged" if operation == "remove" else "aborted", "not_found")
            for row in batch.rows
        ]

    def _record_ids(self, rows: Sequence[Row]) -> dict[str, str]:
        """row.id → the id of its record, of those that have one."""
        ids = {row.id: row.record_id for row in rows if row.record_id}
        if others := [row.id for row in rows if row.id not in ids]:
            found = self._read(self._delivery.match, others)
            ids |= {value: records[0] for value, records in found.items() if records}
        return ids

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete contacts for good; clear and archive what is no contact."""
        for person in people:
            records = set(self._record_ids([Row(person.id, {}, person.record_id)]).values())
            if self._type == "contacts":
                emails = list(person.identifiers.get("email", ()))
                found = self._read("email", emails) if emails else {}
                for record_id in records.union(*found.values()):
                    self.call(
                        "POST", self._path("gdpr-delete"), {"objectId": record_id},
                        read=lambda _: None,
                    )  # fmt: skip
            elif records:
                self._clear(sorted(records))
        return [Outcome("acknowledged") for _ in people]

    def _clear(self, record_ids: Sequence[str]) -> None:
        names = (*self._delivery.fields, self._delivery.match)
        empty = {name: "" for name in names if self._is_writable(name)}
        inputs = [{"id": record_id, "properties": empty} for record_id in record_ids]
        self.call("POST", self._path("batch/update"), {"inputs": inputs}, read=lambda _: None)
        self._archive(record_ids)

    def _path(self, end: str) -> str:
        return f"/crm/objects/{_VERSION}/{self._type}/{end}"


def _field(item: Mapping[str, Any]) -> Field:
    kind = _KINDS.get(item["type"], "text")
    is_read_only = (item.get("modificationMetadata") or {}).get("readOnlyValue", False)
    return Field(kind, _LONGEST_TEXT if kind == "text" else None, not is_read_only)


def _text(value: Any) -> str:
    """As HubSpot takes a value: a string, times in ISO 8601, nothing for a null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def _same(field: str, value: str) -> str:
    """HubSpot keeps emails in lower case; any other value is as it is."""
    return value.strip().lower() if field == "email" else value


def _by_value(
    field: str, values: Sequence[str], results: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """value, as it was asked for → record ids."""
    found: dict[str, list[str]] = {}
    for item in results:
        value = _same(field, item["properties"].get(field) or "")
        found.setdefault(value, []).append(str(item["id"]))
    return {value: found[_same(field, value)] for value in values if _same(field, value) in found}


def _page(
    field: str, values: Sequence[str], found: Mapping[str, Any]
) -> tuple[dict[str, list[str]], str | None]:
    """(as _by_value, the cursor of the next page)"""
    after = ((found.get("paging") or {}).get("next") or {}).get("after")
    return _by_value(field, values, found["results"]), after


def _error(body: bytes) -> Mapping[str, Any]:
    """The error's object; empty where the body is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _code(error: Mapping[str, Any]) -> str:
    """The most telling of the codes that an error has; every one is optional."""
    details = [item for item in error.get("errors") or () if isinstance(item, dict)]
    codes = [*(item.get("code") for item in details), error.get("category")]
    return next((str(code) for code in codes if code), "rejected")


def _scopes(error: Mapping[str, Any]) -> Iterator[str]:
    for item in error.get("errors") or ():
        context = item.get("context") if isinstance(item, dict) else None
        for name, scopes in (context or {}).items() if isinstance(context, dict) else ():
            if "scope" in name.lower():
                yield from map(str, scopes)


DESTINATION = HubSpot
