"""Waiting for what other processes and threads come to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 300.0
"""Far beyond what anything takes: only what never happens fails."""


def eventually(
    is_so: Callable[[], bool], *, within_s: float = PATIENCE_S, every_s: float = 0.02
) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(every_s)
