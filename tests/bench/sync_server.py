"""A webhook's receiving end in a process of its own, with a limit of its own.

    python tests/bench/sync_server.py --calls 50 --seconds 1

Verifies each signature (but at /unsigned), parses each row, keeps what it holds by id, and
answers 429 to a call that is over its limit. Prints its port; at GET it tells what it saw
and what it cost.
"""

from __future__ import annotations

import argparse
import json
import resource
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

AGREED = {"sync", "object", "operation", "purpose", "rows"}
ROW = {"id", "fields"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Ledger:
    """What arrived."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.limit, self.seconds = calls, seconds
        self.arrivals: deque[float] = deque()
        self.rows: dict[str, int] = {}
        self.calls = self.refused = self.rows_seen = 0
        self.first = self.last = 0.0
        self.lock = threading.Lock()

    def take(self, message: dict[str, Any]) -> bool:
        """Take the rows in, unless the call is over the limit."""
        with self.lock:
            now = time.monotonic()
            while self.arrivals and self.arrivals[0] <= now - self.seconds:
                self.arrivals.popleft()
            if self.limit and len(self.arrivals) >= self.limit:
                self.refused += 1
                return False
            self.arrivals.append(now)
            self.first, self.last = self.first or now, now
            self.calls += 1
            for row in message["rows"]:
                self.rows[row["id"]] = len(row.get("fields", row))
            self.rows_seen += len(message["rows"])
            return True

    def told(self) -> dict[str, float]:
        """The figures so far."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "calls": self.calls,
            "refused": self.refused,
            "rows": len(self.rows),
            "rows_seen": self.rows_seen,
            "seconds": self.last - self.first,
            "cpu": usage.ru_utime + usage.ru_stime,
        }


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    ledger: Ledger

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/unsigned":
            message = json.loads(body)
        else:
            message = Webhook(SECRET).verify(body, dict(self.headers.items()))
            if message.keys() != AGREED or any(row.keys() != ROW for row in message["rows"]):
                return self.answer(422, b"")
        self.answer(200 if self.ledger.take(message) else 429, b"")

    def do_GET(self) -> None:
        self.answer(200, json.dumps(self.ledger.told()).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=0, help="0: no limit")
    parser.add_argument("--seconds", type=float, default=1)
    given = parser.parse_args()
    Handler.ledger = Ledger(given.calls, given.seconds)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
