"""What the name of a column says: its last word is the unit."""

from __future__ import annotations

from typing import Final

UNITS: Final = {
    "w": "watt",
    "wh": "watt-hour",
    "k": "kelvin",
    "kg": "kilogram",
    "m2": "square metre",
    "km": "kilometre",
    "l": "litre",
    "mmbtu": "million British thermal units",
    "s": "second",
    "deg": "degree of arc",
    "bps": "bit per second",
    "tok_per_s": "token per second",
    "flop_per_s": "floating-point operation per second",
    "usd": "US dollar",
    "usd_per_w": "US dollar per watt",
    "usd_per_mwh": "US dollar per megawatt-hour",
    "usd_per_kg": "US dollar per kilogram",
    "usd_per_y": "US dollar per year",
    "kg_per_d": "kilogram per day",
    "revisit_per_h": "visit per hour",
    "points": "point, 10,000 for all with one",
    "count": "number of things",
    "fraction": "share, 1 is the whole",
    "ratio": "quotient without a unit",
}

STATISTICS: Final = ("min", "max", "mean", "p50")
"""Words after the unit that say how several values became one."""

QUANTITY: Final = "qty"
"""The unit of such a column is the last word of its row's resource."""

BASES: Final = {
    "measured": "A source reported it.",
    "derived": "Computed from what was reported.",
    "assumed": "At least one number that went in was never measured.",
}


def unit_of(name: str, *, resource: str = "") -> str:
    """The unit of a column or resource; empty for names and words."""
    words = name.split("_")
    if words[-1] == QUANTITY:
        return unit_of(resource) if resource else "unit of the resource"
    while words[-1] in STATISTICS:
        words.pop()
    for start in range(len(words)):
        unit = "_".join(words[start:])
        if unit in UNITS:
            return unit
    return ""
