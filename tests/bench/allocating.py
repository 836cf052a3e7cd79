"""Allocating: the time one tick's sharing takes, with enough for all and with too little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.bench.figures import Figure, best_s
from tests.bench.plain_allocation import allocated
from twin.business.allocation import allocate

POOLS_COUNT, NEEDS_COUNT, PRIORITIES_COUNT = 12, 100, 10
CASES_COUNT = 12

Arguments = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def figures() -> Iterator[Figure]:
    """Twelve pools and a hundred commitments of ten priorities, allowed on half the pools each."""
    enough = case(0, wanted_fraction=0.02)
    assert np.array_equal(allocate(*enough).sum(axis=1), enough[1])
    met_s = best_s(lambda: allocate(*enough), repeats_count=200)
    yield Figure("allocate, 12 pools × 100 commitments, all met", 1e6 * met_s, "µs", wanted="≤ 100")
    scarce = [
        case(seed, wanted_fraction=fraction)
        for seed, fraction in zip(range(CASES_COUNT), (0.9, 1.0, 1.2, 3.0) * 3, strict=True)
    ]
    times_s = [best_s(lambda each=each: allocate(*each), repeats_count=60) for each in scarce]
    yield Figure(
        f"allocate, 12 × 100, the slowest of {CASES_COUNT} cases of scarcity",
        1e3 * max(times_s),
        "ms",
        wanted="≤ 1",
    )
    plain = [[column.tolist() for column in each] for each in scarce]
    plain_s = best_s(lambda: [allocated(*each) for each in plain], repeats_count=1)
    yield Figure(
        "allocate, all of these cases",
        CASES_COUNT / sum(times_s),
        "calls/s",
        wanted="≥ 1,000",
        beside="plain Python",
        beside_value=CASES_COUNT / plain_s,
    )


def case(seed: int, *, wanted_fraction: float) -> Arguments:
    """Supply and demand in one proportion, scattered over six orders of magnitude."""
    luck = np.random.default_rng(seed)
    available = (10.0 ** luck.uniform(3, 9, POOLS_COUNT)).astype(np.int64)
    wanted = luck.random(NEEDS_COUNT)
    wanted *= wanted_fraction * available.sum() / wanted.sum()
    priority = luck.integers(0, PRIORITIES_COUNT, NEEDS_COUNT)
    allowed = luck.random((NEEDS_COUNT, POOLS_COUNT)) < 0.5
    return available, wanted.astype(np.int64), priority, allowed
