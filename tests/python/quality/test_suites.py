"""Suites are data: what may stand in a file, and which table a name means."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from cdp.errors import ConfigError
from cdp.quality.gates import Check, Gate, find_checks, verdict
from cdp.quality.suites import Suite, read_suites

NOW = datetime(2018, 1, 1, 6)


def suites(folder: Path, text: str) -> dict[str, Suite]:
    (folder / "quality").mkdir(exist_ok=True)
    (folder / "quality" / "mine.yml").write_text(text)
    return {suite.name: suite for suite in read_suites(folder, NOW)}


def test_shipped_suites_are_read_and_own_ones_join_them(tmp_path: Path) -> None:
    found = suites(tmp_path, "tables: {cdp.x: [{expect_a: {}}]}")
    assert {"mine", "raw", "cdp_profiles"} <= set(found)


def test_a_file_of_the_same_name_replaces_a_shipped_suite(tmp_path: Path) -> None:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "raw.yml").write_text("tables: {cdp.x: [{expect_a: {}}]}")
    [raw] = [suite for suite in read_suites(tmp_path, NOW) if suite.name == "raw"]
    assert list(raw.tables) == ["cdp.x"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("now", NOW),
        ("now - 3 days", datetime(2017, 12, 29, 6)),
        ("now + 1 hour", datetime(2018, 1, 1, 7)),
        ("'2017-02-01'", datetime(2017, 2, 1)),
        ("nowadays", "nowadays"),
        ("x < '{now - 1 day}' {batch}", "x < '2017-12-31 06:00:00' {batch}"),
        ("5", 5),
    ],
)
def test_moments_count_from_the_clock(tmp_path: Path, written: str, meant: object) -> None:
    text = f"tables:\n  cdp.x:\n  - expect_a:\n      column: c\n      min_value: {written}\n"
    [expectation] = suites(tmp_path, text)["mine"].tables["cdp.x"]
    assert expectation.arguments == {"column": "c", "min_value": meant}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tables: [", "mine.yml is no YAML"),
        ("why: nothing", "mine.yml has no tables. Add tables:"),
        ("tables: {cdp.x: []}\nsuites: {}", "unknown key 'suites'. It takes: why, tables."),
        ("tables: {profiles: []}", "'profiles' is no table. Write <schema>.<table>."),
        ("tables: {cdp.x: [expect_a]}", "cdp.x takes a list of - <expectation>"),
    ],
)
def test_a_faulty_file_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yml") as error:
        suites(tmp_path, text)
    assert sentence in str(error.value)


def checks(tables: set[tuple[str, str]], target: str = "demo") -> list[Check]:
    found = [
        Suite("ours", {"cdp.cdp_profiles": ()}),
        Suite("raw", {"shop.order": (), "off.order": ()}),
    ]
    sources = {"shop": {"schemas": ["shop_a", "shop_b"]}}
    return list(find_checks(found, sources, tables, target))


def test_a_source_is_checked_in_every_schema_where_it_landed() -> None:
    found = checks({("shop_a", "order"), ("shop_b", "customer"), ("off", "order")})
    assert [check.label for check in found] == ["shop_a.order", "shop_b.order"]


def test_our_tables_are_checked_once_built_under_the_targets_schema() -> None:
    assert checks({("cdp", "cdp_profiles")})[0].schema == "cdp"
    assert checks({("dev_cdp", "cdp_profiles")}, "dev")[0].label == "cdp_profiles"
    assert checks(set()) == []


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        ([Gate("s", "t", 1)], 0),
        ([Gate("s", "t", 1), Gate("s", "u", 1, failed=("a",))], 1),
        ([Gate("s", "t", 1, failed=("a",)), Gate("s", "u", 1, broken=("b",))], 3),
        ([], 0),
    ],
)
def test_verdict(gates: list[Gate], code: int) -> None:
    assert verdict(gates) == code
