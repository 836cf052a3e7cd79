"""What a cost comes to on the way: every number between the assumptions and the figure.

A step has the value that the calculation went through, and says by which formula: in the terms of
earlier steps, of inputs of the published model, and of what is built. What stands for the plant
that a set compares with on the ground begins with ``reference_``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from twin.business.assumption_sets import Assumed
from twin.business.cost_inputs import FIELDS, Inputs
from twin.business.cost_model import Orbital, Terrestrial

REFERENCE: Final = "reference_"
_WORD: Final = re.compile(r"\b[a-z_][a-z0-9_]*")


class Step(msgspec.Struct, frozen=True):
    """A number on the way to a cost: its formula, and what goes into it by name."""

    name: str
    formula: str
    terms: Mapping[str, float]
    value: float


class Working:
    """Steps one after the other, from what a set assumes and what is ``built``."""

    def __init__(self, assumed: Assumed, inputs: Inputs, built: Mapping[str, float]) -> None:
        reference = msgspec.structs.asdict(assumed.inputs)
        own = {k: v for k, v in msgspec.structs.asdict(assumed).items() if isinstance(v, float)}
        self.assumed, self.inputs = assumed, inputs
        self.known: dict[str, float] = {
            **{f"{REFERENCE}{name}": value for name, value in reference.items()},
            **msgspec.structs.asdict(inputs),
            **own,
            **built,
        }
        self._steps: list[Step] = []

    def add(self, name: str, formula: str, value: float) -> float:
        """The value, noted as a step that follows from what is known before it."""
        words = dict.fromkeys(_WORD.findall(formula))
        terms = {word: self.known[word] for word in words if word in self.known}
        self._steps.append(Step(name, formula, terms, value))
        self.known[name] = value
        return value

    def derive(self, name: str, formula: str) -> None:
        """An input that follows from what is built, unless it was changed."""
        if all(FIELDS[changed] != name for changed, _ in self.assumed.changes):
            self.add(name, formula, getattr(self.inputs, name))

    def steps(self) -> tuple[Step, ...]:
        """All so far, in order."""
        return tuple(self._steps)


def add_satellite(working: Working, *, rocket: str, is_dawn_dusk: bool) -> None:
    """The satellite in the terms of the published model, and the price of its launch."""
    for name, launch_usd, load_kg in working.assumed.quotients:
        if name == rocket:
            stem = name.split("_")[0]
            told = {f"{stem}_launch_usd": launch_usd, f"{stem}_load_kg": load_kg}
            working.known |= told
            working.add(name, " / ".join(told), getattr(working.assumed, name))
    if any(FIELDS[changed] == "launch_usd_per_kg" for changed, _ in working.assumed.changes):
        working.known["changed_usd_per_kg"] = working.inputs.launch_usd_per_kg
        rocket = "changed_usd_per_kg"
    working.add("launch_usd_per_kg", rocket, working.inputs.launch_usd_per_kg)
    working.derive("horizon_y", "life_s / 31557600")
    working.derive("satellite_kw", "array_w / 1000")
    working.derive("specific_w_per_kg", "array_w / mass_kg")
    if not is_dawn_dusk:
        working.derive("sun_fraction", "leo_sun_fraction")


def add_orbital(working: Working, plant: Orbital) -> None:
    """The plant in orbit, from the satellites it takes to all it costs."""
    x = working.inputs
    years_count = max(0, math.ceil(x.horizon_y))
    kept = "(1 - cell_degradation_percent_per_y / 100) ** year for year in range(years_count)"
    target = "target_gw × 1e9 / (mean_capacity_fraction × sun_fraction)"
    operations = "hardware_usd × operations_fraction_per_y × horizon_y"
    replacement = "hardware_usd × gpu_failure_percent_per_y / 100 × horizon_y"
    total = "hardware_usd + launch_usd + operations_usd + replacement_usd + nre_usd"
    for name, formula, value in (
        ("years_count", "ceil(horizon_y)", years_count),
        ("mean_capacity_fraction", f"sum({kept}) / horizon_y", plant.mean_capacity_fraction),
        ("required_w", target, plant.required_initial_w),
        ("satellites_count", "ceil(required_w / (satellite_kw × 1000))", plant.satellites_count),
        ("initial_w", "satellites_count × satellite_kw × 1000", plant.initial_w),
        ("launched_kg", "initial_w / specific_w_per_kg", plant.mass_kg),
        ("hardware_usd", "hardware_usd_per_w × initial_w", plant.hardware_usd),
        ("launch_usd", "launch_usd_per_kg × launched_kg", plant.launch_usd),
        ("operations_usd", operations, plant.operations_usd),
        ("replacement_usd", replacement, plant.replacement_usd),
        ("nre_usd", "nre_musd × 1e6", plant.nre_usd),
        ("total_usd", total, plant.total_usd),
        ("energy_mwh", "target_gw × 1000 × horizon_y × year_h", plant.energy_mwh),
    ):
        working.add(name, formula, value)


def add_terrestrial(working: Working, plant: Terrestrial, *, prefix: str = "") -> None:
    """A plant on the ground, from what it is built of to what a megawatt-hour costs."""
    capital = "power_usd_per_w + electrical_usd_per_w + mechanical_usd_per_w + civil_usd_per_w"
    energy = "target_gw × 1000 × horizon_y × year_h × capacity_fraction"
    fuel = "heat_rate_btu_per_kwh × gas_usd_per_mmbtu / 1000"
    for name, formula, value in (
        ("power_usd_per_w", "turbine_usd_per_kw × pue_ratio / 1000", plant.power_usd_per_w),
        ("capex_usd_per_w", f"{capital} + fit_out_usd_per_w", plant.capital_usd_per_w),
        ("capital_usd", "capex_usd_per_w × target_gw × 1e9", plant.capital_usd),
        ("energy_mwh", energy, plant.energy_mwh),
        ("generated_mwh", "energy_mwh × pue_ratio", plant.generated_mwh),
        ("fuel_usd_per_mwh", fuel, plant.fuel_usd_per_mwh),
        ("fuel_usd", "fuel_usd_per_mwh × generated_mwh", plant.fuel_usd),
        ("total_usd", "capital_usd + fuel_usd", plant.total_usd),
        ("energy_usd_per_mwh", "total_usd / energy_mwh", plant.energy_usd_per_mwh),
    ):
        working.add(prefix + name, _WORD.sub(lambda word: prefix + word[0], formula), value)
