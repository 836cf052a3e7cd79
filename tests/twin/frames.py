"""One good frame of eight satellites, for tests that spoil it."""

from __future__ import annotations

import numpy as np

from twin.frames import FrameHeader, SatelliteSpec, encode_frame, encode_spec
from twin.identity import Identity, digest_of
from twin.regions import RegionBox
from twin.summaries import FrameRef

TICK_NS = 1_861_920_060_000_000_000
ROWS_COUNT = 8

HEADER = FrameHeader(
    shard="sl-53/public/0", label="public", tick_ns=TICK_NS, interval_ns=60_000_000_000
)
SPEC = SatelliteSpec(
    segment="sl-53",
    class_name="v2-mini",
    array_w=27_000.0,
    battery_wh=15_000.0,
    bus_w=1_000.0,
    payload_w=8_000.0,
    is_compute=False,
    radiator_m2=20.0,
    radiator_emissivity_fraction=0.85,
    temperature_max_k=330.0,
    charge_reserve_fraction=0.3,
    residual_fraction=0.1,
    regions=(RegionBox("europe", 36.0, 66.0, -10.0, 40.0),),
    assumptions_digest="0" * 16,
)


def columns() -> dict[str, np.ndarray]:
    """Eight satellites around the equator, loads met from the battery."""
    angle = np.linspace(0.0, 2.0 * np.pi, ROWS_COUNT, endpoint=False)
    full = np.ones(ROWS_COUNT, dtype="f4")
    return {
        "asset_id": np.arange(1, ROWS_COUNT + 1, dtype="u4"),
        "x_km": (6_900.0 * np.cos(angle)).astype("f4"),
        "y_km": (6_900.0 * np.sin(angle)).astype("f4"),
        "z_km": full * 10.0,
        "array_w": full * 26_000.0,
        "load_w": full * 6_000.0,
        "charge_wh": full * 14_990.0,
        "temperature_k": full * 300.0,
        "utilisation_fraction": full * 0.5,
        "traffic_bps": full * 5e9,
        "status": np.zeros(ROWS_COUNT, dtype="u1"),
    }


BODY = encode_frame(HEADER, encode_spec(SPEC), columns())
REF = FrameRef(
    identity=Identity("w", 1, HEADER.shard, 1),
    topic="satellites",
    partition=0,
    offset=0,
    digest=digest_of(BODY),
    segment="sl-53",
    rows_count=ROWS_COUNT,
)
