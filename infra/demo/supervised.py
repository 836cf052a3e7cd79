"""The side of a process that a supervisor started: it never outlives it.

The supervisor holds the other end of a pipe and never writes to it. When it dies, however it
dies, the pipe ends, and so does this process: killing it loses nothing.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path


def live(
    name: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    said: Connection,
    told: Connection,
    life: Connection,
    listener: socket.socket | None,
) -> None:
    """Run one command line to its end; a socket that was handed down is named in it.

    Its stderr goes to ``said``, its stdout to ``told``, and it ends when ``life`` does.
    """
    os.setsid()  # Ctrl-C goes to the supervisor alone, which stops the others in order
    os.dup2(told.fileno(), sys.stdout.fileno())
    os.dup2(said.fileno(), sys.stderr.fileno())
    os.environ.update(environment)
    _show_name(name)
    threading.Thread(target=_leave_with, args=(life,), name="supervisor-watch", daemon=True).start()
    from infra.command import main

    handed = () if listener is None else ("--listener", str(listener.fileno()))
    sys.exit(main([*words, *handed]))


def _leave_with(life: Connection) -> None:
    with suppress(OSError):
        while os.read(life.fileno(), 1):
            pass
    os._exit(1)


def _show_name(name: str) -> None:
    """As ``ps`` and ``top`` show it, where the system lets a process say so."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(f"twin-{name}"[:15])
