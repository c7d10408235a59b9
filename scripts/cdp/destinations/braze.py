"""Braze: attributes of user profiles, seventy-five objects a call.

Braze bills by data point, and an attribute that is sent counts although it is the same. So
profiles that we delivered before are read first, and only what differs is sent. A removal
clears the custom attributes that were delivered; the profile stays, since an app and its
messages hang on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import Field as Setting

from cdp.destinations._accounts import Window
from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import (
    Batch,
    Delivery,
    Fact,
    Object,
    Outcome,
    Person,
    Row,
    json_bytes,
)
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import RecordRejected

__all__ = ["DESTINATION", "Braze", "BrazeOptions"]

_Read = TypeVar("_Read")

_MATCH = "external_id"
_PEOPLE = 50  # a call that reads or deletes
_LONGEST_TEXT = 255  # characters of a custom attribute
# Fields of every profile; any other name is a custom attribute.
_OWN = frozenset(
    {"country", "dob", "email", "first_name", "gender", "home_city", "language", "last_name"}
    | {"phone", "time_zone"}
)
_FORBIDDEN = MappingProxyType(
    dict.fromkeys(
        ("email_subscribe", "push_subscribe", "subscription_groups"),
        "says who is subscribed, which is not delivered: a value may resubscribe somebody",
    )
    | dict.fromkeys(
        ("braze_id", "push_token_import", "push_tokens", "user_alias", "_update_existing_only"),
        "is no attribute",
    )
)


class BrazeOptions(ApiOptions):
    """endpoint: the REST endpoint of the account's cluster. token_env: a REST API key with
    users.track, users.delete and users.export.ids. changed_only: read profiles that were
    delivered before, and send only what differs."""

    endpoint: Annotated[str, Setting(pattern=r"^rest\.[a-z]+-\d+\.braze\.(com|eu)$")]
    token_env: SecretName
    changed_only: bool = True


class Braze(Api):
    """User profiles of a workspace."""

    title = "Braze"
    summary = "Rows become attributes of user profiles, known by external_id."
    modes = frozenset({"upsert", "update", "create", "mirror"})
    objects = MappingProxyType({"users": Object("user profiles, by external_id")})
    default_object = "users"
    options = BrazeOptions
    base_url = ""  # each cluster has its own
    max_answer = 20_000_000  # whole profiles are read
    can_look_up = True
    skips_nulls = True
    batch_rows = 75
    batch_bytes = 3_500_000
    row_bytes = 100_000
    look_up_rows = _PEOPLE
    windows = MappingProxyType(
        {
            "": (Window(3000, 3),),
            "export": (Window(250, 60),),
            "delete": (Window(20_000, 60),),
        }
    )
    erases = (
        "Deletes the profile for good, and every other profile that has one of the known emails."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("75 objects a call over attributes, events and purchases together; 75 each only on "
             "old contracts", "vendor's documentation (rate limits), 2026"),
        Fact("only changed attributes should be sent, each counts as a data point",
             "vendor's API reference (users/track), read 2026-11-22"),
        Fact("null removes an attribute; _update_existing_only makes no profile",
             "vendor's API reference (user attributes object), read 2026-11-22"),
        Fact("errors name a row by input_array and index; a text among them names none",
             "a shipping connector; vendor's documentation (API errors)"),
        Fact("202 with `queued` during maintenance: taken, applied later", "vendor's "
             "documentation (API errors)"),
        Fact("429 says in X-RateLimit-Reset, a moment in epoch seconds, when to go on",
             "vendor's documentation (rate limits), 2026"),
        Fact("3,000 calls in 3 s; 250 exports a minute, of 50 people, for accounts since August "
             "2024; 20,000 deletions a minute, of 50 people", "vendor's documentation (rate "
             "limits, users/export/ids, users/delete), read 2026-11-22"),
        Fact("4 MB a call, 100 KB an object", "a shipping connector"),
        Fact("keys and values of custom attributes have at most 255 characters",
             "vendor's documentation (setting custom attributes), read 2026-11-22"),
        Fact("who leaves loses the custom attributes that were delivered, the profile stays",
             "this module's choice"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "braze",
            "cdp_object": "users",
            "cdp_mode": "mirror",
            "cdp_match": ["external_id"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {
                "external_id": "profile_id",
                "email": "email",
                "first_name": "first_name",
                "cdp_last_order_at": "last_order_at",
            },
            "cdp_options": {
                "endpoint": "rest.iad-01.braze.com",
                "token_env": "DBT_ENV_SECRET_BRAZE_KEY",
            },
        }
    )
    _options: BrazeOptions

    @classmethod
    def place(cls, target_object: str, options: BrazeOptions) -> str:
        """The workspace is known by its cluster and the name of its key."""
        return f"{cls.account(options)}/{target_object}"

    @classmethod
    def account(cls, options: BrazeOptions) -> str:
        """As place: limits hold for a workspace."""
        return f"braze:{options.endpoint}/{options.token_env}"

    def __init__(self, delivery: Delivery, options: BrazeOptions) -> None:
        token = read_secret(options.token_env, "Braze's key")
        super().__init__(delivery, options)
        self._base = options.base_url or f"https://{options.endpoint}"
        self._secrets = (token,)
        self._own = sorted(_OWN & delivery.fields.keys())
        self._custom = sorted(delivery.fields.keys() - _OWN - {_MATCH})

    def headers(self) -> Mapping[str, str]:
        """The key."""
        return {"authorization": f"Bearer {self._secrets[0]}"}

    # --- what is there ------------------------------------------------------------------

    def check(self) -> Iterator[str]:
        """Fields that are no attributes, or that would subscribe somebody."""
        yield from super().check()
        if self._delivery.match != _MATCH:
            yield f"cdp_match: Braze knows users by external_id, not {self._delivery.match}."
        for name in self._delivery.fields:
            if name in _FORBIDDEN:
                yield f"cdp_fields.{name}: {_FORBIDDEN[name]}. Take it out."

    def refusal(self, row: Row) -> Outcome | None:
        """Braze does not say which text is too long."""
        for name in self._custom:
            if len(str(row.fields.get(name) or "")) > _LONGEST_TEXT:
                return Outcome("rejected", "too_long", f"{name} takes {_LONGEST_TEXT} characters")
        return super().refusal(row)

    def look_up(self, field: str, values: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Profiles by external_id, which is its own record id."""
        if field != _MATCH:
            return {}
        return {value: [value] for value in self._profiles(values) if value in values}

    def _profiles(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """external_id → the delivered fields as the profile has them."""
        found: dict[str, Mapping[str, Any]] = {}
        wanted = [_MATCH, "custom_attributes", *self._own]
        for start in range(0, len(ids), _PEOPLE):
            body = {
                "external_ids": list(dict.fromkeys(ids[start : start + _PEOPLE])),
                "fields_to_export": wanted,
            }
            found |= self._export(body, lambda user: (str(user[_MATCH]), _flat(user)))
        return found

    def _export(
        self, body: Mapping[str, Any], read: Callable[[dict[str, Any]], _Read]
    ) -> list[_Read]:
        """What `read` makes of each user."""
        return self.call(
            "POST", "/users/export/ids", body, group="export",
            read=lambda found: [read(user) for user in found["users"]],
        )  # fmt: skip

    # --- what is written ----------------------------------------------------------------

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Send what is new, and of profiles that we know what differs."""
        known = [row.record_id for row in batch.rows if row.record_id]
        held = self._profiles(known) if known and self._options.changed_only else {}
        return self._track(
            batch, [self._attributes(row, held.get(_external_id(row), {})) for row in batch.rows]
        )

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Clear the custom attributes that were delivered, of profiles that are there."""
        empty = dict.fromkeys(self._custom)
        return self._track(
            batch,
            [{**empty, **self._key(row), "_update_existing_only": True} for row in batch.rows],
        )

    def _key(self, row: Row) -> dict[str, Any]:
        only = {"_update_existing_only": True} if self._delivery.mode == "update" else {}
        return {_MATCH: _external_id(row), **only}

    def _attributes(self, row: Row, held: Mapping[str, Any]) -> dict[str, Any] | None:
        """What of the row is not there yet; None: everything is."""
        fields = {name: value for name, value in row.fields.items() if name != _MATCH}
        if not held:
            return fields | self._key(row)
        changed = {
            name: value for name, value in fields.items() if not _same(value, held.get(name))
        }
        return changed | self._key(row) if changed else None

    def _track(self, batch: Batch, attributes: Sequence[Mapping[str, Any] | None]) -> list[Outcome]:
        """One call for those rows that have something to send."""
        sent = [row for row, each in zip(batch.rows, attributes, strict=True) if each is not None]
        body = {"attributes": [each for each in attributes if each is not None]}
        errors: Mapping[int, str] = {}
        if sent:
            errors = self.call("POST", "/users/track", body, read=_errors)
        refused = {id(sent[index]): reason for index, reason in errors.items()}
        return [
            self.rejected(row, "rejected", refused[id(row)])
            if id(row) in refused
            else Outcome("acknowledged", destination_id=_external_id(row))
            for row in batch.rows
        ]

    # --- erasure ------------------------------------------------------------------------

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete by external_id, then whoever else has one of the emails."""
        ids = [each for person in people for each in (person.id, person.record_id) if each]
        self._delete("external_ids", ids)
        emails = [email for person in people for email in person.identifiers.get("email", ())]
        others = [
            braze_id
            for email in dict.fromkeys(emails)
            for braze_id in self._export(
                {"email_address": email, "fields_to_export": ["braze_id"]},
                lambda user: str(user["braze_id"]),
            )
        ]
        self._delete("braze_ids", others)
        return [Outcome("acknowledged") for _ in people]

    def _delete(self, by: str, ids: Sequence[str]) -> None:
        unique = list(dict.fromkeys(ids))
        for start in range(0, len(unique), _PEOPLE):
            body = {by: unique[start : start + _PEOPLE]}
            self.call("POST", "/users/delete", body, read=lambda _: None, group="delete")


def _external_id(row: Row) -> str:
    """A profile keeps the id under which it was made: Braze renames by another call."""
    return row.record_id or row.id


def _flat(user: Mapping[str, Any]) -> dict[str, Any]:
    """A profile with its custom attributes among its own."""
    return {**user, **(user.get("custom_attributes") or {})}


def _same(value: Any, held: Any) -> bool:
    """Whether Braze holds the value, as it is sent; where that is unclear, it does not."""
    if isinstance(value, bool) or isinstance(held, bool):
        return value is held
    if isinstance(value, int | float):
        return isinstance(held, int | float) and value == held
    return held is not None and json_bytes(value) == json_bytes(held)


def _errors(found: Mapping[str, Any]) -> dict[int, str]:
    """Index of a row → why it was refused. Raises RecordRejected if nobody said which."""
    errors = found.get("errors") or ()
    indices = [each.get("index") if isinstance(each, dict) else None for each in errors]
    if found["message"] not in ("success", "queued") or None in indices:
        raise RecordRejected("Braze refused some of it and did not say which", "rejected")
    return {int(each["index"]): str(each["type"]) for each in errors}


DESTINATION = Braze
