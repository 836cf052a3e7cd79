"""The sequencer at work: observations read from the log, records appended to the journal."""

from __future__ import annotations

import time
from collections import deque

from streams.journal import journal_head
from streams.log.checks import check_kept
from streams.log.port import Log, Outgoing, Position
from streams.topics import JOURNAL, OBSERVATIONS
from twin.errors import BrokenInvariant, Superseded, Unavailable
from twin.observations import Silence, decode_observation, encode_observation
from twin.sequence import Sequencer
from twin.waiting import Source

PAGE_COUNT = 1024
PAGE_BYTES = 32 * 1024 * 1024


class Sequencing:
    """Goes on from the journal's own last record; safe to run twice, for only one can append.

    What was ``acknowledged`` before is in the journal, or needs no record. ``NotKept`` where the
    log begins after that, ``BadInput`` where it ends before.
    """

    def __init__(self, log: Log, *, acknowledged: int = 0) -> None:
        head, self._journal_end = journal_head(log)
        self._log = log
        self._machine = Sequencer(head)
        needed = max(head.inputs.observations_offset, acknowledged)
        span = log.span(OBSERVATIONS, 0)
        check_kept(span, OBSERVATIONS, 0, needed)
        self._next_offset = max(head.inputs.observations_offset, span.start)
        self._unwritten: deque[bytes] = deque()
        self._is_unsure = False  # whether the first of them is on the log

    @property
    def number(self) -> int:
        """The number of the record written last."""
        return self._machine.head.number

    def take(self, through_offset: int, value: bytes | None = None) -> int:
        """Sequence observations up to and with this offset; below the result all is journaled.

        What stands there may be given along: it is read from the log only if others come before
        it. ``Superseded`` when another sequencer wrote to the journal meanwhile. After
        ``Unavailable`` it may be asked again, and goes on where it was. ``BadInput`` where the
        log ends before the offset, ``BrokenInvariant`` where it lost what stood there.
        """
        self._write()
        if value is not None and through_offset == self._next_offset:
            self._accept(through_offset, value)
        while self._next_offset <= through_offset:
            page = self._log.read(
                OBSERVATIONS, 0, self._next_offset, limit=PAGE_COUNT, max_bytes=PAGE_BYTES
            )
            for message in page:
                self._accept(message.offset, message.value or b"")
            if not page:
                # Asked for again it would be as empty, for ever.
                span = self._log.span(OBSERVATIONS, 0)
                check_kept(span, OBSERVATIONS, 0, through_offset + 1)
                raise BrokenInvariant(
                    f"{OBSERVATIONS}/0 holds nothing from offset {self._next_offset} on",
                    expected=f"observations to offset {through_offset}",
                    remedy="restore the log from a copy",
                )
        return self._machine.needed_offset

    def take_all(self) -> int:
        """Sequence whatever is there now."""
        return self.take(self._log.span(OBSERVATIONS, 0).end - 1)

    def holdup(self) -> Source | None:
        """The source that keeps the open tick from closing while another is ready."""
        return self._machine.holdup()

    def stop_waiting_for(self, source: Source) -> None:
        """Put the decision on the log, so that it is made once and replayed as a fact."""
        silence = encode_observation(
            Silence(source=source[0], epoch=source[1], after_number=self.number)
        )
        self._log.append([_message(OBSERVATIONS, silence)])

    def _accept(self, offset: int, value: bytes) -> None:
        closed = self._machine.accept(decode_observation(value), offset=offset)
        self._unwritten.extend(stored for _, stored in closed)
        self._next_offset = offset + 1
        self._write()

    def _write(self) -> None:
        """Append what was closed; a record leaves the memory only once it is on the log."""
        while self._unwritten:
            at = Position(JOURNAL, 0, self._journal_end)
            try:
                self._log.append([_message(JOURNAL, self._unwritten[0])], expected_end=at)
            except Unavailable:
                self._is_unsure = True
                raise
            except Superseded:
                # What was told of as failed may have been done all the same, and more than once.
                if not (self._is_unsure and self._stands_at(at.offset, self._unwritten[0])):
                    raise
                while self._stands_at(self._journal_end + 1, self._unwritten[0]):
                    self._journal_end += 1
            self._is_unsure = False
            self._unwritten.popleft()
            self._journal_end += 1

    def _stands_at(self, offset: int, stored: bytes) -> bool:
        page = self._log.read(JOURNAL, 0, offset, limit=1, max_bytes=1)
        return bool(page) and page[0].value == stored


def _message(topic: str, value: bytes) -> Outgoing:
    return Outgoing(
        topic=topic, partition=0, key=None, headers=(), value=value, timestamp_ns=time.time_ns()
    )
