"""The demo's world: what holds for all, and its people in chunks of ten thousand.

A chunk is made from (seed, chunk) alone, so memory stays flat and any chunk can be made
again. What several systems see of the same people (baskets, carts, visits) stands on the
chunk; what one system sees is made by its writer in `sources/`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import people as persons
from cdp.demo import purchases as real
from cdp.demo import visits
from cdp.demo.columns import YEAR_START, choose
from cdp.demo.names import Pools
from cdp.demo.people import People

__all__ = ["LAST_DAY", "NOW", "Carts", "Chunk", "World"]

Array = NDArray[Any]

LAST_DAY = date(2018, 1, 1)  # the day on which the data ends, unless --day says later
NOW = np.datetime64("2018-01-01T06:00:00.000000")  # the clock of the demo
CHUNK = 10_000
PROSPECTS = 0.15  # people who never bought, on top of the buyers
CHANGES_A_DAY = 0.01  # of the records of a source, on each day that --day adds
ONLINE_SHARE = (0.0, 0.15, 0.35, 0.7, 1.0)  # of a shop customer's baskets
US_DOLLARS_A_CANADIAN = 0.771  # over 2017, in the mean


@dataclass(frozen=True)
class Carts:
    """Checkouts that were begun at the web shop: one entry a checkout."""

    person: Array
    time: Array
    completed_at: Array  # NaT: abandoned
    product: Array  # row of the catalogue
    quantity: Array

    def cents(self, purchases: real.Purchases) -> Array:
        """What the cart is worth."""
        each: Array = purchases.products["price_cents"][self.product]
        return each * self.quantity


@dataclass(frozen=True)
class World:
    """What every chunk shares."""

    purchases: real.Purchases
    pools: Pools
    buyers: int
    seed: int
    day: date

    @property
    def prospects(self) -> int:
        """How many people never bought."""
        return round(self.buyers * PROSPECTS)

    @property
    def days_after(self) -> Array:
        """The days after the default last day, to be added: their 00:00 (UTC)."""
        first = np.datetime64(LAST_DAY) + 1
        return np.arange(first, np.datetime64(self.day) + 1)

    def rng(self, *tags: int | str) -> np.random.Generator:
        """A generator of its own for what the tags name."""
        words = [zlib.crc32(tag.encode()) if isinstance(tag, str) else tag for tag in tags]
        return np.random.default_rng([self.seed, *words])

    def chunks(self) -> Iterator[Chunk]:
        """The people, ten thousand buyers at a time and the prospects beside them."""
        for index, start in enumerate(range(0, self.buyers, CHUNK)):
            stop = min(start + CHUNK, self.buyers)
            extra = np.arange(
                self.prospects * start // self.buyers, self.prospects * stop // self.buyers
            )
            number = np.r_[np.arange(start, stop), self.buyers + extra]
            yield Chunk(self, index, number, self._households(number))

    def _households(self, number: Array) -> Array:
        """The real household each person stands for: their own, a drawn one, or none."""
        real_count = len(self.purchases.households)
        drawn = self.rng("households", int(number[0])).integers(0, real_count, len(number))
        household = np.where(number < real_count, number, drawn)
        return np.where(number < self.buyers, household, -1)

    def usd_per_cad(self, times: Array) -> Array:
        """The made exchange rate of each day."""
        day = times.astype("datetime64[D]").astype(int)
        swing: Array = 0.02 * np.sin(day / 29) + 0.004 * np.cos(day)
        return np.round(US_DOLLARS_A_CANADIAN + swing, 5)


@dataclass(frozen=True)
class Chunk:
    """Some of the people, and what several systems see of them."""

    world: World
    index: int
    number: Array
    household: Array

    def rng(self, tag: str) -> np.random.Generator:
        """A generator for one purpose in this chunk."""
        return self.world.rng(tag, self.index)

    def serials(self, count: int, base: int = 0) -> Array:
        """Numbers that no other chunk uses; `base` keeps two tables apart."""
        return base + self.index * 100_000_000 + np.arange(count)

    @cached_property
    def people(self) -> People:
        """Who they are."""
        return persons.make_people(
            self.number, self.household, self.world.purchases, self.world.pools, self.rng("people")
        )

    @cached_property
    def baskets(self) -> real.Baskets:
        """What they bought: Canadians wherever it can be at the web shop."""
        rng = self.rng("baskets")
        share = rng.choice(ONLINE_SHARE, len(self.people), p=[0.15, 0.35, 0.25, 0.15, 0.1])
        share = np.where(self.people.address.country == "CA", 1.0, share)
        share = np.where(self.people.uses["shopify"], share, 0.0)
        return real.take_baskets(self.world.purchases, self.household, self.number, share, NOW, rng)

    @cached_property
    def carts(self) -> Carts:
        """Checkouts begun; a fifth of them over the last days."""
        rng = self.rng("carts")
        shoppers = np.flatnonzero(self.people.uses["shopify"])
        person = np.repeat(shoppers, rng.poisson(0.7, len(shoppers)))
        size = len(person)
        is_recent = rng.random(size) < 0.2
        days_ago = np.where(is_recent, rng.uniform(0, 6, size), rng.uniform(6, 330, size))
        time = NOW - (days_ago * 86_400e6).astype("timedelta64[us]")
        later = time + (rng.uniform(1, 40, size) * 3600e6).astype("timedelta64[us]")
        is_completed = (rng.random(size) < 0.22) & (later < NOW)
        return Carts(
            person=person,
            time=time,
            completed_at=np.where(is_completed, later, np.datetime64("NaT")),
            product=self.liked_products(person, rng),
            quantity=rng.integers(1, 4, size),
        )

    def liked_products(self, person: Array, rng: np.random.Generator) -> Array:
        """A product for each: mostly one that they buy, else any that sells."""
        bought = self.world.purchases
        household = np.maximum(self.household[person], 0)
        first = bought.line_offsets[bought.basket_offsets[household]]
        last = bought.line_offsets[bought.basket_offsets[household + 1]]
        own = first + (rng.random(len(person)) * (last - first)).astype(int)
        any_line = rng.integers(0, len(bought.product), len(person))
        likes_own = (self.household[person] >= 0) & (rng.random(len(person)) < 0.65)
        return bought.product[np.where(likes_own, own, any_line)]

    @cached_property
    def browsers(self) -> visits.Browsers:
        """The browsers that they use, and those of people nobody knows."""
        return visits.make_browsers(self.people, self.rng("browsers"))

    @cached_property
    def visits(self) -> visits.Visits:
        """Their visits to the web shop."""
        return visits.make_visits(self, self.rng("visits"))

    def charged(self, person: Array, times: Array) -> tuple[Array, Array]:
        """(currency, units of it per US dollar): Canadians pay online in their dollars."""
        is_canada = self.people.address.country[person] == "CA"
        per_dollar = np.where(is_canada, 1 / self.world.usd_per_cad(times), 1.0)
        return choose(is_canada, "CAD", "USD"), per_dollar

    def changed_on(self, number: Array, tag: str) -> Array:
        """The day after the last one (1, 2, ...) on which a record changes; 0: on none."""
        days = len(self.world.days_after)
        draws = self.world.rng(tag, "changes", self.index).random(len(number)) / CHANGES_A_DAY
        return np.where(draws < days, draws.astype(int) + 1, 0)

    def uniform_times(
        self, size: int, rng: np.random.Generator, start: Any = YEAR_START, stop: Any = NOW
    ) -> Array:
        """Moments between start and stop, to the millisecond."""
        span = (stop - start) / np.timedelta64(1, "ms")
        moments: Array = start + (rng.random(size) * span).astype("timedelta64[ms]")
        return moments
