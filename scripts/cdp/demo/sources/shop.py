"""The web shop, as Fivetran's Shopify connector lands it: real lines bought online."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits, make_cards, soil_emails
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.sink import Sink, where_known
from cdp.demo.sources.orders import customer_ids, write_orders
from cdp.demo.world import NOW, Carts, Chunk, World

__all__ = ["checkouts", "write_products", "write_shopify"]

Array = NDArray[Any]

NOTED = 0.3  # of the checkouts: the cookies stand on them
# Customers type for themselves: emails are right, phones and second addresses are rare.
SHOPIFY = Habits(email=1.0, phone=0.42, second_phone=0.2, family_phone=0.1, stale=0.35, mess=0.7)


def write_products(world: World, sink: Sink) -> None:
    """The products of the shop carry the store's product ids."""
    products = world.purchases.products
    ids = products["product_id"]
    sink.write(
        "shopify.product",
        {
            "id": ids.astype(np.int64),
            "title": products["name"],
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


def write_shopify(chunk: Chunk, sink: Sink) -> None:
    """Customers, orders with lines and refunds, and checkouts that were left."""
    _write_customers(chunk, sink)
    write_orders(chunk, sink)
    carts = chunk.carts
    ids = chunk.serials(len(carts.person), 60_000_000_000)
    columns = checkouts(chunk, carts, ids, chunk.rng("shopify checkouts"))
    sink.write("shopify.abandoned_checkout", columns | _browser_columns(chunk))


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


def _browser_columns(chunk: Chunk) -> dict[str, Array]:
    """The cookies that the shop's scripts noted on some of the checkouts."""
    visits, browsers = chunk.visits, chunk.browsers
    visit = np.flatnonzero(visits.cart >= 0)
    browser = np.full(len(chunk.carts.person), -1)
    browser[visits.cart[visit]] = visits.browser[visit]
    is_noted = (browser >= 0) & (chunk.rng("checkout notes").random(len(browser)) < NOTED)
    return {
        "note_attribute_segment_client_id": choose(is_noted, browsers.anonymous_id[browser]),
        "note_attribute_google_client_id": choose(is_noted, browsers.client_id[browser]),
    }


def checkouts(chunk: Chunk, carts: Carts, ids: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Columns of shopify.abandoned_checkout."""
    people, who, size = chunk.people, carts.person, len(carts.person)
    currency, per_dollar = chunk.charged(who, carts.time)
    value = np.round(carts.cents(chunk.world.purchases) / 100 * per_dollar, 2)
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
        "currency": currency,
        "customer_id": where_known(customer_ids(people.number[who]), rng.random(size) < 0.8),
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
