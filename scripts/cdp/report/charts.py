"""Charts as inline SVG: small functions from numbers to markup, no script, no network.

Colours are classes that report.css gives a light and a dark value. Every chart has a
title, and a list or table beside it says the same in words. Names from data are escaped
by Markup.format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

__all__ = ["bar", "flow", "heatmap", "matrix", "months", "ring", "step"]

Place = tuple[int, int]  # column, row

_SHADES = 6


def bar(parts: Sequence[tuple[float, str, str]], title: str) -> Markup:
    """One horizontal bar. parts: (share of the bar 0..1, class, name), from the left."""
    drawn, left = _rect("track", 0, 0, 100, 10), 0.0
    for share, kind, name in parts:
        width = max(share, 0) * 100
        drawn += _rect(kind, left, 0, width, 10, name)
        left += width
    return _svg("bar", 100, 10, title, drawn, stretch=True)


def ring(share: float, text: str, title: str) -> Markup:
    """A gauge: `share` 0..1 of a circle, `text` in its middle."""
    around = 2 * math.pi * 42
    drawn = Markup(
        '<circle class="track" cx="50" cy="50" r="42"/>'
        '<circle class="arc" cx="50" cy="50" r="42" transform="rotate(-90 50 50)" '
        'stroke-dasharray="{:.2f} {:.2f}"/>'
    ).format(around * min(max(share, 0), 1), around)
    return _svg("ring", 100, 100, title, drawn + _text(50, 56, text))


def flow(weights: Sequence[float], title: str) -> Markup:
    """Streams from equal rows on the left into one block on the right, sized by `weights`."""
    row_height = 32.0
    height, total = len(weights) * row_height, sum(weights) or 1.0
    most = max(weights, default=0) or 1.0
    drawn, end = Markup(), height * 0.2
    for row, weight in enumerate(weights):
        middle, half = (row + 0.5) * row_height, max(weight / most * 12, 0.5)
        top, bottom = f"{middle - half:.1f}", f"{middle + half:.1f}"
        thick = weight / total * height * 0.6
        into, until = f"{end:.1f}", f"{end + thick:.1f}"
        drawn += Markup('<path class="stream c{}" d="{}"/>').format(
            row % 6,
            f"M0 {top} C50 {top} 50 {into} 100 {into} "
            f"V{until} C50 {until} 50 {bottom} 0 {bottom} Z",
        )
        end += thick
    return _svg("flow", 100, height, title, drawn, stretch=True)


def heatmap(
    cells: Mapping[Place, tuple[float, str]], size: int, axes: tuple[str, str], title: str
) -> Markup:
    """A size x size map. cells: (x, y), both 1..size -> (count, text for the pointer).

    y grows upwards, as people draw it.
    """
    most = max((count for count, _ in cells.values()), default=0)
    side, edge = 60, 30
    drawn = Markup()
    for y in range(1, size + 1):
        for x in range(1, size + 1):
            count, text = cells.get((x, y), (0.0, "nobody"))
            left, top = edge + (x - 1) * side, (size - y) * side
            drawn += Markup('<g class="s{}">{}{}</g>').format(
                step(count, most),
                _rect("", left, top, side - 4, side - 4, text),
                _text(left + 28, top + 33, f"{count:,.0f}" if count else ""),
            )
    middle = size * side / 2
    drawn += _text(edge + middle, size * side + 20, f"{axes[0]} →", "axis")
    drawn += Markup('<g transform="translate(14 {}) rotate(-90)">{}</g>').format(
        middle, _text(0, 0, f"{axes[1]} →", "axis")
    )
    return _svg("heatmap", edge + size * side, size * side + edge, title, drawn)


def matrix(size: int, values: Mapping[Place, tuple[float, str]], title: str) -> Markup:
    """A numbered square matrix. values: (column, row), from 0 -> (share 0..1, text)."""
    side, edge = 24, 26
    drawn = Markup()
    for row in range(size):
        top = edge + row * side
        drawn += _text(top + 11, 18, str(row + 1), "axis") + _text(
            12, top + 15, str(row + 1), "axis"
        )
        for column in range(size):
            share, text = values.get((column, row), (0.0, ""))
            kind = "self" if row == column else f"s{step(share, 1.0)}"
            drawn += _rect(kind, edge + column * side, top, side - 2, side - 2, text)
    length = edge + size * side
    return Markup('<div style="max-width:{:.0f}px">{}</div>').format(
        length * 1.4, _svg("matrix", length, length, title, drawn)
    )


def months(
    columns: Sequence[tuple[str, Sequence[float]]], names: Sequence[str], title: str
) -> Markup:
    """Stacked columns over time. columns: (month, one number a name of `names`)."""
    most = max((sum(numbers) for _, numbers in columns), default=0) or 1.0
    wide = 100 / max(len(columns), 1)
    drawn = Markup()
    for index, (month, numbers) in enumerate(columns):
        top = 100.0
        for place, (name, number) in enumerate(zip(names, numbers, strict=True)):
            tall = number / most * 100
            top -= tall
            text = f"{month}, {name}: {number:,.0f}"
            drawn += _rect(f"c{place % 6}", (index + 0.1) * wide, top, wide * 0.8, tall, text)
    return _svg("months", 100, 100, title, drawn, stretch=True)


def step(value: float, most: float) -> int:
    """A shade from 0 (nothing) to 6 (the most); something is never shaded as nothing."""
    if value <= 0 or most <= 0:
        return 0
    return min(_SHADES, max(1, round(math.sqrt(value / most) * _SHADES)))


def _rect(
    kind: str, x: float, y: float, width: float, height: float, text: str | None = None
) -> Markup:
    said = Markup("") if text is None else Markup("<title>{}</title>").format(text)
    return Markup(
        '<rect class="{}" x="{:.6g}" y="{:.6g}" width="{:.6g}" height="{:.6g}">{}</rect>'
    ).format(kind, x, y, width, height, said)


def _text(x: float, y: float, text: str, kind: str = "") -> Markup:
    return Markup('<text class="{}" x="{:g}" y="{:g}" text-anchor="middle">{}</text>').format(
        kind, x, y, text
    )


def _svg(
    kind: str, width: float, height: float, title: str, body: Markup, stretch: bool = False
) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" {}role="img" aria-label="{}">'
        "<title>{}</title>{}</svg>"
    ).format(
        kind,
        width,
        height,
        Markup('preserveAspectRatio="none" ') if stretch else "",
        title,
        title,
        body,
    )
