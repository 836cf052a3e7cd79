"""What a summary counts: one integer column each, in a fixed small unit.

A summary is an int64 matrix region × quantity. Whatever the order or grouping in which rows and
frames are added, the sums are the same, because they are integers. The columns
in ``HIGHEST`` and ``LOWEST`` join by that instead.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from twin.arrays import IntArray, frozen
from twin.physics.kernel import kernel


class Q(IntEnum):
    """Columns of a summary matrix; a name ends in its unit."""

    REPORTED_COUNT = 0  # rows seen
    UP_COUNT = 1  # status nominal
    AVAILABLE_COUNT = 2  # up, with power and temperature to work
    POWER_LIMITED_COUNT = 3  # up, but shedding load for want of power
    THERMAL_LIMITED_COUNT = 4  # up, but at its temperature limit
    SUNLIT_PPM = 5  # Σ illumination
    ARRAY_MW = 6  # array output delivered to the bus
    EXPECTED_ARRAY_MW = 7  # what physics says the array could give
    CURTAILED_MW = 8  # expected output not taken because the battery is full
    LOAD_MW = 9  # all electrical load
    BUS_MW = 10  # housekeeping part of the load
    COMPUTE_MW = 11  # accelerator part of the load
    CHARGING_MW = 12  # bus power going into batteries, before conversion loss
    DISCHARGING_MW = 13  # bus power coming out of batteries
    CHARGE_MWH = 14  # energy held at the end of the tick (milliwatt-hours)
    CHARGE_LOWEST_PPM = 15  # emptiest battery, share of its capacity
    TEMPERATURE_MK = 16  # Σ temperature (millikelvin)
    TEMPERATURE_HIGHEST_MK = 17
    REJECTED_HEAT_MW = 18  # radiated, from temperature and radiator
    TRAFFIC_BPS = 19
    UTILISATION_PPM = 20
    POWER_ANOMALY_COUNT = 21
    THERMAL_ANOMALY_COUNT = 22
    BATTERY_ANOMALY_COUNT = 23
    ACCELERATORS_UP_COUNT = 24
    ACCELERATORS_AVAILABLE_COUNT = 25
    TOK_PER_S = 26
    GFLOP_PER_S = 27
    QUEUE_LONGEST_MS = 28
    SHARDS_COUNT = 29  # frames joined into this summary (in region 0)


QUANTITIES_COUNT = len(Q)

HIGHEST = frozen(np.array([Q.TEMPERATURE_HIGHEST_MK, Q.QUEUE_LONGEST_MS]))
LOWEST = frozen(np.array([Q.CHARGE_LOWEST_PPM]))


def merged(left: IntArray, right: IntArray) -> IntArray:
    """Two summaries as one, shape ``(…, quantities)``: sums, but for the highest and the lowest.

    The lowest of a region that reported no row is absent, not zero.
    """
    total: IntArray = left + right
    total[..., HIGHEST] = np.maximum(left[..., HIGHEST], right[..., HIGHEST])
    no_left = left[..., Q.REPORTED_COUNT, None] == 0
    no_right = right[..., Q.REPORTED_COUNT, None] == 0
    low_left, low_right = left[..., LOWEST], right[..., LOWEST]
    lowest = np.minimum(low_left, low_right)
    total[..., LOWEST] = np.where(no_left, low_right, np.where(no_right, low_left, lowest))
    return total


def over_regions(matrix: IntArray) -> IntArray:
    """The regions of summaries joined: ``(segments, regions, quantities)`` → without regions."""
    return _over_regions(matrix, HIGHEST, LOWEST)


@kernel
def _over_regions(matrix: IntArray, highest: IntArray, lowest: IntArray) -> IntArray:
    segments, regions, quantities = matrix.shape
    total = np.zeros((segments, quantities), dtype=np.int64)
    for i in range(segments):
        reported = 0
        for r in range(regions):
            is_first = reported == 0
            reported += matrix[i, r, 0]
            for q in range(quantities):
                total[i, q] += matrix[i, r, q]
            for q in highest:
                total[i, q] = max(total[i, q] - matrix[i, r, q], matrix[i, r, q])
            for q in lowest:
                before = total[i, q] - matrix[i, r, q]
                if matrix[i, r, 0] == 0:
                    total[i, q] = before
                else:
                    total[i, q] = matrix[i, r, q] if is_first else min(before, matrix[i, r, q])
    return total
