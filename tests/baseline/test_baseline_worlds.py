"""The worlds hold what was counted, and say where they are made up."""

from __future__ import annotations

import math

import pytest

from twin.baseline import default_world, load, world_names
from twin.errors import BadInput
from twin.physics.constants import EARTH_EQUATORIAL_RADIUS_KM
from twin.physics.orbit import orbit_rates_rad_per_s
from twin.region_grid import region_grid
from twin.regions import region_names

TROPICAL_YEAR_S = 365.24219 * 86_400
WORLDS = world_names()
COUNTED = {
    "2026.sl-43": 3230,
    "2026.sl-53": 4155,
    "2026.sl-53-high": 156,
    "2026.sl-70": 699,
    "2026.sl-97": 1068,
    "2026.sl-97-high": 172,
    "2026.sl-dtc-43": 330,
    "2026.sl-dtc-53": 339,
}
"""Element sets of 2026-08-22 by inclination and altitude; 156 is the middle of 143-169."""


def test_the_worlds_are_2026_and_2029_and_the_assumed_one_is_meant_by_default() -> None:
    assert WORLDS == ("2026", "2029")
    assert default_world() == "2029"
    assert load("2029").is_assumed
    assert not load("2026").is_assumed


def test_an_unknown_world_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"'2026' \(the nearest name\)"):
        load("2o26")


@pytest.mark.parametrize(("shell", "counted_count"), COUNTED.items())
def test_a_shell_has_the_satellites_that_were_counted(shell: str, counted_count: int) -> None:
    plans = {plan.name: plan for seg in load("2026").satellite_segments for plan in seg.shells}

    assert plans[shell].satellites_count == pytest.approx(counted_count, rel=0.03)


def test_the_fleet_of_2026_is_the_catalogued_one_less_what_was_raising() -> None:
    segments = load("2026").satellite_segments

    starlink_count = sum(s.satellites_count for s in segments if s.segment.startswith("sl-"))

    assert starlink_count == pytest.approx(10_744 - 595, rel=0.005)


def test_the_downlink_of_2026_is_near_the_filed_one() -> None:
    baseline = load("2026")

    downlink_bps = sum(
        segment.satellites_count * baseline.satellite_class(segment.class_name).downlink_bps
        for segment in baseline.satellite_segments
        if segment.segment.startswith("sl-")
    )

    # Filed: more than 700 Tbps at 9,600 satellites in March; older satellites in the 53 degree
    # shells are counted as V2 Mini here, and 550 more flew in August.
    assert 1.0 <= downlink_bps / baseline.number("observed.filed.downlink_bps") <= 1.25


def test_the_fleet_of_2029_is_about_fifteen_thousand_with_a_thousand_for_compute() -> None:
    fleet = {s.segment: s for s in load("2029").satellite_segments}

    assert sum(s.satellites_count for s in fleet.values()) == pytest.approx(15_000, rel=0.01)
    assert fleet["ai1-sso"].satellites_count == 1000
    assert fleet["ai1-sso"].is_dawn_dusk
    assert all(segment.is_assumed for segment in fleet.values())


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_opens_with_unique_segments_and_public_labels(world: str) -> None:
    baseline = load(world)

    satellites, sites = baseline.satellite_segments, baseline.sites
    names = [s.segment for s in satellites] + [s.segment for s in sites]

    assert len(set(names)) == len(names)
    assert {s.label for s in satellites} | {s.label for s in sites} == {"public"}
    demands = {s.demand for s in satellites} | {s.demand for s in sites}
    assert demands <= set(baseline.demand_profiles)


@pytest.mark.parametrize("world", WORLDS)
def test_an_assumption_about_a_shell_belongs_to_a_shell_that_flies(world: str) -> None:
    baseline = load(world)

    flown = {shell.name for s in baseline.satellite_segments for shell in s.shells}

    named = {n[6:].rsplit(".", 1)[0] for n in baseline.assumptions if n.startswith("shell.")}
    assert named == flown


@pytest.mark.parametrize("world", WORLDS)
def test_a_shell_can_be_flown(world: str) -> None:
    for segment in load(world).satellite_segments:
        for shell in segment.shells:
            assert 0 <= shell.phasing_count < shell.planes_count
            assert 300 <= shell.altitude_km <= 800
            assert (shell.ascending_node_h is not None) == segment.is_dawn_dusk


def test_a_dawn_dusk_ring_keeps_pace_with_the_sun() -> None:
    rings = next(s for s in load("2029").satellite_segments if s.is_dawn_dusk).shells

    for ring in rings:
        semi_major_axis_km = EARTH_EQUATORIAL_RADIUS_KM + ring.altitude_km
        cosine = math.cos(math.radians(ring.inclination_deg))
        node_rad_per_s, _ = orbit_rates_rad_per_s(semi_major_axis_km, cosine)
        turns_per_year = node_rad_per_s * TROPICAL_YEAR_S / math.tau
        assert turns_per_year == pytest.approx(1.0, abs=0.0025)
    assert {ring.ascending_node_h for ring in rings} == {6, 18}


@pytest.mark.parametrize("world", WORLDS)
def test_the_clusters_draw_the_nameplate_and_their_supply_carries_them(world: str) -> None:
    baseline = load(world)

    draw_w = {site.segment: site.accelerators_count * site.accelerator_w for site in baseline.sites}

    # Named clusters: 130 + 210 + 220 MW; the balancing pool brings them to 1.4 GW.
    named_w = sum(w for name, w in draw_w.items() if name != "c-unlisted")
    assert named_w == pytest.approx(560e6, rel=0.001)
    nameplate_w = baseline.number("compute.nameplate.2026-q2_w")
    assert sum(draw_w.values()) == pytest.approx(nameplate_w, rel=0.001)
    for site in baseline.sites:
        assert draw_w[site.segment] * site.pue_ratio < site.supply_w
        assert site.accelerators_count % site.pools_count == 0


def test_the_accelerators_sold_exist() -> None:
    baseline = load("2026")

    installed_count = sum(site.accelerators_count for site in baseline.sites)

    sold_count = baseline.number("contract.anthropic-compute.accelerators_count")
    sold_count += baseline.number("contract.google-compute.accelerators_count")
    assert sold_count < installed_count


def test_fuel_and_carbon_of_a_gas_site_follow_from_its_heat_rate() -> None:
    sites = {site.segment: site for site in load("2026").sites}

    gas, grid = sites["c2-gb200"], sites["c1-h100"]

    assert gas.supply == "gas"
    assert gas.carbon_kg_per_mwh == pytest.approx(9.5 * 53.06)
    assert gas.electricity_usd_per_mwh == pytest.approx(9.5 * gas.gas_price_usd_per_mmbtu)
    assert grid.supply == "grid"
    assert grid.heat_rate_btu_per_kwh == 0
    assert grid.carbon_kg_per_mwh == pytest.approx(624.94 * 0.45359237, abs=0.01)


def test_tokens_follow_from_the_accelerator_and_the_model() -> None:
    baseline = load("2029")
    tok_per_flop = baseline.number("compute.inference_efficiency_fraction") / baseline.number(
        "compute.flop_per_tok"
    )

    places = ["class.ai1", *(f"site.{site.segment}" for site in baseline.sites)]

    for place in places:
        wanted_tok_per_s = baseline.number(f"{place}.accelerator_flop_per_s") * tok_per_flop
        found_tok_per_s = baseline.number(f"{place}.accelerator_tok_per_s")
        assert found_tok_per_s == pytest.approx(wanted_tok_per_s, rel=0.001)


def test_the_boxes_make_a_grid_of_the_named_theatres() -> None:
    boxes = load("2026").regions

    grid = region_grid(boxes)

    assert region_names(boxes) == (
        "orbit",
        "africa",
        "arctic",
        "europe",
        "indo-pacific",
        "middle-east",
        "north-america",
        "south-america",
    )
    assert grid.latitude_edges.size <= 6
    assert grid.longitude_edges.size <= 8


@pytest.mark.parametrize("world", WORLDS)
def test_every_region_has_a_weight_and_every_site_lies_in_its_own(world: str) -> None:
    baseline = load(world)

    for name in region_names(baseline.regions):
        assert 0 <= baseline.number(f"demand.region.{name}.weight_fraction") <= 1
    for site in baseline.sites:
        inside = {
            box.name
            for box in baseline.regions
            if box.south_deg <= site.latitude_deg < box.north_deg
            and box.west_deg <= site.longitude_deg < box.east_deg
        }
        assert inside == {site.region}


def test_demand_never_asks_for_more_than_there_is_or_less_than_nothing() -> None:
    for profile in load("2029").demand_profiles.values():
        assert profile.base_fraction + profile.amplitude_fraction <= 1
        assert profile.base_fraction - profile.amplitude_fraction >= 0
        assert 0 <= profile.peak_h < 24


def test_filed_segments_add_up_to_the_group() -> None:
    baseline = load("2026")

    for period in ("fy2023", "fy2024", "fy2025", "q1-2025", "q1-2026", "q2-2025", "q2-2026"):
        parts_usd = sum(
            baseline.number(f"filed.{period}.{part}.revenue_usd")
            for part in ("space", "connectivity", "ai")
        )
        whole_usd = baseline.number(f"filed.{period}.consolidated.revenue_usd")
        assert math.isclose(parts_usd, whole_usd, abs_tol=1e6)


def test_the_identities_of_the_mergers_and_the_offering_hold() -> None:
    number = load("2026").number

    cash = number("ownership.xai-merger.cash_usd_per_share")
    ratio = number("ownership.xai-merger.exchange_shares_per_share")
    tesla_count = math.ceil(number("ownership.tesla.amount_usd") / cash * ratio)
    issued_count = number("ownership.spacex.class-a_count") + number(
        "ownership.spacex.class-b_count"
    )
    after_count = issued_count + number("ownership.offering.shares_count")

    assert cash / number("ownership.xai-merger.price_usd_per_share") == pytest.approx(
        ratio, rel=1e-4
    )
    assert tesla_count == number("ownership.tesla.class-a-pre-split_count")
    assert tesla_count * 5 == number("ownership.tesla.class-a_count")
    assert issued_count == number("ownership.spacex.issued_count")
    value_usd = after_count * number("ownership.offering.price_usd_per_share")
    assert value_usd == pytest.approx(number("ownership.offering.value_usd"), rel=1e-3)


def test_the_published_cost_model_is_fed_its_published_defaults() -> None:
    number = load("2029").number
    kept = 1 - number("mccalip.cell-degradation_fraction_per_y")
    years = int(number("mccalip.horizon_y"))

    mean_kept = sum(kept**year for year in range(years)) / years
    needed_w = number("mccalip.target_w") / (mean_kept * number("mccalip.sun_fraction"))
    satellites_count = math.ceil(needed_w / number("mccalip.satellite_w"))

    assert needed_w == pytest.approx(1.072719937669474e9, rel=1e-12)
    assert satellites_count == number("mccalip.output.orbital-satellites_count")
