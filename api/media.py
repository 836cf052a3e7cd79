"""Rows in the form a client accepts: JSON, CSV, an Arrow stream or Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from starlette.responses import Response

from api.shapes import said_instant

JSON_LINES: Final = "application/jsonl"


class Media(StrEnum):
    """The forms of a table, the first being the default."""

    JSON = "application/json"
    CSV = "text/csv"
    ARROW = "application/vnd.apache.arrow.stream"
    PARQUET = "application/vnd.apache.parquet"


class Rows(Protocol):
    """Rows that can be said in either way; only the one that is asked for is made."""

    def as_dicts(self) -> list[dict[str, Any]]:
        """One mapping a row, instants as RFC 3339."""

    def as_table(self) -> Any:
        """An Arrow table, instants as timestamps in UTC."""


as_json: Final = msgspec.json.Encoder(decimal_format="number").encode
"""What an answer says as JSON; amounts of money to their last decimal."""


def json_response(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """One JSON object."""
    return Response(as_json(body), headers=dict(headers), media_type=Media.JSON)


def table_response(
    form: str, *, head: Mapping[str, Any], rows: Rows, headers: Mapping[str, str]
) -> Response:
    """Rows with the tick they are of: in the body as JSON, in the headers and schema otherwise."""
    media = Media(form)
    if media is Media.JSON:
        return json_response({**head, "rows": rows.as_dicts()}, headers)
    table = rows.as_table()
    told = {f"twin.{name}": str(value) for name, value in head.items()}
    body = _WRITERS[media](table.replace_schema_metadata(told))
    return Response(body, headers=dict(headers), media_type=media)


def _csv(table: Any) -> bytes:
    sink = io.BytesIO()
    pyarrow.csv.write_csv(_with_instants_as_text(table), sink)
    return sink.getvalue()


def _with_instants_as_text(table: Any) -> Any:
    """CSV has no instants: RFC 3339 in their place."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            instants_ns = table.column(place).cast(pa.int64()).to_pylist()
            said = (None if at_ns is None else said_instant(at_ns) for at_ns in instants_ns)
            text = pa.array(said, pa.string())
            table = table.set_column(place, field.name, text)
    return table


def _arrow(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _parquet(table: Any) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


_WRITERS: Final = {Media.CSV: _csv, Media.ARROW: _arrow, Media.PARQUET: _parquet}
