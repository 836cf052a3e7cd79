"""What the name of a column says: its last word is the unit."""

from __future__ import annotations

from typing import Any, Final

from twin.quantities import HIGHEST, LOWEST, Q

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
    "tok": "token",
    "flop": "floating-point operation",
    "flop_per_s": "floating-point operation per second",
    "usd": "US dollar",
    "usd_per_w": "US dollar per watt",
    "usd_per_mwh": "US dollar per megawatt-hour",
    "usd_per_kg": "US dollar per kilogram",
    "usd_per_y": "US dollar per year",
    "w_per_kg": "watt per kilogram",
    "mtok_per_h": "million tokens per hour",
    "kw": "kilowatt",
    "mwh": "megawatt-hour",
    "h": "hour",
    "y": "year",
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


SMALL_UNITS: Final = {
    "MWH": "milliwatt-hour",
    "MW": "milliwatt",
    "MK": "millikelvin",
    "MS": "millisecond",
    "PPM": "millionth",
    "TOK_PER_S": "token per second",
    "GFLOP_PER_S": "billion floating-point operations per second",
    "BPS": "bit per second",
    "COUNT": "number of things",
}
"""Units that frames are summed in, by the end of a quantity's name; here M is a thousandth."""


def quantity_body(quantity: Q, value: int) -> dict[str, Any]:
    """A quantity with its unit in full: a name that ends in `mw` could be read as megawatts."""
    suffix = next(end for end in SMALL_UNITS if quantity.name.endswith(end))
    joined = "highest" if quantity in HIGHEST else "lowest" if quantity in LOWEST else "sum"
    name = quantity.name.removesuffix(suffix).rstrip("_") or suffix
    return {
        "name": name.lower(),
        "value": value,
        "unit": SMALL_UNITS[suffix],
        "joined_by": joined,
    }
