"""A webhook's receiving end with a ledger of its own: the oracle of what was delivered.

Verifies signatures with the `standardwebhooks` library, applies a webhook-id once however
often it comes, refuses what it does not know, and misbehaves on command. What it had to
refuse of its own accord fails the test, at the latest as the receiver goes.
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

__all__ = ["SECRET", "Answer", "Receiver", "fault", "receiving"]

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
    refused: list[str] = field(default_factory=list)  # what no sender of ours may send
    secret: str = SECRET
    script: Callable[[dict[str, Any]], Answer | None] = lambda message: None
    seen: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> int:
        """Calls so far."""
        return len(self.sizes)

    def take(self, message_id: str, body: bytes, rejected: set[str]) -> None:
        """Apply the rows, once."""
        if message_id in self.seen:
            self.applied_twice += 1
            return
        self.seen[message_id] = body
        message = json.loads(body)
        for row in message["rows"]:
            if row["id"] in rejected:
                continue
            if message["operation"] == "remove":
                self.people.pop(row["id"], None)
            else:
                self.people[row["id"]] = row["fields"]


def fault(message: Any) -> str:
    """What is wrong with a message, as this end understands the agreement; empty: nothing."""
    if not isinstance(message, dict):
        return "no object"
    if message.keys() != {"sync", "object", "operation", "purpose", "rows"}:
        return f"keys {sorted(message)}"
    texts = [message[name] for name in ("sync", "object", "operation", "purpose")]
    if not all(isinstance(text, str) and text for text in texts):
        return "a name that is no text"
    if message["operation"] not in ("upsert", "remove"):
        return f"the operation {message['operation']}"
    rows = message["rows"]
    if not isinstance(rows, list) or not rows:
        return "no rows"
    known = {"id"} if message["operation"] == "remove" else {"id", "fields"}
    if any(not isinstance(row, dict) or row.keys() != known for row in rows):
        return "a row of other keys"
    if not all(isinstance(row["id"], str) and row["id"] for row in rows):
        return "an id that is no text"
    if len({row["id"] for row in rows}) < len(rows):
        return "one row twice"
    values = [value for row in rows for value in row.get("fields", {}).values()]
    if not all(value is None or isinstance(value, str | int | float) for value in values):
        return "a value that is neither text, number, truth nor null"
    return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver = self.receiver
        try:
            message = Webhook(receiver.secret).verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            receiver.forged += 1
            self.answer(Answer(401))
            return
        message_id = self.headers["webhook-id"]
        problem = fault(message)
        if receiver.seen.get(message_id, body) != body:
            problem = "an id that was another message's"
        if problem:
            receiver.refused.append(problem)
            self.answer(Answer(422))
            return
        with receiver.lock:
            receiver.sizes.append(len(message["rows"]))
            receiver.ids.append(message_id)
            answer = receiver.script(message) or Answer()
            if answer.applied and answer.status < 300:
                rejected = json.loads(answer.body)["rejected"] if answer.body else []
                receiver.take(message_id, body, {row["id"] for row in rejected})
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
    assert not receiver.refused, receiver.refused
