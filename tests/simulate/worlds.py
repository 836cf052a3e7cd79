"""Small worlds for tests, and the way from what they say to the folded twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from twin.baseline import Baseline, load
from twin.errors import Poison
from twin.events import Event
from twin.evolve import Step, evolve
from twin.frames import Frame, decode_frame
from twin.identity import digest_of
from twin.observations import Observation, Observed, Quarantine
from twin.observe import observe
from twin.sequence import Head, Sequencer
from twin.simulate.catalogue import Catalogue, read_catalogue
from twin.simulate.faults import Strike, strikes
from twin.simulate.outbox import ARROW, Sent, WorldTick
from twin.simulate.world import State, World
from twin.state import Twin
from twin.summaries import FrameRef

START_NS = 1_861_920_000_000_000_000
MINUTE_NS = 60_000_000_000
FEW_SEGMENTS = ("sl-53", "ai1-sso", "shield-nro", "c1-h100", "c2-gb200")

LINE_1 = "1 44714U 19074B   26150.30936191  .00080211  00000+0  15180-2 0  9995"
LINE_2 = "2 44714  53.1513 154.1788 0003034  54.2939 305.8351 15.47704531361446"
CATALOGUE_START_NS = 1_780_185_600_000_000_000
"""2026-05-31, a day after the epoch of those elements."""


def baseline_of(world: str = "2029", *, segments: tuple[str, ...] | None = None) -> Baseline:
    """A baseline, or only some segments of one."""
    whole = load(world)
    if segments is None:
        return whole
    return msgspec.structs.replace(
        whole,
        satellite_segments=tuple(p for p in whole.satellite_segments if p.segment in segments),
        sites=tuple(p for p in whole.sites if p.segment in segments),
    )


def small_world(baseline: Baseline | None = None, **more: Any) -> World:
    """A world of about sixty satellites in a few segments, unless said otherwise."""
    settings: dict[str, Any] = {
        "seed": 7,
        "start_ns": START_NS,
        "interval_ns": MINUTE_NS,
        "satellites_count": 60,
    }
    return World(baseline or baseline_of(segments=FEW_SEGMENTS), **(settings | more))


def small_catalogue(numbers: range | list[int]) -> Catalogue:
    """Satellites of these catalogue numbers, each in a plane of its own."""
    lines = []
    for number in numbers:
        raan_deg = number * 7.0 % 360.0
        first = f"{LINE_1[:2]}{number:05d}{LINE_1[7:68]}"
        second = f"{LINE_2[:2]}{number:05d}{LINE_2[7:17]}{raan_deg:8.4f}{LINE_2[25:68]}"
        lines += [first + _checksum(first), second + _checksum(second)]
    return read_catalogue("\n".join(lines).encode())


def planned(world: World) -> tuple[Strike, ...]:
    """The faults on purpose that a world of these segments has."""
    return strikes(stream.split("/")[0] for stream in world.frame_streams)


def ticks(world: World, count: int, state: State | None = None) -> Iterator[WorldTick]:
    """What a world says in its next ticks."""
    state = state or world.start()
    for _ in range(count):
        state, tick = world.step(state)
        yield tick


def frame_of(tick: WorldTick, stream: str) -> Frame:
    """The frame of one shard in a tick."""
    return decode_frame(next(m.body for m in tick.messages if m.key == stream))


def bodies(tick: WorldTick) -> dict[str, bytes]:
    """The last frame of each stream of a tick."""
    return {m.key: m.body for m in tick.messages if m.content_type == ARROW}


def folded(world: World, count: int) -> Iterator[Step]:
    """The fold after each of a world's first ticks, through observers and sequencer."""
    sequencer, twin, offset = Sequencer(Head()), Twin(), 0
    for tick in ticks(world, count):
        for observation in [*map(observation_of, tick.messages), tick.seal]:
            for record, _ in sequencer.accept(observation, offset=offset):
                step = evolve(twin, record)
                twin = step.twin
                yield step
            offset += 1


def observation_of(sent: Sent) -> Observation:
    """What an observer or a validator makes of a message."""
    digest = digest_of(sent.body)
    if sent.content_type != ARROW:
        event = Event(
            identity=sent.identity,
            kind=sent.kind,
            effective_ns=sent.effective_ns,
            label=sent.label,
            body=sent.body,
            correlation_id=sent.correlation_id,
            causation_id=sent.causation_id,
        )
        return Observed(event, digest)
    try:
        frame = decode_frame(sent.body)
        place = (sent.identity, sent.topic, 0, 0, digest)
        return observe(frame, FrameRef(*place, frame.spec.segment, frame.rows_count))
    except Poison as error:
        return Quarantine(sent.identity, sent.topic, 0, 0, digest, str(error))


def _checksum(line: str) -> str:
    return str(sum(int(c) if c.isdigit() else c == "-" for c in line) % 10)
