"""An end for calls that the other side could draw out for ever.

Timeouts of a socket are for its silence: a peer that sends a byte a second never meets
them, and one that only keeps the connection open may not, either.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["ending", "hang_up"]


@contextmanager
def ending(seconds: float, cut: Callable[[], None]) -> Iterator[threading.Event]:
    """Call `cut` when the block is not through after so many seconds.

    Yields what says whether it came to that. No thread is left behind.
    """
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        cut()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield is_over
    finally:
        timer.cancel()
        timer.join()


def hang_up(connection: socket.socket) -> None:
    """End a connection that another thread waits for; the wait fails at once."""
    try:
        # Of TLS, too, without its farewell, for which one would have to wait.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already
