"""A paced source into the log: whole ticks, resumed from its own last words, never far ahead.

A tick is one append: frames, events and the seal, all or nothing. After a restart the source goes
on from its last seal and the frames that seal names, which the log has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from streams import topics
from streams.codec import TICK_SEALED, Envelope, decode_headers, outgoing
from streams.log.placing import partition_for
from streams.log.port import Log, Message, Outgoing
from twin.errors import BrokenInvariant, Poison
from twin.identity import Identity, digest_of
from twin.observations import Sealed
from twin.simulate.outbox import JSON
from twin.simulate.world import Sent, State, World, WorldTick

AHEAD_MAX_COUNT = 64
"""Ticks a source may be ahead of the last closed one: it bounds what a slow twin must hold."""

SEALS_STREAM = "seals"


class Publisher:
    """Steps a world and appends its ticks; begins where the log says the world stopped."""

    def __init__(self, log: Log, world: World) -> None:
        self._log, self._world = log, world
        self._unsent: tuple[State, WorldTick] | None = None
        self._partitions = {name: spec.partitions for name, spec in log.topics().items()}
        seal, sequence = _last_seal(log, world.source)
        self._seals_count = sequence
        if seal is None:
            self._state = world.start()
        else:
            frames = _last_frames(log, seal)
            self._state = world.resume(seal, frames)

    @property
    def seals_count(self) -> int:
        """Ticks published so far, in this run and before."""
        return self._seals_count

    def publish(self) -> WorldTick:
        """One more tick, durable on return.

        After ``Unavailable`` it may be asked again, and says the same tick once more: whoever hears
        it twice knows it by its identity.
        """
        state, tick = self._unsent or self._world.step(self._state)
        self._unsent = (state, tick)
        sent_ns = time.time_ns()
        messages = [self._outgoing(sent, sent_ns) for sent in tick.messages]
        self._log.append([*messages, self._sealing(tick, sent_ns)])
        self._state, self._unsent = state, None
        self._seals_count += 1
        return tick

    def is_far_ahead(self) -> bool:
        """Whether no further tick should be published before older ones are in the journal."""
        closed_count = self._log.span(topics.JOURNAL, 0).end
        return self._seals_count - closed_count >= AHEAD_MAX_COUNT

    def _outgoing(self, sent: Sent, sent_ns: int) -> Outgoing:
        envelope = Envelope(
            identity=sent.identity,
            kind=sent.kind,
            effective_ns=sent.effective_ns,
            label=sent.label,
            digest=digest_of(sent.body),
            correlation_id=sent.correlation_id,
            causation_id=sent.causation_id,
            content_type=sent.content_type,
        )
        partition = partition_for(sent.key.encode(), self._partitions[sent.topic])
        return outgoing(
            envelope,
            sent.body,
            topic=sent.topic,
            partition=partition,
            key=sent.key,
            sent_ns=sent_ns,
        )

    def _sealing(self, tick: WorldTick, sent_ns: int) -> Outgoing:
        seal = tick.seal
        body = msgspec.json.encode(seal)
        envelope = Envelope(
            identity=Identity(seal.source, seal.epoch, SEALS_STREAM, self._seals_count + 1),
            kind=TICK_SEALED,
            effective_ns=seal.tick_ns,
            label="public",
            digest=digest_of(body),
            content_type=JSON,
        )
        return outgoing(
            envelope, body, topic=topics.SEALS, partition=0, key=seal.source, sent_ns=sent_ns
        )


def _last_seal(log: Log, source: str) -> tuple[Sealed | None, int]:
    """The last seal of a source and its sequence; (None, 0) before the first."""
    for message in _backwards(log, topics.SEALS, 0):
        envelope = _envelope(message)
        if envelope is not None and envelope.identity.source == source:
            seal: Sealed = msgspec.json.decode(message.value or b"", type=Sealed)
            return seal, envelope.identity.sequence
    return None, 0


def _last_frames(log: Log, seal: Sealed) -> dict[str, bytes]:
    """The body each sealed stream of frames ended with, by stream."""
    wanted = dict(seal.last)
    frames: dict[str, bytes] = {}
    for topic in (topics.SATELLITES, topics.WORKLOADS):
        for partition in range(log.topics()[topic].partitions):
            for message in _backwards(log, topic, partition):
                envelope = _envelope(message)
                if envelope is None or envelope.identity.source != seal.source:
                    continue
                if envelope.content_type == JSON:
                    # It says nothing of where the tick began: an event may take effect before.
                    continue
                stream, sequence = envelope.identity.stream, envelope.identity.sequence
                if sequence < wanted.get(stream, 0):
                    break
                if wanted.get(stream) == sequence:
                    frames[stream] = message.value or b""
    return frames


def _backwards(log: Log, topic: str, partition: int) -> Iterator[Message]:
    """Messages of a partition, newest first."""
    span = log.span(topic, partition)
    for offset in range(span.end - 1, span.start - 1, -1):
        page = log.read(topic, partition, offset, limit=1, max_bytes=1)
        if not page:
            raise BrokenInvariant(f"{topic}/{partition} has no offset {offset}", expected="one")
        yield page[0]


def _envelope(message: Message) -> Envelope | None:
    try:
        return decode_headers(message.headers)
    except Poison:
        return None
