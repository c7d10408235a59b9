"""A peer that keeps a connection open and answers as badly as it is told, byte by byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Speech", "Wretch", "and_on_and_on", "drop_by_drop", "listening", "nothing"]

Speech = Callable[[socket.socket, threading.Event], None]


@dataclass
class Wretch:
    """Where it listens, how many came, and to how many it could say all it had."""

    port: int = 0
    connections: int = 0
    finished: int = 0

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}/"


def nothing(peer: socket.socket, is_over: threading.Event) -> None:
    """A socket that is half open: no word, no end."""
    is_over.wait(30)


def drop_by_drop(head: bytes) -> Speech:
    """A head, then byte after byte, each soon enough for the timeout of a read."""

    def speak(peer: socket.socket, is_over: threading.Event) -> None:
        peer.sendall(head)
        while not is_over.wait(0.02):
            peer.sendall(b"x")

    return speak


def and_on_and_on(head: bytes, megabytes: int) -> Speech:
    """A head, then as many megabytes as are taken."""

    def speak(peer: socket.socket, is_over: threading.Event) -> None:
        peer.sendall(head)
        for _ in range(megabytes):
            peer.sendall(b"x" * 1_000_000)

    return speak


@contextmanager
def listening(speak: Speech) -> Iterator[Wretch]:
    """One that hears the beginning of a request, then speaks."""
    wretch, is_over = Wretch(), threading.Event()
    workers: list[threading.Thread] = []

    def serve(peer: socket.socket) -> None:
        with peer:
            peer.recv(65_536)
            try:
                speak(peer, is_over)
                wretch.finished += 1
            except OSError:
                return  # the caller had enough

    def accept() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return  # closed
            wretch.connections += 1
            workers.append(threading.Thread(target=serve, args=(peer,), daemon=True))
            workers[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        wretch.port = server.getsockname()[1]
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield wretch
        finally:
            is_over.set()
            server.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *workers):
        thread.join(5)
