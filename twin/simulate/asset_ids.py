"""Where asset ids begin: the same in every world, whatever else flies."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from twin.asset_ranges import Range
from twin.baseline import read_id_ranges
from twin.errors import BadInput

IDS_PER_SEGMENT_COUNT: Final = 10_000_000
LAUNCHED_FIRST: Final = 3_000_000_000
"""Above the ranges of all segments: ids of satellites that a launch brings while a world runs."""

_PLACE_IDS_COUNT: Final = 64
_PLACES_COUNT: Final = (2**32 - LAUNCHED_FIRST) // _PLACE_IDS_COUNT


def first_asset_id(segment: str) -> int:
    """The lowest id of a segment, which has ten million of its own.

    Ids never shift when a segment comes or goes, so neither does anyone's luck. Raises BadInput
    for a segment without a range.
    """
    places = read_id_ranges()
    if segment not in places:
        raise BadInput(
            f"segment {segment!r} has no range of asset ids",
            expected=f"one of {', '.join(places)}",
            remedy="give it a number of its own in twin/baseline/asset_ids.json",
            field="segment",
        )
    return places[segment] * IDS_PER_SEGMENT_COUNT + 1


def launched_ids(launch_id: str, segment: str, count: int, taken: Iterable[Range]) -> Range:
    """The ids of satellites that a launch brings to a segment, the first and the last.

    They are drawn by the name of the launch from twenty million places, so that no other's coming
    or going shifts them; only where the place is ``taken`` already, the next free one is theirs.
    """
    place = zlib.crc32(f"{launch_id}/{segment}".encode())
    others = tuple(taken)
    while True:
        first = LAUNCHED_FIRST + place % _PLACES_COUNT * _PLACE_IDS_COUNT
        last = first + count - 1
        if last < 2**32 and not any(a <= last and first <= b for a, b in others):
            return first, last
        place += 1
