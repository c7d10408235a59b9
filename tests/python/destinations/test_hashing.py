"""Identifiers as each platform wants them, beside what the vendors' own code makes of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cdp.destinations._hashing import GOOGLE, META, STEPS, sent

VECTORS = json.loads((Path(__file__).parent / "vectors/hashing.json").read_text(encoding="utf-8"))


def pairs(vendor: str) -> list[tuple[str, str, str]]:
    return [(name, *pair) for name, found in VECTORS[vendor].items() for pair in found]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("field", "value", "expected"), pairs("meta"))
def test_meta_as_its_sdk(field: str, value: str, expected: str) -> None:
    assert sent(META[field], value) == expected


@pytest.mark.parametrize(("field", "value", "expected"), pairs("google"))
def test_google_as_its_guide(field: str, value: str, expected: str) -> None:
    assert sent(GOOGLE[field], value) == sha256(expected)


def test_one_email_is_not_the_same_for_all() -> None:
    assert sent(GOOGLE["email"], "A.B@Gmail.com") == sha256("ab@gmail.com")
    assert sent(META["email"], "A.B@Gmail.com") == sha256("a.b@gmail.com")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("email", found) for found in ("", " ", "nobody", "a@b", "a b@c.de@", "@gmail.com")),
        *(("phone", found) for found in ("", "-", "555 0100", "(555) 010-9999", "+0123456789")),
        *(("first_name", found) for found in ("...", "👩‍🚀")),
    ],
)
def test_of_nothing_there_is_no_hash(field: str, value: str) -> None:
    """The hash of an empty text is a hash that all such people would share."""
    assert [sent(rules[field], value) for rules in (GOOGLE, META)] == ["", ""]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Mrs. Ann", "ann"), ("Dr Ann-Lee ", "annlee"), ("O'Neil, Jr.", "oneil"), ("Drew", "drew")],
)
def test_google_takes_names_without_titles(value: str, expected: str) -> None:
    assert sent(GOOGLE["first_name"], value) == sha256(expected)


def test_letters_beyond_a_to_z_stay() -> None:
    assert sent(META["last_name"], "Łuc\u0301ja") == sha256("łućja")


def test_what_is_hashed_already_passes_only_where_it_is_said() -> None:
    digest = sha256("ann@example.com")
    assert sent(META["email"], digest.upper(), is_hashed=True) == digest
    assert sent(META["email"], digest) == ""  # no email
    assert sent(META["email"], "ann@example.com", is_hashed=True) == ""  # no hash


def test_every_step_is_in_use_and_every_use_is_a_step() -> None:
    used = {step for rules in (GOOGLE, META) for rule in rules.values() for step in rule.steps}
    assert used == set(STEPS)
