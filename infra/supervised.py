"""The side of a process that a supervisor started: it never outlives it.

The supervisor holds the other end of this process's standard input and never writes to it. When
it dies, however it dies, the pipe ends, and so does this process: killing it loses nothing.
"""

from __future__ import annotations

import os
import sys
import threading

VARIABLE = "TWIN_SUPERVISED"
"""Set to 1 for a process whose standard input is held by its supervisor."""


def leave_with_supervisor() -> None:
    """Watch for the end of the supervisor, if there is one."""
    if os.environ.get(VARIABLE) == "1":
        threading.Thread(target=_watch, name="supervisor-watch", daemon=True).start()


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)
