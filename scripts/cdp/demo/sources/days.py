"""The days that `--day` adds after the last one: a few new records in a part of their own.

The tables' first parts stay as they are, but for the members and customers that changed.
What is bought on these days is made: earlier baskets, bought once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.columns import DAY, choose, text
from cdp.demo.purchases import Baskets
from cdp.demo.sink import Sink
from cdp.demo.sources.feeds import receipts
from cdp.demo.sources.retail import transaction_lines, transactions
from cdp.demo.sources.shop import checkouts
from cdp.demo.world import NOW, Carts, Chunk

__all__ = ["write_days"]

Array = NDArray[Any]

SHOPPERS_A_DAY = 0.04  # of the buyers
CARTS_A_DAY = 0.02  # of the shop's customers
WITHDRAWALS_A_DAY = 0.004  # of all


def write_days(chunk: Chunk, sink: Sink) -> None:
    """Store baskets, checkouts begun and consent taken back, day by day."""
    for nth, day in enumerate(chunk.world.days_after, start=1):
        rng = chunk.world.rng("days", nth, chunk.index)
        part = f"day-{day}"
        _write_baskets(chunk, sink, part, nth, rng)
        _write_carts(chunk, sink, part, nth, rng)
        _write_withdrawals(chunk, sink, part, nth, rng)


def _some(candidates: Array, share: float, rng: np.random.Generator) -> Array:
    """A share of them in a fair order, at least one where there are any."""
    size = min(len(candidates), max(1, round(len(candidates) * share)))
    return np.sort(rng.choice(candidates, size, replace=False))


def _moments(size: int, nth: int, rng: np.random.Generator) -> Array:
    """Moments of the nth day after the demo's clock."""
    return NOW + DAY * (nth - 1) + (rng.random(size) * 86_000e6).astype("timedelta64[us]")


def _write_baskets(chunk: Chunk, sink: Sink, part: str, nth: int, rng: np.random.Generator) -> None:
    rows = np.flatnonzero(~chunk.baskets.is_online)
    rows = _some(rows, SHOPPERS_A_DAY * len(chunk.people) / max(len(rows), 1), rng)
    again = chunk.baskets.select(rows)
    again = Baskets(**{**vars(again), "time": _moments(len(rows), nth, rng)})
    ids = text(f"again-{nth}-", chunk.serials(len(rows)))
    sink.write("pos.transactions", transactions(chunk, again, ids, rng), part)
    sink.write("pos.transaction_lines", transaction_lines(chunk, again, ids), part)


def _write_carts(chunk: Chunk, sink: Sink, part: str, nth: int, rng: np.random.Generator) -> None:
    who = _some(np.flatnonzero(chunk.people.uses["shopify"]), CARTS_A_DAY, rng)
    size = len(who)
    carts = Carts(
        person=who,
        time=_moments(size, nth, rng),
        completed_at=np.full(size, np.datetime64("NaT"), dtype="datetime64[us]"),
        product=chunk.liked_products(who, rng),
        quantity=rng.integers(1, 4, size),
    )
    ids = chunk.serials(size, 61_000_000_000 + nth * 10**7)
    nobody = {f"note_attribute_{script}_client_id": None for script in ("segment", "google")}
    columns = checkouts(chunk, carts, ids, rng) | nobody
    sink.write("shopify.abandoned_checkout", columns, part)


def _write_withdrawals(
    chunk: Chunk, sink: Sink, part: str, nth: int, rng: np.random.Generator
) -> None:
    people = chunk.people
    who = _some(np.arange(len(people)), WITHDRAWALS_A_DAY, rng)
    columns = receipts(
        chunk, "marketing_email", "email", "consent", who,
        choose(who >= 0, "withdrawn"), _moments(len(who), nth, rng), rng,
    )  # fmt: skip
    columns["receipt_id"] = text(f"cr-day-{nth}-", people.number[who])
    sink.write("consent.receipts", columns, part)
