"""A source is silent when all that was published has been observed, not when observers are slow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.patience import Patience
from streams.topics import INPUTS, OBSERVATIONS
from tests.one_process import OneProcess
from twin.observations import Summary, decode_observation
from twin.waiting import Source

OBSERVERS = "observers"
PATIENCE_S = 30.0
WORLD: Source = ("world-2029", 1)


class Clock:
    """A wall clock that only moves when told."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[OneProcess]:
    one = OneProcess(tmp_path, satellites_count=60)
    yield one
    one.engine.dispose()
    one.log.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(twin: OneProcess, clock: Clock) -> Patience:
    return Patience(
        twin.sequencing, twin.log, observers=OBSERVERS, patience_s=PATIENCE_S, clock_s=clock
    )


def lose_one_frame_of_the_next_tick(twin: OneProcess) -> None:
    """Its seal and all its other frames are observed."""
    twin.publisher.publish()
    before = twin.log.span(OBSERVATIONS, 0).end
    twin.observe()
    found = twin.log.read(OBSERVATIONS, 0, before, limit=1000, max_bytes=2**30)
    lost = next(
        message.offset
        for message in found
        if isinstance(decode_observation(message.value or b""), Summary)
    )
    for message in found:
        if message.offset != lost:
            observation = decode_observation(message.value or b"")
            list(twin.sequencing._machine.accept(observation, offset=message.offset))
    twin.sequencing._next_offset = found[-1].offset + 1


def let_observers_catch_up(twin: OneProcess) -> None:
    topics = twin.log.topics()
    places = [(topic, place) for topic in INPUTS for place in range(topics[topic].partitions)]
    twin.log.commit(OBSERVERS, {place: twin.log.span(*place).end for place in places})


def test_a_source_is_given_up_when_everything_was_observed_and_it_is_still_missing(
    twin: OneProcess, patience: Patience, clock: Clock
) -> None:
    twin.tick()
    lose_one_frame_of_the_next_tick(twin)
    let_observers_catch_up(twin)

    first = patience.run_out()
    clock.now_s += PATIENCE_S + 1
    last = patience.run_out()

    assert (first, last) == (None, WORLD)


def test_slow_observers_are_waited_for_as_long_as_it_takes(
    twin: OneProcess, patience: Patience, clock: Clock
) -> None:
    twin.tick()
    lose_one_frame_of_the_next_tick(twin)

    answers = []
    for _ in range(5):
        answers.append(patience.run_out())
        clock.now_s += PATIENCE_S + 1

    assert answers == [None] * 5


def test_a_tick_that_closed_meanwhile_begins_the_patience_anew(
    twin: OneProcess, patience: Patience, clock: Clock
) -> None:
    twin.tick()
    lose_one_frame_of_the_next_tick(twin)
    let_observers_catch_up(twin)
    patience.run_out()
    twin.sequencing.stop_waiting_for(WORLD)
    twin.sequencing.take_all()
    lose_one_frame_of_the_next_tick(twin)
    let_observers_catch_up(twin)

    clock.now_s += PATIENCE_S + 1
    at_once = patience.run_out()
    clock.now_s += PATIENCE_S + 1
    later = patience.run_out()

    assert (at_once, later) == (None, WORLD)


def test_a_decision_that_comes_after_its_tick_closed_changes_nothing(twin: OneProcess) -> None:
    twin.tick()
    lose_one_frame_of_the_next_tick(twin)
    twin.sequencing.stop_waiting_for(WORLD)
    twin.sequencing.stop_waiting_for(WORLD)
    twin.sequencing.take_all()
    lose_one_frame_of_the_next_tick(twin)

    twin.sequencing.take_all()

    assert twin.sequencing.number == 2
    assert twin.sequencing.holdup() == WORLD
