"""A plant in orbit against one on the ground, as a published model counts them.

The formulas, their order and the names they are published under are those of static/js/math.js in
andrewmccalip/thoughts @ e59571e, with what that leaves out (accelerators on both sides, a capacity
factor in orbit). Numbers beyond a float are ∞ and 0/0 is NaN, as there; nothing raises.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from msgspec import field

from twin.business.cost_inputs import Inputs, changed, published_inputs
from twin.business.cost_thermal import Thermal, thermal_of
from twin.business.ieee import plain, wide

__all__ = [
    "Answer",
    "Inputs",
    "Orbital",
    "Terrestrial",
    "Thermal",
    "answer_of",
    "breakeven_usd_per_kg",
    "changed",
    "orbital",
    "published_inputs",
    "terrestrial",
    "thermal",
]

CF_PER_BCF = 1e9


class Orbital(msgspec.Struct, frozen=True, kw_only=True):
    """A plant in orbit over the horizon; satellites and launches are whole."""

    mass_kg: float = field(name="totalMassKg")
    hardware_usd: float = field(name="hardwareCost")
    launch_usd: float = field(name="launchCost")
    operations_usd: float = field(name="opsCost")
    replacement_usd: float = field(name="gpuReplacementCost")
    nre_usd: float = field(name="nreCost")
    base_usd: float = field(name="baseCost")
    total_usd: float = field(name="totalCost")
    energy_mwh: float = field(name="energyMWh")
    total_usd_per_w: float = field(name="costPerW")
    energy_usd_per_mwh: float = field(name="lcoe")
    satellites_count: float = field(name="satelliteCount")
    array_km2: float = field(name="arrayAreaKm2")
    satellite_array_m2: float = field(name="singleSatArrayM2")
    launches_count: float = field(name="starshipLaunches")
    oxygen_gal: float = field(name="loxGallons")
    methane_gal: float = field(name="methaneGallons")
    mean_capacity_fraction: float = field(name="avgCapacityFactor")
    degradation_margin_percent: float = field(name="degradationMargin")
    solar_margin_percent: float = field(name="solarMarginPct")
    gpu_margin_percent: float = field(name="gpuMarginPct")
    initial_w: float = field(name="actualInitialPowerW")
    required_initial_w: float = field(name="requiredInitialPowerW")


class Terrestrial(msgspec.Struct, frozen=True, kw_only=True):
    """A plant with its own gas turbines over the same horizon."""

    power_usd: float = field(name="powerGenCost")
    power_usd_per_w: float = field(name="powerGenCostPerW")
    electrical_usd: float = field(name="electricalCost")
    mechanical_usd: float = field(name="mechanicalCost")
    civil_usd: float = field(name="civilCost")
    fit_out_usd: float = field(name="networkCost")
    capital_usd: float = field(name="infraCapex")
    capital_usd_per_w: float = field(name="facilityCapexPerW")
    fuel_usd_per_mwh: float = field(name="fuelCostPerMWh")
    fuel_usd: float = field(name="fuelCostTotal")
    fuel_usd_per_w_y: float = field(name="fuelCostPerWYear")
    total_usd: float = field(name="totalCost")
    energy_mwh: float = field(name="energyMWh")
    generated_mwh: float = field(name="generationMWh")
    total_usd_per_w: float = field(name="costPerW")
    energy_usd_per_mwh: float = field(name="lcoe")
    horizon_h: float = field(name="totalHours")
    gas_bcf: float = field(name="gasConsumptionBCF")
    turbines_count: float = field(name="turbineCount")
    generation_mw: float = field(name="totalGenerationMW")
    capacity_fraction: float = field(name="capacityFactor")
    pue_ratio: float = field(name="pue")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the model says of some inputs."""

    orbital: Orbital
    terrestrial: Terrestrial
    breakeven_usd_per_kg: float = field(name="breakevenLaunchCostPerKg")
    thermal: Thermal


def answer_of(inputs: Inputs) -> Answer:
    """The whole answer."""
    plant = orbital(inputs)
    return Answer(
        orbital=plant,
        terrestrial=terrestrial(inputs),
        breakeven_usd_per_kg=breakeven_usd_per_kg(inputs),
        thermal=thermal_of(inputs, plant.array_km2),
    )


def orbital(inputs: Inputs) -> Orbital:
    """Satellites for the target on average over the horizon, in sunlight and with ageing cells."""
    with np.errstate(all="ignore"):
        x = wide(inputs)
        target_w = _target_w(x)
        capacity = _mean_capacity_fraction(x)
        required_w = target_w / (capacity * x.sun_fraction)
        satellite_w = x.satellite_kw * 1000
        count = np.ceil(required_w / satellite_w)
        mass_kg = count * (satellite_w / x.specific_w_per_kg)
        initial_w = count * x.satellite_kw * 1000
        hardware_usd = x.hardware_usd_per_w * initial_w
        launch_usd = x.launch_usd_per_kg * mass_kg
        operations_usd = hardware_usd * x.operations_fraction_per_y * x.horizon_y
        replacement_usd = hardware_usd * (x.gpu_failure_percent_per_y / 100) * x.horizon_y
        nre_usd = x.nre_musd * 1e6
        base_usd = hardware_usd + launch_usd
        total_usd = base_usd + operations_usd + replacement_usd + nre_usd
        energy_mwh = x.target_gw * 1000 * (x.horizon_y * x.year_h)
        array_m2 = x.reference_satellite_m2 * (x.satellite_kw / x.reference_satellite_kw)
        launches = np.ceil(mass_kg / x.starship_kg)
        margin_percent = (initial_w / target_w - 1) * 100
        return plain(
            Orbital(
                mass_kg=mass_kg,
                hardware_usd=hardware_usd,
                launch_usd=launch_usd,
                operations_usd=operations_usd,
                replacement_usd=replacement_usd,
                nre_usd=nre_usd,
                base_usd=base_usd,
                total_usd=total_usd,
                energy_mwh=energy_mwh,
                total_usd_per_w=total_usd / target_w,
                energy_usd_per_mwh=total_usd / energy_mwh,
                satellites_count=count,
                array_km2=count * array_m2 / 1e6,
                satellite_array_m2=array_m2,
                launches_count=launches,
                oxygen_gal=launches * x.starship_oxygen_gal,
                methane_gal=launches * x.starship_methane_gal,
                mean_capacity_fraction=capacity,
                degradation_margin_percent=margin_percent,
                solar_margin_percent=margin_percent,
                gpu_margin_percent=x.gpu_failure_percent_per_y * x.horizon_y,
                initial_w=initial_w,
                required_initial_w=required_w,
            )
        )


def terrestrial(inputs: Inputs) -> Terrestrial:
    """Turbines and buildings for the target, and fuel for the share of the time it runs."""
    with np.errstate(all="ignore"):
        x = wide(inputs)
        target_w = _target_w(x)
        horizon_h = x.horizon_y * x.year_h
        power_usd_per_w = x.turbine_usd_per_kw * x.pue_ratio / 1000
        costs_usd = {
            "power_usd": power_usd_per_w * target_w,
            "electrical_usd": x.electrical_usd_per_w * target_w,
            "mechanical_usd": x.mechanical_usd_per_w * target_w,
            "civil_usd": x.civil_usd_per_w * target_w,
            "fit_out_usd": x.fit_out_usd_per_w * target_w,
        }
        capital_usd = sum(costs_usd.values())
        energy_mwh = x.target_gw * 1000 * horizon_h * x.capacity_fraction
        generated_mwh = energy_mwh * x.pue_ratio
        fuel_usd_per_mwh = x.heat_rate_btu_per_kwh * x.gas_usd_per_mmbtu / 1000
        fuel_usd = fuel_usd_per_mwh * generated_mwh
        total_usd = capital_usd + fuel_usd
        generation_mw = x.target_gw * 1000 * x.pue_ratio
        burnt_btu = generated_mwh * 1000 * x.heat_rate_btu_per_kwh
        return plain(
            Terrestrial(
                **costs_usd,
                power_usd_per_w=power_usd_per_w,
                capital_usd=capital_usd,
                capital_usd_per_w=_capital_usd_per_w(x),
                fuel_usd_per_mwh=fuel_usd_per_mwh,
                fuel_usd=fuel_usd,
                fuel_usd_per_w_y=fuel_usd_per_mwh * x.pue_ratio * 0.00876,
                total_usd=total_usd,
                energy_mwh=energy_mwh,
                generated_mwh=generated_mwh,
                total_usd_per_w=total_usd / target_w,
                energy_usd_per_mwh=total_usd / energy_mwh,
                horizon_h=horizon_h,
                gas_bcf=burnt_btu / x.gas_btu_per_cf / CF_PER_BCF,
                turbines_count=np.ceil(generation_mw / x.turbine_unit_mw),
                generation_mw=generation_mw,
                capacity_fraction=x.capacity_fraction,
                pue_ratio=x.pue_ratio,
            )
        )


def breakeven_usd_per_kg(inputs: Inputs) -> float:
    """The launch price at which hardware and launch alone cost what the ground costs in all.

    Satellites are not whole here, and operations, replacement and engineering are left out. It is
    negative where not even a free launch would do.
    """
    with np.errstate(all="ignore"):
        x = wide(inputs)
        target_w = _target_w(x)
        energy_mwh = x.target_gw * 1000 * (x.horizon_y * x.year_h) * x.capacity_fraction
        fuel_usd_per_mwh = x.heat_rate_btu_per_kwh * x.gas_usd_per_mmbtu / 1000
        ground_usd = _capital_usd_per_w(x) * target_w
        ground_usd += fuel_usd_per_mwh * (energy_mwh * x.pue_ratio)
        required_w = target_w / (_mean_capacity_fraction(x) * x.sun_fraction)
        mass_kg = required_w / x.specific_w_per_kg
        return float((ground_usd - x.hardware_usd_per_w * required_w) / mass_kg)


def thermal(inputs: Inputs) -> Thermal:
    """How warm the plate of the whole plant gets."""
    return thermal_of(inputs, orbital(inputs).array_km2)


def _target_w(x: Inputs) -> float:
    return x.target_gw * 1000 * 1e6


def _capital_usd_per_w(x: Inputs) -> float:
    return (
        x.turbine_usd_per_kw * x.pue_ratio / 1000
        + x.electrical_usd_per_w
        + x.mechanical_usd_per_w
        + x.civil_usd_per_w
        + x.fit_out_usd_per_w
    )


def _mean_capacity_fraction(x: Inputs) -> float:
    """Mean of what cells still give at the start of each year; a year begun counts whole."""
    years_count = max(0, math.ceil(x.horizon_y))
    kept = np.power(1 - x.cell_degradation_percent_per_y / 100, np.arange(years_count))
    return float(np.sum(kept)) / x.horizon_y
