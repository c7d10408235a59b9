"""Calls of HTTP destinations: bounded, throttled, tried again, and read with care.

An answer is at most 1 MB and a minute long; redirects are refused, so that no secret
follows them. 408, 425, 429 and 5xx are tried again with growing, jittered pauses, or after
`Retry-After` (seconds or a date), which all syncs of the account then keep. While the
account is down for another sync, one attempt is enough.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from cdp.destinations._accounts import Account
from cdp.destinations._base import NoAnswer
from cdp.errors import ConfigError, FatalDestinationError, RecordRejected, RetriableError

__all__ = ["Answer", "Caller", "refuse_private"]

_PASSING = (408, 425, 429)  # and every 5xx
_NOT_APPLIED = (425, 429, 503)
_NO_ACCESS = (401, 403, 404, 405, 410)
_MAX_ANSWER = 1_000_000  # bytes
_LONGEST_WAIT = 60.0  # seconds
_FIRST_WAIT = 0.5
_LONGEST_ANSWER = 60.0

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Answer:
    """A 2xx answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Caller:
    """One destination's way to its vendor. `name` stands in messages: "the webhook"."""

    def __init__(
        self,
        name: str,
        account: Account,
        *,
        timeout_seconds: float = 15,
        attempts: int = 5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._name, self._account, self._attempts = name, account, attempts
        self._http = httpx.Client(
            timeout=timeout_seconds, follow_redirects=False, transport=transport
        )

    def call(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
        *,
        read: Callable[[Answer], _Read],
    ) -> _Read:
        """What `read` makes of the answer to one call; it raises NoAnswer for one that
        cannot be understood. headers are made anew for each attempt (signatures).

        Raises RetriableError (nothing was applied), NoAnswer (it may have been),
        RecordRejected (another 4xx) or FatalDestinationError (no access, a redirect).
        """
        attempts = stamina.retry_context(
            on=_pause,
            attempts=1 if self._account.is_down else self._attempts,
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
                        found = read(self._call_once(method, url, body, headers()))
                    except NoAnswer:
                        unsure = True
                        raise
        except RetriableError as error:
            self._account.went_down()
            raise (NoAnswer if unsure else RetriableError)(str(error)) from None
        self._account.came_back()
        return found

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call_once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        try:
            with (
                self._account.call(),
                self._http.stream(method, url, content=body, headers=headers) as answer,
            ):
                text = self._read(answer)
                self._raise_for_status(answer)
                return Answer(answer.status_code, answer.headers, text)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise RetriableError(f"{self._name} cannot be reached") from None
        except httpx.HTTPError as error:
            raise NoAnswer(f"{self._name} gave no answer ({type(error).__name__})") from None

    def _read(self, answer: httpx.Response) -> bytes:
        began, text = time.monotonic(), b""
        for chunk in answer.iter_bytes(65_536):
            text += chunk
            if len(text) > _MAX_ANSWER:
                raise NoAnswer(f"{self._name}'s answer is larger than 1 MB")
            if time.monotonic() - began > _LONGEST_ANSWER:
                raise NoAnswer(f"{self._name}'s answer does not end")
        return text

    def _raise_for_status(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if 200 <= status < 300:
            return
        message = f"{self._name} answered {status}"
        if status in _PASSING or status >= 500:
            wait = _retry_after(answer.headers)
            if wait is not None:
                self._account.pause(wait)
            kind = RetriableError if status in _NOT_APPLIED else NoAnswer
            raise kind(message, wait)
        if 300 <= status < 400:
            raise FatalDestinationError(
                f"{message}, a redirect, which is not followed. Fix the url."
            )
        if status in _NO_ACCESS:
            raise FatalDestinationError(f"{message}. Check the address and the secret.")
        raise RecordRejected(message, f"http_{status}")


def refuse_private(url: str) -> None:
    """Refuse addresses inside the own network, so that no YAML can reach what only we can."""
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise FatalDestinationError(f"The host {host} cannot be resolved. Check the url.") from None
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
            raise ConfigError(
                f"cdp_options.url leads to a private address ({host}). "
                "Say allow_private: true if that is meant."
            )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or a date, at most a minute; None where it says
    nothing sensible."""
    given = headers.get("retry-after", "").strip()
    if not given:
        return None
    try:
        seconds = float(given) if given.lstrip("-").isdigit() else _seconds_until(given)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _seconds_until(moment: str) -> float:
    then = parsedate_to_datetime(moment)
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (then - datetime.now(UTC)).total_seconds()


def _pause(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds where the answer said so."""
    if not isinstance(error, RetriableError) or error.retry_after is None:
        return isinstance(error, RetriableError)
    return error.retry_after
