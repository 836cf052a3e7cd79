"""Frames at hand: the bytes that records name, read by seek, checked, and kept while there is room.

A live page asks for the same frames again and again: the last frame of each shard stays here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from api.journal import message_at
from streams.log.port import Log
from twin.errors import BrokenInvariant, Poison
from twin.frames import Frame, decode_frame
from twin.identity import digest_of
from twin.summaries import FrameRef

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class Shelf:
    """Reads frames; holds the ones used last, ``max_bytes`` of them at most."""

    def __init__(self, log: Log, *, max_bytes: int) -> None:
        self._log, self._max_bytes = log, max_bytes
        self._kept: OrderedDict[Place, tuple[Frame, int]] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes of frames at hand."""
        return self._size_bytes

    def frame(self, ref: FrameRef) -> Frame:
        """The frame a record names; ``NotKept`` when retention removed it.

        ``BrokenInvariant`` when its bytes are not those that went into the record.
        """
        place = (ref.topic, ref.partition, ref.offset)
        with self._lock:
            known = self._kept.get(place)
            if known is not None:
                self._kept.move_to_end(place)
                return known[0]
        body = message_at(self._log, *place).value or b""
        frame = _proven(ref, body)
        self._keep(place, frame, len(body))
        return frame

    def first_kept_offset(self, topic: str, partition: int) -> int:
        """The offset of the first message that retention left."""
        return self._log.span(topic, partition).start

    def _keep(self, place: Place, frame: Frame, size_bytes: int) -> None:
        with self._lock:
            if place not in self._kept:
                self._size_bytes += size_bytes
            self._kept[place] = (frame, size_bytes)
            while self._size_bytes > self._max_bytes:
                _, (_, freed_bytes) = self._kept.popitem(last=False)
                self._size_bytes -= freed_bytes


def _proven(ref: FrameRef, body: bytes) -> Frame:
    if digest_of(body) != ref.digest:
        raise BrokenInvariant(
            f"frame {ref.identity} at {ref.topic}/{ref.partition}/{ref.offset} has other bytes",
            expected=f"digest {ref.digest.hex()[:16]}…",
            remedy="restore the log from a copy",
        )
    try:
        return decode_frame(body)
    except Poison as error:
        raise BrokenInvariant(f"frame {ref.identity}: {error}", expected="a frame") from error
