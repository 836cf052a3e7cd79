"""Compiles every kernel by living a few ticks of small worlds, each with what they say observed."""

from __future__ import annotations

from collections.abc import Callable

from infra import kernels
from twin.baseline import load
from twin.frames import decode_frame
from twin.identity import digest_of
from twin.observe import observe
from twin.simulate.catalogue import read_catalogue
from twin.simulate.outbox import ARROW
from twin.simulate.world import World, WorldTick
from twin.summaries import FrameRef
from twin.units import NS_PER_S, parse_instant

INTERVAL_NS = 60 * NS_PER_S
SATELLITES_COUNT = 60

# The first published element set of the station, NORAD 25544; public domain (CelesTrak, Vallado).
_ELEMENTS = b"""ISS (ZARYA)
1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927
2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537
"""
_ELEMENTS_AT = "2008-09-21T00:00:00Z"


def warm(say: Callable[[str], None]) -> None:
    """Compile what is not compiled yet; ``say`` is told what comes next."""
    say("orbits, plant and observer")
    drawn = World(
        load("2029"),
        seed=1,
        start_ns=parse_instant("2029-01-01T00:00:00Z"),
        interval_ns=INTERVAL_NS,
        has_faults=True,
        satellites_count=SATELLITES_COUNT,
    )
    _live(drawn)
    say("catalogues")
    catalogued = World(
        load("2026"),
        seed=1,
        start_ns=parse_instant(_ELEMENTS_AT),
        interval_ns=INTERVAL_NS,
        catalogue=read_catalogue(_ELEMENTS),
    )
    _live(catalogued)
    kernels.note_warm()


def _live(world: World) -> None:
    """Two ticks, then a third after a restart: arrays read back are of another type to numba."""
    state, _ = world.step(world.start())
    state, tick = world.step(state)
    _observe(tick)
    frames = {sent.key: sent.body for sent in tick.messages if sent.content_type == ARROW}
    world.step(world.resume(tick.seal, frames))


def _observe(tick: WorldTick) -> None:
    for offset, sent in enumerate(tick.messages):
        if sent.content_type == ARROW:
            frame = decode_frame(sent.body)
            place = FrameRef(
                identity=sent.identity,
                topic=sent.topic,
                partition=0,
                offset=offset,
                digest=digest_of(sent.body),
                segment=frame.spec.segment,
                rows_count=frame.rows_count,
            )
            observe(frame, place)
