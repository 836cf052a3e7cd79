"""What a table of the API looks like: one definition gives its Arrow schema and its description."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from types import GenericAlias
from typing import Annotated, Any, Final, Literal

import msgspec
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from api.meaning import BASES, unit_of
from twin.units import dollars, instant_text
from twin.views import RollUp, View

Type = Literal["int", "float", "text", "usd", "bool", "instant", "uint32", "float32"]

ARROW: Final[dict[Type, Any]] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "usd": pa.decimal128(20, 6),
    "bool": pa.bool_(),
    "instant": pa.timestamp("ns", "UTC"),
    "uint32": pa.uint32(),
    "float32": pa.float32(),
}

DOLLARS: Final = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A JSON number with six decimals, written from a decimal and never from a binary fraction."""

PYTHON: Final[dict[Type, Any]] = {
    "int": int,
    "float": float,
    "text": str,
    "usd": DOLLARS,
    "bool": bool,
    "instant": str,
    "uint32": int,
    "float32": float,
}


said_instant = lru_cache(maxsize=8192)(instant_text)
"""An instant as RFC 3339: the rows of an answer share a few, and many say the same one."""


ROUNDING_ULPS: Final = 4
"""What a few divisions and additions may leave of error, in units in the last place."""

SHORT_DIGITS_COUNT: Final = 12
"""Decimals of so few digits lie 4,500 units in the last place apart, or more: a number that is not
one of them is hardly ever within rounding of one, as nearly every number is of one of 15 digits."""


def said_number(value: Any) -> Any:
    """A number without the traces of its reckoning: 315.09229700000003 is said as 315.092297.

    A short decimal stands in where it is as near as rounding errors reach; any other value stays
    as it is, and so does a whole number, which has no such traces.
    """
    if not isinstance(value, float) or not math.isfinite(value) or value.is_integer():
        return value
    short = float(f"{value:.{SHORT_DIGITS_COUNT}g}")
    return short if abs(short - value) <= ROUNDING_ULPS * math.ulp(value) else value


class ShapeColumn(msgspec.Struct, frozen=True):
    """A column: its name ends in its unit, and it says what it means."""

    name: str
    type: Type
    meaning: str
    is_nullable: bool = False
    roll_up: str = ""


def said(kind: Type, value: Any) -> Any:
    """A value of the read model as an answer says it: money in dollars."""
    return dollars(value) if kind == "usd" and value is not None else value


class Shape(msgspec.Struct, frozen=True):
    """A named row shape."""

    name: str
    meaning: str
    columns: tuple[ShapeColumn, ...]


class ShapedRows(msgspec.Struct, frozen=True):
    """Rows of a shape, with instants in nanoseconds and money in micro-dollars."""

    shape: Shape
    rows: tuple[Mapping[str, Any], ...]

    def as_dicts(self) -> list[dict[str, Any]]:
        """One mapping a row, columns in the order of their shape."""
        return [
            {c.name: _in_json(c.type, row[c.name]) for c in self.shape.columns} for row in self.rows
        ]

    def as_table(self) -> Any:
        """An Arrow table with the meaning and unit of each column."""
        columns = [
            pa.array([said(c.type, row[c.name]) for row in self.rows], ARROW[c.type])
            for c in self.shape.columns
        ]
        return pa.table(columns, schema=arrow_schema(self.shape))


def _in_json(kind: Type, value: Any) -> Any:
    is_instant = kind == "instant" and value is not None
    return said_instant(value) if is_instant else said(kind, value)


class Row(BaseModel):
    """The base of every described row: nothing beside what is described."""

    model_config = ConfigDict(extra="forbid")


COMMON: Final = (
    ShapeColumn("branch", "text", "`live`, or a scenario forked from it."),
    ShapeColumn("tick", "instant", "The step of twin time, named by its end (RFC 3339, UTC)."),
    ShapeColumn("interval_s", "float", "Length of the step, or of all steps rolled up."),
    ShapeColumn("basis", "text", "The worst of what went in: measured, derived or assumed."),
    ShapeColumn("label", "text", "Who may see the row; rows of two labels are never summed."),
)


@cache
def view_shape(view: View, *, is_rolled_up: bool = False) -> Shape:
    """The rows of a view; rolled up, a mean of whole numbers is a real one."""
    keys = tuple(ShapeColumn(c.name, c.type, c.meaning) for c in view.key)
    rest = tuple(
        ShapeColumn(
            c.name,
            "float" if is_rolled_up and c.roll_up is RollUp.MEAN else c.type,
            c.meaning,
            is_nullable=c.is_nullable,
            roll_up=str(c.roll_up),
        )
        for c in view.columns
    )
    name = f"{view.name}_history" if is_rolled_up else view.name
    return Shape(name, view.meaning, (*COMMON, *keys, *rest))


def arrow_schema(shape: Shape) -> Any:
    """The Arrow schema; meaning and unit travel as metadata of each field."""
    return pa.schema(
        [
            pa.field(
                column.name,
                ARROW[column.type],
                nullable=column.is_nullable,
                metadata={"meaning": column.meaning, "unit": unit_of(column.name)},
            )
            for column in shape.columns
        ]
    )


def titled(name: str) -> str:
    """A name as that of a model: ``commitment_windows`` is ``CommitmentWindows``."""
    return "".join(word.capitalize() for word in name.split("_"))


def row_model(shape: Shape) -> type[BaseModel]:
    """The row as OpenAPI describes it."""
    fields: dict[str, Any] = {}
    for column in shape.columns:
        kind: Any = PYTHON[column.type]
        extra = {"unit": unit_of(column.name), "roll_up": column.roll_up}
        fields[column.name] = (
            kind | None if column.is_nullable else kind,
            Field(
                description=column.meaning,
                json_schema_extra={name: said for name, said in extra.items() if said}
                | ({"format": "date-time"} if column.type == "instant" else {})
                | ({"enum": list(BASES)} if column.name == "basis" else {}),
            ),
        )
    title = titled(shape.name) + "Row"
    return create_model(title, __base__=Row, __doc__=shape.meaning, **fields)


def list_of(row: Any) -> Any:
    """The type ``list[row]`` of a model that was made, not written."""
    return GenericAlias(list, (row,))
