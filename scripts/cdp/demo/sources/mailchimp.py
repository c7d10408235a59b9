"""Mailchimp: the list's members, whom each mailing went to, and what they did with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import make_cards
from cdp.demo.columns import DAY, YEAR_START, choose, text
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

__all__ = ["write_list", "write_mailchimp"]

Array = NDArray[Any]

LIST = "a1b2c3d4e5"


def write_list(world: World, sink: Sink) -> None:
    """The one list, and the year's mailings to it."""
    times = sent_times()
    sink.write(
        "mailchimp.list",
        {
            "id": np.array([LIST], dtype=object),
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
            "id": text("MC", np.arange(CAMPAIGNS)),
            "title": titles("mailchimp"),
            "subject_line": subjects(),
            "list_id": LIST,
            "status": "sent",
            "type": "regular",
            "create_time": times - DAY,
            "send_time": times,
            "_fivetran_deleted": False,
            "_fivetran_synced": NOW,
        },
    )


def write_mailchimp(chunk: Chunk, sink: Sink) -> None:
    """Members, recipients, opens, clicks, bounces and who left."""
    people, rng = chunk.people, chunk.rng("mailchimp")
    cards = make_cards(people, people.uses["mailchimp"], NEWSLETTER, rng)
    who, size = cards.person, len(cards)
    ids = text("m", 20_000_000 + people.number[who] * 2 + cards.nth)
    joined = chunk.uniform_times(size, rng, YEAR_START - 400 * DAY, NOW - 10 * DAY)
    sends = Sends(joined, 0.4, rng)
    gone = np.flatnonzero(sends.is_unsubscribed & (sends.opened_at < NOW))
    left = np.full(size, np.datetime64("NaT"), dtype="datetime64[us]")
    left[sends.reader[gone]] = sends.opened_at[gone]
    status = rng.choice(["pending", "cleaned", "subscribed"], size, p=[0.03, 0.02, 0.95])
    confirmed = joined + np.timedelta64(60, "s")
    sink.write(
        "mailchimp.member",
        {
            "id": ids,
            "list_id": LIST,
            "email_address": cards.email,
            "merge_fname": cards.first,
            "merge_lname": cards.last,
            "status": choose(np.isnat(left), status, "unsubscribed"),
            "country_code": cards.address.country,
            "language": "en",
            "ip_signup": text("203.0.113.", who % 254 + 1),
            "member_rating": rng.integers(1, 6, size),
            "timestamp_signup": joined,
            "timestamp_opt": confirmed,
            "last_changed": np.where(np.isnat(left), confirmed, left),
            "unique_email_id": text("ue", people.number[who] * 2 + cards.nth),
            "vip": False,
            "_fivetran_synced": NOW,
        },
    )
    sink.people("mailchimp", ids, people.person_id[who])
    _write_activity(sink, sends, ids[sends.reader], gone)


def _write_activity(sink: Sink, sends: Sends, member: Array, gone: Array) -> None:
    campaign = text("MC", sends.campaign)

    def of(sent: Array) -> dict[str, Any]:
        return {
            "campaign_id": campaign[sent],
            "member_id": member[sent],
            "list_id": LIST,
            "_fivetran_synced": NOW,
        }

    happened = sends.happened(
        ("open", sends.is_opened | sends.is_machine_open, sends.opened_at),
        ("click", sends.is_clicked, sends.opened_at + np.timedelta64(30, "s")),
        ("bounce", sends.is_bounced, sends.sent_at),
    )
    sink.write("mailchimp.campaign_recipient", of(np.arange(len(member))))
    sink.write(
        "mailchimp.campaign_recipient_activity",
        {
            **of(happened.send),
            "action": happened.kind,
            "timestamp": happened.time,
            "bounce_type": choose(happened.kind == "bounce", "hard"),
            "url": choose(
                happened.kind == "click", links("mailchimp", sends.campaign[happened.send])
            ),
            "ip": text("203.0.113.", happened.send % 254 + 1),
        },
    )
    sink.write(
        "mailchimp.unsubscribe",
        {
            **of(gone),
            "reason": "NORMAL: no longer interested",
            "timestamp": sends.opened_at[gone],
        },
    )
