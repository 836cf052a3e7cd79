"""One satellite's temperature as a single lump that absorbs heat and radiates it.

Source: the lumped-capacity balance C dT/dt = Q - A e sigma T^4 of any spacecraft thermal text; the
3 K of the sky is left out (it changes nothing at the precision of a float).
"""

from __future__ import annotations

import math

from twin.physics.constants import STEFAN_BOLTZMANN_W_PER_M2_K4
from twin.physics.kernel import kernel


@kernel
def absorbed_heat_w(
    load_w: float, solar_w: float, illumination_fraction: float, infrared_w: float
) -> float:
    """Heat to be got rid of: the load, all of which becomes heat, sunlight, the Earth's glow.

    ``solar_w`` is what the body absorbs in full sun, ``infrared_w`` what it absorbs of the Earth.
    """
    return load_w + solar_w * illumination_fraction + infrared_w


@kernel
def emitting_area_m2(radiator_m2: float, emissivity_fraction: float, faces_count: float) -> float:
    """Area of a black surface that would radiate as much as the radiator does."""
    return radiator_m2 * emissivity_fraction * faces_count


@kernel
def equilibrium_temperature_k(heat_w: float, emitting_m2: float) -> float:
    """Temperature at which all the heat is radiated; zero where there is none to radiate."""
    return math.sqrt(math.sqrt(max(heat_w, 0.0) / (emitting_m2 * STEFAN_BOLTZMANN_W_PER_M2_K4)))


@kernel
def thermal_step(
    temperature_k: float,
    heat_w: float,
    heat_capacity_j_per_k: float,
    emitting_m2: float,
    dt_s: float,
) -> float:
    """Temperature after one step of constant heat.

    With E the equilibrium, E^4 - T^4 = (E - T)(E + T)(E^2 + T^2): the first factor is taken at the
    end of the step, the others at its start. The result lies between T and E for a step of any
    length, so it is stable and never overshoots, as a Newton step from a cold start would.
    """
    target_k = equilibrium_temperature_k(heat_w, emitting_m2)
    conductance_w_per_k = (
        (emitting_m2 * STEFAN_BOLTZMANN_W_PER_M2_K4)
        * (target_k + temperature_k)
        * (target_k * target_k + temperature_k * temperature_k)
    )
    pull = conductance_w_per_k * dt_s / heat_capacity_j_per_k
    return temperature_k + (target_k - temperature_k) * (pull / (1.0 + pull))
