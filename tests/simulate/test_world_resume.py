from __future__ import annotations

import random

import pytest
from worlds import (
    CATALOGUE_START_NS,
    MINUTE_NS,
    baseline_of,
    bodies,
    planned,
    small_catalogue,
    small_world,
    ticks,
)

from twin.errors import BadInput
from twin.observations import Sealed
from twin.simulate.world import World

TICKS_COUNT = 200


def drawn_world() -> World:
    # Ticks of five minutes: in 200 of them the windows that outages are drawn in change.
    return small_world(has_faults=True, interval_ns=5 * MINUTE_NS, shard_rows_max_count=10)


def catalogued_world() -> World:
    return small_world(
        baseline_of("2026"),
        start_ns=CATALOGUE_START_NS,
        interval_ns=5 * MINUTE_NS,
        satellites_count=None,
        catalogue=small_catalogue(range(44001, 44030)),
        has_faults=True,
    )


@pytest.mark.parametrize("build", [drawn_world, catalogued_world])
def test_a_world_killed_and_resumed_says_the_same_bytes_as_one_never_killed(build) -> None:
    never_killed = list(ticks(build(), TICKS_COUNT))
    deaths = sorted(random.Random(3).sample(range(1, TICKS_COUNT), 15))

    said = []
    for begin, end in zip([0, *deaths], [*deaths, TICKS_COUNT], strict=True):
        world = build()
        state = world.resume(said[-1].seal, bodies(said[-1])) if said else world.start()
        said += ticks(world, end - begin, state)

    assert said == never_killed


def test_a_poisoned_frame_in_the_last_tick_does_not_hinder_resuming() -> None:
    fault = next(s.fault for s in planned(drawn_world()) if s.fault.kind == "corrupt_frame")
    said = list(ticks(drawn_world(), fault.first_tick + 1))
    last = said[fault.first_tick - 1]
    assert "faulty-sensor" in bodies(last)

    world = drawn_world()
    resumed = next(ticks(world, 1, world.resume(last.seal, bodies(last))))

    assert resumed == said[fault.first_tick]


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "world-2026"},
        {"epoch": 2},
        {"tick_ns": 5},
        {"start_ns": 5},
    ],
)
def test_a_seal_of_another_world_is_refused(wrong: dict[str, object]) -> None:
    world = small_world()
    tick = next(ticks(world, 1))
    fields = {name: getattr(tick.seal, name) for name in tick.seal.__struct_fields__}

    with pytest.raises(BadInput, match="a seal of"):
        world.resume(Sealed(**(fields | wrong)), bodies(tick))


def test_a_frame_that_is_missing_or_of_another_tick_or_fleet_is_refused() -> None:
    world = small_world()
    first, second = ticks(world, 2)
    stream = world.frame_streams[0]
    without = {name: body for name, body in bodies(second).items() if name != stream}

    with pytest.raises(BadInput, match="no frame of"):
        world.resume(second.seal, without)
    with pytest.raises(BadInput, match="expected one of"):
        world.resume(second.seal, without | {stream: bodies(first)[stream]})
    with pytest.raises(BadInput, match="other assets"):
        small_world(satellites_count=90).resume(second.seal, bodies(second))
