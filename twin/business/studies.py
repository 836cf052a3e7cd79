"""What other studies of orbital data centres compute, each with its source; all of it arithmetic.

Google: Suncatcher, arXiv:2511.19468. JPL: Turyshev, arXiv:2604.27197. Starcloud: white paper v1.03.
"""

from __future__ import annotations

import math

YEAR_H = 8_760.0
STEFAN_BOLTZMANN_W_PER_M2_K4 = 5.670374419e-8
W_PER_KW = 1_000.0


def launched_power_usd_per_kw_y(
    *, mass_kg: float, power_w: float, life_y: float, launch_usd_per_kg: float
) -> float:
    """What a kilowatt in orbit costs a year for its launch alone (Suncatcher, Table 1)."""
    return mass_kg * launch_usd_per_kg / (power_w / W_PER_KW * life_y)


def ground_power_usd_per_kw_y(electricity_usd_per_kwh: float, pue_ratio: float) -> float:
    """What a kilowatt at the accelerators costs a year on the ground (Suncatcher)."""
    return electricity_usd_per_kwh * pue_ratio * YEAR_H


def learned_usd_per_kg(
    launched_kg: float, *, start_kg: float, start_usd_per_kg: float, learning_fraction: float
) -> float:
    """The launch price once so much has been launched: Wright's law (Suncatcher).

    Each doubling of ``launched_kg`` beyond ``start_kg`` takes ``learning_fraction`` off the price.
    """
    doublings = math.log2(launched_kg / start_kg)
    return float(start_usd_per_kg * (1.0 - learning_fraction) ** doublings)


def launched_kg_for(
    price_usd_per_kg: float, *, start_kg: float, start_usd_per_kg: float, learning_fraction: float
) -> float:
    """What must have been launched for that price: Wright's law read backwards; ∞ for none."""
    if price_usd_per_kg <= 0.0:
        return math.inf
    cuts = math.log(price_usd_per_kg / start_usd_per_kg) / math.log(1.0 - learning_fraction)
    return float(start_kg * 2.0**cuts) if cuts < 1_000.0 else math.inf


def life_penalty_ratio(failure_fraction_per_y: float, life_y: float) -> float:
    """By how much failures that nobody repairs raise the cost of a year of service (Turyshev).

    λT/(1 − e^−λT): one where nothing fails; NaN for a negative rate or life.
    """
    exposure = failure_fraction_per_y * life_y
    if not exposure >= 0.0:
        return math.nan
    return exposure / -math.expm1(-exposure) if exposure else 1.0


def launch_bound_usd_per_kg(bound_usd_per_kw: float, mass_kg_per_kw: float) -> float:
    """The launch price at which launch alone costs the bound (Turyshev)."""
    return bound_usd_per_kw / mass_kg_per_kw


def array_w(
    area_m2: float, *, cell_fraction: float, fill_fraction: float, solar_w_per_m2: float
) -> float:
    """What an array gives in full sun (Suncatcher and Starcloud)."""
    return area_m2 * fill_fraction * solar_w_per_m2 * cell_fraction


def radiated_w_per_m2(
    temperature_k: float, *, faces_count: int, emissivity_fraction: float
) -> float:
    """What a radiator gives off to empty space for each square metre of its plan (Starcloud)."""
    return faces_count * emissivity_fraction * STEFAN_BOLTZMANN_W_PER_M2_K4 * temperature_k**4


def electricity_usd(power_w: float, horizon_y: float, usd_per_kwh: float) -> float:
    """What steady power costs over some years (Starcloud)."""
    return power_w / W_PER_KW * YEAR_H * horizon_y * usd_per_kwh
