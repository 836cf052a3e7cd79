"""The read model's tables: made whole when there are none, migrated when they are older.

A migration is for who keeps a database through an upgrade; a test holds that both ways come to the
same tables. Whoever may only read waits until a writer has made them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel

from streams.log.ownership import claimed
from streams.store.tables import OWN_TABLES, VERSION
from twin.errors import BadInput, Unavailable

HEAD: Final = "0002"
"""The newest migration in ``migrations/versions``."""
MIGRATIONS: Final = Path(__file__).with_name("migrations")
INSUFFICIENT_PRIVILEGE: Final = "42501"
LOCK: Final = 0x7477_696E
"""What processes that make tables at the same time wait for on a server."""


def prepare(engine: Engine) -> None:
    """Make the tables what this release expects.

    ``BadInput`` for tables of a newer release, or of no release; ``Unavailable`` where there are
    none yet and none may be made.
    """
    try:
        with engine.connect() as db:
            if _version(db) == HEAD:
                return
        with _turn(engine), _sees_others(engine).begin() as db:
            _migrate(db)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
            raise
        raise Unavailable(
            f"the read model has no tables, and we may make none: {error.orig}",
            remedy="'twin setup' or 'twin worker' makes them",
        ) from None


def _migrate(db: Connection) -> None:
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    version = _version(db)
    if version == HEAD:
        return
    if version is not None:
        upgrade(db)
    elif inspect(db).has_table(OWN_TABLES[0].name):
        raise BadInput(
            "a read model of no known release",
            expected=f"version {HEAD}",
            remedy="delete it: the log restores it",
        )
    else:
        SQLModel.metadata.create_all(db, tables=[*OWN_TABLES, VERSION])
        db.execute(VERSION.insert().values(version_num=HEAD))


def upgrade(db: Connection) -> None:
    """Take an older database to the tables of this release, step by step."""
    # Imported only here: a database of this release, or an empty one, has no use for it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = db
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise BadInput(
            f"a read model of another release: {error}",
            expected=f"version {HEAD} or before",
            remedy="use the release that made it, or delete it: the log restores it",
        ) from None


def _version(db: Connection) -> str | None:
    """The migration a database is at; None for one without any."""
    if not inspect(db).has_table(VERSION.name):
        return None
    found: str | None = db.execute(VERSION.select()).scalar()
    return found


def _sees_others(engine: Engine) -> Engine:
    """Waiting for the lock must not hide what was made meanwhile."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="READ COMMITTED")


def _turn(engine: Engine) -> AbstractContextManager[None]:
    """This process's turn to make tables in a file; a server has a lock of its own."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        return nullcontext()
    return claimed(Path(f"{path}.lock"))
