"""The read model: one table a view, made from the view's definition, and what the writer needs.

Everything here can be deleted and rebuilt from the journal. Instants are integer nanoseconds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from streams.store.money import Money
from twin import views
from twin.views import View

LIVE = "live"

NAME = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts by its code points, as in Python, whatever language a server was set up in."""

_TYPES: dict[str, type[TypeEngine[Any]] | TypeEngine[Any]] = {
    "int": BigInteger,
    "float": Float,
    "text": NAME,
    "usd": Money,
}

COMMON = ("branch", "tick_ns", "interval_s", "label", "basis")
"""What every view row has besides its view's own columns; the first two find the tick."""


class TickRow(SQLModel, table=True):
    """One committed tick: what it came to, and the journal entry that proves it."""

    __tablename__ = "tick"

    branch: str = Field(primary_key=True, sa_type=NAME)
    tick_ns: int = Field(primary_key=True, sa_type=BigInteger)
    start_ns: int = Field(sa_type=BigInteger)
    number: int = Field(sa_type=BigInteger, index=True)
    hash: str
    digest: str
    journal_offset: int = Field(sa_type=BigInteger)
    committed_ns: int = Field(sa_type=BigInteger, index=True)
    frames_count: int
    rows_count: int = Field(sa_type=BigInteger)
    events_count: int
    applied_count: int = Field(sa_type=BigInteger)
    late_count: int
    duplicate_count: int
    quarantined_count: int
    refused_count: int
    record_bytes: int


class WriterRow(SQLModel, table=True):
    """Who may commit next, and from where: the fence of a branch."""

    __tablename__ = "writer"

    branch: str = Field(primary_key=True, sa_type=NAME)
    generation: int
    number: int = Field(sa_type=BigInteger)
    journal_offset: int = Field(sa_type=BigInteger)


class SnapshotRow(SQLModel, table=True):
    """The whole twin after some tick."""

    __tablename__ = "snapshot"

    branch: str = Field(primary_key=True, sa_type=NAME)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    tick_ns: int = Field(sa_type=BigInteger)
    fold_version: int
    hash: str
    journal_offset: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)


class AlertRow(SQLModel, table=True):
    """An alarm from the tick it was raised in to the tick it was cleared in."""

    __tablename__ = "alert"

    branch: str = Field(primary_key=True, sa_type=NAME)
    alarm_id: str = Field(primary_key=True, sa_type=NAME)
    raised_ns: int = Field(primary_key=True, sa_type=BigInteger)
    cleared_ns: int | None = Field(default=None, sa_type=BigInteger)
    label: str
    severity: str
    subject: str
    value: float
    threshold: float
    asset_ids: str = Field(sa_type=Text)


class DeadLetterRow(SQLModel, table=True):
    """An input that was not applied, with the reason; ``event_id`` names it."""

    __tablename__ = "dead_letter"

    branch: str = Field(primary_key=True, sa_type=NAME)
    event_id: str = Field(primary_key=True, sa_type=NAME)
    digest: str = Field(primary_key=True, sa_type=NAME)
    tick_ns: int = Field(sa_type=BigInteger)
    stage: str
    kind: str
    reason: str = Field(sa_type=Text)
    topic: str
    partition: int
    offset: int = Field(sa_type=BigInteger)


class PlacementRow(SQLModel, table=True):
    """Work that came to run on a segment, or did no more, from a tick on."""

    __tablename__ = "placement"

    branch: str = Field(primary_key=True, sa_type=NAME)
    tick_ns: int = Field(primary_key=True, sa_type=BigInteger)
    label: str = Field(primary_key=True)
    workload_id: str = Field(primary_key=True, sa_type=NAME)
    pool_id: str = Field(primary_key=True, sa_type=NAME)
    accelerators_count: int = Field(sa_type=BigInteger)
    displaced_count: int = Field(sa_type=BigInteger)
    by_commitment_id: str


class EventSubjectRow(SQLModel, table=True):
    """An event of the journal by what it is about, so that a figure finds its facts."""

    __tablename__ = "event_subject"

    branch: str = Field(primary_key=True, sa_type=NAME)
    subject: str = Field(primary_key=True, sa_type=NAME)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    ordinal: int = Field(primary_key=True)
    tick_ns: int = Field(sa_type=BigInteger)
    event_id: str
    kind: str
    label: str
    effective_ns: int = Field(sa_type=BigInteger)


TICK = SQLModel.metadata.tables["tick"]
WRITER = SQLModel.metadata.tables["writer"]
SNAPSHOT = SQLModel.metadata.tables["snapshot"]
ALERT = SQLModel.metadata.tables["alert"]
DEAD_LETTER = SQLModel.metadata.tables["dead_letter"]
PLACEMENT = SQLModel.metadata.tables["placement"]
EVENT_SUBJECT = SQLModel.metadata.tables["event_subject"]


def _view_table(view: View, metadata: MetaData) -> Table:
    common: list[Column[Any]] = [
        Column("branch", NAME, primary_key=True),
        Column("tick_ns", BigInteger, primary_key=True),
        Column("interval_s", Float, nullable=False),
        Column("label", NAME, primary_key=True),
        Column("basis", NAME, nullable=False),
    ]
    keys: list[Column[Any]] = [Column(c.name, _TYPES[c.type], primary_key=True) for c in view.key]
    rest: list[Column[Any]] = [
        Column(c.name, _TYPES[c.type], nullable=c.is_nullable) for c in view.columns
    ]
    # Rows of one tick lie together, and are read together.
    return Table(view.name, metadata, *common, *keys, *rest, sqlite_with_rowid=False)


VIEW_TABLES: dict[str, Table] = {
    name: _view_table(view, SQLModel.metadata) for name, view in views.VIEWS.items()
}

OWN_TABLES: tuple[Table, ...] = (
    TICK,
    WRITER,
    SNAPSHOT,
    ALERT,
    DEAD_LETTER,
    PLACEMENT,
    EVENT_SUBJECT,
    *VIEW_TABLES.values(),
)

VERSION = Table(
    "alembic_version",
    SQLModel.metadata,
    Column("version_num", String(32), primary_key=True),
)
"""The migration a database is at, in the table that Alembic keeps."""
