"""What the published cost model takes: its inputs by their published names, and where they stand.

The model is Andrew McCalip's "Economics of Orbital vs Terrestrial Data Centers"
(andrewmccalip/thoughts @ e59571e, static/js/math.js). Units are those it publishes: percent, GW,
kW, millions of dollars, degrees Celsius.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec
from msgspec import field

from twin.errors import BadInput
from twin.suggest import nearest

Number = Callable[[str], float]
"""From the name of an assumption to its value."""

HORIZON_MAX_Y = 1_000_000
KELVIN_AT_0_C = 273.15


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Every number a person may change; the first 27 are sliders, the others preferences."""

    horizon_y: float = field(name="years")
    target_gw: float = field(name="targetGW")
    pv_absorptivity_fraction: float = field(name="solarAbsorptivity")
    pv_emissivity_fraction: float = field(name="emissivityPV")
    radiator_emissivity_fraction: float = field(name="emissivityRad")
    pv_efficiency_fraction: float = field(name="pvEfficiency")
    beta_deg: float = field(name="betaAngle")
    altitude_km: float = field(name="orbitalAltitudeKm")
    die_max_c: float = field(name="maxDieTempC")
    temperature_drop_k: float = field(name="tempDropC")
    launch_usd_per_kg: float = field(name="launchCostPerKg")
    hardware_usd_per_w: float = field(name="satelliteCostPerW")
    specific_w_per_kg: float = field(name="specificPowerWPerKg")
    satellite_kw: float = field(name="satellitePowerKW")
    sun_fraction: float = field(name="sunFraction")
    cell_degradation_percent_per_y: float = field(name="cellDegradation")
    gpu_failure_percent_per_y: float = field(name="gpuFailureRate")
    nre_musd: float = field(name="nreCost")
    turbine_usd_per_kw: float = field(name="gasTurbineCapexPerKW")
    electrical_usd_per_w: float = field(name="electricalCostPerW")
    mechanical_usd_per_w: float = field(name="mechanicalCostPerW")
    civil_usd_per_w: float = field(name="civilCostPerW")
    fit_out_usd_per_w: float = field(name="networkCostPerW")
    pue_ratio: float = field(name="pue")
    gas_usd_per_mmbtu: float = field(name="gasPricePerMMBtu")
    heat_rate_btu_per_kwh: float = field(name="heatRateBtuKwh")
    capacity_fraction: float = field(name="capacityFactor")
    year_h: float = field(name="HOURS_PER_YEAR")
    reference_satellite_kw: float = field(name="STARLINK_POWER_KW")
    reference_satellite_m2: float = field(name="STARLINK_ARRAY_M2")
    starship_kg: float = field(name="STARSHIP_PAYLOAD_KG")
    starship_oxygen_gal: float = field(name="STARSHIP_LOX_GAL_PER_LAUNCH")
    starship_methane_gal: float = field(name="STARSHIP_METHANE_GAL_PER_LAUNCH")
    turbine_unit_mw: float = field(name="GE_7HA_POWER_MW")
    gas_btu_per_cf: float = field(name="BTU_PER_CF")
    operations_fraction_per_y: float = field(name="ORBITAL_OPS_FRAC")
    solar_constant_w_per_m2: float = field(name="SOLAR_IRRADIANCE_W_M2")
    earth_infrared_w_per_m2: float = field(name="EARTH_IR_FLUX_W_M2")
    albedo_fraction: float = field(name="EARTH_ALBEDO_FACTOR")
    space_k: float = field(name="T_SPACE_K")
    earth_radius_km: float = field(name="EARTH_RADIUS_KM")


_UNUSED = frozenset(
    (
        *("TARGET_POWER_MW", "STARLINK_MASS_KG", "NGCC_ACRES", "NGCC_HEAT_RATE_BTU_KWH"),
        *("CF_PER_BCF", "NATGAS_OVERHEAD_FRAC", "NATGAS_MAINTENANCE_FRAC", "NATGAS_COMMS_FRAC"),
    )
)
"""Constants that the model publishes and computes nothing a person could change with."""

FIELDS: Mapping[str, str] = {
    entry.encode_name: entry.name for entry in msgspec.structs.fields(Inputs)
}
"""From the published name of an input to the name it has here."""

# Where the assumption is called otherwise or registered in another unit: its name and the factor.
_REGISTERED: Mapping[str, tuple[str, float]] = {
    "target_gw": ("target_w", 1e-9),
    "pv_absorptivity_fraction": ("pv-absorptivity_fraction", 1.0),
    "pv_emissivity_fraction": ("pv-emissivity_fraction", 1.0),
    "radiator_emissivity_fraction": ("radiator-emissivity_fraction", 1.0),
    "pv_efficiency_fraction": ("pv-efficiency_fraction", 1.0),
    "temperature_drop_k": ("temperature-drop_k", 1.0),
    "satellite_kw": ("satellite_w", 1e-3),
    "cell_degradation_percent_per_y": ("cell-degradation_fraction_per_y", 100.0),
    "gpu_failure_percent_per_y": ("gpu-failure_fraction_per_y", 100.0),
    "nre_musd": ("nre_usd", 1e-6),
    "fit_out_usd_per_w": ("fit-out_usd_per_w", 1.0),
    "heat_rate_btu_per_kwh": ("heat-rate_btu_per_kwh", 1.0),
    "reference_satellite_kw": ("reference-satellite_w", 1e-3),
    "reference_satellite_m2": ("reference-satellite_m2", 1.0),
    "starship_oxygen_gal": ("starship-oxygen_gal", 1.0),
    "starship_methane_gal": ("starship-methane_gal", 1.0),
    "turbine_unit_mw": ("turbine-unit_w", 1e-6),
    "gas_btu_per_cf": ("gas-heat_btu_per_cf", 1.0),
    "solar_constant_w_per_m2": ("solar-constant_w_per_m2", 1.0),
    "earth_infrared_w_per_m2": ("earth-infrared_w_per_m2", 1.0),
    "earth_radius_km": ("earth-radius_km", 1.0),
}


def published_inputs(number: Number) -> Inputs:
    """The model's own defaults, from the assumptions named ``mccalip.…``."""
    return Inputs(**{name: _registered(name, number) for name in FIELDS.values()})


def _registered(name: str, number: Number) -> float:
    if name == "die_max_c":
        return number("mccalip.die-max_k") - KELVIN_AT_0_C
    stem, factor = _REGISTERED.get(name, (name, 1.0))
    return number(f"mccalip.{stem}") * factor


def changed(inputs: Inputs, changes: Mapping[str, float]) -> Inputs:
    """The inputs with some replaced, by published name; ``BadInput`` names what is wrong."""
    values: dict[str, float] = {}
    for name, value in changes.items():
        if name in _UNUSED:
            raise BadInput(
                f"{name}={value:g}", expected="an input that the model computes with", field=name
            )
        if name not in FIELDS:
            raise BadInput(f"unknown input {name!r}", expected=_nearest(name), field=name)
        if not math.isfinite(value):
            raise BadInput(f"{name}={value}", expected="a finite number", field=name)
        if name == "years" and value > HORIZON_MAX_Y:
            raise BadInput(f"{name}={value:g}", expected=f"{HORIZON_MAX_Y} at most", field=name)
        values[FIELDS[name]] = float(value)
    return msgspec.structs.replace(inputs, **values)


def _nearest(name: str) -> str:
    """Inputs that have the given word in them come first, whatever their capitals."""
    alike = [known for known in FIELDS if name and name.lower() in known.lower()]
    return nearest(name, alike or FIELDS)
