"""How far each stream has come: its end, the words it skipped, and the digests heard last."""

from __future__ import annotations

from collections import OrderedDict

from twin.identity import Identity
from twin.records import Inputs, StreamEnd
from twin.waiting import Stream

REMEMBERED_COUNT = 4_096
"""Digests kept of entries already in a record, to tell a duplicate from a conflict."""

ABSENT_KEPT_COUNT = 1_024
"""Absent words remembered, of one stream and in all: those nearest to the ends of their streams.

One that comes after it was forgotten counts as a duplicate.
"""


class Heard:
    """What records already hold of each stream; ``ends`` is the last sequence of each."""

    def __init__(self, inputs: Inputs) -> None:
        self.ends: dict[Stream, int] = {
            (end.source, end.epoch, end.stream): end.sequence for end in inputs.ends
        }
        self._absent: set[Identity] = set(inputs.absent)
        self._digests: OrderedDict[Identity, bytes] = OrderedDict()

    def end(self, stream: Stream) -> int:
        """The last sequence that is in a record or declared absent; 0 before the first."""
        return self.ends.get(stream, 0)

    def advance(self, stream: Stream, last: int) -> None:
        """A stream has come to this sequence; it never goes back."""
        self.ends[stream] = max(last, self.ends.get(stream, 0))

    def remember(self, identity: Identity, digest: bytes) -> None:
        """Keep a digest for a while."""
        self._digests[identity] = digest
        if len(self._digests) > REMEMBERED_COUNT:
            self._digests.popitem(last=False)

    def is_same(self, identity: Identity, digest: bytes) -> bool:
        """Whether it was heard with this digest, as far as is remembered."""
        return self._digests.get(identity, digest) == digest

    def skip(self, stream: Stream, first: int, last: int) -> None:
        """These words did not come; of many, the last are remembered."""
        oldest = max(first, last - ABSENT_KEPT_COUNT + 1)
        self._absent.update(Identity(*stream, sequence) for sequence in range(oldest, last + 1))

    def has_skipped(self, identity: Identity) -> bool:
        """Whether this word was absent; from now on it is not."""
        if identity not in self._absent:
            return False
        self._absent.discard(identity)
        return True

    def skipped_count(self, stream: Stream, after: int, through: int) -> int:
        """How many words of (after, through] were declared absent and are still to be passed."""
        return sum(
            after < identity.sequence <= through
            for identity in self._absent
            if (identity.source, identity.epoch, identity.stream) == stream
        )

    def stored_ends(self) -> tuple[StreamEnd, ...]:
        """The ends as a record keeps them."""
        return tuple(StreamEnd(*stream, last) for stream, last in sorted(self.ends.items()))

    def stored_absent(self) -> tuple[Identity, ...]:
        """The absent words as a record keeps them; what is not kept is forgotten here too."""
        if self._absent:
            self._forget_the_furthest_behind()
        return tuple(sorted(self._absent))

    def _forget_the_furthest_behind(self) -> None:
        behind = {
            identity: self.end((identity.source, identity.epoch, identity.stream))
            - identity.sequence
            for identity in self._absent
        }
        near = [identity for identity, count in behind.items() if count < ABSENT_KEPT_COUNT]
        near.sort(key=lambda identity: (behind[identity], identity))
        self._absent = set(near[:ABSENT_KEPT_COUNT])
