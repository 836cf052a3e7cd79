"""What is to fly, what flew, and what became of vehicles and boosters.

The manifest holds what has not flown yet. Of what flew the last ``RECENT_MAX_COUNT`` launches are
kept one by one, all of them as sums by vehicle, so that the slice stays small for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from twin.errors import BadInput
from twin.events import (
    BoosterRecovered,
    LaunchFlown,
    LaunchScheduled,
    SatellitesDeployed,
    VehicleStatusChanged,
)
from twin.suggest import nearest
from twin.units import micro_usd, parse_instant
from twin.vehicles import carrier_of, known_vehicle

RECENT_MAX_COUNT: Final = 200
MANIFEST_MAX_COUNT: Final = 10_000
BOOSTERS_MAX_COUNT: Final = 10_000
COMMITMENTS_MAX_COUNT: Final = 10_000
SUM_MAX: Final = 2**62
"""What a sum kept of a vehicle may come to."""

Outcome = Literal["success", "partial", "failure"]
Status = Literal["active", "grounded", "retired"]

_JSON = msgspec.json.Encoder(order="deterministic")


class ManifestLaunch(msgspec.Struct, frozen=True):
    """A launch that has not flown yet, as last scheduled; money in micro-dollars."""

    launch_id: str
    vehicle: str
    site: str
    customer: str
    is_internal: bool
    payload_kg: float
    orbit: str
    net_ns: int
    segment: str
    satellites_count: int
    price_micro_usd: int
    commitment_id: str


class FlownLaunch(msgspec.Struct, frozen=True):
    """A launch that left the ground, with what it was to do and what it did."""

    planned: ManifestLaunch
    flown_ns: int
    outcome: Outcome
    booster_id: str
    flight_count: int
    delivered_kg: int
    cost_micro_usd: int
    deployed_count: int = 0


class Vehicle(msgspec.Struct, frozen=True):
    """Whether a vehicle may fly, and the sums of all it flew; masses in whole kilograms.

    A grounded one may fly again from ``until_ns`` on; 0 while nobody said when.
    """

    name: str
    status: Status = "active"
    reason: str = ""
    until_ns: int = 0
    flown_count: int = 0
    internal_count: int = 0
    success_count: int = 0
    partial_count: int = 0
    failure_count: int = 0
    delivered_kg: int = 0
    cost_micro_usd: int = 0
    last_flown_ns: int = 0

    def is_grounded(self, instant_ns: int) -> bool:
        """Whether it must not fly at an instant."""
        has_end = self.status == "grounded" and self.until_ns > 0
        return self.status != "active" and not (has_end and instant_ns >= self.until_ns)


class Booster(msgspec.Struct, frozen=True):
    """A booster: how often it flew, and from when on it may again."""

    booster_id: str
    vehicle: str
    flights_count: int
    ready_ns: int = 0
    is_flying: bool = False
    is_lost: bool = False


class Launches(msgspec.Struct, frozen=True, eq=False):
    """The manifest by launch id, the last flown ones in order, vehicles and boosters by name.

    ``kept_count`` is how many launches of each commitment reached orbit so far.
    """

    manifest: Mapping[str, ManifestLaunch] = msgspec.field(default_factory=dict)
    recent: tuple[FlownLaunch, ...] = ()
    vehicles: Mapping[str, Vehicle] = msgspec.field(default_factory=dict)
    boosters: Mapping[str, Booster] = msgspec.field(default_factory=dict)
    kept_count: Mapping[str, int] = msgspec.field(default_factory=dict)

    def vehicle(self, name: str) -> Vehicle:
        """A vehicle; one nobody spoke of may fly and has not flown."""
        return self.vehicles.get(name, Vehicle(name))

    def flown(self, launch_id: str) -> FlownLaunch | None:
        """A launch that flew not long ago."""
        return next((f for f in reversed(self.recent) if f.planned.launch_id == launch_id), None)

    def why_grounded(self, vehicle: str, instant_ns: int) -> str:
        """Why a vehicle, or the rocket under it, must not fly at an instant; empty if it may."""
        for name in (vehicle, carrier_of(vehicle)):
            state = self.vehicle(name)
            if state.is_grounded(instant_ns):
                return f"{name} is {state.status}" + (f": {state.reason}" if state.reason else "")
        return ""

    def encoded(self) -> bytes:
        return _JSON.encode(
            (
                sorted(self.manifest.items()),
                self.recent,
                sorted(self.vehicles.items()),
                sorted(self.boosters.items()),
                sorted(self.kept_count.items()),
            )
        )


def launch_scheduled(launches: Launches, fact: LaunchScheduled) -> Launches:
    """A launch new on the manifest, or moved; ``BadInput`` for one that cannot be meant."""
    known_vehicle(fact.vehicle)
    if not fact.launch_id:
        raise BadInput("a launch without a name", expected="a launch_id", field="launch_id")
    if launches.flown(fact.launch_id) is not None:
        raise BadInput(
            f"launch {fact.launch_id!r}, which has flown",
            expected="one that has not",
            field="launch_id",
        )
    if fact.satellites_count and not fact.segment:
        raise BadInput(
            f"{fact.satellites_count} satellites of no segment",
            expected="the segment they join",
            field="segment",
        )
    if fact.launch_id not in launches.manifest and len(launches.manifest) >= MANIFEST_MAX_COUNT:
        raise BadInput(
            f"launch {fact.launch_id!r} on a full manifest",
            expected=f"{MANIFEST_MAX_COUNT} at most",
        )
    planned = ManifestLaunch(
        launch_id=fact.launch_id,
        vehicle=fact.vehicle,
        site=fact.site,
        customer=fact.customer,
        is_internal=fact.is_internal,
        payload_kg=fact.payload_kg,
        orbit=fact.orbit,
        net_ns=parse_instant(fact.net_at, field="net_at"),
        segment=fact.segment,
        satellites_count=fact.satellites_count,
        price_micro_usd=_price(fact),
        commitment_id=fact.commitment_id,
    )
    return replace(launches, manifest={**launches.manifest, fact.launch_id: planned})


def launch_flown(launches: Launches, fact: LaunchFlown, *, effective_ns: int) -> Launches:
    """A launch left the ground: from the manifest to what flew.

    ``BadInput`` where it is not on the manifest, has flown before, or its vehicle is grounded; and
    where its booster is lost, of another rocket, or flew so often before.
    """
    planned = _planned(launches, fact.launch_id)
    why = launches.why_grounded(planned.vehicle, effective_ns)
    if why:
        raise BadInput(
            f"launch {fact.launch_id!r}, but {why}",
            expected="a vehicle that may fly",
            field="launch_id",
        )
    if fact.outcome == "failure" and fact.delivered_kg > 0.0:
        raise BadInput(
            f"a failure that delivered {fact.delivered_kg} kg", expected="0", field="delivered_kg"
        )
    flown = FlownLaunch(
        planned=planned,
        flown_ns=effective_ns,
        outcome=fact.outcome,
        booster_id=fact.booster_id,
        flight_count=fact.flight_count,
        delivered_kg=round(fact.delivered_kg),
        cost_micro_usd=micro_usd(fact.cost_usd, field="cost_usd"),
    )
    boosters = _with_flight(launches.boosters, flown)
    manifest = {key: each for key, each in launches.manifest.items() if key != fact.launch_id}
    vehicle = _counted(launches.vehicle(planned.vehicle), flown)
    return replace(
        launches,
        manifest=manifest,
        recent=(*launches.recent, flown)[-RECENT_MAX_COUNT:],
        vehicles={**launches.vehicles, vehicle.name: vehicle},
        boosters=boosters,
        kept_count=_with_kept(launches.kept_count, flown),
    )


def booster_recovered(launches: Launches, fact: BoosterRecovered) -> Launches:
    """A booster came back or did not; ``BadInput`` for one that is not in the air.

    One that nobody knows joins the boosters of the ``vehicle`` it names.
    """
    known = launches.boosters.get(fact.booster_id)
    if known is None and fact.vehicle:
        _refuse_one_too_many(launches.boosters, fact.booster_id)
        rocket = carrier_of(known_vehicle(fact.vehicle))
        known = Booster(fact.booster_id, rocket, fact.flights_count, is_flying=True)
    if known is None or not known.is_flying:
        raise BadInput(
            f"booster {fact.booster_id!r}, which is not in the air",
            expected=nearest(
                fact.booster_id, (b.booster_id for b in launches.boosters.values() if b.is_flying)
            ),
            field="booster_id",
        )
    ready_ns = parse_instant(fact.ready_at, field="ready_at") if fact.is_landed else 0
    back = replace(known, is_flying=False, is_lost=not fact.is_landed, ready_ns=ready_ns)
    return replace(launches, boosters={**launches.boosters, back.booster_id: back})


def vehicle_status_changed(launches: Launches, fact: VehicleStatusChanged) -> Launches:
    """A vehicle may fly or must not; ``BadInput`` for one nobody knows."""
    changed = replace(
        launches.vehicle(known_vehicle(fact.vehicle)),
        status=fact.status,
        reason=fact.reason,
        until_ns=0 if fact.until is None else parse_instant(fact.until, field="until"),
    )
    return replace(launches, vehicles={**launches.vehicles, changed.name: changed})


def satellites_deployed(launches: Launches, fact: SatellitesDeployed) -> Launches:
    """Satellites left their rocket; ``BadInput`` unless it flew with so many, and did not fail."""
    flown = launches.flown(fact.launch_id)
    if flown is None or flown.outcome == "failure":
        how = "has not flown" if flown is None else "failed"
        raise BadInput(
            f"satellites of launch {fact.launch_id!r}, which {how}",
            expected="a launch that reached orbit not long ago",
            field="launch_id",
        )
    count = flown.deployed_count + fact.satellites_count
    if count > flown.planned.satellites_count:
        raise BadInput(
            f"{count} satellites of launch {fact.launch_id!r}",
            expected=f"{flown.planned.satellites_count} at most",
            field="satellites_count",
        )
    after = replace(flown, deployed_count=count)
    recent = tuple(after if each is flown else each for each in launches.recent)
    return replace(launches, recent=recent)


def _price(fact: LaunchScheduled) -> int:
    price_micro_usd = micro_usd(fact.price_usd, field="price_usd")
    if fact.is_internal and price_micro_usd:
        raise BadInput(
            f"an internal launch at {fact.price_usd} dollars",
            expected="0: nobody pays for the group's own",
            field="price_usd",
        )
    return price_micro_usd


def _planned(launches: Launches, launch_id: str) -> ManifestLaunch:
    if launches.flown(launch_id) is not None:
        raise BadInput(
            f"a second flight of launch {launch_id!r}", expected="one flight", field="launch_id"
        )
    if launch_id not in launches.manifest:
        raise BadInput(
            f"launch {launch_id!r}, which is not on the manifest",
            expected=nearest(launch_id, launches.manifest),
            field="launch_id",
        )
    return launches.manifest[launch_id]


def _with_flight(boosters: Mapping[str, Booster], flown: FlownLaunch) -> Mapping[str, Booster]:
    """The boosters after a flight; a launch may leave its booster unnamed."""
    if not flown.booster_id:
        return boosters
    rocket = carrier_of(flown.planned.vehicle)
    known = boosters.get(flown.booster_id, Booster(flown.booster_id, rocket, 0))
    if known.is_lost or known.vehicle != rocket:
        what = "is lost" if known.is_lost else f"belongs to {known.vehicle}"
        raise BadInput(
            f"booster {known.booster_id!r}, which {what}",
            expected=f"a booster of {rocket}",
            field="booster_id",
        )
    if flown.flight_count <= known.flights_count:
        raise BadInput(
            f"flight {flown.flight_count} of booster {known.booster_id!r}",
            expected=f"{known.flights_count + 1} or later",
            field="flight_count",
        )
    _refuse_one_too_many(boosters, flown.booster_id)
    after = replace(known, flights_count=flown.flight_count, is_flying=True)
    return {**boosters, after.booster_id: after}


def _refuse_one_too_many(boosters: Mapping[str, Booster], booster_id: str) -> None:
    if booster_id not in boosters and len(boosters) >= BOOSTERS_MAX_COUNT:
        raise BadInput(f"booster {booster_id!r}", expected=f"{BOOSTERS_MAX_COUNT} boosters at most")


def _with_kept(counts: Mapping[str, int], flown: FlownLaunch) -> Mapping[str, int]:
    """The launches that kept a commitment; a failure loses what was promised on it."""
    name = flown.planned.commitment_id
    if not name or flown.outcome == "failure":
        return counts
    if name not in counts and len(counts) >= COMMITMENTS_MAX_COUNT:
        raise BadInput(
            f"a launch for commitment {name!r}", expected=f"{COMMITMENTS_MAX_COUNT} at most"
        )
    return {**counts, name: counts.get(name, 0) + 1}


def _counted(vehicle: Vehicle, flown: FlownLaunch) -> Vehicle:
    cost_micro_usd = vehicle.cost_micro_usd + flown.cost_micro_usd
    delivered_kg = vehicle.delivered_kg + flown.delivered_kg
    if max(cost_micro_usd, delivered_kg) > SUM_MAX:
        raise BadInput(
            f"launch {flown.planned.launch_id!r}: sums of {vehicle.name} leave 64 bits",
            expected="costs and masses of launches",
        )
    return replace(
        vehicle,
        flown_count=vehicle.flown_count + 1,
        internal_count=vehicle.internal_count + flown.planned.is_internal,
        success_count=vehicle.success_count + (flown.outcome == "success"),
        partial_count=vehicle.partial_count + (flown.outcome == "partial"),
        failure_count=vehicle.failure_count + (flown.outcome == "failure"),
        delivered_kg=delivered_kg,
        cost_micro_usd=cost_micro_usd,
        last_flown_ns=max(vehicle.last_flown_ns, flown.flown_ns),
    )
