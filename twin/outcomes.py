"""What became of an input, as values: the fold never raises for what the world got wrong."""

from __future__ import annotations

from typing import Literal

import msgspec

from twin.events import AlarmChanged, CommitmentStatusChanged, WorkloadAllocated
from twin.identity import Identity
from twin.state import Alarm


class Refused(msgspec.Struct, frozen=True):
    """An event whose meaning cannot hold; the twin is as it was, and it becomes a dead letter."""

    identity: Identity
    kind: str
    reason: str


class AlarmOutcome(msgspec.Struct, frozen=True):
    """An alarm raised or cleared by this tick."""

    change: AlarmChanged
    label: str
    asset_ids: tuple[int, ...] = ()


class PromiseOutcome(msgspec.Struct, frozen=True):
    """A promise stands otherwise than before."""

    change: CommitmentStatusChanged
    label: str


class WorkOutcome(msgspec.Struct, frozen=True):
    """Work was placed, displaced or let back in."""

    change: WorkloadAllocated
    label: str


def alarm_outcome(alarm: Alarm, state: Literal["raised", "cleared"], *, label: str) -> AlarmOutcome:
    """What is told of an alarm that began or ended."""
    change = AlarmChanged(
        alarm_id=alarm.alarm_id,
        severity=alarm.severity,
        state=state,
        subject=alarm.subject,
        value=alarm.value,
        threshold=alarm.threshold,
    )
    return AlarmOutcome(change=change, label=label, asset_ids=alarm.asset_ids)


Outcome = Refused | AlarmOutcome | PromiseOutcome | WorkOutcome
