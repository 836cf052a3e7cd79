"""Sources and assumptions, and the alarms about those who tell the twin things."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from twin.errors import BadInput
from twin.events import (
    AssumptionSet,
    Quarantined,
    SourceLapsed,
    SourceRegistered,
    SourceReturned,
)
from twin.labels import PUBLIC
from twin.outcomes import AlarmOutcome, alarm_outcome
from twin.state import Alarm, Alarms, Limits, Registry, SourceState

TICKS_MAX_COUNT = 1_000_000
LAPSED, QUARANTINED = "lapsed", "quarantined"
CONDITIONS = (LAPSED, QUARANTINED)
"""What is judged of each source; the last word of an alarm's name."""
LIMITS = {
    "alarm.silent_fraction": "silent_fraction",
    "alarm.down_fraction": "failed_fraction",
    "alarm.unaccounted_fraction": "unaccounted_fraction",
    "alarm.anomalous_fraction": "anomalous_fraction",
    "alarm.clear_below_fraction": "clear_below_fraction",
    "alarm.raise_after_ticks_count": "raise_after_count",
    "alarm.clear_after_ticks_count": "clear_after_count",
}


Told = AssumptionSet | SourceRegistered | SourceLapsed | SourceReturned | Quarantined


def told(registry: Registry, fact: Told, *, tick_ns: int) -> Registry:
    """The registry after a fact of who speaks, or of what is assumed."""
    match fact:
        case AssumptionSet():
            return assumption_set(registry, fact)
        case SourceRegistered():
            return source_registered(registry, fact)
        case SourceLapsed():
            return source_lapsed(registry, fact)
        case SourceReturned():
            return source_returned(registry, fact)
        case Quarantined():
            return quarantined(registry, fact, tick_ns=tick_ns)


def assumption_set(registry: Registry, fact: AssumptionSet) -> Registry:
    """A number taken as true from now on; ``BadInput`` for an alarm threshold that is none."""
    assumptions = {**registry.assumptions, fact.name: fact}
    if fact.name not in LIMITS:
        return replace(registry, assumptions=assumptions)
    is_count = fact.name.endswith("_count")
    least, most = (1, TICKS_MAX_COUNT) if is_count else (0, 1)
    if not isinstance(fact.value, float | int) or not least <= fact.value <= most:
        raise BadInput(f"{fact.name}={fact.value!r}", expected=f"a number from {least} to {most}")
    return replace(registry, assumptions=assumptions, limits=_limits(assumptions))


def _limits(assumptions: Mapping[str, AssumptionSet]) -> Limits:
    """The thresholds that are assumed, and those of an untold twin for the rest."""
    told = {
        field: int(value) if field.endswith("_count") else float(value)
        for field, value in (
            (field, assumptions[name].value)
            for name, field in LIMITS.items()
            if name in assumptions
        )
    }
    return replace(Limits(), **told)


def source_registered(registry: Registry, fact: SourceRegistered) -> Registry:
    """A source began to speak, or began anew under a higher epoch."""
    known = registry.sources.get(fact.source)
    if known is not None and fact.epoch < known.epoch:
        raise BadInput(
            f"source {fact.source} epoch {fact.epoch}", expected=f"{known.epoch} or more"
        )
    state = SourceState(
        source=fact.source,
        epoch=fact.epoch,
        is_paced=fact.is_paced,
        description=fact.description,
        world=fact.world,
        is_assumed=fact.is_assumed,
    )
    return _with(registry, state)


def source_lapsed(registry: Registry, fact: SourceLapsed) -> Registry:
    """A source went silent."""
    return _with(registry, replace(_known(registry, fact.source), is_lapsed=True))


def source_returned(registry: Registry, fact: SourceReturned) -> Registry:
    """A silent source speaks again."""
    return _with(registry, replace(_known(registry, fact.source), is_lapsed=False))


def quarantined(registry: Registry, fact: Quarantined, *, tick_ns: int) -> Registry:
    """An unreadable input counts against its source."""
    known = _known(registry, fact.source)
    return _with(
        registry,
        msgspec.structs.replace(
            known, quarantined_count=known.quarantined_count + 1, last_quarantined_ns=tick_ns
        ),
    )


def judged(
    alarms: Alarms, registry: Registry, *, tick_ns: int, interval_ns: int
) -> tuple[Alarms, tuple[AlarmOutcome, ...]]:
    """Alarms about sources: silent ones, and ones that sent something unreadable of late."""
    wanted = dict(_conditions(registry, tick_ns=tick_ns, interval_ns=interval_ns))
    ours = {key for key in alarms.open if key.startswith("source/")}
    if wanted.keys() == ours:
        return alarms, ()
    still: Mapping[str, Alarm] = {
        key: alarm for key, alarm in alarms.open.items() if key not in ours or key in wanted
    }
    raised = {key: alarm for key, alarm in wanted.items() if key not in ours}
    outcomes = [alarm_outcome(raised[key], "raised", label=PUBLIC) for key in sorted(raised)]
    outcomes += [
        alarm_outcome(alarms.open[key], "cleared", label=PUBLIC)
        for key in sorted(ours - wanted.keys())
    ]
    return replace(alarms, open={**still, **raised}), tuple(outcomes)


def _conditions(registry: Registry, *, tick_ns: int, interval_ns: int) -> list[tuple[str, Alarm]]:
    found: list[Alarm] = []
    memory_ns = registry.limits.clear_after_count * interval_ns
    for source in registry.sources.values():
        if source.is_lapsed:
            found.append(_alarm(source, LAPSED, "critical", value=1.0, tick_ns=tick_ns))
        if source.quarantined_count and tick_ns - source.last_quarantined_ns < memory_ns:
            count = float(source.quarantined_count)
            found.append(_alarm(source, QUARANTINED, "warning", value=count, tick_ns=tick_ns))
    return [(alarm.alarm_id, alarm) for alarm in found]


def _alarm(source: SourceState, what: str, severity: str, *, value: float, tick_ns: int) -> Alarm:
    return Alarm(
        alarm_id=f"source/{source.source}/{what}",
        subject=source.source,
        severity="critical" if severity == "critical" else "warning",
        value=value,
        threshold=0.0,
        raised_ns=tick_ns,
    )


def _known(registry: Registry, name: str) -> SourceState:
    """The source, or a placeholder: bad input may come from one that never registered."""
    return registry.sources.get(
        name, SourceState(name, 0, False, "never registered", world="", is_assumed=False)
    )


def _with(registry: Registry, state: SourceState) -> Registry:
    return replace(registry, sources={**registry.sources, state.source: state})
