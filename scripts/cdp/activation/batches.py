"""Which rows leave together: as many as the destination takes at once, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from cdp.destinations._base import Destination, Row

__all__ = ["Sendable", "cut"]


class Sendable(Protocol):
    """A row on its way. `resend_key`: the batch in which it was sent before, if it was."""

    @property
    def row(self) -> Row:
        """As it is sent."""

    @property
    def resend_key(self) -> str | None:
        """Rows that were one batch stay one, so that its key stays the same."""


_Row = TypeVar("_Row", bound=Sendable)


def cut(rows: Iterable[_Row], destination: Destination) -> Iterator[list[_Row]]:
    """Batches in the order of the rows: cut at the destination's rows and bytes, and where
    a former batch ends. Memory: one batch."""
    batch: list[_Row] = []
    filled = 0
    for row in rows:
        size = destination.size(row.row) if destination.batch_bytes is not None else 0
        is_full = len(batch) == destination.batch_rows or (
            destination.batch_bytes is not None and filled + size > destination.batch_bytes
        )
        if batch and (is_full or batch[-1].resend_key != row.resend_key):
            yield batch
            batch, filled = [], 0
        batch.append(row)
        filled += size
    if batch:
        yield batch
