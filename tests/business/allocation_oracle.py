"""The allocator by its rules alone: every placement there is, and the one that the rules choose.

Slow and obvious: a few needs and pools of a few units each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np

Row = tuple[int, ...]
Placement = tuple[Row, ...]


class Case(NamedTuple):
    """What is asked of the allocator, in plain numbers."""

    available: Row
    wanted: Row
    priority: Row
    allowed: tuple[tuple[bool, ...], ...]

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The arguments of ``allocate``."""
        shape = len(self.wanted), len(self.available)
        return (
            np.array(self.available, dtype=np.int64),
            np.array(self.wanted, dtype=np.int64),
            np.array(self.priority, dtype=np.int64),
            np.array(self.allowed, dtype=np.bool_).reshape(shape),
        )

    def of_priority(self, priority: int) -> tuple[int, ...]:
        """The needs of one priority, in their order."""
        return tuple(d for d, mine in enumerate(self.priority) if mine == priority)


def chosen(case: Case) -> Placement:
    """The placement that the rules ask for."""
    placements = list(every_placement(case))
    totals = chosen_totals(case, {_totals(placement) for placement in placements})
    order = sorted(range(len(case.wanted)), key=lambda d: case.priority[d])
    return max(
        (placement for placement in placements if _totals(placement) == totals),
        key=lambda placement: [placement[d] for d in order],
    )


def every_placement(case: Case) -> Iterator[Placement]:
    """All that is feasible: within what pools have, needs want, and masks allow."""
    yield from _placements(case, 0, case.available)


def _placements(case: Case, need: int, idle: Row) -> Iterator[Placement]:
    if need == len(case.wanted):
        yield ()
        return
    limits = [n if may else 0 for n, may in zip(idle, case.allowed[need], strict=True)]
    for row in _rows(limits, case.wanted[need]):
        rest = tuple(n - taken for n, taken in zip(idle, row, strict=True))
        for others in _placements(case, need + 1, rest):
            yield (row, *others)


def _rows(limits: Sequence[int], most: int) -> Iterator[Row]:
    if not limits:
        yield ()
        return
    for first in range(min(limits[0], most) + 1):
        for others in _rows(limits[1:], most - first):
            yield (first, *others)


def _totals(placement: Placement) -> Row:
    return tuple(sum(row) for row in placement)


def chosen_totals(case: Case, possible: set[Row]) -> Row:
    """What each need gets together: by priority, then max-min fair, then by largest remainder."""
    for priority in sorted(set(case.priority)):
        members = case.of_priority(priority)
        most = max(sum(totals[d] for d in members) for totals in possible)
        rising = [d for d in members if case.wanted[d] > 0]
        while rising:
            group, fraction = _lowest_fraction(case, rising, possible)
            possible = _shared(case, group, fraction, possible)
            rising = [d for d in rising if d not in group]
        assert {sum(totals[d] for d in members) for totals in possible} <= {most, 0}
        possible = {totals for totals in possible if sum(totals[d] for d in members) == most}
    (totals,) = possible
    return totals


def _lowest_fraction(
    case: Case, rising: Sequence[int], possible: set[Row]
) -> tuple[tuple[int, ...], Fraction]:
    """The needs that are held back the most, and to what fraction of what they want."""
    fractions = {
        group: Fraction(
            max(sum(totals[d] for d in group) for totals in possible),
            sum(case.wanted[d] for d in group),
        )
        for size in range(1, len(rising) + 1)
        for group in combinations(rising, size)
    }
    lowest = min(fractions.values())
    held = {d for group, fraction in fractions.items() if fraction == lowest for d in group}
    return tuple(sorted(held)), lowest


def _shared(case: Case, group: tuple[int, ...], fraction: Fraction, possible: set[Row]) -> set[Row]:
    """The totals that remain possible once a group has been given its fraction, in whole units."""
    exact = {d: fraction * case.wanted[d] for d in group}
    given = {d: int(exact[d]) for d in group}
    for d in sorted(group, key=lambda d: (given[d] - exact[d], d)):
        more = given | {d: given[d] + 1}
        has_rest = sum(given.values()) < sum(exact.values())
        if has_rest and any(all(totals[e] >= more[e] for e in group) for totals in possible):
            given = more
    return {totals for totals in possible if all(totals[d] == given[d] for d in group)}
