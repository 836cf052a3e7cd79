"""The wish to stop, of whoever sends SIGTERM or presses Ctrl-C."""

from __future__ import annotations

import os
import select
import signal
from typing import Final

NUMBERS: Final = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Asked for once, by a signal; whoever waits learns of it at once.

    Not an event of ``threading``: its lock may be held by the very thread that a signal interrupts.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._read, self._write = os.pipe()

    def ask(self) -> None:
        """Ask to stop; safe in a signal handler."""
        if not self._is_set:
            self._is_set = True
            os.write(self._write, b"!")

    def is_set(self) -> bool:
        """Whether it was asked for."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Sleep, but not past the moment it is asked for; whether it was."""
        if not self._is_set:
            select.select([self._read], [], [], max(0.0, seconds))
        return self._is_set


def stop_on_signals() -> Stop:
    """From now on SIGTERM and Ctrl-C ask, and interrupt nothing."""
    stop = Stop()
    for number in NUMBERS:
        signal.signal(number, lambda *_: stop.ask())
    return stop
