"""How a cost is reckoned: the steps that lead to it, and the assumptions these begin with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.meaning import unit_of
from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.assumption_sets import COMMON, LIVE, TERMS
from twin.business.cost_inputs import Inputs, assumption_of
from twin.business.cost_steps import REFERENCE, Step
from twin.state import Segment, Twin
from twin.views.costs import costs_of

_OF_A_CLASS: Final[Mapping[str, tuple[str, ...]]] = {
    "life_s": ("life_s",),
    "array_w": ("array_w",),
    "mass_kg": ("mass_kg",),
    "accelerator_w": ("accelerator_w",),
    "accelerators_count": ("accelerators_count",),
    "tok_per_s": ("accelerators_count", "accelerator_tok_per_s"),
}
_OF_A_SITE: Final[Mapping[str, tuple[str, ...]]] = {
    "accelerator_w": ("accelerator_w",),
    "accelerators_count": ("accelerators_count",),
    "tok_per_s": ("accelerators_count", "accelerator_tok_per_s"),
    "pue_ratio": ("pue_ratio",),
}
_TARIFF: Final = {
    "gas": {
        "gas_usd_per_mmbtu": "gas_price_usd_per_mmbtu",
        "heat_rate_btu_per_kwh": "heat_rate_btu_per_kwh",
    },
    "grid": {"gas_usd_per_mmbtu": "electricity_usd_per_mwh"},
}
"""What a site of the live set pays for power stands in the place of these, where it is told."""

_IN_ONE_PRICE: Final = ("mechanical_usd_per_w", "civil_usd_per_w", "fit_out_usd_per_w")


def of_costs(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """The last step to a cost, and those before it as parts; None for a cost that is none."""
    steps = _steps_to(twin, column, row)
    if not steps:
        return None
    *before, last = steps
    return reckoned(last.formula, [_part(step) for step in before], _plain(last.terms))


def assumptions_of_a_cost(twin: Twin, column: str, row: RowDict) -> Iterator[str]:
    """The assumptions that the steps to a cost begin with."""
    segment, steps = _segment(twin, row), _steps_to(twin, column, row)
    if segment is not None:
        made = {step.name for step in steps}
        leaves = {name for step in steps for name in step.terms if name not in made}
        for leaf in sorted(leaves):
            yield from _behind(twin, leaf, segment, row["assumption_set"])


def _steps_to(twin: Twin, column: str, row: RowDict) -> list[Step]:
    """The steps that a cost follows from in order, its own the last."""
    segment = _segment(twin, row)
    costs = costs_of(twin.registry, segment, row["assumption_set"]) if segment is not None else None
    if costs is None or row.get(column) is None:
        return []
    wanted, found = {column}, []
    for step in reversed(costs.steps):
        if step.name in wanted:
            found.append(step)
            wanted |= step.terms.keys()
    return found[::-1]


def _segment(twin: Twin, row: RowDict) -> Segment | None:
    segments = twin.fleets[row["label"]].segments
    return next((each for each in segments if each.name == row["segment"]), None)


def _part(step: Step) -> Part:
    unit = unit_of(step.name.removeprefix(REFERENCE))
    value = step.value if math.isfinite(step.value) else None
    return part(step.name, step.formula, _plain(step.terms), value, unit=unit)


def _plain(terms: Mapping[str, float]) -> dict[str, Any]:
    """Numbers beyond all bounds are none."""
    return {name: value if math.isfinite(value) else None for name, value in terms.items()}


def _behind(twin: Twin, leaf: str, segment: Segment, assumption_set: str) -> Iterator[str]:
    """The assumptions that a number at the beginning of the steps is."""
    name = leaf.removeprefix(REFERENCE)
    terms = {term.field: term for term in (*COMMON, *TERMS[assumption_set])}
    if name == leaf:
        built = tuple(_of_what_is_built(twin, name, segment, assumption_set))
        if built:
            yield from built
            return
    for term in terms.values():
        stem = term.field.split("_")[0]
        if term.per and name in (f"{stem}_launch_usd", f"{stem}_load_kg"):
            yield term.name if name.endswith("_usd") else term.per
    if name in terms:
        yield terms[name].name
    elif "facility_usd_per_w" in terms and name == "electrical_usd_per_w":
        yield terms["facility_usd_per_w"].name
    elif name in Inputs.__struct_fields__ and not (
        "facility_usd_per_w" in terms and name in _IN_ONE_PRICE
    ):
        yield assumption_of(name)


def _of_what_is_built(
    twin: Twin, name: str, segment: Segment, assumption_set: str
) -> Iterator[str]:
    """Of a class of satellites or of a site, and what a site of the live set pays for power."""
    if segment.site is None:
        if segment.as_built is not None:
            place = segment.as_built.class_name
            yield from (f"class.{place}.{each}" for each in _OF_A_CLASS.get(name, ()))
        return
    place = f"site.{segment.name}"
    yield from (f"{place}.{each}" for each in _OF_A_SITE.get(name, ()))
    if assumption_set == LIVE:
        told = f"{place}.{_TARIFF[segment.site.supply].get(name, '')}"
        if told in twin.registry.assumptions:
            yield told
