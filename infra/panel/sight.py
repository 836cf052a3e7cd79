"""What is seen of a running demo, as values: made by one process, shown by another."""

from __future__ import annotations

from typing import Protocol

import msgspec

from infra.world.file import WorldChoice


class Power(msgspec.Struct, frozen=True):
    """What a place was supplied with and used, and what its batteries hold."""

    supplied_w: float
    used_w: float
    compute_w: float
    charge_fraction: float | None


class Compute(msgspec.Struct, frozen=True):
    """Accelerators of a place: what could work, and what did."""

    installed_count: int
    available_count: int
    delivered_count: int


class Place(msgspec.Struct, frozen=True):
    """Orbit, or the ground."""

    power: Power
    compute: Compute


class SegmentFacts(msgspec.Struct, frozen=True):
    """One segment: its assets, their power, and what limits most of them."""

    segment: str
    is_ground: bool
    installed_count: int
    up_count: int
    sunlit_fraction: float | None
    charge_fraction: float | None
    supplied_w: float
    used_w: float
    binding_constraint: str


class OpenAlert(msgspec.Struct, frozen=True):
    """An alarm that stands: which, how bad, and the assets it names."""

    alarm_id: str
    severity: str
    value: float
    threshold: float
    asset_ids: tuple[int, ...]


class Earning(msgspec.Struct, frozen=True):
    """What a reporting segment of the filed accounts comes to in a year, as it earns now."""

    reporting_segment: str
    run_rate_usd_per_y: float


class NextAtRisk(msgspec.Struct, frozen=True):
    """The promise that breaks next at its trend, or else whose window ends next."""

    commitment_id: str
    left_s: float
    is_breaking: bool


class Promises(msgspec.Struct, frozen=True):
    """Promises that run now: how many are kept, those at risk among them, and the next to watch."""

    running_count: int
    kept_count: int
    at_risk_count: int
    next: NextAtRisk | None


class Lift(msgspec.Struct, frozen=True):
    """Launches after a tick of this number: flown, failed of those, and the next to fly, if any."""

    number: int
    flown_count: int
    failed_count: int
    next_vehicle: str = ""
    next_net_ns: int = 0


class Facts(msgspec.Struct, frozen=True):
    """One committed tick for people."""

    number: int
    tick_ns: int
    hash: str
    rows_count: int
    not_applied_count: int
    lag_s: float | None
    satellites_count: int
    satellites_up_count: int
    sunlit_fraction: float | None
    downlink_available_bps: int
    downlink_delivered_bps: int
    orbit: Place
    ground: Place
    revenue: tuple[Earning, ...]
    consolidated_usd_per_y: float
    served_tok_per_s: float
    promises: Promises
    segments: tuple[SegmentFacts, ...]
    alerts: tuple[OpenAlert, ...]


class Verdict(msgspec.Struct, frozen=True):
    """How far the hashes of a check replay were compared, and all agreed.

    ``stopped`` is why none after that will be, and empty while it goes on.
    """

    number: int = 0
    tick_ns: int = 0
    stopped: str = ""


class Seen(msgspec.Struct, frozen=True):
    """What one look at the log and the read model found; ``facts`` is None before a tick.

    ``published_count``, ``closed_count`` and ``committed_count`` are ticks: sealed by the world,
    in the journal, in the read model.
    """

    facts: Facts | None = None
    lift: Lift | None = None
    verdict: Verdict = Verdict()
    published_count: int = 0
    closed_count: int = 0
    committed_count: int = 0


class Sight(msgspec.Struct, frozen=True):
    """All there is to show at one moment; ``note`` is the last line a process wrote to stderr."""

    seen: Seen
    ticks_per_s: float | None
    is_stopping: bool
    note: str


class Setting(msgspec.Struct, frozen=True):
    """What does not change while the demo runs; ``begun_count`` ticks were closed before it.

    ``remark`` is what to know of a world that starts before its numbers; empty for any other.
    """

    choice: WorldChoice
    is_assumed: bool
    directory: str
    url: str
    begun_count: int = 0
    remark: str = ""

    @property
    def before(self) -> str:
        """Where it stands until the first tick of this run is seen."""
        number = self.begun_count
        return f"before the first tick after {number:,}" if number else "before the first tick"


class Display(Protocol):
    """Lines, or a panel."""

    def show(self, sight: Sight) -> None:
        """Show it, unless the last one was shown a moment ago."""

    def close(self, sight: Sight) -> None:
        """Show the last one and let go of the terminal."""
