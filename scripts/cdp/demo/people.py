"""The people of the demo, a chunk at a time: who they really are, before any system saw them.

Buyers come first: each stands for one real household and carries its purchase lines.
Prospects follow, who never bought: readers, leads, visitors. People hold arrays with one
entry a person; `None` in a text column is a thing that the person does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import details, dirt
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.details import Address
from cdp.demo.names import LOCALES, Pools
from cdp.demo.purchases import Purchases

__all__ = ["People", "make_people"]

Array = NDArray[Any]
Rng = np.random.Generator

# Share of the buyers, and of the prospects, that are known to each system.
MEMBERSHIP = {
    "loyalty": (0.56, 0.02),  # and every household that a campaign was aimed at
    "shopify": (0.58, 0.25),
    "app": (0.30, 0.12),
    "klaviyo": (0.56, 0.48),
    "mailchimp": (0.44, 0.34),
    "zendesk": (0.17, 0.06),
    "stripe": (0.12, 0.0),
    "salesforce": (0.08, 0.14),
    "hubspot": (0.08, 0.14),
    "survey": (0.25, 0.0),
    "callcenter": (0.10, 0.02),
    "social": (0.08, 0.08),
    "enrichment": (0.30, 0.15),
    "partner": (0.20, 0.25),
}


@dataclass(frozen=True)
class People:
    """A chunk of people: one entry a person in every array."""

    number: Array  # unique over the run
    person_id: Array
    household: Array  # index into Purchases.households; -1: never bought
    demographics: list[dict[str, Any]]
    locale: Array
    gender: Array
    first: Array
    last: Array
    last_before: Array
    birth_date: Array
    email: Array
    email2: Array
    shop_email: Array  # the one of the two that the account at the web shop has
    work_email: Array
    phone: Array
    phone2: Array
    address: Address
    address_before: Address
    changed_at: Array  # when they moved, married, changed number; NaT: never
    is_recycled: Array  # holds a number that somebody had before
    partner: Array  # index of the other adult of the family, -1: none
    family_phone: Array  # the number both give; None: none
    shares_device: Array
    user_id: Array  # of the web shop and the app; None: no account
    loyalty_id: Array
    company: Array  # number of the company they buy for, unique over the run; -1: none
    uses: dict[str, Array]  # system -> is the person known to it

    def __len__(self) -> int:
        return len(self.number)

    @property
    def is_buyer(self) -> Array:
        """Stands for a real household."""
        return self.household >= 0


def make_people(
    number: Array, household: Array, purchases: Purchases, pools: Pools, rng: Rng
) -> People:
    """The people of a chunk, from their numbers and the households that they stand for."""
    size = len(number)
    demographics = [
        purchases.demographics.get(int(purchases.households[h]), {}) if h >= 0 else {}
        for h in household
    ]
    locale = rng.choice(list(LOCALES), size, p=list(LOCALES.values())).astype(object)
    gender = rng.choice(["f", "m"], size).astype(object)
    first, last, last_other = details.names(locale, gender, pools, rng)
    partner = _partners(household, rng)
    is_second = (partner >= 0) & (partner < np.arange(size))
    last = np.where(is_second & (rng.random(size) < 0.8), last[partner], last).astype(object)
    is_married = (gender == "f") & (rng.random(size) < 2 * dirt.MARRIED.rate)
    address, before = (details.addresses(size, pools, rng) for _ in range(2))
    address = address.where(is_second, address.take(partner))
    has_moved = rng.random(size) < dirt.MOVED.rate
    uses = _memberships(household, partner, purchases, rng)
    in_business = uses["salesforce"] | uses["hubspot"]
    colleagues = number[0] + rng.integers(0, max(1, size // 14), size)
    company = np.where(in_business, colleagues, -1)
    has_account = (uses["shopify"] & (rng.random(size) < 0.88)) | uses["app"]
    phone, phone2, recycled = details.phones(number, address.country, uses["loyalty"], rng)
    changed = is_married | has_moved | has(phone2)
    changed_at = YEAR_START + (rng.integers(20, 330, size) * DAY)
    shares = rng.random(size)
    shares = np.where(is_second, shares[partner], shares)
    in_family = partner >= 0
    email, email2 = (details.emails(first, last, number, which, rng) for which in (0, 1))
    email2 = choose(rng.random(size) < dirt.NEW_EMAIL.rate, email2)
    family_phone = np.where(is_second, phone[partner], phone)
    return People(
        number=number,
        person_id=text("p-", number),
        household=household,
        demographics=demographics,
        locale=locale,
        gender=gender,
        first=first,
        last=last,
        last_before=choose(is_married, last_other, last),
        birth_date=details.birth_dates(demographics, rng),
        email=email,
        email2=email2,
        shop_email=choose((rng.random(size) < 0.4) & has(email2), email2, email),
        work_email=choose(in_business, details.work_emails(first, last, company, number, pools)),
        phone=phone,
        phone2=phone2,
        address=address,
        address_before=address.where(has_moved, before),
        changed_at=np.where(changed, changed_at, np.datetime64("NaT")),
        is_recycled=recycled,
        partner=partner,
        family_phone=choose(in_family & (shares < 0.7), family_phone),
        shares_device=in_family & (shares > 0.35),
        user_id=choose(has_account, text("u-", 100_000 + number)),
        loyalty_id=choose(uses["loyalty"], text("L", 40_000_000 + number * 2)),
        company=company,
        uses=uses,
    )


def _partners(household: Array, rng: Rng) -> Array:
    """Index of the other adult of a family, for pairs of neighbours among the buyers."""
    partner = np.full(len(household), -1)
    buyers = np.flatnonzero(household >= 0)
    pairs = buyers[: len(buyers) // 2 * 2].reshape(-1, 2)
    pairs = pairs[rng.random(len(pairs)) < dirt.FAMILY.rate]
    partner[pairs[:, 0]] = pairs[:, 1]
    partner[pairs[:, 1]] = pairs[:, 0]
    return partner


def _memberships(
    household: Array, partner: Array, purchases: Purchases, rng: Rng
) -> dict[str, Array]:
    """Which systems know each person. Members of a family all hold a loyalty card."""
    is_buyer = household >= 0
    uses = {
        system: rng.random(len(household)) < np.where(is_buyer, *shares)
        for system, shares in MEMBERSHIP.items()
    }
    targeted = np.isin(purchases.households, purchases.targets["household"])
    targeted |= np.isin(purchases.households, purchases.redemptions["household"])
    uses["loyalty"] |= is_buyer & (targeted[household] | (partner >= 0))
    uses["zendesk"] |= uses["stripe"] & (rng.random(len(household)) < 0.35)
    unknown = ~np.logical_or.reduce(list(uses.values()))
    uses["loyalty"] |= unknown & is_buyer
    uses["klaviyo"] |= unknown & ~is_buyer
    return uses
