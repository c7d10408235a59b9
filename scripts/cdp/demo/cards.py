"""How a system knows its people: its records' contact data, with the dirt that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import choose, has
from cdp.demo.details import Address
from cdp.demo.people import People

__all__ = ["Cards", "Habits", "make_cards"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Habits:
    """Habits of a source: each a share of its records, but `mess`."""

    email: float = 0.9  # has an email
    second_email: float = 0.2  # ... of who has two: the other one
    phone: float = 0.5  # has a phone
    second_phone: float = 0.15  # ... of who has two: the other one
    family_phone: float = 0.15  # ... of who shares one: the shared one
    stale: float = 0.5  # of who moved, married or changed number: still as before
    mess: float = 1.0  # multiplies the rates of typos, nicknames, case and junk
    formats: float = dirt.PHONE_FORMAT.rate  # of the phones: not in E.164


@dataclass(frozen=True)
class Cards:
    """One entry a record; `person` is its index in the chunk."""

    person: Array
    nth: Array  # 0, or 1 for a person's second account there
    first: Array
    last: Array
    email: Array
    phone: Array
    address: Address
    is_stale: Array

    def __len__(self) -> int:
        return len(self.person)

    @property
    def name(self) -> Array:
        """First and last name in one."""
        return np.array(
            [
                " ".join(part for part in pair if part)
                for pair in zip(self.first, self.last, strict=True)
            ],
            dtype=object,
        )


def make_cards(people: People, is_known: Array, habits: Habits, rng: np.random.Generator) -> Cards:
    """The records of a source over the people it knows, a few of them with two."""
    person, nth = dirt.with_duplicates(np.flatnonzero(is_known), rng)
    draws = rng.random((6, len(person)))
    is_stale = ~np.isnat(people.changed_at[person]) & (draws[0] < habits.stale)
    gives_second = (draws[1] < habits.second_email) | (nth > 0)
    email = _second(people.email[person], people.email2[person], gives_second)
    other_phone = (draws[2] < habits.second_phone) | is_stale
    phone = _second(people.phone[person], people.phone2[person], other_phone)
    family = people.family_phone[person]
    phone = _second(phone, family, draws[3] < habits.family_phone)
    first = dirt.typos(people.first[person], rng, habits.mess)
    first = dirt.cases(dirt.nicknames(first, rng, habits.mess), rng, habits.mess)
    last = choose(is_stale, people.last_before[person], people.last[person])
    last = dirt.cases(dirt.typos(last, rng, habits.mess), rng, habits.mess)
    has_email, has_phone = draws[4] < habits.email, draws[5] < habits.phone
    address = Address(**{n: values[person] for n, values in vars(people.address).items()})
    before = Address(**{n: v[person] for n, v in vars(people.address_before).items()})
    return Cards(
        person=person,
        nth=nth,
        first=dirt.encodings(dirt.missing(first, rng), rng),
        last=dirt.encodings(last, rng),
        email=soil_emails(choose(has_email, email), rng, habits.mess),
        phone=dirt.junk_phones(
            dirt.phone_formats(choose(has_phone, phone), rng, habits.formats), rng, habits.mess
        ),
        address=_soil(address.where(is_stale, before), rng, habits.mess),
        is_stale=is_stale,
    )


def soil_emails(emails: Array, rng: np.random.Generator, mess: float = 1.0) -> Array:
    """Emails with slips, odd case and placeholders."""
    return dirt.junk_emails(dirt.cases(dirt.email_typos(emails, rng, mess), rng), rng, mess)


def _second(values: Array, others: Array, mask: Array) -> Array:
    """The other value where the mask holds and there is one."""
    return choose(mask & has(others), others, values)


def _soil(address: Address, rng: np.random.Generator, mess: float) -> Address:
    return Address(
        line1=dirt.cases(dirt.typos(dirt.missing(address.line1, rng), rng, mess), rng),
        city=dirt.cases(dirt.typos(dirt.missing(address.city, rng), rng, mess), rng),
        region=address.region,
        postal_code=dirt.missing(address.postal_code, rng),
        country=address.country,
    )
