"""Browsers and visits to the web shop: seen by the web events and by the analytics export.

Some visits are anonymous for ever; some people reset their cookies, some share a
browser, and a few log in at a kiosk in a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import DAY, YEAR_START, has
from cdp.demo.people import People

if TYPE_CHECKING:
    from cdp.demo.world import Chunk

__all__ = ["Browsers", "Visits", "make_browsers", "make_visits"]

Array = NDArray[Any]
Rng = np.random.Generator

USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/63.0.3239.84",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_2) AppleWebKit/604.4.7 Version/11.0.2 Safari",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 11_2 like Mac OS X) AppleWebKit/604.4.7 Mobile Safari",
    "Mozilla/5.0 (Linux; Android 8.0.0; Pixel 2) AppleWebKit/537.36 Chrome/63.0.3239.111 Mobile",
)
# Where a visit comes from: (source, medium, click id), with its share of the visits.
ORIGINS: tuple[tuple[str | None, str | None, str | None], ...] = (
    (None, None, None),
    ("google", "organic", None),
    ("google", "cpc", "gclid"),
    ("facebook", "paid_social", "fbclid"),
    ("klaviyo", "email", None),
    ("mailchimp", "email", None),
    ("instagram", "social", None),
)
ORIGIN_SHARES = (0.42, 0.24, 0.11, 0.07, 0.07, 0.05, 0.04)
PAID = 2, 3  # the origins that cost money
UNKNOWN_VISITORS = 0.4  # browsers nobody ever logs in on, per person
PEOPLE_A_KIOSK = 25


@dataclass(frozen=True)
class Browsers:
    """One entry a browser: a cookie of the shop and one of the analytics."""

    anonymous_id: Array
    client_id: Array
    user_agent: Array
    ip: Array
    sends_gpc: Array
    first_of: Array  # person -> index of the first browser, -1: none
    count_of: Array  # person -> how many, one after another
    kiosk_of: Array  # person -> the kiosk they used, -1: none
    unknown: Array  # indices of the browsers of people nobody knows

    def __len__(self) -> int:
        return len(self.anonymous_id)


@dataclass(frozen=True)
class Visits:
    """One entry a visit."""

    browser: Array
    person: Array  # -1: nobody knows
    time: Array
    is_logged_in: Array
    origin: Array  # row of ORIGINS
    campaign: Array  # number of the paid campaign, for paid origins
    pages: Array
    cart: Array  # row of the chunk's carts that the visit began, -1: none
    basket: Array  # row of the chunk's baskets that the visit bought, -1: none

    def __len__(self) -> int:
        return len(self.browser)


def make_browsers(people: People, rng: Rng) -> Browsers:
    """The browsers of a chunk: each visitor's, one after another, then kiosks and unknowns."""
    size = len(people)
    visits_shop = has(people.user_id) | (rng.random(size) < 0.25)
    resets = rng.random(size) < dirt.COOKIE_RESET.rate
    count = np.where(visits_shop, 1 + resets * (1 + rng.poisson(0.4, size)), 0)
    first = np.where(visits_shop, np.cumsum(count) - count, -1)
    shares = people.shares_device & (people.partner < np.arange(size)) & visits_shop
    shares &= count[people.partner] > 0
    first = np.where(shares, first[people.partner], first)
    owned = int(count.sum())
    kiosks = max(1, round(size * dirt.KIOSK.rate / PEOPLE_A_KIOSK))
    goes = has(people.user_id) & (rng.random(size) < dirt.KIOSK.rate)
    unknown = round(size * UNKNOWN_VISITORS)
    total = owned + kiosks + unknown
    high, low, ga_id = rng.integers(0, 2**48, (3, total)).tolist()
    count = np.where(shares, count[people.partner], count)
    return Browsers(
        anonymous_id=np.array(
            [
                f"{h >> 16:08x}-{h & 0xFFFF:04x}-4{low_ >> 36:03x}-a{low_ >> 24 & 0xFFF:03x}"
                f"-{h >> 20:07x}{low_ & 0xFFFFF:05x}"
                for h, low_ in zip(high, low, strict=True)
            ],
            dtype=object,
        ),
        client_id=np.array(
            [f"{g % 2**31}.{1_480_000_000 + g % 2**25}" for g in ga_id], dtype=object
        ),
        user_agent=rng.integers(0, len(USER_AGENTS), total),
        ip=np.array([f"203.0.113.{h % 254 + 1}" for h in high], dtype=object),
        sends_gpc=rng.random(total) < 0.06,
        first_of=first,
        count_of=count,
        kiosk_of=np.where(goes, owned + rng.integers(0, kiosks, size), -1),
        unknown=np.arange(owned + kiosks, total),
    )


def make_visits(chunk: Chunk, rng: Rng) -> Visits:
    """Visits around purchases, at any time, for carts and online baskets, and by unknowns."""
    from cdp.demo.world import NOW

    people, browsers = chunk.people, chunk.browsers
    visitors = np.flatnonzero(browsers.first_of >= 0)
    person = np.repeat(visitors, 1 + rng.poisson(1.0, len(visitors)))
    stop = np.where(rng.random(len(people)) < 0.25, NOW - DAY * 90, NOW)
    time = chunk.uniform_times(len(person), rng, YEAR_START, stop[person])
    near = _before_a_basket(chunk, person, rng)
    time = np.where((rng.random(len(person)) < 0.45) & ~np.isnat(near), near, time)
    carts, orders = chunk.carts, np.flatnonzero(chunk.baskets.is_online)
    has_browser = browsers.first_of >= 0
    with_cart = np.flatnonzero(has_browser[carts.person])
    orders = orders[has_browser[chunk.baskets.person[orders]] & (rng.random(len(orders)) < 0.6)]
    kiosk_goers = np.flatnonzero(browsers.kiosk_of >= 0)
    strangers = np.repeat(browsers.unknown, 1 + rng.poisson(0.5, len(browsers.unknown)))
    minutes = np.timedelta64(9, "m")
    who = np.r_[person, carts.person[with_cart], chunk.baskets.person[orders]]
    when = np.r_[time, carts.time[with_cart] - minutes, chunk.baskets.time[orders] - minutes]
    progress = (when - YEAR_START) / (NOW - YEAR_START)
    nth = (np.clip(progress, 0, 0.999) * browsers.count_of[who]).astype(int)
    browser = np.r_[browsers.first_of[who] + nth, browsers.kiosk_of[kiosk_goers], strangers]
    who = np.r_[who, kiosk_goers, np.full(len(strangers), -1)]
    extra = len(who) - len(when)
    when = np.r_[when, chunk.uniform_times(extra, rng)]
    buys = np.arange(len(who)) >= len(person)
    buys &= np.arange(len(who)) < len(who) - len(strangers)
    has_account = has(people.user_id[who]) & (who >= 0)
    size = len(who)
    none = np.full(size, -1)
    cart, basket = none.copy(), none.copy()
    cart[len(person) : len(person) + len(with_cart)] = with_cart
    basket[len(person) + len(with_cart) : size - extra] = orders
    return Visits(
        browser=browser,
        person=who,
        time=when,
        is_logged_in=has_account & ((rng.random(size) < 0.3) | (buys & (rng.random(size) < 0.8))),
        origin=rng.choice(len(ORIGINS), size, p=ORIGIN_SHARES),
        campaign=rng.integers(0, 4, size),
        pages=1 + rng.poisson(1.7, size) + (cart >= 0) * 2 + (basket >= 0) * 2,
        cart=cart,
        basket=basket,
    )


def _before_a_basket(chunk: Chunk, person: Array, rng: Rng) -> Array:
    """A moment in the three days before one of each person's baskets; NaT: has none."""
    owner = chunk.baskets.person
    first = np.searchsorted(owner, person, "left")
    last = np.searchsorted(owner, person, "right")
    pick = first + (rng.random(len(person)) * (last - first)).astype(int)
    ahead = (rng.uniform(0.02, 3, len(person)) * 86_400e6).astype("timedelta64[us]")
    times: Array = np.r_[chunk.baskets.time, np.datetime64("NaT")]
    before: Array = times[np.where(last > first, pick, -1)] - ahead
    return before
