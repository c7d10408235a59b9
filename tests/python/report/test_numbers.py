"""Numbers as people read them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from cdp.report import charts, numbers

NOW = datetime(2018, 1, 1, 6)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0, 0, "0%"),
        (0.001, 0, "<1%"),
        (0.5, 0, "50%"),
        (0.9996, 0, ">99%"),
        (0.99996, 1, ">99.9%"),
        (1, 1, "100%"),
        (None, 0, "-"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(
    share: float | None, digits: int, text: str
) -> None:
    assert numbers.percent(share, digits) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1234, "1.23k"), (2_500_000, "2.5M"), (None, "-")]
)
def test_amounts_have_three_figures(number: float | None, text: str) -> None:
    assert numbers.amount(number) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2018, 1, 1, 5), "1 hour ago"),
        (datetime(2017, 12, 30, 6), "2 days ago"),
        (date(2017, 12, 31), "1 day ago"),
        (datetime(2018, 1, 1, 5, 59, 40), "just now"),
        (datetime(2018, 1, 2), "in the future"),
        (None, "never"),
    ],
)
def test_how_long_ago(moment: datetime | date | None, text: str) -> None:
    assert numbers.ago(moment, NOW) == text


def test_the_least_is_shaded_and_nothing_is_not() -> None:
    assert [charts.step(value, 1_000_000) for value in (0, 1, 250_000, 1_000_000)] == [0, 1, 3, 6]


def test_names_in_charts_are_escaped() -> None:
    drawn = charts.bar([(0.5, "c0", "<b>")], '"><script>')
    assert "<b>" not in drawn
    assert "<script>" not in drawn
