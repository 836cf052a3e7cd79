"""The watching process of a demo: it looks at the log and the read model, and replays.

It tells what it sees on stdout, one JSON line a look, to whoever shows it.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress

import msgspec
from sqlalchemy import Engine

from infra.installation import committed_count, ready_database, ready_log
from infra.panel import facts
from infra.panel.check_replay import CheckReplay
from infra.panel.sight import Facts, Lift, Seen
from infra.processes.stopping import Stop, stop_on_signals
from streams.log.port import Log
from streams.settings import Settings
from streams.store.database import answering
from streams.topics import JOURNAL, SEALS
from twin.errors import Unavailable

LOOK_S = 0.2
"""From one look to the next, at least: at full speed not every tick is shown."""
LOOK_SHARE = 0.05
"""Of a core, at most, for looking: asking a broker is dearer than asking a file."""


def run(settings: Settings) -> None:
    """Look until SIGTERM or SIGINT; raises what the check replay found wrong."""
    stop = stop_on_signals()
    log = ready_log(settings, sleep=stop.wait)
    engine = ready_database(settings, sleep=stop.wait)
    check = CheckReplay(log, engine)
    check.start()
    _tell(log, engine, check, stop)
    check.stop()


def _tell(log: Log, engine: Engine, check: CheckReplay, stop: Stop) -> None:
    sight, told, looked_s = _Sight(log, engine, check), None, 0.0
    while not stop.wait(max(LOOK_S, looked_s / LOOK_SHARE)):
        began_s = time.thread_time()
        if check.error is not None:
            raise check.error
        # A log or database that does not answer now is looked at next time.
        with suppress(Unavailable), answering():
            seen = sight.look()
            if seen != told:
                sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
                sys.stdout.buffer.flush()
                told = seen
        looked_s = time.thread_time() - began_s


class _Sight:
    """What is seen now, and what was dear to see and is still so."""

    def __init__(self, log: Log, engine: Engine, check: CheckReplay) -> None:
        self._log, self._engine, self._check = log, engine, check
        self._facts: Facts | None = None
        self._lift: Lift | None = None

    def look(self) -> Seen:
        number = committed_count(self._engine)
        if number and (self._facts is None or self._facts.number < number):
            self._facts = facts.latest(self._engine)
        if self._lift is None or self._lift.number != self._check.twin.number:
            self._lift = facts.lift(self._check.twin)
        return Seen(
            facts=self._facts,
            lift=self._lift,
            verdict=self._check.verdict,
            published_count=self._log.span(SEALS, 0).end,
            closed_count=self._log.span(JOURNAL, 0).end,
            committed_count=number,
        )
