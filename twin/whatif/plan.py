"""What is otherwise in a branch: the edits of a scenario as spans, losses and events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from twin.events import Event

SOURCE = "scenario"
FOR_EVER_NS = 2**63 - 1

Key = tuple[str, str]
"""Label and segment."""


class Span(msgspec.Struct, frozen=True):
    """From when to when something holds; the end is left out."""

    starts_ns: int
    ends_ns: int

    def holds(self, start_ns: int, tick_ns: int) -> bool:
        """Whether it holds in the tick [start, tick)."""
        return self.starts_ns < tick_ns and start_ns < self.ends_ns

    def covers(self, effective_ns: int, start_ns: int) -> bool:
        """Whether it holds for a word of that time, said in the tick from ``start_ns``."""
        return self.starts_ns <= max(effective_ns, start_ns) < self.ends_ns


class Dropping(msgspec.Struct, frozen=True):
    """Events of a kind that never happened, if their fields have these values."""

    kind: str
    where: Mapping[str, Any]
    span: Span


class Scaling(msgspec.Struct, frozen=True):
    """Demand of a service that is so many times as much."""

    service: str
    region: str
    by: float
    span: Span


class Losing(msgspec.Struct, frozen=True):
    """Assets of a segment that do not work: a share, or those named.

    ``stream`` is that of what is told of it.
    """

    label: str
    segment: str
    fraction: float
    asset_ids: tuple[int, ...]
    cause: str
    span: Span
    stream: str

    @property
    def key(self) -> Key:
        """Label and segment."""
        return self.label, self.segment


class Plan(msgspec.Struct, frozen=True):
    """What is otherwise in a branch; empty where a scenario has no edits.

    ``injected`` are events by effective time; ``overridden`` are assumptions that later events of
    the log do not change back, with the spans in which; ``grounded`` are vehicles that no event
    of the log lets fly in between; ``kinds`` are those of the events an edit may touch.

    ``notes`` are for whoever reads the result; from ``whole_ns`` on all of it has taken effect.
    """

    droppings: tuple[Dropping, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    losings: tuple[Losing, ...] = ()
    injected: tuple[Event, ...] = ()
    overridden: Mapping[str, tuple[Span, ...]] = {}
    grounded: Mapping[str, tuple[Span, ...]] = {}
    kinds: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    whole_ns: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is otherwise."""
        return not (self.droppings or self.scalings or self.losings or self.injected)
