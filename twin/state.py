"""The twin: the value of the fold, in slices that change at different paces.

Arrays are aligned with ``Fleet.keys``: one row a segment, sorted by name. Every slice is frozen;
a tick makes new slices of what changed and shares the rest. There is one slice of each kind per
label, so that what one reader may not see can be left out whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Literal

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.asset_ranges import Range
from twin.business.cap_tables import CapTables
from twin.business.commitments import Promises
from twin.business.ledger import Ledger
from twin.business.market import Market
from twin.business.revenue import Revenue
from twin.business.services import Demand, Services, Work
from twin.business.windows import Windows
from twin.events import AssumptionSet, SegmentRegistered, SiteEnergised
from twin.fold.launches import Launches
from twin.hashing import Slice
from twin.labels import PUBLIC
from twin.quantities import QUANTITIES_COUNT
from twin.regions import ORBIT
from twin.summaries import Anomaly

_JSON = msgspec.json.Encoder(order="deterministic")


class SourceState(msgspec.Struct, frozen=True):
    """A source as far as the twin knows it."""

    source: str
    epoch: int
    is_paced: bool
    description: str
    world: str
    is_assumed: bool
    is_lapsed: bool = False
    quarantined_count: int = 0
    last_quarantined_ns: int = 0


class Limits(msgspec.Struct, frozen=True, eq=False):
    """The alarm thresholds in force; before any is assumed nothing is alarming."""

    silent_fraction: float = 1.0
    failed_fraction: float = 1.0
    unaccounted_fraction: float = 1.0
    anomalous_fraction: float = 1.0
    clear_below_fraction: float = 1.0
    """Of its threshold: an alarm that was raised stays until its value is no higher than that."""
    raise_after_count: int = 1
    clear_after_count: int = 1


class Registry(msgspec.Struct, frozen=True, eq=False):
    """Sources and assumptions: what the twin has been told about those who tell it things."""

    sources: Mapping[str, SourceState] = msgspec.field(default_factory=dict)
    assumptions: Mapping[str, AssumptionSet] = msgspec.field(default_factory=dict)
    limits: Limits = msgspec.field(default_factory=Limits)

    def number(self, name: str, default: float = 0.0) -> float:
        """An assumed number, or the default where none is told."""
        found = self.assumptions.get(name)
        return float(found.value) if found and not isinstance(found.value, str) else default

    def encoded(self) -> bytes:
        # The limits follow from the assumptions.
        return _JSON.encode((sorted(self.sources.items()), sorted(self.assumptions.items())))


class Segment(msgspec.Struct, frozen=True):
    """A group of assets: how many, and what one was built to do.

    ``asset_id_ranges`` are the ids of all that were ever assigned to it.
    """

    name: str
    as_built: SegmentRegistered | None = None
    site: SiteEnergised | None = None
    installed_count: int = 0
    asset_id_ranges: tuple[Range, ...] = ()
    shards_count: int = 0
    supply_w: float | None = None
    supply_cause: str = ""
    supply_until_ns: int = 0


class C(IntEnum):
    """Columns of ``Fleet.constants``, one row a segment."""

    BATTERY_MWH = 0
    CHARGE_LOSS_PPM = 1
    CHARGE_RESOLUTION_MWH = 2
    COOLING_PPM = 3
    IS_GRID = 4
    INSTALLED_COUNT = 5
    SHARDS_COUNT = 6
    SUPPLY_MW = 7  # −1: no limit beyond the nameplate
    NAMEPLATE_MW = 8
    IS_GROUND = 9


class Fleet(msgspec.Struct, frozen=True, eq=False):
    """The segments of one label, and what the closing of a tick needs of them.

    ``keys`` are their names, ``totals_keys`` the same as (label, name), ``constants`` integers;
    ``supply_until_ns`` is when the next limit of supply ends, 0 for never.
    """

    label: str = PUBLIC
    segments: tuple[Segment, ...] = ()
    keys: tuple[str, ...] = ()
    totals_keys: tuple[tuple[str, str], ...] = ()
    constants: IntArray = frozen(np.zeros((0, len(C)), np.int64))
    supply_until_ns: int = 0

    def encoded(self) -> bytes:
        return _JSON.encode(self.segments)


class E(IntEnum):
    """Columns of the energy book, one row a segment."""

    GENERATED = 0
    IMPORTED = 1
    DISCHARGED = 2
    BUS = 3
    PAYLOAD = 4
    COMPUTE = 5
    COOLING = 6
    CHARGED = 7
    LOST = 8
    CURTAILED = 9
    UNACCOUNTED = 10
    WRITTEN_OFF = 11


class Telemetry(msgspec.Struct, frozen=True, eq=False):
    """The last totals of each segment, shape ``(segments, regions, quantities)``, and anomalies."""

    regions: tuple[str, ...] = (ORBIT,)
    matrix: IntArray = frozen(np.zeros((0, 1, QUANTITIES_COUNT), np.int64))
    sums: IntArray = frozen(np.zeros((0, QUANTITIES_COUNT), np.int64))
    anomalies: tuple[Anomaly, ...] = ()

    def encoded(self) -> bytes:
        # The sums follow from the matrix.
        return (
            _JSON.encode((self.regions, self.anomalies))
            + self.matrix.astype("<i8", copy=False).tobytes()
        )


class Energy(msgspec.Struct, frozen=True, eq=False):
    """The energy book of each segment.

    ``flows_mw`` are this tick's mean powers, ``total_mwh`` what they came to so far, ``carry`` the
    part of a milliwatt-hour not booked yet (in milliwatt-milliseconds), all of shape
    ``(segments, len(E))``. ``charge_mwh`` is what batteries held when all shards last reported,
    −1 before they ever did.
    """

    flows_mw: IntArray = frozen(np.zeros((0, len(E)), np.int64))
    total_mwh: IntArray = frozen(np.zeros((0, len(E)), np.int64))
    carry: IntArray = frozen(np.zeros((0, len(E)), np.int64))
    charge_mwh: IntArray = frozen(np.zeros(0, np.int64))

    def encoded(self) -> bytes:
        return b"".join(
            array.astype("<i8", copy=False).tobytes()
            for array in (self.flows_mw, self.total_mwh, self.carry, self.charge_mwh)
        )


class Alarm(msgspec.Struct, frozen=True):
    """Something is not as it should be; ``raised_ns`` is the tick it was raised in."""

    alarm_id: str
    subject: str
    severity: Literal["warning", "critical"]
    value: float
    threshold: float
    raised_ns: int
    asset_ids: tuple[int, ...] = ()


class Alarms(msgspec.Struct, frozen=True, eq=False):
    """Open alarms by id; ``streak`` counts ticks in a row, shape ``(segments, conditions)``.

    A positive streak is ticks with the condition, a negative one ticks without.
    """

    open: Mapping[str, Alarm] = msgspec.field(default_factory=dict)
    streak: IntArray = frozen(np.zeros((0, 0), np.int64))

    def encoded(self) -> bytes:
        return (
            _JSON.encode(sorted(self.open.items()))
            + self.streak.astype("<i8", copy=False).tobytes()
        )


class Bill(msgspec.Struct, frozen=True, eq=False):
    """The parts of a micro-dollar of energy not billed yet, one for each segment of a fleet."""

    carry: IntArray = frozen(np.zeros(0, np.int64))

    def encoded(self) -> bytes:
        return self.carry.astype("<i8", copy=False).tobytes()


BY_LABEL: Final = (
    "alarms",
    "bills",
    "demand",
    "energy",
    "fleets",
    "launches",
    "ledgers",
    "ownership",
    "promises",
    "revenues",
    "services",
    "telemetry",
    "windows",
    "work",
)
"""The slices there is one of for each label."""


class Twin(msgspec.Struct, frozen=True, eq=False):
    """Everything that decides a later view, after the tick that ends at ``tick_ns``."""

    number: int = 0
    start_ns: int = 0
    tick_ns: int = 0
    registry: Registry = msgspec.field(default_factory=Registry)
    fleets: Mapping[str, Fleet] = msgspec.field(default_factory=dict)
    telemetry: Mapping[str, Telemetry] = msgspec.field(default_factory=dict)
    energy: Mapping[str, Energy] = msgspec.field(default_factory=dict)
    alarms: Mapping[str, Alarms] = msgspec.field(default_factory=dict)
    launches: Mapping[str, Launches] = msgspec.field(default_factory=dict)
    services: Mapping[str, Services] = msgspec.field(default_factory=dict)
    demand: Mapping[str, Demand] = msgspec.field(default_factory=dict)
    work: Mapping[str, Work] = msgspec.field(default_factory=dict)
    ledgers: Mapping[str, Ledger] = msgspec.field(default_factory=dict)
    revenues: Mapping[str, Revenue] = msgspec.field(default_factory=dict)
    bills: Mapping[str, Bill] = msgspec.field(default_factory=dict)
    ownership: Mapping[str, CapTables] = msgspec.field(default_factory=dict)
    promises: Mapping[str, Promises] = msgspec.field(default_factory=dict)
    windows: Mapping[str, Windows] = msgspec.field(default_factory=dict)
    market: Market = msgspec.field(default_factory=Market)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted(self.fleets))

    @property
    def interval_ms(self) -> int:
        return (self.tick_ns - self.start_ns) // 1_000_000

    def slices(self) -> dict[str, Slice]:
        """Every slice by name: module, then label."""
        parts: dict[str, Slice] = {"registry/public": self.registry}
        for module in BY_LABEL:
            by_label: Mapping[str, Slice] = getattr(self, module)
            for label, part in by_label.items():
                parts[f"{module}/{label}"] = part
        return parts
