"""Figures as people read them: three digits and a prefix, a dash for what is not known."""

from __future__ import annotations

_PREFIXES = ("", "k", "M", "G", "T", "P")


def amount(value: float, unit: str) -> str:
    """A figure with an SI prefix: ``1.23 GW``; without a unit ``1.23 M``."""
    size, place = abs(value), 0
    while size >= 999.5 and place < len(_PREFIXES) - 1:
        size /= 1000
        place += 1
    digits = (
        0 if place == 0 and value == int(value) else max(0, 2 - (size >= 9.995) - (size >= 99.95))
    )
    sign = "-" if value < 0 else ""
    return f"{sign}{size:.{digits}f} {_PREFIXES[place]}{unit}".rstrip()


def share(part: float, whole: float) -> str:
    """One figure as a percentage of another."""
    return percent(part / whole if whole else None)


def percent(fraction: float | None) -> str:
    """A fraction as a percentage."""
    return "–" if fraction is None else f"{100 * fraction:.0f} %"


def seconds(value_s: float | None) -> str:
    """A short time."""
    if value_s is None:
        return "–"
    return f"{value_s * 1000:.0f} ms" if value_s < 1 else f"{value_s:.1f} s"


def rate(per_s: float | None) -> str:
    """How often a second."""
    return "–" if per_s is None else f"{per_s:.1f}/s"


def ticks(number: int, *, begun_count: int) -> str:
    """How many ticks a run closed, and which was the last if it was not the first run."""
    count = number - begun_count
    words = "1 tick" if count == 1 else f"{count:,} ticks"
    return f"{words}, now at tick {number:,}" if begun_count else words
