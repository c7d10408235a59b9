"""Destinations behind an HTTP API that speaks JSON: options, secrets, calls, limits.

A module extends `Api`, declares `base_url` and `windows`, and makes its calls by `call`,
which takes a place in the windows, tries again what passes, and reads the answer. What
the vendor's own error bodies mean it says in `refused`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cdp.destinations._accounts import Account, Window, account
from cdp.destinations._base import (
    Delivery,
    Destination,
    NoAnswer,
    Options,
    Outcome,
    Row,
    json_bytes,
)
from cdp.destinations._http import Answer, Caller
from cdp.errors import CdpError, FatalDestinationError, RetriableError

__all__ = ["Api", "ApiOptions"]

_Read = TypeVar("_Read")
_OWN = ("localhost", "127.0.0.1", "::1")


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _OWN):
        raise ValueError("is an https:// address")
    if parts.username or parts.password or parts.query:
        raise ValueError("holds no user, password or query")
    return url.rstrip("/")


class ApiOptions(Options):
    """base_url: another address than the vendor's own, for a proxy or a test. rates: the
    account's own limits instead of the documented ones: at most so many calls in so many
    seconds, [[10, 1], [150, 60]]. timeout_seconds: of silence. attempts: calls per batch
    before giving up."""

    base_url: Annotated[str, AfterValidator(_address)] | None = None
    rates: tuple[tuple[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0)]], ...] = ()
    timeout_seconds: float = Field(default=30, gt=0, le=300)
    attempts: int = Field(default=5, ge=1, le=10)


class Api(Destination):
    """A destination behind an HTTP API."""

    base_url: ClassVar[str]
    max_answer: ClassVar[int] = 1_000_000  # bytes
    _options: ApiOptions

    def __init__(self, delivery: Delivery, options: ApiOptions) -> None:
        super().__init__(delivery, options)
        self._base = options.base_url or self.base_url
        self._caller = Caller(
            self.title,
            self._limits(""),
            timeout_seconds=options.timeout_seconds,
            attempts=options.attempts,
            refused=self.refused,
            is_repeatable=self.is_idempotent,
            max_answer=self.max_answer,
        )

    @classmethod
    def place(cls, target_object: str, options: Any) -> str:
        """The account, the object, and what names it where it is a collection."""
        option = cls.collections.get(target_object)
        which = f"/{getattr(options, option)}" if option else ""
        return f"{cls.account(options)}/{target_object}{which}"

    def headers(self) -> Mapping[str, str]:
        """The headers of every call, credentials among them."""
        return {}

    def refused(self, answer: Answer) -> CdpError | None:
        """What an answer that is no 2xx means: RecordRejected with a reason (the batch is
        halved), RetriableError with the seconds to wait, FatalDestinationError; None: what
        its status means everywhere (408, 425, 429, 5xx pass; 401, 403, 404 stop; another
        4xx rejects)."""
        return None

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        read: Callable[[Any], _Read],
        group: str = "",
        content_type: str = "application/json",
    ) -> _Read:
        """What `read` makes of the JSON of the answer (None where it is empty).

        body: sent as JSON, or as it is if it is bytes. group: the windows that hold.
        A shape that `read` does not understand (LookupError, AttributeError, TypeError,
        ValueError) is NoAnswer: nothing is taken for granted that was not said. So all that is
        needed of an answer is taken out of it in `read`, and nowhere else.
        """
        content = body if isinstance(body, bytes) or body is None else json_bytes(body)
        typed = {} if content is None else {"content-type": content_type}
        return self._caller.call(
            method,
            self._base + path,
            content,
            lambda: {"accept": "application/json", **self.headers(), **typed},
            read=lambda answer: self._understood(answer, read),
            account=self._limits(group),
        )

    def in_turn(
        self,
        rows: Sequence[Row],
        calls: Iterable[tuple[Sequence[Row], Callable[[Sequence[Row]], Sequence[Outcome]]]],
    ) -> list[Outcome]:
        """Outcomes of a batch that takes several calls, each for a part of its rows. What one
        has confirmed stays so when a later one fails: else the ledger would not know of it."""
        outcomes: dict[int, Outcome] = {}
        left = Outcome("aborted", "not_taken")
        for part, send in calls:
            try:
                found = send(part) if part else ()
            except (RetriableError, FatalDestinationError) as error:
                if not outcomes:
                    raise
                left = replace(left, message=str(error))
                if isinstance(error, NoAnswer):
                    unsure = Outcome("unknown", "no_answer", str(error))
                    outcomes |= {id(row): unsure for row in part}
                break
            outcomes |= {id(row): each for row, each in zip(part, found, strict=True)}
        return [outcomes.get(id(row), left) for row in rows]

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def _understood(self, answer: Answer, read: Callable[[Any], _Read]) -> _Read:
        try:
            return read(json.loads(answer.body) if answer.body.strip() else None)
        except (AttributeError, TypeError, ValueError, LookupError):
            raise NoAnswer(f"{self.title}'s answer is not as documented") from None

    def _limits(self, group: str) -> Account:
        name = self.account(self._options)
        windows = self.windows.get(group, ())
        if not group and self._options.rates:
            windows = tuple(Window(*rate) for rate in self._options.rates)
        return account(f"{name}/{group}" if group else name, windows)
