"""Money in the read model: exact in every database, micro-dollars to everybody who reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

from twin.units import MICRO_PER_USD, dollars


class Money(TypeDecorator[int]):
    """Whole micro-dollars in Python; in the table DECIMAL(20,6) dollars.

    SQLite has no decimals, and would keep such a column as binary fractions from ten billion
    dollars on: there it holds the micro-dollars themselves.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column as this database has it."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(20, 6))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """What is written."""
        return value if value is None or dialect.name == "sqlite" else dollars(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """What is read."""
        if value is None or dialect.name == "sqlite":
            return value if value is None else int(value)
        return int(Decimal(value) * MICRO_PER_USD)
