"""How the market is opened from facts, and cleared each tick by the one allocator.

Pools and needs change rarely, and are kept as arrays; a tick fills in what is available and asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from twin.arrays import BoolArray, IntArray, frozen
from twin.business.allocation import LARGEST_QTY, allocate
from twin.business.market import (
    ACCELERATORS,
    ANYWHERE,
    DOWNLINK,
    MILLI,
    NO_LIMIT,
    REVISIT,
    Market,
    P,
    Pool,
    S,
    pool_name,
)
from twin.business.needs import Need
from twin.events import SiteEnergised
from twin.physics.kernel import kernel
from twin.quantities import Q
from twin.state import C, Fleet, Segment, Telemetry

HOURS_PER_DAY = 24
FLOP_PER_TFLOP = 1e12
TFLOP_PER_S_MAX = 1e9
"""Of one accelerator; no real one has a millionth of it."""

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_ROW, _REGION, _PER_ASSET, _IS_SITE, _FULL_DRAW, _PER_ASSETS = (int(p) for p in tuple(P)[:6])
_RESERVED, _DEMAND, _ALLOCATED, _DISPLACED = (int(s) for s in S)
_ABLE, _COOL = int(Q.AVAILABLE_COUNT), int(Q.ACCELERATORS_AVAILABLE_COUNT)
_SUPPLY = int(C.SUPPLY_MW)


def opened(
    pools: tuple[Pool, ...],
    needs: Iterable[Need],
    *,
    regions: tuple[str, ...],
    accredited: Mapping[tuple[str, str], frozenset[str]],
    next_change_ns: int,
) -> Market:
    """A market of these pools and needs; ``accredited`` are the sites by (service, level)."""
    ordered = tuple(sorted(needs))
    columns = [
        [
            pool.row,
            regions.index(pool.region) if pool.region else NO_LIMIT,
            pool.per_asset_qty,
            int(pool.is_site),
            pool.full_draw_mw,
            pool.per_assets_count,
            pool.tflop_per_s,
        ]
        for pool in pools
    ]
    most = _most(len(ordered))
    wanted = [min(need.wanted_qty, most) for need in ordered]
    allowed = [[int(_may_serve(pool, need, accredited)) for pool in pools] for need in ordered]
    return Market(
        regions=regions,
        pools=pools,
        needs=ordered,
        pool_columns=_rows(columns, len(P)),
        base_qty=_row(wanted),
        priority=_row([need.priority for need in ordered]),
        allowed=_rows(allowed, len(pools)),
        is_reserved=_row([int(need.need_id.startswith("commitment/")) for need in ordered]),
        places={need.need_id: place for place, need in enumerate(ordered)},
        pool_places={
            pool_name(pool.label, pool.segment, pool.resource, pool.region): place
            for place, pool in enumerate(pools)
        },
        spans=tuple(_spans(pools)),
        next_change_ns=next_change_ns,
        available_qty=_row([0] * len(pools)),
        wanted_qty=_row(wanted),
        granted_qty=_rows([[0] * len(pools)] * len(ordered), len(pools)),
        shares=_rows([[0] * len(S)] * len(pools), len(S)),
    )


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


def settled(
    market: Market,
    *,
    fleets: Mapping[str, Fleet],
    telemetry: Mapping[str, Telemetry],
    asked: Mapping[int, int],
) -> Market:
    """The market after a tick: ``asked`` is what needs want now, by row, if not as usual.

    What is granted is what is delivered, because nobody is granted more than is available and
    asked for.
    """
    available = np.zeros(len(market.pools), dtype=np.int64)
    for label, first, last in market.spans:
        _fill_available(
            available[first:last],
            market.pool_columns[first:last],
            telemetry[label].matrix,
            fleets[label].constants,
            _most(len(market.pools)),
        )
    wanted = market.base_qty
    if asked:
        wanted, most = wanted.copy(), _most(len(market.needs))
        for place, quantity in asked.items():
            wanted[place] = min(quantity, most)
    granted = allocate(available, wanted, market.priority, market.allowed)
    shares = np.zeros((len(market.pools), len(S)), dtype=np.int64)
    _fill_shares(shares, granted, wanted, market.allowed, market.is_reserved)
    return replace(
        market,
        available_qty=frozen(available),
        wanted_qty=frozen(wanted) if asked else wanted,
        granted_qty=frozen(granted),
        shares=frozen(shares),
    )


def given(market: Market, rows: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """What the needs in these rows were granted, wanted, and could have had alone; 0, 0 and −1 for
    a row of −1."""
    found = np.zeros((3, rows.size), dtype=np.int64)
    _gather(
        found, rows, market.granted_qty, market.wanted_qty, market.allowed, market.available_qty
    )
    return found[0], found[1], found[2]


def placements_changed(before: Market, market: Market) -> list[int]:
    """The rows of workloads that run elsewhere than before, or became short, or no longer are."""
    rows = market.work_rows
    if not rows.size or before.granted_qty.shape != market.granted_qty.shape:
        return []
    is_changed = np.zeros(rows.size, dtype=np.bool_)
    _compare(
        is_changed,
        rows,
        before.granted_qty,
        before.wanted_qty,
        market.granted_qty,
        market.wanted_qty,
    )
    changed: list[int] = rows[is_changed].tolist()
    return changed


@kernel
def _gather(
    found: IntArray,
    rows: IntArray,
    granted: IntArray,
    wanted: IntArray,
    allowed: IntArray,
    available: IntArray,
) -> None:
    for place in range(rows.size):
        row = rows[place]
        if row < 0:
            found[2, place] = -1
            continue
        found[1, place] = wanted[row]
        for pool in range(available.size):
            found[0, place] += granted[row, pool]
            found[2, place] += allowed[row, pool] * available[pool]


@kernel
def _compare(
    is_changed: BoolArray,
    rows: IntArray,
    granted_before: IntArray,
    wanted_before: IntArray,
    granted: IntArray,
    wanted: IntArray,
) -> None:
    for place in range(rows.size):
        row = rows[place]
        short_before, short = wanted_before[row], wanted[row]
        for pool in range(granted.shape[1]):
            is_changed[place] |= (granted_before[row, pool] > 0) != (granted[row, pool] > 0)
            short_before -= granted_before[row, pool]
            short -= granted[row, pool]
        is_changed[place] |= (short_before > 0) != (short > 0)


def _most(count: int) -> int:
    """What each of so many may have or want, so that the allocator can add them up."""
    return LARGEST_QTY // max(1, count)


def _tflop_per_s(flop_per_s: float, accelerators_count: int) -> int:
    return round(min(flop_per_s / accelerators_count / FLOP_PER_TFLOP, TFLOP_PER_S_MAX))


def _may_serve(
    pool: Pool, need: Need, accredited: Mapping[tuple[str, str], frozenset[str]]
) -> bool:
    if pool.resource != need.resource or need.region not in (ANYWHERE, pool.region):
        return False
    if need.segments and pool.segment not in need.segments:
        return False
    level = need.accreditation
    return not level or pool.segment in accredited.get((need.service, level), frozenset())


def _spans(pools: tuple[Pool, ...]) -> Iterator[tuple[str, int, int]]:
    labels = [pool.label for pool in pools]
    for label in dict.fromkeys(labels):
        first = labels.index(label)
        yield label, first, first + labels.count(label)


def _row(values: list[int]) -> IntArray:
    return frozen(np.array(values, dtype=np.int64))


def _rows(values: list[list[int]], width: int) -> IntArray:
    return frozen(np.array(values, dtype=np.int64).reshape(len(values), width))


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


@kernel
def _fill_shares(
    shares: IntArray,
    granted: IntArray,
    wanted: IntArray,
    allowed: IntArray,
    is_reserved: IntArray,
) -> None:
    """Per pool what is reserved, asked, allocated and displaced.

    What nobody could grant is shown at the first pool that was allowed to.
    """
    for need in range(granted.shape[0]):
        left, first = wanted[need], -1
        for pool in range(granted.shape[1]):
            if allowed[need, pool] and first < 0:
                first = pool
            given = granted[need, pool]
            left -= given
            shares[pool, _ALLOCATED] += given
            shares[pool, _DEMAND] += given
            shares[pool, _RESERVED] += given * is_reserved[need]
        if first >= 0 and left > 0:
            shares[first, _DEMAND] += left
            shares[first, _DISPLACED] += left
            shares[first, _RESERVED] += left * is_reserved[need]
