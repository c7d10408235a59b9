"""The limits that syncs of one account share, with a clock of the test's own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.destinations._accounts import Account, Window


class Clock:
    """Time that passes only while somebody sleeps or a call lasts."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + 1e-9


def made(*windows: tuple[int, float]) -> tuple[Account, Clock]:
    clock = Clock()
    return Account("x", [Window(*window) for window in windows], clock, clock.sleep), clock


def most_in_a_span(moments: list[float], seconds: float) -> int:
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


windows = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([0.5, 1.0, 3.0, 10.0])), min_size=1, max_size=3
)


@given(windows, st.lists(st.floats(0, 2), min_size=1, max_size=40), st.randoms())
def test_no_window_is_ever_exceeded_wherever_the_vendor_counts(
    limits: list[tuple[int, float]], lengths: list[float], random: object
) -> None:
    """A call may be counted at any moment between its start and its end."""
    account, clock = made(*limits)
    counted = []
    for length in lengths:
        with account.call():
            began = clock.now
            clock.now += length
        counted.append(random.uniform(began, clock.now))  # type: ignore[attr-defined]
    for calls, seconds in limits:
        assert most_in_a_span(counted, seconds) <= calls


def test_nearly_all_of_the_rate_is_used() -> None:
    account, clock = made((10, 1.0), (150, 60.0))
    for _ in range(600):
        with account.call():
            clock.now += 0.002
    assert 600 / (clock.now - 100 + 60) * 60 >= 0.95 * 120  # 4 windows, the first at once
    assert account.throttled_seconds > 0.7 * (clock.now - 100)


def test_threads_share_the_limits() -> None:
    account = Account("x", [Window(5, 0.2)])
    running, most, lock = [0], [0], threading.Lock()

    def call(_: int) -> None:
        with account.call():
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            threading.Event().wait(0.01)
            with lock:
                running[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(12)))
    assert most[0] <= 5


def test_what_one_sync_is_told_holds_for_all() -> None:
    account, clock = made()
    account.pause(30)
    account.pause(5)
    with account.call():
        assert clock.now == pytest.approx(130)


def test_an_account_that_is_down_gets_one_attempt_for_a_minute() -> None:
    account, clock = made()
    assert not account.is_down
    account.went_down()
    assert account.is_down
    clock.now += 61
    assert not account.is_down
    account.went_down()
    account.came_back()
    assert not account.is_down


def test_the_stricter_of_two_rates_holds() -> None:
    account, clock = made((100, 1.0))
    account.hold([Window(2, 10.0)])
    began = clock.now
    for _ in range(3):
        with account.call():
            pass
    assert clock.now - began >= 10
