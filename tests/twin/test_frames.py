"""Frames: what is not one is refused with a reason, before any value of it is used."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.twin.frames import BODY, HEADER, REF, SPEC, columns
from twin.errors import Poison
from twin.frames import (
    BATTERY_MIN_WH,
    COLUMNS,
    ROWS_MAX_COUNT,
    AcceleratorSpec,
    decode_frame,
    encode_frame,
    encode_spec,
    family_of,
)
from twin.observe import observe
from twin.quantities import Q
from twin.regions import RegionBox
from twin.summaries import matrix_of


def body(**changed) -> bytes:
    return encode_frame(HEADER, encode_spec(SPEC), {**columns(), **changed})


def rewritten(schema_change, rows_change=lambda batch: batch) -> bytes:
    """The good frame with another schema or other rows."""
    with pa.ipc.open_stream(BODY) as reader:
        batch = rows_change(reader.read_next_batch())
    schema = schema_change(batch.schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(batch.columns, schema=schema))
    return sink.getvalue().to_pybytes()


def test_a_frame_reads_back_as_it_was_written() -> None:
    frame = decode_frame(BODY)

    assert frame.header == HEADER
    assert frame.spec == SPEC
    for name, *_ in COLUMNS["satellite"]:
        assert frame.columns[name].tolist() == columns()[name].tolist()


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (b"", "unreadable Arrow"),
        (b"not arrow at all", "unreadable Arrow"),
        (BODY[:200], "unreadable Arrow"),
        (BODY[: len(BODY) // 2], "unreadable Arrow"),
        (bytes(5 * 1024 * 1024), "bytes; expected at most"),
        (rewritten(lambda s: s.remove_metadata()), "schema metadata"),
        (
            rewritten(lambda s: s.with_metadata({b"twin.frame": b"{", b"twin.spec": b""})),
            "metadata",
        ),
    ],
    ids=["empty", "text", "cut header", "cut body", "huge", "no metadata", "bad metadata"],
)
def test_what_is_not_a_frame_is_poison_with_its_reason(poison: bytes, reason: str) -> None:
    with pytest.raises(Poison, match=reason):
        decode_frame(poison)


def test_a_frame_with_a_column_missing_or_retyped_names_what_it_has() -> None:
    with pa.ipc.open_stream(BODY) as reader:
        batch = reader.read_next_batch()
    short = batch.drop_columns(["status"]).replace_schema_metadata(batch.schema.metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, short.schema) as writer:
        writer.write_batch(short)

    with pytest.raises(Poison, match=r"columns asset_id uint32.*expected.*status uint8"):
        decode_frame(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("count", [0, ROWS_MAX_COUNT + 1])
def test_a_frame_of_no_rows_or_too_many_is_refused(count: int) -> None:
    many = {name: np.resize(values, count) for name, values in columns().items()}

    with pytest.raises(Poison, match=f"a frame of {count} rows"):
        decode_frame(encode_frame(HEADER, encode_spec(SPEC), many))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x_km", np.nan),
        ("array_w", np.inf),
        ("load_w", -np.inf),
        ("charge_wh", -1.0),
        ("temperature_k", 1e30),
        ("traffic_bps", 3e38),
        ("utilisation_fraction", np.nan),
    ],
)
def test_a_value_no_instrument_could_say_is_named_with_its_row(name: str, value: float) -> None:
    changed = columns()[name].copy()
    changed[2] = value
    frame = decode_frame(body(**{name: changed}))

    with pytest.raises(Poison, match=f"row 2: {name} is"):
        observe(frame, REF)


BOX = RegionBox("europe", 36.0, 66.0, -10.0, 40.0)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"regions": (BOX,) * 129}, "129 region boxes; expected at most 128"),
        ({"regions": (replace(BOX, name="x" * 201),)}, "name of 201 characters"),
        ({"regions": (replace(BOX, south_deg=80.0),)}, "south < north"),
        ({"regions": (replace(BOX, west_deg=-200.0),)}, "west < east"),
        ({"assumptions_digest": "0" * 70_000}, "a spec of .* bytes; expected at most 65536"),
        ({"battery_wh": 1e-300}, "battery_wh"),
        ({"radiator_m2": 1e9}, "radiator_m2"),
        ({"segment": "s" * 201}, "segment"),
    ],
)
def test_a_spec_that_says_too_much_is_refused(changed: dict, reason: str) -> None:
    with pytest.raises(Poison, match=reason):
        decode_frame(with_spec(encode_spec(replace(SPEC, **changed))))


def with_spec(spec: bytes) -> bytes:
    """The good frame under a spec that nobody has looked at."""
    header = msgspec.json.encode(HEADER)
    return rewritten(lambda s: s.with_metadata({b"twin.frame": header, b"twin.spec": spec}))


@pytest.mark.parametrize("interval_ns", [0, -1, 10**30])
def test_a_frame_of_a_tick_of_no_possible_length_is_refused(interval_ns: int) -> None:
    header = msgspec.json.encode(replace(HEADER, interval_ns=0))
    header = header.replace(b'"interval_ns":0', f'"interval_ns":{interval_ns}'.encode())

    with pytest.raises(Poison, match="metadata"):
        decode_frame(
            rewritten(
                lambda s: s.with_metadata({b"twin.frame": header, b"twin.spec": encode_spec(SPEC)})
            )
        )


AT_MOST = 10**13
"""What one row adds to a sum, in its small unit."""
HIGHEST_SATELLITE = replace(
    SPEC,
    array_w=1e9,
    battery_wh=BATTERY_MIN_WH,
    is_compute=True,
    radiator_m2=1e5,
    radiator_emissivity_fraction=1.0,
)
POOLS = AcceleratorSpec(
    segment="c2",
    region="europe",
    accelerator_w=1.0,
    coolant_max_k=1.0,
    accelerators_per_pool_count=1,
    regions=(BOX,),
    assumptions_digest="0",
)


@pytest.mark.parametrize("spec", [HIGHEST_SATELLITE, POOLS], ids=["satellite", "accelerator"])
def test_a_frame_of_nothing_but_the_highest_values_stays_within_64_bits(spec) -> None:
    family = family_of(spec)
    highest = {
        name: np.full(ROWS_MAX_COUNT, min(high, 2**32 - 1) if kind == "u4" else high, dtype=kind)
        for name, kind, _, high in COLUMNS[family]
    }
    if family == "satellite":
        highest |= {
            "status": np.zeros(ROWS_MAX_COUNT, dtype="u1"),
            "array_w": np.full(ROWS_MAX_COUNT, -1e3, dtype="f4"),
        }

    summary = observe(decode_frame(encode_frame(HEADER, encode_spec(spec), highest)), REF)

    matrix = matrix_of(summary)
    assert matrix[:, : Q.CHARGE_LOWEST_PPM].min() >= -1e6 * ROWS_MAX_COUNT
    assert matrix[:, Q.TEMPERATURE_MK :].min() >= 0
    assert matrix.max() <= 1.1 * AT_MOST * ROWS_MAX_COUNT
    assert 46 * AT_MOST * ROWS_MAX_COUNT < 2**63


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_frame_with_any_byte_changed_reads_or_is_poison_but_never_anything_else(
    place: int, mask: int
) -> None:
    changed = bytearray(BODY)
    changed[place] ^= mask

    with suppress(Poison):
        observe(decode_frame(bytes(changed)), REF)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=4096))
def test_random_bytes_are_poison(noise: bytes) -> None:
    with pytest.raises(Poison):
        decode_frame(noise)
