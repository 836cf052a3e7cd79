"""Everything the twin learns in one tick, chained to the record before: the journal's entries.

Stored form: four bytes of magic, the SHA-256 of what follows, and the record as compressed
MessagePack. The digest of the stored form names the record, and the next record repeats it as
``previous``; so a flipped bit is found in the record it is in, and a cut, swap or insertion where
it was made.
"""

from __future__ import annotations

import msgspec
import zstandard

from twin.errors import BrokenChain
from twin.events import Event
from twin.identity import Identity, digest_of
from twin.limits import RECORD_MAX_BYTES
from twin.observations import Quarantine
from twin.summaries import Anomaly, FrameRef, SegmentTotals
from twin.units import instant_text

MAGIC = b"TWJ1"
GENESIS = bytes(32)
"""The ``previous`` of the first record."""

RECENT_COUNT = 256
"""How many records back a second candidate may come (from a sequencer that was overtaken)."""


class Content(msgspec.Struct, frozen=True, array_like=True):
    """What is folded: events in canonical order, and the tick's telemetry as totals."""

    events: tuple[Event, ...] = ()
    totals: SegmentTotals = SegmentTotals()
    anomalies: tuple[Anomaly, ...] = ()


class Provenance(msgspec.Struct, frozen=True, array_like=True):
    """Where it came from, and every input that was not folded; never inside the state hash."""

    frames: tuple[FrameRef, ...] = ()
    quarantined: tuple[Quarantine, ...] = ()
    late: tuple[FrameRef, ...] = ()
    duplicate_count_by_source: tuple[tuple[str, int], ...] = ()
    sent_ns: int = 0


class StreamEnd(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """The last sequence of a stream that a record, or one before it, holds or declared absent."""

    source: str
    epoch: int
    stream: str
    sequence: int


class Pace(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """A paced source and the instant up to which it has sealed; 0 before its first word on that."""

    source: str
    epoch: int
    sealed_ns: int


class Inputs(msgspec.Struct, frozen=True, array_like=True):
    """What the sequencer needs to go on from here after a restart."""

    observations_offset: int = 0
    ends: tuple[StreamEnd, ...] = ()
    paced: tuple[Pace, ...] = ()
    lapsed: tuple[Pace, ...] = ()
    absent: tuple[Identity, ...] = ()


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One tick [start, end); ``number`` counts from 1, ``tick_ns`` is the end."""

    number: int
    start_ns: int
    tick_ns: int
    previous: bytes
    content: Content
    provenance: Provenance = Provenance()
    inputs: Inputs = Inputs()

    @property
    def interval_ns(self) -> int:
        return self.tick_ns - self.start_ns


class Stored(msgspec.Struct, frozen=True):
    """A record with the digest of its stored form, which the next one must repeat."""

    record: Record
    digest: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Record)
# A zstd object must not be used by two threads at once, and is dear to make: each use takes an idle
# one out of its list, or makes one. Taking from and adding to a list are atomic.
_COMPRESSORS: list[zstandard.ZstdCompressor] = []
_DECOMPRESSORS: list[zstandard.ZstdDecompressor] = []


def encode_record(record: Record) -> bytes:
    """The stored form of a record."""
    payload = _compressed(_ENCODER.encode(record))
    return MAGIC + digest_of(payload) + payload


def decode_record(stored: bytes, *, number: int) -> Stored:
    """The record in some bytes; ``BrokenChain`` at ``number`` when they are not as written."""
    payload = stored[36:]
    if stored[:4] != MAGIC or stored[4:36] != digest_of(payload):
        raise BrokenChain(
            f"record {number}: its bytes do not match their digest",
            number=number,
            remedy="restore the log from a copy; nothing after this record can be believed",
        )
    try:
        plain = _decompressed(payload)
        return Stored(record=_DECODER.decode(plain), digest=stored[4:36])
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise BrokenChain(
            f"record {number}: {error}",
            number=number,
            remedy="it was written by other code; upgrade the twin first",
        ) from None


def _compressed(plain: bytes) -> bytes:
    try:
        compressor = _COMPRESSORS.pop()
    except IndexError:
        compressor = zstandard.ZstdCompressor(level=3, write_checksum=False)
    payload = compressor.compress(plain)
    _COMPRESSORS.append(compressor)
    return payload


def _decompressed(payload: bytes) -> bytes:
    if not 0 <= zstandard.frame_content_size(payload) <= RECORD_MAX_BYTES:
        raise zstandard.ZstdError("a size no record has")
    try:
        decompressor = _DECOMPRESSORS.pop()
    except IndexError:
        decompressor = zstandard.ZstdDecompressor()
    plain = decompressor.decompress(payload)
    _DECOMPRESSORS.append(decompressor)
    return plain


class Chain:
    """Accepts journal entries in log order; of two candidates for one place the first wins.

    A candidate that another sequencer wrote for a place already taken is passed over, and so is
    what chains on to it; anything else that does not follow is ``BrokenChain``.
    """

    def __init__(
        self, *, number: int = 0, tick_ns: int | None = None, head: bytes = GENESIS
    ) -> None:
        self.number, self.tick_ns, self.head = number, tick_ns, head
        self.passed_over_count = 0
        self._recent: dict[int, Stored] = {}
        self._passed_over: set[bytes] = set()

    @classmethod
    def before(cls, stored: bytes) -> Chain:
        """The chain that this record follows, when nothing before it is looked at."""
        record = decode_record(stored, number=0).record
        is_first = record.number == 1
        return cls(
            number=record.number - 1,
            tick_ns=None if is_first else record.start_ns,
            head=record.previous,
        )

    def accept(self, stored: bytes) -> Record | None:
        """The record if it is the next one; None if it is a candidate that lost its place."""
        candidate = decode_record(stored, number=self.number + 1)
        record = candidate.record
        if record.number <= self.number or record.previous in self._passed_over:
            self._pass_over(candidate)
            return None
        self._refuse_a_gap(record)
        self.number, self.tick_ns, self.head = record.number, record.tick_ns, candidate.digest
        self._recent[record.number] = candidate
        self._recent.pop(record.number - RECENT_COUNT, None)
        return record

    def _pass_over(self, candidate: Stored) -> None:
        record = candidate.record
        accepted = self._recent.get(record.number)
        is_older = accepted is None and record.number <= self.number
        if is_older or (accepted and _told(accepted.record) != _told(record)):
            raise BrokenChain(
                f"record {record.number} stands a second time"
                + (" long after the first" if is_older else " with other contents"),
                number=record.number,
                remedy="restore the log from a copy",
            )
        # The same bytes a second time lead on to the same next record.
        if accepted is None or accepted.digest != candidate.digest:
            self._passed_over.add(candidate.digest)
        self.passed_over_count += 1

    def _refuse_a_gap(self, record: Record) -> None:
        if record.number != self.number + 1:
            raise BrokenChain(
                f"record {record.number} follows record {self.number}",
                number=self.number + 1,
                expected=f"record {self.number + 1}",
                remedy="records were removed or moved; restore the log from a copy",
            )
        if record.previous != self.head:
            raise BrokenChain(
                f"record {record.number} does not chain on to record {self.number}",
                number=record.number,
                expected=f"previous digest {self.head.hex()[:16]}…",
                remedy="a record was replaced; restore the log from a copy",
            )
        if self.tick_ns is not None and record.start_ns != self.tick_ns:
            raise BrokenChain(
                f"record {record.number} starts at {instant_text(record.start_ns)}",
                number=record.number,
                expected=f"the end of the one before, {instant_text(self.tick_ns)}",
            )


def _told(record: Record) -> tuple[int, int, Content]:
    """What two sequencers must agree on; where the inputs lay may differ."""
    return record.start_ns, record.tick_ns, record.content
