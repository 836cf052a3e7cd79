"""Satellites that join a world while it runs: on whose orbit they are, and in which shard.

They report from the tick in which they left their rocket: the twin counts them as installed from
then on, and what their batteries held is booked where it first shows. All of it follows from the
launch, so a resumed world finds the same shards, and a world without another launch has the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from twin.baseline import ShellPlan
from twin.events import AssetsAssigned, SatellitesDeployed, ShardOpened
from twin.identity import Identity
from twin.physics.orbit import CircularOrbits
from twin.physics.walker import walker
from twin.simulate.asset_ids import launched_ids
from twin.simulate.circumstances import Fate, fate_of
from twin.simulate.constellation import (
    Constellation,
    Segment,
    Shard,
    first_raan_deg,
    rows_of,
    shard_cuts,
    shard_name,
)
from twin.simulate.luck import uniform
from twin.simulate.manifest import Deployment, LaunchTick, Manifest
from twin.simulate.missions import luck_of
from twin.simulate.outbox import Outbox
from twin.simulate.purposes import Purpose
from twin.simulate.setting import EPOCH, Setting

_STREAM: Final = "launches"


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A shard that one launch brought, with the fate of its satellites."""

    segment: Segment
    shard: Shard
    fate: Fate


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """Everything of one deployment: where its satellites fly, and the shards they report by."""

    deployment: Deployment
    shell: ShellPlan
    joined: tuple[Joined, ...]


def arrivals(
    manifest: Manifest,
    number: int,
    before: Sequence[Joined],
    *,
    constellation: Constellation,
    setting: Setting,
    shard_rows_max_count: int,
) -> Iterator[Arrival]:
    """The deployments of one tick of a manifest; ``before`` are all that joined earlier."""
    segments = {segment.plan.segment: segment for segment in constellation.segments}
    known = list(before)
    for deployment in manifest.tick(number).deployments:
        segment = segments[deployment.segment]
        shell, orbits = _orbits(segment, deployment, setting)
        first, last = launched_ids(
            deployment.launch_id,
            deployment.segment,
            len(orbits),
            ((int(each.shard.asset_id[0]), int(each.shard.asset_id[-1])) for each in known),
        )
        asset_id = np.arange(first, last + 1, dtype=np.uint32)
        shards = (
            Shard(
                shard_name(segment.plan, int(asset_id[rows][0])),
                asset_id[rows],
                rows_of(orbits, rows),
            )
            for rows in shard_cuts(len(orbits), shard_rows_max_count)
        )
        joined = tuple(
            Joined(segment, shard, _fate(shard, deployment, setting)) for shard in shards
        )
        known += joined
        yield Arrival(deployment, shell, joined)


def tell_arrival(out: Outbox, arrival: Arrival, *, setting: Setting, charge_wh: float) -> None:
    """Who left their rocket and how they report; ``charge_wh`` is what one battery held."""
    deployment = arrival.deployment
    plan = arrival.joined[0].segment.plan
    story = launch_story(setting, deployment.launch_id)
    # In whole milliwatt-hours each, as an observer rounds it.
    held_mwh = math.floor(charge_wh * 1000.0 + 0.5) * deployment.satellites_count
    because = out.tell(
        SatellitesDeployed(
            launch_id=deployment.launch_id,
            segment=deployment.segment,
            satellites_count=deployment.satellites_count,
            first_asset_id=int(arrival.joined[0].shard.asset_id[0]),
            altitude_km=arrival.shell.altitude_km,
            inclination_deg=arrival.shell.inclination_deg,
            charge_wh=held_mwh / 1000.0,
        ),
        effective_ns=deployment.effective_ns,
        label=plan.label,
        story=story,
        because=_told_id(setting, deployment.because_sequence),
    )
    for each in arrival.joined:
        name, asset_id = each.shard.name, each.shard.asset_id
        opened = out.tell(
            ShardOpened(name, deployment.segment),
            effective_ns=deployment.effective_ns,
            label=plan.label,
            story=story,
            because=because,
        )
        ranges = ((int(asset_id[0]), int(asset_id[-1])),)
        out.tell(
            AssetsAssigned(name, deployment.segment, ranges, asset_id.size),
            effective_ns=deployment.effective_ns,
            label=plan.label,
            story=story,
            because=opened,
        )


def tell_launches(out: Outbox, tick: LaunchTick, *, setting: Setting) -> None:
    """What is scheduled, flies, fails and comes back; the manifest counts its own stream."""
    for word in tick.told:
        cause = word.because_sequence
        out.tell(
            word.body,
            effective_ns=word.effective_ns,
            label=word.label,
            story=launch_story(setting, word.launch_id) if word.launch_id else "",
            because=_told_id(setting, cause) if cause else "",
        )
        assert not word.sequence or out.last[_STREAM] == word.sequence


def _told_id(setting: Setting, sequence: int) -> str:
    return str(Identity(setting.source, EPOCH, _STREAM, sequence))


def launch_story(setting: Setting, launch_id: str) -> str:
    """What the messages of one launch have in common."""
    return f"{setting.source}/launch/{launch_id}"


def _orbits(
    segment: Segment, deployment: Deployment, setting: Setting
) -> tuple[ShellPlan, CircularOrbits]:
    """One plane of one of the segment's shells, by the luck of the launch, evenly filled."""
    words = luck_of(setting.seed, Purpose.DEPLOYMENT, deployment.launch_id)
    shells = segment.plan.shells
    place = int(uniform(words[0]) * segment.plan.satellites_count)
    for shell in shells:
        if place < shell.satellites_count:
            break
        place -= shell.satellites_count
    plane = int(uniform(words[1]) * shell.planes_count)
    orbits = walker(
        planes_count=1,
        satellites_per_plane_count=deployment.satellites_count,
        altitude_km=shell.altitude_km,
        inclination_deg=shell.inclination_deg,
        epoch_ns=setting.start_ns,
        raan_first_deg=first_raan_deg(shell, setting.start_ns) + plane * 360.0 / shell.planes_count,
    )
    ahead_rad = uniform(words[2]) * math.tau
    return shell, replace(orbits, argument_rad=(orbits.argument_rad + ahead_rad) % math.tau)


def _fate(shard: Shard, deployment: Deployment, setting: Setting) -> Fate:
    """Faults on purpose strike what flew when the world opened, and no one else."""
    return fate_of(
        setting.baseline,
        shard,
        seed=setting.seed,
        start_ns=deployment.effective_ns,
        faults=(),
    )
