"""Asset ids as ranges, [first, last] each: how many there are and which, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from twin.arrays import IntArray, UInt32Array

Range = tuple[int, int]


def ranges_of(asset_id: UInt32Array | IntArray) -> tuple[Range, ...]:
    """Ascending ids as ranges without a gap inside."""
    breaks = np.flatnonzero(np.diff(asset_id) != 1)
    firsts = asset_id[np.concatenate([[0], breaks + 1])]
    lasts = asset_id[np.concatenate([breaks, [asset_id.size - 1]])]
    return tuple((int(first), int(last)) for first, last in zip(firsts, lasts, strict=True))


def joined(*ranges: Range) -> tuple[Range, ...]:
    """The same ids in as few ranges as there can be, ascending."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def ids_in(ranges: Iterable[Range]) -> IntArray:
    """Every id of ranges that share none, in their order."""
    parts = [np.arange(first, last + 1, dtype=np.int64) for first, last in ranges]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def strangers(asset_ids: Sequence[int], ranges: tuple[Range, ...]) -> list[int]:
    """Those of some ids that lie in no range."""
    ids = np.array(asset_ids, dtype=np.int64)
    bounds: IntArray = np.array([(-1, -1), *ranges], dtype=np.int64)
    last_of = bounds[np.searchsorted(bounds[:, 0], ids, side="right") - 1, 1]
    found: list[int] = ids[ids > last_of].tolist()
    return found


def nearest_range(asset_id: int, ranges: Iterable[Range]) -> Range | None:
    """The range that lies nearest to an id; None where there is no range."""
    return min(ranges, key=lambda each: max(each[0] - asset_id, asset_id - each[1]), default=None)
