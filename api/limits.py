"""Every bound of the API: nothing a client asks may cost without limit."""

from __future__ import annotations

from typing import Final

import msgspec

BODY_MAX_BYTES: Final = 64 * 1024
"""No route reads a body; what is larger is refused unread."""

JSON_ROWS_MAX_COUNT: Final = 1_000
TABLE_ROWS_MAX_COUNT: Final = 50_000
"""A page of satellites: as JSON, and as CSV, Arrow or Parquet."""

HISTORY_ROWS_MAX_COUNT: Final = 20_000
HISTORY_READ_MAX_COUNT: Final = 500_000
"""Rows of history in an answer, and stored rows it may be made from."""

LIST_MAX_COUNT: Final = 1_000
"""Alerts, dead letters or assumptions in an answer."""

EVENTS_BEHIND_MAX_COUNT: Final = 100
"""Facts behind one figure; the newest."""

EVENTS_MAX_COUNT: Final = 10_000
EVENTS_MAX_BYTES: Final = 16 * 1024 * 1024
RECORDS_SCANNED_MAX_COUNT: Final = 2_000
"""Events in an answer, their size, and the records looked through for them."""


class Limits(msgspec.Struct, frozen=True):
    """What an installation, or a test, may choose otherwise."""

    streams_max_count: int = 64
    stream_ring_count: int = 64
    stream_resume_max_count: int = 1_000
    stream_life_s: float = 3600.0
    stream_poll_s: float = 0.1
    frames_in_memory_bytes: int = 64 * 1024 * 1024
    twins_in_memory_count: int = 32
