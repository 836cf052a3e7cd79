"""Ticks are found by when they were committed: a wall that shows the last minutes reads no others.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index(op.f("ix_tick_committed_ns"), "tick", ["committed_ns"], unique=False)
