"""The catalogue of dirt: every kind does what it says, at about its rate."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from cdp.demo import dirt

DOCS = Path(__file__).parents[3] / "docs" / "demo.md"
COUNT = 20_000


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def column(value: str | None) -> np.ndarray:
    return np.full(COUNT, value, dtype=object)


def share(soiled: np.ndarray, value: str | None) -> float:
    return float(np.mean(soiled != value))


def test_the_documentation_holds_the_catalogue() -> None:
    assert dirt.table() in DOCS.read_text(encoding="utf-8")


def test_kinds_have_names_of_their_own_and_rates_between_none_and_all() -> None:
    names = [kind.name for kind in dirt.CATALOGUE]
    assert len(set(names)) == len(names)
    assert all(0 < kind.rate < 1 for kind in dirt.CATALOGUE)


def test_typos_change_one_letter() -> None:
    soiled = dirt.typos(column("Margaret"), rng(), scale=4)
    assert share(soiled, "Margaret") == pytest.approx(4 * dirt.TYPO.rate, rel=0.2)
    assert {len(name) for name in soiled} == {7, 8, 9}


def test_typos_leave_emails_with_their_at_sign() -> None:
    soiled = dirt.email_typos(column("ann.lee@webmail.example"), rng(), scale=10)
    assert all(email.count("@") == 1 for email in soiled)


def test_nicknames_are_known_ones_or_initials() -> None:
    assert set(dirt.nicknames(column("Robert"), rng())) == {"Robert", "Bob"}
    assert set(dirt.nicknames(column("Zelda"), rng())) == {"Zelda", "Z."}


def test_cases() -> None:
    assert set(dirt.cases(column("Lee"), rng())) == {"Lee", "LEE", "lee", " Lee "}


def test_accents_are_decomposed_or_dropped() -> None:
    soiled = set(dirt.encodings(column("Łukasz Woźniak"), rng()))
    assert unicodedata.normalize("NFD", "Łukasz Woźniak") in soiled
    assert "Lukasz Wozniak" in soiled


def test_full_width_letters() -> None:
    assert unicodedata.normalize("NFKC", "\uff2c\uff45\uff45") == "Lee"
    assert "\uff2c\uff45\uff45" in set(dirt.encodings(column("Lee"), rng()))


def test_chinese_names_are_not_emptied() -> None:
    assert set(dirt.encodings(column("王伟"), rng())) == {"王伟"}


def test_phone_formats_keep_the_number() -> None:
    soiled = dirt.phone_formats(column("+12015550123"), rng())
    assert share(soiled, "+12015550123") == pytest.approx(dirt.PHONE_FORMAT.rate, rel=0.05)
    shapes = set(soiled)
    assert {"(201) 555-0123", "201-555-0123", "0012015550123", "+1 201 555 0123"} <= shapes
    for shape in shapes:
        digits = "".join(filter(str.isdigit, shape.partition(" ext")[0]))
        assert digits.removeprefix("00").removeprefix("1") == "2015550123"


def test_junk_stays_junk_and_missing_stays_missing() -> None:
    emails = set(dirt.junk_emails(column("a@b.example"), rng(), scale=20))
    assert {"test@test.com", "null", "n/a", "-1", "anonymous", ""} <= emails
    assert "0000000000" in set(dirt.junk_phones(column("+12015550123"), rng(), scale=20))
    for soil in (dirt.typos, dirt.cases, dirt.junk_emails, dirt.junk_phones, dirt.phone_formats):
        assert set(soil(column(None), rng())) == {None}


def test_gaps() -> None:
    gaps = dirt.missing(column("Lee"), rng())
    assert share(gaps, "Lee") == pytest.approx(dirt.MISSING.rate, rel=0.2)


def test_soiling_leaves_the_original_alone() -> None:
    names = column("Robert")
    dirt.missing(dirt.typos(names, rng(), scale=9), rng())
    assert set(names) == {"Robert"}


def test_second_accounts_follow_the_first_ones() -> None:
    person, nth = dirt.with_duplicates(np.arange(COUNT), rng())
    assert len(person) == pytest.approx(COUNT * (1 + dirt.DUPLICATE_ACCOUNT.rate), rel=0.01)
    assert len(set(zip(person.tolist(), nth.tolist(), strict=True))) == len(person)


def test_repeated_events_stand_beside_each_other() -> None:
    rows = dirt.repeats(COUNT, rng())
    assert len(rows) == pytest.approx(COUNT * (1 + dirt.DUPLICATE_EVENT.rate), rel=0.01)
    assert set(np.diff(rows)) == {0, 1}


def test_late_events_have_arrived_and_wrong_clocks_run_ahead() -> None:
    latest = np.datetime64("2018-01-01T06:00:00.000000")
    times = np.full(200_000, latest - np.timedelta64(9, "D"))
    stamped, received = dirt.arrival(times, latest, rng())
    days = (received - times) / np.timedelta64(1, "D")
    assert np.mean(days > 0.5) == pytest.approx(dirt.LATE_EVENT.rate, rel=0.1)
    assert received.max() <= latest
    assert np.mean(stamped > latest) == pytest.approx(dirt.FUTURE_EVENT.rate, rel=0.3)
    _, received = dirt.arrival(np.full(1000, latest), latest, rng())
    assert received.max() < latest + np.timedelta64(1, "h")
