"""The web shop, as Fivetran's Shopify connector lands it: real lines bought online."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits, make_cards, soil_emails
from cdp.demo.people import DAY, YEAR_START, choose, has, text
from cdp.demo.purchases import Baskets
from cdp.demo.sink import Sink
from cdp.demo.sources.retail import basket_lines, product_names
from cdp.demo.world import NOW, Carts, Chunk, World

__all__ = ["checkouts", "customer_ids", "write_products", "write_shopify"]

Array = NDArray[Any]

# Customers type for themselves: emails are right, phones and second addresses are rare.
SHOPIFY = Habits(email=1.0, phone=0.42, second_phone=0.2, family_phone=0.1, stale=0.35, mess=0.7)
REFUNDED = 0.03  # of the orders: one line sent back
GUEST = 0.06  # of the orders: without a customer, the email alone


def write_products(world: World, sink: Sink) -> None:
    """The products of the shop carry the store's product ids."""
    products = world.purchases.products
    names = product_names(world.purchases)
    ids = products["product_id"]
    sink.write(
        "shopify.product",
        {
            "id": ids.astype(np.int64),
            "title": names,
            "handle": text("product-", ids),
            "product_type": products["product_category"],
            "vendor": products["brand"],
            "created_at": YEAR_START,
            "updated_at": YEAR_START,
            "published_at": YEAR_START,
            "published_scope": "web",
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )


def customer_ids(number: Array, nth: Array | int = 0) -> Array:
    """The shop's customer ids of people's first (or second) accounts."""
    return 700_000_000_000 + number * 2 + nth


def write_shopify(chunk: Chunk, sink: Sink) -> None:
    """Customers, orders with lines and refunds, and checkouts that were left."""
    _write_customers(chunk, sink)
    _write_orders(chunk, sink)
    carts = chunk.carts
    ids = chunk.serials(len(carts.person), 60_000_000_000)
    columns = checkouts(chunk, carts, ids, chunk.rng("shopify checkouts"))
    sink.write("shopify.abandoned_checkout", columns)


def _write_customers(chunk: Chunk, sink: Sink) -> None:
    people, rng = chunk.people, chunk.rng("shopify customers")
    cards = make_cards(people, people.uses["shopify"], SHOPIFY, rng)
    who = cards.person
    size = len(who)
    ids = customer_ids(people.number[who], cards.nth)
    online = chunk.baskets.select(chunk.baskets.is_online)
    orders = np.bincount(online.person, minlength=len(people))[who] * (cards.nth == 0)
    spent = np.bincount(online.person, online.cents, len(people))[who] * (cards.nth == 0)
    first_order = np.full(len(people), NOW - DAY)
    np.minimum.at(first_order, online.person, online.time)
    span = (first_order[who] - YEAR_START + 60 * DAY) / DAY
    is_prompt = rng.random(size) < 0.6  # most open the account with the first order
    days_before = np.where(is_prompt, 0.02, rng.random(size) * span)
    created = first_order[who] - (days_before * 86_400e6).astype("timedelta64[us]")
    created = np.where(orders > 0, created, chunk.uniform_times(size, rng, stop=NOW - DAY))
    changed = np.maximum(created, people.changed_at[who])
    updated = np.where(cards.is_stale | np.isnat(changed), created, changed)
    new_day = chunk.changed_on(who, "shopify")
    accepts = rng.random(size) < 0.55
    sink.write(
        "shopify.customer",
        {
            "id": ids,
            "first_name": cards.first,
            "last_name": cards.last,
            "email": choose(
                cards.nth == 0, soil_emails(people.shop_email[who], rng, 0.4), cards.email
            ),
            "phone": cards.phone,
            "state": choose(has(people.user_id[who]), "enabled", "disabled"),
            "orders_count": orders,
            "total_spent": spent / 100,
            "created_at": created,
            "updated_at": np.where(new_day > 0, NOW + DAY * new_day - DAY // 8, updated),
            "accepts_marketing": accepts ^ (new_day > 0),
            "tax_exempt": False,
            "verified_email": rng.random(size) < 0.8,
            "default_address_id": ids + 1_000_000_000_000,
            "_fivetran_synced": NOW,
        },
    )
    sink.people("shopify", ids.astype(str), people.person_id[who])


def _money(chunk: Chunk, baskets: Baskets) -> tuple[Array, Array]:
    """(currency, units of it per US dollar): Canadians pay in their dollars."""
    is_canada = chunk.people.address.country[baskets.person] == "CA"
    per_dollar = np.where(is_canada, 1 / chunk.world.usd_per_cad(baskets.time), 1.0)
    return choose(is_canada, "CAD", "USD"), per_dollar


def _write_orders(chunk: Chunk, sink: Sink) -> None:
    people, rng, real = chunk.people, chunk.rng("shopify orders"), chunk.world.purchases
    baskets = chunk.baskets.select(chunk.baskets.is_online)
    who, size = baskets.person, len(baskets.person)
    currency, per_dollar = _money(chunk, baskets)
    basket, line = basket_lines(real, baskets)
    listed = (real.sales + real.retail_discount + real.coupon_match)[line]
    price = np.ceil(listed / real.quantity[line])  # whole cents; what is over is discount
    discount = price * real.quantity[line] - real.sales[line]
    line_id = baskets.order_id[basket] * 100 + line - real.line_offsets[baskets.source][basket]
    goods = np.bincount(basket, price * real.quantity[line], size)
    off = np.bincount(basket, discount, size)
    is_refunded = rng.random(size) < REFUNDED
    address = people.address
    name = np.array(
        [f"{f} {n}" for f, n in zip(people.first[who], people.last[who], strict=True)], dtype=object
    )

    def amount(cents: Array, rate: Array) -> Array:
        return np.round(cents / 100 * rate, 4)

    is_guest = rng.random(size) < GUEST
    sink.write(
        "shopify.order",
        {
            "id": baskets.order_id,
            "email": soil_emails(people.shop_email[who], rng, 0.3),
            "taxes_included": True,
            "currency": currency,
            "subtotal_price": amount(baskets.cents, per_dollar),
            "total_tax": 0.0,
            "total_price": amount(baskets.cents, per_dollar),
            "total_discounts": amount(off, per_dollar),
            "total_line_items_price": amount(goods, per_dollar),
            "created_at": baskets.time,
            "updated_at": baskets.time + np.where(is_refunded, 5, 1) * (DAY // 24),
            "processed_at": baskets.time,
            "name": text("#", baskets.order_id % 10**9),
            "order_number": baskets.order_id % 10**9,
            "customer_id": _nullable(customer_ids(people.number[who]), ~is_guest),
            "financial_status": choose(is_refunded, "partially_refunded", "paid"),
            "fulfillment_status": "fulfilled",
            "cancelled_at": np.full(size, np.datetime64("NaT"), dtype="datetime64[us]"),
            "source_name": "web",
            "buyer_accepts_marketing": rng.random(size) < 0.4,
            "test": False,
            **{
                f"{kind}_address_{field}": values
                for kind in ("shipping", "billing")
                for field, values in {
                    "name": name,
                    "first_name": people.first[who],
                    "last_name": people.last[who],
                    "phone": choose(rng.random(size) < 0.3, people.phone[who]),
                    "address_1": address.line1[who],
                    "city": address.city[who],
                    "country_code": address.country[who],
                    "province_code": address.region[who],
                    "zip": address.postal_code[who],
                }.items()
            },
            "_fivetran_synced": NOW,
        },
    )
    products = real.products
    sink.write(
        "shopify.order_line",
        {
            "order_id": baskets.order_id[basket],
            "id": line_id,
            "product_id": products["product_id"][real.product[line]].astype(np.int64),
            "variant_id": products["product_id"][real.product[line]].astype(np.int64) + 10**9,
            "name": product_names(real)[real.product[line]],
            "title": product_names(real)[real.product[line]],
            "vendor": products["brand"][real.product[line]],
            "price": amount(price, per_dollar[basket]),
            "quantity": real.quantity[line],
            "sku": products["product_id"][real.product[line]],
            "gift_card": False,
            "requires_shipping": True,
            "index": line - real.line_offsets[baskets.source][basket] + 1,
            "total_discount": amount(discount, per_dollar[basket]),
            "pre_tax_price": amount(real.sales[line], per_dollar[basket]),
            "fulfillment_status": "fulfilled",
            "_fivetran_synced": NOW,
        },
    )
    sent_back = np.flatnonzero(is_refunded)
    first = np.searchsorted(basket, sent_back)
    when = np.minimum(baskets.time[sent_back] + 4 * DAY, NOW)
    sink.write(
        "shopify.refund",
        {
            "id": baskets.order_id[sent_back] + 1_000_000_000_000,
            "order_id": baskets.order_id[sent_back],
            "created_at": when,
            "processed_at": when,
            "note": "Arrived damaged",
            "restock": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "shopify.order_line_refund",
        {
            "id": line_id[first] + 10**15,
            "refund_id": baskets.order_id[sent_back] + 1_000_000_000_000,
            "order_line_id": line_id[first],
            "quantity": real.quantity[line[first]],
            "restock_type": "no_restock",
            "subtotal": amount(real.sales[line[first]], per_dollar[sent_back]),
            "total_tax": 0.0,
            "_fivetran_synced": NOW,
        },
    )


def _nullable(values: Array, is_known: Array) -> Any:
    import pyarrow as pa

    return pa.array(values, mask=~is_known)


def checkouts(chunk: Chunk, carts: Carts, ids: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Columns of shopify.abandoned_checkout."""
    people, who, size = chunk.people, carts.person, len(carts.person)
    is_canada = people.address.country[who] == "CA"
    rate = np.where(is_canada, 1 / chunk.world.usd_per_cad(carts.time), 1.0)
    value = np.round(carts.cents(chunk.world.purchases) / 100 * rate, 2)
    phone = choose(rng.random(size) < 0.3, people.phone[who])
    finished = np.where(np.isnat(carts.completed_at), carts.time, carts.completed_at)
    return {
        "id": ids,
        "abandoned_checkout_url": text("https://www.larkspur.example/checkouts/", ids),
        "token": text("chk", ids),
        "cart_token": text("cart-", ids),
        "created_at": carts.time,
        "updated_at": finished,
        "completed_at": carts.completed_at,
        "closed_at": carts.completed_at,
        "currency": choose(is_canada, "CAD", "USD"),
        "customer_id": _nullable(customer_ids(people.number[who]), rng.random(size) < 0.8),
        "customer_locale": "en",
        "email": soil_emails(people.shop_email[who], rng),
        "phone": phone,
        "buyer_accepts_marketing": rng.random(size) < 0.4,
        "gateway": "shopify_payments",
        "name": text("#", ids),
        "shipping_address_first_name": people.first[who],
        "shipping_address_last_name": people.last[who],
        "shipping_address_city": people.address.city[who],
        "shipping_address_country_code": people.address.country[who],
        "shipping_address_zip": people.address.postal_code[who],
        "source_name": "web",
        "subtotal_price": value,
        "total_line_items_price": value,
        "total_price": value,
        "total_tax": 0.0,
        "total_discounts": 0.0,
        "taxes_included": True,
        "_fivetran_deleted": False,
        "_fivetran_synced": NOW,
    }
