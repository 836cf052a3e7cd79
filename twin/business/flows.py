"""Amounts on pools, and how those who have them make room for others: one flow, in exact numbers.

An amount is ``whole + part / denominator``, an array of the two integers: so a fraction of what is
wanted is tried without rounding, and nothing leaves 64 bits.
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
    denominator: IntArray
    """Of every part, shape ``(1,)``."""


@kernel
def unused(mask: BoolArray, capacity: IntArray) -> Flows:
    """All capacity idle."""
    kinds_count, pools_count = mask.shape
    amount = np.zeros((pools_count, kinds_count + 1, 2), dtype=np.int64)
    for pool in range(pools_count):
        amount[pool, kinds_count, 0] = capacity[pool]
    is_stuck = np.zeros(pools_count, dtype=np.bool_)
    path = np.zeros((pools_count, 2), dtype=np.int64)
    return Flows(mask, amount, is_stuck, path, np.ones(1, dtype=np.int64))


@kernel
def copy(source: Flows, target: Flows) -> None:
    """Make a target as the source is, whose amounts are whole; both have one mask."""
    for pool in range(source.amount.shape[0]):
        target.is_stuck[pool] = source.is_stuck[pool]
        for k in range(source.amount.shape[1]):
            target.amount[pool, k, 0], target.amount[pool, k, 1] = source.amount[pool, k, 0], 0


@kernel
def give(flows: Flows, k: int, lack: IntArray) -> None:
    """Give a kind what it lacks, moving others where they may go; ``lack`` is what is left of it.

    Either nothing is left, or all pools the kind may use are stuck.
    """
    got, denominator, idle = np.zeros(2, dtype=np.int64), flows.denominator[0], flows.mask.shape[0]
    while lack[0] != 0 or lack[1] != 0:
        pool = make_room(flows, flows.mask[k], lack)
        if pool < 0:
            return
        got[0], got[1] = lack[0], lack[1]
        limit(got, flows.amount[pool, idle])
        move(got, flows.amount[pool, idle], flows.amount[pool, k], denominator)
        subtract(lack, got, denominator)


@kernel
def make_room(flows: Flows, starts: BoolArray, wanted: IntArray) -> int:
    """One of some pools with idle capacity, if need be after others have moved out of it, or −1.

    Others leave at most what is wanted; it may be less, and then there may be more to be had.
    """
    end = _nearest_idle(flows, starts)
    if end < 0 or flows.path[end, 0] == end:
        return end
    amount, path, idle = flows.amount, flows.path, flows.mask.shape[0]
    denominator = flows.denominator[0]
    most = np.zeros(2, dtype=np.int64)
    most[0], most[1] = wanted[0], wanted[1]
    limit(most, amount[end, idle])
    pool = end
    while path[pool, 0] != pool:
        limit(most, amount[path[pool, 0], path[pool, 1]])
        pool = path[pool, 0]
    move(most, amount[end, idle], amount[pool, idle], denominator)
    while end != pool:
        before, k = path[end, 0], path[end, 1]
        move(most, amount[before, k], amount[end, k], denominator)
        end = before
    return pool


@kernel
def _nearest_idle(flows: Flows, starts: BoolArray) -> int:
    """An idle pool to which those on one of the starts can move in the fewest moves, or −1.

    The moves are left in ``path``, where a start comes from itself. When there are none, all pools
    that were reached are stuck, for as long as nothing is given on the starts or taken back.
    """
    amount, path, is_stuck = flows.amount, flows.path, flows.is_stuck
    kinds_count, pools_count = flows.mask.shape
    was_seen = np.zeros(kinds_count, dtype=np.bool_)
    queue = np.zeros(pools_count, dtype=np.int64)
    queued, taken = 0, 0
    for start in range(pools_count):
        path[start, 0] = -1
        if starts[start] and not is_stuck[start]:
            path[start, 0] = start
            if (amount[start, kinds_count, 0] | amount[start, kinds_count, 1]) != 0:
                return start
            queue[queued] = start
            queued += 1
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
def limit(most: IntArray, other: IntArray) -> None:
    """Lower an amount to another, where it is more."""
    if other[0] < most[0] or (other[0] == most[0] and other[1] < most[1]):
        most[0], most[1] = other[0], other[1]


@kernel
def move(moved: IntArray, source: IntArray, target: IntArray, denominator: int) -> None:
    """Take an amount from one place and add it to another."""
    subtract(source, moved, denominator)
    target[0] += moved[0]
    target[1] += moved[1]
    if target[1] >= denominator:
        target[0] += 1
        target[1] -= denominator


@kernel
def subtract(amount: IntArray, other: IntArray, denominator: int) -> None:
    """Take one amount from another; a negative rest has a negative whole and a positive part."""
    amount[0] -= other[0]
    amount[1] -= other[1]
    if amount[1] < 0:
        amount[0] -= 1
        amount[1] += denominator
