"""Judging: what is not as it should be, for how long, and what was said about it."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import numpy as np

from twin.arrays import BoolArray, FloatArray, IntArray, frozen
from twin.outcomes import AlarmOutcome, alarm_outcome
from twin.physics.kernel import kernel
from twin.quantities import Q
from twin.state import Alarm, Alarms, C, E, Energy, Fleet, Registry, Telemetry


class Condition(IntEnum):
    """What is judged of each segment; ``streak`` has one column each."""

    POWER = 0
    THERMAL = 1
    BATTERY = 2
    SILENT = 3
    FAILED = 4
    UNACCOUNTED = 5
    SUPPLY = 6


SEVERITY: dict[Condition, Literal["warning", "critical"]] = {
    Condition.POWER: "warning",
    Condition.THERMAL: "critical",
    Condition.BATTERY: "critical",
    Condition.SILENT: "critical",
    Condition.FAILED: "warning",
    Condition.UNACCOUNTED: "warning",
    Condition.SUPPLY: "critical",
}

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_REPORTED, _UP = int(Q.REPORTED_COUNT), int(Q.UP_COUNT)
_POWER, _THERMAL = int(Q.POWER_ANOMALY_COUNT), int(Q.THERMAL_ANOMALY_COUNT)
_BATTERY = int(Q.BATTERY_ANOMALY_COUNT)
_INSTALLED, _SUPPLY, _NAMEPLATE = int(C.INSTALLED_COUNT), int(C.SUPPLY_MW), int(C.NAMEPLATE_MW)
_GENERATED, _DISCHARGED = int(E.GENERATED), int(E.DISCHARGED)
_UNACCOUNTED = int(E.UNACCOUNTED)

NAMED_BY_ANOMALY = {
    Condition.POWER: "power",
    Condition.THERMAL: "thermal",
    Condition.BATTERY: "battery",
}


def judged(
    alarms: Alarms,
    *,
    fleet: Fleet,
    telemetry: Telemetry,
    energy: Energy,
    registry: Registry,
    tick_ns: int,
    label: str,
) -> tuple[Alarms, tuple[AlarmOutcome, ...]]:
    """The alarms of one label after this tick, and what changed."""
    limits = registry.limits
    values, thresholds = np.empty(alarms.streak.shape), np.empty(alarms.streak.shape)
    streak = alarms.streak.copy()
    is_raised = _raised(alarms, fleet)
    moved_count, changed_count = _judge(
        values,
        thresholds,
        streak,
        is_raised,
        telemetry.sums,
        energy.flows_mw,
        fleet.constants,
        (
            limits.anomalous_fraction,
            limits.silent_fraction,
            limits.failed_fraction,
            limits.unaccounted_fraction,
            limits.clear_below_fraction,
        ),
        (limits.raise_after_count, limits.clear_after_count),
    )
    if not moved_count:
        return (Alarms(alarms.open, frozen(streak)) if changed_count else alarms), ()
    is_on = values > thresholds
    moved = streak != alarms.streak
    moved &= (streak == limits.raise_after_count) | (streak == -limits.clear_after_count)
    is_open = dict(alarms.open)
    outcomes: list[AlarmOutcome] = []
    for row, column in zip(*np.nonzero(moved), strict=True):
        condition = Condition(int(column))
        alarm_id = f"{fleet.keys[row]}/{condition.name.lower()}"
        value, threshold = float(values[row, column]), float(thresholds[row, column])
        if is_on[row, column] and alarm_id not in is_open:
            is_open[alarm_id] = Alarm(
                alarm_id=alarm_id,
                subject=fleet.keys[row],
                severity=SEVERITY[condition],
                value=value,
                threshold=threshold,
                raised_ns=tick_ns,
                asset_ids=_named_assets(telemetry, fleet.keys[row], condition),
            )
            outcomes.append(alarm_outcome(is_open[alarm_id], "raised", label=label))
        elif not is_on[row, column] and alarm_id in is_open:
            outcomes.append(alarm_outcome(is_open.pop(alarm_id), "cleared", label=label))
    return Alarms(is_open, frozen(streak)), tuple(outcomes)


def _raised(alarms: Alarms, fleet: Fleet) -> BoolArray:
    """Which alarms about segments are open, in the shape of ``streak``."""
    is_raised = np.zeros(alarms.streak.shape, dtype=np.bool_)
    for alarm in alarms.open.values():
        condition = Condition.__members__.get(alarm.alarm_id.rsplit("/", 1)[-1].upper())
        if condition is not None and alarm.subject in fleet.keys:
            is_raised[fleet.keys.index(alarm.subject), condition] = True
    return is_raised


@kernel
def _judge(
    values: FloatArray,
    thresholds: FloatArray,
    streak: IntArray,
    is_raised: BoolArray,
    sums: IntArray,
    flows: IntArray,
    constants: IntArray,
    fractions: tuple[float, float, float, float, float],
    counts: tuple[int, int],
) -> tuple[int, int]:
    """Value, threshold and streak of every condition, one row a segment, in the enum's order.

    The result says how many streaks reached an end, and how many moved at all.
    """
    anomalous, silent, failed, unaccounted, clear_below = fractions
    moved_count, changed_count = 0, 0
    for i in range(sums.shape[0]):
        reported, installed = sums[i, _REPORTED], constants[i, _INSTALLED]
        supplied = flows[i, _GENERATED] + flows[i, _DISCHARGED]
        supply = constants[i, _SUPPLY]
        values[i, 0], thresholds[i, 0] = sums[i, _POWER], anomalous * reported
        values[i, 1], thresholds[i, 1] = sums[i, _THERMAL], anomalous * reported
        values[i, 2], thresholds[i, 2] = sums[i, _BATTERY], anomalous * reported
        values[i, 3], thresholds[i, 3] = installed - reported, silent * installed
        values[i, 4], thresholds[i, 4] = reported - sums[i, _UP], failed * reported
        values[i, 5] = abs(flows[i, _UNACCOUNTED]) / 1e3
        thresholds[i, 5] = unaccounted * supplied / 1e3
        values[i, 6] = (constants[i, _NAMEPLATE] - supply) / 1e3 if supply >= 0 else 0.0
        thresholds[i, 6] = 0.0
        for c in range(streak.shape[1]):
            before = streak[i, c]
            if values[i, c] > thresholds[i, c]:
                after = min(max(before, 0) + 1, counts[0])
                is_end = after == counts[0]
            elif is_raised[i, c] and values[i, c] > clear_below * thresholds[i, c]:
                # Hovering below its threshold: neither on nor over.
                after, is_end = max(before, 0), False
            else:
                after = max(min(before, 0) - 1, -counts[1])
                is_end = after == -counts[1]
            streak[i, c] = after
            changed_count += after != before
            moved_count += (after != before) and is_end
    return moved_count, changed_count


def _named_assets(telemetry: Telemetry, segment: str, condition: Condition) -> tuple[int, ...]:
    kind = NAMED_BY_ANOMALY.get(condition)
    return tuple(a.asset_id for a in telemetry.anomalies if a.segment == segment and a.kind == kind)
