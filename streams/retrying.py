"""Asking again while a log or a database does not answer, with growing pauses, but not for ever."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

from twin.errors import Unavailable

PAUSE_MIN_S: Final = 0.1
PAUSE_MAX_S: Final = 5.0

T = TypeVar("T")
Sleep = Callable[[float], object]
"""Lets some seconds pass; true when whoever waits was asked to stop meanwhile."""

log_line = logging.getLogger("twin.retrying")


class Stopped(Exception):
    """Who waited for something was asked to stop; nothing is wrong."""


def until_available(
    attempt: Callable[[], T], *, retry_max_s: float, sleep: Sleep = time.sleep
) -> T:
    """What the attempt comes to; tried again while something is unavailable.

    Raises the last ``Unavailable`` after ``retry_max_s``, ``Stopped`` as soon as ``sleep`` tells of
    it, and at once whatever else it raises.
    """
    for pause_s in _pauses(retry_max_s):
        try:
            return attempt()
        except Unavailable as error:
            if pause_s is None:
                raise
            _say(error, pause_s)
            if sleep(pause_s):
                raise Stopped from None
    raise AssertionError("the last pause is None")


async def patiently(attempt: Callable[[], Awaitable[T]], *, retry_max_s: float) -> T:
    """The same in an event loop, which goes on meanwhile."""
    for pause_s in _pauses(retry_max_s):
        try:
            return await attempt()
        except Unavailable as error:
            if pause_s is None:
                raise
            _say(error, pause_s)
            await asyncio.sleep(pause_s)
    raise AssertionError("the last pause is None")


def _pauses(retry_max_s: float) -> Iterator[float | None]:
    """How long to wait after each failure; None when it was the last."""
    deadline_s, pause_s = time.monotonic() + retry_max_s, PAUSE_MIN_S
    while time.monotonic() < deadline_s:
        yield pause_s
        pause_s = min(2.0 * pause_s, PAUSE_MAX_S)
    yield None


def _say(error: Unavailable, pause_s: float) -> None:
    log_line.warning("%s; trying again in %.1f s", error, pause_s)
