"""The world's own process: it publishes tick after tick, at the pace asked for."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import msgspec

from infra.installation import ready_log
from infra.processes.alive import BEAT_S, give_sign
from infra.processes.stopping import Stop
from infra.world.file import WorldChoice
from infra.world.inputs import catalogue_in, kept_input, launches_in, llm_trace_in
from streams.log.ownership import try_claim
from streams.publish import Publisher
from streams.retrying import Stopped, until_available
from streams.settings import Settings
from twin.baseline import load
from twin.errors import Unavailable
from twin.simulate.world import World

CLAIM_PATIENCE_S = 5.0
AHEAD_POLL_S = 0.005


class Pace(msgspec.Struct, frozen=True):
    """Twin seconds per wall second (None: as fast as the twin follows), and where to stop.

    After ``ticks_count`` more ticks, or when the log has ``through_count`` in all.
    """

    speed: float | None
    ticks_count: int | None = None
    through_count: int | None = None


def run(settings: Settings, choice: WorldChoice, pace: Pace, stop: Stop) -> None:
    """Publish until the pace says to stop, or somebody does."""
    log = ready_log(settings, sleep=stop.wait)
    _claim_the_world(settings, stop)
    what = "; ".join((choice.fleet, *choice.inputs, choice.terms))
    print(f"{what}; into {settings.directory}; Ctrl-C stops it", flush=True)
    world = make_world(settings.directory, choice)
    publisher = until_available(
        lambda: Publisher(log, world), retry_max_s=settings.retry_max_s, sleep=stop.wait
    )
    _publish(settings, publisher, stop, pace, interval_s=choice.tick_s)
    log.close()


def make_world(directory: Path, choice: WorldChoice) -> World:
    """The world itself, from what is kept in its folder."""
    baseline = load(choice.world)
    return World(
        msgspec.structs.replace(baseline, description=_described(baseline.description, choice)),
        seed=choice.seed,
        start_ns=choice.start_ns,
        interval_ns=choice.interval_ns,
        catalogue=kept_input(directory, choice.catalogue, catalogue_in),
        launch_log=kept_input(directory, choice.launches, launches_in),
        llm_trace=kept_input(directory, choice.llm_trace, llm_trace_in),
        has_faults=choice.has_faults,
        satellites_count=choice.satellites_count,
    )


def _described(baseline: str, choice: WorldChoice) -> str:
    """What the world says it is."""
    if choice.catalogue is not None:
        # What the baseline says of its satellites is said of others than those that fly here.
        baseline = (
            f"Satellites of a catalogue on their orbits, ground sites of world {choice.world}."
        )
    return " ".join((baseline, *(f"{words.capitalize()}." for words in choice.inputs)))


def _publish(
    settings: Settings,
    publisher: Publisher,
    stop: Stop,
    pace: Pace,
    *,
    interval_s: float,
) -> None:
    through = pace.through_count
    if pace.ticks_count is not None:
        through = publisher.seals_count + pace.ticks_count
    patiently = partial(until_available, retry_max_s=settings.retry_max_s, sleep=stop.wait)
    wait_s = interval_s / pace.speed if pace.speed is not None else 0.0
    due_s = time.monotonic()
    while through is None or publisher.seals_count < through:
        if stop.wait(min(BEAT_S, max(0.0, due_s - time.monotonic()))):
            return
        # Asked between two ticks as well: a log that is gone is noticed however far the next is.
        is_far_ahead = patiently(publisher.is_far_ahead)
        give_sign(settings)
        if time.monotonic() < due_s:
            continue
        if is_far_ahead:
            due_s = time.monotonic() + AHEAD_POLL_S
            continue
        patiently(publisher.publish)
        # A tick that came late does not make the next ones hurry.
        due_s = max(due_s + wait_s, time.monotonic())


def _claim_the_world(settings: Settings, stop: Stop) -> None:
    """Two processes of one world would say everything twice."""
    path = settings.directory / "world.lock"
    deadline_s = time.monotonic() + CLAIM_PATIENCE_S
    while try_claim(path) is None:
        if time.monotonic() > deadline_s:
            raise Unavailable(
                f"another process publishes the world of {settings.directory}",
                remedy="stop it first",
            )
        if stop.wait(0.05):
            raise Stopped
