"""A launch, planned or flown, drawn or read from a log: the one shape all of them have."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from twin.fields import Usd

Outcome = Literal["success", "partial", "failure"]

SPACEX: Final = "spacex"
"""The customer of an internal launch."""

NASA: Final = "nasa"
GOVERNMENT: Final = "us-government"
ENTERPRISE: Final = "enterprise"


class Load(msgspec.Struct, frozen=True):
    """Satellites of one segment on board."""

    segment: str
    satellites_count: int


class Launch(msgspec.Struct, frozen=True):
    """One launch.

    What is not known is None, empty, or 0 for the flight of a booster that has no name. A launch
    with an ``outcome`` flew at ``liftoff_ns``; any other is to fly at ``net_ns``, or later.
    ``is_net_firm`` is False where the date only stands for a month or a quarter.
    ``has_flight_limit``: its customer allows few earlier flights of the booster.
    """

    launch_id: str
    vehicle: str
    site: str
    customer: str
    orbit: str
    net_ns: int
    payload_kg: float | None = None
    loads: tuple[Load, ...] = ()
    price_usd: Usd = Usd(0)
    commitment_id: str = ""
    is_net_firm: bool = True
    has_flight_limit: bool = False
    booster_id: str = ""
    flight_count: int = 0
    liftoff_ns: int | None = None
    outcome: Outcome | None = None

    @property
    def is_internal(self) -> bool:
        """Whether it carries the group's own satellites: nobody pays for it."""
        return self.customer == SPACEX

    @property
    def satellites_count(self) -> int:
        """All satellites of the fleet on board; the small ones of others are not counted."""
        return sum(load.satellites_count for load in self.loads)

    @property
    def segment(self) -> str:
        """The segment most of them join, the first of equals; empty without any."""
        return max(self.loads, key=lambda load: load.satellites_count, default=Load("", 0)).segment


def slug(name: str) -> str:
    """A name in lower case, its words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
