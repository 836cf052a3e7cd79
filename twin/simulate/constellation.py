"""Which satellites there are: the segments of a world cut into shards, each on its orbits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
from sgp4.api import SGP4_ERRORS

from twin.arrays import Float32Array, IntArray, UInt8Array, UInt32Array
from twin.baseline import Baseline, SatelliteClass, SatelliteSegmentPlan, ShellPlan
from twin.errors import BadInput
from twin.frames import ROWS_MAX_COUNT, encode_spec
from twin.physics.orbit import CircularOrbits, write_positions_km
from twin.physics.tle_orbit import positions_itrs_km
from twin.physics.walker import local_time_raan_deg, walker
from twin.simulate.asset_ids import IDS_PER_SEGMENT_COUNT, first_asset_id
from twin.simulate.builds import aged_array_w, satellite_build, satellite_spec
from twin.simulate.catalogue import Catalogue, segment_of
from twin.simulate.plant import Build


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A catalogued satellite that cannot be flown, and why."""

    asset_id: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Some satellites of one segment and label, by ascending id; they report in one frame.

    ``motion`` are their circular orbits, or their rows in the catalogue.
    """

    name: str
    asset_id: UInt32Array
    motion: CircularOrbits | IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """All satellites of a segment, with what they are built as."""

    plan: SatelliteSegmentPlan
    built: SatelliteClass
    build: Build
    array_w: float
    spec: bytes
    shards: tuple[Shard, ...]

    @property
    def asset_id(self) -> UInt32Array:
        """The ids of all its satellites, ascending."""
        return np.concatenate([shard.asset_id for shard in self.shards])


@dataclass(frozen=True, slots=True, eq=False)
class Constellation:
    """Every segment of satellites, by name, and what was left out."""

    segments: tuple[Segment, ...]
    catalogue: Catalogue | None
    left_out: tuple[LeftOut, ...]

    def positions_km(self, instant_ns: int) -> Iterator[tuple[Segment, Shard, Positions]]:
        """Each shard with where its satellites are at an instant."""
        flown = self._catalogued(instant_ns)
        for segment in self.segments:
            for shard in segment.shards:
                if isinstance(shard.motion, CircularOrbits):
                    yield segment, shard, on_circles(shard.motion, instant_ns)
                else:
                    assert flown is not None
                    yield segment, shard, flown.of(shard.motion)

    def _catalogued(self, instant_ns: int) -> Positions | None:
        if self.catalogue is None:
            return None
        itrs_km, codes = positions_itrs_km(self.catalogue.satrecs, instant_ns)
        # A satellite without a position (NaN) still has a row: it is put at the Earth's centre.
        itrs_km[codes != 0] = 0.0
        return Positions(np.ascontiguousarray(itrs_km.T, dtype=np.float32), codes)


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Earth-fixed positions as reported, ``(3, n)``, and SGP4's code of each (0: sound)."""

    itrs_km: Float32Array
    codes: UInt8Array | None

    def of(self, rows: IntArray) -> Positions:
        """The positions of some rows."""
        codes = None if self.codes is None else self.codes[rows]
        return Positions(np.ascontiguousarray(self.itrs_km[:, rows]), codes)


def drawn_constellation(
    baseline: Baseline,
    *,
    start_ns: int,
    has_noise: bool,
    satellites_count: int | None,
    shard_rows_max_count: int,
    to_come: Mapping[str, int] | None = None,
) -> Constellation:
    """The baseline's own shells, or shells like them with about ``satellites_count`` in all.

    Of each segment as many as are ``to_come`` are left out, evenly, but for a last one: launches
    bring them later.

    Raises BadInput where that is below one or more than a segment has ids for.
    """
    if satellites_count is not None and not 1 <= satellites_count <= IDS_PER_SEGMENT_COUNT:
        raise BadInput(
            f"{satellites_count} satellites",
            expected=f"1 to {IDS_PER_SEGMENT_COUNT}",
            field="satellites_count",
        )
    planned = sum(plan.satellites_count for plan in baseline.satellite_segments)
    factor = 1.0 if satellites_count is None else satellites_count / planned
    segments = []
    for plan in baseline.satellite_segments:
        shells = [_scaled(shell, factor) for shell in plan.shells]
        orbits = _joined([_shell_orbits(shell, start_ns) for shell in shells])
        orbits = _thinned(orbits, (to_come or {}).get(plan.segment, 0))
        first = first_asset_id(plan.segment)
        asset_id = np.arange(first, first + len(orbits), dtype=np.uint32)
        shards = tuple(
            Shard(shard_name(plan, place), asset_id[rows], rows_of(orbits, rows))
            for place, rows in enumerate(shard_cuts(len(orbits), shard_rows_max_count))
        )
        segments.append(_segment(baseline, plan, shards, has_noise=has_noise))
    return Constellation(tuple(segments), None, ())


def catalogued_constellation(
    baseline: Baseline,
    catalogue: Catalogue,
    *,
    start_ns: int,
    has_noise: bool,
    shard_rows_max_count: int,
) -> Constellation:
    """The satellites of a catalogue, in the baseline's segments, as far as they still fly."""
    _, codes = positions_itrs_km(catalogue.satrecs, start_ns)
    left_out = tuple(
        LeftOut(int(catalogue.asset_id[row]), catalogue.names[row], lost_reason(int(codes[row])))
        for row in np.flatnonzero(codes)
    )
    if len(left_out) == len(catalogue):
        raise BadInput(
            f"none of {len(catalogue)} satellites flies at the start: {left_out[0].reason}",
            expected="elements of about the day the world starts",
            field="catalogue",
        )
    flown_in = segment_of(
        baseline, inclination_deg=catalogue.inclination_deg, altitude_km=catalogue.altitude_km
    )
    segments = []
    for plan in baseline.satellite_segments:
        rows = np.flatnonzero((flown_in == plan.segment) & (codes == 0))
        if rows.size:
            shards = tuple(
                Shard(shard_name(plan, place), catalogue.asset_id[rows[cut]], rows[cut])
                for place, cut in enumerate(shard_cuts(rows.size, shard_rows_max_count))
            )
            segments.append(_segment(baseline, plan, shards, has_noise=has_noise))
    return Constellation(tuple(segments), catalogue, left_out)


def lost_reason(code: int) -> str:
    """Why SGP4 gives no position."""
    return f"SGP4 code {code}: {SGP4_ERRORS.get(code, 'unknown')}"


def _segment(
    baseline: Baseline,
    plan: SatelliteSegmentPlan,
    shards: tuple[Shard, ...],
    *,
    has_noise: bool,
) -> Segment:
    built = baseline.satellite_class(plan.class_name)
    return Segment(
        plan=plan,
        built=built,
        build=satellite_build(baseline, built, has_noise=has_noise),
        array_w=aged_array_w(baseline, built),
        spec=encode_spec(satellite_spec(baseline, plan, built)),
        shards=shards,
    )


def shard_name(plan: SatelliteSegmentPlan, number: int) -> str:
    """What a shard is called: by its place at the opening, or by its first asset's id later."""
    return f"{plan.segment}/{plan.label}/{number}"


def shard_cuts(rows_count: int, rows_max_count: int) -> list[slice]:
    """The rows of the shards: as few as allowed, and of nearly one size."""
    if not 1 <= rows_max_count <= ROWS_MAX_COUNT:
        raise BadInput(
            f"shards of {rows_max_count} rows",
            expected=f"1 to {ROWS_MAX_COUNT}",
            field="shard_rows_max_count",
        )
    shards_count = -(-rows_count // rows_max_count)
    edges = [rows_count * place // shards_count for place in range(shards_count + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _scaled(shell: ShellPlan, factor: float) -> ShellPlan:
    """A shell with about ``factor`` times its satellites: thinned evenly, or its planes filled."""
    if factor == 1.0:
        return shell
    count = max(1, round(shell.satellites_count * factor))
    planes = max(1, round(shell.planes_count * min(1.0, factor) ** 0.5))
    return msgspec.structs.replace(
        shell,
        planes_count=min(planes, count),
        satellites_per_plane_count=max(1, round(count / min(planes, count))),
    )


def _shell_orbits(shell: ShellPlan, start_ns: int) -> CircularOrbits:
    return walker(
        planes_count=shell.planes_count,
        satellites_per_plane_count=shell.satellites_per_plane_count,
        altitude_km=shell.altitude_km,
        inclination_deg=shell.inclination_deg,
        epoch_ns=start_ns,
        phasing=shell.phasing_count,
        raan_first_deg=first_raan_deg(shell, start_ns),
    )


def first_raan_deg(shell: ShellPlan, start_ns: int) -> float:
    """The node of a shell's first plane when the world starts."""
    node_h = shell.ascending_node_h
    return 0.0 if node_h is None else local_time_raan_deg(start_ns, node_local_time_h=node_h)


def _joined(shells: list[CircularOrbits]) -> CircularOrbits:
    return CircularOrbits(
        semi_major_axis_km=np.concatenate([shell.semi_major_axis_km for shell in shells]),
        inclination_rad=np.concatenate([shell.inclination_rad for shell in shells]),
        raan_rad=np.concatenate([shell.raan_rad for shell in shells]),
        argument_rad=np.concatenate([shell.argument_rad for shell in shells]),
        epoch_ns=shells[0].epoch_ns,
    )


def _thinned(orbits: CircularOrbits, left_out_count: int) -> CircularOrbits:
    """The orbits without so many of them, one at least being left."""
    count = max(1, len(orbits) - left_out_count)
    if count == len(orbits):
        return orbits
    return rows_of(orbits, np.arange(count, dtype=np.int64) * len(orbits) // count)


def rows_of(orbits: CircularOrbits, rows: slice | IntArray) -> CircularOrbits:
    """Some of the orbits."""
    return CircularOrbits(
        semi_major_axis_km=orbits.semi_major_axis_km[rows],
        inclination_rad=orbits.inclination_rad[rows],
        raan_rad=orbits.raan_rad[rows],
        argument_rad=orbits.argument_rad[rows],
        epoch_ns=orbits.epoch_ns,
    )


def on_circles(orbits: CircularOrbits, instant_ns: int) -> Positions:
    """Where satellites on circular orbits are at an instant."""
    itrs_km = np.empty((3, len(orbits)), dtype=np.float32)
    write_positions_km(orbits, instant_ns, x_km=itrs_km[0], y_km=itrs_km[1], z_km=itrs_km[2])
    return Positions(itrs_km, None)
