"""What a world says in one tick: messages, each with its name, and the seal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from twin.events import KINDS, Body, encode_fact
from twin.identity import Identity
from twin.labels import PUBLIC
from twin.observations import Sealed

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"


class Sent(msgspec.Struct, frozen=True):
    """One message as it goes to the log; ``key`` is its stream, a shard or a rare topic."""

    identity: Identity
    kind: str
    topic: str
    key: str
    label: str
    effective_ns: int
    body: bytes
    correlation_id: str
    causation_id: str
    content_type: str


class WorldTick(msgspec.Struct, frozen=True):
    """Everything of one tick; ``number`` counts from 1, ``tick_ns`` is the end."""

    number: int
    start_ns: int
    tick_ns: int
    messages: tuple[Sent, ...]
    seal: Sealed


class Outbox:
    """Collects the messages of one tick and numbers them, stream by stream."""

    def __init__(self, source: str, epoch: int, last: Mapping[str, int]) -> None:
        self._source, self._epoch = source, epoch
        self.last = dict(last)
        self.messages: list[Sent] = []

    def tell(
        self,
        body: Body,
        *,
        effective_ns: int,
        label: str = PUBLIC,
        story: str = "",
        because: str = "",
    ) -> str:
        """Add a rare event to the stream of its topic; its id, for what follows from it.

        ``story`` names what it belongs to, ``because`` is the id of the event it follows.
        """
        kind = KINDS[type(body).__name__]
        identity = self._next(kind.topic)
        self.messages.append(
            Sent(
                identity=identity,
                kind=kind.name,
                topic=kind.topic,
                key=kind.topic,
                label=label,
                effective_ns=effective_ns,
                body=encode_fact(body),
                correlation_id=story,
                causation_id=because,
                content_type=JSON,
            )
        )
        return str(identity)

    def report(
        self, kind_name: str, stream: str, body: bytes, *, tick_ns: int, label: str, story: str = ""
    ) -> None:
        """Add a frame to its own stream."""
        self.messages.append(
            Sent(
                identity=self._next(stream),
                kind=kind_name,
                topic=KINDS[kind_name].topic,
                key=stream,
                label=label,
                effective_ns=tick_ns,
                body=body,
                correlation_id=story,
                causation_id="",
                content_type=ARROW,
            )
        )

    def sealed(self, number: int, *, start_ns: int, tick_ns: int) -> WorldTick:
        """The tick, complete."""
        last = tuple(sorted(self.last.items()))
        seal = Sealed(self._source, self._epoch, start_ns, tick_ns, last)
        return WorldTick(number, start_ns, tick_ns, tuple(self.messages), seal)

    def _next(self, stream: str) -> Identity:
        self.last[stream] = self.last.get(stream, 0) + 1
        return Identity(self._source, self._epoch, stream, self.last[stream])
