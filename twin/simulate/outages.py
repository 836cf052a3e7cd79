"""When things fail and for how long: known beforehand, from luck alone, for any instant.

An outage that ends (a safe mode, an accelerator under repair) is drawn per *window*, a stretch of
time as long as the outage lasts, so that whatever is out at an instant began in its window or in
the one before. An end that lasts (a satellite's) is one draw per asset.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.arrays import FloatArray, IntArray, UInt32Array
from twin.physics.kernel import kernel
from twin.simulate.luck import draw, uniform
from twin.simulate.purposes import Purpose
from twin.units import NS_PER_S

S_PER_Y: Final = 365.25 * 86_400.0
_PER_WINDOW_MAX_COUNT: Final = 64
_NEVER_NS: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class OutageRate:
    """How often an asset is out and how long: ``mean_count`` outages a window, of that length."""

    purpose: Purpose
    instant_purpose: Purpose
    duration_ns: int
    mean_count: float

    def window(self, instant_ns: int) -> int:
        """The window an instant lies in."""
        return instant_ns // self.duration_ns


@dataclass(frozen=True, slots=True, eq=False)
class Outages:
    """Every outage that touches one window: rows of the shard, and from and until when."""

    window: int
    row: IntArray
    from_ns: IntArray
    until_ns: IntArray

    def rows_out(self, instant_ns: int) -> IntArray:
        """The rows that are out at an instant, one entry per outage."""
        return self.row[(self.from_ns <= instant_ns) & (instant_ns < self.until_ns)]


def outage_rate(
    purpose: Purpose, instant_purpose: Purpose, *, per_year: float, duration_s: float
) -> OutageRate:
    """The rate of what happens ``per_year`` times a year to an asset and lasts ``duration_s``."""
    return OutageRate(
        purpose=purpose,
        instant_purpose=instant_purpose,
        duration_ns=round(duration_s) * NS_PER_S,
        mean_count=per_year * duration_s / S_PER_Y,
    )


def outages(seed: int, rate: OutageRate, *, assets: UInt32Array, window: int) -> Outages:
    """The outages that can matter within a window: its own and those of the window before."""
    thresholds = _poisson_thresholds(rate.mean_count)
    parts = [
        _begun_in(
            seed,
            int(rate.purpose),
            int(rate.instant_purpose),
            assets,
            begun,
            rate.duration_ns,
            thresholds,
        )
        for begun in (window - 1, window)
    ]
    row = np.concatenate([part[0] for part in parts])
    from_ns = np.concatenate([part[1] for part in parts])
    return Outages(window, row, from_ns, from_ns + rate.duration_ns)


def ends_ns(seed: int, *, assets: UInt32Array, start_ns: int, per_year: float) -> IntArray:
    """When each asset fails for good, shape ``(n,)``: an exponential life from ``start_ns`` on."""
    ends = np.full(assets.size, _NEVER_NS, dtype=np.int64)
    if per_year > 0.0:
        _fill_ends(seed, int(Purpose.SATELLITE_LIFE), assets, start_ns, per_year, ends)
    return ends


def _poisson_thresholds(mean_count: float) -> FloatArray:
    """Chances of at most 0, 1, 2 … outages in a window; a draw below the first one means none."""
    thresholds, chance, total = [], math.exp(-mean_count), 0.0
    for count in range(_PER_WINDOW_MAX_COUNT):
        total += chance
        thresholds.append(total)
        chance *= mean_count / (count + 1)
    return np.array(thresholds)


@kernel
def _begun_in(
    seed: int,
    purpose: int,
    instant_purpose: int,
    assets: UInt32Array,
    window: int,
    duration_ns: int,
    thresholds: FloatArray,
) -> tuple[IntArray, IntArray]:
    counts = np.zeros(assets.size, dtype=np.int64)
    for row in range(assets.size):
        chance = uniform(draw(seed, purpose, assets[row], window)[0])
        while counts[row] < thresholds.size and chance >= thresholds[counts[row]]:
            counts[row] += 1
    rows = np.empty(counts.sum(), dtype=np.int64)
    from_ns = np.empty(rows.size, dtype=np.int64)
    place = 0
    for row in range(assets.size):
        for turn in range(counts[row]):
            words = draw(seed, instant_purpose, assets[row], window * thresholds.size + turn)
            rows[place] = row
            from_ns[place] = window * duration_ns + np.int64(uniform(words[0]) * duration_ns)
            place += 1
    return rows, from_ns


@kernel
def _fill_ends(
    seed: int, purpose: int, assets: UInt32Array, start_ns: int, per_year: float, ends: IntArray
) -> None:
    # Beyond two centuries nanoseconds leave 64 bits; nobody waits that long.
    longest_s = 100.0 * S_PER_Y
    for row in range(assets.size):
        chance = uniform(draw(seed, purpose, assets[row], 0)[0])
        life_s = -math.log(1.0 - chance) / per_year * S_PER_Y
        if life_s < longest_s:
            ends[row] = start_ns + np.int64(life_s * 1e9)
