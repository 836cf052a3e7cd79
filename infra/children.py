"""The processes of a demo: started together, started again when killed, stopped in order.

A process that is killed loses nothing (the log is the truth), so it is simply started again. One
that ends by itself with a reason has met something that starting again would not mend.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from infra.supervised import VARIABLE
from twin.errors import TwinError

PREFIX = "twin: "
RESTARTS_MAX_COUNT = 5
SOUND_S = 20.0
"""A process that lived so long is sound: earlier deaths are forgotten."""
POLL_S = 0.02


class Ended(TwinError):
    """A process of the demo that will not be started again."""


class Order(msgspec.Struct, frozen=True):
    """What to run: a name for people, the words after ``twin``, descriptors to hand down.

    One that ``may_end`` has done its work when it leaves with status 0.
    """

    name: str
    words: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    may_end: bool = False


class Child:
    """One of them, through all its lives; ``said`` is what it wrote to stderr last."""

    def __init__(self, order: Order, environment: Mapping[str, str]) -> None:
        self.order = order
        self.restarts_count = 0
        self.said = ""
        self._environment = {**os.environ, **environment, VARIABLE: "1"}
        self._reason = ""
        self._start()

    @property
    def pid(self) -> int:
        """The process it is at the moment."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether that process lives."""
        return self._process.poll() is None

    def tend(self) -> None:
        """Start it again if it was killed; ``Ended`` if that would not help."""
        status = self._process.poll()
        if status is None or (status == 0 and self.order.may_end):
            return
        self._listener.join(timeout=1.0)
        if time.monotonic() - self._since_s > SOUND_S:
            self.restarts_count = 0
        if self._reason or self.restarts_count == RESTARTS_MAX_COUNT:
            raise Ended(f"{self.order.name}: {self._reason or _ending(status)}")
        self.restarts_count += 1
        self._start()

    def ask_to_stop(self) -> None:
        """SIGTERM, if it still runs."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; nothing is lost by that."""
        if self.is_running:
            self._process.kill()
        self._process.wait()
        self._listener.join(timeout=1.0)

    def _start(self) -> None:
        self._since_s = time.monotonic()
        self._reason = ""
        # -P: the folder this is run from is no place to import from. A session of its own: Ctrl-C
        # goes to the supervisor alone, which stops the others in order.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "infra.command", *self.order.words],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=self.order.descriptors,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            text = line.rstrip()
            if text.startswith(PREFIX):
                self._reason = text.removeprefix(PREFIX)
            elif text:
                self.said = f"{self.order.name}: {text}"


def stop(children: Iterable[Child], *, patience_s: float) -> None:
    """Ask all to stop, and end those that have not after some seconds."""
    ending = list(children)
    for child in ending:
        child.ask_to_stop()
    deadline_s = time.monotonic() + patience_s
    while any(child.is_running for child in ending) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    for child in ending:
        child.kill()


def tend(children: Sequence[Child]) -> None:
    """Look after each."""
    for child in children:
        child.tend()


def _ending(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name} again and again"
    return f"left with status {status} and no reason"
