"""The delivery pass, a subscription billed by Stripe."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits, make_cards
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_plans", "write_stripe"]

Array = NDArray[Any]

BILLING = Habits(email=0.97, second_email=0.35, phone=0.25, stale=0.5, mess=0.5)
MONTH = DAY * 30
PLANS = (("delivery-monthly", 999, "month"), ("delivery-yearly", 9900, "year"))


def write_plans(world: World, sink: Sink) -> None:
    """The two plans of the pass."""
    ids, amounts, intervals = (np.array(column) for column in zip(*PLANS, strict=True))
    sink.write(
        "stripe.plan",
        {
            "id": ids.astype(object),
            "nickname": ids.astype(object),
            "amount": amounts,
            "currency": "usd",
            "interval": intervals.astype(object),
            "interval_count": 1,
            "product_id": "prod_delivery",
            "active": True,
            "created": YEAR_START,
            "is_deleted": False,
            "livemode": True,
            "_fivetran_synced": NOW,
        },
    )


def write_stripe(chunk: Chunk, sink: Sink) -> None:
    """Customers, their subscription with its changes of state, and its charges."""
    people, rng = chunk.people, chunk.rng("stripe")
    cards = make_cards(people, people.uses["stripe"], BILLING, rng)
    who, size = cards.person, len(cards)
    ids = text("cus_", 10_000_000 + people.number[who] * 2 + cards.nth)
    created = chunk.uniform_times(size, rng, YEAR_START, NOW - 40 * DAY)
    knows_user = has(people.user_id[who]) & (rng.random(size) < 0.5)
    metadata = [
        json.dumps({"user_id": u}) if k else "{}"
        for u, k in zip(people.user_id[who], knows_user, strict=True)
    ]
    sink.write(
        "stripe.customer",
        {
            "id": ids,
            "name": cards.name,
            "email": cards.email,
            "phone": cards.phone,
            "description": None,
            "address_line_1": cards.address.line1,
            "address_city": cards.address.city,
            "address_state": cards.address.region,
            "address_postal_code": cards.address.postal_code,
            "address_country": cards.address.country,
            "currency": "usd",
            "created": created,
            "delinquent": False,
            "is_deleted": False,
            "livemode": True,
            "metadata": np.array(metadata, dtype=object),
            "_fivetran_synced": NOW,
        },
    )
    sink.people("stripe", ids, people.person_id[who])
    _write_subscriptions(chunk, sink, ids, created, rng)


def _write_subscriptions(
    chunk: Chunk, sink: Sink, customers: Array, created: Array, rng: np.random.Generator
) -> None:
    """Trial, active, then for some past due or cancelled: a row a state, the last one active."""
    size = len(customers)
    ids = text("sub_", chunk.serials(size, 8_000_000_000))
    is_yearly = rng.random(size) < 0.25
    outcome = rng.choice(4, size, p=[0.55, 0.15, 0.13, 0.17])  # stays, leaving, owes, gone
    end = (
        created
        + 14 * DAY
        + (rng.random(size) * (NOW - created - 20 * DAY).astype(float)).astype("timedelta64[us]")
    )
    states = 2 + (outcome > 0)
    row, step = explode(np.zeros(size, dtype=int), states)
    final = np.array(["active", "active", "past_due", "canceled"], dtype=object)[outcome]
    status = choose(step == 0, "trialing", choose(step == 1, "active", final[row]))
    start = np.where(step == 0, created[row], created[row] + 14 * DAY)
    start = np.where(step == 2, end[row], start)
    is_last = step == states[row] - 1
    stops = is_last & np.isin(outcome[row], (1, 3))
    gone = is_last & (outcome[row] == 3)
    none = np.datetime64("NaT")
    renewal = np.where(is_yearly[row], 365, 30) * DAY
    sink.write(
        "stripe.subscription_history",
        {
            "id": ids[row],
            "customer_id": customers[row],
            "status": status,
            "created": created[row],
            "start_date": created[row],
            "trial_start": created[row],
            "trial_end": created[row] + 14 * DAY,
            "current_period_start": start,
            "current_period_end": np.where(gone, start, np.maximum(start + renewal, NOW + 9 * DAY)),
            "cancel_at_period_end": stops & ~gone,
            "cancel_at": np.where(stops & ~gone, NOW + 9 * DAY, none),
            "canceled_at": np.where(stops, start, none),
            "ended_at": np.where(gone, start, none),
            "quantity": 1,
            "livemode": True,
            "_fivetran_active": is_last,
            "_fivetran_synced": start,
        },
    )
    sink.write(
        "stripe.subscription_item",
        {
            "id": text("si_", chunk.serials(size)),
            "subscription_id": ids,
            "plan_id": choose(is_yearly, PLANS[1][0], PLANS[0][0]),
            "quantity": 1,
            "created": created,
            "current_period_start": NOW - 21 * DAY,
            "current_period_end": NOW + 9 * DAY,
            "_fivetran_synced": NOW,
        },
    )
    _write_charges(
        chunk, sink, customers, created, np.where(outcome == 3, end, NOW), is_yearly, outcome == 2
    )


def _write_charges(
    chunk: Chunk,
    sink: Sink,
    customers: Array,
    created: Array,
    end: Array,
    is_yearly: Array,
    owes: Array,
) -> None:
    """A charge a month or a year from the end of the trial; the last of who owes failed."""
    period = np.where(is_yearly, 365, 30) * DAY
    count = 1 + np.maximum((end - created - 14 * DAY) / period, 0).astype(int)
    row, nth = explode(np.zeros(len(customers), dtype=int), count)
    failed = owes[row] & (nth == count[row] - 1)
    sink.write(
        "stripe.charge",
        {
            "id": text("ch_", chunk.serials(len(row))),
            "customer_id": customers[row],
            "amount": np.where(is_yearly[row], PLANS[1][1], PLANS[0][1]),
            "amount_refunded": 0,
            "currency": "usd",
            "created": np.minimum(created[row] + 14 * DAY + nth * period[row], NOW - DAY),
            "description": "Delivery pass",
            "status": choose(failed, "failed", "succeeded"),
            "failure_code": choose(failed, "card_declined"),
            "paid": ~failed,
            "captured": ~failed,
            "refunded": False,
            "livemode": True,
            "_fivetran_synced": NOW,
        },
    )
