"""What the fleet can give: pools, prepared when facts change, and what each has in a tick."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from twin.arrays import IntArray
from twin.business.market import (
    ACCELERATORS,
    ANYWHERE,
    DOWNLINK,
    REVISIT,
    Market,
    P,
    Pool,
)
from twin.events import SiteEnergised
from twin.physics.kernel import kernel
from twin.quantities import Q
from twin.state import C, Fleet, Segment, Telemetry
from twin.units import MILLI

HOURS_PER_DAY: Final = 24
FLOP_PER_TFLOP: Final = 1e12
TFLOP_PER_S_MAX: Final = 1e9
"""Of one accelerator; no real one has a millionth of it."""

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_ROW, _REGION, _PER_ASSET, _IS_SITE, _FULL_DRAW, _PER_ASSETS = (int(p) for p in tuple(P)[:6])
_ABLE, _COOL = int(Q.AVAILABLE_COUNT), int(Q.ACCELERATORS_AVAILABLE_COUNT)
_SUPPLY = int(C.SUPPLY_MW)


def pools_of(
    label: str,
    segments: Sequence[Segment],
    regions: tuple[str, ...],
    *,
    sensors: frozenset[str],
    revisits_count_per_d: int,
) -> Iterator[Pool]:
    """Every pool of one label's fleet, in its order; ``sensors`` are segments that watch."""
    for row, segment in enumerate(segments):
        if segment.site is not None:
            yield _site_pool(label, segment.name, segment.site, row)
        elif segment.as_built is not None:
            built, each = segment.as_built, round(segment.as_built.downlink_bps)
            for region in regions:
                if each:
                    yield Pool(label, segment.name, DOWNLINK, region, row, each)
                if segment.name in sensors:
                    yield Pool(
                        label,
                        segment.name,
                        REVISIT,
                        region,
                        row,
                        revisits_count_per_d,
                        per_assets_count=HOURS_PER_DAY,
                    )
            if count := built.accelerators_count:
                speed = _tflop_per_s(built.flop_per_s, count)
                yield Pool(
                    label, segment.name, ACCELERATORS, ANYWHERE, row, count, tflop_per_s=speed
                )


def _site_pool(label: str, segment: str, site: SiteEnergised, row: int) -> Pool:
    return Pool(
        label=label,
        segment=segment,
        resource=ACCELERATORS,
        region=ANYWHERE,
        row=row,
        per_asset_qty=1,
        is_site=True,
        full_draw_mw=math.ceil(site.accelerator_w * site.pue_ratio * MILLI),
        tflop_per_s=_tflop_per_s(site.flop_per_s, max(1, site.accelerators_count)),
    )


def available_qty(
    market: Market,
    *,
    fleets: Mapping[str, Fleet],
    telemetry: Mapping[str, Telemetry],
    most_qty: int,
) -> IntArray:
    """What each pool has in the tick, and no more than ``most_qty``; shape ``(pools,)``."""
    available = np.zeros(len(market.pools), dtype=np.int64)
    for label, first, last in market.spans:
        _fill_available(
            available[first:last],
            market.pool_columns[first:last],
            telemetry[label].matrix,
            fleets[label].constants,
            most_qty,
        )
    return available


def _tflop_per_s(flop_per_s: float, accelerators_count: int) -> int:
    return round(min(flop_per_s / accelerators_count / FLOP_PER_TFLOP, TFLOP_PER_S_MAX))


@kernel
def _fill_available(
    available: IntArray, pools: IntArray, matrix: IntArray, constants: IntArray, most: int
) -> None:
    """What each pool can give: assets that can work times what one gives, within the supply."""
    for p in range(available.size):
        row, region, is_site = pools[p, _ROW], pools[p, _REGION], pools[p, _IS_SITE]
        column = _COOL if is_site else _ABLE
        count = 0
        for r in range(matrix.shape[1]):
            if region < 0 or r == region:
                count += matrix[row, r, column]
        supply, draw = constants[row, _SUPPLY], pools[p, _FULL_DRAW]
        if is_site and supply >= 0 and draw > 0:
            count = min(count, supply // draw)
        available[p] = min(most, count * pools[p, _PER_ASSET] // pools[p, _PER_ASSETS])
