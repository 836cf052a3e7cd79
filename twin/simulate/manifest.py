"""A world's launches, tick by tick: what is scheduled, flies, fails, comes back and is deployed.

Everything follows from the world's numbers, its seed and its start (or from a real log), and from
nothing that happened since: a manifest made anew says the same in every tick, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field

from twin.baseline import Baseline
from twin.simulate.countdown import Countdown, Deployed, Told, countdown_of
from twin.simulate.launch_log import LaunchLog
from twin.simulate.missions import drawn_launches, logged_launches

__all__ = ["Deployment", "LaunchTick", "Manifest", "Told", "drawn_manifest", "logged_manifest"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Satellites that join a segment in the tick of this number.

    ``because_sequence`` is the place of the launch's LaunchFlown in the stream ``launches``.
    """

    segment: str
    satellites_count: int
    launch_id: str
    tick: int
    effective_ns: int
    because_sequence: int


@dataclass(frozen=True, slots=True)
class LaunchTick:
    """What launches do in one tick: words to tell, in order, what flew, and what was deployed."""

    number: int
    told: tuple[Told, ...] = ()
    flights: tuple[str, ...] = ()
    deployments: tuple[Deployment, ...] = ()


@dataclass(slots=True, eq=False)
class Manifest:
    """The launches of a world; ask for any tick, in any order."""

    start_ns: int
    interval_ns: int
    _countdown: Countdown
    _next_ns: int = 0
    _kept: list[Told | Deployed] = field(default_factory=list)
    _instants_ns: list[int] = field(default_factory=list)

    def tick(self, number: int) -> LaunchTick:
        """All of the tick of this number, counted from 1; the first also has what was before."""
        from_ns = self.start_ns + (number - 1) * self.interval_ns
        until_ns = from_ns + self.interval_ns
        if self._next_ns < until_ns:
            for word in self._countdown.until(until_ns):
                self._kept.append(word)
                self._instants_ns.append(word.effective_ns)
            self._next_ns = self._countdown.next_ns
        first = bisect_left(self._instants_ns, from_ns)
        last = bisect_left(self._instants_ns, until_ns, first)
        if first == last:
            return LaunchTick(number)
        words = self._kept[first:last]
        return LaunchTick(
            number=number,
            told=tuple(word for word in words if isinstance(word, Told)),
            flights=tuple(word.launch_id for word in words if _is_liftoff(word)),
            deployments=tuple(
                Deployment(
                    word.segment,
                    word.satellites_count,
                    word.launch_id,
                    number,
                    word.effective_ns,
                    word.because_sequence,
                )
                for word in words
                if isinstance(word, Deployed)
            ),
        )


def drawn_manifest(
    baseline: Baseline,
    *,
    seed: int,
    start_ns: int,
    interval_ns: int,
    segments: Collection[str] | None = None,
) -> Manifest:
    """The launches a world draws from its own numbers.

    Satellites join the fleet only in ``segments``, by default those of the baseline.
    """
    known = _segments(baseline, segments)
    launches = drawn_launches(baseline, seed=seed, start_ns=start_ns, segments=known)
    countdown = countdown_of(baseline, launches, seed=seed, start_ns=start_ns)
    return Manifest(start_ns, interval_ns, countdown)


def logged_manifest(
    baseline: Baseline,
    log: LaunchLog,
    *,
    seed: int,
    start_ns: int,
    interval_ns: int,
    segments: Collection[str] | None = None,
) -> Manifest:
    """The launches of a real log, from the start of the world on.

    What flew, flies as it did. What has not flown yet flies at its date or somewhat later, with the
    luck and the boosters of a drawn world.
    """
    known = _segments(baseline, segments)
    launches = logged_launches(baseline, log, start_ns=start_ns, segments=known)
    countdown = countdown_of(baseline, launches, seed=seed, start_ns=start_ns, flown=log.launches)
    return Manifest(start_ns, interval_ns, countdown)


def _segments(baseline: Baseline, segments: Collection[str] | None) -> frozenset[str]:
    known = frozenset(plan.segment for plan in baseline.satellite_segments)
    return known if segments is None else known & frozenset(segments)


def _is_liftoff(word: Told | Deployed) -> bool:
    return isinstance(word, Told) and word.is_liftoff
