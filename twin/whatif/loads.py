"""What a branch measures otherwise because its pools are used otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray
from twin.business.market import Market, P, S
from twin.quantities import Q
from twin.state import Twin
from twin.summaries import SegmentTotals

MILLI = 1000


def drawing(totals: SegmentTotals, more_mw: Mapping[tuple[str, str], int]) -> SegmentTotals:
    """Totals of a tick in which sites draw so much more."""
    matrix = totals.array().copy()
    for place, key in enumerate(totals.keys):
        use(matrix[place], more_mw.get(key, 0))
    return replace(totals, matrix=matrix.astype("<i8", copy=False).tobytes())


def other_use_mw(baseline: Twin, branch: Twin) -> dict[tuple[str, str], int]:
    """How much more sites draw in the branch, because their pools are used otherwise there.

    By label and segment, those that do. Recorded + model(branch) − model(baseline): the model is
    linear between idle and full use.
    """
    if branch.market is baseline.market:
        return {}
    there = _allocated(baseline.market)
    found: dict[tuple[str, str], int] = {}
    for key, here in _allocated(branch.market).items():
        label, segment = key
        fleet = branch.fleets[label]
        site = fleet.segments[fleet.keys.index(segment)].site
        if here != there.get(key, 0) and site is not None:
            idle = branch.registry.number(f"site.{segment}.idle_fraction")
            more_count = here - there.get(key, 0)
            found[key] = round(more_count * site.accelerator_w * (1.0 - idle) * MILLI)
    return found


def _allocated(market: Market) -> dict[tuple[str, str], int]:
    """Accelerators of each site that somebody was granted, by label and segment."""
    places = np.flatnonzero(market.pool_columns[:, P.IS_SITE])
    pools = [market.pools[place] for place in places]
    counts = market.shares[places, S.ALLOCATED].tolist()
    return {(pool.label, pool.segment): count for pool, count in zip(pools, counts, strict=True)}


def use(matrix: IntArray, more_mw: int) -> None:
    """Add to what accelerators draw, where they are; never below nothing."""
    if not more_mw:
        return
    compute = matrix[:, Q.COMPUTE_MW]
    place = int(np.argmax(compute))
    change = max(more_mw, -int(compute[place]))
    matrix[place, Q.COMPUTE_MW] += change
    matrix[place, Q.LOAD_MW] += change
