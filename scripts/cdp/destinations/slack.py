"""Slack: one message a run, with a line a row, by an incoming webhook.

The address is the secret: nothing that it is made of stands in an error, a log or a place.
Rows are gathered and sent by `finish`, as one message or none, so that a channel is told
once; what does not fit is counted. A message cannot be taken back: a lost answer is not
sent again in the same run, who leaves is not mentioned, and nothing can be erased.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field as Setting

from cdp.destinations._accounts import Window
from cdp.destinations._api import Api, ApiOptions
from cdp.destinations._base import (
    Batch,
    Delivery,
    Fact,
    NoAnswer,
    Object,
    Outcome,
    Person,
    Row,
    json_bytes,
)
from cdp.destinations._http import Answer
from cdp.destinations._secrets import SecretName, read_secret
from cdp.errors import CdpError, ConfigError, FatalDestinationError

__all__ = ["DESTINATION", "Slack", "SlackOptions"]

_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_LONGEST_MESSAGE = 30_000  # characters
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class SlackOptions(ApiOptions):
    """url_env: the webhook's address. title: the message's first words; default: the name of
    the sync. rows: at most so many lines, the rest is counted."""

    url_env: SecretName
    title: str | None = Setting(default=None, min_length=1, max_length=150)
    rows: int = Setting(default=50, ge=1, le=500)


class Slack(Api):
    """A digest in a channel."""

    title = "Slack"
    summary = "The new and the changed rows of a run become one message in a channel."
    modes = frozenset({"append", "upsert"})
    objects = MappingProxyType({"digest": Object("one message a run, a line a row")})
    default_object = "digest"
    options = SlackOptions
    base_url = "https://hooks.slack.com"
    is_idempotent = False
    can_erase = False
    skips_nulls = True
    batch_rows = 100
    row_bytes = 2_000
    windows = MappingProxyType({"": (Window(1, 1),)})
    erases = (
        "Cannot erase: a webhook takes no message back. Delete it in Slack, or let the channel's "
        "retention do so."
    )
    known_on = "2026-11-22"
    facts = (
        Fact("POST of {text} to a secret address, answered by `ok` as text",
             "vendor's documentation (incoming webhooks)"),
        Fact("errors are words as text: no_service, invalid_payload, channel_is_archived, …",
             "vendor's documentation (incoming webhooks, handling errors)"),
        Fact("a message a second for a webhook; 429 with Retry-After",
             "vendor's documentation (rate limits)"),
        Fact("a text over 40,000 characters is cut", "vendor's documentation (chat.postMessage)"),
        Fact("after a lost answer the next run tells the same rows again: they may be told twice",
             "this module's choice"),
        Fact("& < > are escaped, so that no value mentions a channel or makes a link; mrkdwn "
             "false leaves the rest as it is", "vendor's documentation (formatting)"),
        Fact("who leaves is not mentioned",
             "this module's choice"),
    )  # fmt: skip
    example = MappingProxyType(
        {
            "cdp_destination": "slack",
            "cdp_object": "digest",
            "cdp_mode": "append",
            "cdp_purpose": "sales_outreach",
            "cdp_fields": {"name": "first_name", "last order": "last_order_at"},
            "cdp_options": {
                "url_env": "DBT_ENV_SECRET_SLACK_WEBHOOK",
                "title": "Regulars who have not bought for six weeks",
            },
        }
    )
    _options: SlackOptions

    @classmethod
    def place(cls, target_object: str, options: SlackOptions) -> str:
        """The webhook is known by the name of its secret."""
        return cls.account(options)

    @classmethod
    def account(cls, options: SlackOptions) -> str:
        """As place."""
        return f"slack:{options.url_env}"

    def __init__(self, delivery: Delivery, options: SlackOptions) -> None:
        secret = read_secret(options.url_env, "Slack's webhook")
        super().__init__(delivery, options)
        self._url = self._base + _path(secret, options.url_env)
        self._secrets = (secret,)
        self._lines: list[str] = []
        self._count = 0

    def refused(self, answer: Answer) -> CdpError | None:
        """Slack's word: nothing that is sent to this webhook will do."""
        word = answer.body.decode(errors="replace").strip()
        if answer.status == 429 or not 400 <= answer.status < 500:
            return None
        if not re.fullmatch(r"[a-z_]{3,40}", word):
            word = str(answer.status)
        return FatalDestinationError(f"Slack refused the message: {word}. Check the webhook.")

    def upsert(self, batch: Batch) -> Sequence[Outcome]:
        """Gather them for the message."""
        self._count += len(batch.rows)
        room = self._options.rows - len(self._lines)
        self._lines += [_line(row) for row in batch.rows[:room]]
        return [Outcome("accepted") for _ in batch.rows]

    def remove(self, batch: Batch) -> Sequence[Outcome]:
        """Who leaves is not mentioned."""
        return [Outcome("acknowledged") for _ in batch.rows]

    def erase(self, people: Sequence[Person]) -> Sequence[Outcome]:
        """A message is not taken back."""
        return [Outcome("rejected", "not_allowed", self.erases) for _ in people]

    def finish(self) -> None:
        """Send the message; without rows, none."""
        if not self._count:
            return
        body = json_bytes(self._message())
        self._caller.call(
            "POST", self._url, body, lambda: {"content-type": "application/json"}, read=_taken
        )

    def _message(self) -> Mapping[str, Any]:
        title = self._options.title or self._delivery.sync
        lines = [f"{_plain(title)}: {self._count:,}"]
        filled = len(lines[0])
        for line in self._lines:
            filled += len(line) + 1
            if filled > _LONGEST_MESSAGE:
                break
            lines.append(line)
        if (rest := self._count + 1 - len(lines)) > 0:
            lines.append(f"and {rest:,} more")
        plain = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        return {"text": "\n".join(lines), **plain}


def _path(secret: str, name: str) -> str:
    """Of the address, or of what follows /services/ in it. Raises ConfigError."""
    if "://" not in secret:
        return f"/services/{secret.removeprefix('/').removeprefix('services/')}"
    parts = urlsplit(secret)
    if parts.scheme != "https" or parts.hostname not in _HOSTS:
        raise ConfigError(
            f"{name} is no address of a Slack webhook. It begins with https://{_HOSTS[0]}/."
        )
    return parts.path


def _line(row: Row) -> str:
    values = [
        f"{_plain(name)}: {_plain(str(value))}"
        for name, value in row.fields.items()
        if value is not None
    ]
    return "• " + " · ".join(values or [_plain(row.id)])


def _plain(text: str) -> str:
    """On one line, and without a mention or a link."""
    return " ".join(text.split()).translate(_ESCAPED)


def _taken(answer: Answer) -> None:
    if answer.body.strip() != b"ok":
        raise NoAnswer("Slack's answer is not as documented")


DESTINATION = Slack
