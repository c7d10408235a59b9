"""How far a load is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self

__all__ = ["Bar", "Lines", "Progress", "Silent", "best_progress"]

_SECONDS = 5.0


class Progress(Protocol):
    """Told what happens; used as a context."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def expect(self, size: int) -> None:
        """Bytes there will be to read in all."""

    def begin(self, file: str) -> None:
        """A file is next."""

    def read(self, size: int) -> None:
        """Bytes of it are done."""


class Silent:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def expect(self, size: int) -> None:
        """See Progress."""

    def begin(self, file: str) -> None:
        """See Progress."""

    def read(self, size: int) -> None:
        """See Progress."""


class Lines(Silent):
    """A plain line to stderr every five seconds, none for what is over sooner."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._file = ""
        self._said = time.monotonic()

    def expect(self, size: int) -> None:
        """See Progress."""
        self._total = size

    def begin(self, file: str) -> None:
        """See Progress."""
        self._file = file

    def read(self, size: int) -> None:
        """See Progress."""
        self._done += size
        if (now := time.monotonic()) - self._said >= _SECONDS:
            self._said = now
            share = 100 * self._done // max(self._total, 1)
            print(f"loading: {share} % {self._file}", file=sys.stderr)  # noqa: T201


class Bar(Silent):
    """A bar by bytes, on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("loading")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def expect(self, size: int) -> None:
        """See Progress."""
        self._bar.update(self._task, total=size)

    def begin(self, file: str) -> None:
        """See Progress."""
        self._bar.update(self._task, description=file)

    def read(self, size: int) -> None:
        """See Progress."""
        self._bar.advance(self._task, size)


def best_progress() -> Progress:
    """A bar where somebody watches, lines elsewhere."""
    return Bar() if sys.stderr.isatty() else Lines()
