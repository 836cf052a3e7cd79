"""Money in the read model: to the micro-dollar, whichever database holds it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Column, MetaData, String, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from streams.store.database import open_database
from streams.store.money import Money
from twin.units import dollars
from twin.views import VIEWS, RollUp

# A binary fraction of dollars would lose the last of these digits.
AMOUNTS = [0, 1, -1, 1_234_567_890_123, 1_750_000_000_000_000_001, -(9 * 10**18), None]


@pytest.fixture
def purse() -> Table:
    return Table("purse", MetaData(), Column("name", String), Column("amount_usd", Money))


@pytest.mark.parametrize("amount", AMOUNTS)
def test_an_amount_is_read_back_to_the_last_micro_dollar(
    amount: int | None, purse: Table, database_url: str
) -> None:
    engine = open_database(database_url)

    with engine.begin() as db:
        purse.create(db)
        db.execute(insert(purse).values(name="a", amount_usd=amount))
        found = db.execute(select(purse.c.amount_usd)).scalar_one()

    engine.dispose()
    assert found == amount


@pytest.mark.parametrize("amount", AMOUNTS)
def test_a_server_is_given_decimals_and_gives_them_back(amount: int | None) -> None:
    dialect = postgresql.dialect()

    stored = Money().process_bind_param(amount, dialect)

    assert stored is None or stored.as_tuple().exponent == -6
    assert Money().process_result_value(stored, dialect) == amount


def test_a_server_has_decimals_in_its_tables_and_sqlite_whole_numbers(purse: Table) -> None:
    server = str(CreateTable(purse).compile(dialect=postgresql.dialect()))
    file = str(CreateTable(purse).compile(dialect=sqlite.dialect()))

    assert "amount_usd NUMERIC(20, 6)" in server
    assert "amount_usd BIGINT" in file


def test_dollars_have_six_decimals_always() -> None:
    said = [str(dollars(amount)) for amount in (0, 1, -1_500_000, 1_750_000_000_000_000_001)]

    assert said == ["0.000000", "0.000001", "-1.500000", "1750000000000.000001"]
    assert dollars(2_500_000) == Decimal("2.5")


def test_money_is_never_averaged() -> None:
    averaged = [
        f"{view.name}.{column.name}"
        for view in VIEWS.values()
        for column in view.columns
        if column.type == "usd" and column.roll_up is RollUp.MEAN
    ]

    assert averaged == []
