"""Every bound of the API: nothing a client asks may cost without limit."""

from __future__ import annotations

from typing import Final

import msgspec

BODY_MAX_BYTES: Final = 64 * 1024
"""Of a scenario, the only body there is; what is larger is refused unread."""

SCENARIO_EDITS_MAX_COUNT: Final = 100
"""Edits of a scenario: each is looked at in every tick."""

SCENARIOS_POSTED_MAX_COUNT: Final = 64
BRANCHES_IN_MEMORY_COUNT: Final = 16
"""Texts that were posted, and branches folded to some tick, that are kept."""

TOLD_MAX_COUNT: Final = 100
"""Events put in or withdrawn by a scenario that an explanation names; the newest."""

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
    scenario_runs_max_count: int = 2
    scenario_wait_s: float = 2.0
    scenario_ticks_max_count: int = 50_000
