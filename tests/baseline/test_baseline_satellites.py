"""Every class closes its energy and heat in the worst orbit any of its shells flies."""

from __future__ import annotations

import math

import pytest

from twin.baseline import SatelliteClass, SatelliteSegmentPlan, ShellPlan, load, world_names
from twin.physics.constants import (
    EARTH_EQUATORIAL_RADIUS_KM,
    EARTH_MU_KM3_PER_S2,
    EARTH_RADIUS_KM,
    SOLAR_CONSTANT_W_PER_M2,
    STEFAN_BOLTZMANN_W_PER_M2_K4,
)

OBLIQUITY_DEG = 23.44
FLOWN = [
    pytest.param(world, segment, shell, id=f"{world}-{shell.name}")
    for world in world_names()
    for segment in load(world).satellite_segments
    for shell in segment.shells
]
flown = pytest.mark.parametrize(("world", "segment", "shell"), FLOWN)


@flown
def test_the_battery_carries_full_load_through_the_longest_eclipse(
    world: str, segment: SatelliteSegmentPlan, shell: ShellPlan
) -> None:
    built = load(world).satellite_class(segment.class_name)

    eclipse_h = eclipse_fraction(segment, shell) * period_h(shell)
    depth_fraction = (built.bus_w + built.payload_w) * eclipse_h / built.battery_wh

    assert 0.2 <= depth_fraction <= 0.40
    assert depth_fraction < 1 - built.reserve_fraction


@flown
def test_the_energy_of_the_worst_orbit_closes_with_margin(
    world: str, segment: SatelliteSegmentPlan, shell: ShellPlan
) -> None:
    baseline = load(world)
    built = baseline.satellite_class(segment.class_name)
    demand = baseline.demand_profiles[segment.demand]

    sunlit_fraction = 1 - eclipse_fraction(segment, shell)
    usable_w = built.array_w * sunlit_fraction * baseline.number("power.closure_fraction")
    # An orbital data centre is sized for its mean load and throttles in the eclipse season.
    load_fraction = demand.base_fraction if segment.is_dawn_dusk else 1.0

    assert usable_w > 1.04 * (built.bus_w + load_fraction * built.payload_w)


def test_orbital_compute_runs_at_full_load_outside_the_eclipse_season() -> None:
    baseline = load("2029")
    ai1 = baseline.satellite_class("ai1")

    full_load_w = ai1.bus_w + ai1.payload_w

    assert full_load_w == baseline.number("class.ai1.load_average_w")
    assert ai1.array_w * baseline.number("power.closure_fraction") > full_load_w
    assert ai1.accelerators_count == full_load_w / baseline.number("class.ai1.accelerator_w")


@flown
def test_the_radiator_holds_full_load_in_full_sun_and_never_freezes_the_bus(
    world: str, segment: SatelliteSegmentPlan, shell: ShellPlan
) -> None:
    built = load(world).satellite_class(segment.class_name)

    hottest_k = equilibrium_k(built, built.bus_w + built.payload_w, sunlight=1.0)
    coldest_k = equilibrium_k(built, built.bus_w, sunlight=0.0)

    assert hottest_k < built.temperature_max_k
    assert coldest_k > 233


@pytest.mark.parametrize(
    ("world", "class_name"),
    sorted({(w, s.class_name) for w in world_names() for s in load(w).satellite_segments}),
)
def test_an_array_gives_no_more_than_the_sun_allows(world: str, class_name: str) -> None:
    built = load(world).satellite_class(class_name)

    efficiency = built.array_w / (built.array_m2 * SOLAR_CONSTANT_W_PER_M2)

    assert 0.10 < efficiency < 0.30
    assert built.battery_wh / 265 < 0.3 * built.mass_kg, "the battery would weigh too much"


def test_the_published_radiator_of_ai1_is_met_at_its_published_temperature() -> None:
    ai1 = load("2029").satellite_class("ai1")

    black_body_w = STEFAN_BOLTZMANN_W_PER_M2_K4 * 342**4
    radiated_w = ai1.radiating_m2 * ai1.radiator_emissivity_fraction * black_body_w

    assert radiated_w == pytest.approx(110 * 1400, rel=0.01)


def period_h(shell: ShellPlan) -> float:
    axis_km = EARTH_EQUATORIAL_RADIUS_KM + shell.altitude_km
    return 2 * math.pi * math.sqrt(axis_km**3 / EARTH_MU_KM3_PER_S2) / 3600


def eclipse_fraction(segment: SatelliteSegmentPlan, shell: ShellPlan) -> float:
    """Longest share of an orbit in a cylindrical shadow, over the seasons."""
    h, r = shell.altitude_km, EARTH_RADIUS_KM
    ratio = math.sqrt(h * h + 2 * r * h) / (
        (r + h) * math.cos(math.radians(beta_deg(segment, shell)))
    )
    return math.acos(min(ratio, 1.0)) / math.pi


def beta_deg(segment: SatelliteSegmentPlan, shell: ShellPlan) -> float:
    """Lowest elevation of the Sun above the orbit's plane that a year brings."""
    return 90 - OBLIQUITY_DEG - (shell.inclination_deg - 90) if segment.is_dawn_dusk else 0.0


def equilibrium_k(built: SatelliteClass, load_w: float, *, sunlight: float) -> float:
    heat_w = load_w + sunlight * built.solar_heat_w + built.infrared_heat_w
    black_m2 = built.radiating_m2 * built.radiator_emissivity_fraction
    return math.sqrt(math.sqrt(heat_w / (black_m2 * STEFAN_BOLTZMANN_W_PER_M2_K4)))
