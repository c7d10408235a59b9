"""Numbers as people read them."""

from __future__ import annotations

from datetime import date, datetime

__all__ = ["ago", "amount", "count", "label", "percent", "ratio"]


def count(number: float | None) -> str:
    """1234567 -> 1,234,567; nothing -> a dash."""
    return "-" if number is None else f"{number:,.0f}"


def amount(number: float | None) -> str:
    """1234567 -> 1.23M: three figures are what an eye takes in."""
    if number is None:
        return "-"
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def ratio(part: float | None, whole: float | None) -> float:
    """part / whole between 0 and 1; 0 where there is no whole."""
    return float(part or 0) / float(whole) if whole else 0.0


def percent(share: float | None, digits: int = 0) -> str:
    """0.1234 -> 12%; a small share is not said to be none, nor a large one to be all."""
    if share is None:
        return "-"
    if share == 1:
        return "100%"
    text = f"{share * 100:.{digits}f}%"
    if share > 0 and float(text[:-1]) == 0:
        return f"<{10**-digits:.{digits}f}%"
    if share < 1 and float(text[:-1]) == 100:
        return f">{100 - 10**-digits:.{digits}f}%"
    return text


def ago(moment: datetime | date | None, now: datetime) -> str:
    """How long before `now`, in the unit that fits."""
    if moment is None:
        return "never"
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    minutes = (now - moment.replace(tzinfo=None)).total_seconds() / 60
    if minutes < 0:
        return "in the future"
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            number = int(minutes // size)
            return f"{number:,} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


def label(name: object) -> str:
    """lapsing_regulars -> Lapsing regulars."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]
