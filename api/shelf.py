"""Frames at hand: the bytes that records name, read by seek, checked, and kept while there is room.

A live page asks for the same frames again and again: the last frame of each shard stays here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import msgspec

from api.described import shown
from api.journal import log_answers, message_at
from api.problems import Unknown
from streams.log.port import Log, Message
from streams.topics import SATELLITES, WORKLOADS
from twin.errors import BrokenInvariant, NotKept, Poison
from twin.frames import Frame, decode_frame
from twin.identity import digest_of
from twin.simulate.outbox import ARROW
from twin.suggest import nearest
from twin.summaries import FrameRef

FRAME_TOPICS: Final = (SATELLITES, WORKLOADS)
"""Where telemetry lies."""

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class Held(msgspec.Struct, frozen=True):
    """A frame that the log holds, proven by its digest, and the size of its bytes."""

    frame: Frame
    size_bytes: int


class Shelf:
    """Reads frames; holds the ones used last, ``max_bytes`` of them at most."""

    def __init__(self, log: Log, *, max_bytes: int) -> None:
        self._log, self._max_bytes = log, max_bytes
        self._kept: OrderedDict[Place, Held] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes of frames at hand."""
        return self._size_bytes

    def held(self, ref: FrameRef) -> Held:
        """The frame a record names; ``NotKept`` when this log does not hold it.

        Retention may have removed it; an imported journal brought none; and where a log was gone
        on with after an import, another frame lies in its place. ``BrokenInvariant`` when its
        bytes are not those that went into the record.
        """
        place = (ref.topic, ref.partition, ref.offset)
        with self._lock:
            known = self._kept.get(place)
            if known is not None:
                self._kept.move_to_end(place)
                return known
        held = _proven(ref, self._body(ref))
        self._keep(place, held)
        return held

    def message(self, topic: str, partition: int, offset: int) -> Message:
        """What lies in a place where frames lie, readable or not.

        ``Unknown`` names the part of the place that does not exist, ``NotKept`` says from which
        offset on the log holds what came; a message that is not telemetry is ``Unknown`` too.
        """
        place = f"{topic}/{partition}"
        _refuse_other_topics(topic)
        with log_answers():
            count = self._log.topics()[topic].partitions
            if partition >= count:
                raise Unknown(
                    f"partition={partition}", expected=f"0 to {count - 1}", field="partition"
                )
            span = self._log.span(topic, partition)
        if offset < span.start:
            raise NotKept(
                f"offset {offset} of {place}",
                earliest=f"offset {span.start}",
                remedy="retention removed it",
            )
        if offset >= span.end:
            raise Unknown(
                f"offset={offset} of {place}, which ends at {span.end}",
                expected=f"{span.start} to {span.end - 1}" if span.end > span.start else "",
                remedy="an imported journal comes without its frames",
                field="offset",
            )
        message = message_at(self._log, topic, partition, offset)
        if dict(message.headers).get("content-type") != ARROW.encode():
            raise Unknown(
                f"offset={offset}, which holds an event",
                expected="the offset of a frame",
                remedy="/v1/events has the events",
                field="offset",
            )
        return message

    def is_within(self, ref: FrameRef) -> bool:
        """Whether the log holds a message, this frame or another, in the place of this frame."""
        with log_answers():
            span = self._log.span(ref.topic, ref.partition)
        return span.start <= ref.offset < span.end

    def _body(self, ref: FrameRef) -> bytes:
        if self.is_within(ref):
            message = message_at(self._log, ref.topic, ref.partition, ref.offset)
            if dict(message.headers).get("ce_id") == str(ref.identity).encode():
                return message.value or b""
        raise NotKept(f"frame {ref.identity} at {ref.topic}/{ref.partition}/{ref.offset}")

    def _keep(self, place: Place, held: Held) -> None:
        with self._lock:
            if place not in self._kept:
                self._size_bytes += held.size_bytes
            self._kept[place] = held
            while self._size_bytes > self._max_bytes:
                _, removed = self._kept.popitem(last=False)
                self._size_bytes -= removed.size_bytes


def _refuse_other_topics(topic: str) -> None:
    if topic not in FRAME_TOPICS:
        raise Unknown(
            f"topic={shown(topic)!r}", expected=nearest(topic, FRAME_TOPICS), field="topic"
        )


def _proven(ref: FrameRef, body: bytes) -> Held:
    if digest_of(body) != ref.digest:
        raise BrokenInvariant(
            f"frame {ref.identity} at {ref.topic}/{ref.partition}/{ref.offset} has other bytes",
            expected=f"digest {ref.digest.hex()[:16]}…",
            remedy="restore the log from a copy",
        )
    try:
        return Held(decode_frame(body), len(body))
    except Poison as error:
        raise BrokenInvariant(f"frame {ref.identity}: {error}", expected="a frame") from error
