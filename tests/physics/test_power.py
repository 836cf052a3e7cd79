"""Array, battery and load: energy closes, nothing leaves its bounds, payload gives way first."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.power import POWER_STEP_W, power_step

EFFICIENCY = 0.95
RESERVE = 0.3


class Step(NamedTuple):
    """What one step gives."""

    array_w: float
    load_w: float
    charge_wh: float
    curtailed_w: float


def step(
    *,
    available_w: float = 7000.0,
    wanted_w: float = 3000.0,
    bus_w: float = 500.0,
    charge_wh: float = 2000.0,
    battery_wh: float = 4000.0,
    reserve_fraction: float = RESERVE,
    efficiency_fraction: float = EFFICIENCY,
    dt_s: float = 60.0,
) -> Step:
    """One step of a satellite whose particulars do not matter to the test."""
    return Step(
        *power_step(
            available_w, wanted_w, bus_w, charge_wh, battery_wh,
            reserve_fraction, efficiency_fraction, dt_s,
        )
    )  # fmt: skip


watts = st.floats(0.0, 200_000.0)
fractions = st.floats(0.0, 1.0)


@st.composite
def satellites(draw: st.DrawFn) -> dict[str, float]:
    """Any satellite in any state: battery and charge as a frame would hold them."""
    battery_wh = draw(st.floats(10.0, 50_000.0, width=32))
    wanted_w = draw(watts)
    return {
        "available_w": draw(watts),
        "wanted_w": wanted_w,
        "bus_w": draw(fractions) * wanted_w,
        "charge_wh": float(np.float32(draw(fractions) * battery_wh)),
        "battery_wh": battery_wh,
        "reserve_fraction": draw(fractions),
        "efficiency_fraction": draw(st.floats(0.5, 1.0)),
        "dt_s": draw(st.sampled_from([1.0, 10.0, 60.0, 3600.0])),
    }


@given(satellites())
def test_what_the_array_gives_is_used_stored_or_lost_to_the_rounding_of_the_charge(
    satellite: dict[str, float],
) -> None:
    after = step(**satellite)

    surplus_wh = (after.array_w - after.load_w) * satellite["dt_s"] / 3600.0
    lost_wh = max(surplus_wh, 0.0) * (1.0 - satellite["efficiency_fraction"])
    stored_wh = after.charge_wh - satellite["charge_wh"]
    rounding_wh = float(np.spacing(np.float32(max(after.charge_wh, satellite["charge_wh"]))))
    assert surplus_wh == pytest.approx(stored_wh + lost_wh, abs=rounding_wh, rel=1e-12)


@given(satellites())
def test_powers_are_whole_eighths_of_a_watt_and_the_charge_is_a_float32(
    satellite: dict[str, float],
) -> None:
    after = step(**satellite)

    for power_w in (after.array_w, after.load_w, after.curtailed_w):
        assert power_w == float(np.float32(power_w))
        assert (power_w / POWER_STEP_W).is_integer()
    assert after.charge_wh == float(np.float32(after.charge_wh))


@given(satellites())
def test_nothing_leaves_its_bounds(satellite: dict[str, float]) -> None:
    after = step(**satellite)

    assert 0.0 <= after.array_w <= satellite["available_w"]
    assert 0.0 <= after.load_w <= satellite["wanted_w"]
    assert 0.0 <= after.charge_wh <= satellite["battery_wh"]
    assert 0.0 <= satellite["available_w"] - after.array_w - after.curtailed_w < POWER_STEP_W


@given(satellites())
def test_the_payload_never_draws_on_the_reserve(satellite: dict[str, float]) -> None:
    after = step(**satellite)

    reserve_wh = satellite["reserve_fraction"] * satellite["battery_wh"]
    if after.load_w > satellite["bus_w"]:
        floor_wh = min(reserve_wh, satellite["charge_wh"])
        assert after.charge_wh >= floor_wh * (1.0 - 1e-6)


@given(satellites())
def test_load_is_shed_only_when_the_array_is_at_its_limit(satellite: dict[str, float]) -> None:
    after = step(**satellite)

    if after.load_w < satellite["wanted_w"] - POWER_STEP_W:
        assert after.curtailed_w == 0.0


def test_a_surplus_charges_the_battery_less_what_charging_loses() -> None:
    after = step(available_w=5000.0, wanted_w=3000.0, charge_wh=2000.0)

    kept_wh = 2000.0 / 60.0 * EFFICIENCY
    assert after == pytest.approx(Step(5000.0, 3000.0, 2000.0 + kept_wh, 0.0))


def test_a_full_battery_takes_nothing_and_the_rest_is_curtailed() -> None:
    after = step(available_w=7000.0, wanted_w=3000.0, charge_wh=4000.0)

    assert after == Step(3000.0, 3000.0, 4000.0, 4000.0)


def test_a_nearly_full_battery_takes_what_fits() -> None:
    after = step(available_w=7000.0, wanted_w=3000.0, charge_wh=3990.0)

    assert after.charge_wh == pytest.approx(4000.0, abs=POWER_STEP_W / 60.0)
    assert after.array_w == pytest.approx(3000.0 + 10.0 * 60.0 / EFFICIENCY, abs=POWER_STEP_W)
    assert after.array_w + after.curtailed_w == 7000.0


def test_in_the_dark_the_battery_carries_the_load() -> None:
    after = step(available_w=0.0, wanted_w=3000.0, charge_wh=2000.0)

    assert after == Step(0.0, 3000.0, 1950.0, 0.0)


def test_at_the_reserve_the_payload_is_shed_and_the_bus_lives_on() -> None:
    after = step(available_w=0.0, wanted_w=3000.0, bus_w=600.0, charge_wh=1200.0)

    assert after == Step(0.0, 600.0, 1190.0, 0.0)


def test_just_above_the_reserve_the_payload_is_shed_in_part() -> None:
    after = step(available_w=0.0, wanted_w=3000.0, bus_w=600.0, charge_wh=1220.0)

    assert after == Step(0.0, 1200.0, 1200.0, 0.0)


def test_with_an_empty_battery_even_the_bus_has_only_what_the_array_gives() -> None:
    after = step(available_w=120.06, wanted_w=3000.0, bus_w=600.0, charge_wh=0.0)

    assert after == Step(120.0, 120.0, 0.0, 0.0)


def test_a_charge_above_a_worn_batterys_capacity_is_kept_but_not_added_to() -> None:
    after = step(available_w=7000.0, wanted_w=3000.0, charge_wh=4100.0, battery_wh=4000.0)

    assert after == Step(3000.0, 3000.0, 4100.0, 4000.0)


def test_through_a_day_of_orbits_the_energy_closes_to_the_rounding_of_each_charge() -> None:
    charge_wh, taken_wh, lost_wh = 2000.0, 0.0, 0.0

    for second in range(0, 86400, 60):
        sun = max(math.cos(math.tau * second / 5730.0), 0.0)
        after = step(available_w=9000.0 * sun, wanted_w=2500.0, charge_wh=charge_wh)
        surplus_wh = (after.array_w - after.load_w) / 60.0
        lost_wh += max(surplus_wh, 0.0) * (1.0 - EFFICIENCY)
        taken_wh += surplus_wh
        charge_wh = after.charge_wh

    rounding_wh = 1440 * float(np.spacing(np.float32(4000.0))) / 2.0
    assert taken_wh > 1000.0
    assert taken_wh - lost_wh == pytest.approx(charge_wh - 2000.0, abs=rounding_wh)
