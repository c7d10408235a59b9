"""How advertising platforms want identifiers: normalised by their own rules, then hashed.

One normalised email for all would be wrong: a.b@gmail.com is ab@gmail.com for Google alone.
So the rules are data, a table a vendor. A value of which nothing usable is left is empty,
and must not be hashed.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["GOOGLE", "META", "Rule", "sent"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BEFORE = re.compile(r"^(mr|mrs|ms|miss|dr|prof)\b\.?\s+")
_BEHIND = re.compile(r"[\s,]+(jr|sr|ii|iii|iv|md|phd)\.?$")


@dataclass(frozen=True)
class Rule:
    """Steps, in order, by their names in STEPS; then SHA-256 in hexadecimal, or not."""

    steps: tuple[str, ...]
    is_hashed: bool = True


def sent(rule: Rule, value: object, is_hashed: bool = False) -> str:
    """The value as it is sent; empty where nothing usable is in it.

    is_hashed: it arrives as a SHA-256 already, which passes as it is, if it is one.
    """
    text = unicodedata.normalize("NFC", str(value)).strip()
    if is_hashed and rule.is_hashed:
        return text.lower() if _SHA256.fullmatch(text.lower()) else ""
    for step in rule.steps:
        text = STEPS[step](text)
    return hashlib.sha256(text.encode()).hexdigest() if text and rule.is_hashed else text


def _e164(text: str) -> str:
    """+ and digits; a number without its country is nobody's."""
    digits = re.sub(r"[^\d+]", "", text)
    digits = "+" + digits.removeprefix("00") if digits.startswith("00") else digits
    return digits if re.fullmatch(r"\+[1-9]\d{6,14}", digits) else ""


def _gmail(text: str) -> str:
    """Google's own mailboxes know neither dots nor what follows a plus."""
    name, _, domain = text.partition("@")
    if domain not in ("gmail.com", "googlemail.com"):
        return text
    return f"{name.partition('+')[0].replace('.', '')}@{domain}"


def _is_of_a_word(letter: str) -> bool:
    """Neither punctuation nor a symbol nor a control character."""
    return unicodedata.category(letter)[0] not in "PSC"


def _no_punctuation(text: str) -> str:
    words = ("".join(filter(_is_of_a_word, word)) for word in text.split())
    return " ".join(word for word in words if word)


STEPS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "lower": str.lower,
        "upper": str.upper,
        "no_spaces": lambda text: "".join(text.split()),
        "email": lambda text: text if _EMAIL.fullmatch(text) else "",
        "gmail": _gmail,
        "e164": _e164,
        "no_plus": lambda text: text.removeprefix("+"),
        "no_titles": lambda text: _BEHIND.sub("", _BEFORE.sub("", text)),
        "no_punctuation": _no_punctuation,
        "letters": lambda text: "".join(filter(str.isalpha, text)),
        "before_dash": lambda text: text.partition("-")[0],
        "first": lambda text: text[:1],
        "two": lambda text: text if len(text) == 2 else "",
        "m_or_f": lambda text: text if text in ("m", "f") else "",
        "two_digits": lambda text: text.zfill(2) if text.isdigit() else "",
    }
)

# Data Manager API, "Format user data", read 2026-11-22
GOOGLE: Mapping[str, Rule] = MappingProxyType(
    {
        "email": Rule(("lower", "no_spaces", "email", "gmail")),
        "phone": Rule(("e164",)),
        "first_name": Rule(("lower", "no_titles", "no_punctuation")),
        "last_name": Rule(("lower", "no_titles", "no_punctuation")),
        "country": Rule(("upper", "two"), is_hashed=False),
        "zip": Rule(("no_spaces",), is_hashed=False),
    }
)

# Marketing API, "Customer File Custom Audiences", 2026-04-28; facebook-business 26.0.3,
# which keeps of names only a to z, where the document asks for UTF-8
META: Mapping[str, Rule] = MappingProxyType(
    {
        "external_id": Rule((), is_hashed=False),
        "mobile_id": Rule(("lower",), is_hashed=False),
        "email": Rule(("lower", "email")),
        "phone": Rule(("e164", "no_plus")),
        "first_name": Rule(("lower", "letters")),
        "last_name": Rule(("lower", "letters")),
        "city": Rule(("lower", "letters")),
        "state": Rule(("lower", "letters")),
        "zip": Rule(("lower", "before_dash", "no_spaces")),
        "country": Rule(("lower", "letters", "two")),
        "gender": Rule(("lower", "first", "m_or_f")),
        "birth_year": Rule(()),
        "birth_month": Rule(("two_digits",)),
        "birth_day": Rule(("two_digits",)),
    }
)
