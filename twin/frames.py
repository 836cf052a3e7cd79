"""Columnar telemetry: one shard at one tick, as one Arrow record batch, with its spec.

A frame carries all that is needed to judge it. Its schema metadata holds the *header* (whose
frame, which tick) and the *spec* (as-built constants and assumption values, alike for every tick
of a segment). Reading checks everything a stranger could get wrong before a single value is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from twin.arrays import AnyArray
from twin.errors import Poison
from twin.limits import FRAME_MAX_BYTES, INT64_MAX, NAME_MAX_COUNT, TICK_MAX_NS
from twin.regions import RegionBox

ROWS_MAX_COUNT = 20_000
SPEC_MAX_BYTES = 64 * 1024
BOXES_MAX_COUNT = 128
"""Boxes of regions in a spec: the table made of them grows with the square of their number."""

Family = Literal["satellite", "accelerator"]

COLUMNS: dict[Family, tuple[tuple[str, str, float, float], ...]] = {
    "satellite": (
        ("asset_id", "u4", 0, 2**32),
        ("x_km", "f4", -1e6, 1e6),
        ("y_km", "f4", -1e6, 1e6),
        ("z_km", "f4", -1e6, 1e6),
        ("array_w", "f4", -1e3, 1e7),
        ("load_w", "f4", -1e3, 1e7),
        ("charge_wh", "f4", 0, 1e7),
        ("temperature_k", "f4", 0, 1e3),
        ("utilisation_fraction", "f4", 0, 2),
        ("traffic_bps", "f4", 0, 1e13),
        ("status", "u1", 0, 255),
    ),
    "accelerator": (
        ("pool_id", "u4", 0, 2**32),
        ("accelerators_up_count", "u4", 0, 2**32),
        ("power_w", "f8", 0, 1e10),
        ("utilisation_fraction", "f4", 0, 2),
        ("coolant_k", "f4", 0, 2e3),
        ("tok_per_s", "f8", 0, 1e13),
        ("flop_per_s", "f8", 0, 1e22),
        ("queue_s", "f4", 0, 1e9),
    ),
}
"""Each family's columns: name (its last word is the unit), numpy type, lowest and highest value.

The bounds are what an instrument could say at all: beyond them a value is poison. In the small unit
it is summed in (mW, mWh, bit/s, tokens/s, Gflop/s, …) no value is over 10^13, nor is what a spec
makes of one: a full frame comes to 2 x 10^17, and 46 full frames of nothing but the highest values
still fit in 64 bits.
"""

STATUS_NOMINAL, STATUS_SAFE, STATUS_FAILED = 0, 1, 2


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX_COUNT, pattern=r"^[^\x00]*$")]
Watts = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Fraction = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Bounded = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
"""A constant no real asset exceeds; an absurd one must not push a sum out of 64 bits."""

BATTERY_MIN_WH = 1e-3
"""The smallest battery there is; without one it is 0. A charge is divided by it."""


class SatelliteSpec(msgspec.Struct, frozen=True, tag="satellite"):
    """What a healthy satellite of this segment would do; positions are earth-fixed (ITRS)."""

    segment: Name
    class_name: Name
    array_w: Watts  # in full sun at 1 au, at today's age
    battery_wh: Bounded
    bus_w: Watts
    payload_w: Watts
    is_compute: bool  # the payload is accelerators
    radiator_m2: Annotated[float, msgspec.Meta(ge=0.0, le=1e5)]  # effective: all faces together
    radiator_emissivity_fraction: Fraction
    temperature_max_k: Bounded
    charge_reserve_fraction: Bounded  # below it, payload is shed
    residual_fraction: Bounded  # a power residual beyond it is an anomaly
    regions: tuple[RegionBox, ...]
    assumptions_digest: str


class AcceleratorSpec(msgspec.Struct, frozen=True, tag="accelerator"):
    """What the accelerator pools of this segment should do."""

    segment: Name
    region: Name
    accelerator_w: Watts  # all-in, without cooling
    coolant_max_k: Bounded
    accelerators_per_pool_count: Annotated[int, msgspec.Meta(ge=0, le=2**32)]
    regions: tuple[RegionBox, ...]
    assumptions_digest: str


Spec = SatelliteSpec | AcceleratorSpec


class FrameHeader(msgspec.Struct, frozen=True):
    """Whose frame it is; ``tick_ns`` names the tick by its end."""

    shard: Name
    label: Name
    tick_ns: Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]
    interval_ns: Annotated[int, msgspec.Meta(gt=0, le=TICK_MAX_NS)]


class Frame(msgspec.Struct, frozen=True):
    """A readable frame: every column a contiguous array of one length; values as they came."""

    header: FrameHeader
    spec: Spec
    columns: dict[str, AnyArray]
    rows_count: int


def refuse_implausible(frame: Frame) -> None:
    """Raise ``Poison`` naming the first value that is no number or beyond its column's bounds."""
    for name, _, lowest, highest in COLUMNS[family_of(frame.spec)]:
        values = frame.columns[name]
        wrong = np.flatnonzero(~((values >= lowest) & (values <= highest)))
        if wrong.size:
            raise Poison(
                f"row {wrong[0]}: {name} is {values[wrong[0]]}",
                expected=f"a number from {lowest:g} to {highest:g}",
            )


def encode_spec(spec: Spec) -> bytes:
    """A spec as the JSON that every frame of the segment carries."""
    return msgspec.json.encode(spec)


def encode_frame(header: FrameHeader, spec: bytes, columns: Mapping[str, AnyArray]) -> bytes:
    """One shard at one tick as an Arrow IPC stream of a single uncompressed batch."""
    schema = _schema(family_of(decode_spec(spec))).with_metadata(
        {b"twin.frame": msgspec.json.encode(header), b"twin.spec": spec}
    )
    arrays = [
        pa.array(np.ascontiguousarray(columns[field.name]), type=field.type) for field in schema
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    return bytes(sink.getvalue().to_pybytes())


def decode_frame(body: bytes) -> Frame:
    """The frame in some bytes; ``Poison`` says what is wrong with any that is not one."""
    if len(body) > FRAME_MAX_BYTES:
        raise Poison(f"a frame of {len(body)} bytes", expected=f"at most {FRAME_MAX_BYTES}")
    try:
        with pa.ipc.open_stream(body) as reader:
            schema = reader.schema
            batch = reader.read_next_batch()
    except (pa.ArrowException, OSError, StopIteration, ValueError) as error:
        raise Poison(f"unreadable Arrow ({_one_line(error)})", expected="an IPC stream") from None
    header, spec = _metadata(schema)
    family = family_of(spec)
    if not schema.equals(_schema(family)):
        raise Poison(f"columns {_columns_text(schema)}", expected=_columns_text(_schema(family)))
    if not 1 <= batch.num_rows <= ROWS_MAX_COUNT:
        raise Poison(f"a frame of {batch.num_rows} rows", expected=f"1 to {ROWS_MAX_COUNT}")
    columns = {
        name: _column(batch.column(place), name, np.dtype(code), batch.num_rows)
        for place, (name, code, _, _) in enumerate(COLUMNS[family])
    }
    return Frame(header=header, spec=spec, columns=columns, rows_count=batch.num_rows)


@lru_cache(maxsize=256)
def decode_spec(body: bytes) -> Spec:
    """The spec in some bytes; the same bytes give the same object, so what derives is kept too.

    ``Poison`` when it is larger, or says more, than any segment needs.
    """
    if len(body) > SPEC_MAX_BYTES:
        raise Poison(f"a spec of {len(body)} bytes", expected=f"at most {SPEC_MAX_BYTES}")
    spec: Spec = msgspec.json.decode(body, type=Spec)
    _refuse_impossible_boxes(spec.regions)
    if isinstance(spec, SatelliteSpec) and 0.0 < spec.battery_wh < BATTERY_MIN_WH:
        raise Poison(f"battery_wh {spec.battery_wh}", expected=f"0, or {BATTERY_MIN_WH} or more")
    return spec


def _refuse_impossible_boxes(boxes: tuple[RegionBox, ...]) -> None:
    if len(boxes) > BOXES_MAX_COUNT:
        raise Poison(
            f"a spec with {len(boxes)} region boxes", expected=f"at most {BOXES_MAX_COUNT}"
        )
    for box in boxes:
        if not 1 <= len(box.name) <= NAME_MAX_COUNT:
            raise Poison(
                f"a region's name of {len(box.name)} characters", expected=f"1 to {NAME_MAX_COUNT}"
            )
        is_upright = -90.0 <= box.south_deg < box.north_deg <= 90.0
        if not (is_upright and -180.0 <= box.west_deg < box.east_deg <= 180.0):
            raise Poison(
                f"region box {box.name}", expected="south < north and west < east, in degrees"
            )


@lru_cache(maxsize=8)
def _schema(family: Family) -> pa.Schema:
    return pa.schema(
        [
            pa.field(name, pa.from_numpy_dtype(np.dtype(code)), nullable=False)
            for name, code, _, _ in COLUMNS[family]
        ]
    )


def family_of(spec: Spec) -> Family:
    """Which columns a frame with this spec has."""
    return "satellite" if isinstance(spec, SatelliteSpec) else "accelerator"


def _metadata(schema: pa.Schema) -> tuple[FrameHeader, Spec]:
    metadata = schema.metadata or {}
    try:
        header = msgspec.json.decode(metadata[b"twin.frame"], type=FrameHeader)
        return header, decode_spec(metadata[b"twin.spec"])
    except KeyError as error:
        raise Poison(f"no {error} in the schema metadata", expected="header and spec") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Poison(f"frame metadata: {_one_line(error)}", expected="header and spec") from None


def _column(array: pa.Array[Any], name: str, dtype: np.dtype[Any], rows_count: int) -> AnyArray:
    """A column without a copy; a buffer shorter than the rows claimed is found here, not later."""
    data = array.buffers()[1]
    if array.null_count or data is None or data.size < rows_count * dtype.itemsize:
        raise Poison(f"column {name} has missing values or bytes", expected=f"{rows_count} values")
    values: AnyArray = np.frombuffer(memoryview(data), dtype=dtype, count=rows_count)
    return values


def _columns_text(schema: pa.Schema) -> str:
    try:
        return ", ".join(f"{field.name} {field.type}" for field in schema)
    except UnicodeDecodeError:
        return "whose names are not UTF-8"


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
