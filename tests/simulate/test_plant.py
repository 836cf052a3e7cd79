from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from worlds import baseline_of

from twin.frames import STATUS_FAILED, STATUS_NOMINAL, STATUS_SAFE
from twin.region_grid import region_grid
from twin.simulate.builds import (
    aged_array_w,
    charge_resolution_wh,
    satellite_build,
)
from twin.simulate.demand import Asked
from twin.simulate.plant import Circumstances, ShardState, Sky, plant_step

BASELINE = baseline_of("2029")
BUILT = BASELINE.satellite_class("v2-mini")
GRID = region_grid(BASELINE.regions)
SKY = Sky(1.0, 0.0, 0.0, full_sun_w=28_000.0)
BUSY = Asked(False, 0.8, 0.0, 0.0, 0.0)
SUNNY_KM, DARK_KM = 6_900.0, -6_900.0


def stepped(
    *,
    rows_count: int = 4,
    x_km: float = SUNNY_KM,
    charge_fraction: float = 0.6,
    temperature_k: float = 300.0,
    status: int = STATUS_NOMINAL,
    array_fraction: float = 1.0,
    radiator_fraction: float = 1.0,
    has_noise: bool = False,
    number: int = 1,
    asked_bps: Any = None,
) -> tuple[ShardState, dict[str, Any]]:
    """One minute of some like satellites, sunward or in the Earth's shadow."""

    def full(value: float, kind: type = np.float32) -> Any:
        return np.full(rows_count, value, dtype=kind)

    position_km = np.zeros((3, rows_count), dtype=np.float32)
    position_km[0] = x_km
    before = ShardState(
        charge_wh=full(charge_fraction * BUILT.battery_wh),
        temperature_k=full(temperature_k),
        status=full(STATUS_NOMINAL, np.uint8),
    )
    return plant_step(
        before,
        Circumstances(full(status, np.uint8), full(array_fraction), full(radiator_fraction)),
        build=satellite_build(BASELINE, BUILT, has_noise=has_noise),
        sky=SKY,
        asked=BUSY,
        weights=np.ones(len(GRID.names)),
        grid=GRID,
        asset_id=np.arange(1, rows_count + 1, dtype=np.uint32),
        position_km=position_km,
        asked_bps=np.zeros(len(GRID.names), np.int64) if asked_bps is None else asked_bps,
        seed=1,
        number=number,
        dt_s=60.0,
    )


def test_in_the_sun_a_satellite_serves_what_is_asked_and_charges() -> None:
    after, columns = stepped()

    load_w = BUILT.bus_w + 0.8 * BUILT.payload_w
    stored_wh = (28_000.0 - load_w) * BUILT.charge_efficiency_fraction / 60.0
    assert columns["array_w"][0] == 28_000.0
    assert columns["load_w"][0] == pytest.approx(load_w, abs=0.125)
    assert columns["utilisation_fraction"][0] == pytest.approx(0.8, abs=1e-4)
    assert columns["traffic_bps"][0] == pytest.approx(0.8 * BUILT.downlink_bps, rel=1e-4)
    assert after.charge_wh[0] - 0.6 * BUILT.battery_wh == pytest.approx(stored_wh, abs=0.01)


def test_in_the_dark_it_lives_on_its_battery() -> None:
    after, columns = stepped(x_km=DARK_KM)

    assert columns["array_w"][0] == 0.0
    drawn_wh = columns["load_w"][0] / 60.0
    assert 0.6 * BUILT.battery_wh - after.charge_wh[0] == pytest.approx(drawn_wh, abs=0.01)


def test_a_full_battery_curtails_the_array_to_the_load() -> None:
    _, columns = stepped(charge_fraction=1.0)

    assert (columns["array_w"] == columns["load_w"]).all()


def test_below_its_reserve_a_satellite_keeps_only_its_bus() -> None:
    _, columns = stepped(x_km=DARK_KM, charge_fraction=BUILT.reserve_fraction)

    assert columns["load_w"][0] == BUILT.bus_w
    assert columns["utilisation_fraction"][0] == 0.0


@pytest.mark.parametrize(("over_k", "share"), [(0.0, 1.0), (7.5, 0.5), (15.0, 0.0), (60.0, 0.0)])
def test_above_its_limit_the_payload_is_throttled_in_proportion(
    over_k: float, share: float
) -> None:
    _, columns = stepped(temperature_k=BUILT.temperature_max_k + over_k)

    assert columns["utilisation_fraction"][0] == pytest.approx(0.8 * share, abs=1e-4)


def test_in_safe_mode_only_the_bus_runs_and_the_battery_charges() -> None:
    after, columns = stepped(status=STATUS_SAFE)

    assert columns["load_w"][0] == BUILT.bus_w
    assert columns["traffic_bps"][0] == 0.0
    assert after.charge_wh[0] > 0.6 * BUILT.battery_wh


def test_a_failed_satellite_has_no_power_no_charge_and_cools() -> None:
    after, columns = stepped(status=STATUS_FAILED)

    for name in ("array_w", "load_w", "charge_wh", "utilisation_fraction", "traffic_bps"):
        assert not columns[name].any()
    assert 250.0 < after.temperature_k[0] < 300.0


def test_a_lost_radiator_warms_and_a_lost_array_charges_less() -> None:
    healthy, _ = stepped()

    warm, _ = stepped(radiator_fraction=0.25)
    poor, columns = stepped(array_fraction=0.25)

    assert warm.temperature_k[0] > healthy.temperature_k[0]
    assert poor.charge_wh[0] < healthy.charge_wh[0]
    assert columns["array_w"][0] == 7_000.0


def test_noise_is_small_differs_by_row_and_tick_and_leaves_the_memory_exact() -> None:
    quiet, quiet_columns = stepped(rows_count=1000, charge_fraction=0.6, x_km=SUNNY_KM)
    noisy, columns = stepped(rows_count=1000, has_noise=True)
    _, later = stepped(rows_count=1000, has_noise=True, number=2)

    residual = columns["array_w"] / quiet_columns["array_w"] - 1.0
    assert 0.004 < np.abs(residual).max() <= 0.005 + 1e-4
    assert abs(residual.mean()) < 0.0005
    assert np.unique(columns["array_w"]).size > 100
    assert (columns["array_w"] != later["array_w"]).mean() > 0.9
    assert (columns["array_w"] % 0.125 == 0.0).all()
    # What is asked varies in truth; charge and temperature are what they are.
    assert (noisy.charge_wh == columns["charge_wh"]).all()
    assert np.abs(noisy.charge_wh - quiet.charge_wh).max() < 10.0


def test_the_dark_has_no_noise_that_looks_like_sunlight() -> None:
    _, columns = stepped(rows_count=1000, x_km=DARK_KM, has_noise=True)

    assert not columns["array_w"].any()


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    _, many = stepped(rows_count=50, has_noise=True)
    _, few = stepped(rows_count=20, has_noise=True)

    assert all((many[name][:20] == few[name]).all() for name in many)


def test_the_resolution_covers_half_a_float_and_two_roundings() -> None:
    battery_wh = 120_000.0

    resolution_wh = charge_resolution_wh(battery_wh)

    step_wh = float(np.spacing(np.float32(battery_wh)))
    assert resolution_wh == pytest.approx(step_wh / 2 + 0.001)


def test_an_array_ages_before_a_world_opens() -> None:
    age_y = BASELINE.number("power.age-start_y")

    left = aged_array_w(BASELINE, BUILT) / BUILT.array_w

    assert left == pytest.approx(1.0 - BUILT.degradation_fraction_per_y * age_y)


@pytest.mark.parametrize("status", [STATUS_NOMINAL, STATUS_SAFE, STATUS_FAILED])
def test_what_users_ask_is_counted_in_whole_bits_whatever_became_of_the_satellite(
    status: int,
) -> None:
    asked_bps = np.zeros(len(GRID.names), np.int64)

    stepped(status=status, rows_count=3, asked_bps=asked_bps)
    stepped(status=status, rows_count=2, asked_bps=asked_bps)

    assert asked_bps.sum() == 5 * round(0.8 * BUILT.downlink_bps)
    assert np.count_nonzero(asked_bps) == 1
