"""The energy book: every milliwatt-hour of a tick, in integers, with nothing left over.

generated + imported + discharged = bus + payload + compute + cooling + charged + lost + curtailed
+ unaccounted, exactly, each tick and since the beginning. What batteries held is measured at both
ends of the tick, so the book does not close by itself: the difference is *unaccounted*, and zero
where telemetry agrees with itself. A difference no larger than the resolution of the telemetry
itself (float32 charge, rounded once) is booked as lost.
"""

from __future__ import annotations

import math

import numpy as np

from twin.arrays import IntArray, frozen
from twin.errors import BrokenInvariant
from twin.physics.kernel import kernel
from twin.quantities import Q
from twin.state import C, E, Energy
from twin.units import MS_PER_H, PPM

UNKNOWN = -1

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_REPORTED, _SHARDS, _CHARGE = int(Q.REPORTED_COUNT), int(Q.SHARDS_COUNT), int(Q.CHARGE_MWH)
_ARRAY, _CURTAILED, _LOAD = int(Q.ARRAY_MW), int(Q.CURTAILED_MW), int(Q.LOAD_MW)
_BUS, _COMPUTE = int(Q.BUS_MW), int(Q.COMPUTE_MW)
_CHARGING, _DISCHARGING = int(Q.CHARGING_MW), int(Q.DISCHARGING_MW)
_LOSS_PPM, _RESOLUTION = int(C.CHARGE_LOSS_PPM), int(C.CHARGE_RESOLUTION_MWH)
_COOLING_PPM, _IS_GRID, _IS_GROUND = int(C.COOLING_PPM), int(C.IS_GRID), int(C.IS_GROUND)
_SHARDS_EXPECTED = int(C.SHARDS_COUNT)
_E = tuple(int(e) for e in E)
_GENERATED, _IMPORTED, _DISCHARGED, _TO_BUS, _TO_PAYLOAD, _TO_COMPUTE = _E[:6]
_TO_COOLING, _CHARGED, _LOST, _NOT_TAKEN, _UNACCOUNTED, _WRITTEN_OFF = _E[6:]


def booked(
    energy: Energy,
    *,
    sums: IntArray,
    constants: IntArray,
    written_off_mwh: IntArray,
    interval_ms: int,
) -> Energy:
    """The book after one tick; ``sums`` has shape ``(segments, quantities)``.

    Where ``interval_ms`` divides an hour, milliwatt-hours of charge are whole milliwatts; otherwise
    they are rounded down, and the rest is a loss. ``BrokenInvariant`` when the book does not close.
    """
    flows = np.zeros_like(energy.flows_mw)
    total, carry = energy.total_mwh.copy(), energy.carry.copy()
    charge = energy.charge_mwh.copy()
    shared = math.gcd(MS_PER_H, interval_ms)
    broken = _book(
        flows,
        total,
        carry,
        charge,
        sums,
        constants,
        written_off_mwh,
        interval_ms,
        MS_PER_H // shared,
        interval_ms // shared,
    )
    if broken >= 0:
        raise BrokenInvariant(
            f"the energy book of segment {broken} does not close",
            expected="sources equal to uses, this tick and since the beginning",
        )
    return Energy(frozen(flows), frozen(total), frozen(carry), frozen(charge))


@kernel
def _book(
    flows: IntArray,
    total: IntArray,
    carry: IntArray,
    charge: IntArray,
    sums: IntArray,
    constants: IntArray,
    written_off_mwh: IntArray,
    interval_ms: int,
    per_mwh: int,
    divisor: int,
) -> int:
    """Fill the book, one segment after the other; the first that does not close, or −1.

    An energy of 1 mWh over the tick is a power of ``per_mwh / divisor`` mW.
    """
    for i in range(sums.shape[0]):
        flow, is_, of = flows[i], sums[i], constants[i]
        compute = is_[_COMPUTE]
        flow[_TO_BUS] = is_[_BUS]
        flow[_TO_COMPUTE] = compute
        flow[_TO_PAYLOAD] = is_[_LOAD] - is_[_BUS] - compute
        flow[_NOT_TAKEN] = is_[_CURTAILED]
        # A ground site cools what it computes, and takes both from the grid or from turbines.
        cooling = compute * of[_COOLING_PPM] // PPM
        drawn = (compute + cooling) * of[_IS_GROUND]
        flow[_TO_COOLING] = cooling
        flow[_IMPORTED] = drawn * of[_IS_GRID]
        flow[_GENERATED] = is_[_ARRAY] + is_[_CURTAILED] + drawn - flow[_IMPORTED]
        # While a shard is missing its charge is unknown, not zero: the last full reading stays,
        # and what flowed meanwhile shows as unaccounted until all report again.
        before = charge[i]
        if is_[_SHARDS] >= max(of[_SHARDS_EXPECTED], 1):
            charge[i] = is_[_CHARGE]
        into, out_of = is_[_CHARGING], is_[_DISCHARGING]
        loss = into * of[_LOSS_PPM] // PPM
        written_off = written_off_mwh[i] * per_mwh // divisor
        charged = into - loss
        if before != UNKNOWN:
            charged = (charge[i] - before) * per_mwh // divisor + out_of + written_off
        difference = into - loss - charged
        resolution = is_[_REPORTED] * of[_RESOLUTION] * per_mwh // divisor + divisor - 1
        is_rounding = abs(difference) <= resolution
        flow[_DISCHARGED] = out_of
        flow[_CHARGED] = charged
        flow[_LOST] = loss + (difference if is_rounding else 0)
        flow[_UNACCOUNTED] = 0 if is_rounding else difference
        flow[_WRITTEN_OFF] = written_off
        # Sound telemetry of the right kind leaves none; what is left is shown, not hidden.
        flow[_UNACCOUNTED] += _gap(flow)
        _accrue(flow, total[i], carry[i], interval_ms)
        # Each column is rounded down by itself: losses take the few milliwatt-hours between them.
        rounding = _gap(total[i])
        if _gap(flow) != 0 or abs(rounding) > flow.size:
            return i
        total[i, _LOST] += rounding
    return -1


@kernel
def _gap(book: IntArray) -> int:
    """Sources less uses of one row of the book."""
    gap = book[_GENERATED] + book[_IMPORTED] + book[_DISCHARGED]
    for use in range(_TO_BUS, _UNACCOUNTED + 1):
        gap -= book[use]
    return int(gap)


@kernel
def _accrue(flow: IntArray, total: IntArray, carry: IntArray, interval_ms: int) -> None:
    """Totals in whole milliwatt-hours; the part below one is carried, so no tick length drifts."""
    for column in range(flow.size):
        # Power times time leaves 64 bits for gigawatts over an hour; its parts do not.
        hours = flow[column] // MS_PER_H
        rest = (flow[column] - hours * MS_PER_H) * interval_ms + carry[column]
        whole = rest // MS_PER_H
        total[column] += hours * interval_ms + whole
        carry[column] = rest - whole * MS_PER_H
