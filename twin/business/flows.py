"""Amounts on pools, and how those who have them make room for others: one flow, in exact numbers.

An amount is ``whole + part / denominator``, two integers: a fraction of what is wanted is tried
without rounding, and no product leaves 64 bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.arrays import BoolArray, IntArray
from twin.physics.kernel import kernel


class Flows(NamedTuple):
    """What each kind of need has of each pool.

    What nobody has belongs to one more kind, the last, which is idle: so whatever is placed, moved
    or taken back, what lies on a pool adds up to what the pool has.
    """

    mask: BoolArray
    """Which pools a kind may use, shape ``(kinds, pools)``."""
    amount: IntArray
    """Whole and part, shape ``(pools, kinds + 1, 2)``."""
    is_stuck: BoolArray
    """Pools without idle capacity from which nobody can move on to where some is."""
    path: IntArray
    """The last path found: the pool before each pool, and the kind that can move between them."""


@kernel
def unused(mask: BoolArray, capacity: IntArray) -> Flows:
    """All capacity idle."""
    kinds_count, pools_count = mask.shape
    amount = np.zeros((pools_count, kinds_count + 1, 2), dtype=np.int64)
    for pool in range(pools_count):
        amount[pool, kinds_count, 0] = capacity[pool]
    is_stuck = np.zeros(pools_count, dtype=np.bool_)
    return Flows(mask, amount, is_stuck, np.zeros((pools_count, 2), dtype=np.int64))


@kernel
def copy(source: Flows, target: Flows) -> None:
    """Make the target as the source is; both have one mask."""
    for pool in range(source.amount.shape[0]):
        target.is_stuck[pool] = source.is_stuck[pool]
        for k in range(source.amount.shape[1]):
            target.amount[pool, k, 0] = source.amount[pool, k, 0]
            target.amount[pool, k, 1] = source.amount[pool, k, 1]


@kernel
def place(flows: Flows, k: int, whole: int, part: int, denominator: int) -> tuple[int, int]:
    """Give a kind so much, moving others where they may go; what could not be placed."""
    kinds_count, pools_count = flows.mask.shape
    for turn in range(2 * pools_count):
        pool = turn % pools_count
        if whole == 0 and part == 0:
            break
        if not flows.mask[k, pool] or flows.is_stuck[pool]:
            continue
        # First what is idle anyway; then what others can leave.
        if turn >= pools_count:
            make_room(flows, pool, whole, part, denominator)
        idle = flows.amount[pool, kinds_count]
        got, got_part = smaller(whole, part, idle[0], idle[1])
        add(flows.amount[pool, k], got, got_part, denominator)
        add(idle, -got, -got_part, denominator)
        whole, part = whole - got, part - got_part
        if part < 0:
            whole, part = whole - 1, part + denominator
    return whole, part


@kernel
def make_room(flows: Flows, pool: int, whole: int, part: int, denominator: int) -> None:
    """Move others out of a pool until so much of it is idle, or nobody can move any more."""
    amount, path, idle = flows.amount, flows.path, flows.mask.shape[0]
    while True:
        lack, lack_part = whole - amount[pool, idle, 0], part - amount[pool, idle, 1]
        if lack_part < 0:
            lack, lack_part = lack - 1, lack_part + denominator
        if lack < 0 or (lack == 0 and lack_part == 0):
            return
        end = nearest_idle(flows, pool)
        if end < 0:
            return
        most, most_part = smaller(lack, lack_part, amount[end, idle, 0], amount[end, idle, 1])
        at = end
        while at != pool:
            there = amount[path[at, 0], path[at, 1]]
            most, most_part = smaller(most, most_part, there[0], there[1])
            at = path[at, 0]
        add(amount[end, idle], -most, -most_part, denominator)
        add(amount[pool, idle], most, most_part, denominator)
        at = end
        while at != pool:
            add(amount[at, path[at, 1]], most, most_part, denominator)
            add(amount[path[at, 0], path[at, 1]], -most, -most_part, denominator)
            at = path[at, 0]


@kernel
def nearest_idle(flows: Flows, pool: int) -> int:
    """A pool with idle capacity to which others of ``pool`` can move, in the fewest moves, or −1.

    The moves are left in ``path``. When there are none, all pools that were reached are stuck, for
    as long as nothing is taken back.
    """
    amount, path, is_stuck = flows.amount, flows.path, flows.is_stuck
    kinds_count, pools_count = flows.mask.shape
    was_seen = np.zeros(kinds_count, dtype=np.bool_)
    queue = np.zeros(pools_count, dtype=np.int64)
    for other in range(pools_count):
        path[other, 0] = -1
    queue[0], path[pool, 0], queued, taken = pool, pool, 1, 0
    while taken < queued:
        here = queue[taken]
        taken += 1
        for k in range(kinds_count):
            if was_seen[k] or (amount[here, k, 0] | amount[here, k, 1]) == 0:
                continue
            was_seen[k] = True
            for there in range(pools_count):
                if flows.mask[k, there] and path[there, 0] < 0 and not is_stuck[there]:
                    path[there, 0], path[there, 1] = here, k
                    if (amount[there, kinds_count, 0] | amount[there, kinds_count, 1]) != 0:
                        return there
                    queue[queued] = there
                    queued += 1
    for reached in range(queued):
        is_stuck[queue[reached]] = True
    return -1


@kernel
def smaller(whole: int, part: int, other: int, other_part: int) -> tuple[int, int]:
    """The smaller of two amounts."""
    if whole < other or (whole == other and part < other_part):
        return whole, part
    return other, other_part


@kernel
def add(amount: IntArray, whole: int, part: int, denominator: int) -> None:
    """Add to an amount, or with both numbers negative take away from it."""
    amount[0] += whole
    amount[1] += part
    if amount[1] >= denominator:
        amount[0] += 1
        amount[1] -= denominator
    elif amount[1] < 0:
        amount[0] -= 1
        amount[1] += denominator
