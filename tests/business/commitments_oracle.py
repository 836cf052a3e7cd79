"""Promises judged again, slow and obvious: from all ticks so far, with fractions, one at a time.

Written from the rules: a span is open at its start and closed at its end; a tick belongs to the
window that holds its end; bad ticks in a row are one outage, which counts once it is long enough,
and in the window that runs with all its ticks in there; a waived tick is never bad; a breach opens
when more of the window is bad than may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Terms:
    """What is in force in one tick; times are whole seconds from the start of the promise."""

    promised_qty: int
    allowed: Fraction
    window_s: int
    outage_min_s: int
    ends_s: int


@dataclass(frozen=True)
class Tick:
    start_s: int
    end_s: int
    granted_qty: int
    terms: Terms
    is_waived: bool

    @property
    def is_bad(self) -> bool:
        return not self.is_waived and self.granted_qty < self.terms.promised_qty


def window_of(tick: Tick) -> int:
    """Number of the window, counted from 0; windows keep their length in these tests."""
    return (tick.end_s - 1) // tick.terms.window_s


def budget_s(tick: Tick) -> Fraction:
    """What of the tick's window may be bad; the last one is cut off where the promise ends."""
    start_s = window_of(tick) * tick.terms.window_s
    return (min(start_s + tick.terms.window_s, tick.terms.ends_s) - start_s) * tick.terms.allowed


def bad_s(ticks: list[Tick]) -> int:
    """Bad time in the window of the last tick, as it counts at that tick."""
    return sum(
        tick.end_s - tick.start_s
        for outage in outages(ticks)
        for tick in outage
        if counts_by(outage, tick, ticks) and window_of(tick) == window_of(ticks[-1])
    )


def outages(ticks: list[Tick]) -> list[list[Tick]]:
    """Runs of bad ticks."""
    runs: list[list[Tick]] = [[]]
    for tick in ticks:
        if tick.is_bad:
            runs[-1].append(tick)
        else:
            runs.append([])
    return [run for run in runs if run]


def counts_by(outage: list[Tick], tick: Tick, ticks: list[Tick]) -> bool:
    """Whether a tick of an outage counts: in its window, the outage came to last long enough."""
    return any(
        later.end_s - outage[0].start_s >= later.terms.outage_min_s
        for later in outage
        if later.end_s >= tick.end_s and window_of(later) == window_of(tick)
    )


def is_over(ticks: list[Tick]) -> bool:
    """Whether more of the last tick's window is bad than may be; a waived tick judges nothing."""
    return not ticks[-1].is_waived and bad_s(ticks) > budget_s(ticks[-1])
