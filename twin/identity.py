"""Who said it, and which of its words this is: the name of every event.

``(source, epoch, stream, sequence)`` is unique. A stream is one shard or one rare topic of one
source; its sequence starts at 1 and has no gaps, so that a missing word is seen. ``epoch`` grows
when a source starts its counters anew.
"""

from __future__ import annotations

import hashlib

import msgspec


class Identity(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """The name of one event; orders by source, epoch, stream, sequence."""

    source: str
    epoch: int
    stream: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.source}/{self.epoch}/{self.stream}/{self.sequence}"


def digest_of(body: bytes) -> bytes:
    """SHA-256 of the original bytes, 32 of them: what is compared, chained and shown."""
    return hashlib.sha256(body).digest()
