"""An HTTP endpoint, signed by the Standard Webhooks specification (standardwebhooks.com).

Each call is a POST of {sync, object, operation, purpose, rows: [{id, fields}]}. The header
webhook-id is the idempotency key: the same rows sent again carry the same id, and a
receiver that has seen it answers without applying them twice. Any 2xx takes all rows, but
for those that a JSON body names: {"rejected": [{"id", "code", "message"}]}.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import stamina
from pydantic import BaseModel, ConfigDict, Field, field_validator

from cdp.destinations._base import (
    Batch,
    Delivery,
    Destination,
    NoAnswer,
    Options,
    Outcome,
    scrubbed,
)
from cdp.errors import ConfigError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["DESTINATION", "Webhook", "WebhookOptions"]

_PASSING = (408, 425, 429)  # and every 5xx
_NOT_APPLIED = (425, 429, 503)
_NO_ACCESS = (401, 403, 404, 405, 410)
_MAX_ANSWER = 1_000_000  # bytes
_LONGEST_WAIT = 60.0  # seconds
_FIRST_WAIT = 0.5
_LONGEST_ANSWER = 60.0


class WebhookOptions(Options):
    """url: where to POST. secret_env: the environment variable with the signing secret
    (whsec_… or text). allow_private: let it be an address inside the own network.
    attempts: calls per batch before giving up. batch_rows: at most so many rows a call."""

    url: str
    secret_env: str
    allow_private: bool = False
    timeout_seconds: float = Field(default=15, gt=0, le=120)
    attempts: int = Field(default=5, ge=1, le=10)
    batch_rows: int = Field(default=500, ge=1, le=10_000)

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("is an https:// address")
        if parts.username or parts.password:
            raise ValueError("holds no user or password: the secret signs each call")
        return url


class Webhook(Destination):
    """Any endpoint that verifies Standard Webhooks."""

    modes = frozenset({"upsert", "create", "mirror", "audience", "append"})
    default_object = "rows"
    options = WebhookOptions

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

    def __init__(
        self,
        delivery: Delivery,
        options: WebhookOptions,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._delivery, self._options = delivery, options
        self.batch_rows = options.batch_rows  # type: ignore[misc]
        self._secret = _secret(options.secret_env)
        self._secret_text = os.environ[options.secret_env]
        if not options.allow_private and transport is None:
            _refuse_private(options.url)
        self._http = httpx.Client(
            timeout=options.timeout_seconds, follow_redirects=False, transport=transport
        )

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """POST the rows with their fields."""
        return self._deliver("upsert", batch)

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """POST the ids to remove."""
        return self._deliver("remove", batch)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _deliver(self, operation: str, batch: Batch) -> Sequence[Outcome]:
        body = self._body(operation, batch)
        attempts = stamina.retry_context(
            on=_pause,
            attempts=self._options.attempts,
            timeout=None,
            wait_initial=_FIRST_WAIT,
            wait_max=_LONGEST_WAIT,
            wait_jitter=_FIRST_WAIT,
        )
        unsure = False
        try:
            for attempt in attempts:
                with attempt:
                    try:
                        return _outcomes(batch, self._post(batch.key, body), self._secret_text)
                    except NoAnswer:
                        unsure = True
                        raise
        except RetriableError as error:
            raise (NoAnswer if unsure else RetriableError)(str(error)) from None
        raise AssertionError("stamina gives at least one attempt")

    def _body(self, operation: str, batch: Batch) -> bytes:
        removes = operation == "remove"
        rows = [{"id": row.id} | ({} if removes else {"fields": row.fields}) for row in batch.rows]
        message = {
            "sync": self._delivery.sync,
            "object": self._delivery.target_object,
            "operation": operation,
            "purpose": self._delivery.purpose,
            "rows": rows,
        }
        return json.dumps(message, default=_json_value, ensure_ascii=False).encode()

    def _post(self, key: str, body: bytes) -> bytes:
        """The body of a 2xx answer; anything else is raised as what it means."""
        headers = {"content-type": "application/json", **self._signed(key, body)}
        began = time.monotonic()
        try:
            with self._http.stream(
                "POST", self._options.url, content=body, headers=headers
            ) as answer:
                text = b""
                for chunk in answer.iter_bytes(65_536):
                    text += chunk
                    if len(text) > _MAX_ANSWER:
                        raise NoAnswer("the webhook's answer is larger than 1 MB")
                    if time.monotonic() - began > _LONGEST_ANSWER:
                        raise NoAnswer("the webhook's answer does not end")
                _raise_for_status(answer)
                return text
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise RetriableError("the webhook cannot be reached") from None
        except httpx.HTTPError as error:
            raise NoAnswer(f"the webhook gave no answer ({type(error).__name__})") from None

    def _signed(self, key: str, body: bytes) -> dict[str, str]:
        moment = str(int(time.time()))
        content = b".".join((key.encode(), moment.encode(), body))
        digest = hmac.new(self._secret, content, hashlib.sha256).digest()
        signature = base64.b64encode(digest).decode()
        return {
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


def _outcomes(batch: Batch, text: bytes, secret: str) -> list[Outcome]:
    """One outcome a row; an empty or textual body takes all, a JSON body may name rejected.

    Raises NoAnswer where a body claims to name them and cannot be read: nothing is taken
    for granted that was not said.
    """
    if not text.lstrip().startswith(b"{"):
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


def _raise_for_status(answer: httpx.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    message = f"the webhook answered {status}"
    if status in _PASSING or status >= 500:
        kind = RetriableError if status in _NOT_APPLIED else NoAnswer
        raise kind(message, _retry_after(answer.headers))
    if 300 <= status < 400:
        raise FatalDestinationError(f"{message}, a redirect, which is not followed. Fix the url.")
    if status in _NO_ACCESS:
        raise FatalDestinationError(f"{message}. Check cdp_options.url and the signing secret.")
    raise RecordRejected(message, f"http_{status}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or a date; None where it says nothing sensible."""
    given = headers.get("retry-after", "").strip()
    if not given:
        return None
    try:
        return float(given) if given.lstrip("-").isdigit() else _seconds_until(given)
    except (ValueError, OverflowError):
        return None


def _seconds_until(moment: str) -> float:
    then = parsedate_to_datetime(moment)
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (then - datetime.now(UTC)).total_seconds()


def _pause(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds where the answer said so."""
    if not isinstance(error, RetriableError) or error.retry_after is None:
        return isinstance(error, RetriableError)
    return min(max(error.retry_after, 0.0), _LONGEST_WAIT)


def _secret(name: str) -> bytes:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(f"The webhook's secret is missing. Set the environment variable {name}.")
    if not value.startswith("whsec_"):
        return value.encode()
    try:
        return base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ConfigError(f"{name} begins with whsec_ but is not base64. Copy it again.") from None


def _refuse_private(url: str) -> None:
    """Refuse addresses inside the own network, so that no YAML can reach what only we can."""
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise FatalDestinationError(
            "the webhook's host cannot be resolved. Check the url."
        ) from None
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
            raise ConfigError(
                f"cdp_options.url leads to a private address ({host}). "
                "Say allow_private: true if that is meant."
            )


def _json_value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


DESTINATION = Webhook
