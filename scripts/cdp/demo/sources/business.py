"""The business side, as both CRMs see it: companies, their people, deals, sales people.

Each CRM knows some of the companies and some of their people; a few are in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Cards, Habits, make_cards, soil_emails
from cdp.demo.columns import DAY, YEAR_START, choose, has, pick
from cdp.demo.details import company_domain, company_name
from cdp.demo.purchases import explode
from cdp.demo.world import NOW, Chunk, World

__all__ = ["OWNERS", "STILL", "Companies", "Deals", "job_titles", "owners", "work_cards"]

Array = NDArray[Any]

CRM = Habits(email=0.9, second_email=0.1, phone=0.62, stale=0.5, mess=1.1)
WORK_EMAIL = 0.6  # of the contacts with an email: that of their work
INDUSTRIES = ("Restaurants", "Education", "Healthcare", "Hospitality", "Offices", "Events")
TOLL_FREE = (800, 833, 844, 855, 866, 877, 888)
OWNERS = 6  # sales people
STILL = np.datetime64("9999-12-31T23:59:59")  # the end of what holds still


class Companies:
    """The companies behind a CRM's contacts: one entry a company."""

    def __init__(self, chunk: Chunk, contacts: Array, rng: np.random.Generator) -> None:
        pools = chunk.world.pools
        self.number = np.unique(chunk.people.company[contacts])
        listed = self.number.tolist()
        self.name = np.array([company_name(n, pools) for n in listed], dtype=object)
        self.domain = np.array([company_domain(n, pools) for n in listed], dtype=object)
        self.industry = pick(INDUSTRIES, self.number)
        self.employees = self.number * 37 % 480 + 5
        self.revenue = self.employees * 84_000.0
        self.place = self.number % 60
        self.phone = np.array([_switchboard(n) for n in listed], dtype=object)
        self.created = chunk.uniform_times(len(listed), rng, YEAR_START - 300 * DAY)

    def row_of(self, company: Array) -> Array:
        """Rows of these companies, by their numbers."""
        return np.searchsorted(self.number, company)


class Deals:
    """Deals that go through their stages at a pace of their own: one entry a deal."""

    def __init__(
        self, chunk: Chunk, size: int, stages: int, lost: float, rng: np.random.Generator
    ) -> None:
        """stages: how many there are until a deal is won; the one after is lost."""
        self.created = chunk.uniform_times(size, rng, NOW - 300 * DAY, NOW - 3 * DAY)
        self.pace = rng.integers(5, 40, size)
        won = stages - 1
        age: Array = (NOW - self.created).astype(float) / DAY.astype(float)
        self.reached = np.minimum((age / self.pace).astype(int), won)
        is_lost = (self.reached == won) & (rng.random(size) < lost)
        self.stage = np.where(is_lost, stages, self.reached)
        slip = np.where(self.reached < won, rng.integers(-20, 40, size), 0)
        self.closes = self.created + (self.pace * won + slip) * DAY

    def history(self) -> tuple[Array, Array, Array, Array]:
        """(deal, stage, from, until) of every stage that a deal was in."""
        deal, step = explode(np.zeros(len(self.reached), dtype=int), self.reached + 1)
        is_last = step == self.reached[deal]
        start = self.created[deal] + self.pace[deal] * step * DAY
        until = np.where(is_last, STILL, start + self.pace[deal] * DAY)
        return deal, np.where(is_last, self.stage[deal], step), start, until


def _switchboard(company: int) -> str:
    """A toll-free number that no person has; colleagues give it as theirs."""
    code, line = divmod(company, 10_000)
    return f"+1{TOLL_FREE[code % len(TOLL_FREE)]}555{line:04d}"


def owners(world: World) -> dict[str, Array]:
    """The sales people, the same in both CRMs."""
    rng = world.rng("owners")
    first = rng.choice(world.pools.first["en_US", "f"][0], OWNERS)
    last = rng.choice(world.pools.last["en_US"][0], OWNERS)
    names = zip(first, last, strict=True)
    emails = [f"{given}.{family}@larkspur.example".lower() for given, family in names]
    return {"first_name": first, "last_name": last, "email": np.array(emails, dtype=object)}


def job_titles(chunk: Chunk, who: Array) -> Array:
    """What people do for a living."""
    jobs = chunk.world.pools.jobs
    titles: Array = jobs[chunk.people.number[who] % len(jobs)]
    return titles


def work_cards(chunk: Chunk, is_known: Array, rng: np.random.Generator) -> Cards:
    """Contacts give their work email, mostly; a few the inbox of their company."""
    people = chunk.people
    cards = make_cards(people, is_known, CRM, rng)
    draws = rng.random((2, len(cards)))
    work = soil_emails(people.work_email[cards.person], rng)
    email = choose((draws[0] < WORK_EMAIL) & has(cards.email), work, cards.email)
    inboxes = [
        ("sales@" if who % 3 == 0 else "info@") + company_domain(company, chunk.world.pools)
        for who, company in zip(
            cards.person.tolist(), people.company[cards.person].tolist(), strict=True
        )
    ]
    email = choose(draws[1] < dirt.ROLE_INBOX.rate, np.array(inboxes, dtype=object), email)
    return Cards(**{**vars(cards), "email": email})
