"""Frames at hand: the bytes that records name, read by seek, checked, and kept while there is room.

A live page asks for the same frames again and again: the last frame of each shard stays here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import msgspec

from api.journal import log_answers, message_at
from api.problems import Unknown, require_known
from streams.codec import TICK_SEALED, decode_headers
from streams.log.port import Log, Message
from streams.topics import SATELLITES, WORKLOADS
from twin.errors import BrokenInvariant, NotKept, Poison, Unavailable
from twin.events import KINDS, Nature
from twin.frames import Frame, decode_frame
from twin.identity import digest_of
from twin.summaries import FrameRef

FRAME_TOPICS: Final = (SATELLITES, WORKLOADS)
"""Where telemetry lies."""


class Held(msgspec.Struct, frozen=True):
    """A frame that the log holds, proven by its digest, and the size of its bytes."""

    frame: Frame
    size_bytes: int


class Shelf:
    """Reads frames; holds the ones used last, ``max_bytes`` of them at most."""

    def __init__(self, log: Log, *, max_bytes: int) -> None:
        self._log, self._max_bytes = log, max_bytes
        # By the whole reference: after an import, two records may name frames of one place.
        self._kept: OrderedDict[FrameRef, Held] = OrderedDict()
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
        if self.is_within(ref):
            known = self._known(ref)
            if known is not None:
                return known
            body = self._body(ref)
            if body is not None:
                held = _proven(ref, body)
                self._keep(ref, held)
                return held
        raise NotKept(f"frame {ref.identity} at {ref.topic}/{ref.partition}/{ref.offset}")

    def size_bytes_of(self, ref: FrameRef) -> int | None:
        """The size of a frame that a record names; None when the log does not hold it.

        It goes by span and name: the bytes are not proven, nor is the frame put on the shelf.
        """
        if not self.is_within(ref):
            return None
        known = self._known(ref)
        if known is not None:
            return known.size_bytes
        body = self._body(ref)
        return len(body) if body is not None else None

    def message(self, topic: str, partition: int, offset: int) -> Message:
        """What lies in a place where frames lie, readable or not.

        ``Unknown`` names the part of the place that does not exist, ``NotKept`` says from which
        offset on the log holds what came; a message that says it is an event is ``Unknown`` too.
        ``Unavailable`` on a log that nobody has prepared yet.
        """
        place = f"{topic}/{partition}"
        _refuse_other_topics(topic)
        with log_answers():
            spec = self._log.topics().get(topic)
            if spec is None:
                raise Unavailable(
                    f"the log has no topic {topic!r} yet",
                    remedy="try again once /readyz answers 200",
                )
            count = spec.partitions
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
                remedy="if the journal was imported: it came without the frames it names",
                field="offset",
            )
        message = message_at(self._log, topic, partition, offset)
        if _is_event(message):
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

    def _known(self, ref: FrameRef) -> Held | None:
        """The frame, if it is at hand; whether the log still holds it was asked before."""
        with self._lock:
            known = self._kept.get(ref)
            if known is not None:
                self._kept.move_to_end(ref)
            return known

    def _body(self, ref: FrameRef) -> bytes | None:
        """What lies in the place of this frame; None when it is another, or gone by now."""
        try:
            message = message_at(self._log, ref.topic, ref.partition, ref.offset)
            identity = decode_headers(message.headers).identity
        except (NotKept, Poison):
            return None
        return (message.value or b"") if identity == ref.identity else None

    def _keep(self, ref: FrameRef, held: Held) -> None:
        with self._lock:
            if ref not in self._kept:
                self._size_bytes += held.size_bytes
            self._kept[ref] = held
            while self._size_bytes > self._max_bytes:
                _, removed = self._kept.popitem(last=False)
                self._size_bytes -= removed.size_bytes


def _refuse_other_topics(topic: str) -> None:
    require_known("topic", topic, FRAME_TOPICS)


def _is_event(message: Message) -> bool:
    """Whether it says it is something else than telemetry; one that nobody can read does not."""
    try:
        kind = decode_headers(message.headers).kind
    except Poison:
        return False
    known = KINDS.get(kind)
    return kind == TICK_SEALED or (known is not None and known.nature != Nature.MEASURED)


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
