"""Telemetry of a fleet that has lost some of its assets, from that of the whole.

Without frames at hand the lost are taken for average ones: sums shrink in proportion, in integers,
and a tick of what is left still closes its energy book.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import IntArray
from twin.quantities import HIGHEST, LOWEST, QUANTITIES_COUNT, Q

_KEPT = frozenset((*HIGHEST.tolist(), *LOWEST.tolist(), int(Q.SHARDS_COUNT)))
SHRINKING = [q for q in range(QUANTITIES_COUNT) if q not in _KEPT]


def without(matrix: IntArray, lost_count: int) -> IntArray:
    """Totals of one segment, ``(regions, quantities)``, without so many of the assets reported.

    Where none is left they are zero but for the streams that still speak.
    """
    reported = int(matrix[:, Q.REPORTED_COUNT].sum())
    left = max(0, reported - lost_count)
    if left >= reported:
        return matrix
    smaller: IntArray = matrix.copy()
    if not left:
        smaller[:, [q for q in range(QUANTITIES_COUNT) if q != Q.SHARDS_COUNT]] = 0
        return smaller
    for q in SHRINKING:
        smaller[:, q] = _shrunk(matrix[:, q], left, reported)
    # What flows through batteries is what is left over: rounding must not make energy.
    surplus = smaller[:, Q.ARRAY_MW] - smaller[:, Q.LOAD_MW]
    gap = surplus - (smaller[:, Q.CHARGING_MW] - smaller[:, Q.DISCHARGING_MW])
    has_battery = (matrix[:, Q.CHARGING_MW] + matrix[:, Q.DISCHARGING_MW]) > 0
    smaller[:, Q.CHARGING_MW] += np.where(has_battery & (gap > 0), gap, 0)
    smaller[:, Q.DISCHARGING_MW] += np.where(has_battery & (gap < 0), -gap, 0)
    return smaller


def _shrunk(column: IntArray, left: int, of: int) -> list[int]:
    """``left / of`` of each number; their sum is rounded down, the largest remainders up."""
    parts = [int(value) * left for value in column]
    floors = [part // of for part in parts]
    missing = sum(parts) // of - sum(floors)
    order = sorted(range(len(parts)), key=lambda place: (-(parts[place] % of), place))
    for place in order[:missing]:
        floors[place] += 1
    return floors
