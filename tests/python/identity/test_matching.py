"""Probable matches: fitting, the columns of a file, and whole runs on both warehouses."""

from __future__ import annotations

import csv
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdp.errors import ConfigError
from cdp.identity.labelled import LabelledFile, guess_columns
from cdp.identity.train import Level, Model, fit

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


def start() -> Model:
    levels = [Level("exact", 0.9, 0.1, 3.2), Level("slip", 0.05, 0.1, -1.0),
              Level("different", 0.05, 0.8, -4.0)]  # fmt: skip
    return Model(dict.fromkeys(NAMES, levels), partners=1.0)


def expected(m: list[float], u: list[float], matches: int, strangers: int) -> dict[Any, int]:
    """How many pairs have each pattern, by the very model that is to be found."""
    places = dict(zip(("exact", "slip", "different"), zip(m, u, strict=True), strict=True))
    return {
        pattern: round(
            matches * math.prod(places[level][0] for level in pattern)
            + strangers * math.prod(places[level][1] for level in pattern)
        )
        for pattern in itertools.product(places, repeat=len(NAMES))
    }


def ending_in(level: str, patterns: dict[Any, int]) -> dict[Any, int]:
    """The patterns with their last comparison always at that level."""
    counts: Counter[Any] = Counter()
    for pattern, pairs in patterns.items():
        counts[*pattern[:-1], level] += pairs
    return dict(counts)


def test_fit_finds_what_the_pairs_were_made_from() -> None:
    m, u = [0.8, 0.15, 0.05], [0.02, 0.03, 0.95]
    records = 2_000
    strangers = records * (records - 1) // 2 - 3_000
    chance = expected(m, u, 0, 200_000)
    fitted = fit(start(), expected(m, u, 3_000, strangers), chance, {}, records)
    for levels in fitted.comparisons.values():
        assert [level.m for level in levels] == pytest.approx(m, abs=0.01)
        assert [level.u for level in levels] == pytest.approx(u, abs=0.005)
        assert [level.weight for level in levels] == sorted(
            (level.weight for level in levels), reverse=True
        )
    assert fitted.partners == pytest.approx(2 * 3_000 / records, rel=0.05)


def test_levels_out_of_order_share_a_weight() -> None:
    m, u = [0.5, 0.4, 0.1], [0.2, 0.01, 0.79]
    candidates = expected(m, u, 2_000, 20_000)
    fitted = fit(start(), candidates, expected(m, u, 0, 100_000), {}, 400)
    exact, slip, _ = fitted.comparisons["a"]
    assert exact.weight == slip.weight > 0


def test_a_comparison_that_tells_the_reverse_comes_to_nothing() -> None:
    m, u = [0.8, 0.15, 0.05], [0.02, 0.03, 0.95]
    chance = ending_in("exact", expected(m, u, 0, 200_000))
    candidates = ending_in("different", expected(m, u, 2_000, 20_000))
    fitted = fit(start(), candidates, chance, {}, 400)
    assert all(abs(level.weight) < 0.1 for level in fitted.comparisons["e"])
    assert fitted.comparisons["a"][0].weight > 1


def test_a_column_of_one_value_tells_next_to_nothing() -> None:
    m, u = [0.8, 0.15, 0.05], [0.02, 0.03, 0.95]
    chance, candidates = expected(m, u, 0, 200_000), expected(m, u, 2_000, 20_000)
    only = (ending_in("exact", patterns) for patterns in (candidates, chance))
    fitted = fit(start(), *only, {"e": 1.0}, 400)
    assert fitted.comparisons["e"][0].weight == pytest.approx(0, abs=0.1)


def test_a_model_by_which_nothing_speaks_for_a_match_is_refused() -> None:
    levels = [Level("exact", 0.1, 0.6, -2.6), Level("different", 0.9, 0.4, 1.2)]
    same = {("exact",): 60_000, ("different",): 40_000}
    with pytest.raises(ConfigError, match="agreement on anything speaks against"):
        fit(Model({"a": levels}, 1.0), {("different",): 50}, same, {}, 100)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (["given_name", "surname", "date_of_birth"],
         {"first_name": "given_name", "last_name": "surname", "birth_date": "date_of_birth"}),
        (["First Name", "Postcode Fake", "birth_place"],
         {"first_name": "First Name", "postal_code": "Postcode Fake", "city": "birth_place"}),
        (["fname_c1", "by", "bm", "bd"],
         {"first_name": "fname_c1", "birth_year": "by", "birth_month": "bm", "birth_day": "bd"}),
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
