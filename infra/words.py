"""Figures as people read them: three digits and a prefix, a dash for what is not known."""

from __future__ import annotations

from decimal import Decimal

_PREFIXES = ("", "k", "M", "G", "T", "P")
_MONEY = ("", "k", "M", "B", "T")
_NUMBERS = (int, float, Decimal)
_SPANS_S = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def amount(value: float, unit: str) -> str:
    """A figure with an SI prefix: ``1.23 GW``; without a unit ``1.23 M``."""
    digits, prefix = _three_digits(value, _PREFIXES)
    return f"{'-' if value < 0 else ''}{digits} {prefix}{unit}".rstrip()


def money(value_usd: float) -> str:
    """Dollars, in thousands, millions, billions or trillions: ``$9.13 B``."""
    digits, prefix = _three_digits(value_usd, _MONEY)
    return f"{'-' if value_usd < 0 else ''}${digits} {prefix}".rstrip()


def span(value_s: float) -> str:
    """How long something takes or lasts, in the unit that suits it: ``42 min``, ``3.2 h``."""
    size_s, unit = next((each for each in _SPANS_S if value_s >= each[0]), _SPANS_S[-1])
    size = value_s / size_s
    return f"{size:.{int(size < 9.95 and unit in 'dh')}f} {unit}"


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


def _three_digits(value: float, prefixes: tuple[str, ...]) -> tuple[str, str]:
    """The size of a value without its sign, and the prefix that makes it a small number."""
    size, place = abs(value), 0
    while size >= 999.5 and place < len(prefixes) - 1:
        size /= 1000
        place += 1
    digits = (
        0 if place == 0 and value == int(value) else max(0, 2 - (size >= 9.995) - (size >= 99.95))
    )
    return f"{size:.{digits}f}", prefixes[place]


def side_by_side(was: object, is_now: object, *, is_money: bool = False) -> tuple[str, str]:
    """Two values of one figure, in the same unit and with as many decimals; null as a dash."""
    numbers = [abs(float(each)) for each in (was, is_now) if isinstance(each, _NUMBERS)]
    most = max(numbers, default=0.0)
    units = _MONEY if is_money else _PREFIXES
    reached = [step for step in range(2, len(units)) if most >= 1000.0**step]
    power = max(reached, default=0)
    scaled = most / 1000.0**power
    is_whole = power == 0 and all(number == int(number) for number in numbers)
    digits = 0 if is_whole else (2 if scaled < 100.0 else 1)
    if 0.0 < most < 0.1:
        digits = 6
    unit = f" {units[power]}".rstrip()

    def said(value: object) -> str:
        if isinstance(value, _NUMBERS):
            return f"{float(value) / 1000.0**power:,.{digits}f}{unit}"
        return "–" if value is None else str(value)

    return said(was), said(is_now)
