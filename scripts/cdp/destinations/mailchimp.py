"""Mailchimp: members of an audience with their merge fields, and who has a tag.

No member's status is ever written but a new one's (`status_if_new`): so whoever has
unsubscribed, or was cleaned, stays so. Rows are told apart in the answer by their email.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from pydantic import Field as Setting

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
from cdp.errors import CdpError, ConfigError, FatalDestinationError, RecordRejected

__all__ = ["DESTINATION", "Mailchimp", "MailchimpOptions"]

_TAG, _SEGMENT = "tag", "segment"
_EMAIL = "email"
_LONGEST_TEXT = 255  # characters
_KINDS = {"number": "float", "zip": "text", "date": "date", "birthday": "date"}
_COMPOUND = ("address",)  # not one value

_OUT = ("unsubscribed", "cleaned")  # whom Mailchimp mails no more

_Read = TypeVar("_Read")


class MailchimpOptions(ApiOptions):
    """key_env: the API key, which ends with its data centre. list_id: of the audience.
    status_if_new: what a member becomes who was not there: subscribed, pending (is asked to
    confirm) or transactional (gets no marketing). tag: the name, of the object tag.
    segment_id: of a static segment, of the object segment."""

    key_env: SecretName
    list_id: str = Setting(pattern=r"^\w+$")
    status_if_new: Literal["subscribed", "pending", "transactional"] | None = None
    tag: str | None = Setting(default=None, min_length=1, max_length=100)
    segment_id: str | None = Setting(default=None, pattern=r"^\d+$")


class Mailchimp(Api):
    """Members of an audience; who has a tag, or is in a static segment."""

    title = "Mailchimp"
    summary = "Rows become members of an audience, or get a tag."
    modes = frozenset({"upsert", "mirror", "audience"})
    objects = MappingProxyType(
        {
            "members": Object("people of the audience, by email; fields are its merge tags"),
            _TAG: Object("who has the tag `tag`; members are not made, only found",
                         {_EMAIL: Field()}),
            _SEGMENT: Object("who is in the static segment `segment_id`; members are not made, "
                             "only found", {_EMAIL: Field()}),
        }
    )  # fmt: skip
    default_object = "members"
    options = MailchimpOptions
    base_url = "https://api.mailchimp.com"  # the key names the data centre before it
    max_answer = 8_000_000  # five hundred members, each with all that is known
    skips_nulls = True
    batch_rows = 500
    reasons = MappingProxyType(  # by words of the message: its codes say little
        {
            "compliance state": "unsubscribed",
            "permanently deleted": "erased",
            "fake or invalid": "invalid_value",
            "valid email": "invalid_value",
        }
    )
    erases = (
        "Deletes the member for good, by each email that is known. Mailchimp keeps a mark by "
        "which that address cannot be imported again: only she herself can come back."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("500 members a call; update_existing, skip_merge_validation, skip_duplicate_check; "
             "errors name the email", "mailchimp-marketing 3.0.80; vendor's API reference, "
             "batch subscribe, as quoted by its users"),
        Fact("status_if_new counts for new members alone", "vendor's example of a batch add, "
             "VingtCinq/python-mailchimp issue 68"),
        Fact("a member's id is the MD5 of the email in lower case", "vendor's guide \"Manage "
             "contacts\""),
        Fact("sync_tags replaces all tags, foreign ones, too: never sent", "vendor's release "
             "notes, 2022-01-24"),
        Fact("a tag is a static segment: members_to_add, members_to_remove", "vendor's API "
             "reference, batch add or remove members, as quoted by its users"),
        Fact("who is archived keeps no status, so unsubscribed and cleaned members are not "
             "archived when they leave", "our own care: it is not documented"),
        Fact("10 connections at once: one is used", "vendor's fundamentals, not dated"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "mailchimp",
            "cdp_object": "members",
            "cdp_mode": "mirror",
            "cdp_match": ["email"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {"email": "email", "FNAME": "first_name", "LASTORDER": "last_order_at"},
            "cdp_options": {
                "key_env": "DBT_ENV_SECRET_MAILCHIMP_KEY",
                "list_id": "a1b2c3d4e5",
                "status_if_new": "subscribed",
            },
        }
    )
    _options: MailchimpOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: MailchimpOptions) -> Iterator[str]:
        """Each option goes with its object."""
        for name, target in (("status_if_new", "members"), (_TAG, _TAG), ("segment_id", _SEGMENT)):
            if (getattr(options, name) is not None) != (target_object == target):
                yield f"cdp_options.{name} goes with cdp_object: {target}. Say both or neither."

    @classmethod
    def place(cls, target_object: str, options: MailchimpOptions) -> str:
        """The account is known by the name of its key."""
        which = f"/{target_object}/{options.tag or options.segment_id or ''}".rstrip("/")
        return f"{cls.account(options)}/{options.list_id}{which}"

    @classmethod
    def account(cls, options: MailchimpOptions) -> str:
        """As place."""
        return f"mailchimp:{options.key_env}"

    def __init__(self, delivery: Delivery, options: MailchimpOptions) -> None:
        key = read_secret(options.key_env, "Mailchimp's API key")
        super().__init__(delivery, options)
        self._secrets = (key, base64.b64encode(f"cdp:{key}".encode()).decode())
        if options.base_url is None:
            self._base = f"https://{_data_centre(key)}.api.mailchimp.com"
        self._list = f"/3.0/lists/{options.list_id}"
        self._types: dict[str, str] = {}  # merge tag → its type

    def headers(self) -> Mapping[str, str]:
        """The key; the user may be any."""
        return {"authorization": f"Basic {self._secrets[1]}"}

    def refused(self, answer: Answer) -> CdpError | None:
        """What is not there, and the title of a problem."""
        if answer.status == 404:
            return RecordRejected("Mailchimp has no such thing", "not_found")
        if answer.status in (400, 405):
            problem = _problem(answer.body)
            return RecordRejected(
                f"Mailchimp refused it: {problem.get('title', answer.status)}",
                self._reason(f"{problem.get('title')} {problem.get('detail')}"),
            )
        return None

    def _reason(self, text: str) -> str:
        found = (reason for words, reason in self.reasons.items() if words in text.lower())
        return next(found, "rejected")

    # --- what is there ------------------------------------------------------------------

    def check(self) -> Iterator[str]:
        """The audience, its fields, the tag or segment, and the match field."""
        if self._seen(self._list + "?fields=id", "id") is None:
            yield f"cdp_options.list_id: Mailchimp has no audience {self._options.list_id}."
            return
        yield from super().check()
        if self._delivery.match != _EMAIL:
            yield f"cdp_match: Mailchimp finds members by {_EMAIL}, not '{self._delivery.match}'."
        if self._options.tag and self._segment_id is None:
            yield f"cdp_options.tag: the audience has no tag '{self._options.tag}'. Make it there."
        if self._options.segment_id:
            path = f"{self._list}/segments/{self._options.segment_id}"
            if self._seen(path, "type") != "static":
                yield "cdp_options.segment_id: the audience has no such static segment."

    def catalogue(self) -> Mapping[str, Field] | None:
        """The audience's merge fields, and the email."""
        if self._delivery.target_object != "members":
            return super().catalogue()
        found = self.call("GET", f"{self._list}/merge-fields?count=1000", read=_merge_fields)
        self._types = {item["tag"]: item["type"] for item in found}
        return {item["tag"]: _field(item["type"]) for item in found} | {_EMAIL: Field()}

    def _seen(self, path: str, name: str) -> str | None:
        """The field of this name of what is there; None where nothing is."""
        try:
            return self.call("GET", path, read=lambda found: str(found[name]))
        except RecordRejected as error:
            if error.code != "not_found":
                raise
            return None

    @cached_property
    def _segment_id(self) -> str | None:
        """Of the tag, which is a static segment by another name."""
        if self._options.segment_id:
            return self._options.segment_id
        path = f"{self._list}/tag-search?{urlencode({'name': self._options.tag})}"
        found = self.call("GET", path, read=lambda found: found["tags"])
        return next((str(tag["id"]) for tag in found if tag["name"] == self._options.tag), None)

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Create or update members, or give them the tag."""
        if self._delivery.target_object != "members":
            return self._tag(batch.rows, "members_to_add")
        moved = {id(row): outcome for row in batch.rows if (outcome := self._moved(row))}
        rows = [row for row in batch.rows if id(row) not in moved]
        written = iter(self._put(rows) if rows else ())
        return [moved.get(id(row)) or next(written) for row in batch.rows]

    def _moved(self, row: Row) -> Outcome | None:
        """Give the member her new email first; None: there is nothing in the way."""
        if not row.record_id or row.record_id == _hash(row.id):
            return None
        try:
            path = f"{self._list}/members/{row.record_id}"
            self.call("PATCH", path, {"email_address": row.id}, read=lambda _: None)
        except RecordRejected as error:
            if error.code != "not_found":
                return Outcome("rejected", "conflict", str(error))
        return None

    def _put(self, rows: Sequence[Row]) -> list[Outcome]:
        body = {"members": [self._member(row) for row in rows], "update_existing": True}
        path = f"{self._list}?skip_merge_validation=true&skip_duplicate_check=true"
        return self._to_list(path, body, lambda found: self._outcomes(rows, found))

    def _member(self, row: Row) -> dict[str, Any]:
        """Never with a status: that of somebody who is there is hers."""
        merged = {
            name: _value(value, self._types.get(name, "text"))
            for name, value in row.fields.items()
            if name != _EMAIL
        }
        member = {"email_address": row.id, "status_if_new": self._options.status_if_new}
        return member | ({"merge_fields": merged} if merged else {})

    def _to_list(self, path: str, body: object, read: Callable[[Any], _Read]) -> _Read:
        """A call of the whole audience, without which nobody gets through."""
        try:
            return self.call("POST", path, body, read=read)
        except RecordRejected as error:
            if error.code != "not_found":
                raise
            raise FatalDestinationError(
                f"Mailchimp has no audience {self._options.list_id}, or not what is to be "
                "written there. Check list_id, tag and segment_id."
            ) from None

    def _outcomes(self, rows: Sequence[Row], found: Mapping[str, Any]) -> list[Outcome]:
        done = {
            _same(member["email_address"]): str(member["id"])
            for member in (*found["new_members"], *found["updated_members"])
        }
        errors = {_same(error["email_address"]): error for error in found["errors"]}
        return [self._outcome(row, done, errors) for row in rows]

    def _outcome(
        self, row: Row, done: Mapping[str, str], errors: Mapping[str, Mapping[str, Any]]
    ) -> Outcome:
        email = _same(row.id)
        if email in done:
            return Outcome("acknowledged", destination_id=done[email])
        if email not in errors:
            return Outcome("unknown", "no_answer")
        said = str(errors[email].get("error", ""))
        code = str(errors[email].get("error_code", "rejected"))
        outcome = self.rejected(row, code, said)
        return Outcome("rejected", self._reason(said), outcome.message)

    def _tag(self, rows: Sequence[Row], operation: str) -> list[Outcome]:
        """Who is no member cannot have a tag: a later run tries again."""
        segment_id = self._segment_id
        if segment_id is None:
            raise FatalDestinationError(
                f"The audience has no tag '{self._options.tag}'. Make it there."
            )
        emails = list(dict.fromkeys(row.id for row in rows))
        missing = self._to_list(
            f"{self._list}/segments/{segment_id}", {operation: emails}, _not_taken
        )
        return [
            Outcome("aborted", "not_found")
            if _same(row.id) in missing and operation == "members_to_add"
            else Outcome("acknowledged", destination_id=_hash(row.id))
            for row in rows
        ]

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take the tag, or archive: but not who has unsubscribed, which is to stay known."""
        if self._delivery.target_object != "members":
            return self._tag(batch.rows, "members_to_remove")
        for row in batch.rows:
            path = f"{self._list}/members/{row.record_id or _hash(row.id)}"
            status = self._seen(f"{path}?fields=status", "status")
            if status is not None and status not in (*_OUT, "archived"):
                self._gone("DELETE", path)
        return [Outcome("acknowledged") for _ in batch.rows]

    def _gone(self, method: str, path: str) -> None:
        """A call after which something is gone, or was not there."""
        try:
            self.call(method, path, read=lambda _: None)
        except RecordRejected as error:
            if error.code != "not_found":
                raise

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete for good, by each email that is known."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        emails = {person.id, *person.identifiers.get(_EMAIL, ())}
        hashes = {_hash(email) for email in emails if "@" in email}
        hashes |= {person.record_id} if person.record_id else set()
        try:
            for member in sorted(hashes):
                self._gone("POST", f"{self._list}/members/{member}/actions/delete-permanent")
        except RecordRejected as error:
            return Outcome("rejected", error.code, str(error))
        return Outcome("acknowledged")


def _data_centre(key: str) -> str:
    found = re.search(r"-([a-z]{2,4}\d+)$", key)
    if found is None:
        raise ConfigError("Mailchimp's API key ends with its data centre, such as -us12.")
    return found[1]


def _same(email: str) -> str:
    return email.strip().lower()


def _hash(email: str) -> str:
    return hashlib.md5(_same(email).encode(), usedforsecurity=False).hexdigest()


def _merge_fields(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{"tag": item["tag"], "type": item["type"]} for item in found["merge_fields"]]


def _field(kind: str) -> Field:
    ours = _KINDS.get(kind, "text")
    return Field(ours, _LONGEST_TEXT if ours == "text" else None, kind not in _COMPOUND)


def _value(value: Any, kind: str) -> Any:
    """As Mailchimp takes it: an empty text clears; a birthday has no year."""
    if value is None:
        return ""
    if isinstance(value, date):  # or a time
        day = value.date() if isinstance(value, datetime) else value
        if kind == "birthday":
            return f"{day:%m/%d}"
        return day.isoformat() if kind == "date" else _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _text(value: date) -> str:
    return value.isoformat() + ("Z" if isinstance(value, datetime) else "")


def _not_taken(found: Mapping[str, Any]) -> set[str]:
    """Emails that the segment did not take."""
    named: Iterable[Mapping[str, Any]] = found.get("errors") or ()
    return {_same(email) for error in named for email in error["email_addresses"]}


def _problem(body: bytes) -> Mapping[str, Any]:
    """The problem's title and detail; empty where the body is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


DESTINATION = Mailchimp
