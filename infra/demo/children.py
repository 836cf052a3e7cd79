"""The processes of a demo: started together, started again when killed, stopped in order.

They are forked from one process that has imported what they share (``preloaded``): a core then
imports it once instead of once for each, and one that was killed is back in a moment. A process
that is killed loses nothing (the log is the truth), so it is simply started again. One that ends
by itself with a reason has met something that starting again would not mend.
"""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import msgspec

from infra.demo.supervised import live
from twin.errors import TwinError

PREFIX = "twin: "
RESTARTS_MAX_COUNT = 5
SOUND_S = 20.0
"""A process that lived so long is sound: earlier deaths are forgotten."""
POLL_S = 0.02

_FORKING = multiprocessing.get_context("forkserver")


class Ended(TwinError):
    """A process of the demo that will not be started again."""


class Order(msgspec.Struct, frozen=True):
    """What to run: a name for people, the words after ``twin``, a socket to hand down.

    One that ``may_end`` has done its work when it leaves with status 0. ``on_told`` gets each
    line it writes to stdout, in a thread.
    """

    name: str
    words: tuple[str, ...]
    listener: socket.socket | None = None
    may_end: bool = False
    on_told: Callable[[str], None] | None = None


def prepare() -> None:
    """Begin to import what the processes share, unless that was done; returns at once."""
    # Children import as the installed command does, whatever folder this is run from.
    os.environ["PYTHONSAFEPATH"] = "1"
    # A thread pool of linear algebra nobody uses would be there before the first fork.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    _FORKING.set_forkserver_preload(["infra.preloaded"])
    # They need nothing of the program that starts them: as they are, they would run it once more.
    main = sys.modules["__main__"]
    main.__spec__ = None
    vars(main).pop("__file__", None)
    # An ignored signal stays ignored across exec: Ctrl-C must not end it while it imports.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    multiprocessing.forkserver.ensure_running()
    signal.signal(signal.SIGINT, before)


class Child:
    """One of them, through all its lives.

    ``said`` is what it wrote to stderr last, or that it was started again; ``said_s`` is when.
    """

    def __init__(self, order: Order, environment: Mapping[str, str]) -> None:
        self.order = order
        self.restarts_count = 0
        self.said, self.said_s = "", 0.0
        self._environment = dict(environment)
        self._start()

    @property
    def is_running(self) -> bool:
        """Whether the process it is at the moment lives."""
        return self._process.is_alive()

    def tend(self) -> None:
        """Start it again if it was killed; ``Ended`` if that would not help."""
        if self.is_running or (self._process.exitcode == 0 and self.order.may_end):
            return
        status = self._process.exitcode
        self._end()
        if time.monotonic() - self._since_s > SOUND_S:
            self.restarts_count = 0
        if self._reason or self.restarts_count == RESTARTS_MAX_COUNT:
            again = self._reason or f"{_ending(status)} again and again"
            raise Ended(f"{self.order.name}: {again}")
        self.restarts_count += 1
        self._say(f"{_ending(status)}; started again, nothing is lost")
        self._start()

    def ask_to_stop(self) -> None:
        """SIGTERM, if it still runs."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once; nothing is lost by that."""
        self._process.kill()
        self._process.join()
        self._end()

    def _start(self) -> None:
        self._since_s = time.monotonic()
        self._reason = ""
        order = self.order
        hears, said = _FORKING.Pipe(duplex=False)
        learns, told = _FORKING.Pipe(duplex=False)
        life, self._life = _FORKING.Pipe(duplex=False)
        self._process: BaseProcess = _FORKING.Process(
            target=live,
            args=(order.name, order.words, self._environment),
            kwargs={"said": said, "told": told, "life": life, "listener": order.listener},
            daemon=True,
        )
        try:
            self._process.start()
        except (EOFError, OSError) as error:
            self._reason = f"could not be started: {error or type(error).__name__}"
        for end in (said, told, life):
            end.close()
        self._listeners = [
            _listening(hears, self._hear),
            _listening(learns, order.on_told or _ignore),
        ]

    def _end(self) -> None:
        # Were the process it was forked from killed, its own end would be unknown: the end of the
        # pipe is its end too.
        self._life.close()
        for listener in self._listeners:
            listener.join(timeout=1.0)

    def _hear(self, line: str) -> None:
        if line.startswith(PREFIX):
            self._reason = line.removeprefix(PREFIX)
        else:
            self._say(_in_words(line))

    def _say(self, words: str) -> None:
        self.said, self.said_s = f"{self.order.name}: {words}", time.monotonic()


def _listening(pipe: Connection, on_line: Callable[[str], None]) -> threading.Thread:
    """A thread that hears every line until the pipe ends."""

    def listen() -> None:
        with os.fdopen(os.dup(pipe.fileno()), errors="replace") as lines:
            pipe.close()
            for line in lines:
                if text := line.strip():
                    on_line(text)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    return listener


def _in_words(line: str) -> str:
    """What a line of a log tells, without when and by which logger; any other line as it is."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, TypeError, KeyError):
        return line


def _ignore(_: str) -> None:
    """Nobody asked."""


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


def _ending(status: int | None) -> str:
    if status is not None and status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"ended with status {status} and gave no reason"
