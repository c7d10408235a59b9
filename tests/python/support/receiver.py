"""A webhook's receiving end with a ledger of its own: the oracle of what was delivered.

Verifies signatures with the `standardwebhooks` library, applies a webhook-id once however
often it comes, refuses what it does not know, and misbehaves on command.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

__all__ = ["SECRET", "Answer", "Receiver", "receiving"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Answer:
    """How to answer one call. applied: whether its rows are taken in first."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = True
    drop: bool = False  # close the connection without a word


@dataclass
class Receiver:
    """What arrived. `script` makes the answer to a message; None: take everything."""

    url: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    applied_twice: int = 0
    forged: int = 0
    script: Callable[[dict[str, Any]], Answer | None] = lambda message: None
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> int:
        """Calls so far."""
        return len(self.sizes)

    def take(self, message_id: str, message: dict[str, Any], rejected: set[str]) -> None:
        """Apply the rows, once."""
        if message_id in self.seen:
            self.applied_twice += 1
            return
        self.seen.add(message_id)
        for row in message["rows"]:
            if row["id"] in rejected:
                continue
            if message["operation"] == "remove":
                assert row.keys() == {"id"}
                self.people.pop(row["id"], None)
            else:
                assert row.keys() == {"id", "fields"}
                self.people[row["id"]] = row["fields"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver = self.receiver
        try:
            message = Webhook(SECRET).verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            receiver.forged += 1
            self.answer(Answer(401))
            return
        assert message.keys() == {"sync", "object", "operation", "purpose", "rows"}
        with receiver.lock:
            receiver.sizes.append(len(message["rows"]))
            receiver.ids.append(self.headers["webhook-id"])
            answer = receiver.script(message) or Answer()
            if answer.applied and answer.status < 300:
                rejected = json.loads(answer.body)["rejected"] if answer.body else []
                receiver.take(self.headers["webhook-id"], message, {row["id"] for row in rejected})
        self.answer(answer)

    def answer(self, answer: Answer) -> None:
        if answer.drop:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

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


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
