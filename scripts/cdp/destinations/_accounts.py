"""What the syncs of one account share in a process: its rate windows and its breaker.

A window is a sliding one: at most so many calls in any span of so many seconds. A call
counts until so long after its *end*, since nobody knows when on its way the vendor counted
it; so the vendor never sees more, however the network delays.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Account", "Effort", "Window", "account", "effort"]

_DOWN_FOR = 60.0  # seconds for which an account that did not answer counts as down


@dataclass(frozen=True)
class Window:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


class Effort(threading.local):
    """What the calls of a delivery cost beside themselves; a delivery has a thread."""

    retries = 0
    throttled_seconds = 0.0

    def forget(self) -> None:
        """Count from nought, as a delivery begins."""
        self.retries, self.throttled_seconds = 0, 0.0


effort = Effort()


class Account:
    """The limits of one account at one vendor. Safe between threads."""

    def __init__(
        self,
        name: str,
        windows: Sequence[Window],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self._clock, self._sleep = name, clock, sleep
        self._windows = [(window, deque[float]()) for window in windows]
        self._under_way = 0
        self._until = 0.0  # nobody calls before
        self._down_until = 0.0
        self._changed = threading.Condition()
        self.throttled_seconds = 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Wait for a place in every window, and take it for the time of the call."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                for _, ends in self._windows:
                    ends.append(self._clock())
                self._changed.notify_all()

    def hold(self, windows: Sequence[Window]) -> None:
        """Keep to these, too: syncs that say different rates share the stricter."""
        with self._changed:
            known = {window for window, _ in self._windows}
            self._windows += [(new, deque[float]()) for new in windows if new not in known]

    def pause(self, seconds: float) -> None:
        """The vendor said when to come back: for every sync of the account."""
        with self._changed:
            self._until = max(self._until, self._clock() + seconds)

    def went_down(self) -> None:
        """All attempts of a call failed: open the breaker for a while."""
        self._down_until = self._clock() + _DOWN_FOR

    def came_back(self) -> None:
        """A call was answered: close the breaker."""
        self._down_until = 0.0

    @property
    def is_down(self) -> bool:
        """Whether one attempt is enough, since the last calls of any sync failed."""
        return self._clock() < self._down_until

    def _enter(self) -> None:
        with self._changed:
            while True:
                wait = self._wait()
                if wait is not None and wait <= 0:
                    self._under_way += 1
                    return
                began = self._clock()
                if wait is None:  # another call has to end first
                    self._changed.wait(1)
                else:
                    self._changed.release()
                    try:
                        self._sleep(wait)
                    finally:
                        self._changed.acquire()
                waited = self._clock() - began
                self.throttled_seconds += waited
                effort.throttled_seconds += waited

    def _wait(self) -> float | None:
        """Seconds until a place is free, 0 for now; None: when a call under way ends."""
        now = self._clock()
        wait = self._until - now
        for window, ends in self._windows:
            while ends and ends[0] <= now - window.seconds:
                ends.popleft()
            if len(ends) + self._under_way >= window.calls:
                if not ends:
                    return None
                wait = max(wait, ends[0] + window.seconds - now)
        return max(wait, 0.0)


_accounts: dict[str, Account] = {}
_lock = threading.Lock()


def account(name: str, windows: Sequence[Window] = ()) -> Account:
    """The account of that name in this process, made at the first call; what windows any
    caller names hold for all of them."""
    with _lock:
        found = _accounts.setdefault(name, Account(name, windows))
    found.hold(windows)
    return found
