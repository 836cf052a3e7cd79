"""A second opinion while the demo runs: the journal folded again from its beginning.

It shares nothing with the keeping process but the journal, and compares every state hash with the
one committed. A difference is never waited out; a log or a database that is away is. Where it
cannot read on it stops, and says so: the demo goes on, unchecked.
"""

from __future__ import annotations

import threading

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from infra.panel.sight import Verdict
from streams.journal import records
from streams.log.port import Log
from streams.replay import fold
from streams.store import queries
from streams.store.database import answering
from streams.store.tables import LIVE
from streams.topics import JOURNAL
from twin.errors import BrokenInvariant, TwinError, Unavailable
from twin.records import Chain
from twin.state import Twin
from twin.units import instant_text

POLL_S = 0.25
AWAY_S = 1.0
"""From one question to the next of a log or a database that did not answer."""
PAGE_COUNT = 256


class CheckReplay:
    """Folds in a thread of its own; ``verdict`` is how far it came and whether it goes on.

    ``error`` is what it found wrong.
    """

    def __init__(self, log: Log, engine: Engine) -> None:
        self.verdict = Verdict()
        self.error: TwinError | None = None
        self._log, self._engine = log, engine
        self._twin, self._chain, self._next_offset = Twin(), Chain(), 0
        self._own: dict[int, tuple[int, str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="check-replay", daemon=True)

    @property
    def twin(self) -> Twin:
        """The twin as far as it was folded here, which may be behind what is committed."""
        return self._twin

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the page at hand."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        stopped = "a bug in the twin"  # unless it turns out to be something else
        pause_s = 0.0
        try:
            while not self._stop.wait(pause_s):
                pause_s = self._go_on()
            self._go_on()
            stopped = ""
        except SQLAlchemyError as error:
            stopped = " ".join(str(getattr(error, "orig", error)).split())
        except TwinError as error:
            self.error, stopped = error, str(error)
        finally:
            self.verdict = msgspec.structs.replace(self.verdict, stopped=stopped)

    def _go_on(self) -> float:
        """Fold some more and compare; seconds until there may be something new."""
        try:
            is_full = self._fold_a_page()
            with answering():
                self._compare()
        except Unavailable:
            return AWAY_S
        return 0.0 if is_full else POLL_S

    def _fold_a_page(self) -> bool:
        """Fold some more records; whether there may be others already."""
        start = self._next_offset
        end = min(self._log.span(JOURNAL, 0).end, start + PAGE_COUNT)
        for folded in fold(self._twin, records(self._log, self._chain, start=start, end=end)):
            self._twin = folded.twin
            self._next_offset = folded.entry.offset + 1
            self._own[folded.twin.number] = (folded.twin.tick_ns, folded.hash)
        self._next_offset = end
        return end - start == PAGE_COUNT

    def _compare(self) -> None:
        committed = queries.hashes(self._engine, LIVE, above=self.verdict.number)
        for number in sorted(committed.keys() & self._own.keys()):
            tick_ns, state_hash = self._own.pop(number)
            if committed[number] != state_hash:
                raise BrokenInvariant(
                    f"the check replay differs at tick {instant_text(tick_ns)} (record {number}): "
                    f"{state_hash[:16]}…",
                    expected=f"{committed[number][:16]}… as committed",
                    remedy="run 'twin log verify', then 'twin replay'",
                )
            self.verdict = Verdict(number, tick_ns)
