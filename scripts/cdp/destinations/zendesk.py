"""Zendesk Support: people as end users, by background jobs of a hundred.

A user that the ledger knows is updated by its own id; any other is created or updated by
external_id or email. Every call starts a job: few may wait at once, and Zendesk forgets
them after an hour or a hundred others, so jobs are asked for while rows are still being
sent, not only at the end. A removal is a soft deletion.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote

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
from cdp.errors import CdpError, FatalDestinationError, RecordRejected

__all__ = ["DESTINATION", "Zendesk", "ZendeskOptions"]

_MATCHES = ("external_id", "email")
_JOBS_AT_ONCE = 25  # of the 30 that an account may have queued: others use it, too
_JOB_PAUSE = 1.0  # seconds until a full queue is asked again
_KINDS = {"checkbox": "boolean", "date": "date", "decimal": "float", "integer": "integer"}
_OWN_FIELDS = MappingProxyType(
    {
        **{name: Field() for name in (*_MATCHES, "name", "phone", "alias", "details", "notes")},
        "locale": Field(),
        "time_zone": Field(),
        "organization_id": Field("integer"),
        **{name: Field(is_writable=False) for name in ("id", "role", "suspended", "tags")},
    }
)


class ZendeskOptions(ApiOptions):
    """subdomain: SUBDOMAIN.zendesk.com. token_env: an OAuth access token, or
    login/token:API-token."""

    subdomain: Annotated[str, Setting(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    token_env: SecretName


class Zendesk(Api):
    """End users of Zendesk Support."""

    title = "Zendesk"
    summary = "Rows become end users of Zendesk Support, with its custom user fields."
    modes = frozenset({"upsert", "update", "create", "mirror"})
    objects = MappingProxyType({"users": Object("end users, by external_id or email")})
    default_object = "users"
    options = ZendeskOptions
    base_url = ""  # each account has its own
    polls = True
    can_look_up = True
    skips_nulls = True
    batch_rows = 100
    windows = MappingProxyType({"": (Window(200, 60),), "erase": (Window(700, 600),)})
    reasons = MappingProxyType(
        {
            "NotFound": "not_found",
            "RecordInvalid": "invalid_value",
            "RecordNotFound": "not_found",
            "UserUpdateError": "invalid_value",
        }
    )
    erases = (
        "The user is deleted, then deleted permanently, by id, external_id and all known emails; "
        "Zendesk refuses while the user has open tickets. Closed tickets stay, without the user."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("create_or_update_many takes 100 users, each known by external_id or email, and "
             "answers with a job", "vendor's API reference (users), read 2026-11-22"),
        Fact("a job's results stand in the order of the users sent; a status is Created, Updated "
             "or Failed", "vendor's developer advocacy in its community, 2021-08"),
        Fact("a job can be asked for an hour, only the last 100 are kept, and 30 may be queued or "
             "running", "vendor's API reference (job statuses, rate limits) and community"),
        Fact("bulk imports are off until Zendesk's support turns them on: 403", "vendor's API "
             "reference (users), read 2026-11-22"),
        Fact("a new user gets a verification mail unless skip_verify_email is true, which is "
             "always said", "vendor's API reference (users), read 2026-11-22"),
        Fact("an email is written on creation alone; another one later becomes a secondary "
             "address", "vendor's API reference (users), read 2026-11-22"),
        Fact("only external_id is looked up while planning; by email, Zendesk itself adopts",
             "this module's choice: a search by email takes a call each, and lags"),
        Fact("role, tags and suspension are never written: a role may cost a seat",
             "this module's choice"),
        Fact("200 calls a minute on the Team plan, 400 to 2,500 above it (say so in `rates`); 700 "
             "permanent deletions in 10 minutes", "vendor's rate limits, read 2026-11-22"),
        Fact("who leaves a mirror is deleted softly; Zendesk refuses while a ticket is open",
             "this module's choice"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "zendesk",
            "cdp_object": "users",
            "cdp_mode": "upsert",
            "cdp_match": ["record_id", "external_id"],
            "cdp_purpose": "service",
            "cdp_fields": {
                "external_id": "profile_id",
                "email": "email",
                "name": "first_name",
                "last_order_at": "last_order_at",
            },
            "cdp_options": {
                "subdomain": "example",
                "token_env": "DBT_ENV_SECRET_ZENDESK_TOKEN",
            },
        }
    )
    _options: ZendeskOptions

    @classmethod
    def place(cls, target_object: str, options: ZendeskOptions) -> str:
        """The account is its subdomain."""
        return f"{cls.account(options)}/{target_object}"

    @classmethod
    def account(cls, options: ZendeskOptions) -> str:
        """As place."""
        return f"zendesk:{options.subdomain}"

    def __init__(self, delivery: Delivery, options: ZendeskOptions) -> None:
        token = read_secret(options.token_env, "Zendesk's token")
        super().__init__(delivery, options)
        self._base = options.base_url or f"https://{options.subdomain}.zendesk.com"
        self._secrets = (token,)
        self._jobs: dict[str, dict[str, list[int]]] = {}  # batch → job → positions of its rows
        self._running: dict[str, Sequence[Row]] = {}  # job → its rows, in order
        self._ended: dict[str, Sequence[Outcome]] = {}  # job → what became of them

    def headers(self) -> Mapping[str, str]:
        """An API token goes with its login, an access token alone."""
        (token,) = self._secrets
        if "/token:" in token:
            return {"authorization": f"Basic {b64encode(token.encode()).decode()}"}
        return {"authorization": f"Bearer {token}"}

    def refused(self, answer: Answer) -> CdpError | None:
        """Imports that are off, a record that is not there, and what a value has wrong."""
        code = _code(answer.body)
        if answer.status == 403 and "import" in answer.body.decode(errors="replace").lower():
            return FatalDestinationError(
                "Zendesk's bulk imports are off for this account. Ask its support for them."
            )
        if answer.status in (400, 422) or (answer.status == 404 and code == "RecordNotFound"):
            reason = self.reasons.get(code, "rejected")
            return RecordRejected(f"Zendesk refused it: {code}", reason)
        return None

    # --- what is there ------------------------------------------------------------------

    def catalogue(self) -> Mapping[str, Field]:
        """Zendesk's own fields and the account's custom user fields, by key."""
        fields, path = dict(_OWN_FIELDS), "/api/v2/user_fields?page%5Bsize%5D=100"
        while path:
            found, after = self.call("GET", path, read=_page)
            fields |= found
            path = after and f"/api/v2/user_fields?page%5Bsize%5D=100&page%5Bafter%5D={after}"
        return fields

    def check(self) -> Iterator[str]:
        """The fields, and the match field; what only makes or only changes has to look up."""
        yield from super().check()
        match, mode = self._delivery.match, self._delivery.mode
        if match not in _MATCHES:
            yield f"cdp_match: Zendesk knows users by external_id or email, not {match}."
        elif match == "email" and mode in ("create", "update"):
            yield f"cdp_match: emails are not looked up for {mode}. Use external_id, or upsert."

    def refusal(self, row: Row) -> Outcome | None:
        """To Zendesk an external_id with a comma is several, when it is looked up."""
        if self._delivery.match == "external_id" and "," in row.id:
            return Outcome("rejected", "invalid_value", f"{self._delivery.match} has a comma")
        return super().refusal(row)

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Users by external_id, whose case does not matter to Zendesk."""
        if field != "external_id":
            return {}
        asked = [value for value in values if "," not in value]
        found: dict[str, list[str]] = {}
        for user in self._users("external_ids", asked):
            found.setdefault(user.external_id, []).append(user.id)
        return {value: found[value.lower()] for value in values if value.lower() in found}

    def _users(self, by: str, values: Sequence[str], deleted: bool = False) -> Sequence[_User]:
        """The users with these ids or external ids, at most a hundred."""
        path = f"/api/v2/users/show_many?{by}={quote(','.join(dict.fromkeys(values)), safe=',')}"
        if deleted:
            path += "&include_deleted=true"
        return self.call("GET", path, read=_users) if values else ()

    def _with_email(self, email: str) -> list[str]:
        query = quote(f'email:"{email}"', safe="")
        users = self.call("GET", f"/api/v2/users/search?query={query}", read=_users)
        return [user.id for user in users if user.email == email.lower()]

    def _record_ids(self, rows: Sequence[Row]) -> dict[str, str]:
        """row.id → the id of its user, of those that have one and stand."""
        ids = {row.id: row.record_id for row in rows if row.record_id}
        if ids:
            standing = {user.id for user in self._users("ids", list(ids.values()))}
            ids = {key: record_id for key, record_id in ids.items() if record_id in standing}
        others = [row.id for row in rows if not row.record_id]
        if others and self._delivery.match == "external_id":
            ids |= {key: found[0] for key, found in self.look_up("external_id", others).items()}
        elif others:
            ids |= {key: found[0] for key in others if (found := self._with_email(key))}
        return ids

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Start a job for those with an id, and one for the others."""
        self._jobs[batch.key] = {}

        def update(rows: Sequence[Row]) -> list[Outcome]:
            users = [self._user(row) for row in rows]
            positions = [n for n, row in enumerate(batch.rows) if row.record_id]
            path = "/api/v2/users/update_many"
            self._start(batch, positions, "PUT", path, {"users": users})
            return [Outcome("accepted") for _ in rows]

        def put(rows: Sequence[Row]) -> list[Outcome]:
            users = [{**self._user(row), "skip_verify_email": True} for row in rows]
            positions = [n for n, row in enumerate(batch.rows) if not row.record_id]
            path = "/api/v2/users/create_or_update_many"
            self._start(batch, positions, "POST", path, {"users": users})
            return [Outcome("accepted") for _ in rows]

        known = [row for row in batch.rows if row.record_id]
        new = [row for row in batch.rows if not row.record_id]
        return self.in_turn(batch.rows, ((known, update), (new, put)))

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Start a job that deletes those that are there."""
        ids = self._record_ids(batch.rows)
        there = [position for position, row in enumerate(batch.rows) if row.id in ids]
        self._jobs[batch.key] = {}
        if not there:
            return [Outcome("acknowledged") for _ in batch.rows]
        asked = ",".join(ids[batch.rows[position].id] for position in there)
        self._start(batch, there, "DELETE", f"/api/v2/users/destroy_many?ids={asked}")
        return [Outcome("accepted") for _ in batch.rows]

    def _user(self, row: Row) -> dict[str, Any]:
        fields = {self._delivery.match: row.id, **row.fields}
        own = {name: value for name, value in fields.items() if name in _OWN_FIELDS}
        custom = {name: value for name, value in fields.items() if name not in _OWN_FIELDS}
        user = own | ({"user_fields": custom} if custom else {})
        return user | ({"id": int(row.record_id)} if row.record_id else {})

    def _start(
        self, batch: Batch, positions: list[int], method: str, path: str, body: object = None
    ) -> None:
        """Start a job as soon as the queue has room for it."""
        while len(self._running) >= _JOBS_AT_ONCE:
            self._ask()
            if len(self._running) >= _JOBS_AT_ONCE:
                self._limits("").pause(_JOB_PAUSE)
        job = self.call(method, path, body, read=lambda found: str(found["job_status"]["id"]))
        self._running[job] = [batch.rows[position] for position in positions]
        self._jobs[batch.key][job] = positions

    def poll(self, batch: Batch) -> Sequence[Outcome] | None:
        """What became of the batch's jobs, once all of them have ended."""
        jobs = self._jobs[batch.key]
        if not jobs.keys().isdisjoint(self._running):
            self._ask()
        if not jobs.keys().isdisjoint(self._running):
            return None
        outcomes = [Outcome("acknowledged") for _ in batch.rows]
        for job, positions in self._jobs.pop(batch.key).items():
            for position, outcome in zip(positions, self._ended.pop(job), strict=True):
                outcomes[position] = outcome
        return outcomes

    def _ask(self) -> None:
        """Ask for all jobs under way at once, and keep how the ended ones ended."""
        ids = ",".join(self._running)
        ended = self.call("GET", f"/api/v2/job_statuses/show_many?ids={ids}", read=self._ended_jobs)
        self._ended |= ended
        self._running = {job: rows for job, rows in self._running.items() if job not in ended}

    def _ended_jobs(self, found: Mapping[str, Any]) -> dict[str, list[Outcome]]:
        jobs = {str(job["id"]): job for job in found["job_statuses"]}
        outcomes = {
            job: self._outcomes(rows, jobs.get(job, {"status": "gone"}))
            for job, rows in self._running.items()
        }
        return {job: ended for job, ended in outcomes.items() if ended is not None}

    def _outcomes(self, rows: Sequence[Row], job: Mapping[str, Any]) -> list[Outcome] | None:
        """None while it runs; unknown where a job ended without saying for which rows."""
        if job["status"] in ("queued", "working"):
            return None
        results = job.get("results") or ()
        if job["status"] != "completed" or len(results) != len(rows):
            return [Outcome("unknown", f"job_{job['status']}") for _ in rows]
        return [self._outcome(row, result) for row, result in zip(rows, results, strict=True)]

    def _outcome(self, row: Row, result: Mapping[str, Any]) -> Outcome:
        if result.get("status") == "Failed" or result.get("success") is False:
            code = result.get("error") or "rejected"
            return self.rejected(row, code, result.get("details") or "")
        return Outcome("acknowledged", destination_id=str(result["id"]))

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete, then delete permanently; also who was deleted before."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        try:
            for user, is_there in self._everybody(person).items():
                if is_there:
                    self._forget(f"/api/v2/users/{user}")
                self._forget(f"/api/v2/deleted_users/{user}", group="erase")
        except RecordRejected as error:
            return Outcome("rejected", error.code, str(error))
        return Outcome("acknowledged")

    def _everybody(self, person: Person) -> dict[str, bool]:
        """The ids of all users that are the person → whether they are not deleted yet. An
        answer is looked through: to Zendesk an id with a comma is the ids of several."""
        by = [("external_ids", person.id)] if self._delivery.match == "external_id" else []
        by += [("ids", person.record_id)] if person.record_id else []
        users = [user for which, key in by for user in self._users(which, [key], deleted=True)]
        found = {
            user.id: user.is_active
            for user in users
            if user.id == person.record_id or user.external_id == person.id.lower()
        }
        emails = {*person.identifiers.get("email", ())}
        emails |= {person.id} if self._delivery.match == "email" else set()
        return found | {user: True for email in sorted(emails) for user in self._with_email(email)}

    def _forget(self, path: str, group: str = "") -> None:
        try:
            self.call("DELETE", path, read=lambda _: None, group=group)
        except RecordRejected as error:
            if error.code != "not_found":
                raise


@dataclass(frozen=True)
class _User:
    """A user of an answer. external_id, email: in lower case; empty: none."""

    id: str
    external_id: str
    email: str
    is_active: bool


def _users(found: Mapping[str, Any]) -> list[_User]:
    return [
        _User(
            id=str(user["id"]),
            external_id=(user.get("external_id") or "").lower(),
            email=(user.get("email") or "").lower(),
            is_active=bool(user["active"]),
        )
        for user in found["users"]
    ]


def _page(found: Mapping[str, Any]) -> tuple[dict[str, Field], str]:
    """The fields of a page, and the cursor of the next one; empty: there is none."""
    meta = found.get("meta") or {}
    fields = {
        item["key"]: Field(_KINDS.get(item["type"], "text"), is_writable=item["active"])
        for item in found["user_fields"]
    }
    return fields, quote(meta["after_cursor"]) if meta.get("has_more") else ""


def _code(body: bytes) -> str:
    """Zendesk's word for an error; it may be a text or an object with a title."""
    try:
        found = json.loads(body)
    except ValueError:
        return "rejected"
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, str) else "rejected"


DESTINATION = Zendesk
