"""Names, addresses, birth dates, emails and phones: what people are called and reached by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import choose
from cdp.demo.names import AREA_CODES, LOCALES, MAIL_PROVIDERS, Pools

__all__ = [
    "Address",
    "addresses",
    "birth_dates",
    "company_domain",
    "company_name",
    "emails",
    "names",
    "phones",
    "work_emails",
]

Array = NDArray[Any]
Rng = np.random.Generator

_AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
IN_CANADA = 0.04  # of the people


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

    def take(self, index: Array) -> Address:
        """The addresses at these entries."""
        return Address(**{name: values[index] for name, values in vars(self).items()})


def names(locale: Array, gender: Array, pools: Pools, rng: Rng) -> tuple[Array, Array, Array]:
    """(first name, last name, another last name) by locale and gender."""
    first, last, other = (np.empty(len(locale), dtype=object) for _ in range(3))
    for code in LOCALES:
        here = locale == code
        options, weights = pools.last[code]
        last[here] = rng.choice(options, here.sum(), p=weights)
        other[here] = rng.choice(options, here.sum(), p=weights)
        for sex in "fm":
            mask = here & (gender == sex)
            options, weights = pools.first[code, sex]
            first[mask] = rng.choice(options, mask.sum(), p=weights)
    return first, last, other


def addresses(size: int, pools: Pools, rng: Rng) -> Address:
    """Addresses all over the places of the pools."""
    is_canada = pools.country == "CA"
    share = np.where(is_canada, IN_CANADA, 1 - IN_CANADA)
    weights = share / np.where(is_canada, is_canada.sum(), (~is_canada).sum())
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


def birth_dates(demographics: list[dict[str, Any]], rng: Rng) -> Array:
    """Dates that fit the household's real age band, where it is known."""
    bands = [_AGE_BANDS.get(d.get("age", ""), (19, 80)) for d in demographics]
    low, high = np.array(bands).T
    days = (low + rng.random(len(bands)) * (high - low + 1)) * 365.25
    dates: Array = np.datetime64("2018-01-01", "D") - days.astype("timedelta64[D]")
    return dates


def emails(first: Array, last: Array, number: Array, which: int, rng: Rng) -> Array:
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


def work_emails(first: Array, last: Array, company: Array, number: Array, pools: Pools) -> Array:
    """Addresses at the company that each buys for; None for who buys for none."""
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


def phones(number: Array, country: Array, is_member: Array, rng: Rng) -> tuple[Array, Array, Array]:
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
