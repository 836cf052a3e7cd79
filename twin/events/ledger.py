"""Numbers that are assumed."""

from __future__ import annotations

from twin.events.kinds import Body, Confidence, Nature, Phase, kind


@kind("ledger", Nature.GIVEN, Phase.SOURCES)
class AssumptionSet(Body, frozen=True):
    """A number nobody measured for us: with its unit, date, source and how far to trust it."""

    name: str
    value: float | str
    unit: str
    as_of: str
    source: str
    confidence: Confidence
    note: str = ""
