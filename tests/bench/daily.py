"""A day of the whole group: simulated, folded, and run again under a scenario."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from streams.branching import run
from streams.journal import records
from tests.bench.figures import Figure, best_s
from tests.one_process import OneProcess
from twin.baseline import load
from twin.evolve import evolve
from twin.records import Chain, Record
from twin.simulate.world import World
from twin.state import Twin
from twin.units import NS_PER_S, parse_instant
from twin.whatif.shipped import shipped_names, shipped_scenario

TICKS_COUNT = 1_440
SATELLITES_COUNT = 300
"""So few, because neither fold nor scenario knows how many report: a record has totals."""

WARM_COUNT = 20
SIMULATED_COUNT = 60
"""Ticks of the day that are simulated at a time; none is unlike the others."""


def figures() -> Iterator[Figure]:
    """1,440 ticks of a minute with launches, work, money, promises and owners."""
    yield _simulated()
    with (
        tempfile.TemporaryDirectory() as folder,
        OneProcess(
            Path(folder), baseline=load("2029"), satellites_count=SATELLITES_COUNT
        ) as recorded,
    ):
        recorded.run(TICKS_COUNT)
        day = [entry.record for entry in records(recorded.log, Chain(), start=0)]
        yield Figure(
            "fold a recorded day of the group, 1,440 ticks",
            best_s(lambda: _folded(day), repeats_count=3),
            "s",
            wanted="≤ 1",
        )
        twice_s = 2 * best_s(lambda: _read_and_folded(recorded), repeats_count=3)
        for name in shipped_names():
            yield Figure(
                f"a scenario over a recorded day, {name}",
                best_s(
                    lambda name=name: run(recorded.log, recorded.engine, shipped_scenario(name)),
                    repeats_count=3,
                ),
                "s",
                wanted="≤ 2",
                beside="two folds of the log, each by itself",
                beside_value=twice_s,
            )


def _simulated() -> Figure:
    """The plant of the whole fleet, from orbit to telemetry; nothing is sent."""
    world = World(
        load("2029"),
        seed=1,
        start_ns=parse_instant("2029-01-01T00:00:00Z"),
        interval_ns=60 * NS_PER_S,
    )
    state = world.start()
    for _ in range(WARM_COUNT):
        state, _ = world.step(state)

    def step() -> None:
        after = state
        for _ in range(SIMULATED_COUNT):
            after, _ = world.step(after)

    return Figure(
        f"a simulated day of the whole group, {world.satellites_count:,} satellites, not sent",
        best_s(step, repeats_count=4) * TICKS_COUNT / SIMULATED_COUNT,
        "s",
        wanted="≤ 10",
    )


def _folded(day: list[Record]) -> Twin:
    twin = Twin()
    for record in day:
        twin = evolve(twin, record).twin
    return twin


def _read_and_folded(recorded: OneProcess) -> Twin:
    return _folded([entry.record for entry in records(recorded.log, Chain(), start=0)])
