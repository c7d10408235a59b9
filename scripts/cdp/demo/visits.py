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
PAID = (2, 3)  # the origins that cost money
VISITS_WITHOUT_ACCOUNT = 0.25  # of the people without one
UNKNOWN_VISITORS = 0.4  # browsers nobody ever logs in on, per person
SENDS_GPC = 0.06  # of the browsers
AHEAD = np.timedelta64(9, "m")  # a visit begins before its checkout
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
    visits_shop = has(people.user_id) | (rng.random(size) < VISITS_WITHOUT_ACCOUNT)
    resets = rng.random(size) < dirt.COOKIE_RESET.rate
    count = np.where(visits_shop, 1 + resets * (1 + rng.poisson(0.4, size)), 0)
    first = np.where(visits_shop, np.cumsum(count) - count, -1)
    owned = int(count.sum())
    shares = people.shares_device & (people.partner < np.arange(size)) & visits_shop
    shares &= count[people.partner] > 0
    kiosks = max(1, round(size * dirt.KIOSK.rate / PEOPLE_A_KIOSK))
    goes = has(people.user_id) & (rng.random(size) < dirt.KIOSK.rate)
    total = owned + kiosks + round(size * UNKNOWN_VISITORS)
    draws = rng.integers(0, 2**48, (3, total)).tolist()
    return Browsers(
        anonymous_id=np.array(
            [_uuid(*pair) for pair in zip(*draws[:2], strict=True)], dtype=object
        ),
        client_id=np.array([_client_id(draw) for draw in draws[2]], dtype=object),
        user_agent=rng.integers(0, len(USER_AGENTS), total),
        ip=np.array([f"203.0.113.{draw % 254 + 1}" for draw in draws[0]], dtype=object),
        sends_gpc=rng.random(total) < SENDS_GPC,
        first_of=np.where(shares, first[people.partner], first),
        count_of=np.where(shares, count[people.partner], count),
        kiosk_of=np.where(goes, owned + rng.integers(0, kiosks, size), -1),
        unknown=np.arange(owned + kiosks, total),
    )


def _uuid(high: int, low: int) -> str:
    """An id in the form of a random UUID from two draws of 48 bits."""
    digits = f"{high:012x}{low:012x}"
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-{digits[18:]}{digits[:6]}"
    )


def _client_id(draw: int) -> str:
    """The analytics cookie: a random number and the second in which it was set."""
    return f"{draw % 2**31}.{1_480_000_000 + draw % 2**25}"


@dataclass(frozen=True)
class _Batch:
    """Visits of one kind; `row` is the cart or the basket that each is about."""

    kind: str
    person: Array
    browser: Array
    time: Array
    row: Array
    login: float  # share of the visits of who has an account
    extra_pages: int = 0


def make_visits(chunk: Chunk, rng: Rng) -> Visits:
    """Visits around purchases and at any time, for carts and orders, and by strangers."""
    batches = (
        _browsing(chunk, rng),
        _with_carts(chunk),
        _with_orders(chunk, rng),
        _at_kiosks(chunk, rng),
        _by_strangers(chunk, rng),
    )
    person, browser, time, row = (
        np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("person", "browser", "time", "row")
    )
    sizes = [len(batch.person) for batch in batches]
    kind = np.repeat([batch.kind for batch in batches], sizes)
    login = np.repeat([batch.login for batch in batches], sizes)
    extra_pages = np.repeat([batch.extra_pages for batch in batches], sizes)
    has_account = has(chunk.people.user_id)[person] & (person >= 0)
    size = len(person)
    return Visits(
        browser=browser,
        person=person,
        time=time,
        is_logged_in=has_account & (rng.random(size) < login),
        origin=rng.choice(len(ORIGINS), size, p=ORIGIN_SHARES),
        campaign=rng.integers(0, 4, size),
        pages=1 + rng.poisson(1.7, size) + extra_pages,
        cart=np.where(kind == "cart", row, -1),
        basket=np.where(kind == "order", row, -1),
    )


def _browsing(chunk: Chunk, rng: Rng) -> _Batch:
    """At any time, or in the days before a purchase; a quarter has not come for 90 days."""
    from cdp.demo.world import NOW

    visitors = np.flatnonzero(chunk.browsers.first_of >= 0)
    person = np.repeat(visitors, 1 + rng.poisson(1.0, len(visitors)))
    stop = np.where(rng.random(len(chunk.people)) < 0.25, NOW - DAY * 90, NOW)
    time = chunk.uniform_times(len(person), rng, YEAR_START, stop[person])
    near = _before_a_basket(chunk, person, rng)
    time = np.where((rng.random(len(person)) < 0.45) & ~np.isnat(near), near, time)
    return _Batch("visit", person, _browser_at(chunk, person, time), time, person, 0.3)


def _with_carts(chunk: Chunk) -> _Batch:
    carts = chunk.carts
    row = np.flatnonzero(chunk.browsers.first_of[carts.person] >= 0)
    person, time = carts.person[row], carts.time[row] - AHEAD
    return _Batch("cart", person, _browser_at(chunk, person, time), time, row, 0.85, 2)


def _with_orders(chunk: Chunk, rng: Rng) -> _Batch:
    """Six orders in ten were seen by the web events; the others' visits were blocked."""
    baskets = chunk.baskets
    row = np.flatnonzero(baskets.is_online & (rng.random(len(baskets.person)) < 0.6))
    row = row[chunk.browsers.first_of[baskets.person[row]] >= 0]
    person, time = baskets.person[row], baskets.time[row] - AHEAD
    return _Batch("order", person, _browser_at(chunk, person, time), time, row, 0.85, 2)


def _at_kiosks(chunk: Chunk, rng: Rng) -> _Batch:
    person = np.flatnonzero(chunk.browsers.kiosk_of >= 0)
    time = chunk.uniform_times(len(person), rng)
    return _Batch("kiosk", person, chunk.browsers.kiosk_of[person], time, person, 0.9)


def _by_strangers(chunk: Chunk, rng: Rng) -> _Batch:
    unknown = chunk.browsers.unknown
    browser = np.repeat(unknown, 1 + rng.poisson(0.5, len(unknown)))
    nobody = np.full(len(browser), -1)
    return _Batch("stranger", nobody, browser, chunk.uniform_times(len(browser), rng), nobody, 0.0)


def _browser_at(chunk: Chunk, person: Array, time: Array) -> Array:
    """The browser that a person used at a time: theirs follow each other over the year."""
    from cdp.demo.world import NOW

    browsers = chunk.browsers
    progress = np.clip((time - YEAR_START) / (NOW - YEAR_START), 0, 0.999)
    nth = (progress * browsers.count_of[person]).astype(int)
    used: Array = browsers.first_of[person] + nth
    return used


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
