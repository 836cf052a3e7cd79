"""The lump of heat: where it settles, and that no step is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.constants import STEFAN_BOLTZMANN_W_PER_M2_K4
from twin.physics.thermal import (
    absorbed_heat_w,
    emitting_area_m2,
    equilibrium_temperature_k,
    thermal_step,
)

CAPACITY_J_PER_K = 50_000.0
EMITTING_M2 = 20.0

temperatures = st.floats(50.0, 500.0)
heats = st.floats(0.0, 50_000.0)
steps = st.floats(0.001, 1e9)


def test_the_compute_satellites_radiator_needs_342_kelvin() -> None:
    # 110 m2, both faces, emissivity 0.90, 1,400 W per m2 of planform: the maker's own figures.
    temperature_k = equilibrium_temperature_k(110.0 * 1400.0, emitting_area_m2(110.0, 0.90, 2.0))

    assert temperature_k == pytest.approx(342.2, abs=0.3)


def test_one_face_alone_would_sit_at_407_kelvin() -> None:
    temperature_k = equilibrium_temperature_k(110.0 * 1400.0, emitting_area_m2(110.0, 0.90, 1.0))

    assert temperature_k == pytest.approx(407.0, abs=0.5)


def test_a_radiator_at_20_celsius_sends_off_838_watts_a_square_metre_from_two_faces() -> None:
    assert equilibrium_temperature_k(837.5, emitting_area_m2(1.0, 1.0, 2.0)) == pytest.approx(
        293.15, abs=0.01
    )


def test_heat_is_load_and_sunlight_by_its_share_and_the_earths_glow() -> None:
    assert absorbed_heat_w(2500.0, 1200.0, 0.5, 300.0) == 3400.0


@given(temperatures, st.floats(100.0, 50_000.0), st.floats(0.5, 1e6))
def test_it_converges_to_its_equilibrium(
    start_k: float, heat_w: float, step_in_time_constants: float
) -> None:
    target_k = equilibrium_temperature_k(heat_w, EMITTING_M2)
    time_constant_s = CAPACITY_J_PER_K * target_k / (4.0 * heat_w)
    dt_s = step_in_time_constants * time_constant_s
    temperature_k = start_k

    for _ in range(200):
        temperature_k = thermal_step(temperature_k, heat_w, CAPACITY_J_PER_K, EMITTING_M2, dt_s)

    assert temperature_k == pytest.approx(target_k, abs=0.001)


@given(temperatures, heats, steps)
def test_a_step_of_any_length_ends_between_where_it_began_and_its_equilibrium(
    start_k: float, heat_w: float, dt_s: float
) -> None:
    after_k = thermal_step(start_k, heat_w, CAPACITY_J_PER_K, EMITTING_M2, dt_s)

    target_k = equilibrium_temperature_k(heat_w, EMITTING_M2)
    low, high = min(start_k, target_k), max(start_k, target_k)
    assert low * (1 - 1e-12) <= after_k <= high * (1 + 1e-12)


@given(temperatures, heats, st.floats(0.0, 10_000.0), steps)
def test_more_heat_never_makes_it_colder(
    start_k: float, heat_w: float, more_w: float, dt_s: float
) -> None:
    cooler_k = thermal_step(start_k, heat_w, CAPACITY_J_PER_K, EMITTING_M2, dt_s)
    warmer_k = thermal_step(start_k, heat_w + more_w, CAPACITY_J_PER_K, EMITTING_M2, dt_s)

    assert warmer_k >= cooler_k * (1 - 1e-12)


@pytest.mark.parametrize("start_k", [180.0, 290.0, 420.0])
def test_steps_of_a_minute_follow_the_true_curve_to_two_kelvin(start_k: float) -> None:
    coarse_k = fine_k = start_k

    for _ in range(45):
        coarse_k = thermal_step(coarse_k, 9000.0, 200_000.0, EMITTING_M2, 60.0)
        for _ in range(600):
            radiated_w = EMITTING_M2 * STEFAN_BOLTZMANN_W_PER_M2_K4 * fine_k**4
            fine_k += (9000.0 - radiated_w) * 0.1 / 200_000.0

        assert coarse_k == pytest.approx(fine_k, abs=2.0)


def test_without_heat_it_cools_toward_nothing_and_heat_below_nothing_is_none() -> None:
    assert equilibrium_temperature_k(-5.0, EMITTING_M2) == 0.0
    assert 0.0 < thermal_step(300.0, 0.0, CAPACITY_J_PER_K, EMITTING_M2, 1e6) < 30.0
