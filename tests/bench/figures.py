"""A benchmark's result: what was measured, beside what a user would pick instead."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One line of the table; ``beside`` names the alternative, measured in the same run."""

    name: str
    value: float
    unit: str
    wanted: str = ""
    beside: str = ""
    beside_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the alternative it is."""
        return self.value / self.beside_value if self.beside_value else None


def best_s(work: Callable[[], object], *, repeats_count: int) -> float:
    """The shortest of some runs, after one that does not count: what the machine can do."""
    work()
    times = []
    for _ in range(repeats_count):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
