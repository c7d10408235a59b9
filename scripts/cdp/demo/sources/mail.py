"""Mailings: Klaviyo and Mailchimp for consumers, HubSpot's email events for business.

Machine opens (a mail client that fetches pictures for privacy) follow a delivery within
seconds and say nothing about the reader.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits, make_cards
from cdp.demo.people import DAY, YEAR_START, choose, has, text
from cdp.demo.sink import Sink
from cdp.demo.sources.hubspot import hubspot_cards
from cdp.demo.sources.pages import SITE, campaign_name
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_hubspot_mail", "write_klaviyo", "write_mail_campaigns", "write_mailchimp"]

Array = NDArray[Any]

NEWSLETTER = Habits(email=1.0, second_email=0.5, phone=0.2, family_phone=0.05, mess=0.6)
CAMPAIGNS = 24  # a year, in each system
KLAVIYO_METRICS = (
    "Received Email",
    "Opened Email",
    "Clicked Email",
    "Bounced Email",
    "Unsubscribed",
    "Received SMS",
)
MAILCHIMP_LIST = "a1b2c3d4e5"
LAPSED_READERS = 0.2  # stopped opening


class _Sends:
    """Who was sent which campaign, and what they did: one entry a message."""

    def __init__(self, size: int, joined: Array, share: float, rng: np.random.Generator) -> None:
        sent_at = campaign_times()
        pick = rng.random((size, CAMPAIGNS)) < share
        pick &= joined[:, None] < sent_at[None, :]
        self.reader, self.campaign = np.nonzero(pick)
        count = len(self.reader)
        seconds = rng.uniform(1, 900, count)
        self.sent_at = sent_at[self.campaign] + (seconds * 1e6).astype("timedelta64[us]")
        draws = rng.random((4, count))
        keen = rng.beta(1.2, 2.2, size) * (rng.random(size) >= LAPSED_READERS)
        self.is_bounced = draws[0] < 0.012
        by_machine = rng.random(size) < 0.35
        self.is_machine_open = by_machine[self.reader] & ~self.is_bounced & (draws[1] < 0.9)
        self.is_opened = ~self.is_bounced & (draws[2] < keen[self.reader])
        self.is_clicked = self.is_opened & (rng.random(count) < 0.25)
        self.is_unsubscribed = ~self.is_bounced & (draws[3] < 0.005)
        hours = rng.exponential(9, count) + 0.05
        self.opened_at = self.sent_at + (hours * 3600e6).astype("timedelta64[us]")


def campaign_times() -> Array:
    """When each of the year's mailings went out: every fortnight, the last two days ago."""
    return NOW - DAY * (2 + 15 * np.arange(CAMPAIGNS)[::-1]) + DAY // 6


def campaign_titles(system: str) -> Array:
    """Names of the mailings: the ones that stand in the links' utm_campaign, then numbered."""
    return np.array(
        [f"{campaign_name(system, n % 4)}-{n // 4 + 1}" for n in range(CAMPAIGNS)], dtype=object
    )


def write_mail_campaigns(world: World, sink: Sink) -> None:
    """The mailings of the year in each system, Klaviyo's metrics and Mailchimp's list."""
    times, index = campaign_times(), np.arange(CAMPAIGNS)
    subjects = text("What is fresh this fortnight, no. ", index + 1)
    sink.write(
        "klaviyo.campaign",
        {
            "id": text("KC", index),
            "name": campaign_titles("klaviyo"),
            "subject": subjects,
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
    metrics = np.array(KLAVIYO_METRICS, dtype=object)
    sink.write(
        "klaviyo.metric",
        {
            "id": text("KM", np.arange(len(metrics))),
            "name": metrics,
            "integration_name": "Klaviyo",
            "integration_category": "Internal",
            "created": YEAR_START,
            "updated": YEAR_START,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "mailchimp.list",
        {
            "id": np.array([MAILCHIMP_LIST], dtype=object),
            "name": "Larkspur recipes",
            "date_created": YEAR_START,
            "default_from_email": "recipes@larkspur.example",
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "mailchimp.campaign",
        {
            "id": text("MC", index),
            "title": campaign_titles("mailchimp"),
            "subject_line": subjects,
            "list_id": MAILCHIMP_LIST,
            "status": "sent",
            "type": "regular",
            "create_time": times - DAY,
            "send_time": times,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "hubspot.email_campaign",
        {
            "id": 3000 + index,
            "name": campaign_titles("hubspot"),
            "subject": subjects,
            "type": "BATCH_EMAIL",
            "app_name": "Batch",
            "num_included": 100,
            "_fivetran_synced": NOW,
        },
    )


def write_klaviyo(chunk: Chunk, sink: Sink) -> None:
    """Profiles, and what happened to the mails and text messages that they were sent."""
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
    sends = _Sends(size, created, 0.45, rng)
    machine_at = sends.sent_at + np.timedelta64(1, "s")
    clicked_at = sends.opened_at + np.timedelta64(40, "s")
    everyone = np.arange(len(sends.reader))
    texted = np.flatnonzero((rng.random(len(everyone)) < 0.06) & has(cards.phone[sends.reader]))
    kinds = [
        (0, everyone[~sends.is_bounced], sends.sent_at, None),
        (1, np.flatnonzero(sends.is_machine_open), machine_at, "Apple Mail Privacy Protection"),
        (1, np.flatnonzero(sends.is_opened), sends.opened_at, "Gmail"),
        (2, np.flatnonzero(sends.is_clicked), clicked_at, "Chrome"),
        (3, np.flatnonzero(sends.is_bounced), sends.sent_at, None),
        (4, np.flatnonzero(sends.is_unsubscribed), sends.opened_at, None),
        (5, texted, sends.sent_at, None),
    ]
    titles = campaign_titles("klaviyo")
    row = np.concatenate([rows for _, rows, _, _ in kinds])
    metric = np.concatenate([np.full(len(rows), m) for m, rows, _, _ in kinds])
    time = np.concatenate([times[rows] for _, rows, times, _ in kinds])
    client = np.concatenate([np.full(len(rows), c, dtype=object) for _, rows, _, c in kinds])
    kept = np.flatnonzero(time < NOW)
    row, metric, time, client = row[kept], metric[kept], time[kept], client[kept]
    event_ids = text("KE", chunk.serials(len(row)))
    sink.write(
        "klaviyo.event",
        {
            "id": event_ids,
            "uuid": event_ids,
            "person_id": ids[sends.reader[row]],
            "campaign_id": text("KC", sends.campaign[row]),
            "metric_id": text("KM", metric),
            "type": np.array(KLAVIYO_METRICS, dtype=object)[metric],
            "datetime": time,
            "timestamp": time.astype("datetime64[s]").astype(np.int64),
            "property_campaign_name": titles[sends.campaign[row]],
            "property_subject": text("What is fresh this fortnight, no. ", sends.campaign[row] + 1),
            "property_url": choose(metric == 2, _link("klaviyo", sends.campaign[row])),
            "property_bounce_type": choose(metric == 3, "Hard"),
            "property_client_name": client,
            "property_client_type": choose(~has(client), None, "email client"),
            "property_client_os_family": choose(client == "Apple Mail Privacy Protection", "iOS"),
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )


def _link(system: str, campaign: Array) -> Array:
    page = f"{SITE}/collections/new?utm_source={system}&utm_medium=email&utm_campaign="
    links = [page + campaign_name(system, n % 4) for n in range(CAMPAIGNS)]
    return np.array(links, dtype=object)[campaign]


def write_mailchimp(chunk: Chunk, sink: Sink) -> None:
    """List members, whom each mailing went to, and what they did with it."""
    people, rng = chunk.people, chunk.rng("mailchimp")
    cards = make_cards(people, people.uses["mailchimp"], NEWSLETTER, rng)
    who, size = cards.person, len(cards)
    ids = text("m", 20_000_000 + people.number[who] * 2 + cards.nth)
    joined = chunk.uniform_times(size, rng, YEAR_START - 400 * DAY, NOW - 10 * DAY)
    sends = _Sends(size, joined, 0.4, rng)
    left = np.full(size, np.datetime64("NaT"), dtype="datetime64[us]")
    gone = np.flatnonzero(sends.is_unsubscribed & (sends.opened_at < NOW))
    left[sends.reader[gone]] = sends.opened_at[gone]
    draws = rng.random(size)
    status = np.where(draws < 0.03, "pending", np.where(draws < 0.05, "cleaned", "subscribed"))
    sink.write(
        "mailchimp.member",
        {
            "id": ids,
            "list_id": MAILCHIMP_LIST,
            "email_address": cards.email,
            "merge_fname": cards.first,
            "merge_lname": cards.last,
            "status": choose(np.isnat(left), status, "unsubscribed"),
            "country_code": cards.address.country,
            "language": "en",
            "ip_signup": text("203.0.113.", who % 254 + 1),
            "member_rating": rng.integers(1, 6, size),
            "timestamp_signup": joined,
            "timestamp_opt": joined + np.timedelta64(60, "s"),
            "last_changed": np.where(np.isnat(left), joined + np.timedelta64(60, "s"), left),
            "unique_email_id": text("ue", people.number[who] * 2 + cards.nth),
            "vip": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.people("mailchimp", ids, people.person_id[who])
    member, campaign = ids[sends.reader], text("MC", sends.campaign)
    base = {
        "campaign_id": campaign,
        "member_id": member,
        "list_id": MAILCHIMP_LIST,
        "_fivetran_synced": NOW,
    }
    sink.write("mailchimp.campaign_recipient", base)
    kinds = [
        ("open", np.flatnonzero(sends.is_opened), sends.opened_at),
        ("click", np.flatnonzero(sends.is_clicked), sends.opened_at + np.timedelta64(30, "s")),
        ("bounce", np.flatnonzero(sends.is_bounced), sends.sent_at),
    ]
    row = np.concatenate([rows for _, rows, _ in kinds])
    action = np.concatenate([np.full(len(rows), name, dtype=object) for name, rows, _ in kinds])
    time = np.concatenate([times[rows] for _, rows, times in kinds])
    row, action, time = row[time < NOW], action[time < NOW], time[time < NOW]
    sink.write(
        "mailchimp.campaign_recipient_activity",
        {
            "action": action,
            "campaign_id": campaign[row],
            "member_id": member[row],
            "list_id": MAILCHIMP_LIST,
            "timestamp": time,
            "bounce_type": choose(action == "bounce", "hard"),
            "url": choose(action == "click", _link("mailchimp", sends.campaign[row])),
            "ip": text("203.0.113.", row % 254 + 1),
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "mailchimp.unsubscribe",
        {
            "campaign_id": campaign[gone],
            "member_id": member[gone],
            "list_id": MAILCHIMP_LIST,
            "reason": "NORMAL: no longer interested",
            "timestamp": sends.opened_at[gone],
            "_fivetran_synced": NOW,
        },
    )


def write_hubspot_mail(chunk: Chunk, sink: Sink) -> None:
    """What happened to HubSpot's mailings, by recipient."""
    rng, cards = chunk.rng("hubspot mail"), hubspot_cards(chunk)
    reached = cards.email[has(cards.email)]
    sends = _Sends(len(reached), np.full(len(reached), YEAR_START), 0.3, rng)
    kinds = [
        ("SENT", np.arange(len(sends.reader)), sends.sent_at, False),
        (
            "DELIVERED",
            np.flatnonzero(~sends.is_bounced),
            sends.sent_at + np.timedelta64(2, "s"),
            False,
        ),
        (
            "OPEN",
            np.flatnonzero(sends.is_machine_open),
            sends.sent_at + np.timedelta64(3, "s"),
            True,
        ),
        ("OPEN", np.flatnonzero(sends.is_opened), sends.opened_at, False),
        (
            "CLICK",
            np.flatnonzero(sends.is_clicked),
            sends.opened_at + np.timedelta64(30, "s"),
            False,
        ),
        ("BOUNCE", np.flatnonzero(sends.is_bounced), sends.sent_at, False),
        ("STATUSCHANGE", np.flatnonzero(sends.is_unsubscribed), sends.opened_at, False),
    ]
    row = np.concatenate([rows for _, rows, _, _ in kinds])
    kind = np.concatenate([np.full(len(rows), name, dtype=object) for name, rows, _, _ in kinds])
    time = np.concatenate([times[rows] for _, rows, times, _ in kinds])
    machine = np.concatenate([np.full(len(rows), m) for _, rows, _, m in kinds])
    kept = np.flatnonzero(time < NOW)
    sink.write(
        "hubspot.email_event",
        {
            "id": text("he", chunk.serials(len(kept))),
            "created": time[kept],
            "email_campaign_id": 3000 + sends.campaign[row[kept]],
            "type": kind[kept],
            "filtered_event": machine[kept],
            "recipient": reached[sends.reader[row[kept]]],
            "portal_id": 4711,
            "app_id": 113,
            "_fivetran_synced": NOW,
        },
    )
