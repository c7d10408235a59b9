"""Klaviyo: profiles of readers, and what happened to their mails and text messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import make_cards
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.sink import Sink
from cdp.demo.sources.mailings import (
    CAMPAIGNS,
    NEWSLETTER,
    Sends,
    links,
    sent_times,
    subjects,
    titles,
)
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_campaigns", "write_klaviyo"]

Array = NDArray[Any]

METRICS = (
    "Received Email",
    "Opened Email",
    "Clicked Email",
    "Bounced Email",
    "Unsubscribed",
    "Received SMS",
)
MACHINE = "Apple Mail Privacy Protection"  # as a client, what opens mails by itself
TEXTED = 0.06  # of the mails: a text message went with it, where there is a phone


def write_campaigns(world: World, sink: Sink) -> None:
    """The year's mailings and the kinds of events."""
    times = sent_times()
    sink.write(
        "klaviyo.campaign",
        {
            "id": text("KC", np.arange(CAMPAIGNS)),
            "name": titles("klaviyo"),
            "subject": subjects(),
            "campaign_type": "Regular",
            "status": "sent",
            "from_email": "hello@larkspur.example",
            "from_name": "Larkspur",
            "created": times - DAY,
            "updated": times,
            "send_time": times,
            "sent_at": times,
            "archived": False,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "klaviyo.metric",
        {
            "id": text("KM", np.arange(len(METRICS))),
            "name": np.array(METRICS, dtype=object),
            "integration_name": "Klaviyo",
            "integration_category": "Internal",
            "created": YEAR_START,
            "updated": YEAR_START,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )


def write_klaviyo(chunk: Chunk, sink: Sink) -> None:
    """Profiles and their events."""
    people, rng = chunk.people, chunk.rng("klaviyo")
    cards = make_cards(people, people.uses["klaviyo"], NEWSLETTER, rng)
    who, size = cards.person, len(cards)
    ids = text("K", 10_000_000 + people.number[who] * 2 + cards.nth)
    created = chunk.uniform_times(size, rng, YEAR_START - 200 * DAY, NOW - 5 * DAY)
    sink.write(
        "klaviyo.person",
        {
            "id": ids,
            "email": cards.email,
            "first_name": cards.first,
            "last_name": cards.last,
            "phone_number": cards.phone,
            "address_1": choose(rng.random(size) < 0.3, cards.address.line1),
            "city": choose(rng.random(size) < 0.5, cards.address.city),
            "region": choose(rng.random(size) < 0.5, cards.address.region),
            "zip": choose(rng.random(size) < 0.5, cards.address.postal_code),
            "country": cards.address.country,
            "timezone": "America/Chicago",
            "organization": None,
            "title": None,
            "custom_accepts_marketing": choose(rng.random(size) < 0.8, "true", "false"),
            "custom_source": choose(rng.random(size) < 0.5, "footer form", "checkout"),
            "created": created,
            "updated": np.minimum(created + rng.integers(1, 200, size) * DAY, NOW - DAY),
            "last_event_date": NOW - DAY,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.people("klaviyo", ids, people.person_id[who])
    sends = Sends(created, 0.45, rng)
    _write_events(chunk, sink, sends, ids, has(cards.phone), rng)


def _write_events(
    chunk: Chunk,
    sink: Sink,
    sends: Sends,
    person_ids: Array,
    has_phone: Array,
    rng: np.random.Generator,
) -> None:
    second = np.timedelta64(1, "s")
    is_texted = has_phone[sends.reader] & (rng.random(len(sends.reader)) < TEXTED)
    happened = sends.happened(
        ("Received Email", ~sends.is_bounced, sends.sent_at),
        (MACHINE, sends.is_machine_open, sends.sent_at + second),
        ("Opened Email", sends.is_opened, sends.opened_at),
        ("Clicked Email", sends.is_clicked, sends.opened_at + 40 * second),
        ("Bounced Email", sends.is_bounced, sends.sent_at),
        ("Unsubscribed", sends.is_unsubscribed, sends.opened_at + 60 * second),
        ("Received SMS", is_texted, sends.sent_at),
    )
    by_machine = happened.kind == MACHINE
    metric = choose(by_machine, "Opened Email", happened.kind)
    is_opened, is_clicked = metric == "Opened Email", metric == "Clicked Email"
    campaign = sends.campaign[happened.send]
    ids = text("KE", chunk.serials(len(campaign)))
    number = {name: f"KM{n}" for n, name in enumerate(METRICS)}
    sink.write(
        "klaviyo.event",
        {
            "id": ids,
            "uuid": ids,
            "person_id": person_ids[sends.reader[happened.send]],
            "campaign_id": text("KC", campaign),
            "metric_id": np.array([number[name] for name in metric], dtype=object),
            "type": metric,
            "datetime": happened.time,
            "timestamp": happened.time.astype("datetime64[s]").astype(np.int64),
            "property_campaign_name": titles("klaviyo")[campaign],
            "property_subject": subjects()[campaign],
            "property_url": choose(is_clicked, links("klaviyo", campaign)),
            "property_bounce_type": choose(metric == "Bounced Email", "Hard"),
            "property_client_name": choose(
                by_machine, MACHINE, choose(is_opened, "Gmail", choose(is_clicked, "Chrome"))
            ),
            "property_client_type": choose(is_opened, "email client"),
            "property_client_os_family": choose(by_machine, "iOS"),
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
