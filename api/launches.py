"""Launches as rows: what is to fly, what flew, and the boosters and vehicles that fly it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from api.problems import require_known
from api.shapes import Shape, ShapeColumn, ShapedRows
from twin.events import Basis
from twin.fold.launches import Booster, FlownLaunch, Launches, ManifestLaunch
from twin.state import Twin
from twin.vehicles import VEHICLES, carrier_of

Row = dict[str, Any]

BASIS: Final = ShapeColumn(
    "basis", "text", "assumed where a source of the twin is; else derived from what was told."
)

LAUNCH: Final = Shape(
    "launch",
    "A launch that is to fly, or flew.",
    (
        ShapeColumn("launch_id", "text", "The launch."),
        ShapeColumn("label", "text", "Who may see it."),
        ShapeColumn("status", "text", "scheduled or flown."),
        ShapeColumn(
            "outcome",
            "text",
            "success, partial or failure; null while scheduled.",
            is_nullable=True,
        ),
        ShapeColumn("vehicle", "text", "What flies: dragon, falcon-heavy, falcon9 or starship."),
        ShapeColumn("site", "text", "The pad."),
        ShapeColumn("customer", "text", "Who ordered it; `spacex` for the group itself."),
        ShapeColumn("is_internal", "bool", "Whether it is the group's own: capitalised, no sale."),
        ShapeColumn("orbit", "text", "Where it goes, as its manifest says."),
        ShapeColumn("net", "instant", "The earliest it was last said to fly (RFC 3339, UTC)."),
        ShapeColumn("flown", "instant", "When it left the ground.", is_nullable=True),
        ShapeColumn(
            "grounded_reason",
            "text",
            "Why it may not fly at its date, as its vehicle stands; null where it may, or flew.",
            is_nullable=True,
        ),
        ShapeColumn("payload_kg", "float", "On board; 0 where nobody said."),
        ShapeColumn("delivered_kg", "int", "Brought to orbit.", is_nullable=True),
        ShapeColumn(
            "segment",
            "text",
            "The fleet its satellites join; null where it carries none.",
            is_nullable=True,
        ),
        ShapeColumn("satellites_count", "int", "Satellites of the fleet on board."),
        ShapeColumn("deployed_count", "int", "Of them deployed so far."),
        ShapeColumn("booster_id", "text", "The booster, once known.", is_nullable=True),
        ShapeColumn("flight_count", "int", "Which flight of the booster.", is_nullable=True),
        ShapeColumn(
            "price_usd",
            "usd",
            "What the customer pays, assumed where its source names none; 0 for the group's own.",
        ),
        ShapeColumn("cost_usd", "usd", "What it cost the group.", is_nullable=True),
        ShapeColumn(
            "commitment_id", "text", "The promise it flies for; null for none.", is_nullable=True
        ),
        BASIS,
    ),
)

BOOSTER: Final = Shape(
    "booster",
    "A booster that flew, or is known to be there.",
    (
        ShapeColumn("booster_id", "text", "The booster."),
        ShapeColumn("label", "text", "Who may see it."),
        ShapeColumn("vehicle", "text", "The rocket it belongs to."),
        ShapeColumn("status", "text", "ready, refurbishing, flying or lost."),
        ShapeColumn("flights_count", "int", "Flights so far."),
        ShapeColumn(
            "ready",
            "instant",
            "From when on it may fly again; null in flight or when lost.",
            is_nullable=True,
        ),
        BASIS,
    ),
)

VEHICLE: Final = Shape(
    "vehicle",
    "A vehicle: whether it may fly, and all it flew.",
    (
        ShapeColumn("vehicle", "text", "The vehicle."),
        ShapeColumn("label", "text", "Who may see it."),
        ShapeColumn("status", "text", "active, grounded or retired, as was last said."),
        ShapeColumn(
            "until", "instant", "When a grounding ends; null while nobody said.", is_nullable=True
        ),
        ShapeColumn("can_fly", "bool", "Whether it may fly now, and the rocket under it."),
        ShapeColumn("reason", "text", "Why it may not; empty when it may."),
        ShapeColumn("flown_count", "int", "Launches flown; of them the next four."),
        ShapeColumn("internal_count", "int", "The group's own."),
        ShapeColumn("success_count", "int", "That did all they were to."),
        ShapeColumn("partial_count", "int", "That did a part of it."),
        ShapeColumn("failure_count", "int", "That delivered nothing."),
        ShapeColumn("boosters_count", "int", "Boosters it has, without those lost."),
        ShapeColumn("delivered_kg", "int", "Brought to orbit by all of them."),
        ShapeColumn("cost_usd", "usd", "What all of them cost the group."),
        ShapeColumn(
            "last_flown", "instant", "The last time; null before the first.", is_nullable=True
        ),
        BASIS,
    ),
)


class Choice(msgspec.Struct, frozen=True):
    """Which launches, boosters and vehicles; None does not choose."""

    status: str | None = None
    outcome: str | None = None
    vehicle: str | None = None
    customer: str | None = None


def launch_rows(twin: Twin, choice: Choice) -> ShapedRows:
    """Launches by the time they flew or are to fly.

    ``Unknown`` names a vehicle that does not exist, and a customer no launch has.
    """
    basis = {"basis": _basis(twin)}
    rows = [row | basis for label, book in twin.launches.items() for row in _launches(label, book)]
    if choice.vehicle is not None:
        require_known("vehicle", choice.vehicle, VEHICLES)
    if choice.customer is not None:
        require_known("customer", choice.customer, {row["customer"] for row in rows})
    wanted = {name: value for name, value in _asked(choice) if value is not None}
    chosen = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    chosen.sort(key=lambda row: (row["flown"] or row["net"], row["label"], row["launch_id"]))
    return ShapedRows(LAUNCH, tuple(chosen))


def booster_rows(twin: Twin, choice: Choice) -> ShapedRows:
    """Boosters of the vehicle asked for, or of all, those that flew most first."""
    rocket = carrier_of(choice.vehicle) if choice.vehicle else None
    rows = [
        _booster(label, booster, twin.tick_ns) | {"basis": _basis(twin)}
        for label, book in twin.launches.items()
        for booster in book.boosters.values()
        if rocket in (None, booster.vehicle)
    ]
    rows.sort(key=lambda row: (-row["flights_count"], row["label"], row["booster_id"]))
    return ShapedRows(BOOSTER, tuple(rows))


def vehicle_rows(twin: Twin, choice: Choice) -> ShapedRows:
    """Vehicles that fly, flew, or have a launch or a booster, by name."""
    rows = [
        _vehicle(label, book, name, twin.tick_ns) | {"basis": _basis(twin)}
        for label, book in sorted(twin.launches.items())
        for name in sorted(_vehicles_of(book))
        if choice.vehicle in (None, name)
    ]
    return ShapedRows(VEHICLE, tuple(rows))


def _basis(twin: Twin) -> Basis:
    """Nobody measures a launch: at best it is derived from what a source told of it."""
    is_assumed = any(source.is_assumed for source in twin.registry.sources.values())
    return "assumed" if is_assumed else "derived"


def _asked(choice: Choice) -> Iterator[tuple[str, str | None]]:
    return ((name, getattr(choice, name)) for name in Choice.__struct_fields__)


def _launches(label: str, book: Launches) -> Iterator[Row]:
    for planned in book.manifest.values():
        why = book.why_grounded(planned.vehicle, planned.net_ns)
        yield _launch(label, planned, None) | {"grounded_reason": why or None}
    for flown in book.recent:
        yield _launch(label, flown.planned, flown)


def _launch(label: str, planned: ManifestLaunch, flown: FlownLaunch | None) -> Row:
    has_booster = flown is not None and bool(flown.booster_id)
    return {
        "launch_id": planned.launch_id,
        "label": label,
        "status": "scheduled" if flown is None else "flown",
        "outcome": flown and flown.outcome,
        "vehicle": planned.vehicle,
        "site": planned.site,
        "customer": planned.customer,
        "is_internal": planned.is_internal,
        "orbit": planned.orbit,
        "net": planned.net_ns,
        "flown": flown and flown.flown_ns,
        "grounded_reason": None,
        "payload_kg": planned.payload_kg,
        "delivered_kg": flown and flown.delivered_kg,
        "segment": planned.segment or None,
        "satellites_count": planned.satellites_count,
        "deployed_count": 0 if flown is None else flown.deployed_count,
        "booster_id": flown.booster_id if flown is not None and has_booster else None,
        "flight_count": flown.flight_count if flown is not None and has_booster else None,
        "price_usd": planned.price_micro_usd,
        "cost_usd": flown and flown.cost_micro_usd,
        "commitment_id": planned.commitment_id or None,
    }


def _booster(label: str, booster: Booster, tick_ns: int) -> Row:
    if booster.is_lost or booster.is_flying:
        status = "lost" if booster.is_lost else "flying"
    else:
        status = "ready" if booster.ready_ns <= tick_ns else "refurbishing"
    return {
        "booster_id": booster.booster_id,
        "label": label,
        "vehicle": booster.vehicle,
        "status": status,
        "flights_count": booster.flights_count,
        "ready": booster.ready_ns if status in ("ready", "refurbishing") else None,
    }


def _vehicles_of(book: Launches) -> set[str]:
    """The vehicles that a label's launches have to do with."""
    return {
        *book.vehicles,
        *(launch.vehicle for launch in book.manifest.values()),
        *(booster.vehicle for booster in book.boosters.values()),
    }


def _vehicle(label: str, book: Launches, name: str, tick_ns: int) -> Row:
    state, why = book.vehicle(name), book.why_grounded(name, tick_ns)
    mine = [b for b in book.boosters.values() if b.vehicle == name and not b.is_lost]
    return {
        "vehicle": name,
        "label": label,
        "status": state.status,
        "until": state.until_ns or None,
        "can_fly": not why,
        "reason": why,
        "flown_count": state.flown_count,
        "internal_count": state.internal_count,
        "success_count": state.success_count,
        "partial_count": state.partial_count,
        "failure_count": state.failure_count,
        "boosters_count": len(mine),
        "delivered_kg": state.delivered_kg,
        "cost_usd": state.cost_micro_usd,
        "last_flown": state.last_flown_ns or None,
    }
