"""Frames as Parquet: a file of messages that lay side by side in one partition.

Each row is a message as it was, byte for byte, beside what it says: its name, its tick and its
columns as lists, so that any tool can query what was archived. What cannot be read is kept all the
same, with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from streams.codec import decode_headers
from streams.log.port import Message
from twin.errors import BrokenInvariant, Poison
from twin.frames import COLUMNS, Frame, decode_frame, family_of

Row = dict[str, Any]

RAW: Final = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("timestamp_ns", pa.int64()),
        ("key", pa.binary()),
        ("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))),
        ("value", pa.large_binary()),
    ]
)
"""The message itself: nothing else is needed to bring it back."""
SAID: Final = pa.schema(
    [
        ("id", pa.string()),
        ("kind", pa.string()),
        ("label", pa.string()),
        ("effective_ns", pa.int64()),
        ("undecoded", pa.string()),
    ]
)
COLUMN_KINDS: Final = {
    name: pa.list_(pa.from_numpy_dtype(np.dtype(code)))
    for family in COLUMNS.values()
    for name, code, _, _ in family
}
SCHEMA: Final = pa.schema([*RAW, *SAID, *((name, kind) for name, kind in COLUMN_KINDS.items())])


def write_archive(path: Path, messages: Sequence[Message]) -> None:
    """Write messages to a file that is there whole or not at all, and was read back before."""
    table = pa.Table.from_pylist([_row(message) for message in messages], schema=SCHEMA)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    if list(read_archive(unfinished)) != list(messages):
        raise BrokenInvariant(
            f"{unfinished} does not hold what was written",
            expected=f"{len(messages)} messages as they are in the log",
            remedy="look after the disk, then archive again",
        )
    unfinished.rename(path)


def read_archive(path: Path) -> Iterator[Message]:
    """The messages of a file as they were in the log, byte for byte."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=16, columns=RAW.names):
            for row in batch.to_pylist():
                headers = tuple((each["name"], each["value"]) for each in row.pop("headers"))
                yield Message(headers=headers, **row)


def _row(message: Message) -> Row:
    raw: Row = {name: getattr(message, name) for name in RAW.names}
    raw["headers"] = [{"name": name, "value": value} for name, value in message.headers]
    try:
        envelope = decode_headers(message.headers)
        named = {
            "id": str(envelope.identity),
            "kind": envelope.kind,
            "label": envelope.label,
            "effective_ns": envelope.effective_ns,
        }
    except Poison as error:
        return raw | {"undecoded": str(error)}
    try:
        return raw | named | _columns(decode_frame(message.value or b""))
    except Poison as error:
        return raw | named | {"undecoded": str(error)}


def _columns(frame: Frame) -> Row:
    return {name: frame.columns[name] for name, _, _, _ in COLUMNS[family_of(frame.spec)]}
