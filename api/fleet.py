"""Frames → satellites: one row each, with what follows from its place and its instant.

Columns of a frame stay arrays until the page is chosen; only the rows of the page are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from api.problems import require_known
from api.shapes import ARROW, Shape, ShapeColumn, arrow_schema, said_instant
from twin.arrays import AnyArray, BoolArray, FloatArray, IntArray
from twin.frames import STATUS_FAILED, STATUS_NOMINAL, STATUS_SAFE, Frame, SatelliteSpec
from twin.observe import full_sun_w
from twin.physics.earth import subpoint, sun_direction_itrs, sun_distance_au
from twin.physics.sunlight import illumination_fraction
from twin.region_grid import region_grid, regions_below
from twin.regions import RegionBox, region_names

STATUSES: Final = {STATUS_NOMINAL: "nominal", STATUS_SAFE: "safe", STATUS_FAILED: "failed"}
SUNLIT_OVER_FRACTION: Final = 0.5
"""A satellite that sees more of the Sun's disc than this is in sunlight."""

SATELLITE: Final = Shape(
    "satellite",
    "A satellite as it reported in one tick, and what follows from where it is.",
    (
        ShapeColumn("asset_id", "uint32", "The satellite."),
        ShapeColumn("tick", "instant", "The tick it reported in (RFC 3339, UTC)."),
        ShapeColumn("segment", "text", "Its group of assets."),
        ShapeColumn("label", "text", "Who may see it."),
        ShapeColumn("shard", "text", "The stream of frames it reports through."),
        ShapeColumn("region", "text", "Theatre below it; `orbit` where none is."),
        ShapeColumn("status", "text", "nominal, safe or failed, as it says itself."),
        ShapeColumn("is_sunlit", "bool", "Whether it sees more than half of the Sun's disc."),
        ShapeColumn("sunlit_fraction", "float", "Share of the Sun's disc it sees."),
        ShapeColumn("latitude_deg", "float", "Geodetic latitude of the point below it, WGS 84."),
        ShapeColumn("longitude_deg", "float", "Longitude of the point below it, -180 to 180."),
        ShapeColumn("altitude_km", "float", "Height above the ellipsoid, WGS 84."),
        ShapeColumn("x_km", "float32", "Earth-fixed position (ITRS): towards 0° N, 0° E."),
        ShapeColumn("y_km", "float32", "Towards 0° N, 90° E."),
        ShapeColumn("z_km", "float32", "Towards the north pole."),
        ShapeColumn("array_w", "float32", "Measured output of its solar arrays."),
        ShapeColumn("expected_array_w", "float", "What physics expects the arrays could give."),
        ShapeColumn("load_w", "float32", "Measured electrical load."),
        ShapeColumn("charge_wh", "float32", "Energy in its battery."),
        ShapeColumn("temperature_k", "float32", "Radiator temperature."),
        ShapeColumn("utilisation_fraction", "float32", "Share of its payload in use."),
        ShapeColumn("traffic_bps", "float32", "Measured downlink."),
    ),
)
_REPORTED: Final = tuple(c.name for c in SATELLITE.columns if c.type == "float32")


Missing = Mapping[tuple[str, str], IntArray]
"""Asset ids by label and segment."""


class Choice(msgspec.Struct, frozen=True):
    """Which satellites of a tick; None does not choose.

    ``missing`` are those that a branch has not, by label and segment.
    """

    region: str | None = None
    status: str | None = None
    sunlit: bool | None = None
    asset_id: int | None = None
    missing: Missing = {}


class SatelliteRows(msgspec.Struct, frozen=True):
    """Satellites by asset id, a column each, all of one length."""

    columns: dict[str, AnyArray]

    def __len__(self) -> int:
        return len(self.columns["asset_id"])

    def as_dicts(self) -> list[dict[str, Any]]:
        """One mapping a row; a float32 is said with the digits it has."""
        lists = {name: _values(column) for name, column in self.columns.items()}
        lists["tick"] = [said_instant(tick_ns) for tick_ns in lists["tick"]]
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]

    def as_table(self) -> Any:
        """An Arrow table in the types of the frames."""
        arrays = [pa.array(self.columns[c.name], ARROW[c.type]) for c in SATELLITE.columns]
        return pa.table(arrays, schema=arrow_schema(SATELLITE))


def chosen(
    frames: Sequence[Frame], choice: Choice, *, after: int, limit: int
) -> tuple[SatelliteRows, int]:
    """The first ``limit`` satellites above asset id ``after``, and how many match in all.

    ``NotFound`` when the region is none that the frames know.
    """
    _refuse_unknown_region(frames, choice.region)
    matched_count = 0
    ids, places, rows = [], [], []
    for place, frame in enumerate(frames):
        is_wanted = _matches(frame, choice)
        matched_count += int(np.count_nonzero(is_wanted))
        found = np.flatnonzero(is_wanted & (frame.columns["asset_id"].astype(np.int64) > after))
        ids.append(frame.columns["asset_id"][found])
        places.append(np.full(found.size, place))
        rows.append(found)
    if not ids:
        return SatelliteRows(_empty()), 0
    order = np.argsort(np.concatenate(ids), kind="stable")[:limit]
    return _gathered(frames, np.concatenate(places)[order], np.concatenate(rows)[order]), (
        matched_count
    )


def _matches(frame: Frame, choice: Choice) -> BoolArray:
    is_wanted = np.ones(frame.rows_count, dtype=np.bool_)
    lost = choice.missing.get((frame.header.label, frame.spec.segment))
    if lost is not None:
        is_wanted &= ~np.isin(frame.columns["asset_id"], lost)
    if choice.asset_id is not None:
        is_wanted &= frame.columns["asset_id"] == choice.asset_id
    if choice.status is not None:
        is_wanted &= _status_names(frame) == choice.status
    if choice.sunlit is not None:
        is_lit = _sunlit_fraction(frame, _positions_km(frame)) > SUNLIT_OVER_FRACTION
        is_wanted &= is_lit == choice.sunlit
    if choice.region is not None:
        is_wanted &= _regions(frame, _positions_km(frame)) == choice.region
    return is_wanted


def _gathered(frames: Sequence[Frame], places: IntArray, rows: IntArray) -> SatelliteRows:
    """The chosen rows of each frame, computed frame by frame and put back in order."""
    parts, where = [], []
    for place in np.unique(places):
        here = np.flatnonzero(places == place)
        parts.append(_derived(frames[place], rows[here]))
        where.append(here)
    if not parts:
        return SatelliteRows(_empty())
    back = np.argsort(np.concatenate(where))
    return SatelliteRows(
        {c.name: np.concatenate([part[c.name] for part in parts])[back] for c in SATELLITE.columns}
    )


def _derived(frame: Frame, rows: IntArray) -> dict[str, AnyArray]:
    spec, header = frame.spec, frame.header
    assert isinstance(spec, SatelliteSpec), "frames of satellites"
    part = msgspec.structs.replace(
        frame,
        columns={name: column[rows] for name, column in frame.columns.items()},
        rows_count=rows.size,
    )
    positions_km = _positions_km(part)
    latitude_deg, longitude_deg, altitude_km = subpoint(positions_km)
    sunlit = _sunlit_fraction(part, positions_km)
    array_w = part.columns["array_w"].astype(np.float64)
    most_w = full_sun_w(spec, sun_distance_au(header.tick_ns))
    is_up = part.columns["status"] == STATUS_NOMINAL
    return {name: part.columns[name] for name in _REPORTED} | {
        "asset_id": part.columns["asset_id"],
        "tick": np.full(rows.size, header.tick_ns),
        "segment": np.full(rows.size, spec.segment, dtype=object),
        "label": np.full(rows.size, header.label, dtype=object),
        "shard": np.full(rows.size, header.shard, dtype=object),
        "region": _regions(part, positions_km),
        "status": _status_names(part),
        "is_sunlit": sunlit > SUNLIT_OVER_FRACTION,
        "sunlit_fraction": sunlit,
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "altitude_km": altitude_km,
        # As the observer expects it: of a satellite that is down, what it gives.
        "expected_array_w": np.where(is_up, sunlit * most_w, array_w),
    }


def _positions_km(frame: Frame) -> FloatArray:
    axes = [frame.columns[name].astype(np.float64) for name in ("x_km", "y_km", "z_km")]
    return np.stack(axes, axis=1)


def _sunlit_fraction(frame: Frame, positions_km: FloatArray) -> FloatArray:
    return illumination_fraction(positions_km, sun_direction_itrs(frame.header.tick_ns))


def _status_names(frame: Frame) -> AnyArray:
    names = np.array([STATUSES.get(code, f"code-{code}") for code in range(256)], dtype=object)
    return np.asarray(names[frame.columns["status"]])


def _regions(frame: Frame, positions_km: FloatArray) -> AnyArray:
    """The theatre below each row."""
    grid = region_grid(frame.spec.regions)
    return np.asarray(np.array(grid.names, dtype=object)[regions_below(grid, positions_km)])


def _refuse_unknown_region(frames: Sequence[Frame], region: str | None) -> None:
    known = {name for boxes in _boxes(frames) for name in region_names(boxes)}
    if region is not None:
        require_known("region", region, known)


def _boxes(frames: Sequence[Frame]) -> Iterator[tuple[RegionBox, ...]]:
    return (frame.spec.regions for frame in frames)


def _values(column: AnyArray) -> list[Any]:
    if column.dtype == np.float32:
        # The shortest digits that read back to the same float32.
        column = column.astype("U32").astype(np.float64)
    values: list[Any] = column.tolist()
    return values


def _empty() -> dict[str, AnyArray]:
    kinds: dict[str, Any] = {
        "uint32": np.uint32,
        "float32": np.float32,
        "float": np.float64,
        "bool": np.bool_,
        "instant": np.int64,
    }
    return {
        column.name: np.zeros(0, kinds.get(column.type, object)) for column in SATELLITE.columns
    }
