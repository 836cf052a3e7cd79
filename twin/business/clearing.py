"""How the market is opened from facts, and cleared each tick by the one allocator.

Pools and needs change rarely, and are kept as arrays; a tick fills in what is available and asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business.allocation import LARGEST_QTY, allocate
from twin.business.market import ANYWHERE, NO_LIMIT, Market, P, Pool, S, pool_name
from twin.business.needs import Need
from twin.business.pools import available_qty
from twin.business.services import service_need
from twin.physics.kernel import kernel
from twin.state import Fleet, Telemetry
from twin.units import MS_PER_H

DISPLACED_MAX_MICRO_USD: Final = 1e15
"""By one promise of one contract in a tick."""

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_RESERVED, _DEMAND, _ALLOCATED, _DISPLACED, _DELIVERED, _BARRED = (int(s) for s in S)


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
    fitting = _rows([[int(_fits(pool, need)) for pool in pools] for need in ordered], len(pools))
    accredited_for = _rows(
        [[int(_is_accredited(pool, need, accredited)) for pool in pools] for need in ordered],
        len(pools),
    )
    return Market(
        regions=regions,
        pools=pools,
        needs=ordered,
        pool_columns=_rows(columns, len(P)),
        base_qty=_row(wanted),
        priority=_row([need.priority for need in ordered]),
        allowed=frozen(fitting * accredited_for),
        barred=frozen(fitting * (1 - accredited_for)),
        is_reserved=_row([int(_is_promise(need)) for need in ordered]),
        carried=_rows(list(_carried(ordered)), 2),
        preference=_row(_preference(pools, ordered)),
        places={(need.label, need.need_id): place for place, need in enumerate(ordered)},
        pool_places={
            pool_name(pool.label, pool.segment, pool.resource, pool.region): place
            for place, pool in enumerate(pools)
        },
        spans=tuple(_spans(pools)),
        next_change_ns=next_change_ns,
        price_micro_usd_per_h=_row([0] * len(ordered)),
        available_qty=_row([0] * len(pools)),
        asked_qty=_row(wanted),
        wanted_qty=_row(wanted),
        used_qty=_row([0] * len(ordered)),
        granted_qty=_rows([[0] * len(pools)] * len(ordered), len(pools)),
        shares=_rows([[0] * len(S)] * len(pools), len(S)),
    )


def settled(
    market: Market,
    *,
    fleets: Mapping[str, Fleet],
    telemetry: Mapping[str, Telemetry],
    asked: Mapping[int, int],
) -> Market:
    """The market after a tick: ``asked`` is what needs ask for now, by row, if not as usual."""
    most = _most(len(market.pools))
    available = available_qty(market, fleets=fleets, telemetry=telemetry, most_qty=most)
    return cleared(market, frozen(available), asked=asked)


def cleared(market: Market, available: IntArray, *, asked: Mapping[int, int]) -> Market:
    """The market with what there is shared out, and what of it is put to use.

    What users ask of a service is carried first by what was promised of it, to whom they belong;
    only the rest is asked for besides. So of a promise as much is used as its service asks for; of
    one without a service, all it is granted.
    """
    wanted, most = market.base_qty.copy(), _most(len(market.needs))
    for place, quantity in asked.items():
        wanted[place] = min(quantity, most)
    asked_qty = wanted.copy()
    _carry(wanted, market.carried)
    granted = allocate(
        available, wanted, market.priority, market.allowed, preference=market.preference
    )
    used = np.zeros(len(market.needs), dtype=np.int64)
    _fill_used(used, granted, asked_qty - wanted, market.carried)
    shares = np.zeros((len(market.pools), len(S)), dtype=np.int64)
    _fill_shares(shares, granted, wanted, used, market.allowed, market.barred, market.is_reserved)
    return replace(
        market,
        available_qty=available,
        asked_qty=frozen(asked_qty),
        wanted_qty=frozen(wanted),
        granted_qty=frozen(granted),
        used_qty=frozen(used),
        shares=frozen(shares),
    )


def given(market: Market, rows: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """What the needs in these rows were granted, wanted, used, and could have had alone; 0, 0, 0
    and −1 for a row of −1."""
    found = np.zeros((4, rows.size), dtype=np.int64)
    _gather(
        found,
        rows,
        market.granted_qty,
        market.wanted_qty,
        market.used_qty,
        market.allowed,
        market.available_qty,
    )
    return found[0], found[1], found[2], found[3]


def displaced_micro_usd(market: Market, rows: IntArray, interval_ms: int) -> IntArray:
    """What promises in these rows kept work that is paid by the accelerator from earning.

    What is sold and short is laid to the promises served before it, by what they hold of the pools
    it may use, and no more than that.
    """
    found = np.zeros(len(market.needs) + 1, dtype=np.int64)
    _fill_displaced(
        found,
        market.price_micro_usd_per_h,
        market.granted_qty,
        market.wanted_qty,
        market.priority,
        market.allowed,
        market.is_reserved,
        interval_ms / MS_PER_H,
    )
    displaced: IntArray = found[rows]
    return displaced


@kernel
def _fill_displaced(
    found: IntArray,
    prices: IntArray,
    granted: IntArray,
    wanted: IntArray,
    priority: IntArray,
    allowed: IntArray,
    is_reserved: IntArray,
    interval_h: float,
) -> None:
    held = np.zeros(prices.size, dtype=np.int64)
    for need in range(prices.size):
        short = wanted[need] if prices[need] else 0
        for pool in range(granted.shape[1]):
            short -= granted[need, pool] if prices[need] else 0
        if short <= 0:
            continue
        for other in range(prices.size):
            held[other] = 0
            if is_reserved[other] and priority[other] < priority[need]:
                for pool in range(granted.shape[1]):
                    held[other] += allowed[need, pool] * granted[other, pool]
        total = held.sum()
        if total > 0:
            # In float: prices times accelerators times a day leave 64 bits.
            each = prices[need] * interval_h * min(1.0, short / total)
            for other in range(prices.size):
                found[other] += int(min(DISPLACED_MAX_MICRO_USD, each * held[other]))


@kernel
def _gather(
    found: IntArray,
    rows: IntArray,
    granted: IntArray,
    wanted: IntArray,
    used: IntArray,
    allowed: IntArray,
    available: IntArray,
) -> None:
    for place in range(rows.size):
        row = rows[place]
        if row < 0:
            found[3, place] = -1
            continue
        found[1, place] = wanted[row]
        found[2, place] = used[row]
        for pool in range(available.size):
            found[0, place] += granted[row, pool]
            found[3, place] += allowed[row, pool] * available[pool]


def _most(count: int) -> int:
    """What each of so many may have or want, so that the allocator can add them up."""
    return LARGEST_QTY // max(1, count)


def _fits(pool: Pool, need: Need) -> bool:
    is_there = pool.resource == need.resource and need.region in (ANYWHERE, pool.region)
    return is_there and (not need.segments or pool.segment in need.segments)


def _is_accredited(
    pool: Pool, need: Need, accredited: Mapping[tuple[str, str], frozenset[str]]
) -> bool:
    level = need.accreditation
    return not level or pool.segment in accredited.get((need.service, level), frozenset())


def _carried(needs: tuple[Need, ...]) -> Iterator[list[int]]:
    """(promise, service) wherever a promise is of a service: first those of the same region."""
    served = [
        (row, need)
        for row, need in enumerate(needs)
        if need.need_id == service_need(need.service, need.region)
    ]
    pairs = []
    for row, promise in enumerate(needs):
        if not (_is_promise(promise) and promise.service):
            continue
        its = [(place, need) for place, need in served if need.service == promise.service]
        own = [(place, need) for place, need in its if need.label == promise.label]
        pairs += [
            (promise.region == ANYWHERE, row, place)
            for place, need in own or its
            if promise.region in (ANYWHERE, need.region)
        ]
    return ([promise, service] for _, promise, service in sorted(pairs))


def _preference(pools: tuple[Pool, ...], needs: tuple[Need, ...]) -> list[int]:
    """Pools in the order in which services name their segments, the longest list before all."""
    served = [need for need in needs if need.need_id == service_need(need.service, need.region)]
    served.sort(key=lambda need: -len(need.segments))
    named = [*dict.fromkeys(segment for need in served for segment in need.segments)]
    last = len(named)
    rank = [named.index(p.segment) if p.segment in named else last for p in pools]
    return sorted(range(len(pools)), key=lambda place: rank[place])


def _is_promise(need: Need) -> bool:
    return need.need_id.startswith("commitment/")


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
def _carry(wanted: IntArray, carried: IntArray) -> None:
    """Take from what services want what promises carry of it."""
    left = wanted.copy()
    for pair in range(carried.shape[0]):
        promise, service = carried[pair, 0], carried[pair, 1]
        taken = min(left[promise], wanted[service])
        left[promise] -= taken
        wanted[service] -= taken


@kernel
def _fill_used(used: IntArray, granted: IntArray, taken: IntArray, carried: IntArray) -> None:
    """What each need was granted; of a promise what it carries of ``taken``, for its service, too.

    Where one promise is short, another of the service carries the more.
    """
    for need in range(granted.shape[0]):
        for pool in range(granted.shape[1]):
            used[need] += granted[need, pool]
    idle = used.copy()
    for pair in range(carried.shape[0]):
        used[carried[pair, 0]] = 0
    for pair in range(carried.shape[0]):
        promise, service = carried[pair, 0], carried[pair, 1]
        got = min(taken[service], idle[promise])
        taken[service] -= got
        idle[promise] -= got
        used[promise] += got
        used[service] += got


@kernel
def _fill_shares(
    shares: IntArray,
    granted: IntArray,
    wanted: IntArray,
    used: IntArray,
    allowed: IntArray,
    barred: IntArray,
    is_reserved: IntArray,
) -> None:
    """Per pool what is reserved, asked, allocated, displaced, delivered and barred.

    What nobody could grant is shown at the first pool that was allowed to; of a promise the first
    pools are used first.
    """
    for need in range(granted.shape[0]):
        left, idle, first = wanted[need], used[need], -1
        for pool in range(granted.shape[1]):
            if allowed[need, pool] and first < 0:
                first = pool
            given = granted[need, pool]
            left -= given
            delivered = min(given, idle) if is_reserved[need] else given
            idle -= delivered
            shares[pool, _ALLOCATED] += given
            shares[pool, _DEMAND] += given
            shares[pool, _RESERVED] += given * is_reserved[need]
            shares[pool, _DELIVERED] += delivered
        for pool in range(granted.shape[1]):
            shares[pool, _BARRED] += left * barred[need, pool]
        if first >= 0 and left > 0:
            shares[first, _DEMAND] += left
            shares[first, _DISPLACED] += left
            shares[first, _RESERVED] += left * is_reserved[need]
