"""Who gets what: the one rule by which scarce supply is shared, for the truth and for dispatch.

Needs are served by priority; within a priority, shares are max-min fair in proportion to what is
wanted. All in integers, and the result follows from the rule alone: any correct way to compute it
gives the same. Where all can be met in turn, that is the answer. Otherwise the needs and pools that
depend on each other are solved as a flow (see ``flows``), in which those already served may be
moved to another pool they are allowed on, and never get less.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from twin.arrays import BoolArray, IntArray
from twin.business.fair_shares import ascending, settle
from twin.business.flows import Flows, make_room, unused
from twin.errors import BadInput
from twin.physics.kernel import kernel

LARGEST_QTY: Final = 4 * 10**18
"""What all pools together may have, and all needs together may want: two of it fit into 64 bits."""


def allocate(
    available_qty: IntArray,
    wanted_qty: IntArray,
    priority: IntArray,
    allowed: BoolArray | IntArray,
    *,
    preference: IntArray | None = None,
) -> IntArray:
    """What each need is granted of each pool: whole units, shape ``(needs, pools)``.

    ``available_qty`` has shape ``(pools,)``, ``wanted_qty`` and ``priority`` (0 first)
    ``(needs,)``, and ``allowed`` ``(needs, pools)``, true where resource, region, location limit
    and accreditation permit. Ties go to the earlier need. ``preference`` names the pools in the
    order in which they are used, without it from the first to the last. In order of precedence:

    1. No pool gives more than it has, no need gets more than it wants or where it may not.
    2. What all needs of priority 0 get together is the most possible; then of priority 1; and on.
    3. Within a priority each need gets the same fraction of what it wants, but for those that can
       get more without anybody below them getting less. The needs at one fraction share what they
       can get by largest remainder: rounded down, then one more unit each, if they can use it.
    4. The first need (by priority, then place) gets what it gets from the most preferred pools
       that leave everybody's total as it is; then the second; and on.

    ``BadInput`` for a negative amount, for sums over ``LARGEST_QTY``, for shapes that do not fit,
    and for a preference that is not an order of the pools.
    """
    pools_count, needs_count = len(available_qty), len(wanted_qty)
    if preference is None:
        preference = np.arange(pools_count, dtype=np.int64)
    if priority.shape != (needs_count,) or allowed.shape != (needs_count, pools_count):
        raise BadInput(
            f"priority of shape {priority.shape}, allowed of shape {allowed.shape}",
            expected=f"({needs_count},) and ({needs_count}, {pools_count})",
            field="allowed",
        )
    granted = np.zeros((needs_count, pools_count), dtype=np.int64)
    # Copied: a kernel is compiled for each type it meets, and an array that refuses writes is one.
    fault = _allocate(
        granted,
        _integers(available_qty),
        _integers(wanted_qty),
        _integers(priority),
        np.array(allowed, dtype=np.bool_, order="C"),
        _integers(preference),
    )
    if fault != _SOUND:
        field, expected = _FAULTS[fault]
        raise BadInput(f"an impossible {field}", expected=expected, field=field)
    return granted


_SOUND, _BAD_AVAILABLE, _BAD_WANTED, _BAD_PREFERENCE = range(4)
_AMOUNTS = f"no negative amount, and at most {LARGEST_QTY} together"
_FAULTS = {
    _BAD_AVAILABLE: ("available_qty", _AMOUNTS),
    _BAD_WANTED: ("wanted_qty", _AMOUNTS),
    _BAD_PREFERENCE: ("preference", "every pool once"),
}


def _integers(values: IntArray) -> IntArray:
    return values.astype(np.int64, order="C", casting="safe")


@kernel
def _allocate(
    granted: IntArray,
    available: IntArray,
    wanted: IntArray,
    priority: IntArray,
    allowed: BoolArray,
    preference: IntArray,
) -> int:
    """Fill what is granted, all zero before; what is wrong with the input, if anything."""
    if not _is_sound(available):
        return _BAD_AVAILABLE
    if not _is_sound(wanted):
        return _BAD_WANTED
    if not _is_order(preference, available.size):
        return _BAD_PREFERENCE
    order = ascending(priority)
    lacking = _serve_in_turn(granted, available, wanted, allowed, order, preference)
    for need in order:
        if lacking[need] > 0:
            has_need = np.zeros(wanted.size, dtype=np.bool_)
            has_pool = np.zeros(available.size, dtype=np.bool_)
            _join(need, wanted, allowed, has_need, has_pool)
            needs, pools = _chosen(order, has_need), _chosen(preference, has_pool)
            _share(granted, available, wanted, priority, allowed, needs, pools)
            for other in needs:
                lacking[other] = 0
    return _SOUND


@kernel
def _is_sound(amounts: IntArray) -> bool:
    """Whether none is negative and the sum is within bounds."""
    left = LARGEST_QTY
    for amount in amounts:
        if amount < 0 or amount > left:
            return False
        left -= amount
    return True


@kernel
def _is_order(preference: IntArray, pools_count: int) -> bool:
    """Whether it names every pool once."""
    is_named = np.zeros(pools_count, dtype=np.bool_)
    for pool in preference:
        if pool < 0 or pool >= pools_count or is_named[pool]:
            return False
        is_named[pool] = True
    return preference.size == pools_count


@kernel
def _serve_in_turn(
    granted: IntArray,
    available: IntArray,
    wanted: IntArray,
    allowed: BoolArray,
    order: IntArray,
    preference: IntArray,
) -> IntArray:
    """Give each need in turn what it wants from the first pools that have it; what each lacks."""
    idle, lacking = available.copy(), wanted.copy()
    for need in order:
        for pool in preference:
            if lacking[need] == 0:
                break
            if allowed[need, pool]:
                got = min(lacking[need], idle[pool])
                granted[need, pool] = got
                idle[pool] -= got
                lacking[need] -= got
    return lacking


@kernel
def _join(
    first: int, wanted: IntArray, allowed: BoolArray, has_need: BoolArray, has_pool: BoolArray
) -> None:
    """Mark the needs and pools that a need depends on, through pools that needs have in common."""
    queue = np.zeros(wanted.size, dtype=np.int64)
    queue[0], has_need[first], queued, taken = first, True, 1, 0
    while taken < queued:
        for pool in range(has_pool.size):
            if allowed[queue[taken], pool] and not has_pool[pool]:
                has_pool[pool] = True
                for need in range(wanted.size):
                    if allowed[need, pool] and wanted[need] > 0 and not has_need[need]:
                        has_need[need] = True
                        queue[queued] = need
                        queued += 1
        taken += 1


@kernel
def _chosen(order: IntArray, is_chosen: BoolArray) -> IntArray:
    """Those of an order that are marked."""
    chosen, count = np.zeros(order.size, dtype=np.int64), 0
    for one in order:
        if is_chosen[one]:
            chosen[count] = one
            count += 1
    return chosen[:count]


@kernel
def _share(
    granted: IntArray,
    available: IntArray,
    wanted: IntArray,
    priority: IntArray,
    allowed: BoolArray,
    needs: IntArray,
    pools: IntArray,
) -> None:
    """The rule in full for some needs, in the order they are served, and the pools they may use.

    From here on needs and pools are numbered in these orders, and those without a difference in
    where they may run are of one kind.
    """
    capacity = np.zeros(pools.size, dtype=np.int64)
    for pool in range(pools.size):
        capacity[pool] = available[pools[pool]]
    weight = np.zeros(needs.size, dtype=np.int64)
    for need in range(needs.size):
        weight[need] = wanted[needs[need]]
    kind, mask = _kinds(allowed, needs, pools)
    settled, trial = unused(mask, capacity), unused(mask, capacity)
    totals = np.zeros(needs.size, dtype=np.int64)
    members = np.zeros(needs.size, dtype=np.int64)
    first = 0
    for need in range(needs.size):
        members[need] = need
        is_last = need + 1 == needs.size
        if is_last or priority[needs[need]] != priority[needs[need + 1]]:
            settle(settled, trial, members[first : need + 1], weight, kind, totals)
            first = need + 1
    _lay_out(granted, settled, kind, totals, needs, pools)


@kernel
def _kinds(allowed: BoolArray, needs: IntArray, pools: IntArray) -> tuple[IntArray, BoolArray]:
    """The kind of each need, and the pools that each kind may use, shape ``(kinds, pools)``."""
    kind = np.zeros(needs.size, dtype=np.int64)
    code = np.zeros(needs.size, dtype=np.int64)
    mask = np.zeros((needs.size, pools.size), dtype=np.bool_)
    kinds_count = 0
    for need in range(needs.size):
        # Rows with different codes differ; with equal ones they may.
        row_code = 0
        for pool in range(pools.size):
            mask[kinds_count, pool] = allowed[needs[need], pools[pool]]
            row_code = row_code * 3 + mask[kinds_count, pool]
        found, is_same = 0, False
        while not is_same:
            is_same = code[found] == row_code or found == kinds_count
            for pool in range(pools.size):
                if not is_same:
                    break
                is_same = mask[found, pool] == mask[kinds_count, pool]
            found += 1
        kind[need], code[kinds_count] = found - 1, row_code
        kinds_count = max(kinds_count, found)
    return kind, mask[:kinds_count]


@kernel
def _lay_out(
    granted: IntArray,
    settled: Flows,
    kind: IntArray,
    totals: IntArray,
    needs: IntArray,
    pools: IntArray,
) -> None:
    """Take each need out of its kind, in order, and give it the most preferred pools it can have.

    While it chooses, its share lies idle; others move aside for it where they can. What is given is
    gone from ``settled``.
    """
    idle, left = settled.mask.shape[0], np.zeros(2, dtype=np.int64)
    here = np.zeros(pools.size, dtype=np.bool_)
    for need in range(needs.size):
        k, back = kind[need], totals[need]
        left[0] = back
        for pool in range(pools.size):
            got = min(back, settled.amount[pool, k, 0])
            settled.amount[pool, k, 0] -= got
            settled.amount[pool, idle, 0] += got
            settled.is_stuck[pool] = False
            back -= got
        for pool in range(pools.size):
            granted[needs[need], pools[pool]] = 0
            here[pool] = settled.mask[k, pool]
            while here[pool] and left[0] > 0:
                here[pool] = make_room(settled, here, left) >= 0
                got = min(left[0], settled.amount[pool, idle, 0])
                settled.amount[pool, idle, 0] -= got
                granted[needs[need], pools[pool]] += got
                left[0] -= got
            here[pool] = False
        assert left[0] == 0
