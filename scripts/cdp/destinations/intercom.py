"""Intercom: contacts, and who has a tag, one call each, by the API 2.16.

There is no call for many contacts. One that the ledger knows is updated by its own id; any
other is created, and where it exists already Intercom names it in its refusal: the search
lags by minutes, so that refusal is what keeps duplicates away. Who leaves is archived.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Literal

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
from cdp.errors import CdpError, RecordRejected

__all__ = ["DESTINATION", "Intercom", "IntercomOptions"]

_VERSION = "2.16"
_PAGE = 150
_TAG = "tag"
_LONGEST_TEXT = 255  # characters of a custom attribute
_MATCHES = ("external_id", "email")
_KINDS = {"boolean": "boolean", "date": "timestamp", "float": "float", "integer": "integer"}
_REGIONS = {"us": "", "eu": "eu.", "au": "au."}
_OWN_FIELDS = MappingProxyType(
    {
        **{name: Field() for name in ("external_id", "email", "phone", "name", "avatar")},
        "language_override": Field(),
        "owner_id": Field("integer"),
        "signed_up_at": Field("timestamp"),
        "last_seen_at": Field("timestamp"),
        "role": Field(is_writable=False),
        "unsubscribed_from_emails": Field("boolean", is_writable=False),
    }
)


class IntercomOptions(ApiOptions):
    """token_env: the access token of the workspace's app. region: where its data is kept.
    tag_id: of the object tag."""

    token_env: SecretName
    region: Literal["us", "eu", "au"] = "us"
    tag_id: str | None = Setting(default=None, pattern=r"^\d+$")


class _AlreadyThere(RecordRejected):
    """A contact with these details exists: `record_id`, perhaps archived."""

    def __init__(self, record_id: str, is_archived: bool) -> None:
        super().__init__("Intercom has such a contact", "conflict")
        self.record_id, self.is_archived = record_id, is_archived


class Intercom(Api):
    """Contacts of a workspace."""

    title = "Intercom"
    summary = "Rows become contacts of the role user, or have a tag."
    modes = frozenset({"upsert", "update", "create", "mirror", "audience"})
    objects = MappingProxyType(
        {
            "contacts": Object("people, by external_id or email"),
            _TAG: Object("who has the tag `tag_id`; contacts are not made, only found"),
        }
    )
    default_object = "contacts"
    options = IntercomOptions
    base_url = "https://api.intercom.io"
    can_look_up = True
    skips_nulls = True
    batch_rows = 50
    look_up_rows = 50
    windows = MappingProxyType({"": (Window(1666, 10),)})
    reasons = MappingProxyType(
        {
            "conflict": "conflict",
            "not_found": "not_found",
            "parameter_invalid": "invalid_value",
            "parameter_not_found": "missing_value",
        }
    )
    erases = (
        "The contacts with the person's id, external_id or any known email are deleted for good; "
        "one made in the last minutes may be missed, since the search lags: ask again."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("no call takes several contacts", "vendor's specification 8889625, version 2.16"),
        Fact("POST of a contact that exists answers 409 with its id in the message, archived or "
             "not", "vendor's API reference, and its change of 2026-06-08"),
        Fact("a new contact may not be found by the search for minutes",
             "vendor's API reference (search contacts), read 2026-11-22"),
        Fact("10,000 calls a minute for an app, 25,000 for a workspace, in windows of 10 s",
             "vendor's API reference (rate limiting), read 2026-11-22"),
        Fact("429 says in X-RateLimit-Reset, in epoch seconds, when to go on",
             "vendor's API reference (rate limiting), read 2026-11-22"),
        Fact("times are in epoch seconds; a custom attribute must exist",
             "vendor's API reference (contacts, data attributes)"),
        Fact("unsubscribed_from_emails is never written: false would subscribe somebody again",
             "vendor's API reference (contacts)"),
        Fact("a tag is given and taken by its id, a call a contact",
             "vendor's specification 8889625"),
        Fact("DELETE is for good, archive is not", "vendor's specification 8889625"),
        Fact("custom attributes of text take 255 characters",
             "an implementer's notes; not found in the vendor's reference"),
        Fact("who leaves is archived, and unarchived on coming back",
             "this module's choice"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "intercom",
            "cdp_object": "contacts",
            "cdp_mode": "upsert",
            "cdp_match": ["record_id", "external_id", "email"],
            "cdp_purpose": "service",
            "cdp_fields": {
                "external_id": "profile_id",
                "email": "email",
                "name": "first_name",
                "cdp_last_order_at": "last_order_at",
            },
            "cdp_options": {"token_env": "DBT_ENV_SECRET_INTERCOM_TOKEN"},
            "cdp_echoes_in": "intercom",
        }
    )
    collections = MappingProxyType({_TAG: "tag_id"})
    _options: IntercomOptions

    @classmethod
    def account(cls, options: IntercomOptions) -> str:
        """Known by the name of its secret."""
        return f"intercom:{options.region}/{options.token_env}"

    def __init__(self, delivery: Delivery, options: IntercomOptions) -> None:
        token = read_secret(options.token_env, "Intercom's token")
        super().__init__(delivery, options)
        self._base = options.base_url or f"https://api.{_REGIONS[options.region]}intercom.io"
        self._secrets = (token,)
        self._is_tag = delivery.target_object == _TAG

    def headers(self) -> Mapping[str, str]:
        """The token, and the version: without it the app's own would hold."""
        return {"authorization": f"Bearer {self._secrets[0]}", "intercom-version": _VERSION}

    def refused(self, answer: Answer) -> CdpError | None:
        """The first of its errors; a conflict names the contact that is there."""
        if answer.status not in (400, 404, 409, 422):
            return None
        code, message = _error(answer.body)
        found = re.search(r"id=([0-9a-f]+)", message)
        if answer.status == 409 and found:
            return _AlreadyThere(found[1], "archived" in message.lower())
        if answer.status == 404 and not code:
            return None
        reason = "not_found" if answer.status == 404 else self.reasons.get(code, "rejected")
        return RecordRejected(f"Intercom refused it: {code}", reason)

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """Intercom's own fields, and the workspace's custom attributes of contacts."""
        custom = self.call(
            "GET",
            "/data_attributes?model=contact",
            read=lambda found: {
                item["name"]: _field(item)
                for item in found["data"]
                if item.get("custom") and not item.get("archived")
            },
        )
        return {**custom, **_OWN_FIELDS}

    def check(self) -> Iterator[str]:
        """The fields, the match field, and the tag."""
        yield from super().check()
        match = self._delivery.match
        if match not in _MATCHES:
            yield f"cdp_match: Intercom knows contacts by external_id or email, not {match}."
        if self._is_tag:
            try:
                self.call("GET", f"/tags/{self._options.tag_id}", read=lambda _: None)
            except RecordRejected:
                yield "cdp_options.tag_id: Intercom has no such tag. Take the id from its API."

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Contacts by external_id or email, whose case does not matter."""
        if field not in _MATCHES:
            return {}
        asked = {"field": field, "operator": "IN", "value": list(dict.fromkeys(values))}
        found: dict[str, list[str]] = {}
        after: str | None = None
        while True:
            cursor = {"starting_after": after} if after else {}
            body = {"query": asked, "pagination": {"per_page": _PAGE, **cursor}}
            contacts, after = self.call(
                "POST", "/contacts/search", body, read=lambda page: _page(field, page)
            )
            for key, contact_id in contacts:
                found.setdefault(key, []).append(contact_id)
            if not after:
                break
        return {
            value: found[_same(field, value)] for value in values if _same(field, value) in found
        }

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """A call a row."""
        if self._is_tag:
            return self._tag(batch, "POST", "", {"id": self._options.tag_id})
        calls = (((row,), lambda part: [self._put(*part)]) for row in batch.rows)
        return self.in_turn(batch.rows, calls)

    def _put(self, row: Row) -> Outcome:
        contact = self._contact(row)
        try:
            record_id = row.record_id or self._create(contact)
            if row.record_id:
                self._update(row.record_id, contact)
        except RecordRejected as error:
            return Outcome("rejected", error.code, str(error))
        return Outcome("acknowledged", destination_id=record_id)

    def _create(self, contact: Mapping[str, Any]) -> str:
        """Its id; one that is there already is updated, and unarchived if it was archived."""
        try:
            body = {"role": "user", **contact}
            return self.call("POST", "/contacts", body, read=lambda found: str(found["id"]))
        except _AlreadyThere as there:
            if there.is_archived:
                self.call("POST", f"/contacts/{there.record_id}/unarchive", read=lambda _: None)
            self._update(there.record_id, contact)
            return there.record_id

    def _update(self, record_id: str, contact: Mapping[str, Any]) -> None:
        self.call("PUT", f"/contacts/{record_id}", contact, read=lambda _: None)

    def _contact(self, row: Row) -> dict[str, Any]:
        known = self._known_fields or {}
        fields = {self._delivery.match: row.id, **row.fields}
        values = {name: _value(value, known.get(name)) for name, value in fields.items()}
        own = {name: value for name, value in values.items() if name in _OWN_FIELDS}
        custom = {name: value for name, value in values.items() if name not in _OWN_FIELDS}
        return own | ({"custom_attributes": custom} if custom else {})

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Archive them, or take the tag from them; one that is not there needs neither."""
        if self._is_tag:
            return self._tag(batch, "DELETE", f"/{self._options.tag_id}")
        for record_id in self._record_ids(batch.rows).values():
            self._is_done("POST", f"/contacts/{record_id}/archive")
        return [Outcome("acknowledged") for _ in batch.rows]

    def _tag(self, batch: Batch, method: str, end: str, body: object = None) -> list[Outcome]:
        """Who is no contact cannot have the tag: a later run tries again."""
        ids = self._record_ids(batch.rows)
        nobody = Outcome("acknowledged" if method == "DELETE" else "aborted", "not_found")
        return [
            Outcome("acknowledged", destination_id=found)
            if (found := ids.get(row.id))
            and self._is_done(method, f"/contacts/{found}/tags{end}", body)
            else nobody
            for row in batch.rows
        ]

    def _record_ids(self, rows: Sequence[Row]) -> dict[str, str]:
        """row.id → the id of its contact, of those that have one."""
        ids = {row.id: row.record_id for row in rows if row.record_id}
        if others := [row.id for row in rows if row.id not in ids]:
            found = self.look_up(self._delivery.match, others)
            ids |= {value: contacts[0] for value, contacts in found.items()}
        return ids

    def _is_done(self, method: str, path: str, body: object = None) -> bool:
        """False: what it was to be done to is not there."""
        try:
            self.call(method, path, body, read=lambda _: None)
        except RecordRejected as error:
            if error.code != "not_found":
                raise
            return False
        return True

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete every contact that is the person, for good."""
        for person in people:
            found = {person.record_id} if person.record_id else set()
            for field, values in (
                (self._delivery.match, [person.id]),
                ("email", list(person.identifiers.get("email", ()))),
            ):
                if values:
                    found.update(*self.look_up(field, values).values())
            for record_id in sorted(found):
                self._is_done("DELETE", f"/contacts/{record_id}")
        return [Outcome("acknowledged") for _ in people]


def _field(item: Mapping[str, Any]) -> Field:
    kind = _KINDS.get(item["data_type"], "text")
    length = _LONGEST_TEXT if kind == "text" else None
    return Field(kind, length, is_writable=item.get("api_writable", True))


def _value(value: Any, field: Field | None) -> Any:
    """Times in epoch seconds, where the field is one of time."""
    if not isinstance(value, date) or field is None or field.kind != "timestamp":
        return value
    moment = value if isinstance(value, datetime) else datetime(*value.timetuple()[:3])
    return int(moment.replace(tzinfo=UTC).timestamp())


def _same(field: str, value: str) -> str:
    return value.strip().lower() if field == "email" else value


def _page(field: str, found: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str | None]:
    """((value of the field, id) of the contacts of a page, the cursor of the next one)"""
    after = ((found.get("pages") or {}).get("next") or {}).get("starting_after")
    keyed = [(_same(field, item.get(field) or ""), str(item["id"])) for item in found["data"]]
    return keyed, after


def _error(body: bytes) -> tuple[str, str]:
    """Code and message of the first error; empty where the body is none of Intercom's."""
    try:
        (error, *_) = json.loads(body)["errors"]
        return str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return "", ""


DESTINATION = Intercom
