"""The database as an engine: opened late, one snapshot per read, short writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import create_engine

from streams.log.address import without_secret
from streams.store.address import database_address
from streams.store.schema import prepare
from twin.errors import BadInput, TwinError, Unavailable

BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5
KNOWN_USER = "a user it knows, with the password"
REFUSALS = {
    "password authentication failed": KNOWN_USER,
    "no password supplied": KNOWN_USER,
    "no pg_hba.conf entry": KNOWN_USER,
    '" does not exist': "a database that is there: CREATE DATABASE makes one",
}
"""What a server says to whom it does not let in, and what it expects; a client is told no more."""


def open_database(url: str) -> Engine:
    """The engine of a database URL; its tables exist afterwards.

    ``BadInput`` for an address that is none, ``Unavailable`` when the database does not answer.
    """
    engine = create_engine(database_address(url), **_options(url))
    if engine.dialect.name == "sqlite":
        if engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin)
    try:
        prepare(engine)
    except OperationalError as error:
        engine.dispose()
        raise _explained(url, str(error.orig)) from None
    except TwinError:
        engine.dispose()
        raise
    return engine


def _explained(url: str, said: str) -> TwinError:
    """Why a database could not be opened; asking again is useless if it refuses us."""
    expected = next((REFUSALS[refusal] for refusal in REFUSALS if refusal in said), None)
    if expected is not None:
        return BadInput(
            f"the database {without_secret(url)} refuses us: {said.splitlines()[0]}",
            expected=expected,
            remedy="look at TWIN_DATABASE_URL",
            field="TWIN_DATABASE_URL",
        )
    return Unavailable(
        f"the database {without_secret(url)}: {said.splitlines()[0]}",
        remedy="start it, or give another with TWIN_DATABASE_URL",
    )


@contextmanager
def answering() -> Iterator[None]:
    """A database that is locked, full or gone is ``Unavailable``: it may answer later.

    A statement it does not understand stays SQLAlchemy's own error: waiting does not mend tables.
    """
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        is_away = isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR
        if not (is_away or error.connection_invalidated):
            raise
        of_a_file = "check free space, permissions and whether a stopped process holds it"
        raise Unavailable(
            f"the read model: {str(error.orig).splitlines()[0]}",
            remedy="is the server up?" if code is None else of_a_file,
        ) from error


def ask(engine: Engine) -> None:
    """Return if the database answers; ``Unavailable`` if it does not."""
    with answering(), engine.connect() as db:
        db.exec_driver_sql("SELECT 1")


def database_file(url: str) -> Path | None:
    """The file of an SQLite database, or None for another; ``BadInput`` for no address at all."""
    made = database_address(url)
    if made.get_backend_name() != "sqlite" or not made.database:
        return None
    return Path(made.database)


def _options(url: str) -> dict[str, Any]:
    """A server keeps one snapshot a transaction if told to, and may be gone since it was asked."""
    if not url.startswith("postgresql"):
        return {}
    return {
        "isolation_level": "REPEATABLE READ",
        "pool_pre_ping": True,
        # A host that vanished is noticed in seconds, not in the kernel's hours.
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
        },
    }


def _tune_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: a read is one snapshot, begun by us.
    connection.isolation_level = None
    cursor = connection.cursor()
    # The log is the truth and is fsynced; the read model can be rebuilt, so a power cut may cost it
    # its last moments but never its consistency.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "cache_size=-32768",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
