"""Observing: rows a second on one core, from Arrow bytes to summary."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.figures import Figure, best_s
from tests.bench.plain_numpy import observed
from twin.baseline import load
from twin.frames import decode_frame
from twin.identity import Identity, digest_of
from twin.observe import observe
from twin.simulate.world import World
from twin.summaries import FrameRef
from twin.units import parse_instant

ROWS_COUNT = 20_000


def figures() -> Iterator[Figure]:
    """One full frame of the simulated fleet, observed over and over."""
    body = full_frame()
    ref = FrameRef(Identity("w", 1, "s", 1), "satellites", 0, 0, digest_of(body), "sl", ROWS_COUNT)
    ours = ROWS_COUNT / best_s(lambda: observe(decode_frame(body), ref), repeats_count=60)
    plain = ROWS_COUNT / best_s(lambda: observed(decode_frame(body)), repeats_count=6)
    yield Figure(
        "observe, Arrow bytes to summary, one core",
        ours,
        "rows/s",
        wanted="≥ 10 M",
        beside="plain numpy",
        beside_value=plain,
    )


def full_frame() -> bytes:
    """A frame of 20,000 satellites as the world sends it."""
    start_ns = parse_instant("2029-01-01T00:00:00Z")
    world = World(
        load("2029"),
        seed=1,
        start_ns=start_ns,
        interval_ns=10**9,
        satellites_count=100_000,
        has_noise=True,
    )
    _, tick = world.step(world.start())
    return max((sent.body for sent in tick.messages), key=len)
