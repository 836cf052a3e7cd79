"""Many rows of a view at once, the fastest way each database has: rows are tuples in column order.

Money is whole micro-dollars in a row, as inside the twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from sqlalchemy import BigInteger, Connection, Dialect, Float, Table
from sqlalchemy.exc import OperationalError

from streams.store.money import Money
from twin.units import dollars
from twin.views import Value

Row = tuple[Value, ...]


class Insert(Protocol):
    """Adds rows to the table it was made for."""

    def __call__(self, db: Connection, rows: Sequence[Row]) -> None: ...


def bulk_insert(table: Table, dialect: Dialect) -> Insert:
    """How rows get into a table: a statement is written once, building one costs more than running
    it.
    """
    return _copying(table) if dialect.name == "postgresql" else _inserting(table, dialect)


def _inserting(table: Table, dialect: Dialect) -> Insert:
    statement = str(table.insert().compile(dialect=dialect))

    def insert(db: Connection, rows: Sequence[Row]) -> None:
        db.exec_driver_sql(statement, list(rows))

    return insert


def _copying(table: Table) -> Insert:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    statement = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
    kinds = [_kind(column.type) for column in table.columns]
    money = [place for place, kind in enumerate(kinds) if kind == "numeric"]

    def insert(db: Connection, rows: Sequence[Row]) -> None:
        driver: Any = db.connection.driver_connection
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(kinds)
                for row in rows:
                    copy.write_row(_with_dollars(row, money) if money else row)
        except psycopg.OperationalError as error:
            # As of every other statement, so that whoever asks again knows it.
            raise OperationalError(statement, None, error) from error

    return insert


def _kind(type_: object) -> str:
    """What the server calls a type of column."""
    if isinstance(type_, Money):
        return "numeric"
    if isinstance(type_, BigInteger):
        return "int8"
    return "float8" if isinstance(type_, Float) else "text"


def _with_dollars(row: Row, places: Sequence[int]) -> list[object]:
    values: list[object] = list(row)
    for place in places:
        micro = values[place]
        values[place] = None if micro is None else dollars(int(micro))  # type: ignore[call-overload]  # money is whole
    return values
