"""The stores: point of sale (real lines) and the loyalty programme (real campaigns)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Habits, make_cards
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.purchases import Baskets, Purchases, explode
from cdp.demo.sink import Sink
from cdp.demo.world import NOW, Chunk, World

__all__ = ["transaction_lines", "transactions", "write_catalogue", "write_loyalty", "write_pos"]

Array = NDArray[Any]

# Members fill in a form at the till: phones are well kept, many give no email.
LOYALTY = Habits(email=0.55, second_email=0.35, phone=0.7, family_phone=0.95, stale=0.7, mess=1.2)
RECEIPT_BY_EMAIL, RECEIPT_BY_PHONE = 0.05, 0.03


def write_catalogue(world: World, sink: Sink) -> None:
    """Stores, products and the loyalty programme's real campaigns: one copy for all."""
    real, pools = world.purchases, world.pools
    place = np.array([sum(store.encode()) for store in real.stores]) % 20
    sink.write(
        "pos.stores",
        {
            "store_id": real.stores,
            "name": text("Larkspur ", real.stores),
            "city": pools.city[place],
            "state": pools.region[place],
            "opened_on": np.datetime64("1998-03-02") + place * np.timedelta64(200, "D"),
        },
    )
    products = real.products
    price = products["price_cents"] / 100
    sink.write(
        "pos.products",
        {
            "product_id": products["product_id"],
            "name": products["name"],
            "department": products["department"],
            "category": products["product_category"],
            "product_type": products["product_type"],
            "brand": products["brand"],
            "manufacturer_id": products["manufacturer_id"],
            "package_size": products["package_size"],
            "unit_price": price,
            "unit_cost": np.round(price * (0.6 + np.arange(len(price)) % 23 / 100), 4),
            "currency": "USD",
            "updated_at": YEAR_START,
        },
    )
    campaigns = real.campaigns
    sink.write(
        "loyalty.campaigns",
        {
            "campaign_id": campaigns["campaign_id"].astype(object),
            "campaign_type": campaigns["campaign_type"].astype(object),
            "name": text("Coupon mailing ", campaigns["campaign_id"]),
            "start_date": campaigns["start_date"].astype("datetime64[D]"),
            "end_date": campaigns["end_date"].astype("datetime64[D]"),
        },
    )


def write_loyalty(chunk: Chunk, sink: Sink) -> None:
    """Members, the real campaigns aimed at them, and their real coupon redemptions."""
    people, rng = chunk.people, chunk.rng("loyalty")
    cards = make_cards(people, people.uses["loyalty"], LOYALTY, rng)
    who = cards.person
    loyalty_id = text("L", 40_000_000 + people.number[who] * 2 + cards.nth)
    enrolled = chunk.uniform_times(len(who), rng, YEAR_START - 1500 * DAY, YEAR_START + 200 * DAY)
    updated = np.where(
        cards.is_stale | np.isnat(people.changed_at[who]),
        enrolled + DAY,
        people.changed_at[who] + 20 * DAY,
    )
    tier = np.array(["bronze", "silver", "gold"], dtype=object)[
        np.digitize(_spend(chunk)[who], [60_00, 220_00])
    ]
    new_day = chunk.changed_on(who, "loyalty")
    sink.write(
        "loyalty.members",
        {
            "loyalty_id": loyalty_id,
            "first_name": cards.first,
            "last_name": cards.last,
            "email": cards.email,
            "phone": cards.phone,
            "birth_date": _birth_dates(people.birth_date[who], rng),
            "gender": choose(rng.random(len(who)) < 0.7, people.gender[who]),
            "address_line1": cards.address.line1,
            "city": cards.address.city,
            "state": cards.address.region,
            "postal_code": cards.address.postal_code,
            "country": cards.address.country,
            "age_band": _known(chunk, who, "age"),
            "income_band": _known(chunk, who, "income"),
            "household_size": _known(chunk, who, "household_size"),
            "tier": choose(new_day > 0, "platinum", tier),
            "enrolled_at": enrolled,
            "updated_at": np.where(
                new_day > 0, NOW + DAY * new_day - DAY // 8, np.minimum(updated, NOW - DAY)
            ),
            "is_deleted": rng.random(len(who)) < 0.008,
        },
    )
    sink.people("loyalty", loyalty_id, people.person_id[who])
    _write_responses(chunk, sink)


def _spend(chunk: Chunk) -> Array:
    """Cents that each person spent over the year."""
    return np.bincount(chunk.baskets.person, chunk.baskets.cents, len(chunk.people))


def _birth_dates(dates: Array, rng: np.random.Generator) -> Array:
    """Birth dates as told: some not at all, some with a wrong day, some as a placeholder."""
    draws = rng.random(len(dates))
    wrong_day = dates + (rng.integers(1, 28, len(dates))).astype("timedelta64[D]")
    told = np.where(draws < 0.03, wrong_day, dates)
    told = np.where((draws > 0.03) & (draws < 0.04), np.datetime64("1900-01-01"), told)
    return np.where(draws > 0.75, np.datetime64("NaT"), told)


def _known(chunk: Chunk, who: Array, field: str) -> Array:
    facts = [d.get(field) for d in chunk.people.demographics]
    return np.array(facts, dtype=object)[who]


def _write_responses(chunk: Chunk, sink: Sink) -> None:
    """The real targets and redemptions of the households that are themselves in the chunk."""
    real, people = chunk.world.purchases, chunk.people
    member = has(people.loyalty_id) & (people.number < len(real.households))
    card_of = dict(
        zip(real.households[people.household[member]], people.loyalty_id[member], strict=True)
    )
    for table, facts in (
        ("campaign_targets", real.targets),
        ("coupon_redemptions", real.redemptions),
    ):
        cards = np.array([card_of.get(h) for h in facts["household"]], dtype=object)
        mine = has(cards)
        columns = {
            "loyalty_id": cards[mine],
            "campaign_id": facts["campaign_id"][mine].astype(object),
        }
        if table == "coupon_redemptions":
            columns["redemption_id"] = text("R", np.flatnonzero(mine))
            columns["coupon_upc"] = facts["coupon_upc"][mine].astype(object)
            columns["redeemed_on"] = facts["redemption_date"][mine].astype("datetime64[D]")
        sink.write(f"loyalty.{table}", columns)


def write_pos(chunk: Chunk, sink: Sink) -> None:
    """Store transactions and their lines: the real ones, with a card for most."""
    baskets = chunk.baskets.select(~chunk.baskets.is_online)
    ids = transaction_ids(chunk.world.purchases, baskets)
    rng = chunk.rng("pos")
    sink.write("pos.transactions", transactions(chunk, baskets, ids, rng))
    sink.write("pos.transaction_lines", transaction_lines(chunk, baskets, ids))


def transaction_ids(real: Purchases, baskets: Baskets) -> Array:
    """The real basket id; for a copied household's, with the person's number."""
    return np.array(
        [
            f"{basket}-{copy}" if copy else basket
            for basket, copy in zip(
                real.basket_ids[baskets.source], baskets.copy.tolist(), strict=True
            )
        ],
        dtype=object,
    )


def transactions(
    chunk: Chunk, baskets: Baskets, ids: Array, rng: np.random.Generator
) -> dict[str, Any]:
    """Columns of pos.transactions. Lines' sales add up to total.

    A manufacturer's coupon (lines.coupon_discount) is paid to the store by its maker: the
    total holds it. The store's own match of a coupon (coupon_discount here) it does not.
    """
    real, people, who = chunk.world.purchases, chunk.people, baskets.person
    draws = rng.random((3, len(who)))
    starts = real.line_offsets[:-1]

    def dollars(*amounts: Array) -> Array:
        total: Array = np.add.reduceat(np.sum(amounts, axis=0), starts)[baskets.source]
        return total / 100

    by_email = choose(draws[1] < RECEIPT_BY_EMAIL, people.email[who])
    by_phone = choose(draws[2] < RECEIPT_BY_PHONE, people.phone[who])
    return {
        "transaction_id": ids,
        "store_id": real.store_ids[baskets.source],
        "register_id": text("T", 1 + baskets.source % 9),
        "loyalty_id": choose(draws[0] >= dirt.NO_CARD.rate, people.loyalty_id[who]),
        "customer_phone": dirt.junk_phones(dirt.phone_formats(by_phone, rng), rng, 3),
        "customer_email": dirt.junk_emails(by_email, rng, 3),
        "transacted_at": baskets.time,
        "currency": "USD",
        "subtotal": dollars(real.sales, real.retail_discount, real.coupon_match),
        "discount": dollars(real.retail_discount),
        "coupon_discount": dollars(real.coupon_match),
        "tax": 0.0,
        "total": dollars(real.sales),
        "updated_at": baskets.time,
    }


def transaction_lines(chunk: Chunk, baskets: Baskets, ids: Array) -> dict[str, Any]:
    """Columns of pos.transaction_lines: the real lines, unchanged."""
    real = chunk.world.purchases
    basket, line = basket_lines(real, baskets)
    return {
        "transaction_id": ids[basket],
        "line_number": line - real.line_offsets[baskets.source][basket] + 1,
        "product_id": real.products["product_id"][real.product[line]],
        "quantity": real.quantity[line],
        "sales_value": real.sales[line] / 100,
        "retail_discount": real.retail_discount[line] / 100,
        "coupon_discount": real.coupon_discount[line] / 100,
        "coupon_match_discount": real.coupon_match[line] / 100,
    }


def basket_lines(real: Purchases, baskets: Baskets) -> tuple[Array, Array]:
    """(basket, real line) of every line of the baskets."""
    counts = np.diff(real.line_offsets)[baskets.source]
    return explode(real.line_offsets[baskets.source], counts)
