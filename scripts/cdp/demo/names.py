"""Pools of names, streets, places and companies, made once by Faker and sampled from.

Faker is slow a value and quick a pool: a million people cost the same few thousand calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from faker import Faker
from numpy.typing import NDArray

__all__ = ["AREA_CODES", "LOCALES", "MAIL_PROVIDERS", "Pools", "build"]

Array = NDArray[Any]

# Share of the people whose names come from each locale.
LOCALES = {
    "en_US": 0.80,
    "es_MX": 0.08,
    "fr_FR": 0.03,
    "de_DE": 0.03,
    "pl_PL": 0.03,
    "it_IT": 0.02,
    "zh_CN": 0.01,
}
# Consumer mail providers, under the domain that is reserved for examples.
MAIL_PROVIDERS = (
    "postbox.example",
    "webmail.example",
    "inbox.example",
    "mailhub.example",
    "fastpost.example",
)
# Faker has no list of Polish surnames, only a rule that makes them.
_POLISH = """Nowak Wójcik Kowalczyk Woźniak Mazur Krawczyk Kaczmarek Piotrowski Grabowska
Łukasiewicz Wróbel Jabłoński Dąbrowska Sikora Michalak Żak Śliwa Górski"""
# Area codes: a phone number is one of these, the exchange 555 (kept free for fiction)
# and four digits. Beyond 600,000 numbers other exchanges follow.
_AREAS_US = """201 203 206 212 213 214 216 303 305 310 312 313 314 316 317 323 401 402 404 405
406 407 410 412 414 415 419 425 443 480 501 502 503 504 505 508 510 512 513 515 516 518 520 585
602 603 605 608 609 610 612 614 615 617 619 701 702 703 713"""
_AREAS_CA = "204 250 306 403 416 418 506 514 604 613 705 902"
AREA_CODES = {"US": tuple(_AREAS_US.split()), "CA": tuple(_AREAS_CA.split())}
_PLACES_US, _PLACES_CA, _STREETS, _COMPANIES = 60, 12, 1500, 4000


@dataclass(frozen=True)
class Pools:
    """What to sample names and places from; every array has its weights beside it."""

    first: dict[tuple[str, str], tuple[Array, Array]]  # (locale, gender)
    last: dict[str, tuple[Array, Array]]
    streets: Array
    city: Array
    region: Array
    postal_prefix: Array  # three characters: the rest is drawn
    country: Array
    companies: Array
    jobs: Array


@lru_cache(maxsize=1)
def build(seed: int) -> Pools:
    """The pools of a seed. About a second, whatever the number of people."""
    fakers = {locale: _faker(locale, seed) for locale in (*LOCALES, "en_CA")}
    people = {
        locale: next(
            provider
            for provider in fakers[locale].get_providers()
            if provider.__provider__.endswith("person")
        )
        for locale in LOCALES
    }
    us, canada = fakers["en_US"], fakers["en_CA"]
    places = [_place_us(us) for _ in range(_PLACES_US)]
    places += [_place_ca(canada) for _ in range(_PLACES_CA)]
    city, region, prefix, country = zip(*places, strict=True)
    return Pools(
        first={
            (locale, gender): _weighted(
                provider.first_names_female if gender == "f" else provider.first_names_male
            )
            for locale, provider in people.items()
            for gender in "fm"
        },
        last={
            locale: _weighted(_POLISH.split() if locale == "pl_PL" else provider.last_names)
            for locale, provider in people.items()
        },
        streets=_objects(us.street_name() for _ in range(_STREETS)),
        city=_objects(city),
        region=_objects(region),
        postal_prefix=_objects(prefix),
        country=_objects(country),
        companies=_objects(us.company() for _ in range(_COMPANIES)),
        jobs=_objects(us.job() for _ in range(300)),
    )


def _faker(locale: str, seed: int) -> Faker:
    faker = Faker(locale)
    faker.seed_instance(seed)
    return faker


def _place_us(faker: Faker) -> tuple[str, str, str, str]:
    state = faker.state_abbr(include_territories=False, include_freely_associated_states=False)
    return faker.city(), state, faker.zipcode_in_state(state)[:3], "US"


def _place_ca(faker: Faker) -> tuple[str, str, str, str]:
    province = faker.province_abbr()
    return faker.city(), province, faker.postcode_in_province(province)[:3], "CA"


def _weighted(names: Mapping[str, float] | Iterable[str]) -> tuple[Array, Array]:
    """Distinct names and their probabilities; plain lists are all alike."""
    if isinstance(names, Mapping):
        weights = np.array(list(names.values()), dtype=float)
        return _objects(names), weights / weights.sum()
    distinct = sorted(set(names))
    return _objects(distinct), np.full(len(distinct), 1 / len(distinct))


def _objects(values: Iterable[str]) -> Array:
    return np.array(list(values), dtype=object)
