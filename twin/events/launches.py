"""What is to fly, what flew, and what became of the vehicles."""

from __future__ import annotations

from typing import Literal

from twin.events.kinds import Body, Nature, Phase, kind
from twin.fields import Amount, AssetCount, Counter, Usd


@kind("launches", Nature.DECIDED, Phase.ASSETS)
class LaunchScheduled(Body, frozen=True):
    """A launch was put on the manifest, or moved: the last word on its ``launch_id`` holds.

    ``price_usd`` is what the customer pays; 0 where the launch is the group's own. ``segment`` and
    ``satellites_count`` say what it will deploy into the fleet.
    """

    launch_id: str
    vehicle: str
    site: str
    customer: str
    is_internal: bool
    payload_kg: Amount
    orbit: str
    net_at: str
    segment: str = ""
    satellites_count: AssetCount = 0
    price_usd: Usd = Usd(0)
    commitment_id: str = ""


@kind("launches", Nature.FOLLOWED, Phase.ASSETS)
class LaunchFlown(Body, frozen=True):
    """A launch left the ground; a failure delivers nothing and is not paid by its customer.

    ``cost_usd`` is the group's own, however it ends.
    """

    launch_id: str
    booster_id: str
    flight_count: Counter
    outcome: Literal["success", "partial", "failure"]
    delivered_kg: Amount
    cost_usd: Usd


@kind("launches", Nature.FOLLOWED, Phase.ASSETS)
class BoosterRecovered(Body, frozen=True):
    """A booster came back, or did not; it may fly again from ``ready_at``.

    ``vehicle`` is the rocket of a booster nobody has seen fly: one that was there before.
    """

    booster_id: str
    is_landed: bool
    flights_count: Counter
    ready_at: str
    vehicle: str = ""


@kind("launches", Nature.GIVEN, Phase.ASSETS)
class VehicleStatusChanged(Body, frozen=True):
    """A vehicle may fly, or must not until it may again."""

    vehicle: str
    status: Literal["active", "grounded", "retired"]
    reason: str
    until: str | None = None
