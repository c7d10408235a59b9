"""The delivery pass, a subscription billed by Stripe."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits, make_cards
from cdp.demo.columns import DAY, YEAR_START, choose, has, pick, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_plans", "write_stripe"]

Array = NDArray[Any]

BILLING = Habits(email=0.97, second_email=0.35, phone=0.25, stale=0.5, mess=0.5)
TRIAL, NEXT_BILL = 14 * DAY, 9 * DAY
YEARLY = 0.25  # of the subscriptions
OUTCOMES = {"stays": 0.55, "leaves": 0.15, "owes": 0.13, "gone": 0.17}
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
    subscriptions = _Subscriptions(chunk, ids, cards.email, created, rng)
    _write_history(sink, subscriptions)
    _write_items(chunk, sink, subscriptions)
    _write_charges(chunk, sink, subscriptions)


class _Subscriptions:
    """One entry a subscription: what became of it, and when."""

    def __init__(
        self,
        chunk: Chunk,
        customer: Array,
        email: Array,
        created: Array,
        rng: np.random.Generator,
    ) -> None:
        size = len(customer)
        self.id = text("sub_", chunk.serials(size, 8_000_000_000))
        self.customer, self.email, self.created = customer, email, created
        self.is_yearly = rng.random(size) < YEARLY
        self.period = np.where(self.is_yearly, 365, 30) * DAY
        self.outcome = rng.choice(len(OUTCOMES), size, p=list(OUTCOMES.values()))
        self.paid_from = created + TRIAL
        left = (NOW - created - 20 * DAY).astype(float)
        self.turned_at = self.paid_from + (rng.random(size) * left).astype("timedelta64[us]")

    def __len__(self) -> int:
        return len(self.id)

    def became(self, outcome: str) -> Array:
        """Which of them ended so."""
        so: Array = self.outcome == list(OUTCOMES).index(outcome)
        return so


def _write_history(sink: Sink, subscriptions: _Subscriptions) -> None:
    """Trial, active, then for some another state: a row a state, the last one active."""
    turned = ~subscriptions.became("stays")
    row, step = explode(np.zeros(len(turned), dtype=int), 2 + turned)
    final = pick(("active", "active", "past_due", "canceled"), subscriptions.outcome)[row]
    is_last = step == 1 + turned[row]
    leaves = is_last & subscriptions.became("leaves")[row]
    gone = is_last & subscriptions.became("gone")[row]
    starts = (subscriptions.created, subscriptions.paid_from, subscriptions.turned_at)
    start = np.stack(starts, axis=1)[row, step]
    trial_end, never = subscriptions.paid_from[row], np.datetime64("NaT")
    renewal = np.maximum(start + subscriptions.period[row], NOW + NEXT_BILL)
    sink.write(
        "stripe.subscription_history",
        {
            "id": subscriptions.id[row],
            "customer_id": subscriptions.customer[row],
            "status": choose(step == 0, "trialing", choose(step == 1, "active", final)),
            "created": subscriptions.created[row],
            "start_date": subscriptions.created[row],
            "trial_start": subscriptions.created[row],
            "trial_end": trial_end,
            "current_period_start": start,
            "current_period_end": np.where(gone, start, np.where(step == 0, trial_end, renewal)),
            "cancel_at_period_end": leaves,
            "cancel_at": np.where(leaves, NOW + NEXT_BILL, never),
            "canceled_at": np.where(leaves | gone, start, never),
            "ended_at": np.where(gone, start, never),
            "quantity": 1,
            "livemode": True,
            "_fivetran_active": is_last,
            "_fivetran_synced": start,
        },
    )


def _write_items(chunk: Chunk, sink: Sink, subscriptions: _Subscriptions) -> None:
    sink.write(
        "stripe.subscription_item",
        {
            "id": text("si_", chunk.serials(len(subscriptions))),
            "subscription_id": subscriptions.id,
            "plan_id": choose(subscriptions.is_yearly, PLANS[1][0], PLANS[0][0]),
            "quantity": 1,
            "created": subscriptions.created,
            "current_period_start": NOW + NEXT_BILL - 30 * DAY,
            "current_period_end": NOW + NEXT_BILL,
            "_fivetran_synced": NOW,
        },
    )


def _write_charges(chunk: Chunk, sink: Sink, subscriptions: _Subscriptions) -> None:
    """A charge a month or a year from the end of the trial; the last of who owes failed."""
    end = np.where(subscriptions.became("gone"), subscriptions.turned_at, NOW)
    periods = (end - subscriptions.paid_from) / subscriptions.period
    count = 1 + np.maximum(periods, 0).astype(int)
    row, nth = explode(np.zeros(len(count), dtype=int), count)
    failed = subscriptions.became("owes")[row] & (nth == count[row] - 1)
    at = subscriptions.paid_from[row] + nth * subscriptions.period[row]
    sink.write(
        "stripe.charge",
        {
            "id": text("ch_", chunk.serials(len(row))),
            "customer_id": subscriptions.customer[row],
            "receipt_email": subscriptions.email[row],
            "amount": np.where(subscriptions.is_yearly, PLANS[1][1], PLANS[0][1])[row],
            "amount_refunded": 0,
            "currency": "usd",
            "created": np.minimum(at, NOW - DAY),
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
