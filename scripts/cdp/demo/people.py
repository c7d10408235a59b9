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

from cdp.demo import dirt
from cdp.demo.names import AREA_CODES, LOCALES, MAIL_PROVIDERS, Pools
from cdp.demo.purchases import Purchases

__all__ = [
    "DAY",
    "YEAR_START",
    "Address",
    "People",
    "choose",
    "company_domain",
    "company_name",
    "has",
    "make_people",
    "text",
]

Array = NDArray[Any]
Rng = np.random.Generator

DAY = np.timedelta64(86_400_000_000, "us")
YEAR_START = np.datetime64("2017-01-01T00:00:00.000000")

_AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
# Share of the buyers, and of the prospects, that are known to each system.
MEMBERSHIP = {
    "loyalty": (0.56, 0.02),  # and every household that a campaign was aimed at
    "shopify": (0.58, 0.25),
    "app": (0.30, 0.12),
    "klaviyo": (0.52, 0.45),
    "mailchimp": (0.40, 0.30),
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
class Address:
    """Where people live: one entry a person."""

    line1: Array
    city: Array
    region: Array
    postal_code: Array
    country: Array

    def where(self, mask: Array, other: Address) -> Address:
        """`other`'s address where the mask holds, else this one."""
        return Address(
            **{
                name: np.where(mask, getattr(other, name), mine)
                for name, mine in vars(self).items()
            }
        )


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


def text(prefix: str, numbers: Array, suffix: str = "") -> Array:
    """Ids: the numbers between a prefix and a suffix."""
    return np.array([f"{prefix}{n}{suffix}" for n in numbers.tolist()], dtype=object)


def choose(mask: Array, values: Any, others: Any = None) -> Array:
    """Text of `values` where the mask holds, else of `others`."""
    chosen: Array = np.where(mask, values, others).astype(object)
    return chosen


def has(values: Array) -> Array:
    """Which of the values are there."""
    nothing: Any = None
    there: Array = np.not_equal(values, nothing)
    return there


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
    first, last, last_other = _names(locale, gender, pools, rng)
    partner = _partners(household, rng)
    is_second = (partner >= 0) & (partner < np.arange(size))
    last = np.where(is_second & (rng.random(size) < 0.8), last[partner], last).astype(object)
    is_married = (gender == "f") & (rng.random(size) < 2 * dirt.MARRIED.rate)
    address, before = (_addresses(size, pools, rng) for _ in range(2))
    address = address.where(is_second, _take(address, partner))
    has_moved = rng.random(size) < dirt.MOVED.rate
    uses = _memberships(household, partner, purchases, rng)
    in_business = uses["salesforce"] | uses["hubspot"]
    colleagues = number[0] + rng.integers(0, max(1, size // 14), size)
    company = np.where(in_business, colleagues, -1)
    has_account = (uses["shopify"] & (rng.random(size) < 0.88)) | uses["app"]
    phone, phone2, recycled = _phones(number, address.country, uses["loyalty"], rng)
    changed = is_married | has_moved | has(phone2)
    changed_at = YEAR_START + (rng.integers(20, 330, size) * DAY)
    shares = rng.random(size)
    shares = np.where(is_second, shares[partner], shares)
    in_family = partner >= 0
    email, email2 = (_emails(first, last, number, which, rng) for which in (0, 1))
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
        birth_date=_birth_dates(demographics, rng),
        email=email,
        email2=email2,
        shop_email=choose((rng.random(size) < 0.4) & has(email2), email2, email),
        work_email=choose(in_business, _work_emails(first, last, company, number, pools)),
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


def _names(locale: Array, gender: Array, pools: Pools, rng: Rng) -> tuple[Array, Array, Array]:
    first, last, other = (np.empty(len(locale), dtype=object) for _ in range(3))
    for code in LOCALES:
        here = locale == code
        names, weights = pools.last[code]
        last[here] = rng.choice(names, here.sum(), p=weights)
        other[here] = rng.choice(names, here.sum(), p=weights)
        for sex in "fm":
            mask = here & (gender == sex)
            names, weights = pools.first[code, sex]
            first[mask] = rng.choice(names, mask.sum(), p=weights)
    return first, last, other


def _partners(household: Array, rng: Rng) -> Array:
    """Index of the other adult of a family, for pairs of neighbours among the buyers."""
    partner = np.full(len(household), -1)
    buyers = np.flatnonzero(household >= 0)
    pairs = buyers[: len(buyers) // 2 * 2].reshape(-1, 2)
    pairs = pairs[rng.random(len(pairs)) < dirt.FAMILY.rate]
    partner[pairs[:, 0]] = pairs[:, 1]
    partner[pairs[:, 1]] = pairs[:, 0]
    return partner


def _addresses(size: int, pools: Pools, rng: Rng) -> Address:
    place = rng.integers(0, len(pools.city), size)
    is_canada = pools.country == "CA"
    weights = np.where(is_canada, 0.04 / is_canada.sum(), 0.96 / (~is_canada).sum())
    place = rng.choice(len(weights), size, p=weights)
    house = rng.integers(1, 9900, size)
    street = pools.streets[rng.integers(0, len(pools.streets), size)]
    tail = rng.integers(0, 100, size)
    prefix, country = pools.postal_prefix[place], pools.country[place]
    postal = [
        f"{p}{t:02d}" if c == "US" else f"{p} {t % 10}A{t // 10}"
        for p, t, c in zip(prefix, tail.tolist(), country, strict=True)
    ]
    line1 = [f"{h} {s}" for h, s in zip(house.tolist(), street, strict=True)]
    return Address(
        line1=np.array(line1, dtype=object),
        city=pools.city[place],
        region=pools.region[place],
        postal_code=np.array(postal, dtype=object),
        country=country,
    )


def _take(address: Address, index: Array) -> Address:
    return Address(**{name: values[index] for name, values in vars(address).items()})


def _birth_dates(demographics: list[dict[str, Any]], rng: Rng) -> Array:
    """Dates that fit the household's real age band, where it is known."""
    bands = [_AGE_BANDS.get(d.get("age", ""), (19, 80)) for d in demographics]
    low, high = np.array(bands).T
    days = (low + rng.random(len(bands)) * (high - low + 1)) * 365.25
    dates: Array = np.datetime64("2018-01-01", "D") - days.astype("timedelta64[D]")
    return dates


def _emails(first: Array, last: Array, number: Array, which: int, rng: Rng) -> Array:
    """Addresses at consumer providers; the digits make them unique to the person."""
    provider = rng.integers(0, len(MAIL_PROVIDERS), len(first))
    shape = rng.integers(0, 3, len(first))
    return np.array(
        [
            _local_part(f, name, n * 2 + which, s) + "@" + MAIL_PROVIDERS[p]
            for f, name, n, s, p in zip(
                first, last, number.tolist(), shape.tolist(), provider.tolist(), strict=True
            )
        ],
        dtype=object,
    )


def _local_part(first: str, last: str, number: int, shape: int) -> str:
    given, family = (
        "".join(filter(str.isalnum, dirt.plain(name))).lower() for name in (first, last)
    )
    given, family = given or "user", family or "mail"
    if shape == 0:
        return f"{given}.{family}{number}"
    return f"{given[0]}{family}{number}" if shape == 1 else f"{family}_{given}{number}"


def _work_emails(first: Array, last: Array, company: Array, number: Array, pools: Pools) -> Array:
    return np.array(
        [
            f"{_local_part(f, name, n % 100, 0)}@{company_domain(c, pools)}" if c >= 0 else None
            for f, name, c, n in zip(first, last, company.tolist(), number.tolist(), strict=True)
        ],
        dtype=object,
    )


def company_name(company: int, pools: Pools) -> str:
    """The name of a chunk's company by its number."""
    return str(pools.companies[company % len(pools.companies)])


def company_domain(company: int, pools: Pools) -> str:
    """The domain of a company: its name and a number, under the domain for examples."""
    name = dirt.plain(company_name(company, pools)).lower()
    return "".join(c for c in name if c.isalnum()) + f"{company}.example"


def _phones(
    number: Array, country: Array, is_member: Array, rng: Rng
) -> tuple[Array, Array, Array]:
    """(phone, second phone, holds a recycled number), E.164 on the fictional exchange."""
    phone, second = (
        np.array(
            [_phone(n * 2 + slot, c) for n, c in zip(number.tolist(), country, strict=True)],
            dtype=object,
        )
        for slot in (0, 1)
    )
    has_second = rng.random(len(number)) < dirt.NEW_PHONE.rate
    members = np.flatnonzero(is_member)
    pairs = np.c_[members[:-1], members[1:]][::2]
    pairs = pairs[rng.random(len(pairs)) < 2 * dirt.RECYCLED.rate]
    holders, heirs = pairs.T
    has_second[holders] = True
    phone[heirs] = second[holders]
    recycled = np.isin(np.arange(len(number)), heirs)
    return phone, choose(has_second, second), recycled


def _phone(serial: int, country: str) -> str:
    areas = AREA_CODES[country]
    block = len(areas) * 10_000
    exchange, place = divmod(serial, block)
    area, line = divmod(place * 12_347 % block, 10_000)
    return f"+1{areas[area]}{555 + exchange}{line:04d}"


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
