"""Probable matches: fitting, the columns of a file, and whole runs on both warehouses."""

from __future__ import annotations

import csv
import itertools
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdp.errors import ConfigError
from cdp.identity.labelled import LabelledFile, guess_columns
from cdp.identity.train import Level, Model, check, fit

FIRST = [a + b for a in ("An", "Ber", "Ce", "Do", "El") for b in ("nora", "tram", "lio", "wick")]
LAST = [a + b for a in ("Ash", "Black", "Car", "Daven", "Ells", "Fair", "Good", "Hart", "Lang")
        for b in ("worth", "wood", "michael", "port", "banks", "win", "field", "ley")]  # fmt: skip
TOWNS = ["Leeds", "Dover", "Truro", "Perth", "Exeter", "Lincoln", "Durham", "Swansea", "Oxford"]
HEADER = ["id", "forename", "surname", "dob", "town", "zip", "address", "person"]


def people(count: int = 60) -> list[list[str]]:
    """Three records of each person: as is, with a slip in the name, after a move."""
    draw = random.Random(7)
    rows = []
    for person in range(count):
        first, last = draw.choice(FIRST), draw.choice(LAST)
        born = f"{draw.randint(1940, 2004)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        street = f"{draw.randint(1, 999)} {draw.choice(LAST)} Road"
        town, code = draw.choice(TOWNS), f"{draw.randint(10000, 99999)}"
        slip, moved = last[:2] + last[3:], f"{draw.randint(1, 999)} {draw.choice(LAST)} Lane"
        rows += [
            [f"{person}-a", first, last, born, town, code, street, str(person)],
            [f"{person}-b", first, slip, born, town, code, street, str(person)],
            [
                f"{person}-c",
                first,
                last,
                born,
                "Perth",
                f"{draw.randint(10000, 99999)}",
                moved,
                str(person),
            ],
        ]
    # One household: the same surname and address, another name and birth date.
    rows.append(["h-1", "Ottilie", "Quill", "1970-02-03", "Leeds", "10101", "1 Mill Street", "h1"])
    rows.append(["h-2", "Ignatius", "Quill", "1999-11-21", "Leeds", "10101", "1 Mill Street", "h2"])
    draw.shuffle(rows)
    return rows


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *people()])
    return path


NAMES = ("a", "b", "c", "d", "e")
PLACES = ("exact", "slip", "different")


def start() -> Model:
    levels = [Level("exact", 0.9, 0.1, 3.2), Level("slip", 0.05, 0.1, -1.0),
              Level("different", 0.05, 0.8, -4.0)]  # fmt: skip
    return Model(dict.fromkeys(NAMES, levels), partners=1.0)


def found(m: list[float], u: list[float]) -> dict[str, tuple[float, float]]:
    return dict(zip(PLACES, zip(m, u, strict=True), strict=True))


def candidates(m: list[float], u: list[float], matches: int, strangers: int) -> dict[Any, int]:
    """How many pairs have each pattern of levels, were the model true."""
    places = found(m, u)
    return {
        pattern: round(
            matches * math.prod(places[level][0] for level in pattern)
            + strangers * math.prod(places[level][1] for level in pattern)
        )
        for pattern in itertools.product(PLACES, repeat=len(NAMES))
    }


M, U = [0.8, 0.15, 0.05], [0.02, 0.03, 0.95]


def test_the_prior_is_what_the_candidates_were_made_from() -> None:
    records = 2_000
    strangers = records * (records - 1) // 2 - 3_000
    fitted = fit(
        start(), dict.fromkeys(NAMES, found(M, U)), candidates(M, U, 3_000, strangers), {}, records
    )
    for levels in fitted.comparisons.values():
        assert [level.m for level in levels] == pytest.approx(M, abs=0.01)
        assert [level.u for level in levels] == pytest.approx(U, abs=0.005)
    assert fitted.partners == pytest.approx(2 * 3_000 / records, rel=0.05)


def test_levels_out_of_order_share_a_weight() -> None:
    upside_down = found([0.5, 0.4, 0.1], [0.2, 0.01, 0.79])
    fitted = fit(start(), {"a": upside_down}, {("exact",) * 5: 10}, {}, 400)
    exact, slip, _ = fitted.comparisons["a"]
    assert exact.weight == slip.weight > 0


def test_what_the_people_say_nothing_about_stays_as_it_was() -> None:
    fitted = fit(start(), {"a": found(M, U)}, {("exact",) * 5: 10}, {}, 400)
    assert fitted.comparisons["b"] == start().comparisons["b"]
    assert fitted.comparisons["a"] != start().comparisons["a"]


def test_a_column_of_one_value_tells_next_to_nothing() -> None:
    only = found([1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    fitted = fit(start(), {"e": only}, {("exact",) * 5: 10}, {"e": 1.0}, 400)
    assert fitted.comparisons["e"][0].weight == pytest.approx(0, abs=0.1)


def levels(*parts: tuple[float, float, float]) -> list[Level]:
    return [Level(name, *part) for name, part in zip(PLACES, parts, strict=True)]


GOOD = levels((0.9, 0.1, 3.2), (0.05, 0.1, -1.0), (0.05, 0.8, -4.0))


@pytest.mark.parametrize(
    ("comparison", "partners", "linked", "message"),
    [
        (levels((0.1, 0.2, 0.0), (0.2, 0.2, 0.0), (0.7, 0.6, 0.0)), 1.0, 0,
         "agreement on a speaks against two records"),
        (levels((0.5, 0.1, 2.3), (0.4, 0.05, 3.0), (0.1, 0.85, -3.1)), 1.0, 0,
         "further apart by a are likelier"),
        (levels((0.9, 0.9, 0.0), (0.05, 0.05, 0.0), (0.05, 0.05, 0.0)), 1.0, 0,
         "agreement on anything says nothing"),
        (GOOD, 60.0, 0, "most records would be one person"),
        (GOOD, 0.1, 40, "fewer records belong together than identifiers link"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_right_is_refused_in_a_sentence(
    comparison: list[Level], partners: float, linked: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check(Model({"a": comparison}, partners), 100, linked)


def test_a_sound_model_is_not_refused() -> None:
    check(Model({"a": GOOD}, 1.0), 100, 40)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (["given_name", "surname", "date_of_birth"],
         {"first_name": "given_name", "last_name": "surname", "birth_date": "date_of_birth"}),
        (["First Name", "Postcode Fake", "birth_place"],
         {"first_name": "First Name", "postal_code": "Postcode Fake", "city": "birth_place"}),
        (["fname_c1", "by", "bm", "bd"],
         {"first_name": "fname_c1", "birth_year": "by", "birth_month": "bm", "birth_day": "bd"}),
        (["FirstName", "LastName", "MailingStreet", "ssn_last4", "last_seen"],
         {"first_name": "FirstName", "last_name": "LastName", "address_line1": "MailingStreet"}),
        (["Full Name", "E-mail", "ip_address"], {"full_name": "Full Name", "email": "E-mail"}),
        (["colour"], {}),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_names(theirs: list[str], ours: dict[str, str]) -> None:
    assert guess_columns(theirs) == ours


def test_a_file_that_lacks_a_column_is_refused(labelled: Path) -> None:
    with pytest.raises(ConfigError, match="has no column cluster"):
        LabelledFile.open(labelled, "id", "cluster", {})
    with pytest.raises(ConfigError, match="no column of ours"):
        LabelledFile.open(labelled, "id", "person", {"shoe_size": "town"})


@pytest.mark.parametrize("option", [(), ("--train",)])
def test_evaluate_finds_the_people_and_parts_the_household(
    labelled: Path, cdp_cli: Callable[..., Any], option: tuple[str, ...]
) -> None:
    outcome = cdp_cli(
        "identity", "evaluate", labelled, "--id", "id", "--truth", "person", "--json", *option
    )
    assert outcome.exit_code == 0, outcome.stderr
    figures = json.loads(outcome.stdout)
    assert figures["records"] == 182
    assert figures["b_cubed_precision"] == 1.0
    assert figures["b_cubed_recall"] > 0.8
    assert figures["largest_profile"] == figures["largest_person"] == 3
    assert figures["blocking_recall"] == 1.0
