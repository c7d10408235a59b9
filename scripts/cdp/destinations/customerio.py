"""Customer.io: people, by batches of the Track API, version 2.

The Track API takes, and never shows: nothing can be looked up, and a person who is
identified again is the same person. An answer names the refused by their place in the
batch. A removal deletes the person there; suppression, which would keep somebody out for
ever, is never asked for.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

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

__all__ = ["DESTINATION", "CustomerIo", "CustomerIoOptions"]

_IDENTIFIERS = ("id", "email")
_FORBIDDEN = MappingProxyType(
    dict.fromkeys(
        ("unsubscribed", "cio_subscription_preferences"),
        "says who is subscribed, which is not delivered: a value may resubscribe somebody",
    )
    | {"cio_id": "is no attribute"}
)
_HOSTS = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}


class CustomerIoOptions(ApiOptions):
    """site_id: of the workspace's Track API credentials. token_env: their API key. region:
    where the account is."""

    site_id: Annotated[str, Setting(pattern=r"^[0-9A-Za-z]+$")]
    token_env: SecretName
    region: Literal["us", "eu"] = "us"


class CustomerIo(Api):
    """People of a workspace."""

    title = "Customer.io"
    summary = "Rows become people of a workspace, with their attributes."
    modes = frozenset({"upsert", "mirror"})
    objects = MappingProxyType({"people": Object("people, by id or email")})
    default_object = "people"
    options = CustomerIoOptions
    base_url = "https://track.customer.io"
    skips_nulls = True
    batch_rows = 1000
    batch_bytes = 480_000
    row_bytes = 32_000
    windows = MappingProxyType({"": (Window(100, 1),)})
    reasons = MappingProxyType({"invalid": "invalid_value", "required": "missing_value"})
    erases = (
        "The person is deleted by id and by every known email; nothing is suppressed, so that "
        "the person may come back by a new consent."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("batch: 1,000 items and 500 KB a call, 32 KB an item", "two shipping connectors; "
             "vendor's API reference (Track API v2), read 2026-11-22"),
        Fact("200 or 207; errors name an item by batch_index, with reason, field, message",
             "vendor's contribution to a shipping connector, 2026-03 and 2026-05"),
        Fact("identify makes or updates; an identifier that is set is changed by cio_id alone",
             "vendor's documentation (identifying people)"),
        Fact("attributes with an underscore in front are Customer.io's own",
             "vendor's documentation (attributes), read 2026-11-22"),
        Fact("an empty text removes an attribute; times are in epoch seconds",
             "vendor's documentation, not verified"),
        Fact("delete lets somebody come back, suppress does not: it is never sent",
             "vendor's API reference (Track API v2)"),
        Fact("`unsubscribed` and subscription preferences are never written",
             "this module's choice"),
        Fact("100 calls a second are fair use", "vendor's API reference, 2026"),
        Fact("who leaves is deleted, and may come back",
             "this module's choice"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "customerio",
            "cdp_object": "people",
            "cdp_mode": "mirror",
            "cdp_match": ["id"],
            "cdp_purpose": "marketing_email",
            "cdp_fields": {
                "id": "profile_id",
                "email": "email",
                "first_name": "first_name",
                "last_order_at": "last_order_at",
            },
            "cdp_options": {
                "site_id": "0123456789abcdef0123",
                "token_env": "DBT_ENV_SECRET_CUSTOMERIO_KEY",
            },
        }
    )
    _options: CustomerIoOptions

    @classmethod
    def place(cls, target_object: str, options: CustomerIoOptions) -> str:
        """The workspace is its site id."""
        return f"{cls.account(options)}/{target_object}"

    @classmethod
    def account(cls, options: CustomerIoOptions) -> str:
        """As place."""
        return f"customerio:{options.region}/{options.site_id}"

    def __init__(self, delivery: Delivery, options: CustomerIoOptions) -> None:
        key = read_secret(options.token_env, "Customer.io's API key")
        super().__init__(delivery, options)
        self._base = options.base_url or _HOSTS[options.region]
        basic = b64encode(f"{options.site_id}:{key}".encode()).decode()
        self._secrets = (key, basic)

    def headers(self) -> Mapping[str, str]:
        """Site id and key."""
        return {"authorization": f"Basic {self._secrets[1]}"}

    def check(self) -> Iterator[str]:
        """The identifier, and fields that would subscribe somebody."""
        yield from super().check()
        match = self._delivery.match
        if match not in _IDENTIFIERS:
            yield f"cdp_match: Customer.io knows people by id or email, not {match}."
        for name in self._delivery.fields:
            if name in _FORBIDDEN:
                yield f"cdp_fields.{name}: {_FORBIDDEN[name]}. Take it out."
            elif name.startswith("_"):
                yield f"cdp_fields.{name}: Customer.io keeps names with _ in front to itself."

    def size(self, row: Row) -> int:
        """Of the item in the batch, with its comma."""
        return len(json_bytes(self._identify(row))) + 1

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Identify them."""
        return self._send(batch.rows, [self._identify(row) for row in batch.rows])

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Delete them; who is not there counts as deleted."""
        return self._send(batch.rows, [self._delete(row.id) for row in batch.rows])

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """Delete by identifier and by every email; one refusal refuses the person."""
        return [self._erase(person) for person in people]

    def _erase(self, person: Person) -> Outcome:
        emails = dict.fromkeys(person.identifiers.get("email", ()))
        items = [self._delete(person.id), *(self._delete(email, "email") for email in emails)]
        outcomes = self._send([Row(person.id, {}) for _ in items], items)
        return next((each for each in outcomes if each.status == "rejected"), outcomes[0])

    def _identify(self, row: Row) -> dict[str, Any]:
        match = self._delivery.match
        attributes = {name: _value(value) for name, value in row.fields.items() if name != match}
        return {
            "type": "person",
            "action": "identify",
            "identifiers": {match: row.id},
            "attributes": attributes,
        }

    def _delete(self, value: str, by: str | None = None) -> dict[str, Any]:
        identifiers = {by or self._delivery.match: value}
        return {"type": "person", "action": "delete", "identifiers": identifiers}

    def _send(self, rows: Sequence[Row], items: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        errors = self.call("POST", "/api/v2/batch", {"batch": items}, read=_errors)
        return [
            self.rejected(row, str(error.get("reason")), str(error.get("message") or ""))
            if (error := errors.get(number))
            else Outcome("acknowledged")
            for number, row in enumerate(rows)
        ]


def _errors(found: Mapping[str, Any] | None) -> dict[int, Mapping[str, Any]]:
    """Place in the batch → its error. Raises RecordRejected if one has no place."""
    errors = (found or {}).get("errors") or ()
    if any(error.get("batch_index") is None for error in errors):
        raise RecordRejected("Customer.io refused some of it and did not say which", "rejected")
    return {int(error["batch_index"]): error for error in errors}


def _value(value: Any) -> Any:
    """Times in epoch seconds, an empty text for a null."""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(*value.timetuple()[:3])
        return int(moment.replace(tzinfo=UTC).timestamp())
    return "" if value is None else value


DESTINATION = CustomerIo
