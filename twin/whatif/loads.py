"""What a branch measures otherwise because it is used otherwise: traffic, load, charge.

Recorded + model(branch) − model(baseline), in integers. The model is linear: a site draws between
idle and full with its accelerators in use, a satellite's payload with what it carries or computes.
Temperatures, and the heat that follows from them, stay as recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray
from twin.business.market import ACCELERATORS, DOWNLINK, Market, S
from twin.events import SegmentRegistered
from twin.physics.kernel import kernel
from twin.quantities import Q
from twin.state import C, Twin
from twin.summaries import SegmentTotals
from twin.units import MILLI, MS_PER_H, PPM
from twin.whatif.plan import Key, Scaling

Shift = tuple[int, int]
"""What is allocated in the baseline, and what in the branch."""


# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_ARRAY, _CURTAILED, _LOAD = int(Q.ARRAY_MW), int(Q.CURTAILED_MW), int(Q.LOAD_MW)
_BUS, _COMPUTE, _UP = int(Q.BUS_MW), int(Q.COMPUTE_MW), int(Q.UP_COUNT)
_CHARGING, _DISCHARGING, _CHARGE = int(Q.CHARGING_MW), int(Q.DISCHARGING_MW), int(Q.CHARGE_MWH)


def shifts(baseline: Twin, branch: Twin, touched: Collection[Key] = ()) -> dict[Key, Shift]:
    """The accelerators that are allocated otherwise in the branch, by label and segment.

    And those of segments that are ``touched``: of these there are others in the branch.
    """
    if branch.market is baseline.market:
        return {}
    was, now = _allocated(baseline.market), _allocated(branch.market)
    return {
        key: (was.get(key, 0), count)
        for key, count in now.items()
        if key in touched or count != was.get(key, 0)
    }


def factors(
    scalings: Iterable[Scaling], branch: Twin, regions: tuple[str, ...]
) -> dict[Key, list[float]]:
    """How many times as much users ask of satellites, region by region, by label and segment.

    What a satellite carries is what is asked below it: another's loss is not its gain.
    """
    found: dict[Key, list[float]] = {}
    for scaling in scalings:
        for label, services in branch.services.items():
            offered = services.offered.get(scaling.service)
            if offered is None or offered.resource != DOWNLINK:
                continue
            for segment in offered.segments:
                by = found.setdefault((label, segment), [1.0] * len(regions))
                for row, region in enumerate(regions):
                    by[row] *= scaling.by if scaling.region in ("", region) else 1.0
    return found


def followed(
    matrix: IntArray,
    key: Key,
    *,
    shifted: Shift,
    by: list[float] | None,
    branch: Twin,
    left: tuple[int, int],
    kept_mwh: int,
    interval_ms: int,
) -> int:
    """Change the totals of a segment as its use is another; what its batteries hold more for it.

    The totals are those of the assets that are left, so many of so many: what the lost ones were
    used for went with them. ``kept_mwh`` is what batteries held more, or less, before.
    """
    label, segment = key
    more = shifted[1] - shifted[0] * left[0] // max(1, left[1])
    fleet = branch.fleets[label]
    row = fleet.keys.index(segment)
    built, site = fleet.segments[row].as_built, fleet.segments[row].site
    if site is not None:
        idle = branch.registry.number(f"site.{segment}.idle_fraction")
        _draw(matrix, round(more * site.accelerator_w * (1.0 - idle) * MILLI))
    if site is not None or built is None:
        return 0
    more_mw: IntArray = np.zeros(matrix.shape[0], dtype=np.int64)
    if by is not None:
        _carry(matrix, more_mw, by, built)
    if more:
        _compute(matrix, more_mw, more / built.accelerators_count, built)
    return int(
        _power(
            matrix,
            more_mw,
            built.accelerators_count > 0,
            kept_mwh,
            int(fleet.constants[row, C.CHARGE_LOSS_PPM]),
            round(built.payload_w * MILLI),
            interval_ms,
        )
    )


def drawing(before: Twin, after: Twin, totals: SegmentTotals) -> SegmentTotals:
    """Totals of a tick in which accelerators draw what they are used for after, not before."""
    matrix = totals.array().copy()
    for key, shifted in shifts(before, after).items():
        if key in totals.keys:
            followed(
                matrix[totals.keys.index(key)],
                key,
                shifted=shifted,
                by=None,
                branch=after,
                left=(1, 1),
                kept_mwh=0,
                interval_ms=after.interval_ms,
            )
    return replace(totals, matrix=matrix.astype("<i8", copy=False).tobytes())


def _allocated(market: Market) -> dict[Key, int]:
    counts = market.shares[:, S.ALLOCATED].tolist()
    return {
        (pool.label, pool.segment): count
        for pool, count in zip(market.pools, counts, strict=True)
        if pool.resource == ACCELERATORS
    }


def _carry(matrix: IntArray, more_mw: IntArray, by: list[float], built: SegmentRegistered) -> None:
    """What satellites carry so many times as much of, and the power that takes; never too much."""
    most_bps = matrix[:, Q.UP_COUNT] * round(built.downlink_bps)
    for row, factor in enumerate(by):
        traffic = int(matrix[row, Q.TRAFFIC_BPS])
        most = max(1.0, int(most_bps[row]) / max(1, traffic))
        factor = min(factor, most)
        matrix[row, Q.TRAFFIC_BPS] = round(traffic * factor)
        matrix[row, Q.UTILISATION_PPM] = round(int(matrix[row, Q.UTILISATION_PPM]) * factor)
        payload_mw = int(matrix[row, Q.LOAD_MW] - matrix[row, Q.BUS_MW])
        more_mw[row] += round(payload_mw * (factor - 1.0))


def _compute(
    matrix: IntArray, more_mw: IntArray, satellites: float, built: SegmentRegistered
) -> None:
    """So many satellites' accelerators more at work, wherever they are, and their power."""
    up: list[int] = matrix[:, Q.UP_COUNT].tolist()
    for row, count in enumerate(up):
        share = satellites * count / max(1, sum(up))
        used = int(matrix[row, Q.UTILISATION_PPM]) + round(share * PPM)
        matrix[row, Q.UTILISATION_PPM] = max(0, used)
        more_mw[row] += round(share * built.payload_w * MILLI)


def _draw(matrix: IntArray, more_mw: int) -> None:
    """Add to what a site's accelerators draw, where they are; never below nothing."""
    place = int(np.argmax(matrix[:, Q.COMPUTE_MW]))
    change = max(more_mw, -int(matrix[place, Q.COMPUTE_MW]))
    matrix[place, Q.COMPUTE_MW] += change
    matrix[place, Q.LOAD_MW] += change


@kernel
def _power(
    matrix: IntArray,
    more_mw: IntArray,
    is_compute: bool,
    kept_mwh: int,
    loss_ppm: int,
    payload_mw: int,
    interval_ms: int,
) -> int:
    """Loads that are other ones, region by region, and where their power comes from or goes.

    Less load spares batteries first, and arrays then; what batteries hold more is not charged
    later. More load takes what arrays could give, and then from batteries, who get it back when
    arrays can. The book of each row closes as before. The result is what batteries hold more.
    """
    into_before, flow_mw = matrix[:, _CHARGING].sum(), 0
    # What batteries can still give in this tick, as a power.
    spare_mw = max(matrix[:, _CHARGE].sum() + kept_mwh, 0) * MS_PER_H // interval_ms
    for r in range(matrix.shape[0]):
        row, change = matrix[r], more_mw[r]
        payload = row[_LOAD] - row[_BUS]
        change = min(change, max(row[_UP] * payload_mw - payload, 0))
        change = max(change, -max(payload, 0))
        if change < 0:
            spared = min(-change, row[_DISCHARGING])
            row[_DISCHARGING] -= spared
            row[_ARRAY] += change + spared
            row[_CURTAILED] -= change + spared
            flow_mw += spared
        elif change > 0:
            taken = min(change, row[_CURTAILED])
            drawn = min(change - taken, spare_mw)
            change = taken + drawn
            row[_ARRAY] += taken
            row[_CURTAILED] -= taken
            row[_DISCHARGING] += drawn
            spare_mw -= drawn
            flow_mw -= drawn
        row[_LOAD] += change
        if is_compute:
            row[_COMPUTE] += change
    due_mw = (abs(kept_mwh) * MS_PER_H) // interval_ms
    for r in range(matrix.shape[0]):
        row = matrix[r]
        part = -min(row[_CHARGING], due_mw) if kept_mwh > 0 else min(row[_CURTAILED], due_mw)
        row[_CHARGING] += part
        row[_ARRAY] += part
        row[_CURTAILED] -= part
        due_mw -= abs(part)
    into = matrix[:, _CHARGING].sum()
    flow_mw += into - into * loss_ppm // PPM - (into_before - into_before * loss_ppm // PPM)
    kept_mwh += flow_mw * interval_ms // MS_PER_H
    most = matrix[:, _CHARGE].argmax()
    matrix[most, _CHARGE] += kept_mwh
    return int(kept_mwh)
