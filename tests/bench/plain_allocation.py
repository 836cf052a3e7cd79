"""The allocator in plain Python with fractions: what one would write first; an oracle of middle
sized cases, and a rival in a bench."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

Number = int | Fraction


def allocated(
    available: Sequence[int],
    wanted: Sequence[int],
    priority: Sequence[int],
    allowed: Sequence[Sequence[bool]],
) -> np.ndarray:
    """As ``twin.business.allocation.allocate``; shape ``(needs, pools)``."""
    network = Network(available, allowed)
    totals: dict[int, int] = {}
    for level in sorted(set(priority)):
        rising = [d for d in range(len(wanted)) if priority[d] == level and wanted[d] > 0]
        while rising:
            group, fraction = _raised(network, totals, rising, wanted)
            totals |= _rounded(network, totals, group, wanted, fraction)
            rising = [d for d in rising if d not in totals]
    order = sorted(totals, key=lambda d: (priority[d], d))
    return network.laid_out(order, totals)


def _raised(
    network: Network, totals: dict[int, int], rising: list[int], wanted: Sequence[int]
) -> tuple[list[int], Number]:
    """The highest fraction that all can have, and those who can have no more."""
    fraction: Number = 1
    while True:
        network.place(totals | {d: fraction * wanted[d] for d in rising})
        if not network.lacking:
            break
        needs, pools = network.reached(network.lacking)
        left = sum(network.available[p] for p in pools) - sum(totals.get(d, 0) for d in needs)
        fraction = Fraction(left) / sum(wanted[d] for d in rising if d in needs)
    if fraction == 1:
        return rising, fraction
    return [d for d in rising if not network.can_rise(d)], fraction


def _rounded(
    network: Network,
    totals: dict[int, int],
    group: list[int],
    wanted: Sequence[int],
    fraction: Number,
) -> dict[int, int]:
    exact = {d: fraction * wanted[d] for d in group}
    given = {d: int(exact[d]) for d in group}
    network.place(totals | given)
    left = sum(exact.values()) - sum(given.values())
    for d in sorted(group, key=lambda d: (given[d] - exact[d], d)):
        if left and network.can_rise(d):
            network.give(d, 1)
            given[d] += 1
            left -= 1
    return given


class Network:
    """Who has what of which pool, and who could move where."""

    def __init__(self, available: Sequence[int], allowed: Sequence[Sequence[bool]]) -> None:
        self.available = list(available)
        self.allowed = [[p for p, may in enumerate(row) if may] for row in allowed]
        self.place({})

    def place(self, totals: dict[int, Number]) -> None:
        """Start anew and place these totals; ``lacking`` are the needs that did not get theirs."""
        self.idle: list[Number] = list(self.available)
        self.has: list[dict[int, Number]] = [{} for _ in self.available]
        self.lacking = [d for d, total in totals.items() if self.give(d, total)]

    def give(self, need: int, amount: Number) -> Number:
        """Give a need more; what could not be given."""
        while amount and (path := self._path(self.allowed[need])):
            amount -= self._follow(path, need, amount)
        return amount

    def can_rise(self, need: int) -> bool:
        """Whether it could get more without anybody getting less."""
        return self._path(self.allowed[need]) is not None

    def reached(self, needs: list[int]) -> tuple[set[int], set[int]]:
        """The needs and pools that could exchange with these."""
        seen, pools, queue = set(needs), set[int](), deque(needs)
        while queue:
            for pool in self.allowed[queue.popleft()]:
                if pool not in pools:
                    pools.add(pool)
                    queue.extend(d for d in self.has[pool] if d not in seen)
                    seen.update(self.has[pool])
        return seen, pools

    def laid_out(self, order: list[int], totals: dict[int, int]) -> np.ndarray:
        """Each in order on the first pools that leave the totals as they are."""
        self.place(totals)
        granted = np.zeros((len(self.allowed), len(self.available)), dtype=np.int64)
        for need in order:
            for pool, has in enumerate(self.has):
                self.idle[pool] += has.pop(need, 0)
            left = totals[need]
            for pool in self.allowed[need]:
                while left and (path := self._path([pool])):
                    amount = self._follow(path, need, left)
                    del self.has[pool][need]
                    granted[need, pool] += amount
                    left -= amount
        return granted

    def _path(self, starts: list[int]) -> list[tuple[int, int]] | None:
        """From one of the pools to an idle one: the pools, and who moves on from each."""
        before: dict[int, tuple[int, int] | None] = dict.fromkeys(starts)
        queue = deque(starts)
        while queue:
            pool = queue.popleft()
            if self.idle[pool]:
                path, step = [(pool, -1)], before[pool]
                while step:
                    path, step = [step, *path], before[step[0]]
                return path
            for need in self.has[pool]:
                for other in self.allowed[need]:
                    if other not in before:
                        before[other] = pool, need
                        queue.append(other)
        return None

    def _follow(self, path: list[tuple[int, int]], need: int, most: Number) -> Number:
        """Move everybody on the path on, as far as all can, and let the need in at its start."""
        end = path[-1][0]
        amount = min([most, self.idle[end], *(self.has[pool][who] for pool, who in path[:-1])])
        self.idle[end] -= amount
        for pool, who in path:
            self.has[pool][need] = self.has[pool].get(need, 0) + amount
            if who >= 0:
                self.has[pool][who] -= amount
                if not self.has[pool][who]:
                    del self.has[pool][who]
            need = who
        return amount
