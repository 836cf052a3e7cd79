"""Frames: what is not one is refused with a reason, before any value of it is used."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.frames import BODY, HEADER, REF, SPEC, columns
from twin.errors import Poison
from twin.frames import COLUMNS, ROWS_MAX_COUNT, decode_frame, encode_frame, encode_spec
from twin.observe import observe


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
