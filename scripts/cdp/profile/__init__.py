"""One person, whole: `cdp profile`. Read only, and shown to whoever asks, never logged."""

from __future__ import annotations

from cdp.profile.as_of import AsOf, read_as_of
from cdp.profile.person import Person, matches, read_person
from cdp.profile.show import print_as_of, print_matches, print_person

__all__ = [
    "AsOf",
    "Person",
    "matches",
    "print_as_of",
    "print_matches",
    "print_person",
    "read_as_of",
    "read_person",
]
