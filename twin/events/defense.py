"""What the fold says of what is not as it should be."""

from __future__ import annotations

from typing import Literal

from twin.events.kinds import Body, Nature, kind


@kind("defense", Nature.OUTCOME)
class AlarmChanged(Body, frozen=True):
    """An alarm was raised or cleared by the fold."""

    alarm_id: str
    severity: Literal["warning", "critical"]
    state: Literal["raised", "cleared"]
    subject: str
    value: float
    threshold: float
