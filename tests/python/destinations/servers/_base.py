"""The vendor's side of the conformance suite: one bench a destination, one server a vendor.

A bench makes the rows of its cases and says what the other side holds. A server is a bench
that listens on this machine: it is written from the vendor's documents alone, shares no
constant with the module it tests, keeps its own state and log, refuses what it does not
know, and misbehaves as told. What no vendor would let pass it notes in `violations`.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from cdp.destinations._base import Row

__all__ = ["Bench", "Call", "Case", "Refused", "Reply", "Server", "only", "route"]


@dataclass(frozen=True)
class Case:
    """What is delivered. fields: name → kind; text: a field that takes any text, if one
    does; options: beside the bench's own; refuses: whether some row (bad_row) is refused;
    adopts: whether a record may be there before (seed), where the module can look up."""

    target_object: str
    mode: str = "upsert"
    match: str = "profile_id"
    fields: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    refuses: bool = True
    adopts: bool = True

    def __str__(self) -> str:
        return "_".join((self.target_object, self.mode, *map(str, self.options.values())))


class Bench(ABC):
    """Where one destination is tested; made anew for each test."""

    destination: ClassVar[str]
    cases: ClassVar[tuple[Case, ...]]
    is_http: ClassVar[bool] = False  # whether it can throttle, deny, drop and be down
    environment: ClassVar[Mapping[str, str]] = {}  # secrets
    settings: ClassVar[Mapping[str, Any]] = {}  # cdp_options of every case

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self.folder, self.request = folder, request
        self.violations: list[str] = []

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be there."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def stop(self) -> None:
        """Be gone."""

    def options(self, case: Case) -> dict[str, Any]:
        """cdp_options that lead here."""
        return {**self.settings, **case.options}

    def row(self, case: Case, number: int, **changes: Any) -> Row:
        """A good row with every field set, the same for the same number."""
        made = {name: _value(name, kind, number) for name, kind in case.fields.items()} | changes
        key = str(made[case.match]) if case.match in made else f"p{number:06}"
        return Row(key, made)

    def bad_row(self, case: Case, number: int) -> Row:
        """A row that is refused for what is in it."""
        raise NotImplementedError

    def seed(self, case: Case, row: Row) -> str:
        """Put a record there that the row is to adopt; returns its id."""
        raise NotImplementedError

    @abstractmethod
    def held(self, case: Case, row: Row) -> object:
        """What is held of the row; None: nothing."""

    @abstractmethod
    def wanted(self, case: Case, row: Row) -> object:
        """What `held` is to be after the row was delivered."""

    @abstractmethod
    def count(self, case: Case) -> int:
        """Records, members or messages held."""

    @abstractmethod
    def everything(self) -> str:
        """All that is kept, as text, to look for somebody who was erased."""


def _value(name: str, kind: str, number: int) -> Any:
    if "mail" in name.lower():
        return f"person{number}@example.com"
    made: dict[str, Any] = {
        "text": f"{name} {number}",
        "integer": number,
        "float": number + 0.5,
        "boolean": number % 2 == 0,
        "date": date(2017, 12, 1 + number % 28),
        "timestamp": datetime(2017, 12, 1 + number % 28, 10, 30, 5),
    }
    return made[kind]


@dataclass(frozen=True)
class Call:
    """A request as it arrived. `parts`: what the route's pattern captured."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    parts: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body; Refused where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(Reply(400, {"message": "the body is no JSON"})) from None


@dataclass(frozen=True)
class Reply:
    """An answer: `body` as JSON, or as it is if it is bytes or text."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes | str):
            return self.body.encode() if isinstance(self.body, str) else self.body
        return json.dumps(self.body).encode()


class Refused(Exception):  # noqa: N818 - reads as what happened
    """The server answers so, having applied nothing."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def only(found: Any, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """The object, if it has all of the required keys and no key that is neither."""
    if not isinstance(found, dict):
        raise Refused(Reply(400, {"message": "an object is expected"}))
    needed, known = set(required), {*required, *optional}
    if needed - found.keys() or found.keys() - known:
        wrong = sorted((needed - found.keys()) | (found.keys() - known))
        raise Refused(Reply(400, {"message": f"missing or unknown: {', '.join(wrong)}"}))
    return found


_Handler = Callable[[Any, Call], Reply]


def route(method: str, pattern: str, writes: bool = True) -> Callable[[_Handler], _Handler]:
    """The method of a Server that answers this path; `writes`: whether faults meet it."""

    def mark(handler: _Handler) -> _Handler:
        handler.route = (method, re.compile(pattern), writes)  # type: ignore[attr-defined]
        return handler

    return mark


class Server(Bench):
    """A vendor on a free port. Faults, in turn, for the calls that write:

    throttle   answered `throttled()`, nothing applied
    drop       applied, then the connection closes without a word
    down       503, nothing applied
    fail       500 after applying
    """

    is_http = True
    max_body: ClassVar[int] = 10_000_000  # bytes that it reads
    throttle_seconds: ClassVar[float] = 7  # what `throttled` asks for

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        super().__init__(folder, request)
        self.faults: deque[str] = deque()
        self.lasting = ""  # a fault for every call
        self.log: list[Call] = []
        self.lock = threading.Lock()
        self.clock: Callable[[], float] = lambda: 0.0

    @abstractmethod
    def authorise(self, call: Call) -> None:
        """Raise Refused for a call without the right credentials."""

    def throttled(self) -> Reply:
        """As the vendor says that it is enough; default: 429 with Retry-After."""
        return Reply(429, {}, {"retry-after": str(int(self.throttle_seconds))})

    @property
    def writes(self) -> int:
        """Calls so far that write."""
        return sum(self._route(call)[1] for call in self.log)

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().start(monkeypatch)
        handler = type("Handler", (_Connection,), {"server_side": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def options(self, case: Case) -> dict[str, Any]:
        return {"base_url": self.url, **super().options(case)}

    def answer(self, call: Call) -> Reply | None:
        """The reply to a call; None: close the connection without a word."""
        with self.lock:
            handler, writes, parts = self._route(call)
            self.log.append(call)
            fault = self.lasting or (self.faults.popleft() if writes and self.faults else "")
            if fault == "throttle":
                return self.throttled()
            if fault == "down":
                return Reply(503)
            try:
                if len(call.body) > self.max_body:
                    self.violations.append(f"{len(call.body)} bytes to {call.path}")
                    return Reply(413)
                self.authorise(call)
                reply = handler(self, _with(call, parts))
            except Refused as refusal:
                return refusal.reply
            return None if fault == "drop" else Reply(500) if fault == "fail" else reply

    def _route(self, call: Call) -> tuple[_Handler, bool, tuple[str, ...]]:
        for name in dir(type(self)):
            handler = getattr(type(self), name)
            if not hasattr(handler, "route"):
                continue
            method, pattern, writes = handler.route
            if method == call.method and (match := pattern.fullmatch(call.path)):
                return handler, writes, match.groups()
        return _nowhere, False, ()


def _nowhere(server: Server, call: Call) -> Reply:
    server.violations.append(f"{call.method} {call.path} is not documented")
    return Reply(404)


def _with(call: Call, parts: tuple[str, ...]) -> Call:
    return Call(call.method, call.path, call.query, call.headers, call.body, parts)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_side: Server
    disable_nagle_algorithm = True

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, parts.path, parse_qs(parts.query), headers, body)
        try:
            reply = self.server_side.answer(call)
        except Exception as error:  # noqa: BLE001 - a fault of the server fails the test
            self.server_side.violations.append(f"{type(error).__name__}: {error}")
            reply = Reply(500)
        if reply is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(reply.status)
        headers = {"content-length": str(len(reply.content)), **reply.headers}
        if reply.content and "content-type" not in headers:
            headers["content-type"] = "application/json"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, ValueError):
            return
