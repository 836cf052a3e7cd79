"""What the other studies print comes out of their own formulas."""

from __future__ import annotations

import math

import pytest

from twin.baseline.book import read_assumptions
from twin.business import studies

BOOK = read_assumptions()
SUNCATCHER_TOLERANCE = 0.015
SATELLITES = ("v2-mini", "v1", "oneweb", "iridium-next")


def number(name: str) -> float:
    return float(BOOK[name].value)


@pytest.mark.parametrize("price", [3600, 200])
@pytest.mark.parametrize("satellite", SATELLITES)
def test_the_price_of_launched_power_is_suncatcher_s(satellite: str, price: int) -> None:
    stem = f"suncatcher.{satellite}"

    told = studies.launched_power_usd_per_kw_y(
        mass_kg=number(f"{stem}.mass_kg"),
        power_w=number(f"{stem}.power_w"),
        life_y=number(f"{stem}.life_y"),
        launch_usd_per_kg=price,
    )

    printed = number(f"{stem}.at-{price}_usd_per_kw_y")
    assert told == pytest.approx(printed, rel=SUNCATCHER_TOLERANCE)


@pytest.mark.parametrize("end", ["min", "max"])
def test_power_on_the_ground_costs_what_suncatcher_says(end: str) -> None:
    told = studies.ground_power_usd_per_kw_y(
        number(f"suncatcher.electricity-{end}_usd_per_kwh"), number(f"suncatcher.pue-{end}_ratio")
    )

    # Printed with one or two digits.
    assert told == pytest.approx(number(f"suncatcher.terrestrial-{end}_usd_per_kw_y"), rel=0.025)


def test_the_array_of_a_starlink_gives_28_kw() -> None:
    told_w = studies.array_w(105, cell_fraction=0.22, fill_fraction=0.90, solar_w_per_m2=1361)

    assert told_w == pytest.approx(28_000, rel=SUNCATCHER_TOLERANCE)


def learned_usd_per_kg(launched_kg: float) -> float:
    return studies.learned_usd_per_kg(launched_kg, **learning())


def learning() -> dict[str, float]:
    return {
        "start_kg": number("suncatcher.learning-start_kg"),
        "start_usd_per_kg": number("suncatcher.learning-start_usd_per_kg"),
        "learning_fraction": number("suncatcher.learning_fraction"),
    }


def test_launch_falls_to_200_dollars_once_370_000_tons_have_flown() -> None:
    assert learned_usd_per_kg(370_400_000) == pytest.approx(200, rel=0.005)
    assert learned_usd_per_kg(number("suncatcher.midway-mass_kg")) == pytest.approx(300, rel=0.02)
    assert learned_usd_per_kg(800_000) == pytest.approx(1_800 * 0.8)


def test_the_learning_curve_reads_backwards() -> None:
    for price in (1_000.0, 200.0, 30.0):
        mass_kg = studies.launched_kg_for(price, **learning())

        assert learned_usd_per_kg(mass_kg) == pytest.approx(price)
    assert studies.launched_kg_for(0.0, **learning()) == math.inf
    assert studies.launched_kg_for(1e-300, **learning()) == math.inf


def test_failures_that_nobody_repairs_cost_what_turyshev_says() -> None:
    assert studies.life_penalty_ratio(0.10, 5) == pytest.approx(1.27, abs=0.005)
    assert studies.life_penalty_ratio(0.20, 5) == pytest.approx(1.58, abs=0.005)
    assert studies.life_penalty_ratio(0.0, 5) == 1.0
    assert studies.life_penalty_ratio(1e-12, 5) == pytest.approx(1.0)
    assert math.isnan(studies.life_penalty_ratio(-0.1, 5))


@pytest.mark.parametrize("end", ["min", "max"])
def test_turyshev_s_bound_on_the_launch_price_follows_from_his_mass(end: str) -> None:
    told = studies.launch_bound_usd_per_kg(number(f"turyshev.bound-{end}_usd_per_kw"), 40.0)

    assert told == number(f"turyshev.breakeven-{end}_usd_per_kg")


def test_starcloud_s_sums_add_up_and_its_array_does_not() -> None:
    power_w, horizon_y = number("starcloud.power_w"), number("starcloud.horizon_y")

    energy_usd = studies.electricity_usd(power_w, horizon_y, 0.04)
    plant_w = studies.array_w(
        number("starcloud.plant_km2") * 1e6,
        cell_fraction=number("starcloud.cell_fraction"),
        fill_fraction=number("starcloud.fill_fraction"),
        solar_w_per_m2=number("mccalip.solar-constant_w_per_m2"),
    )

    assert energy_usd == pytest.approx(number("starcloud.terrestrial-energy_usd"), rel=0.002)
    assert sum(
        number(f"starcloud.terrestrial-{part}_usd") for part in ("energy", "cooling", "backup")
    ) == number("starcloud.terrestrial-total_usd")
    assert sum(
        number(f"starcloud.{part}_usd") for part in ("array", "launch", "shielding")
    ) == number("starcloud.space-total_usd")
    assert plant_w == pytest.approx(4.31e9, rel=0.001)
    assert plant_w < number("starcloud.plant_w")


def test_starcloud_s_radiator_gives_off_838_watts_a_square_metre() -> None:
    told = studies.radiated_w_per_m2(293.15, faces_count=2, emissivity_fraction=1.0)

    assert told == pytest.approx(number("starcloud.radiator_w_per_m2"), rel=0.001)
