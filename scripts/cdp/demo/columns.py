"""Small tools over columns: arrays with one entry a row, None where there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "YEAR_START", "choose", "has", "pick", "text"]

Array = NDArray[Any]

DAY = np.timedelta64(86_400_000_000, "us")
YEAR_START = np.datetime64("2017-01-01T00:00:00.000000")


def text(prefix: str, numbers: Array, suffix: str = "") -> Array:
    """Ids: the numbers between a prefix and a suffix."""
    return np.array([f"{prefix}{n}{suffix}" for n in numbers.tolist()], dtype=object)


def choose(mask: Array, values: Any, others: Any = None) -> Array:
    """Text of `values` where the mask holds, else of `others`."""
    chosen: Array = np.where(mask, values, others).astype(object)
    return chosen


def pick(options: Sequence[str | None], index: Array) -> Array:
    """The options in turn, by an index that may run past them."""
    chosen: Array = np.array(options, dtype=object)[index % len(options)]
    return chosen


def has(values: Array) -> Array:
    """Which of the values are there."""
    nothing: Any = None
    there: Array = np.not_equal(values, nothing)
    return there
