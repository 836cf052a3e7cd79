"""Costs of satellites and sites under each assumption set, and the view made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from infra.costs.today import answer_today
from twin.baseline import load
from twin.baseline.book import read_assumptions
from twin.business.assumption_sets import (
    LIVE,
    OPTIMISTIC,
    PESSIMISTIC,
    PUBLISHED,
    TERMS,
    Assumed,
    assumption_sets,
)
from twin.business.cost_inputs import FIELDS
from twin.business.cost_model import Inputs, orbital, terrestrial
from twin.business.costs import Costs, Tariff, ground_costs, orbit_costs
from twin.business.studies import life_penalty_ratio
from twin.events import AssumptionSet, SegmentRegistered, SiteEnergised
from twin.records import Content, Record
from twin.simulate.builds import segment_registered, site_energised
from twin.state import Fleet, Registry, Segment, Twin
from twin.views.costs import COSTS
from twin.views.view import Moment, Value

BOOK = read_assumptions()
BASELINE = load("2029")


def number(name: str) -> float:
    return float(BOOK[name].value)


def sets(**changes: float) -> Mapping[str, Assumed]:
    return {assumed.name: assumed for assumed in assumption_sets(number, changes)}


def orbiter(
    class_name: str = "v2-mini", *, mass_kg: float = 740.0, array_w: float = 27_000.0
) -> SegmentRegistered:
    """By default the published model's own satellite, with four accelerators of 2 kW."""
    return SegmentRegistered(
        segment="sat",
        class_name=class_name,
        basis="assumed",
        mass_kg=mass_kg,
        array_m2=116.0,
        array_w=array_w,
        battery_wh=1.0,
        radiator_m2=1.0,
        downlink_bps=0.0,
        life_s=5 * 31_557_600.0,
        accelerators_count=4,
        tok_per_s=4 * 2_500.0,
    )


def site(supply: str = "gas", *, pue_ratio: float = 1.2) -> SiteEnergised:
    return SiteEnergised(
        site="c2",
        segment="c2",
        region="north-america",
        model="GB300",
        basis="assumed",
        pools_count=1,
        accelerators_count=1_000,
        nameplate_w=3e6,
        accelerator_w=2_000.0,
        pue_ratio=pue_ratio,
        supply="grid" if supply == "grid" else "gas",
        tok_per_s=2.5e6,
        flop_per_s=1e18,
    )


def test_the_published_satellite_under_the_published_set_costs_what_is_published() -> None:
    assumed = sets()[PUBLISHED]
    # 27 kW from 36.5 W/kg: the model's own mass, which is not quite 740 kg.
    built = orbiter(mass_kg=27_000 / 36.5)

    costs = orbit_costs(assumed, built)

    plant = orbital(assumed.inputs)
    assert costs.energy_usd_per_mwh == pytest.approx(plant.energy_usd_per_mwh, rel=1e-12)
    assert costs.launch_usd_per_kg == 500.0
    assert costs.ground_ratio == pytest.approx(1_166.5604656908738 / 425.76046629062586)


def test_the_optimistic_set_is_the_favourable_case_of_the_published_model() -> None:
    built = orbiter(mass_kg=360.0)

    costs = orbit_costs(sets()[OPTIMISTIC], built)

    assert costs.energy_usd_per_mwh == pytest.approx(193.3, abs=0.05)
    assert costs.ground_ratio < 1.0


def test_a_site_under_the_published_set_costs_what_the_published_plant_does() -> None:
    costs = ground_costs(sets()[PUBLISHED], site())

    assert costs.capex_usd_per_w == pytest.approx(14.66)
    assert costs.energy_usd_per_mwh == pytest.approx(425.76046629062586)
    assert costs.ground_ratio == 1.0
    assert math.isnan(costs.launch_usd_per_kg)


@pytest.mark.parametrize("name", list(TERMS))
def test_at_its_break_even_launch_price_orbit_costs_what_the_ground_does(name: str) -> None:
    price = orbit_costs(sets()[name], orbiter()).breakeven_launch_usd_per_kg

    at_price = orbit_costs(sets(launchCostPerKg=price)[name], orbiter())

    assert at_price.ground_ratio == pytest.approx(1.0)
    assert at_price.breakeven_launch_usd_per_kg == pytest.approx(price)


@pytest.mark.parametrize("name", list(TERMS))
def test_at_its_break_even_hardware_price_orbit_costs_what_the_ground_does(name: str) -> None:
    price = orbit_costs(sets()[name], orbiter()).breakeven_hardware_usd_per_w

    at_price = orbit_costs(sets(satelliteCostPerW=price)[name], orbiter())

    assert at_price.ground_ratio == pytest.approx(1.0)


def test_a_used_accelerator_hour_in_orbit_is_power_and_a_purchase_nobody_repairs() -> None:
    assumed = sets()[PUBLISHED]
    plant = orbital(replace(assumed.inputs, specific_w_per_kg=27_000 / 740))

    costs = orbit_costs(assumed, orbiter(), 2_000.0)

    share_w = 27_000 * plant.mean_capacity_fraction * 0.98 / 4
    bought_usd = 28.37 * 2_000 * life_penalty_ratio(0.09, 5)
    expected = share_w * plant.energy_usd_per_mwh / 1e6 + bought_usd / (5 * 8_760)
    assert costs.accelerator_hour_usd == pytest.approx(expected)
    assert costs.million_tok_usd == pytest.approx(expected / (2_500 * 3_600 / 1e6))


def test_live_costs_are_of_the_hours_used() -> None:
    idle_half = replace(sets()[LIVE], orbit_used_fraction=0.4)

    half, whole = orbit_costs(idle_half, orbiter()), orbit_costs(sets()[LIVE], orbiter())

    assert half.accelerator_hour_usd == pytest.approx(2 * whole.accelerator_hour_usd)


def test_a_satellite_without_accelerators_sees_less_sun_and_sells_no_hours() -> None:
    assumed = sets()[PUBLISHED]
    broadband = replace(orbiter(), accelerators_count=0, tok_per_s=0.0)

    costs = orbit_costs(assumed, broadband)

    sun = orbit_costs(replace(assumed, leo_sun_fraction=0.98), broadband)
    assert math.isnan(costs.accelerator_hour_usd)
    assert math.isnan(costs.million_tok_usd)
    assert costs.energy_usd_per_mwh > 1.5 * sun.energy_usd_per_mwh


def test_large_satellites_fly_at_the_live_price_of_starship_and_small_ones_of_falcon() -> None:
    assumed = sets()[LIVE]

    prices = [orbit_costs(assumed, orbiter(name)).launch_usd_per_kg for name in ("ai1", "v2-mini")]

    assert prices == pytest.approx([1e8 / 1e5, 15e6 / 17_500])


def test_the_live_set_knows_the_tariff_of_a_site_on_the_grid() -> None:
    costs = ground_costs(sets()[LIVE], site("grid"), Tariff(electricity_usd_per_mwh=60.0))

    hours = 5 * 8_760 * 0.8
    assert costs.capex_usd_per_w == pytest.approx(3.7)
    assert costs.energy_usd_per_mwh == pytest.approx(60 * 1.2 + 3.7e6 / hours)


def test_the_live_set_burns_a_site_s_own_gas_and_the_others_the_published() -> None:
    tariff = Tariff(gas_usd_per_mmbtu=2.0, heat_rate_btu_per_kwh=10_000.0)

    fuel = {
        name: ground_costs(assumed, site(), tariff).energy_usd_per_mwh
        - ground_costs(assumed, site(), Tariff(gas_usd_per_mmbtu=0.0)).energy_usd_per_mwh
        for name, assumed in sets().items()
    }

    assert fuel[LIVE] == pytest.approx(2.0 * 10 * 1.2)
    assert {fuel[PUBLISHED], fuel[OPTIMISTIC], fuel[PESSIMISTIC]} == {0.0}


def test_the_sets_stand_in_the_order_of_their_names() -> None:
    built, told = orbiter("ai1", mass_kg=2_140.0, array_w=150_000.0), sets()

    ratios = [
        orbit_costs(told[name], built).ground_ratio
        for name in (OPTIMISTIC, PUBLISHED, LIVE, PESSIMISTIC)
    ]

    assert ratios == sorted(ratios)


def test_every_number_of_every_set_is_registered_and_is_an_input() -> None:
    fields = {*Inputs.__struct_fields__, *Assumed.__struct_fields__}

    for terms in TERMS.values():
        for term in terms:
            assert term.field in fields
            assert {term.name, term.per or term.name} <= BOOK.keys()
    assert set(FIELDS.values()) == set(Inputs.__struct_fields__)


def test_nothing_told_is_nothing_known_and_raises_nowhere() -> None:
    (published, *_) = assumption_sets(lambda _: 0.0)
    void = replace(orbiter(mass_kg=0.0, array_w=0.0), life_s=0.0)

    told: list[Costs] = [orbit_costs(published, void), ground_costs(published, site())]

    assert not any(math.isfinite(costs.energy_usd_per_mwh) for costs in told)


def registry() -> Registry:
    return Registry(
        assumptions={
            entry.name: AssumptionSet(
                name=entry.name,
                value=entry.value,
                unit=entry.unit,
                as_of=entry.as_of,
                source=entry.source,
                confidence=entry.confidence,
            )
            for entry in BOOK.values()
        }
    )


def fleet() -> Fleet:
    satellites = [
        Segment(
            name=plan.segment,
            as_built=segment_registered(BASELINE, plan, BASELINE.satellite_class(plan.class_name)),
        )
        for plan in BASELINE.satellite_segments
    ]
    sites = [Segment(name=p.segment, site=site_energised(p)) for p in BASELINE.sites]
    return Fleet(segments=tuple(sorted([*satellites, *sites], key=lambda s: s.name)))


def rows(twin: Twin) -> list[tuple[Value, ...]]:
    return list(COSTS.rows(Moment(twin=twin, record=Record(1, 0, 1, b"", Content()))))


def test_every_segment_has_a_row_of_each_set_and_all_of_it_is_assumed() -> None:
    twin = Twin(registry=registry(), fleets={"public": fleet()})

    found = rows(twin)

    assert len(found) == len(fleet().segments) * len(TERMS)
    assert {row[:2] for row in found} == {("public", "assumed")}
    assert {len(row) for row in found} == {4 + len(COSTS.columns)}
    assert {row[2:4] for row in found} == {
        (s.name, name) for s in fleet().segments for name in TERMS
    }


def test_money_is_whole_micro_dollars_and_what_there_is_not_is_null() -> None:
    names = [column.name for column in COSTS.columns]
    twin = Twin(registry=registry(), fleets={"public": fleet()})

    by_key = {row[2:4]: dict(zip(names, row[4:], strict=True)) for row in rows(twin)}

    orbit, ground = by_key["ai1-sso", LIVE], by_key["c2-gb300", LIVE]
    assert isinstance(orbit["accelerator_hour_usd"], int)
    assert isinstance(ground["million_tok_usd"], int)
    assert by_key["sl-53", LIVE]["million_tok_usd"] is None
    assert (ground["launch_usd_per_kg"], ground["breakeven_launch_usd_per_kg"]) == (None, None)
    assert all(value is not None for value in orbit.values())


@pytest.mark.parametrize("name", list(TERMS))
def test_the_view_says_what_the_command_says(name: str) -> None:
    names = [column.name for column in COSTS.columns]
    twin = Twin(registry=registry(), fleets={"public": fleet()})
    by_key = {row[2:4]: dict(zip(names, row[4:], strict=True)) for row in rows(twin)}

    (side,) = (each for each in answer_today({}).sides if each.assumed.name == name)

    for segment, told in (("ai1-sso", side.orbit), ("c2-gb300", side.ground)):
        for column in ("capex_usd_per_w", "energy_usd_per_mwh", "ground_ratio"):
            assert by_key[segment, name][column] == pytest.approx(getattr(told, column), rel=1e-12)


def test_a_twin_that_was_told_no_prices_has_no_costs() -> None:
    assert rows(Twin(fleets={"public": fleet()})) == []


def test_an_assumption_set_anew_changes_what_is_told_and_nothing_else_is_computed_again() -> None:
    before, flying = registry(), fleet()
    cheaper = before.assumptions["launch.starship.internal-cost_usd"]
    after = replace(
        before, assumptions={**before.assumptions, cheaper.name: replace(cheaper, value=1e7)}
    )
    first = rows(Twin(registry=before, fleets={"public": flying}))
    misses = orbit_costs.cache_info().misses

    again = rows(Twin(registry=before, fleets={"public": flying}))
    unmoved = orbit_costs.cache_info().misses
    changed = rows(Twin(registry=after, fleets={"public": flying}))

    assert again == first
    assert unmoved == misses
    assert {row[3] for row, old in zip(changed, first, strict=True) if row != old} == {LIVE}


def test_ground_and_orbit_compare_with_the_same_plant() -> None:
    assumed = sets()[LIVE]
    reference = terrestrial(assumed.inputs).energy_usd_per_mwh

    orbit, ground = orbit_costs(assumed, orbiter()), ground_costs(assumed, site())

    assert orbit.energy_usd_per_mwh / orbit.ground_ratio == pytest.approx(reference)
    assert ground.energy_usd_per_mwh / ground.ground_ratio == pytest.approx(reference)
