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
from twin.business.flows import Flows, copy, make_room, place, unused
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
    order = _ascending(priority)
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
def _ascending(keys: IntArray) -> IntArray:
    """The places in order of their keys, ties by place. They are few, and mostly in order."""
    order = np.zeros(keys.size, dtype=np.int64)
    for place_ in range(keys.size):
        at = place_
        while at > 0 and keys[order[at - 1]] > keys[place_]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = place_
    return order


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
    first = 0
    while first < needs.size:
        last = first + 1
        while last < needs.size and priority[needs[last]] == priority[needs[first]]:
            last += 1
        _settle(settled, trial, first, last, weight, kind, totals)
        first = last
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
def _settle(
    settled: Flows,
    trial: Flows,
    first: int,
    last: int,
    weight: IntArray,
    kind: IntArray,
    totals: IntArray,
) -> None:
    """Decide what the needs of one priority get, without taking from those settled before.

    Try one fraction for all. If it does not fit, the pools that it fills up tell the needs that
    must stay below it from those that can rise above: each part is then solved by itself, the lower
    first (decomposition of a polymatroid: Fujishige 1980, Groenevelt 1991). Parts wait on a stack,
    each with the place of its last member and the amount it can get.
    """
    members = np.arange(first, last)
    ends, amounts = np.zeros(members.size, dtype=np.int64), np.zeros(members.size, dtype=np.int64)
    start, waiting = 0, 0
    ends[0], amounts[0] = members.size, _sum(weight, members)
    while waiting >= 0:
        group, amount = members[start : ends[waiting]], amounts[waiting]
        wanted = _sum(weight, group)
        if _fits(settled, trial, group, weight, kind, amount, wanted):
            _grant(settled, group, weight, kind, totals, amount, wanted)
            start, waiting = ends[waiting], waiting - 1
            continue
        is_held = _held_back(trial)
        held_count = _partition(group, kind, is_held)
        held_amount = _left_for(settled, trial, is_held)
        if held_count < group.size:
            # When even the whole was tried, those not held back get just that.
            rest = _sum(weight, group[held_count:])
            amounts[waiting] = rest if amount == wanted else amount - held_amount
            waiting += 1
        ends[waiting], amounts[waiting] = start + held_count, held_amount


@kernel
def _sum(values: IntArray, places: IntArray) -> int:
    """Of the values at some places."""
    total = 0
    for place_ in places:
        total += values[place_]
    return total


@kernel
def _partition(group: IntArray, kind: IntArray, is_first: BoolArray) -> int:
    """Put those of some kinds first, otherwise leaving the order; how many they are."""
    later, later_count = np.zeros(group.size, dtype=np.int64), 0
    for i in range(group.size):
        if is_first[kind[group[i]]]:
            group[i - later_count] = group[i]
        else:
            later[later_count] = group[i]
            later_count += 1
    for i in range(later_count):
        group[group.size - later_count + i] = later[i]
    return group.size - later_count


@kernel
def _fits(
    settled: Flows,
    trial: Flows,
    group: IntArray,
    weight: IntArray,
    kind: IntArray,
    amount: int,
    wanted: int,
) -> bool:
    """Whether each of the group can have ``amount / wanted`` of its weight; exact."""
    copy(settled, trial)
    kind_weight = np.zeros(trial.mask.shape[0], dtype=np.int64)
    for need in group:
        kind_weight[kind[need]] += weight[need]
    fits = True
    for k in range(kind_weight.size):
        if kind_weight[k] > 0:
            whole, part = _proportion(kind_weight[k], amount, wanted)
            whole, part = place(trial, k, whole, part, wanted)
            fits = fits and whole == 0 and part == 0
    return fits


@kernel
def _held_back(flows: Flows) -> BoolArray:
    """The kinds that can use stuck pools only."""
    is_held = np.ones(flows.mask.shape[0], dtype=np.bool_)
    for k in range(is_held.size):
        for pool in range(flows.is_stuck.size):
            if flows.mask[k, pool] and not flows.is_stuck[pool]:
                is_held[k] = False
    return is_held


@kernel
def _left_for(settled: Flows, trial: Flows, is_held: BoolArray) -> int:
    """What the stuck pools can give to those held back: all that is not settled on them yet."""
    left = 0
    for pool in range(trial.is_stuck.size):
        if trial.is_stuck[pool]:
            left += settled.amount[pool, is_held.size, 0]
            for k in range(is_held.size):
                if not is_held[k]:
                    left += settled.amount[pool, k, 0]
    return left


@kernel
def _grant(
    settled: Flows,
    group: IntArray,
    weight: IntArray,
    kind: IntArray,
    totals: IntArray,
    amount: int,
    wanted: int,
) -> None:
    """Share an amount in proportion to the weights, by largest remainder, and settle it."""
    remainders = np.zeros(group.size, dtype=np.int64)
    kind_total = np.zeros(settled.mask.shape[0], dtype=np.int64)
    left = amount
    for i in range(group.size):
        total, remainder = _proportion(weight[group[i]], amount, wanted)
        totals[group[i]], remainders[i] = total, -remainder
        kind_total[kind[group[i]]] += total
        left -= total
    for k in range(kind_total.size):
        place(settled, k, kind_total[k], 0, 1)
    for i in _ascending(remainders):
        if left > 0:
            lacking, _ = place(settled, kind[group[i]], 1, 0, 1)
            totals[group[i]] += 1 - lacking
            left -= 1 - lacking
    assert left == 0


@kernel
def _proportion(weight: int, amount: int, wanted: int) -> tuple[int, int]:
    """Quotient and remainder of ``weight × amount / wanted``; neither factor is over ``wanted``.

    The product may need 124 bits: then it is formed and divided bit by bit.
    """
    if weight == 0 or amount <= _INT64_MAX // weight:
        product = weight * amount
        return product // wanted, product % wanted
    if amount == wanted:
        return weight, 0
    quotient, remainder = 0, 0
    for bit in range(_BITS - 1, -1, -1):
        quotient, remainder = 2 * quotient, 2 * remainder
        if remainder >= wanted:
            quotient, remainder = quotient + 1, remainder - wanted
        if (weight >> bit) & 1:
            remainder += amount
            if remainder >= wanted:
                quotient, remainder = quotient + 1, remainder - wanted
    return quotient, remainder


_INT64_MAX: Final = 2**63 - 1
_BITS: Final = 62
"""Of ``LARGEST_QTY``."""


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
    idle = settled.mask.shape[0]
    for need in range(needs.size):
        k, back, left = kind[need], totals[need], totals[need]
        for pool in range(pools.size):
            got = min(back, settled.amount[pool, k, 0])
            settled.amount[pool, k, 0] -= got
            settled.amount[pool, idle, 0] += got
            settled.is_stuck[pool] = False
            back -= got
        for pool in range(pools.size):
            got = 0
            if left > 0 and settled.mask[k, pool]:
                if not settled.is_stuck[pool]:
                    make_room(settled, pool, left, 0, 1)
                got = min(left, settled.amount[pool, idle, 0])
            settled.amount[pool, idle, 0] -= got
            granted[needs[need], pools[pool]] = got
            left -= got
        assert left == 0
