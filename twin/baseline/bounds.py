"""What an assumed number can be at all: by its unit, which is the last word of its name."""

from __future__ import annotations

import math
from typing import Final

from twin.errors import BadInput

_SIGNED: Final = ("filed.", "mccalip.output.")
"""Names under which a number may be below zero, such as a loss that was filed."""


def refuse_impossible(name: str, value: float, unit: str) -> None:
    """``BadInput`` for a number that nothing of that unit can be, with what it can be."""
    least, most = bounds_of(name, unit)
    if math.isfinite(value) and least <= value <= most:
        return
    expected = f"{least:g} or more" if least > -math.inf else "a finite number"
    if most < math.inf:
        expected = f"{least:g} to {most:g}"
    raise BadInput(
        f"{name}={value:g}",
        expected=f"{expected}, in {unit}",
        remedy="give a number within these bounds",
        field="to",
    )


def bounds_of(name: str, unit: str) -> tuple[float, float]:
    """The least and the most that an assumption of that name and unit can be."""
    if name.startswith(_SIGNED):
        return -math.inf, math.inf
    match unit:
        case "deg":
            return -180.0, 180.0
        case "fraction" | "fraction_per_y":
            return 0.0, 1.0
        case "ratio" if name.rsplit(".", 1)[-1].startswith("pue"):
            # All that a site draws, over what its machines do.
            return 1.0, math.inf
        case _:
            return 0.0, math.inf
