"""Calls of HTTP destinations: bounded, throttled, tried again, and read with care.

An answer is at most a minute long, however slowly its bytes come, and 1 MB unless the
caller says otherwise; redirects are refused, so that no secret follows them. 408, 425,
429 and 5xx are tried again with growing, jittered pauses, or after `Retry-After` (seconds
or a date) or `X-RateLimit-Reset`, which all syncs of the account then keep. While the
account is down for another sync, one attempt is enough. What must not be done twice is not
sent again where no answer came.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar

import httpx
import stamina

from cdp.destinations._accounts import Account, effort
from cdp.destinations._base import NoAnswer
from cdp.destinations._ending import ending, hang_up
from cdp.errors import (
    CdpError,
    ConfigError,
    FatalDestinationError,
    RecordRejected,
    RetriableError,
)

__all__ = ["Answer", "Caller", "host_of", "refuse_private"]

_PASSING = (408, 425, 429)  # and every 5xx
_NOT_APPLIED = (425, 429, 503)
_NO_ACCESS = (401, 403, 404, 405, 410)
_MAX_ANSWER = 1_000_000  # bytes
_LONGEST_WAIT = 60.0  # seconds
_LEAST_EPOCH = 1e9  # a larger number of seconds is a moment
_FIRST_WAIT = 0.5
_LEADING_TO_IPV4 = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96")))
_LONGEST_ANSWER = 60.0

# It tells each address, in which stand emails (look-ups) and secrets (Slack's webhook).
logging.getLogger("httpx").setLevel(logging.WARNING)

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Caller:
    """One destination's way to its vendor. `name` stands in messages: "the webhook".

    refused: what an answer that is no 2xx means, where the vendor has its own way to say so;
    None leaves it to the status. is_repeatable: whether a call may be made again that was
    perhaps applied. public_host: has to be on the internet, at each connection anew.
    """

    def __init__(
        self,
        name: str,
        account: Account,
        *,
        timeout_seconds: float = 15,
        attempts: int = 5,
        transport: httpx.BaseTransport | None = None,
        refused: Callable[[Answer], CdpError | None] = lambda answer: None,
        is_repeatable: bool = True,
        max_answer: int = _MAX_ANSWER,
        public_host: str = "",
    ) -> None:
        self._name, self._account, self._attempts = name, account, attempts
        self._refused, self._is_repeatable = refused, is_repeatable
        self._max_answer, self._public_host = max_answer, public_host
        self._is_guarded = False  # the connection being made
        self._seconds = timeout_seconds + _LONGEST_ANSWER
        self._stream: Any = None  # of the latest connection
        self._http = httpx.Client(
            timeout=timeout_seconds, follow_redirects=False, transport=transport, verify=_tls()
        )

    def call(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
        *,
        read: Callable[[Answer], _Read],
        account: Account | None = None,
    ) -> _Read:
        """What `read` makes of the answer to one call; it raises NoAnswer for one that
        cannot be understood. headers are made anew for each attempt (signatures); account:
        another's limits than the caller's own.

        Raises RetriableError (nothing was applied), NoAnswer (it may have been),
        RecordRejected (another 4xx) or FatalDestinationError (no access, a redirect).
        """
        limits = account or self._account
        attempts = stamina.retry_context(
            on=self._pause,
            attempts=1 if limits.is_down else self._attempts,
            timeout=None,
            wait_initial=_FIRST_WAIT,
            wait_max=_LONGEST_WAIT,
            wait_jitter=_FIRST_WAIT,
        )
        unsure = False
        try:
            for attempt in attempts:
                with attempt:
                    effort.retries += attempt.num > 1
                    try:
                        found = read(self._call_once(limits, method, url, body, headers()))
                    except NoAnswer:
                        unsure = True
                        raise
        except RetriableError as error:
            limits.went_down()
            raise (NoAnswer if unsure else RetriableError)(str(error)) from None
        limits.came_back()
        return found

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _pause(self, error: Exception) -> bool | float:
        if isinstance(error, NoAnswer) and not self._is_repeatable:
            return False
        return _pause(error)

    def _call_once(
        self,
        limits: Account,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        self._check(headers)
        follow = {"trace": self._follow}
        try:
            with (
                limits.call(),
                ending(self._seconds, self._hang_up) as is_over,
                self._http.stream(
                    method, url, content=body, headers=headers, extensions=follow
                ) as answer,
            ):
                text = self._read(answer, is_over)
                found = Answer(answer.status_code, answer.headers, text)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise RetriableError(f"{self._name} cannot be reached") from None
        except httpx.HTTPError as error:
            raise NoAnswer(f"{self._name} gave no answer ({type(error).__name__})") from None
        if not 200 <= found.status < 300:
            fault = self._refused(found) or self._error(found)
            if isinstance(fault, RetriableError) and fault.retry_after is not None:
                limits.pause(fault.retry_after)
            raise fault
        return found

    def _check(self, headers: Mapping[str, str]) -> None:
        """A line break in a header would begin another one."""
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise FatalDestinationError(
                    f"The header {name} for {self._name} holds a line break or another odd "
                    "character. Check the secret that it is made of."
                )

    def _follow(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("connect_tcp.started"):  # its host may be a proxy's
            self._is_guarded = info["host"] == self._public_host
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]
            self._guard()

    def _guard(self) -> None:
        """A name may lead elsewhere than it did when it was checked."""
        if self._is_guarded and not _is_public(self._stream.get_extra_info("server_addr")[0]):
            self._stream.close()
            raise FatalDestinationError(
                f"The host {self._public_host} leads to a private address now. Nothing was sent."
            )

    def _hang_up(self) -> None:
        if self._stream is not None:
            hang_up(self._stream.get_extra_info("socket"))

    def _read(self, answer: httpx.Response, is_over: threading.Event) -> bytes:
        text = bytearray()
        for chunk in answer.iter_bytes():
            text += chunk
            if len(text) > self._max_answer:
                raise NoAnswer(f"{self._name}'s answer is larger than {self._max_answer:,} bytes")
        if is_over.is_set():
            raise NoAnswer(f"{self._name}'s answer does not end")
        return bytes(text)

    def _error(self, answer: Answer) -> CdpError:
        """What a status other than 2xx means everywhere."""
        status, message = answer.status, f"{self._name} answered {answer.status}"
        if status in _PASSING or status >= 500:
            kind = RetriableError if status in _NOT_APPLIED else NoAnswer
            return kind(message, _retry_after(answer.headers))
        if 300 <= status < 400:
            return FatalDestinationError(
                f"{message}, a redirect, which is not followed. Fix the url."
            )
        if status in _NO_ACCESS:
            return FatalDestinationError(f"{message}. Check the address and the secret.")
        return RecordRejected(message, f"http_{status}")


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates takes longer than a call."""
    return httpx.create_ssl_context()


def host_of(url: str) -> str:
    """The host as it is connected to: of an international name, its xn-- form."""
    return httpx.URL(url).raw_host.decode()


def refuse_private(url: str) -> None:
    """Refuse addresses inside the own network, so that no YAML can reach what only we can."""
    host = host_of(url)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise FatalDestinationError(f"The host {host} cannot be resolved. Check the url.") from None
    for *_, address in found:
        if not _is_public(str(address[0])):
            raise ConfigError(
                f"cdp_options.url leads to a private address ({host}). "
                "Say allow_private: true if that is meant."
            )


def _is_public(text: str) -> bool:
    """Whether an address is of the internet; of an IPv6 one that leads to IPv4, whether both
    are (mapped, compatible, 6to4, NAT64)."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner: ipaddress.IPv4Address | None = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in _LEADING_TO_IPV4):
            inner = ipaddress.IPv4Address(address.packed[-4:])
    return all(found.is_global and not found.is_multicast for found in (address, inner) if found)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, at most a minute, from Retry-After (a number or a date) or else from
    X-RateLimit-Reset (seconds, or a moment in epoch seconds); None where neither says
    anything sensible."""
    given = headers.get("retry-after", "").strip()
    if not given:
        return _until_reset(headers.get("x-ratelimit-reset", "").strip())
    try:
        seconds = float(given) if given.lstrip("-").isdigit() else _seconds_until(given)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _until_reset(given: str) -> float | None:
    if not given.isdigit():
        return None
    seconds = float(given) - (time.time() if float(given) > _LEAST_EPOCH else 0)
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
