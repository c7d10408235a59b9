"""Charts as inline SVG: small functions from numbers to markup, no script, no network.

Colours are classes that report.css gives a light and a dark value. Every chart has a
title, and a table beside it says the same in words. Names are escaped by Markup.format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

__all__ = ["bar", "flow", "heatmap", "matrix", "months", "ring", "step"]

Cell = tuple[int, int]  # column, row

_STEPS = 6


def bar(parts: Sequence[tuple[float, str, str]], title: str) -> Markup:
    """One horizontal bar. parts: (share of the bar 0..1, class, name), from the left."""
    drawn, left = Markup(), 0.0
    for share, kind, name in parts:
        drawn += Markup('<rect class="{}" x="{:.2f}" width="{:.2f}" height="10">').format(
            kind, left, max(share, 0) * 100
        )
        drawn += Markup("<title>{}</title></rect>").format(name)
        left += max(share, 0) * 100
    return _svg("bar", 100, 10, title, Markup('<rect class="track" width="100" height="10"/>') + drawn, True)


def ring(share: float, text: str, title: str) -> Markup:
    """A gauge: `share` 0..1 of a circle, `text` in its middle."""
    around = 2 * 3.14159265 * 42
    return _svg(
        "ring",
        100,
        100,
        title,
        Markup(
            '<circle class="track" cx="50" cy="50" r="42"/>'
            '<circle class="arc" cx="50" cy="50" r="42" transform="rotate(-90 50 50)" '
            'stroke-dasharray="{:.2f} {:.2f}"/>'
            '<text x="50" y="56" text-anchor="middle">{}</text>'
        ).format(around * min(max(share, 0), 1), around, text),
    )


def flow(weights: Sequence[float], title: str) -> Markup:
    """Ribbons from equal rows on the left to one block on the right, as thick as `weights`."""
    rows, total = len(weights), sum(weights) or 1.0
    height, at = rows * 32.0, 0.0
    drawn = Markup()
    for row, weight in enumerate(weights):
        thick = weight / total * height * 0.8
        start, end = row * 32 + 16.0, height * 0.1 + at + thick / 2
        drawn += Markup(
            '<path class="ribbon c{}" stroke-width="{:.2f}" d="M0 {:.1f} C55 {:.1f} 45 {:.1f} 100 {:.1f}"/>'
        ).format(row % 6, max(min(thick, 26), 0.8), start, start, end, end)
        at += thick
    return _svg("flow", 100, height, title, drawn, True)


def heatmap(
    cells: Mapping[Cell, tuple[float, str]],
    size: int,
    axes: tuple[str, str],
    title: str,
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
            drawn += Markup(
                '<g class="s{}"><title>{}</title><rect x="{}" y="{}" width="56" height="56" rx="6"/>'
                '<text x="{}" y="{}" text-anchor="middle">{}</text></g>'
            ).format(
                step(count, most),
                text,
                edge + (x - 1) * side,
                (size - y) * side,
                edge + (x - 1) * side + 28,
                (size - y) * side + 33,
                f"{count:,.0f}" if count else "",
            )
    drawn += _axes(size, side, edge, axes)
    return _svg("heatmap", edge + size * side, size * side + edge, title, drawn)


def _axes(size: int, side: int, edge: int, axes: tuple[str, str]) -> Markup:
    middle = size * side / 2
    return Markup(
        '<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>'
        '<text class="axis" transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}</text>'
    ).format(edge + middle, size * side + 20, f"{axes[0]} →", middle, f"{axes[1]} →")


def matrix(size: int, values: Mapping[Cell, tuple[float, str]], title: str) -> Markup:
    """A numbered square matrix. values: (column, row), from 0 -> (share 0..1, text)."""
    side, edge = 24, 26
    drawn = Markup()
    for row in range(size):
        across = edge + row * side + 11
        drawn += Markup(
            '<text class="axis" x="{}" y="18" text-anchor="middle">{}</text>'
            '<text class="axis" x="18" y="{}" text-anchor="end">{}</text>'
        ).format(across, row + 1, across + 4, row + 1)
        for column in range(size):
            share, text = values.get((column, row), (0.0, ""))
            drawn += Markup(
                '<rect class="{}" x="{}" y="{}" width="22" height="22" rx="3"><title>{}</title></rect>'
            ).format(
                "self" if row == column else f"s{step(share, 1.0)}",
                edge + column * side,
                edge + row * side,
                text,
            )
    return _svg("matrix", edge + size * side, edge + size * side, title, drawn)


def months(columns: Sequence[tuple[str, Sequence[float]]], names: Sequence[str], title: str) -> Markup:
    """Stacked columns over time. columns: (month, one number a name of `names`)."""
    most = max((sum(numbers) for _, numbers in columns), default=0) or 1.0
    wide = 100 / max(len(columns), 1)
    drawn = Markup()
    for index, (month, numbers) in enumerate(columns):
        top = 100.0
        for place, (name, number) in enumerate(zip(names, numbers, strict=True)):
            tall = number / most * 100
            top -= tall
            drawn += Markup(
                '<rect class="c{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"><title>{}</title></rect>'
            ).format(
                place % 6,
                index * wide + wide * 0.1,
                top,
                wide * 0.8,
                tall,
                f"{month}, {name}: {number:,.0f}",
            )
    return _svg("months", 100, 100, title, drawn, True)


def step(value: float, most: float) -> int:
    """A shade from 0 (nothing) to 6 (the most); something is never shaded as nothing."""
    if value <= 0 or most <= 0:
        return 0
    return min(_STEPS, max(1, round((value / most) ** 0.5 * _STEPS)))


def _svg(
    kind: str, width: float, height: float, title: str, body: Markup, stretch: bool = False
) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}"{}><title>{}</title>{}</svg>'
    ).format(
        kind,
        width,
        height,
        title,
        Markup(' preserveAspectRatio="none"') if stretch else "",
        title,
        body,
    )
