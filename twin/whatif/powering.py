"""Satellites that a scenario makes with less power than they need: said, for costs count them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from twin.state import Twin
from twin.whatif.agreeing import Assumed

_OF_POWER = ("array_w", "accelerator_w", "bus_w")


def starved(twin: Twin, sets: Iterable[Assumed]) -> Iterator[str]:
    """A note on each class whose array gives less than its accelerators and its bus draw.

    A scenario's last word on a number is taken, whenever it holds.
    """
    said = {fact.name: float(fact.value) for _, fact, _ in sets if not isinstance(fact.value, str)}
    for name, count in sorted(_accelerators(twin).items()):
        if not said.keys() & {f"class.{name}.{word}" for word in _OF_POWER}:
            continue
        array_w, one_w, bus_w = (_number(twin, said, f"class.{name}.{word}") for word in _OF_POWER)
        need_w = count * one_w + bus_w
        if array_w < need_w:
            yield (
                f"class.{name}: an array of {array_w:,.0f} W gives less than the {need_w:,.0f} W"
                f" that its {count} accelerators and its bus draw in full use; costs count all of"
                f" them as used all the same, so an accelerator-hour comes out too cheap"
            )


def _accelerators(twin: Twin) -> Mapping[str, int]:
    """How many each class that has some was built with."""
    return {
        segment.as_built.class_name: segment.as_built.accelerators_count
        for fleet in twin.fleets.values()
        for segment in fleet.segments
        if segment.as_built is not None and segment.as_built.accelerators_count
    }


def _number(twin: Twin, said: Mapping[str, float], name: str) -> float:
    return said[name] if name in said else twin.registry.number(name, 0.0)
