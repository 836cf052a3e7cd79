"""Telemetry of a fleet that has lost some of its assets, from that of the whole.

Without frames at hand the lost are taken for average ones: sums shrink in proportion, in integers,
and a tick of what is left still closes its energy book.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import IntArray, frozen
from twin.physics.kernel import kernel
from twin.quantities import HIGHEST, LOWEST, QUANTITIES_COUNT, Q

_KEPT = frozenset((*HIGHEST.tolist(), *LOWEST.tolist(), int(Q.SHARDS_COUNT)))
SHRINKING = frozen(np.array([q for q in range(QUANTITIES_COUNT) if q not in _KEPT]))

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_SHARDS, _ARRAY, _LOAD = int(Q.SHARDS_COUNT), int(Q.ARRAY_MW), int(Q.LOAD_MW)
_CHARGING, _DISCHARGING = int(Q.CHARGING_MW), int(Q.DISCHARGING_MW)


def without(matrix: IntArray, lost_count: int) -> IntArray:
    """Totals of one segment, ``(regions, quantities)``, without so many of the assets reported.

    Where none is left they are zero but for the streams that still speak.
    """
    reported = int(matrix[:, Q.REPORTED_COUNT].sum())
    left = max(0, reported - lost_count)
    if left >= reported:
        return matrix
    smaller: IntArray = np.array(matrix, dtype=np.int64)
    _shrink(smaller, SHRINKING, left, reported)
    return smaller


@kernel
def _shrink(matrix: IntArray, shrinking: IntArray, left: int, of: int) -> None:
    """``left / of`` of everything that is a sum."""
    if left == 0:
        for q in range(matrix.shape[1]):
            if q != _SHARDS:
                matrix[:, q] = 0
        return
    surplus = matrix[:, _ARRAY] - matrix[:, _LOAD]
    # A site has no arrays: there is no such balance.
    is_balanced = surplus == matrix[:, _CHARGING] - matrix[:, _DISCHARGING]
    for q in shrinking:
        _shrink_column(matrix[:, q], left, of)
    # What flows through batteries is what is left over: rounding must not make energy.
    for r in range(matrix.shape[0]):
        gap = matrix[r, _ARRAY] - matrix[r, _LOAD]
        gap -= matrix[r, _CHARGING] - matrix[r, _DISCHARGING]
        if is_balanced[r]:
            matrix[r, _CHARGING] += max(gap, 0)
            matrix[r, _DISCHARGING] += max(-gap, 0)


@kernel
def _shrink_column(column: IntArray, left: int, of: int) -> None:
    """``left / of`` of each number; their sum is rounded down, the largest remainders up.

    Quotient and remainder by themselves, so that no product leaves 64 bits.
    """
    rest = np.zeros(column.size, dtype=np.int64)
    for r in range(column.size):
        whole = column[r] // of
        part = (column[r] - whole * of) * left
        column[r] = whole * left + part // of
        rest[r] = part % of
    for _ in range(rest.sum() // of):
        most = rest.argmax()
        column[most] += 1
        rest[most] = -1
