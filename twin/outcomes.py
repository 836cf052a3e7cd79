"""What became of an input, as values: the fold never raises for what the world got wrong."""

from __future__ import annotations

import msgspec

from twin.events import AlarmChanged, CommitmentStatusChanged, WorkloadAllocated
from twin.identity import Identity


class Refused(msgspec.Struct, frozen=True):
    """An event whose meaning cannot hold; the twin is as it was, and it becomes a dead letter."""

    identity: Identity
    kind: str
    reason: str


class AlarmOutcome(msgspec.Struct, frozen=True):
    """An alarm raised or cleared by this tick."""

    change: AlarmChanged
    label: str = "public"
    asset_ids: tuple[int, ...] = ()


class PromiseOutcome(msgspec.Struct, frozen=True):
    """A promise stands otherwise than before."""

    change: CommitmentStatusChanged
    label: str = "public"


class WorkOutcome(msgspec.Struct, frozen=True):
    """Work was placed, displaced or let back in."""

    change: WorkloadAllocated
    label: str = "public"


Outcome = Refused | AlarmOutcome | PromiseOutcome | WorkOutcome
