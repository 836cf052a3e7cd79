"""Tables made whole and tables migrated are the same, on every database."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlmodel import SQLModel

from streams.store.database import open_database
from streams.store.schema import HEAD, MIGRATIONS, upgrade
from streams.store.tables import VERSION
from twin.errors import BadInput


def difference(engine: Engine) -> list[object]:
    """What would have to change for the database to have the tables as they are defined."""
    with engine.connect() as db:
        context = MigrationContext.configure(
            db, opts={"compare_type": True, "target_metadata": SQLModel.metadata}
        )
        return list(compare_metadata(context, SQLModel.metadata))


def test_a_new_database_has_the_tables_as_defined_and_says_its_version(database_url: str) -> None:
    engine = open_database(database_url)

    assert difference(engine) == []
    with engine.connect() as db:
        assert db.execute(VERSION.select()).scalar() == HEAD
    engine.dispose()


def test_every_migration_one_after_the_other_comes_to_the_same_tables(database_url: str) -> None:
    engine = create_engine(database_url)

    with engine.begin() as db:
        upgrade(db)

    assert difference(engine) == []
    with engine.connect() as db:
        assert db.execute(VERSION.select()).scalar() == HEAD
    engine.dispose()


def test_opening_twice_changes_nothing(database_url: str) -> None:
    open_database(database_url).dispose()

    again = open_database(database_url)

    assert difference(again) == []
    again.dispose()


def test_the_newest_migration_is_the_version_that_is_expected() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_tables_of_another_release_are_refused_and_left_alone(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(BadInput, match="another release"):
        open_database(database_url)


def test_tables_without_a_version_are_refused_and_left_alone(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.begin() as db:
        VERSION.drop(db)
    engine.dispose()

    with pytest.raises(BadInput, match="no known release"):
        open_database(database_url)

    left = create_engine(database_url)
    assert inspect(left).has_table("tick")
    left.dispose()
