"""Alembic's way in: it runs inside the transaction that asked for it."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    # SQLite changes no column in place: a table is copied.
    render_as_batch=True,
)
context.run_migrations()
