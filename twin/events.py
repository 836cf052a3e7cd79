"""Every fact the twin can learn: frozen, in the past tense, one class a kind.

A kind states its topic, its *nature* (what it is in a what-if), its *phase* (when inside a tick it
is folded) and its schema version. The envelope around it (``Event``) says who said it and when it
holds; the body stays the original bytes, because digests are over those.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Any, Literal, TypeVar

import msgspec

from twin.errors import Poison, UnknownKind
from twin.fields import (
    AcceleratorCount,
    AltitudeKm,
    Amount,
    AssetCount,
    AssetId,
    Counter,
    FlopRate,
    Fraction,
    InclinationDeg,
    PositiveAmount,
    PueRatio,
    Rate,
)
from twin.identity import Identity

Basis = Literal["measured", "derived", "assumed"]
Confidence = Literal["primary", "reputable", "secondary", "derived", "unverified", "assumed"]
Supply = Literal["grid", "gas", "array"]


class Nature(StrEnum):
    """What becomes of an event in a what-if; an outcome is never an input of the fold."""

    GIVEN = "given"
    DECIDED = "decided"
    FOLLOWED = "followed"
    MEASURED = "measured"
    OUTCOME = "outcome"
    JOURNAL = "journal"


class Phase(IntEnum):
    """The order of kinds inside a tick."""

    SOURCES = 0
    OWNERSHIP = 1
    ASSETS = 2
    OPERATIONS = 3
    DEMAND = 4
    TELEMETRY = 5
    NONE = 9


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of one kind; unknown ones are refused, so that a misspelling is found."""


class Kind(msgspec.Struct, frozen=True):
    """What the twin knows of one kind of event."""

    name: str
    topic: str
    nature: Nature
    phase: Phase
    version: int
    body: type[Body]


KINDS: dict[str, Kind] = {}
B = TypeVar("B", bound=type[Body])


def _kind(
    topic: str, nature: Nature, phase: Phase = Phase.NONE, *, version: int = 1
) -> Callable[[B], B]:
    def register(body: B) -> B:
        KINDS[body.__name__] = Kind(body.__name__, topic, nature, phase, version, body)
        return body

    return register


# --- satellites --------------------------------------------------------------------------------


@_kind("satellites", Nature.MEASURED, Phase.TELEMETRY)
class SatelliteFrameReported(Body, frozen=True):
    """A shard of satellites at one tick; the body is Arrow (see ``frames``)."""


@_kind("satellites", Nature.GIVEN, Phase.ASSETS)
class SegmentRegistered(Body, frozen=True):
    """A group of assets entered the twin, with what one of them was built to do.

    ``tok_per_s`` and ``flop_per_s`` are of all accelerators of one asset together.
    """

    segment: str
    class_name: str
    basis: Basis
    mass_kg: Amount
    array_m2: Amount
    array_w: Amount
    battery_wh: Amount
    radiator_m2: Amount
    downlink_bps: Rate
    life_s: Amount
    payload_w: Amount = 0.0
    accelerators_count: AcceleratorCount = 0
    tok_per_s: Rate = 0.0
    flop_per_s: FlopRate = 0.0
    charge_efficiency_fraction: Fraction = 1.0
    charge_resolution_wh: Amount = 0.0


@_kind("satellites", Nature.GIVEN, Phase.ASSETS)
class ElementSetsPublished(Body, frozen=True):
    """A catalogue of orbital elements became the base of a segment's positions."""

    segment: str
    published_at: str
    satellites_count: AssetCount
    format: Literal["tle", "omm"]
    sha256: str


@_kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class SatellitesDeployed(Body, frozen=True):
    """Satellites of a segment were released in orbit."""

    launch_id: str
    segment: str
    satellites_count: AssetCount
    first_asset_id: AssetId
    altitude_km: AltitudeKm
    inclination_deg: InclinationDeg


@_kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class ShardOpened(Body, frozen=True):
    """A new stream of frames began for some assets of a segment."""

    shard: str
    segment: str


@_kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class AssetsAssigned(Body, frozen=True):
    """Assets report through this shard from now on; ranges are [first, last] asset ids."""

    shard: str
    segment: str
    asset_id_ranges: tuple[tuple[AssetId, AssetId], ...]
    assets_count: AssetCount


@_kind("satellites", Nature.DECIDED, Phase.ASSETS)
class ShellRetargeted(Body, frozen=True):
    """A shell was ordered to another altitude."""

    segment: str
    from_km: AltitudeKm
    to_km: AltitudeKm
    starts_at: str
    ends_at: str


@_kind("satellites", Nature.GIVEN, Phase.ASSETS)
class AssetsFailed(Body, frozen=True):
    """Assets stopped working; the energy they held is written off."""

    segment: str
    component: str
    cause: str
    asset_ids: tuple[AssetId, ...] = ()
    lost_fraction: Fraction = 0.0
    written_off_wh: Amount = 0.0


@_kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class SatellitesDeorbited(Body, frozen=True):
    """Satellites left orbit."""

    segment: str
    reason: str
    satellites_count: AssetCount
    asset_ids: tuple[AssetId, ...] = ()
    written_off_wh: Amount = 0.0


@_kind("satellites", Nature.GIVEN, Phase.OPERATIONS)
class SpaceWeatherObserved(Body, frozen=True):
    """The state of the Sun and the geomagnetic field."""

    f107_sfu: Amount
    kp_index: Amount
    proton_flux_pfu: Amount


@_kind("satellites", Nature.GIVEN, Phase.ASSETS)
class LicenceGranted(Body, frozen=True):
    """An authority allowed a number of satellites in a band of altitudes."""

    authority: str
    licence_id: str
    satellites_count: Counter
    altitude_min_km: AltitudeKm
    altitude_max_km: AltitudeKm
    milestones: tuple[str, ...] = ()


# --- workloads ---------------------------------------------------------------------------------


@_kind("workloads", Nature.MEASURED, Phase.TELEMETRY)
class AcceleratorFrameReported(Body, frozen=True):
    """The accelerator pools of a segment at one tick; the body is Arrow (see ``frames``)."""


@_kind("workloads", Nature.DECIDED, Phase.ASSETS)
class SiteEnergised(Body, frozen=True):
    """A ground site (or a part of one) came under power.

    ``tok_per_s`` and ``flop_per_s`` are of all accelerators of the site together.
    """

    site: str
    segment: str
    region: str
    model: str
    basis: Basis
    pools_count: AssetCount
    accelerators_count: AcceleratorCount
    nameplate_w: Amount
    accelerator_w: PositiveAmount
    pue_ratio: PueRatio
    supply: Supply
    tok_per_s: Rate
    flop_per_s: FlopRate


@_kind("workloads", Nature.GIVEN, Phase.OPERATIONS)
class SupplyChanged(Body, frozen=True):
    """The power a site may draw changed; ``available_w`` null means the nameplate again."""

    site: str
    available_w: Amount | None
    cause: str
    until: str | None = None


# --- ledger ------------------------------------------------------------------------------------


@_kind("ledger", Nature.GIVEN, Phase.SOURCES)
class AssumptionSet(Body, frozen=True):
    """A number nobody measured for us: with its unit, date, source and how far to trust it."""

    name: str
    value: float | str
    unit: str
    as_of: str
    source: str
    confidence: Confidence
    note: str = ""


# --- any topic ---------------------------------------------------------------------------------


@_kind("operations", Nature.GIVEN, Phase.SOURCES)
class EventCorrected(Body, frozen=True):
    """An earlier event said something wrong; the fact stays, this follows it."""

    corrects: str
    fields: dict[str, Any]
    reason: str


# --- defense (outcomes only, so far) -----------------------------------------------------------


@_kind("defense", Nature.OUTCOME)
class AlarmChanged(Body, frozen=True):
    """An alarm was raised or cleared by the fold."""

    alarm_id: str
    severity: Literal["warning", "critical"]
    state: Literal["raised", "cleared"]
    subject: str
    value: float
    threshold: float


# --- the journal's own -------------------------------------------------------------------------


@_kind("operations", Nature.JOURNAL, Phase.SOURCES)
class SourceRegistered(Body, frozen=True):
    """A source began to speak; a paced one ends each of its ticks with a seal."""

    source: str
    epoch: Counter
    is_paced: bool
    description: str
    world: str = ""
    is_assumed: bool = False
    starts_at: str = ""


@_kind("operations", Nature.JOURNAL, Phase.SOURCES)
class SourceLapsed(Body, frozen=True):
    """A paced source was silent beyond the patience; ticks close without it until it returns."""

    source: str
    epoch: Counter
    last_tick: str


@_kind("operations", Nature.JOURNAL, Phase.SOURCES)
class SourceReturned(Body, frozen=True):
    """A lapsed source speaks again; ticks wait for it as before."""

    source: str
    epoch: Counter


@_kind("operations", Nature.JOURNAL, Phase.SOURCES)
class StreamAbsent(Body, frozen=True):
    """A sealed sequence never came; the tick closed without it."""

    source: str
    epoch: Counter
    stream: str
    first_sequence: Counter
    last_sequence: Counter


@_kind("operations", Nature.JOURNAL, Phase.SOURCES)
class Quarantined(Body, frozen=True):
    """An input no one can read, kept as a dead letter; its sequence counts as received."""

    source: str
    stream: str
    sequence: Counter
    reason: str


@_kind("operations", Nature.JOURNAL, Phase.SOURCES)
class RecordEntryExcluded(Body, frozen=True):
    """An entry of an earlier record must not be folded by upgraded code, and why."""

    number: Counter
    event_id: str
    reason: str


# --- the envelope ------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, array_like=True, tag="event"):
    """A fact with its name: the body stays as it was sent."""

    identity: Identity
    kind: str
    effective_ns: int
    label: str
    body: bytes
    version: int = 1
    correlation_id: str = ""
    causation_id: str = ""


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""(kind name, from version) → the same plain data one version later; golden files keep each."""


def fact(event: Event) -> Body:
    """The body of an event in today's schema.

    ``UnknownKind`` when this code is older than the event; ``Poison`` when the bytes are not what
    the kind says.
    """
    kind = KINDS.get(event.kind)
    if kind is None or event.version > kind.version:
        raise UnknownKind(
            f"event {event.identity} of kind {event.kind} version {event.version}",
            expected=f"version {kind.version} at most" if kind else "a kind of this release",
            remedy="upgrade the twin first",
        )
    try:
        if event.version == kind.version:
            return msgspec.json.decode(event.body, type=kind.body)
        plain = msgspec.json.decode(event.body, type=dict[str, Any])
        for version in range(event.version, kind.version):
            plain = UPCASTERS[event.kind, version](plain)
        return msgspec.convert(plain, type=kind.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise Poison(f"{event.kind}: {reason}", expected=f"the fields of {event.kind}") from None


def encode_fact(body: Body) -> bytes:
    """A body as JSON, fields in the order of the class."""
    return msgspec.json.encode(body)
