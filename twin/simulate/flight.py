"""One shard through one tick: what befalls it, what it does, and what is said of both."""

from __future__ import annotations

from typing import Final, NamedTuple

from twin.arrays import FloatArray, IntArray
from twin.frames import FrameHeader, encode_frame
from twin.physics.earth import sun_direction_itrs, sun_distance_au
from twin.simulate.circumstances import (
    Fate,
    circumstances,
    failures,
    with_safe_modes,
)
from twin.simulate.constellation import Positions, Segment, Shard
from twin.simulate.demand import Asked
from twin.simulate.outbox import Outbox
from twin.simulate.plant import ShardState, Sky, plant_step
from twin.simulate.setting import Setting

FRAME: Final = "SatelliteFrameReported"
FAULTY_STREAM: Final = "faulty-sensor"
"""Where a fault's unreadable frames go: a stream of their own, so that no real frame is lost."""


class Sun(NamedTuple):
    """Where the Sun stands at an instant, a unit vector of shape ``(3,)``, and how far it is."""

    direction: FloatArray
    distance_au: float


def sun_at(instant_ns: int) -> Sun:
    """The Sun in axes that turn with the Earth."""
    return Sun(sun_direction_itrs(instant_ns), sun_distance_au(instant_ns))


def fly(
    out: Outbox,
    before: ShardState,
    segment: Segment,
    shard: Shard,
    *,
    fate: Fate,
    positions: Positions,
    sun: Sun,
    asked: Asked,
    asked_bps: IntArray,
    setting: Setting,
    number: int,
) -> ShardState:
    """The shard after the tick; its failures and its frame are in the outbox.

    ``asked`` is what is asked of its payload; what users ask for below it is added to
    ``asked_bps``, by region.
    """
    tick_ns, label = setting.tick_ns(number), segment.plan.label
    before = with_safe_modes(before, fate, shard, seed=setting.seed, tick_ns=tick_ns)
    befallen = circumstances(before, fate, positions, number=number, tick_ns=tick_ns)
    for fact, fault in failures(
        segment.plan.segment,
        shard,
        before=before,
        status=befallen.status,
        fate=fate,
        positions=positions,
        number=number,
    ):
        story = setting.story(fault) if fault else ""
        out.tell(fact, effective_ns=setting.tick_ns(number - 1), label=label, story=story)
    x, y, z = sun.direction
    # The observer computes the same quotient from the spec: both must have the same bits.
    sky = Sky(x, y, z, full_sun_w=segment.array_w / sun.distance_au**2)
    after, columns = plant_step(
        before,
        befallen,
        build=segment.build,
        sky=sky,
        asked=asked,
        weights=setting.weights,
        grid=setting.grid,
        asset_id=shard.asset_id,
        position_km=positions.itrs_km,
        asked_bps=asked_bps,
        seed=setting.seed,
        number=number,
        dt_s=setting.dt_s,
    )
    header = FrameHeader(shard.name, label, tick_ns, setting.interval_ns)
    body = encode_frame(header, segment.spec, columns)
    out.report(FRAME, shard.name, body, tick_ns=tick_ns, label=label)
    if shard is segment.shards[0]:
        _corrupt(out, segment, body, setting=setting, number=number)
    return after


def _corrupt(out: Outbox, segment: Segment, body: bytes, *, setting: Setting, number: int) -> None:
    """While a fault says so, send beside a sound frame what is left of it when cut short."""
    for strike in setting.strikes:
        fault = strike.fault
        is_here = strike.segment == segment.plan.segment and fault.kind == "corrupt_frame"
        if is_here and fault.is_on(number):
            out.report(
                FRAME,
                FAULTY_STREAM,
                body[: int(len(body) * (1.0 - fault.lost_fraction))],
                tick_ns=setting.tick_ns(number),
                label=segment.plan.label,
                story=setting.story(fault.name),
            )
