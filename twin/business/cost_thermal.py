"""How warm an orbital plant gets, in the published model: one plate, cells on its sunlit face.

Formulas and order of static/js/math.js in andrewmccalip/thoughts @ e59571e. All electric power
returns as heat, so it cancels; only the face towards the Sun takes reflected sunlight.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from msgspec import field

from twin.business.cost_inputs import KELVIN_AT_0_C, Inputs
from twin.business.ieee import plain, wide

# Part of the published method, not inputs; the assumptions hold the same numbers.
STEFAN_BOLTZMANN_W_PER_M2_K4 = 5.67e-8
ORBIT_POINTS_COUNT = 72
AVERTED_VIEW_FRACTION = 0.05


class Thermal(msgspec.Struct, frozen=True, kw_only=True):
    """Heat in and out of the plate in balance; several figures are published under two names."""

    beta_deg: float = field(name="betaAngle")
    altitude_km: float = field(name="altitudeKm")
    view_fraction: float = field(name="vfEarth")
    view_sunward_fraction: float = field(name="vfSideA")
    view_averted_fraction: float = field(name="vfSideB")
    view_total_fraction: float = field(name="vfTotal")
    view_nadir_fraction: float = field(name="vfNadirMax")
    earth_radius_deg: float = field(name="earthAngularRadiusDeg")
    available_m2: float = field(name="availableAreaM2")
    available_km2: float = field(name="availableAreaKm2")
    required_m2: float = field(name="areaRequiredM2")
    required_km2: float = field(name="areaRequiredKm2")
    solar_waste_w: float = field(name="qSolarW")
    earth_infrared_w: float = field(name="qEarthIRW")
    albedo_w: float = field(name="qAlbedoW")
    loop_w: float = field(name="qHeatLoopW")
    heat_in_w: float = field(name="totalHeatInW")
    generated_w: float = field(name="powerGeneratedW")
    radiated_sunward_w: float = field(name="qRadAW")
    radiated_averted_w: float = field(name="qRadBW")
    equilibrium_k: float = field(name="eqTempK")
    equilibrium_c: float = field(name="eqTempC")
    compute_c: float = field(name="computeTempC")
    radiator_c: float = field(name="radiatorTempC")
    margin_k: float = field(name="tempMarginC")
    radiative_w: float = field(name="radiativeCapacityW")
    effective_emissivity_fraction: float = field(name="effectiveEmissivity")
    total_emissivity_fraction: float = field(name="totalEmissivity")
    is_sufficient: bool = field(name="areaSufficient")
    margin_percent: float = field(name="marginPct")
    radiator_k: float = field(name="radiatorTempK")
    capacity_w: float = field(name="capacityW")
    heat_load_w: float = field(name="heatLoadW")
    incident_w: float = field(name="incidentSolarW")
    waste_heat_w: float = field(name="wasteHeatW")
    electrical_heat_w: float = field(name="electricalHeatW")
    required_k: float = field(name="requiredTempK")
    required_c: float = field(name="requiredTempC")


Part = dict[str, float]
"""Some fields of ``Thermal``; every number in it is a numpy float64."""


def thermal_of(inputs: Inputs, array_km2: float) -> Thermal:
    """The plate of that area in balance; what depends on an area it has not is NaN."""
    with np.errstate(all="ignore"):
        x = wide(inputs)
        area_m2 = np.float64(array_km2) * 1e6
        views = _views(x)
        loads = _loads(x, area_m2, views)
        balance = _balance(x, area_m2, loads["heat_in_w"])
        limit_c = x.die_max_c - x.temperature_drop_k
        limit_k = limit_c + KELVIN_AT_0_C
        emissivity = balance["total_emissivity_fraction"]
        limit_w_per_m2 = STEFAN_BOLTZMANN_W_PER_M2_K4 * emissivity * (limit_k**4 - x.space_k**4)
        required_m2 = loads["heat_in_w"] / limit_w_per_m2
        margin_k = limit_c - balance["equilibrium_c"]
        return plain(
            Thermal(
                **views,
                **loads,
                **balance,
                beta_deg=x.beta_deg,
                altitude_km=x.altitude_km,
                available_m2=area_m2,
                available_km2=area_m2 / 1e6,
                required_m2=required_m2,
                required_km2=required_m2 / 1e6,
                radiator_c=limit_c,
                radiator_k=limit_k,
                margin_k=margin_k,
                margin_percent=margin_k / limit_c * 100,
                is_sufficient=bool(balance["equilibrium_c"] <= limit_c),
            )
        )


def _views(x: Inputs) -> Part:
    """How much of the Earth each face sees, on average over the orbit; the plate tracks the Sun."""
    radius_rad = np.arcsin(x.earth_radius_km / (x.earth_radius_km + x.altitude_km))
    nadir = np.sin(radius_rad) ** 2
    place_rad = 2 * math.pi * np.arange(ORBIT_POINTS_COUNT) / ORBIT_POINTS_COUNT
    towards = np.cos(x.beta_deg * math.pi / 180) * np.cos(place_rad)
    averted = nadir * AVERTED_VIEW_FRACTION
    sunward_sum = np.sum(np.where(towards <= 0, averted, nadir * towards))
    averted_sum = np.sum(np.where(-towards <= 0, averted, nadir * -towards))
    total = (sunward_sum + averted_sum) / ORBIT_POINTS_COUNT
    return {
        "view_fraction": total,
        "view_sunward_fraction": sunward_sum / ORBIT_POINTS_COUNT,
        "view_averted_fraction": averted_sum / ORBIT_POINTS_COUNT,
        "view_total_fraction": total,
        "view_nadir_fraction": nadir,
        "earth_radius_deg": radius_rad * 180 / math.pi,
    }


def _loads(x: Inputs, area_m2: float, views: Part) -> Part:
    """What heats the plate: the Sun, the Earth's own warmth, and the sunlight it reflects."""
    generated_w = x.solar_constant_w_per_m2 * x.pv_efficiency_fraction * area_m2
    waste_w = x.solar_constant_w_per_m2 * x.pv_absorptivity_fraction * area_m2 - generated_w
    sunward, averted = views["view_sunward_fraction"], views["view_averted_fraction"]
    infrared_w = (
        x.earth_infrared_w_per_m2 * sunward * x.pv_emissivity_fraction * area_m2
        + x.earth_infrared_w_per_m2 * averted * x.radiator_emissivity_fraction * area_m2
    )
    reflected_w_per_m2 = x.solar_constant_w_per_m2 * x.albedo_fraction * sunward
    lit_fraction = np.cos(x.beta_deg * math.pi / 180)
    albedo_w = reflected_w_per_m2 * lit_fraction * x.pv_absorptivity_fraction * area_m2
    heat_in_w = waste_w + infrared_w + albedo_w + generated_w
    return {
        "incident_w": x.solar_constant_w_per_m2 * area_m2,
        "solar_waste_w": waste_w,
        "waste_heat_w": waste_w,
        "earth_infrared_w": infrared_w,
        "albedo_w": albedo_w,
        "loop_w": generated_w,
        "generated_w": generated_w,
        "electrical_heat_w": generated_w,
        "heat_in_w": heat_in_w,
        "heat_load_w": heat_in_w,
    }


def _balance(x: Inputs, area_m2: float, heat_in_w: float) -> Part:
    """The temperature at which both faces radiate what comes in."""
    emissivity = x.pv_emissivity_fraction + x.radiator_emissivity_fraction
    emitted_w_per_k4 = STEFAN_BOLTZMANN_W_PER_M2_K4 * area_m2
    balance_k = (heat_in_w / (emitted_w_per_k4 * emissivity) + x.space_k**4) ** 0.25
    net_k4 = balance_k**4 - x.space_k**4
    sunward_w = emitted_w_per_k4 * x.pv_emissivity_fraction * net_k4
    averted_w = emitted_w_per_k4 * x.radiator_emissivity_fraction * net_k4
    balance_c = balance_k - KELVIN_AT_0_C
    return {
        "total_emissivity_fraction": emissivity,
        "effective_emissivity_fraction": emissivity / 2,
        "equilibrium_k": balance_k,
        "required_k": balance_k,
        "equilibrium_c": balance_c,
        "compute_c": balance_c,
        "required_c": balance_c,
        "radiated_sunward_w": sunward_w,
        "radiated_averted_w": averted_w,
        "radiative_w": sunward_w + averted_w,
        "capacity_w": sunward_w + averted_w,
    }
