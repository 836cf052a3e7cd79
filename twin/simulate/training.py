"""Training runs of a world: one after the other on each line, as planned.

A run is as much work as its accelerators do in its time when nothing is displaced. The next one is
submitted when it was planned to be done, so that when is a function of the plan alone. What was
running when the world opens has the rest of its work to do.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from twin.baseline import Baseline
from twin.events import WorkloadSubmitted
from twin.simulate.luck import draw, uniform
from twin.simulate.purposes import Purpose
from twin.units import NS_PER_S, instant_text

TRAINING: Final = "training"
BACKGROUND_PRIORITY: Final = 7
"""After all that customers wait for."""

_LINES: Final = (
    ("pretraining", (("c2-gb200",),)),
    ("midtraining", (("c2-gb300", "c-unlisted"),)),
    ("reinforcement", (("ai1-sso",), ("c-unlisted",))),
    ("experiments", (("c1-h100",),)),
)
"""Each line with where it runs: the first of these places that a world has any of. A place is of
one model of accelerator, so that the time a run takes is known."""


@dataclass(frozen=True, slots=True)
class Line:
    """Runs that follow each other; the first began at ``begins_ns``, before the world."""

    name: str
    segments: tuple[str, ...]
    accelerators_count: int
    flop_per_s: float
    duration_ns: int
    begins_ns: int
    opens_ns: int

    def running(self, tick_ns: int) -> WorkloadSubmitted:
        """The run that is planned to run at the end of a tick."""
        return self._run((tick_ns - self.begins_ns - 1) // self.duration_ns)

    def submitted(self, start_ns: int, tick_ns: int) -> Iterator[tuple[WorkloadSubmitted, int]]:
        """The runs submitted in the tick [start, tick), each with when."""
        if start_ns == self.opens_ns:
            yield self._run((start_ns - self.begins_ns) // self.duration_ns), start_ns
        turn = (start_ns - self.begins_ns - 1) // self.duration_ns + 1
        while (at_ns := self.begins_ns + turn * self.duration_ns) < tick_ns:
            if at_ns > self.opens_ns:
                yield self._run(turn), at_ns
            turn += 1

    def _run(self, turn: int) -> WorkloadSubmitted:
        begins_ns = self.begins_ns + turn * self.duration_ns
        ends_ns = begins_ns + self.duration_ns
        left_s = (ends_ns - max(begins_ns, self.opens_ns)) / NS_PER_S
        return WorkloadSubmitted(
            workload_id=f"{self.name}-{turn + 1:04d}",
            service=TRAINING,
            accelerators_count=self.accelerators_count,
            work_flop=self.flop_per_s * left_s,
            priority=BACKGROUND_PRIORITY,
            deadline_at=instant_text(ends_ns),
            location_limit=self.segments,
        )


def training_lines(
    baseline: Baseline, segments: frozenset[str], *, seed: int, start_ns: int
) -> tuple[Line, ...]:
    """The lines that have a place among the segments of a world."""
    speeds = {
        plan.segment: baseline.satellite_class(plan.class_name).accelerator_flop_per_s
        for plan in baseline.satellite_segments
    }
    speeds |= {site.segment: site.accelerator_flop_per_s for site in baseline.sites}
    efficiency = baseline.number("compute.training_efficiency_fraction")
    lines = []
    for name, places in _LINES:
        in_world = (tuple(each for each in place if each in segments) for place in places)
        found = next((place for place in in_world if place), ())
        if not found:
            continue
        count = round(baseline.number(f"training.{name}.accelerators_count"))
        duration_ns = round(baseline.number(f"training.{name}.duration_s") * NS_PER_S)
        # How far the run is that the world opens with.
        words = draw(seed, int(Purpose.TRAINING), zlib.crc32(name.encode()), 0)
        begins_ns = start_ns - int(uniform(words[0]) * duration_ns)
        speed = count * efficiency * speeds[found[0]]
        lines.append(Line(name, found, count, speed, duration_ns, begins_ns, start_ns))
    return tuple(lines)
