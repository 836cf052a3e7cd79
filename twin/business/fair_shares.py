"""What each need gets in all, where not everybody can have all: max-min fair, in integers."""

from __future__ import annotations

from typing import Final

import numpy as np

from twin.arrays import BoolArray, IntArray
from twin.business.flows import Flows, copy, give
from twin.physics.kernel import kernel


@kernel
def settle(
    settled: Flows,
    trial: Flows,
    members: IntArray,
    weight: IntArray,
    kind: IntArray,
    totals: IntArray,
) -> None:
    """Decide what the needs of one priority get, without taking from those settled before.

    Try one fraction for all. If it does not fit, the pools that it fills up tell the needs that
    must stay below it from those that can rise above: each part is then solved by itself, the lower
    first (decomposition of a polymatroid: Fujishige 1980, Groenevelt 1991). Parts wait on a stack,
    each with the place of its last member and the amount it can get; the members are put in the
    order in which they are decided.
    """
    ends, amounts = np.zeros(members.size, dtype=np.int64), np.zeros(members.size, dtype=np.int64)
    start, waiting, lack = 0, 0, np.zeros(2, dtype=np.int64)
    ends[0], amounts[0] = members.size, _sum(weight, members)
    while waiting >= 0:
        group, amount = members[start : ends[waiting]], amounts[waiting]
        wanted = _sum(weight, group)
        if group.size == 1:
            # Alone, it gets whatever there is.
            lack[0] = amount
            give(settled, kind[group[0]], lack)
            totals[group[0]] = amount - lack[0]
            start, waiting = ends[waiting], waiting - 1
            continue
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
    for place in places:
        total += values[place]
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
    trial.denominator[0] = wanted
    lack = np.zeros(2, dtype=np.int64)
    kind_weight = np.zeros(trial.mask.shape[0], dtype=np.int64)
    for need in group:
        kind_weight[kind[need]] += weight[need]
    fits = True
    for k in range(kind_weight.size):
        if kind_weight[k] > 0:
            lack[0], lack[1] = _proportion(kind_weight[k], amount, wanted)
            give(trial, k, lack)
            fits = fits and lack[0] == 0 and lack[1] == 0
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
    left, lack = amount, np.zeros(2, dtype=np.int64)
    for i in range(group.size):
        total, remainder = _proportion(weight[group[i]], amount, wanted)
        totals[group[i]], remainders[i] = total, -remainder
        kind_total[kind[group[i]]] += total
        left -= total
    for k in range(kind_total.size):
        lack[0] = kind_total[k]
        give(settled, k, lack)
    for i in ascending(remainders):
        if left > 0:
            lack[0] = 1
            give(settled, kind[group[i]], lack)
            totals[group[i]] += 1 - lack[0]
            left -= 1 - lack[0]
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
def ascending(keys: IntArray) -> IntArray:
    """The places in order of their keys, ties by place. They are few, and mostly in order."""
    order = np.zeros(keys.size, dtype=np.int64)
    for place in range(keys.size):
        at = place
        while at > 0 and keys[order[at - 1]] > keys[place]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = place
    return order
