"""The watching process of a demo: it looks at the log and the read model, and replays.

It tells what it sees on stdout, one JSON line a look, to whoever shows it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time

import msgspec
from sqlalchemy import Engine

from infra import facts
from infra.check_replay import CheckReplay
from infra.installation import ready_database, ready_log
from infra.sight import Facts, Lift, Seen
from streams.log.port import Log
from streams.settings import Settings
from streams.topics import JOURNAL, SEALS

LOOK_S = 0.05
LOOK_SHARE = 0.1
"""Of a core, at most, for looking: asking a broker is dearer than asking a file."""
FACTS_S = 0.2
"""Facts take ten milliseconds to sum up: at full speed not every tick is shown."""


def run(settings: Settings) -> None:
    """Look until SIGTERM or SIGINT; raises what the check replay found wrong."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log, engine = ready_log(settings), ready_database(settings)
    check = CheckReplay(log, engine)
    check.start()
    _tell(log, engine, check, stop)
    check.stop()


def _tell(log: Log, engine: Engine, check: CheckReplay, stop: threading.Event) -> None:
    told: Seen | None = None
    latest: Facts | None = None
    lift: Lift | None = None
    summed_s = looked_s = 0.0
    while not stop.wait(max(LOOK_S, looked_s / LOOK_SHARE)):
        began_s = time.thread_time()
        if check.error is not None:
            raise check.error
        committed_count = facts.committed_count(engine)
        is_new = latest is None or latest.number < committed_count
        if committed_count and is_new and time.monotonic() - summed_s >= FACTS_S:
            latest, summed_s = facts.latest(engine), time.monotonic()
        if lift is None or lift.number != check.twin.number:
            lift = facts.lift(check.twin)
        seen = Seen(
            facts=latest,
            lift=lift,
            verdict=check.verdict,
            published_count=log.span(SEALS, 0).end,
            closed_count=log.span(JOURNAL, 0).end,
            committed_count=committed_count,
        )
        if seen != told:
            sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
            sys.stdout.buffer.flush()
            told = seen
        looked_s = time.thread_time() - began_s
