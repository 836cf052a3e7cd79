"""Assumption sets: the cost model's inputs, and prices of accelerators, as one reading of them.

``published`` is the cost model's own defaults, ``live`` what the twin assumes of this group now,
``optimistic`` and ``pessimistic`` what studies say at their ends. Each set is the published one
with some numbers replaced, every one a registered assumption: a scenario that sets it changes this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from twin.business.cost_inputs import Inputs, Number, changed, published_inputs
from twin.business.ieee import over

PUBLISHED, LIVE, OPTIMISTIC, PESSIMISTIC = "published", "live", "optimistic", "pessimistic"


class Term(NamedTuple):
    """A number of a set: an assumption, by another one where ``per`` names it, times a factor."""

    field: str
    name: str
    per: str = ""
    factor: float = 1.0


COMMON: Final = (
    Term("accelerator_usd_per_w", "cost.servers_usd_per_w"),
    Term("accelerator_life_y", "cost.accelerator-life_y"),
    Term("leo_sun_fraction", "mccalip.sun-leo_fraction"),
)
"""What the published model leaves out; the same in every set."""

TERMS: Final[Mapping[str, tuple[Term, ...]]] = {
    PUBLISHED: (
        Term("falcon_usd_per_kg", "mccalip.launch_usd_per_kg"),
        Term("starship_usd_per_kg", "mccalip.launch_usd_per_kg"),
    ),
    LIVE: (
        Term(
            "falcon_usd_per_kg",
            "launch.falcon9.internal-cost_usd",
            per="launch.falcon9.starlink-stack-max_kg",
        ),
        Term(
            "starship_usd_per_kg",
            "launch.starship.internal-cost_usd",
            per="launch.starship.payload-v3_kg",
        ),
        Term("hardware_usd_per_w", "cost.satellite-hardware_usd_per_w"),
        Term("facility_usd_per_w", "cost.data-centre_usd_per_w"),
        Term("gas_usd_per_mmbtu", "compute.gas-price.12-month_usd_per_mmbtu"),
        Term("capacity_fraction", "demand.ground-compute.base_fraction"),
        Term("orbit_used_fraction", "demand.orbital-compute.base_fraction"),
    ),
    OPTIMISTIC: (
        Term("falcon_usd_per_kg", "cost.optimistic.launch_usd_per_kg"),
        Term("starship_usd_per_kg", "cost.optimistic.launch_usd_per_kg"),
        Term("hardware_usd_per_w", "cost.optimistic.hardware_usd_per_w"),
        Term(
            "gpu_failure_percent_per_y",
            "cost.optimistic.gpu-failure_fraction_per_y",
            factor=100.0,
        ),
    ),
    PESSIMISTIC: (
        Term("falcon_usd_per_kg", "launch.falcon9.list_usd_per_kg"),
        Term("starship_usd_per_kg", "launch.falcon9.list_usd_per_kg"),
        Term("hardware_usd_per_w", "mccalip.v1-hardware_usd_per_w"),
        Term(
            "cell_degradation_percent_per_y",
            "mccalip.cell-degradation-max_fraction_per_y",
            factor=100.0,
        ),
        Term("gpu_failure_percent_per_y", "turyshev.failure-max_fraction_per_y", factor=100.0),
        Term("facility_usd_per_w", "cost.data-centre_usd_per_w"),
        Term("pue_ratio", "suncatcher.pue-min_ratio"),
    ),
}
"""Every set by name, with what differs from the published model."""


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of every number that a cost depends on.

    ``facility_usd_per_w`` stands for all that is built on the ground but turbines, 0 for the
    published model's own four parts. ``changes`` replace inputs last of all, by published name.
    ``quotients`` are what a field is made of that is one number over another: its name and both.
    """

    name: str
    inputs: Inputs
    falcon_usd_per_kg: float
    starship_usd_per_kg: float
    accelerator_usd_per_w: float
    accelerator_life_y: float
    leo_sun_fraction: float
    orbit_used_fraction: float = 1.0
    facility_usd_per_w: float = 0.0
    changes: tuple[tuple[str, float], ...] = ()
    quotients: tuple[tuple[str, float, float], ...] = ()

    def changed(self, inputs: Inputs) -> Inputs:
        """Inputs of this set with its changes."""
        return changed(inputs, dict(self.changes)) if self.changes else inputs


def assumption_sets(
    number: Number, changes: Mapping[str, float] | None = None
) -> tuple[Assumed, ...]:
    """Every set; ``BadInput`` for a change of what is no input."""
    return tuple(_set(name, number, tuple((changes or {}).items())) for name in TERMS)


def _set(name: str, number: Number, changes: tuple[tuple[str, float], ...]) -> Assumed:
    told = {term.field: _value(term, number) for term in (*COMMON, *TERMS[name])}
    known = set(Inputs.__struct_fields__)
    inputs = replace(published_inputs(number), **{k: v for k, v in told.items() if k in known})
    if "facility_usd_per_w" in told:
        inputs = _in_one_price(inputs, told["facility_usd_per_w"])
    return Assumed(
        name=name,
        inputs=changed(inputs, dict(changes)),
        changes=changes,
        quotients=tuple(
            (term.field, number(term.name), number(term.per)) for term in TERMS[name] if term.per
        ),
        **{k: v for k, v in told.items() if k not in known},
    )


def _in_one_price(inputs: Inputs, facility_usd_per_w: float) -> Inputs:
    """A facility priced as a whole, in the place of the published model's four parts."""
    return replace(
        inputs,
        electrical_usd_per_w=facility_usd_per_w,
        mechanical_usd_per_w=0.0,
        civil_usd_per_w=0.0,
        fit_out_usd_per_w=0.0,
    )


def _value(term: Term, number: Number) -> float:
    value = number(term.name) * term.factor
    return over(value, number(term.per)) if term.per else value
