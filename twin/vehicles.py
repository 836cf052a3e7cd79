"""The vehicles that fly, and which of them rides on another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twin.errors import BadInput
from twin.suggest import nearest

VEHICLES: Final = ("dragon", "falcon-heavy", "falcon9", "starship")
_RIDES_ON: Final[Mapping[str, str]] = {"dragon": "falcon9"}


def carrier_of(vehicle: str) -> str:
    """The rocket under a vehicle, which is itself but for a capsule: it has the boosters."""
    return _RIDES_ON.get(vehicle, vehicle)


def known_vehicle(vehicle: str) -> str:
    """The vehicle of that name; ``BadInput`` with the nearest right one when there is none."""
    if vehicle not in VEHICLES:
        raise BadInput(f"vehicle {vehicle!r}", expected=nearest(vehicle, VEHICLES), field="vehicle")
    return vehicle
