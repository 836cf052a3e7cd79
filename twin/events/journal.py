"""Corrections, and what the journal says of its own inputs."""

from __future__ import annotations

from typing import Any

from twin.events.kinds import Body, Nature, Phase, kind
from twin.fields import Counter


@kind("operations", Nature.GIVEN, Phase.SOURCES)
class EventCorrected(Body, frozen=True):
    """An earlier event said something wrong; the fact stays, this follows it."""

    corrects: str
    fields: dict[str, Any]
    reason: str


@kind("operations", Nature.JOURNAL, Phase.SOURCES)
class SourceRegistered(Body, frozen=True):
    """A source began to speak; a paced one ends each of its ticks with a seal."""

    source: str
    epoch: Counter
    is_paced: bool
    description: str
    world: str = ""
    is_assumed: bool = False
    starts_at: str = ""


@kind("operations", Nature.JOURNAL, Phase.SOURCES)
class SourceLapsed(Body, frozen=True):
    """A paced source was silent beyond the patience; ticks close without it until it returns."""

    source: str
    epoch: Counter
    last_tick: str


@kind("operations", Nature.JOURNAL, Phase.SOURCES)
class SourceReturned(Body, frozen=True):
    """A lapsed source speaks again; ticks wait for it as before."""

    source: str
    epoch: Counter


@kind("operations", Nature.JOURNAL, Phase.SOURCES)
class StreamAbsent(Body, frozen=True):
    """A sealed sequence never came; the tick closed without it."""

    source: str
    epoch: Counter
    stream: str
    first_sequence: Counter
    last_sequence: Counter


@kind("operations", Nature.JOURNAL, Phase.SOURCES)
class Quarantined(Body, frozen=True):
    """An input no one can read, kept as a dead letter; its sequence counts as received."""

    source: str
    stream: str
    sequence: Counter
    reason: str


@kind("operations", Nature.JOURNAL, Phase.SOURCES)
class RecordEntryExcluded(Body, frozen=True):
    """An entry of an earlier record must not be folded by upgraded code, and why."""

    number: Counter
    event_id: str
    reason: str
