"""What an installation of several processes needs before any of them: topics, tables, a reader.

Whoever starts first would make topics and tables too; made here, the others need no right to.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from infra.installation import ready_database, ready_log
from infra.usage import BadUsage
from streams.settings import Settings
from streams.store.tables import (
    ALERT,
    DEAD_LETTER,
    EVENT_SUBJECT,
    PLACEMENT,
    TICK,
    VERSION,
    VIEW_TABLES,
)

READER: Final = "twin_reader"
STATEMENT_TIMEOUT: Final = "30s"
READ: Final = (TICK, ALERT, DEAD_LETTER, EVENT_SUBJECT, PLACEMENT, VERSION, *VIEW_TABLES.values())
"""What a reader sees: views and what proves them, not the whole twin in a snapshot."""


def run(settings: Settings) -> None:
    """Make what is missing; run again it changes nothing but the reader's password."""
    ready_log(settings, may_alter=True).close()
    engine = ready_database(settings)
    print("topics and tables are there")
    if settings.reader_password:
        if engine.dialect.name != "postgresql":
            raise BadUsage(
                "TWIN_READER_PASSWORD with a read model in a file",
                expected="TWIN_DATABASE_URL=postgresql+psycopg://…",
                field="TWIN_READER_PASSWORD",
            )
        grant_reader(engine, settings.reader_password)
        print(f"{READER} may read the views")
    engine.dispose()


def grant_reader(engine: Engine, password: str) -> None:
    """A role that may read the views and nothing else, for dashboards."""
    tables = ", ".join(f'"{table.name}"' for table in READ)
    with engine.begin() as db:
        known = db.execute(
            text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": READER}
        ).scalar()
        verb = "ALTER" if known else "CREATE"
        # Never in clear: a server may log what it is told. The literal is the server's own making.
        secret = _scrambled(db, password)
        literal = db.execute(text("SELECT quote_literal(:it)"), {"it": secret}).scalar_one()
        name = db.execute(text("SELECT quote_ident(current_database())")).scalar_one()
        for statement in (
            f"{verb} ROLE {READER} LOGIN PASSWORD {literal}",
            f"ALTER ROLE {READER} SET default_transaction_read_only = on",
            f"ALTER ROLE {READER} SET statement_timeout = '{STATEMENT_TIMEOUT}'",
            # A question of a wall is short: compiling it takes a second, and asking it none.
            f"ALTER ROLE {READER} SET jit = off",
            f"GRANT SELECT ON {tables} TO {READER}",
            # Everybody may, by default: a disk can be filled by that.
            f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC, {READER}",
        ):
            db.exec_driver_sql(statement.replace("%", "%%"))


def _scrambled(db: Connection, password: str) -> str:
    """What the server keeps of a password, and all it ever sees of it."""
    driver: Any = db.connection.driver_connection
    encoded: bytes = driver.pgconn.encrypt_password(
        password.encode(), READER.encode(), b"scram-sha-256"
    )
    return encoded.decode()
