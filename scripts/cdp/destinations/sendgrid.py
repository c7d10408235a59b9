"""SendGrid Marketing Campaigns: contacts, and who is on a list.

Every call starts a job, whose answer counts its errors and names no row: a job with some is
sent again in halves until the bad contacts stand alone. Custom fields are named in a sync
and sent by id. A contact's id updates nothing, so contacts are known by an identifier alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from cdp.errors import CdpError, RecordRejected

__all__ = ["DESTINATION", "SendGrid", "SendGridOptions"]

_ASKED = 100  # identifiers or contact ids a call
_ERASED = 5000  # addresses a call
_IDENTIFIERS = ("email", "external_id", "anonymous_id", "phone_number_id")
_OWN_FIELDS = MappingProxyType(
    {
        "email": Field(max_length=254),
        "external_id": Field(max_length=254),
        "anonymous_id": Field(max_length=254),
        "phone_number_id": Field(),
        "first_name": Field(max_length=50),
        "last_name": Field(max_length=50),
        "address_line_1": Field(max_length=100),
        "address_line_2": Field(max_length=100),
        "city": Field(max_length=60),
        "state_province_region": Field(max_length=50),
        "postal_code": Field(),
        "country": Field(max_length=50),
    }
)
_KINDS = {"Number": "float", "Date": "date"}


class SendGridOptions(ApiOptions):
    """token_env: an API key with access to marketing, and to erasure. list_id: a list that
    rows are added to, and taken off; without it who leaves is deleted."""

    token_env: SecretName
    list_id: str | None = Setting(default=None, pattern=r"^[0-9a-f-]{36}$")


@dataclass(frozen=True)
class _Job:
    """A job under way. positions: its rows in the batch; is_removal: it deletes them."""

    id: str
    positions: tuple[int, ...]
    is_removal: bool


@dataclass
class _Work:
    """What became of a batch so far: settled rows, and jobs that run."""

    rows: Sequence[Row]
    outcomes: list[Outcome]
    jobs: list[_Job]


class SendGrid(Api):
    """Contacts of Marketing Campaigns."""

    title = "SendGrid"
    summary = "Rows become contacts of Marketing Campaigns, and members of a list."
    modes = frozenset({"upsert", "mirror", "audience"})
    objects = MappingProxyType(
        {"contacts": Object("contacts, by email, external_id, anonymous_id or phone_number_id")}
    )
    default_object = "contacts"
    options = SendGridOptions
    base_url = "https://api.sendgrid.com"
    polls = True
    skips_nulls = True
    batch_rows = 5000
    batch_bytes = 5_000_000
    windows = MappingProxyType({"": (Window(3, 2),), "erase": (Window(100, 60),)})
    reasons = MappingProxyType({"job_errored": "invalid_value"})
    erases = (
        "Deletes the contacts with the person's identifier or any known email, and asks for the "
        "erasure of all that SendGrid keeps of those emails. Subusers keep their own."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("30,000 contacts or 6 MB a call; what is omitted stays; the email becomes lower case; "
             "a contact's id updates nothing", "vendor's specification dbe0e0d"),
        Fact("all identifiers that a contact has must be in an update", "vendor's specification"),
        Fact("a job is pending, completed, errored or failed, and counts its errors",
             "vendor's specification dbe0e0d"),
        Fact("the form of the file that names the errors is not documented: it is not read",
             "vendor's specification dbe0e0d"),
        Fact("custom fields go by id, as text", "vendor's specification, its example of a number"),
        Fact("100 identifiers a search; 404 where none of them is known",
             "vendor's specification dbe0e0d"),
        Fact("5,000 addresses or 256 KB an erasure, 100 calls a minute",
             "vendor's specification dbe0e0d"),
        Fact("3 calls in 2 s: the documents name no limit for these calls, this is the older "
             "API's (say more in `rates`)", "vendor's API reference (contactdb)"),
        Fact("who has unsubscribed is kept apart from contacts and never touched",
             "vendor's API reference (suppressions)"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "sendgrid",
            "cdp_object": "contacts",
            "cdp_mode": "mirror",
            "cdp_match": ["email"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {
                "email": "email",
                "first_name": "first_name",
                "last_order_at": "last_order_at",
            },
            "cdp_options": {
                "token_env": "DBT_ENV_SECRET_SENDGRID_KEY",
                "list_id": "ca7a2d54-0c1a-4b9e-8f3a-5f0f3c1d2e4b",
            },
        }
    )
    _options: SendGridOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: SendGridOptions) -> Iterator[str]:
        """An audience is a list."""
        if mode == "audience" and options.list_id is None:
            yield "cdp_options.list_id is missing: an audience is a list. Name it, or use mirror."

    @classmethod
    def place(cls, target_object: str, options: SendGridOptions) -> str:
        """The account is known by the name of its key."""
        return f"{cls.account(options)}/{options.list_id or target_object}"

    @classmethod
    def account(cls, options: SendGridOptions) -> str:
        """As place."""
        return f"sendgrid:{options.token_env}"

    def __init__(self, delivery: Delivery, options: SendGridOptions) -> None:
        token = read_secret(options.token_env, "SendGrid's key")
        super().__init__(delivery, options)
        self._secrets = (token,)
        self._custom: dict[str, str] = {}  # name of a custom field → its id
        self._work: dict[str, _Work] = {}  # by the batch's key

    def headers(self) -> Mapping[str, str]:
        """The key."""
        return {"authorization": f"Bearer {self._secrets[0]}"}

    def refused(self, answer: Answer) -> CdpError | None:
        """404 is an answer of searches: nobody has these identifiers."""
        if answer.status == 404:
            return RecordRejected("SendGrid knows none of them", "not_found")
        if answer.status == 400:
            return RecordRejected("SendGrid refused it: 400", "invalid_value")
        return None

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """SendGrid's own fields, and the account's custom ones by name."""
        path = "/v3/marketing/field_definitions"
        self._custom, kinds = self.call("GET", path, read=_custom_fields)
        return {**kinds, **_OWN_FIELDS}

    def check(self) -> Iterator[str]:
        """The fields, the identifier, and the list."""
        yield from super().check()
        if self._delivery.match not in _IDENTIFIERS:
            yield (
                f"cdp_match: SendGrid does not know contacts by {self._delivery.match}. "
                f"Use one of {', '.join(_IDENTIFIERS)}."
            )
        if self._options.list_id:
            try:
                path = f"/v3/marketing/lists/{self._options.list_id}"
                self.call("GET", path, read=lambda _: None)
            except RecordRejected:
                yield "cdp_options.list_id: SendGrid has no such list. Take it from the list's URL."

    def _contacts(self, by: str, values: Sequence[str]) -> dict[str, str]:
        """Identifier → the contact's id, of those that are there."""
        found: dict[str, str] = {}
        unique = list(dict.fromkeys(values))
        for start in range(0, len(unique), _ASKED):
            body = {"identifiers": unique[start : start + _ASKED]}
            path = f"/v3/marketing/contacts/search/identifiers/{by}"
            try:
                result = self.call("POST", path, body, read=lambda found: dict(found["result"]))
            except RecordRejected as error:
                if error.code != "not_found":
                    raise
                continue
            found |= {
                _same(by, value): item["contact"]["id"]
                for value, item in result.items()
                if item.get("contact")
            }
        return {value: found[_same(by, value)] for value in values if _same(by, value) in found}

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Start a job; `poll` says what became of it."""
        return self._begin(batch, is_removal=False)

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Take them off the list, or delete them where there is none."""
        if self._options.list_id is None:
            return self._begin(batch, is_removal=True)
        ids = list(self._contacts(self._delivery.match, [row.id for row in batch.rows]).values())
        for start in range(0, len(ids), _ASKED):
            asked = ",".join(ids[start : start + _ASKED])
            path = f"/v3/marketing/lists/{self._options.list_id}/contacts?contact_ids={asked}"
            self.call("DELETE", path, read=lambda _: None)
        return [Outcome("acknowledged") for _ in batch.rows]

    def _begin(self, batch: Batch, is_removal: bool) -> list[Outcome]:
        work = _Work(batch.rows, [Outcome("acknowledged") for _ in batch.rows], [])
        self._start(work, tuple(range(len(batch.rows))), is_removal)
        if not work.jobs:
            return work.outcomes
        self._work[batch.key] = work
        return [Outcome("accepted") for _ in batch.rows]

    def _start(self, work: _Work, positions: tuple[int, ...], is_removal: bool) -> None:
        rows = [work.rows[position] for position in positions]
        if not is_removal:
            work.jobs.append(_Job(self._put(rows), positions, is_removal))
            return
        ids = self._contacts(self._delivery.match, [row.id for row in rows])
        there = [position for position in positions if work.rows[position].id in ids]
        for start in range(0, len(there), _ASKED):
            part = tuple(there[start : start + _ASKED])
            job = self._delete([ids[work.rows[position].id] for position in part])
            work.jobs.append(_Job(job, part, is_removal))

    def _put(self, rows: Sequence[Row]) -> str:
        lists = {"list_ids": [self._options.list_id]} if self._options.list_id else {}
        body = {**lists, "contacts": [self._contact(row) for row in rows]}
        return self.call("PUT", "/v3/marketing/contacts", body, read=_job_id)

    def _delete(self, ids: Sequence[str]) -> str:
        """At most a hundred contacts; never none, which is no way to say nobody."""
        asked = ",".join(dict.fromkeys(ids))
        return self.call("DELETE", f"/v3/marketing/contacts?ids={asked}", read=_job_id)

    def _contact(self, row: Row) -> dict[str, Any]:
        _ = self._known_fields  # the ids of custom fields
        fields = {self._delivery.match: row.id, **row.fields}
        own = {name: _text(value) for name, value in fields.items() if name in _OWN_FIELDS}
        custom = {
            self._custom[name]: _text(value)
            for name, value in fields.items()
            if name not in _OWN_FIELDS
        }
        return own | ({"custom_fields": custom} if custom else {})

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """What became of the batch, once none of its jobs runs any more."""
        work = self._work[batch.key]
        for job in list(work.jobs):
            self._follow(work, job)
        if work.jobs:
            return None
        return self._work.pop(batch.key).outcomes

    def _follow(self, work: _Work, job: _Job) -> None:
        status, errors = self.call(
            "GET", f"/v3/marketing/contacts/imports/{job.id}",
            read=lambda found: (found["status"], (found.get("results") or {}).get("errored_count")),
        )  # fmt: skip
        if status not in ("completed", "errored", "failed"):
            return
        work.jobs.remove(job)
        if status == "completed":
            return
        if len(job.positions) == 1 or (errors or 0) >= len(job.positions):
            for position in job.positions:
                work.outcomes[position] = self.rejected(work.rows[position], "job_errored")
        elif status == "failed":
            for position in job.positions:
                work.outcomes[position] = Outcome("unknown", "job_failed")
        else:
            middle = len(job.positions) // 2
            self._start(work, job.positions[:middle], job.is_removal)
            self._start(work, job.positions[middle:], job.is_removal)

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete the contacts and erase the emails; halved where an address is refused."""
        try:
            self._erase(people)
        except RecordRejected as error:
            if len(people) == 1:
                return [Outcome("rejected", error.code, str(error))]
            middle = len(people) // 2
            return [*self.erase(people[:middle]), *self.erase(people[middle:])]
        return [Outcome("acknowledged") for _ in people]

    def _erase(self, people: Sequence[Person]) -> None:
        match = self._delivery.match
        emails = [email for person in people for email in person.identifiers.get("email", ())]
        emails += [person.id for person in people if match == "email"]
        contacts = {
            *self._contacts(match, [person.id for person in people]).values(),
            *self._contacts("email", emails).values(),
        }
        ids = sorted(contacts)
        for start in range(0, len(ids), _ASKED):
            self._delete(ids[start : start + _ASKED])
        unique = list(dict.fromkeys(email.lower() for email in emails))
        for start in range(0, len(unique), _ERASED):
            body = {"email_addresses": unique[start : start + _ERASED]}
            self.call("POST", "/v3/recipients/erasejob", body, read=_job_id, group="erase")


def _job_id(found: Mapping[str, Any]) -> str:
    return str(found["job_id"])


def _same(by: str, value: str) -> str:
    """SendGrid keeps emails in lower case; any other identifier is as it is."""
    return value.lower() if by == "email" else value


def _text(value: Any) -> str:
    """As SendGrid takes a value: text, times in ISO 8601, nothing for a null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def _custom_fields(found: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Field]]:
    """(name → id, name → field)"""
    custom = found.get("custom_fields") or ()
    kinds = {item["name"]: Field(_KINDS.get(item["field_type"], "text")) for item in custom}
    return {item["name"]: str(item["id"]) for item in custom}, kinds


DESTINATION = SendGrid
