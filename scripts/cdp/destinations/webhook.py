"""An HTTP endpoint, signed by the Standard Webhooks specification (standardwebhooks.com).

Each call is a POST of {sync, object, operation, purpose, rows: [{id, fields}]}. The header
webhook-id is the idempotency key, and stands in Idempotency-Key too: the same rows sent
again carry the same id, and a receiver that has seen it answers without applying them
twice. Any 2xx takes all rows, but for those that a JSON body names: {"rejected": [{"id",
"code", "message"}]}.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from cdp.destinations._accounts import Window, account
from cdp.destinations._base import (
    Batch,
    Delivery,
    Destination,
    Fact,
    NoAnswer,
    Options,
    Outcome,
    Person,
    Row,
    json_bytes,
    scrubbed,
)
from cdp.destinations._http import Answer, Caller, host_of, refuse_private
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import ConfigError

__all__ = ["DESTINATION", "Webhook", "WebhookOptions"]


class WebhookOptions(Options):
    """url: where to POST. secret_env: the signing secret (whsec_… or text).
    allow_private: let it be an address inside the own network. timeout_seconds: of silence.
    attempts: calls per batch before giving up. batch_rows: at most so many rows a call.
    rates: at most so many calls in so many seconds, [[10, 1], [150, 60]]; all must hold."""

    url: str
    secret_env: SecretName
    allow_private: bool = False
    timeout_seconds: float = Field(default=15, gt=0, le=120)
    attempts: int = Field(default=5, ge=1, le=10)
    batch_rows: int = Field(default=500, ge=1, le=10_000)
    rates: tuple[tuple[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0)]], ...] = ()

    def windows(self) -> list[Window]:
        """The rates as windows."""
        return [Window(calls, seconds) for calls, seconds in self.rates]

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("is an https:// address")
        if not url.isprintable() or " " in url:
            raise ValueError("holds no space and no line break")
        if parts.username or parts.password:
            raise ValueError("holds no user or password: the secret signs each call")
        try:
            httpx.URL(url)
        except httpx.InvalidURL:
            raise ValueError("is an https:// address") from None
        return url


class Webhook(Destination):
    """Any endpoint that verifies Standard Webhooks."""

    title = "Webhook"
    summary = "Each batch is a signed POST to an address of yours."
    modes = frozenset({"upsert", "create", "mirror", "audience", "append"})
    default_object = "rows"
    options = WebhookOptions
    batch_rows = 500
    erases = "The receiver is sent the operation `erase` with the ids; what it does is its own."
    known_on = "2026-11-22"
    facts = (
        Fact("signature, timestamp and id headers", "Standard Webhooks specification 1.0"),
        Fact("another 4xx refuses the batch, which is halved", "this module's own contract"),
    )
    verified = "a receiver that verifies by the reference library of Standard Webhooks"
    example = MappingProxyType(
        {
            "cdp_destination": "webhook",
            "cdp_object": "carts",
            "cdp_mode": "mirror",
            "cdp_purpose": "marketing_email",
            "cdp_fields": {"email": {"column": "email", "normalise": "email"}},
            "cdp_options": {
                "url": "https://hooks.example.com/abandoned-carts",
                "secret_env": "DBT_ENV_SECRET_CARTS_WEBHOOK",
            },
        }
    )
    _options: WebhookOptions

    @classmethod
    def problems(cls, target_object: str, mode: str, options: WebhookOptions) -> Iterator[str]:
        """Plain http is for the own network only."""
        if options.url.startswith("http:") and not options.allow_private:
            yield "cdp_options.url is not https. Use https, or allow_private: true in a network."

    @classmethod
    def place(cls, target_object: str, options: WebhookOptions) -> str:
        """Host, and a hash of the whole address: its path may be a secret."""
        digest = hashlib.sha256(options.url.encode()).hexdigest()[:8]
        return f"webhook:{urlsplit(options.url).hostname}/{digest}#{target_object}"

    @classmethod
    def account(cls, options: WebhookOptions) -> str:
        """Host and port."""
        return f"webhook:{urlsplit(options.url).netloc}"

    def __init__(
        self,
        delivery: Delivery,
        options: WebhookOptions,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(delivery, options)
        self.batch_rows = options.batch_rows  # type: ignore[misc]
        self._secret = _secret(options.secret_env)
        self._secret_text = read_secret(options.secret_env, "The webhook's secret")
        if not options.allow_private and transport is None:
            refuse_private(options.url)
        self._caller = Caller(
            "the webhook",
            account(self.account(options), options.windows()),
            timeout_seconds=options.timeout_seconds,
            attempts=options.attempts,
            transport=transport,
            public_host="" if options.allow_private else host_of(options.url),
        )

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """POST the rows with their fields."""
        return self._deliver("upsert", batch)

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """POST the ids to remove."""
        return self._deliver("remove", batch)

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """POST the ids to erase."""
        key = hashlib.sha256("\n".join(person.id for person in people).encode()).hexdigest()
        rows = tuple(Row(person.id, {}) for person in people)
        return self._deliver("erase", Batch(f"cdp_erase_{key[:16]}", rows))

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def _deliver(self, operation: str, batch: Batch) -> Sequence[Outcome]:
        body = self._body(operation, batch)
        return self._caller.call(
            "POST",
            self._options.url,
            body,
            lambda: self._headers(batch.key, body),
            read=lambda answer: _outcomes(batch, answer, self._secret_text),
        )

    def _body(self, operation: str, batch: Batch) -> bytes:
        is_upsert = operation == "upsert"
        rows = [
            {"id": row.id} | ({"fields": row.fields} if is_upsert else {}) for row in batch.rows
        ]
        message = {
            "sync": self._delivery.sync,
            "object": self._delivery.target_object,
            "operation": operation,
            "purpose": self._delivery.purpose,
            "rows": rows,
        }
        return json_bytes(message)

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        moment = str(int(time.time()))
        content = b".".join((key.encode(), moment.encode(), body))
        digest = hmac.new(self._secret, content, hashlib.sha256).digest()
        signature = base64.b64encode(digest).decode()
        return {
            "content-type": "application/json",
            "idempotency-key": key,
            "webhook-id": key,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signature}",
        }


class _Rejected(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str | int
    code: str | int = "rejected"
    message: str = ""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    rejected: list[_Rejected] = Field(default_factory=list)


def _outcomes(batch: Batch, answer: Answer, secret: str) -> list[Outcome]:
    """One outcome a row; an empty or textual body takes all, a JSON body may name rejected.

    Raises NoAnswer for a web page, which no receiver sends (a proxy does, or a login), and
    where a body claims to name them and cannot be read: nothing is taken for granted that
    was not said.
    """
    text = answer.body.strip()
    if text.startswith(b"<") or "html" in answer.headers.get("content-type", "").lower():
        raise NoAnswer("the webhook answered with a web page")
    if not text.startswith((b"{", b"[")):
        return [Outcome("acknowledged") for _ in batch.rows]
    try:
        rejected = {str(item.id): item for item in _Answer.model_validate_json(text).rejected}
    except ValueError:
        raise NoAnswer("the webhook's answer is no JSON of the agreed shape") from None
    if rejected.keys() - {row.id for row in batch.rows}:
        raise NoAnswer("the webhook rejected rows that it was not sent")
    return [
        Outcome(
            "rejected",
            scrubbed(str(item.code), row, secret, limit=64),
            scrubbed(item.message, row, secret),
        )
        if (item := rejected.get(row.id))
        else Outcome("acknowledged")
        for row in batch.rows
    ]


def _secret(name: str) -> bytes:
    value = read_secret(name, "The webhook's secret")
    if not value.startswith("whsec_"):
        return value.encode()
    try:
        return base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ConfigError(f"{name} begins with whsec_ but is not base64. Copy it again.") from None


DESTINATION = Webhook
