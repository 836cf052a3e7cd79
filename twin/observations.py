"""What observers and validators tell the sequencer, in any order and at least once."""

from __future__ import annotations

import msgspec

from twin.events import Event
from twin.identity import Identity
from twin.summaries import Summary


class Observed(msgspec.Struct, frozen=True, array_like=True, tag="observed"):
    """A readable rare event and the digest of its original bytes."""

    event: Event
    digest: bytes


class Sealed(msgspec.Struct, frozen=True, array_like=True, tag="sealed"):
    """A source's word that its tick is complete, with the last sequence of every stream.

    ``sent_ns`` is the wall time its message was sent, added by the observer: it tells how late a
    tick is, and decides nothing.
    """

    source: str
    epoch: int
    start_ns: int
    tick_ns: int
    last: tuple[tuple[str, int], ...]
    sent_ns: int = 0


class Quarantine(msgspec.Struct, frozen=True, array_like=True, tag="quarantine"):
    """An input no one can read; without headers it is named by where it lies."""

    identity: Identity
    topic: str
    partition: int
    offset: int
    digest: bytes
    reason: str


class Silence(msgspec.Struct, frozen=True, array_like=True, tag="silence"):
    """The wall clock's word, decided once: do not wait for this source any longer.

    It is about the tick after the record ``after_number`` (−1: whichever is open): had that closed
    meanwhile, the source was not silent after all.
    """

    source: str
    epoch: int
    after_number: int = -1


Observation = Observed | Summary | Sealed | Quarantine | Silence

_DECODER: msgspec.msgpack.Decoder[Observation] = msgspec.msgpack.Decoder(Observation)
_ENCODER = msgspec.msgpack.Encoder()


def encode_observation(observation: Observation) -> bytes:
    """An observation as MessagePack."""
    return _ENCODER.encode(observation)


def decode_observation(body: bytes) -> Observation:
    """The observation in some bytes that this code wrote."""
    return _DECODER.decode(body)
