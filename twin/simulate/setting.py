"""What a world is set in: its numbers, seed, ticks and script, alike from first tick to last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.arrays import FloatArray
from twin.baseline import Baseline
from twin.errors import BadInput
from twin.region_grid import RegionGrid, region_grid
from twin.simulate.faults import Strike
from twin.units import NS_PER_S, is_tick

EPOCH: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Whatever every part of a world needs to know; ``weights`` follow ``grid.names``."""

    baseline: Baseline
    source: str
    seed: int
    start_ns: int
    interval_ns: int
    strikes: tuple[Strike, ...]
    grid: RegionGrid
    weights: FloatArray

    @property
    def dt_s(self) -> float:
        """The length of a tick."""
        return self.interval_ns / NS_PER_S

    def tick_ns(self, number: int) -> int:
        """When the tick of this number ends."""
        return self.start_ns + number * self.interval_ns

    def story(self, fault: str) -> str:
        """What the messages of one fault have in common."""
        return f"{self.source}/fault/{fault}"


def setting_of(
    baseline: Baseline,
    *,
    source: str,
    seed: int,
    start_ns: int,
    interval_ns: int,
    strikes: tuple[Strike, ...],
) -> Setting:
    """The setting; ``BadInput`` where the interval does not divide an hour, in whole ms."""
    if not is_tick(interval_ns):
        raise BadInput(
            f"a tick of {interval_ns} ns",
            expected="whole milliseconds that divide an hour, such as 1 s or 60 s",
            field="interval",
        )
    grid = region_grid(baseline.regions)
    weights = [baseline.number(f"demand.region.{name}.weight_fraction") for name in grid.names]
    return Setting(
        baseline=baseline,
        source=source,
        seed=seed,
        start_ns=start_ns,
        interval_ns=interval_ns,
        strikes=strikes,
        grid=grid,
        weights=np.array(weights),
    )
