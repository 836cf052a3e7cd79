"""A world's memory from its own last frames: what it needs to go on as if never interrupted."""

from __future__ import annotations

from collections.abc import Mapping

from twin.arrays import UInt32Array
from twin.errors import BadInput
from twin.frames import Frame, decode_frame
from twin.simulate.constellation import Shard
from twin.simulate.plant import ShardState
from twin.simulate.pools import Site, SiteState
from twin.units import instant_text


def shard_resumed(frames: Mapping[str, bytes], shard: Shard, *, tick_ns: int) -> ShardState:
    """The state of a shard after the tick of its frame; ``BadInput`` for any other frame."""
    frame = _own_frame(frames, shard.name, tick_ns=tick_ns)
    _refuse_others(frame, shard.name, "asset_id", shard.asset_id)
    return ShardState(
        charge_wh=frame.columns["charge_wh"],
        temperature_k=frame.columns["temperature_k"],
        status=frame.columns["status"],
    )


def site_resumed(frames: Mapping[str, bytes], site: Site, *, tick_ns: int) -> SiteState:
    """The state of a site after the tick of its frame; ``BadInput`` for any other frame."""
    frame = _own_frame(frames, site.shard, tick_ns=tick_ns)
    _refuse_others(frame, site.shard, "pool_id", site.pool_id)
    return SiteState(
        queue_s=frame.columns["queue_s"],
        up_count=frame.columns["accelerators_up_count"],
        coolant_k=frame.columns["coolant_k"],
    )


def _own_frame(frames: Mapping[str, bytes], stream: str, *, tick_ns: int) -> Frame:
    if stream not in frames:
        raise BadInput(
            f"no frame of {stream} at {instant_text(tick_ns)}",
            expected="the last frame of every shard",
            remedy="keep frames at least as long as a world may be stopped",
            field="frames",
        )
    frame = decode_frame(frames[stream])
    header = frame.header
    if header.shard != stream or header.tick_ns != tick_ns:
        raise BadInput(
            f"a frame of {header.shard} at {instant_text(header.tick_ns)}",
            expected=f"one of {stream} at {instant_text(tick_ns)}",
            field="frames",
        )
    return frame


def _refuse_others(frame: Frame, stream: str, column: str, asset_id: UInt32Array) -> None:
    found = frame.columns[column]
    if found.size != asset_id.size or (found != asset_id).any():
        raise BadInput(
            f"the last frame of {stream} has {found.size} other assets",
            expected=f"the {asset_id.size} of this world",
            remedy="resume with the world, catalogue and fleet size it began with",
            field="frames",
        )
