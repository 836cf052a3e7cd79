"""Lift: what each rocket can bring to orbit a day with its boosters, and what it brought."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from twin.fold.launches import Launches
from twin.units import NS_PER_S
from twin.vehicles import VEHICLES, carrier_of

LIFT_MAX_KG: Final = 1e9
LIFT_WINDOW_NS: Final = 30 * 86_400 * NS_PER_S
"""What was delivered is the mean of this long."""


class Lift(msgspec.Struct, frozen=True):
    """What a rocket can lift a day with its boosters, and what it lifted of late."""

    vehicle: str
    boosters_count: int
    ready_count: int
    installed_kg_per_d: int
    healthy_kg_per_d: int
    available_kg_per_d: int
    delivered_kg_per_d: int


def lift(
    launches: Launches, number: Callable[[str, float], float], *, instant_ns: int
) -> tuple[Lift, ...]:
    """What each rocket that has boosters can lift at an instant, by name.

    ``number`` answers with an assumption, or the default given: ``launch.<rocket>.turnaround_s`` is
    how soon a booster flies again, ``launch.<rocket>.lift_kg`` what it lifts, reused, to low orbit.
    """
    rows = []
    for name in VEHICLES:
        boosters = [b for b in launches.boosters.values() if b.vehicle == name and not b.is_lost]
        if not boosters:
            continue
        flights_per_d = 86_400.0 / max(1.0, number(f"launch.{name}.turnaround_s", 86_400.0))
        lift_kg = min(number(f"launch.{name}.lift_kg", 0.0), LIFT_MAX_KG)
        kg_per_d = flights_per_d * lift_kg
        ready_count = sum(not b.is_flying and b.ready_ns <= instant_ns for b in boosters)
        may_fly = not launches.why_grounded(name, instant_ns)
        rows.append(
            Lift(
                vehicle=name,
                boosters_count=len(boosters),
                ready_count=ready_count,
                installed_kg_per_d=round(len(boosters) * kg_per_d),
                healthy_kg_per_d=round(len(boosters) * kg_per_d) if may_fly else 0,
                available_kg_per_d=round(ready_count * kg_per_d) if may_fly else 0,
                delivered_kg_per_d=_delivered_kg_per_d(launches, name, instant_ns),
            )
        )
    return tuple(rows)


def _delivered_kg_per_d(launches: Launches, rocket: str, instant_ns: int) -> int:
    delivered_kg = sum(
        flown.delivered_kg
        for flown in launches.recent
        if carrier_of(flown.planned.vehicle) == rocket
        and instant_ns - LIFT_WINDOW_NS < flown.flown_ns <= instant_ns
    )
    return delivered_kg * NS_PER_S * 86_400 // LIFT_WINDOW_NS
