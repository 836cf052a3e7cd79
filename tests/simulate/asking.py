"""What a world says of demand, work and launches, read back from its messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from twin.events import Body, DemandObserved, DemandRow, Event, fact
from twin.simulate.outbox import Sent, WorldTick

T = TypeVar("T", bound=Body)


def body_of(sent: Sent) -> Body:
    """What a message says."""
    return fact(Event(sent.identity, sent.kind, sent.effective_ns, sent.label, sent.body))


def said(said_ticks: Iterable[WorldTick], kind: type[T]) -> list[tuple[Sent, T]]:
    """Every word of one kind, in order."""
    found = []
    for tick in said_ticks:
        for sent in tick.messages:
            if sent.kind == kind.__name__:
                body = body_of(sent)
                assert isinstance(body, kind)
                found.append((sent, body))
    return found


def demand_rows(tick: WorldTick) -> list[DemandRow]:
    """Everything asked in a tick."""
    return [row for _, body in said([tick], DemandObserved) for row in body.rows]
