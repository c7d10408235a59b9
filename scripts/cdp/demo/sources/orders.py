"""The web shop's orders: real baskets bought online, their lines, and a few refunds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import soil_emails
from cdp.demo.columns import DAY, choose, text
from cdp.demo.purchases import Baskets, Purchases
from cdp.demo.sink import Sink, where_known
from cdp.demo.sources.retail import basket_lines
from cdp.demo.world import NOW, Chunk

__all__ = ["customer_ids", "write_orders"]

Array = NDArray[Any]

REFUNDED = 0.03  # of the orders: one line sent back
GUEST = 0.06  # of the orders: without a customer, the email alone


@dataclass(frozen=True)
class _Lines:
    """One entry a line; amounts in US cents.

    The shop charges a whole-cent price a piece; what that is over the real sales is
    discount, so that price * quantity - discount is the real amount to the cent.
    """

    order: Array  # row of the baskets
    real: Array  # row of the real lines
    position: Array
    product: Array  # row of the catalogue
    quantity: Array
    sales: Array
    price: Array
    discount: Array


def customer_ids(number: Array, nth: Array | int = 0) -> Array:
    """The shop's customer ids of people's first (or second) accounts."""
    return 700_000_000_000 + number * 2 + nth


def write_orders(chunk: Chunk, sink: Sink) -> None:
    """Orders with their lines, and the refunds of some."""
    rng = chunk.rng("shopify orders")
    baskets = chunk.baskets.select(chunk.baskets.is_online)
    lines = _lines(chunk.world.purchases, baskets)
    is_refunded = rng.random(len(baskets.person)) < REFUNDED
    sink.write("shopify.order", _orders(chunk, baskets, lines, is_refunded, rng))
    sink.write("shopify.order_line", _order_lines(chunk, baskets, lines))
    _write_refunds(chunk, sink, baskets, lines, np.flatnonzero(is_refunded))


def _lines(real: Purchases, baskets: Baskets) -> _Lines:
    order, line = basket_lines(real, baskets)
    listed = (real.sales + real.retail_discount + real.coupon_match)[line]
    price = np.ceil(listed / real.quantity[line])
    return _Lines(
        order=order,
        real=line,
        position=line - real.line_offsets[baskets.source][order],
        product=real.product[line],
        quantity=real.quantity[line],
        sales=real.sales[line],
        price=price,
        discount=price * real.quantity[line] - real.sales[line],
    )


def _line_ids(baskets: Baskets, lines: _Lines) -> Array:
    ids: Array = baskets.order_id[lines.order] * 1000 + lines.position
    return ids


def _amount(cents: Array, per_dollar: Array) -> Array:
    return np.round(cents / 100 * per_dollar, 4)


def _orders(
    chunk: Chunk, baskets: Baskets, lines: _Lines, is_refunded: Array, rng: np.random.Generator
) -> dict[str, Any]:
    people, who, size = chunk.people, baskets.person, len(baskets.person)
    currency, per_dollar = chunk.charged(who, baskets.time)
    goods = np.bincount(lines.order, lines.price * lines.quantity, size)
    discount = np.bincount(lines.order, lines.discount, size)
    has_more_lines = np.bincount(lines.order, minlength=size) > 1
    refund_status = choose(has_more_lines, "partially_refunded", "refunded")
    total = _amount(baskets.cents, per_dollar)
    return {
        "id": baskets.order_id,
        "email": soil_emails(people.shop_email[who], rng, 0.3),
        "taxes_included": True,
        "currency": currency,
        "subtotal_price": total,
        "total_tax": 0.0,
        "total_price": total,
        "total_discounts": _amount(discount, per_dollar),
        "total_line_items_price": _amount(goods, per_dollar),
        "created_at": baskets.time,
        "updated_at": _updated_at(baskets, is_refunded),
        "processed_at": baskets.time,
        "name": text("#", baskets.order_id % 10**9),
        "order_number": baskets.order_id % 10**9,
        "customer_id": where_known(customer_ids(people.number[who]), rng.random(size) >= GUEST),
        "financial_status": choose(is_refunded, refund_status, "paid"),
        "fulfillment_status": "fulfilled",
        "cancelled_at": np.full(size, np.datetime64("NaT"), dtype="datetime64[us]"),
        "source_name": "web",
        "buyer_accepts_marketing": rng.random(size) < 0.4,
        "test": False,
        **_addresses(chunk, who, rng),
        "_fivetran_synced": NOW,
    }


def _updated_at(baskets: Baskets, is_refunded: Array) -> Array:
    touched = np.where(is_refunded, _refunded_at(baskets.time), baskets.time + DAY // 24)
    return np.minimum(touched, NOW)


def _refunded_at(times: Array) -> Array:
    return np.minimum(times + 4 * DAY, NOW)


def _addresses(chunk: Chunk, who: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Orders go to, and are billed to, where people live now."""
    people, address = chunk.people, chunk.people.address
    fields = {
        "name": people.first[who] + " " + people.last[who],
        "first_name": people.first[who],
        "last_name": people.last[who],
        "phone": choose(rng.random(len(who)) < 0.3, people.phone[who]),
        "address_1": address.line1[who],
        "city": address.city[who],
        "country_code": address.country[who],
        "province_code": address.region[who],
        "zip": address.postal_code[who],
    }
    return {
        f"{kind}_address_{field}": values
        for kind in ("shipping", "billing")
        for field, values in fields.items()
    }


def _order_lines(chunk: Chunk, baskets: Baskets, lines: _Lines) -> dict[str, Any]:
    products = chunk.world.purchases.products
    product_id = products["product_id"][lines.product]
    _, per_dollar = chunk.charged(baskets.person[lines.order], baskets.time[lines.order])
    return {
        "order_id": baskets.order_id[lines.order],
        "id": _line_ids(baskets, lines),
        "product_id": product_id.astype(np.int64),
        "variant_id": product_id.astype(np.int64) + 10**9,
        "name": products["name"][lines.product],
        "title": products["name"][lines.product],
        "vendor": products["brand"][lines.product],
        "price": _amount(lines.price, per_dollar),
        "quantity": lines.quantity,
        "sku": product_id,
        "gift_card": False,
        "requires_shipping": True,
        "index": lines.position + 1,
        "total_discount": _amount(lines.discount, per_dollar),
        "pre_tax_price": _amount(lines.sales, per_dollar),
        "fulfillment_status": "fulfilled",
        "_fivetran_synced": NOW,
    }


def _write_refunds(
    chunk: Chunk, sink: Sink, baskets: Baskets, lines: _Lines, orders: Array
) -> None:
    """The first line of each of these orders is sent back, and its price returned."""
    when, ids = _refunded_at(baskets.time[orders]), baskets.order_id[orders] + 10**12
    sink.write(
        "shopify.refund",
        {
            "id": ids,
            "order_id": baskets.order_id[orders],
            "created_at": when,
            "processed_at": when,
            "note": "Arrived damaged",
            "restock": False,
            "_fivetran_synced": NOW,
        },
    )
    line = np.searchsorted(lines.order, orders)
    _, per_dollar = chunk.charged(baskets.person[orders], baskets.time[orders])
    line_ids = _line_ids(baskets, lines)[line]
    sink.write(
        "shopify.order_line_refund",
        {
            "id": line_ids + 10**16,
            "refund_id": ids,
            "order_line_id": line_ids,
            "quantity": lines.quantity[line],
            "restock_type": "no_restock",
            "subtotal": _amount(lines.sales[line], per_dollar),
            "total_tax": 0.0,
            "_fivetran_synced": NOW,
        },
    )
