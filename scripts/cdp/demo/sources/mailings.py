"""Mailings: who was sent what, and what they did with it, in any mailing system.

Machine opens (a mail client that fetches pictures for privacy) follow a delivery within
seconds and say nothing about the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Habits
from cdp.demo.columns import DAY, text
from cdp.demo.sources.pages import SITE, campaign_name
from cdp.demo.world import NOW

__all__ = ["CAMPAIGNS", "NEWSLETTER", "Happened", "Sends", "links", "sent_times", "subjects"]

Array = NDArray[Any]

NEWSLETTER = Habits(email=1.0, second_email=0.5, phone=0.2, family_phone=0.05, mess=0.6)
CAMPAIGNS = 24  # a year, in each system
BOUNCED, UNSUBSCRIBED, CLICKED = 0.012, 0.005, 0.25  # of the mails; of those opened
MACHINE_READERS, LAPSED_READERS = 0.35, 0.2  # of the readers


@dataclass(frozen=True)
class Happened:
    """One entry a thing that happened to a send."""

    kind: Array
    send: Array
    time: Array


class Sends:
    """Who was sent which mailing, and what they did: one entry a send."""

    def __init__(self, joined: Array, share: float, rng: np.random.Generator) -> None:
        """joined: when each reader did; share: of the mailings after that they are sent."""
        readers, sent_at = len(joined), sent_times()
        gets = rng.random((readers, CAMPAIGNS)) < share
        self.reader, self.campaign = np.nonzero(gets & (joined[:, None] < sent_at[None, :]))
        size = len(self.reader)
        seconds = rng.uniform(1, 900, size)
        self.sent_at = sent_at[self.campaign] + (seconds * 1e6).astype("timedelta64[us]")
        draws = rng.random((5, size))
        keen = rng.beta(1.2, 2.2, readers) * (rng.random(readers) >= LAPSED_READERS)
        by_machine = rng.random(readers) < MACHINE_READERS
        self.everyone = np.ones(size, dtype=bool)
        self.is_bounced = draws[0] < BOUNCED
        self.is_machine_open = by_machine[self.reader] & ~self.is_bounced & (draws[1] < 0.9)
        self.is_opened = ~self.is_bounced & (draws[2] < keen[self.reader])
        self.is_clicked = self.is_opened & (draws[3] < CLICKED)
        self.is_unsubscribed = ~self.is_bounced & (draws[4] < UNSUBSCRIBED)
        hours = rng.exponential(9, size) + 0.05
        self.opened_at = self.sent_at + (hours * 3600e6).astype("timedelta64[us]")

    def happened(self, *kinds: tuple[str, Array, Array]) -> Happened:
        """What happened until now, of (kind, which sends, when each)."""
        sends = [np.flatnonzero(which) for _, which, _ in kinds]
        kind = np.repeat(np.array([k for k, _, _ in kinds], dtype=object), [len(s) for s in sends])
        time = np.concatenate([when[s] for s, (_, _, when) in zip(sends, kinds, strict=True)])
        send, is_past = np.concatenate(sends), time < NOW
        return Happened(kind[is_past], send[is_past], time[is_past])


def sent_times() -> Array:
    """When each of the year's mailings went out: about every fortnight, the last lately."""
    return NOW - DAY * (2 + 15 * np.arange(CAMPAIGNS)[::-1]) + DAY // 6


def titles(system: str) -> Array:
    """Names of the mailings: the one that stands in their links, and a number."""
    return np.array(
        [f"{campaign_name(system, n % 4)}-{n // 4 + 1}" for n in range(CAMPAIGNS)], dtype=object
    )


def subjects() -> Array:
    """Subject lines of the mailings."""
    return text("What is fresh this fortnight, no. ", np.arange(1, CAMPAIGNS + 1))


def links(system: str, campaign: Array) -> Array:
    """The link that was clicked in each mail."""
    page = f"{SITE}/collections/new?utm_source={system}&utm_medium=email&utm_campaign="
    by_campaign = [page + campaign_name(system, n % 4) for n in range(CAMPAIGNS)]
    return np.array(by_campaign, dtype=object)[campaign]
