"""The energy book: every milliwatt-hour of a tick, in integers, with nothing left over.

generated + imported + discharged = bus + payload + compute + cooling + charged + lost + curtailed
+ unaccounted, exactly, each tick and since the beginning. What batteries held is measured at both
ends of the tick, so the book does not close by itself: the difference is *unaccounted*, and zero
where telemetry agrees with itself. A difference no larger than the resolution of the telemetry
itself (float32 charge, rounded once) is booked as lost.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import IntArray, frozen
from twin.errors import BrokenInvariant
from twin.quantities import Q
from twin.state import SOURCES_OF_POWER, USES_OF_POWER, C, E, Energy
from twin.units import MS_PER_H, PPM

UNKNOWN = -1


def booked(
    energy: Energy,
    *,
    sums: IntArray,
    constants: IntArray,
    written_off_mwh: IntArray,
    interval_ms: int,
) -> Energy:
    """The book after one tick; ``sums`` has shape ``(segments, quantities)``.

    ``interval_ms`` must divide an hour, so that milliwatt-hours of charge become whole milliwatts.
    """
    flows = np.zeros_like(energy.flows_mw)
    _book_loads(flows, sums, constants)
    mw_per_mwh = MS_PER_H // interval_ms
    charge_mwh, stored_mwh, is_measured = _stored(energy.charge_mwh, sums, constants)
    written_off_mw = written_off_mwh * mw_per_mwh
    into, out_of = sums[:, Q.CHARGING_MW], sums[:, Q.DISCHARGING_MW]
    loss = into * constants[:, C.CHARGE_LOSS_PPM] // PPM
    charged = np.where(is_measured, stored_mwh * mw_per_mwh + out_of + written_off_mw, into - loss)
    difference = into - loss - charged
    resolution = sums[:, Q.REPORTED_COUNT] * constants[:, C.CHARGE_RESOLUTION_MWH] * mw_per_mwh
    is_rounding = np.abs(difference) <= resolution
    flows[:, E.DISCHARGED] = out_of
    flows[:, E.CHARGED] = charged
    flows[:, E.LOST] = loss + np.where(is_rounding, difference, 0)
    flows[:, E.UNACCOUNTED] = np.where(is_rounding, 0, difference)
    flows[:, E.WRITTEN_OFF] = written_off_mw
    total, carry = _accrued(energy, flows, interval_ms)
    return Energy(frozen(flows), frozen(total), frozen(carry), frozen(charge_mwh))


def check(energy: Energy) -> None:
    """``BrokenInvariant`` unless the book closes, this tick and since the beginning."""
    for name, book in (("flows_mw", energy.flows_mw), ("total_mwh", energy.total_mwh)):
        gap = book[:, SOURCES_OF_POWER].sum(axis=1) - book[:, USES_OF_POWER].sum(axis=1)
        if gap.any():
            row = int(np.flatnonzero(gap)[0])
            raise BrokenInvariant(
                f"energy book {name} of segment {row} is off by {gap[row]}",
                expected="sources equal to uses",
            )


def _book_loads(flows: IntArray, sums: IntArray, constants: IntArray) -> None:
    compute = sums[:, Q.COMPUTE_MW]
    flows[:, E.BUS] = sums[:, Q.BUS_MW]
    flows[:, E.COMPUTE] = compute
    flows[:, E.PAYLOAD] = sums[:, Q.LOAD_MW] - sums[:, Q.BUS_MW] - compute
    flows[:, E.CURTAILED] = sums[:, Q.CURTAILED_MW]
    # A ground site cools what it computes, and takes both from the grid or from its turbines.
    ground = constants[:, C.IS_GROUND]
    cooling = compute * constants[:, C.COOLING_PPM] // PPM
    flows[:, E.COOLING] = cooling
    drawn = (compute + cooling) * ground
    flows[:, E.IMPORTED] = drawn * constants[:, C.IS_GRID]
    flows[:, E.GENERATED] = (
        sums[:, Q.ARRAY_MW] + sums[:, Q.CURTAILED_MW] + drawn - flows[:, E.IMPORTED]
    )


def _stored(
    before_mwh: IntArray, sums: IntArray, constants: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """What batteries hold now, what they gained, and whether that gain was measured.

    While a shard of a segment is missing its charge is unknown, not zero: the last full reading
    stays, and what flowed meanwhile shows as unaccounted until all report again.
    """
    is_whole = sums[:, Q.SHARDS_COUNT] >= np.maximum(constants[:, C.SHARDS_COUNT], 1)
    charge_mwh = np.where(is_whole, sums[:, Q.CHARGE_MWH], before_mwh)
    is_measured = before_mwh != UNKNOWN
    return charge_mwh, charge_mwh - before_mwh, is_measured


def _accrued(energy: Energy, flows: IntArray, interval_ms: int) -> tuple[IntArray, IntArray]:
    """Totals in whole milliwatt-hours; the part below one is carried, so no tick length drifts."""
    exact = flows * interval_ms + energy.carry
    whole = exact // MS_PER_H
    total = energy.total_mwh + whole
    # Each column is rounded down by itself; losses take the few milliwatt-hours between them.
    uses = total[:, USES_OF_POWER].sum(axis=1) - total[:, E.LOST]
    total[:, E.LOST] = total[:, SOURCES_OF_POWER].sum(axis=1) - uses
    return total, exact - whole * MS_PER_H
