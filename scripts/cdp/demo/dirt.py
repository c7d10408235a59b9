"""The dirt that real systems have: a catalogue of kinds with their rates, and what each does.

Every function takes a column and gives it back soiled, at the catalogue's rate; a source
that is kept better or worse multiplies the rate. It only soils: nothing here cleans, and
nothing is shared with the code of the product, which has to find its own way back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CATALOGUE", "Kind", "plain", "table"]

Array = NDArray[Any]
Rng = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """A kind of dirt: its share of the values, records or people that `of` names."""

    name: str
    rate: float
    of: str
    does: str


TYPO = Kind("typo", 0.025, "names and streets", "a letter is swapped, dropped, doubled or mistyped")
EMAIL_TYPO = Kind(
    "email typo", 0.012, "emails typed by staff or customers", "as above, before or after the @"
)
NICKNAME = Kind("nickname", 0.08, "first names", "Robert signs as Bob; else the initial alone")
CASE = Kind("case", 0.10, "names and emails", "all upper, all lower, or spaces around")
UNICODE = Kind(
    "unicode form",
    0.35,
    "names with accents",
    "decomposed (NFD), or the accents dropped",
)
FULL_WIDTH = Kind("full width", 0.004, "names", "typed with full-width letters")
PHONE_FORMAT = Kind(
    "phone format",
    0.75,
    "phones",
    "national, dashes, dots, brackets, a leading 1 or 001, an extension, instead of E.164",
)
MOVED = Kind("moved house", 0.14, "people", "older records keep the address before")
MARRIED = Kind("married name", 0.04, "people", "older records keep the surname before")
NEW_EMAIL = Kind(
    "second email", 0.52, "people", "some systems know the other, or the one from before"
)
NEW_PHONE = Kind("second phone", 0.30, "people", "a home line, or the number from before")
FAMILY = Kind(
    "family", 0.05, "people", "two adults of one address who share a phone, a device, or both"
)
KIOSK = Kind("kiosk", 0.02, "people with a web account", "logged in on a device in a store")
COOKIE_RESET = Kind("cookie reset", 0.45, "web visitors", "a further anonymous id, or several")
RECYCLED = Kind("recycled phone", 0.01, "people", "hold the number somebody had before")
JUNK = Kind(
    "junk value",
    0.012,
    "emails and phones",
    "test@test.com, 0000000000, null, anonymous, -1, n/a and their like",
)
ROLE_INBOX = Kind("role inbox", 0.05, "business contacts", "info@, sales@ of their company")
MISSING = Kind("missing field", 0.05, "names, addresses, birth dates", "empty")
DUPLICATE_ACCOUNT = Kind(
    "duplicate account", 0.04, "people in a system", "a second record in the same system"
)
DUPLICATE_EVENT = Kind("duplicate event", 0.008, "web and app events", "delivered twice, same id")
LATE_EVENT = Kind(
    "late event", 0.01, "web and app events", "received one to five days after it happened"
)
FUTURE_EVENT = Kind(
    "future event", 0.0008, "web and app events", "dated up to a year ahead by a wrong clock"
)
NO_CARD = Kind("card not shown", 0.06, "members' store baskets", "a sale without a loyalty id")

CATALOGUE = (
    TYPO,
    EMAIL_TYPO,
    NICKNAME,
    CASE,
    UNICODE,
    FULL_WIDTH,
    PHONE_FORMAT,
    MOVED,
    MARRIED,
    NEW_EMAIL,
    NEW_PHONE,
    FAMILY,
    KIOSK,
    COOKIE_RESET,
    RECYCLED,
    JUNK,
    ROLE_INBOX,
    MISSING,
    DUPLICATE_ACCOUNT,
    DUPLICATE_EVENT,
    LATE_EVENT,
    FUTURE_EVENT,
    NO_CARD,
)

_NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "Richard": "Dick", "James": "Jim", "John": "Jack",
    "Michael": "Mike", "Thomas": "Tom", "Christopher": "Chris", "Daniel": "Dan",
    "Matthew": "Matt", "Anthony": "Tony", "Joseph": "Joe", "Steven": "Steve",
    "Edward": "Ted", "Charles": "Chuck", "Kenneth": "Ken", "Andrew": "Andy",
    "Joshua": "Josh", "Timothy": "Tim", "Jeffrey": "Jeff", "Gregory": "Greg",
    "Benjamin": "Ben", "Samuel": "Sam", "Nicholas": "Nick", "Alexander": "Alex",
    "Jonathan": "Jon", "Ronald": "Ron", "Zachary": "Zach", "Patrick": "Pat",
    "Elizabeth": "Liz", "Jennifer": "Jen", "Margaret": "Peggy", "Patricia": "Patty",
    "Katherine": "Kate", "Kathleen": "Kathy", "Deborah": "Debbie", "Susan": "Sue",
    "Jessica": "Jess", "Rebecca": "Becky", "Victoria": "Vicky", "Amanda": "Mandy",
    "Christina": "Tina", "Stephanie": "Steph", "Kimberly": "Kim", "Barbara": "Barb",
    "Samantha": "Sam", "Alexandra": "Sandra", "Cynthia": "Cindy", "Pamela": "Pam",
    "Theresa": "Terry", "Abigail": "Abby", "Madison": "Maddie", "Francisco": "Paco",
    "José": "Pepe", "Guadalupe": "Lupe",
}  # fmt: skip
_NEIGHBOURS = {
    key: row[max(at - 1, 0)] if at else row[1]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for at, key in enumerate(row)
}
_JUNK_EMAILS = (
    "test@test.com", "none@none.com", "noemail@example.com", "asdf@asdf.com", "null", "n/a",
    "-1", "anonymous", "unknown", "",
)  # fmt: skip
_JUNK_PHONES = (
    "0000000000", "9999999999", "1234567890", "+10000000000", "null", "-1", "n/a", "none", "",
)  # fmt: skip
_PHONE_SHAPES: tuple[Callable[[str, str, str], str], ...] = (
    lambda area, exchange, line: f"({area}) {exchange}-{line}",
    lambda area, exchange, line: f"{area}-{exchange}-{line}",
    lambda area, exchange, line: f"{area}.{exchange}.{line}",
    lambda area, exchange, line: f"{area}{exchange}{line}",
    lambda area, exchange, line: f"1-{area}-{exchange}-{line}",
    lambda area, exchange, line: f"+1 {area} {exchange} {line}",
    lambda area, exchange, line: f"001{area}{exchange}{line}",
    lambda area, exchange, line: f"({area}) {exchange}-{line} ext. {int(line) % 90 + 10}",
)


def table() -> str:
    """The catalogue as the Markdown table of docs/demo.md."""
    rows = [f"| {kind.name} | {kind.rate:.2%} | {kind.of} | {kind.does} |" for kind in CATALOGUE]
    return "\n".join(("| kind | rate | of | what it does |", "|---|---|---|---|", *rows))


def plain(text: str) -> str:
    """Text without accents; letters that have no plain form go."""
    text = text.replace("ł", "l").replace("Ł", "L").replace("ß", "ss")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def change(values: Array, rng: Rng, rate: float, how: Callable[[str, float], str]) -> Array:
    """A copy with `rate` of the values replaced by how(value, a draw in [0, 1)).

    Missing and empty values stay as they are.
    """
    soiled = values.copy()
    draws = rng.random(len(values))
    for at in np.flatnonzero(rng.random(len(values)) < rate):
        if values[at]:
            soiled[at] = how(values[at], draws[at])
    return soiled


def typos(values: Array, rng: Rng, scale: float = 1.0) -> Array:
    """Names or streets with letters swapped, dropped, doubled or mistyped."""
    return change(values, rng, TYPO.rate * scale, _misspell)


def email_typos(values: Array, rng: Rng, scale: float = 1.0) -> Array:
    """Emails with one such slip."""
    return change(values, rng, EMAIL_TYPO.rate * scale, _misspell)


def _misspell(text: str, draw: float) -> str:
    if len(text) < 3:
        return text
    spot, slip = divmod(int(draw * 4 * (len(text) - 2)), 4)
    spot += 1
    before, letter, after = text[:spot], text[spot], text[spot + 1 :]
    if letter in "@.":
        return text
    if slip == 0:
        return before + after[:1] + letter + after[1:] if after[:1] not in ("@", ".") else text
    if slip == 1:
        return before + after
    if slip == 2:
        return before + letter + letter + after
    return before + _NEIGHBOURS.get(letter.lower(), letter) + after


def nicknames(values: Array, rng: Rng, scale: float = 1.0) -> Array:
    """First names as their bearers sign: a nickname, or an initial."""
    return change(
        values, rng, NICKNAME.rate * scale, lambda name, draw: _NICKNAMES.get(name, f"{name[0]}.")
    )


def cases(values: Array, rng: Rng, scale: float = 1.0) -> Array:
    """Values in upper or lower case, or with spaces around."""
    shapes: tuple[Callable[[str], str], ...] = (str.upper, str.lower, lambda text: f" {text} ")
    return change(values, rng, CASE.rate * scale, lambda text, draw: shapes[int(draw * 3)](text))


def encodings(values: Array, rng: Rng) -> Array:
    """Names in other Unicode forms: decomposed, accents dropped, full width."""

    def decompose_or_drop(name: str, draw: float) -> str:
        if name.isascii() or not plain(name):
            return name
        return unicodedata.normalize("NFD", name) if draw < 0.4 else plain(name)

    def widen(name: str, draw: float) -> str:
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)

    return change(change(values, rng, UNICODE.rate, decompose_or_drop), rng, FULL_WIDTH.rate, widen)


def phone_formats(values: Array, rng: Rng, rate: float = PHONE_FORMAT.rate) -> Array:
    """E.164 numbers (+1aaaeeellll) as people and systems write them."""

    def reshape(phone: str, draw: float) -> str:
        shape = _PHONE_SHAPES[int(draw * len(_PHONE_SHAPES))]
        return shape(phone[2:5], phone[5:8], phone[8:])

    return change(values, rng, rate, reshape)


def junk_emails(values: Array, rng: Rng, scale: float = 1.0) -> Array:
    """Emails with placeholders among them."""
    return change(values, rng, JUNK.rate * scale, lambda _, draw: _pick(_JUNK_EMAILS, draw))


def junk_phones(values: Array, rng: Rng, scale: float = 1.0) -> Array:
    """Phones with placeholders among them."""
    return change(values, rng, JUNK.rate * scale, lambda _, draw: _pick(_JUNK_PHONES, draw))


def missing(values: Array, rng: Rng, rate: float = MISSING.rate) -> Array:
    """Values with gaps."""
    soiled = values.astype(object)
    soiled[rng.random(len(values)) < rate] = None
    return soiled


def with_duplicates(records: Array, rng: Rng) -> tuple[Array, Array]:
    """People indices, those with a second account twice; and which number each account has."""
    again = records[rng.random(len(records)) < DUPLICATE_ACCOUNT.rate]
    nth = np.r_[np.zeros(len(records), dtype=int), np.ones(len(again), dtype=int)]
    return np.r_[records, again], nth


def repeats(count: int, rng: Rng) -> Array:
    """Row numbers of `count` events, some of them twice, in the order of arrival."""
    again = np.flatnonzero(rng.random(count) < DUPLICATE_EVENT.rate)
    return np.sort(np.r_[np.arange(count), again])


def arrival(times: Array, latest: np.datetime64, rng: Rng) -> tuple[Array, Array]:
    """(time as stamped, time received) of events: late ones, and ones from a wrong clock.

    An event is late only where it has still arrived by `latest`.
    """
    seconds = rng.exponential(2.0, len(times)) + 0.2
    late = rng.random(len(times)) < LATE_EVENT.rate
    late &= times < latest - np.timedelta64(5, "D")
    seconds = np.where(late, rng.uniform(86_400, 5 * 86_400, len(times)), seconds)
    received = times + (seconds * 1e6).astype("timedelta64[us]")
    ahead = np.where(rng.random(len(times)) < FUTURE_EVENT.rate, rng.uniform(1, 365, len(times)), 0)
    return times + (ahead * 86_400e6).astype("timedelta64[us]"), received


def _pick(options: tuple[str, ...], draw: float) -> str:
    return options[int(draw * len(options))]
