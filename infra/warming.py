"""Compiles every kernel: a small world lives a few ticks, with all that a demo does to them.

Numba compiles for the types it meets, and an array read back from a log or a snapshot is of
another type than one just made. So everything is stopped and resumed once on the way.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from infra import kernels
from infra.installation import ready_log
from streams.branching import run as run_branch
from streams.codec import observed
from streams.keeping import Keeper
from streams.log.port import Log, Outgoing
from streams.publish import Publisher
from streams.replay import as_of
from streams.sequencing import Sequencing
from streams.settings import Settings, load_settings
from streams.store.database import open_database
from streams.store.tables import LIVE
from streams.topics import INPUTS, OBSERVATIONS
from twin.baseline import load
from twin.business.ledger import K
from twin.business.revenue import worn
from twin.physics.sunlight import illumination_fraction
from twin.region_grid import region_grid, regions_below
from twin.simulate.catalogue import read_catalogue
from twin.simulate.world import World
from twin.units import NS_PER_S, parse_instant
from twin.whatif.scenario import read_scenario

INTERVAL_NS = 60 * NS_PER_S
SATELLITES_COUNT = 60
TICKS_COUNT = 12
"""Until the script of faults has begun."""

# The first published element set of the station, NORAD 25544; public domain (CelesTrak, Vallado).
_ELEMENTS = b"""ISS (ZARYA)
1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927
2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537
"""
_ELEMENTS_AT = "2008-09-21T00:00:00Z"

_OTHERWISE = """
name: some satellites fail, and more is asked of the rest
from: start
edits:
- fail: sl-53
  fraction: 0.5
- scale: starlink
  by: 2
"""


def run() -> None:
    """Compile what is not compiled yet, saying so; a second run says that there is nothing."""
    since_s = time.monotonic()
    print("twin: compiling kernels, once …", file=sys.stderr, flush=True)
    warm()
    kernels.note_warm()
    print(f"twin: compiled in {time.monotonic() - since_s:.0f} s", file=sys.stderr, flush=True)


def warm() -> None:
    """Every kernel that is called, for every type it is called with."""
    import infra.preloaded  # noqa: F401 - it calls one, too

    drawn = World(
        load("2029"),
        seed=1,
        start_ns=parse_instant("2029-01-01T00:00:00Z"),
        interval_ns=INTERVAL_NS,
        has_faults=True,
        satellites_count=SATELLITES_COUNT,
    )
    catalogued = World(
        load("2026"),
        seed=1,
        start_ns=parse_instant(_ELEMENTS_AT),
        interval_ns=INTERVAL_NS,
        catalogue=read_catalogue(_ELEMENTS),
    )
    # What the API alone calls.
    regions_below(region_grid(load("2029").regions), np.zeros((1, 3)))
    illumination_fraction(np.zeros((1, 3)), np.zeros(3))
    worn(np.zeros(len(K), dtype=np.int64), 0, 1)
    for world, ticks_count in ((drawn, TICKS_COUNT), (catalogued, 2)):
        with tempfile.TemporaryDirectory() as folder:
            settings = load_settings({"TWIN_SNAPSHOT_TICKS": "1"}, directory=Path(folder))
            for _ in range(2):
                _live(settings, world, ticks_count)
            if world is drawn:
                _branch(settings)


def _live(settings: Settings, world: World, ticks_count: int) -> None:
    """Some ticks from wherever the folder is; then the twin as it was, once more."""
    log = ready_log(settings)
    starts = {topic: _ends(log, topic) for topic in INPUTS}
    publisher = Publisher(log, world)
    for _ in range(ticks_count):
        publisher.publish()
    _observe(log, starts)
    Sequencing(log).take_all()
    engine = open_database(settings.database_url)
    keeper = Keeper(log, engine, snapshot_ticks=settings.snapshot_ticks)
    keeper.resume()
    keeper.take_all()
    as_of(log, engine, LIVE, keeper.twin.tick_ns)
    engine.dispose()
    log.close()


def _branch(settings: Settings) -> None:
    """What was lived, otherwise: with fewer satellites, and more asked of them."""
    log, engine = ready_log(settings), open_database(settings.database_url)
    run_branch(log, engine, read_scenario(_OTHERWISE))
    engine.dispose()
    log.close()


def _ends(log: Log, topic: str) -> list[int]:
    return [log.span(topic, place).end for place in range(log.topics()[topic].partitions)]


def _observe(log: Log, starts: dict[str, list[int]]) -> None:
    """Observe what lies beyond these offsets."""
    observations = [
        Outgoing(
            OBSERVATIONS,
            0,
            key=None,
            headers=(),
            value=observed(message)[1],
            timestamp_ns=message.timestamp_ns,
        )
        for topic, offsets in starts.items()
        for partition, start in enumerate(offsets)
        for message in log.read(topic, partition, start, limit=10_000, max_bytes=1 << 30)
    ]
    log.append(observations)
