"""A simulated day, folded: the sums hold at every tick, and a healthy world is quiet."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import FEW_SEGMENTS, MINUTE_NS, baseline_of, folded, small_world

from twin.baseline import world_names
from twin.outcomes import AlarmOutcome, Outcome, Refused
from twin.quantities import Q
from twin.state import C, E, Twin

DAY_NS = 1440 * MINUTE_NS
SOURCES = [E.GENERATED, E.IMPORTED, E.DISCHARGED]
USES = [use for use in E if use not in (*SOURCES, E.WRITTEN_OFF)]


def assert_energy_closes(twin: Twin, before_mwh: np.ndarray | None) -> np.ndarray:
    """Sources equal uses, nothing is unaccounted, and batteries gained exactly what was booked."""
    energy = twin.energy["public"]
    for book in (energy.flows_mw, energy.total_mwh):
        gap = book[:, SOURCES].sum(axis=1) - book[:, USES].sum(axis=1)
        assert not gap.any()
    assert not energy.flows_mw[:, E.UNACCOUNTED].any()
    if before_mwh is not None:
        flows = energy.flows_mw
        gained_mw = flows[:, E.CHARGED] - flows[:, E.DISCHARGED] - flows[:, E.WRITTEN_OFF]
        per_mwh = 3_600_000 // twin.interval_ms
        assert (gained_mw == (energy.charge_mwh - before_mwh) * per_mwh).all()
    return energy.charge_mwh


def assert_capacity_nests(twin: Twin) -> None:
    """installed ≥ reported ≥ up ≥ available; what is up is available or limited, never both."""
    sums = twin.telemetry["public"].sums
    installed = twin.fleets["public"].constants[:, C.INSTALLED_COUNT]
    limited = sums[:, Q.POWER_LIMITED_COUNT] + sums[:, Q.THERMAL_LIMITED_COUNT]
    assert (installed == sums[:, Q.REPORTED_COUNT]).all()
    assert (sums[:, Q.REPORTED_COUNT] >= sums[:, Q.UP_COUNT]).all()
    assert (sums[:, Q.UP_COUNT] == sums[:, Q.AVAILABLE_COUNT] + limited).all()
    assert (sums[:, Q.ACCELERATORS_UP_COUNT] >= sums[:, Q.ACCELERATORS_AVAILABLE_COUNT]).all()


def is_of_assets(outcome: Outcome) -> bool:
    """Whether it is an alarm of what flies or stands, or a refusal, and not business."""
    is_alarm = isinstance(outcome, AlarmOutcome)
    return isinstance(outcome, Refused) or (
        is_alarm and not outcome.change.alarm_id.startswith("commitment/")
    )


@pytest.mark.parametrize(("interval_ns", "ticks_count"), [(MINUTE_NS, 1440), (MINUTE_NS // 60, 90)])
def test_energy_and_capacity_close_at_every_tick_of_a_day_without_noise(
    interval_ns: int, ticks_count: int
) -> None:
    world = small_world(interval_ns=interval_ns, has_noise=False, has_faults=True)

    charge_mwh, written_off_mw = None, 0
    for step in folded(world, ticks_count):
        charge_mwh = assert_energy_closes(step.twin, charge_mwh)
        assert_capacity_nests(step.twin)
        # What a launch brings is written off with the other sign.
        written_off = step.twin.energy["public"].flows_mw[:, E.WRITTEN_OFF]
        written_off_mw += int(written_off[written_off > 0].sum())

    assert step.twin.number == ticks_count
    assert written_off_mw > 0


@pytest.mark.parametrize("name", world_names())
def test_a_healthy_world_raises_no_alarm_in_a_day_and_loses_little_to_noise(name: str) -> None:
    world = small_world(baseline_of(name), interval_ns=5 * MINUTE_NS, satellites_count=1000)

    outcomes, anomalies_count = [], 0
    for step in folded(world, DAY_NS // (5 * MINUTE_NS)):
        outcomes += [each for each in step.outcomes if is_of_assets(each)]
        sums = step.twin.telemetry["public"].sums
        anomalies_count += sums[:, Q.POWER_ANOMALY_COUNT : Q.BATTERY_ANOMALY_COUNT + 1].sum()

    assert outcomes == []
    assert anomalies_count == 0
    total = step.twin.energy["public"].total_mwh.sum(axis=0)
    assert abs(total[E.UNACCOUNTED]) < total[E.GENERATED] / 10_000


def test_a_day_over_few_segments_has_day_night_and_full_batteries() -> None:
    world = small_world(baseline_of(segments=FEW_SEGMENTS), interval_ns=5 * MINUTE_NS)

    steps = list(folded(world, 288))

    total = steps[-1].twin.energy["public"].total_mwh.sum(axis=0)
    used = (E.DISCHARGED, E.CHARGED, E.CURTAILED, E.LOST, E.IMPORTED, E.COOLING, E.COMPUTE)
    assert (total[list(used)] > 0).all()
