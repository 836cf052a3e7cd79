"""How each promise stands: its window, what of the error budget is left, and what it came to."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, get_args

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.events import CommitmentStatus

UNKNOWN: Final = -1
"""In a column of times or quantities: there is none to tell."""

STATUSES: Final[tuple[CommitmentStatus, ...]] = get_args(CommitmentStatus)
"""A status is kept as its place here."""


class W(IntEnum):
    """Columns of ``Windows.rows``, one row a promise.

    Of a launch promise the window is the time until it is due, and nothing is bad before that.
    """

    STATUS = 0
    IS_OPEN = 1  # a window is
    START_NS = 2  # of the window
    END_NS = 3
    ELAPSED_MS = 4  # judged so far in the window
    BAD_MS = 5
    BUDGET_MS = 6
    PENDING_MS = 7  # of an outage in the window, too short to count so far
    STREAK_MS = 8  # of an outage that goes on
    CALM_MS = 9  # since it was last at risk
    IS_BREACHED = 10  # in this window
    TO_BREACH_MS = 11  # at the trend; −1 for none
    ALLOCATED_QTY = 12  # the last six are of this tick
    TASKED_QTY = 13
    AVAILABLE_QTY = 14  # to it; −1 where nobody said
    IS_OPENED = 15  # a breach
    EARNED_MICRO_USD = 16
    CREDIT_MICRO_USD = 17
    DISPLACED_MICRO_USD = 18
    FLOWN_COUNT = 19  # since the beginning, as the next four
    BREACHES_COUNT = 20
    EARNED_SUM_MICRO_USD = 21
    CREDIT_SUM_MICRO_USD = 22
    EARN_CARRY = 23  # the part of a micro-dollar not earned yet
    WINDOW_CREDIT_MICRO_USD = 24
    IS_CLOSED = 25  # a window, in this tick: the rest is about it
    LAST_START_NS = 26
    LAST_END_NS = 27
    LAST_ELAPSED_MS = 28
    LAST_BAD_MS = 29
    LAST_BUDGET_MS = 30
    LAST_IS_BREACHED = 31
    LAST_CREDIT_MICRO_USD = 32
    USED_QTY = 33  # in this tick, of what was allocated


class Windows(msgspec.Struct, frozen=True, eq=False):
    """A row of ``W`` for each promise, in the order of ``ids``."""

    ids: tuple[str, ...] = ()
    rows: IntArray = frozen(np.zeros((0, len(W)), np.int64))

    def encoded(self) -> bytes:
        return msgspec.json.encode(self.ids) + self.rows.astype("<i8", copy=False).tobytes()

    def status(self, place: int) -> CommitmentStatus:
        """What was last judged of the promise in that row."""
        return STATUSES[int(self.rows[place, W.STATUS])]


def aligned(windows: Windows, ids: tuple[str, ...]) -> Windows:
    """The rows of these promises: those there were, and new ones that begin pending."""
    if windows.ids == ids:
        return windows
    rows = np.zeros((len(ids), len(W)), dtype=np.int64)
    rows[:, W.TO_BREACH_MS] = rows[:, W.AVAILABLE_QTY] = UNKNOWN
    for place, name in enumerate(ids):
        if name in windows.ids:
            rows[place] = windows.rows[windows.ids.index(name)]
    return Windows(ids, frozen(rows))
