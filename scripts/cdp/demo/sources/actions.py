"""What people did at the web shop: all of it in web.tracks, some in tables of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import choose, text
from cdp.demo.sink import Sink
from cdp.demo.sources.pages import (
    PRODUCT,
    SEARCH,
    SITE,
    Pages,
    context_columns,
    event_columns,
    take_rows,
)
from cdp.demo.world import Chunk

__all__ = ["cart_tokens", "product_columns", "write_actions"]

Array = NDArray[Any]

ADDED = 0.16  # of the products seen
USED_COUPON = 0.08  # of the orders
_OWN_COLUMNS = ("id", "received_at", "timestamp", "anonymous_id", "user_id")
_SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True)
class _Actions:
    """Actions of one kind: one entry an action. `table` has the details as columns."""

    event: str
    visit: Array
    time: Array
    url: Any
    table: str | None = None
    details: dict[str, Any] | None = None


def write_actions(chunk: Chunk, sink: Sink, pages: Pages) -> None:
    """Products seen and added, searches, checkouts begun, and orders placed."""
    rng, written = chunk.rng("web tracks"), 0
    for actions in (*_on_pages(chunk, pages, rng), *_at_checkout(chunk, rng)):
        size = len(actions.visit)
        ids = chunk.serials(size, 3 * 10**12 + written)
        written += size
        columns = event_columns(chunk, actions.visit, actions.time, ids, rng)
        tracks = columns | {
            "event": actions.event,
            "event_text": actions.event.replace("_", " ").title(),
            "context_page_url": actions.url,
            "context_page_referrer": SITE + "/",
            **context_columns(chunk, actions.visit),
        }
        sink.write("web.tracks", take_rows(tracks, dirt.repeats(size, rng)))
        if actions.table and actions.details:
            own = {name: columns[name] for name in _OWN_COLUMNS}
            sink.write(actions.table, own | actions.details)


def product_columns(chunk: Chunk, product: Array) -> dict[str, Any]:
    """What events say of a product, by its row of the catalogue."""
    products = chunk.world.purchases.products
    return {
        "product_id": products["product_id"][product],
        "name": products["name"][product],
        "category": products["product_category"][product],
        "price": products["price_cents"][product] / 100,
        "currency": "USD",
    }


def cart_tokens(chunk: Chunk) -> Array:
    """The token of each of the chunk's carts, in the shop and in the events."""
    return text("cart-", chunk.serials(len(chunk.carts.person), 60_000_000_000))


def _on_pages(chunk: Chunk, pages: Pages, rng: np.random.Generator) -> Iterator[_Actions]:
    viewed = np.flatnonzero(pages.kind == PRODUCT)
    added = viewed[rng.random(len(viewed)) < ADDED]
    searched = np.flatnonzero(pages.kind == SEARCH)
    for event, page, wait in (
        ("product_viewed", viewed, _SECOND),
        ("product_added", added, 12 * _SECOND),
        ("products_searched", searched, _SECOND),
    ):
        details: dict[str, Any] = product_columns(chunk, pages.product[page])
        if event == "product_added":
            details["quantity"] = rng.integers(1, 3, len(page))
            details["cart_id"] = text("cart-web-", chunk.serials(len(page)))
        table = None if event == "products_searched" else f"web.{event}"
        url = SITE + pages.path[page]
        yield _Actions(event, pages.visit[page], pages.time[page] + wait, url, table, details)


def _at_checkout(chunk: Chunk, rng: np.random.Generator) -> Iterator[_Actions]:
    visits, carts, baskets, url = chunk.visits, chunk.carts, chunk.baskets, SITE + "/cart"
    visit = np.flatnonzero(visits.cart >= 0)
    cart = visits.cart[visit]
    details: dict[str, Any] = product_columns(chunk, carts.product[cart])
    details |= {"quantity": carts.quantity[cart], "cart_id": cart_tokens(chunk)[cart]}
    added_at = carts.time[cart] - 60 * _SECOND
    yield _Actions("product_added", visit, added_at, url, "web.product_added", details)
    yield _Actions("checkout_started", visit, carts.time[cart], url)
    visit = np.flatnonzero(visits.basket >= 0)
    basket = visits.basket[visit]
    currency, per_dollar = chunk.charged(baskets.person[basket], baskets.time[basket])
    details = {
        "order_id": baskets.order_id[basket].astype(str),
        "total": np.round(baskets.cents[basket] / 100 * per_dollar, 4),
        "currency": currency,
        "coupon": choose(rng.random(len(basket)) < USED_COUPON, "WELCOME10"),
    }
    time = baskets.time[basket]
    yield _Actions("order_completed", visit, time, url, "web.order_completed", details)
