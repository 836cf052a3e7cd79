"""Theatres as named boxes of latitude and longitude; region 0 is always ``orbit``, none of them.

The boxes come from the baseline; a frame's spec carries them, so an observer needs nothing else.
"""

from __future__ import annotations

import msgspec

ORBIT = "orbit"


class RegionBox(msgspec.Struct, frozen=True, array_like=True):
    """A theatre's box: south ≤ latitude < north, west ≤ longitude < east, no wrap at 180°."""

    name: str
    south_deg: float
    north_deg: float
    west_deg: float
    east_deg: float


def region_names(boxes: tuple[RegionBox, ...]) -> tuple[str, ...]:
    """``orbit`` first, then each theatre once, in order of its first box."""
    return (ORBIT, *dict.fromkeys(box.name for box in boxes))
