"""What a view is: a flat row shape read from the twin.

One definition serves the tables, the API and the docs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Literal

import msgspec

from twin.records import Record
from twin.state import Twin


class Moment(msgspec.Struct, frozen=True):
    """What rows are made from: the twin after a tick, the tick's record, and how late it came.

    ``lag_s`` is wall-clock seconds from the source's word to the commit; None on replay.
    """

    twin: Twin
    record: Record
    lag_s: float | None = None


Value = int | float | str | None
Type = Literal["int", "float", "text", "usd"]


class RollUp(StrEnum):
    """How a column becomes one value when rows of several ticks become one."""

    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"


class Column(msgspec.Struct, frozen=True):
    """A column: its name ends in its unit."""

    name: str
    type: Type
    roll_up: RollUp
    meaning: str
    is_nullable: bool = False


class View(msgspec.Struct, frozen=True):
    """A named row shape; every row also has branch, tick, interval_s, basis and label."""

    name: str
    meaning: str
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    rows: Callable[[Moment], Iterator[tuple[Value, ...]]]
    """Rows as ``(label, basis, *key, *columns)``."""

    @property
    def key_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.key)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def key(name: str, meaning: str) -> Column:
    """A column that, with the others of its kind, names a row."""
    return Column(name, "text", RollUp.LAST, meaning)


def whole(name: str, roll_up: RollUp, meaning: str, *, is_nullable: bool = False) -> Column:
    """A column of integers."""
    return Column(name, "int", roll_up, meaning, is_nullable)


def real(name: str, roll_up: RollUp, meaning: str, *, is_nullable: bool = False) -> Column:
    """A column of real numbers."""
    return Column(name, "float", roll_up, meaning, is_nullable)


def usd(name: str, roll_up: RollUp, meaning: str, *, is_nullable: bool = False) -> Column:
    """A column of money: integer micro-dollars inside, an exact decimal of dollars outside."""
    return Column(name, "usd", roll_up, meaning, is_nullable)


def text(name: str, meaning: str) -> Column:
    """A column of words; the last one stands for a period."""
    return Column(name, "text", RollUp.LAST, meaning)
