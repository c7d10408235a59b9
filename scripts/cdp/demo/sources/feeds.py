"""What others tell: social engagement, consent receipts, enrichment, a partner's list."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits, make_cards, soil_emails
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.sink import Sink
from cdp.demo.sources.pages import campaign_name
from cdp.demo.world import NOW, Chunk

__all__ = ["receipts", "write_consents", "write_enrichment", "write_partner", "write_social"]

Array = NDArray[Any]

PARTNER = Habits(email=0.55, second_email=0.5, phone=0.55, second_phone=0.4, stale=0.8, mess=1.8)
# Purpose and channel: (share asked, share of those who grant, share of those who withdraw,
# legal basis).
PURPOSES: tuple[tuple[str, str, float, float, float, str], ...] = (
    ("marketing_email", "email", 0.85, 0.88, 0.07, "consent"),
    ("marketing_sms", "sms", 0.35, 0.65, 0.06, "consent"),
    ("advertising", "any", 0.60, 0.72, 0.05, "consent"),
    ("analytics", "any", 0.50, 0.80, 0.03, "consent"),
    ("service", "any", 0.40, 1.00, 0.00, "contract"),
)
SALES = ("sales_outreach", "phone", 0.70, 0.85, 0.06, "legitimate_interest")
HANDLES = ("facebook", "instagram", "twitter")


def write_consents(chunk: Chunk, sink: Sink) -> None:
    """What people were asked, said, and took back; some were never asked."""
    people, rng = chunk.people, chunk.rng("consent")
    in_business = people.uses["salesforce"] | people.uses["hubspot"]
    in_retail = ~in_business | people.is_buyer
    for purpose, reached in (*((p, in_retail) for p in PURPOSES), (SALES, in_business)):
        name, channel, asked, grants, withdraws, basis = purpose
        who = np.flatnonzero(reached & (rng.random(len(people)) < asked))
        said = np.where(rng.random(len(who)) < grants, "granted", "denied")
        at = chunk.uniform_times(len(who), rng, YEAR_START - 100 * DAY, NOW - 40 * DAY)
        columns = receipts(chunk, name, channel, basis, who, said, at, rng)
        sink.write("consent.receipts", columns)
        back = np.flatnonzero((said == "granted") & (rng.random(len(who)) < withdraws))
        later = at[back] + (rng.random(len(back)) * (NOW - at[back]).astype(float)).astype(
            "timedelta64[us]"
        )
        took_back = np.full(len(back), "withdrawn")
        columns = receipts(chunk, name, channel, basis, who[back], took_back, later, rng)
        sink.write("consent.receipts", columns)


def receipts(
    chunk: Chunk,
    purpose: str,
    channel: str,
    basis: str,
    who: Array,
    status: Array,
    at: Array,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Columns of consent.receipts for one purpose."""
    people, size = chunk.people, len(who)
    in_account = has(people.user_id[who]) & (rng.random(size) < 0.35)
    by_phone = channel == "sms"
    business = purpose == "sales_outreach"
    email = people.work_email if business else people.email
    return {
        "receipt_id": _receipt_ids(purpose, status, people.number[who]),
        "email": choose(by_phone & (rng.random(size) < 0.6), None, email[who]),
        "phone": choose(by_phone | (rng.random(size) < 0.04), people.phone[who]),
        "user_id": choose(in_account, people.user_id[who]),
        "purpose": purpose,
        "channel": channel,
        "status": status.astype(object),
        "legal_basis": basis,
        "jurisdiction": choose(people.address.country[who] == "CA", "CA", "US"),
        "wording_version": choose(at < YEAR_START + 150 * DAY, "v1", "v2"),
        "evidence": choose(in_account, "account settings", "web form"),
        "captured_at": at,
    }


def _receipt_ids(purpose: str, status: Array, number: Array) -> Array:
    """A person is asked once for a purpose, and may withdraw once."""
    listed = zip(status.tolist(), number.tolist(), strict=True)
    return np.array([f"cr-{purpose}-{n}-{said[0]}" for said, n in listed], dtype=object)


def write_enrichment(chunk: Chunk, sink: Sink) -> None:
    """Attributes that a provider sells for an email, with the day they expire."""
    people, rng = chunk.people, chunk.rng("enrichment")
    who = np.flatnonzero(people.uses["enrichment"])
    size = len(who)
    email = choose(rng.random(size) < 0.6, people.email[who], people.email2[who])
    email = choose(~has(email), people.email[who], email)
    observed = chunk.uniform_times(size, rng, NOW - 200 * DAY, NOW - 20 * DAY)
    values = {
        "home_owner": choose(rng.random(size) < 0.6, "true", "false"),
        "interest": rng.choice(["cooking", "gardening", "sport", "travel"], size).astype(object),
        "income_band": rng.choice(["under 35K", "35-74K", "75K and over"], size).astype(object),
    }
    for attribute, value in values.items():
        sink.write(
            "enrichment.attributes",
            {
                "record_id": text(f"{attribute}-", people.number[who]),
                "provider": "Northstar Data",
                "email": email,
                "attribute": attribute,
                "value": value,
                "observed_at": observed,
                "expires_at": observed + 365 * DAY,
                "licence": "internal use, no resale",
            },
        )


def write_partner(chunk: Chunk, sink: Sink) -> None:
    """A list from a partner: older, messier, and often with the other address."""
    people, rng = chunk.people, chunk.rng("partner")
    cards = make_cards(people, people.uses["partner"], PARTNER, rng)
    who, size = cards.person, len(cards)
    ids = text("pc-", 10_000_000 + people.number[who] * 2 + cards.nth)
    birth = np.where(rng.random(size) < 0.6, people.birth_date[who], np.datetime64("NaT"))
    sink.write(
        "partner.contacts",
        {
            "contact_id": ids,
            "partner": "Fork & Knife Magazine",
            "first_name": cards.first,
            "last_name": cards.last,
            "email": cards.email,
            "phone": cards.phone,
            "address_line1": cards.address.line1,
            "city": cards.address.city,
            "state": cards.address.region,
            "postal_code": cards.address.postal_code,
            "country": cards.address.country,
            "birth_date": birth,
            "consent_statement": choose(rng.random(size) < 0.7, "reader agreed to partner offers"),
            "supplied_at": YEAR_START + 120 * DAY,
        },
    )
    sink.people("partner", ids, people.person_id[who])


def write_social(chunk: Chunk, sink: Sink) -> None:
    """Likes, comments, shares and messages; an email is seldom known."""
    people, rng = chunk.people, chunk.rng("social")
    fans = np.flatnonzero(people.uses["social"])
    who = np.repeat(fans, 1 + rng.poisson(1.5, len(fans)))
    size = len(who)
    platform = np.array(HANDLES, dtype=object)[who % len(HANDLES)]
    kind = rng.choice(
        ["like", "comment", "share", "mention", "message"], size, p=[0.5, 0.2, 0.1, 0.1, 0.1]
    )
    sink.write(
        "social.engagements",
        {
            "engagement_id": text("soc-", chunk.serials(size)),
            "platform": platform,
            "kind": kind.astype(object),
            "handle": text("@fan", people.number[who]),
            "email": choose(rng.random(size) < 0.06, soil_emails(people.email[who], rng)),
            "post_id": text("post-", rng.integers(1, 200, size)),
            "campaign": np.array([campaign_name("facebook", n) for n in range(4)], dtype=object)[
                who % 4
            ],
            "body": choose(kind == "comment", "Love the new bakery"),
            "engaged_at": chunk.uniform_times(size, rng),
        },
    )
