"""What a kind of event is, and every kind there is, by name.

A kind states its topic, its *nature* (what it is in a what-if), its *phase* (when inside a tick it
is folded) and its schema version.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Literal, TypeVar

import msgspec

Basis = Literal["measured", "derived", "assumed"]
Confidence = Literal["primary", "reputable", "secondary", "derived", "unverified", "assumed"]


class Nature(StrEnum):
    """What becomes of an event in a what-if; an outcome is never an input of the fold."""

    GIVEN = "given"
    DECIDED = "decided"
    FOLLOWED = "followed"
    MEASURED = "measured"
    OUTCOME = "outcome"
    JOURNAL = "journal"


class Phase(IntEnum):
    """The order of kinds inside a tick."""

    SOURCES = 0
    OWNERSHIP = 1
    ASSETS = 2
    OPERATIONS = 3
    DEMAND = 4
    TELEMETRY = 5
    NONE = 9


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of one kind; unknown ones are refused, so that a misspelling is found."""


class Kind(msgspec.Struct, frozen=True):
    """What the twin knows of one kind of event."""

    name: str
    topic: str
    nature: Nature
    phase: Phase
    version: int
    body: type[Body]


KINDS: dict[str, Kind] = {}
B = TypeVar("B", bound=type[Body])


def kind(
    topic: str, nature: Nature, phase: Phase = Phase.NONE, *, version: int = 1
) -> Callable[[B], B]:
    """Register a body as a kind of that topic."""

    def register(body: B) -> B:
        KINDS[body.__name__] = Kind(body.__name__, topic, nature, phase, version, body)
        return body

    return register
