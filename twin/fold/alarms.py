"""Judging: what is not as it should be, for how long, and what was said about it."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import numpy as np

from twin.arrays import FloatArray, IntArray, frozen
from twin.events import AlarmChanged
from twin.outcomes import AlarmOutcome
from twin.quantities import Q
from twin.state import Alarm, Alarms, C, E, Energy, Fleet, Limits, Registry, Telemetry


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
    values, thresholds = _values(fleet, telemetry.sums, energy, limits)
    is_on = values > thresholds
    streak = np.where(is_on, np.maximum(alarms.streak, 0) + 1, np.minimum(alarms.streak, 0) - 1)
    streak = np.clip(streak, -limits.clear_after_count, limits.raise_after_count)
    moved = (streak != alarms.streak) & (
        (streak == limits.raise_after_count) | (streak == -limits.clear_after_count)
    )
    if not moved.any():
        same = streak.shape == alarms.streak.shape and bool((streak == alarms.streak).all())
        return (alarms if same else Alarms(alarms.open, frozen(streak))), ()
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
            outcomes.append(_outcome(is_open[alarm_id], "raised", label))
        elif not is_on[row, column] and alarm_id in is_open:
            outcomes.append(_outcome(is_open.pop(alarm_id), "cleared", label))
    return Alarms(is_open, frozen(streak)), tuple(outcomes)


def _values(
    fleet: Fleet, sums: IntArray, energy: Energy, limits: Limits
) -> tuple[FloatArray, FloatArray]:
    """Value and threshold of every condition, both of shape ``(segments, conditions)``."""
    constants = fleet.constants
    reported = sums[:, Q.REPORTED_COUNT]
    installed = constants[:, C.INSTALLED_COUNT]
    values = np.zeros((len(fleet.keys), len(Condition)))
    thresholds = np.zeros_like(values)
    values[:, Condition.POWER] = sums[:, Q.POWER_ANOMALY_COUNT]
    values[:, Condition.THERMAL] = sums[:, Q.THERMAL_ANOMALY_COUNT]
    values[:, Condition.BATTERY] = sums[:, Q.BATTERY_ANOMALY_COUNT]
    thresholds[:, :3] = (limits.anomalous_fraction * reported)[:, None]
    values[:, Condition.SILENT] = installed - reported
    thresholds[:, Condition.SILENT] = limits.silent_fraction * installed
    values[:, Condition.FAILED] = reported - sums[:, Q.UP_COUNT]
    thresholds[:, Condition.FAILED] = limits.failed_fraction * reported
    flows = energy.flows_mw
    values[:, Condition.UNACCOUNTED] = np.abs(flows[:, E.UNACCOUNTED]) / 1e3
    thresholds[:, Condition.UNACCOUNTED] = (
        limits.unaccounted_fraction * (flows[:, E.GENERATED] + flows[:, E.DISCHARGED]) / 1e3
    )
    supply, nameplate = constants[:, C.SUPPLY_MW], constants[:, C.NAMEPLATE_MW]
    values[:, Condition.SUPPLY] = np.where(supply >= 0, nameplate - supply, 0) / 1e3
    return values, thresholds


def _named_assets(telemetry: Telemetry, segment: str, condition: Condition) -> tuple[int, ...]:
    kind = NAMED_BY_ANOMALY.get(condition)
    return tuple(a.asset_id for a in telemetry.anomalies if a.segment == segment and a.kind == kind)


def _outcome(alarm: Alarm, state: Literal["raised", "cleared"], label: str) -> AlarmOutcome:
    change = AlarmChanged(
        alarm_id=alarm.alarm_id,
        severity=alarm.severity,
        state=state,
        subject=alarm.subject,
        value=alarm.value,
        threshold=alarm.threshold,
    )
    return AlarmOutcome(change=change, label=label, asset_ids=alarm.asset_ids)
