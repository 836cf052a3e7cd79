"""Where each segment's asset ids begin: the same in every world, whatever else flies."""

from __future__ import annotations

from typing import Final

from twin.baseline import read_id_ranges
from twin.errors import BadInput

IDS_PER_SEGMENT_COUNT: Final = 10_000_000


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
