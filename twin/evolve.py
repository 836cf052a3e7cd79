"""The fold: (twin, record) → Step(twin, outcomes). Pure, total, and the only way a twin changes.

First the record's events in canonical order, then the tick's telemetry, then closing: the energy
book, and judging. A refusal leaves the twin as it was; an unknown kind or a sum that does not hold
stops everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.errors import BadInput
from twin.events import (
    AssetsAssigned,
    AssetsFailed,
    AssetsRestored,
    AssumptionSet,
    Body,
    ElementSetsPublished,
    Event,
    EventCorrected,
    LaunchFlown,
    LaunchScheduled,
    LicenceGranted,
    Quarantined,
    RecordEntryExcluded,
    SatellitesDeorbited,
    SatellitesDeployed,
    SegmentRegistered,
    ShardOpened,
    ShellRetargeted,
    SiteEnergised,
    SourceLapsed,
    SourceRegistered,
    SourceReturned,
    SpaceWeatherObserved,
    StreamAbsent,
    SupplyChanged,
    fact,
)
from twin.fold import alarms, closing, energy, fleet, group, registry
from twin.fold.launches import FlownLaunch
from twin.identity import Identity
from twin.labels import PUBLIC, known_label
from twin.outcomes import Outcome, Refused
from twin.quantities import QUANTITIES_COUNT, over_regions
from twin.records import Record
from twin.regions import ORBIT
from twin.state import Alarms, Energy, Fleet, Telemetry, Twin
from twin.summaries import SegmentTotals


class Step(Struct, frozen=True):
    """The twin after a record, and what became of the record's inputs."""

    twin: Twin
    outcomes: tuple[Outcome, ...] = ()


def evolve(twin: Twin, record: Record) -> Step:
    """The twin after one more record; ``UnknownKind`` and ``BrokenInvariant`` stop the fold."""
    outcomes: list[Outcome] = []
    flown: list[tuple[str, FlownLaunch]] = []
    after = replace(twin, number=record.number, start_ns=record.start_ns, tick_ns=record.tick_ns)
    written_off: dict[tuple[str, str], int] = {}
    for label, fleet_ in twin.fleets.items():
        if (restored := fleet.supplies_restored(fleet_, record.start_ns)) is not fleet_:
            after = _with_fleet(after, label, restored)
    if after.demand:
        after = replace(after, demand={})
    for label, work in twin.work.items():
        if work.done:
            after = group.without_finished(after, label, work)
    for event in record.content.events:
        try:
            known_label(event.label)
            body = fact(event)
            after = _applied(after, event, body, record.content.events)
            note_write_off(written_off, event, body)
            if isinstance(body, LaunchFlown):
                flown.append((event.label, after.launches[event.label].recent[-1]))
        except BadInput as error:
            outcomes.append(Refused(event.identity, event.kind, str(error)))
    outcomes += _refusals_of_unknown_segments(after, record.content.totals)
    return _closed(twin, after, record, written_off, flown, outcomes)


def _applied(twin: Twin, event: Event, body: Body, events: Sequence[Event]) -> Twin:
    """One event, to the slice of its topic; what has no effect on the twin yet is kept in the
    journal. ``events`` are all of its tick.
    """
    label = event.label
    match body:
        case (
            AssumptionSet() | SourceRegistered() | SourceLapsed() | SourceReturned() | Quarantined()
        ):
            told = registry.told(twin.registry, body, tick_ns=twin.tick_ns)
            return replace(twin, registry=told)
        case SiteEnergised():
            there = _with_fleet(twin, label, fleet.changed(_fleet(twin, label), body))
            return group.with_books(there, label)
        case (
            SegmentRegistered()
            | SupplyChanged()
            | ShardOpened()
            | AssetsAssigned()
            | SatellitesDeorbited()
        ):
            return _with_fleet(twin, label, fleet.changed(_fleet(twin, label), body))
        case SatellitesDeployed():
            fleet.registered(_fleet(twin, label), body.segment)
            return group.deployed(twin, event, body)
        case AssetsFailed() | AssetsRestored() | ElementSetsPublished() | ShellRetargeted():
            fleet.registered(_fleet(twin, label), body.segment)
            return twin
        case LaunchScheduled():
            group.aimed(twin, body, events)
            return group.applied(twin, event, body)
        case SpaceWeatherObserved() | LicenceGranted() | StreamAbsent():
            return twin
        case EventCorrected() | RecordEntryExcluded():
            # Kept as a dead letter, so that nobody believes it took effect.
            raise BadInput(
                f"{event.kind}, which this release does not apply",
                expected="the fact said anew, by an event of its own kind",
            )
        case _:
            return group.applied(twin, event, body)


def _closed(
    before: Twin,
    twin: Twin,
    record: Record,
    written_off: Mapping[tuple[str, str], int],
    flown: list[tuple[str, FlownLaunch]],
    outcomes: list[Outcome],
) -> Step:
    """Telemetry, then the energy book and judging, label by label."""
    telemetry, books, judged = dict(twin.telemetry), dict(twin.energy), dict(twin.alarms)
    for label in twin.labels:
        fleet_ = twin.fleets[label]
        telemetry[label] = _reported(fleet_, label, record)
        sums = telemetry[label].sums
        books[label] = energy.booked(
            twin.energy[label],
            sums=sums,
            constants=fleet_.constants,
            written_off_mwh=_per_segment(written_off, fleet_),
            interval_ms=twin.interval_ms,
        )
        judged[label], changes = alarms.judged(
            twin.alarms[label],
            fleet=fleet_,
            telemetry=telemetry[label],
            energy=books[label],
            registry=twin.registry,
            tick_ns=twin.tick_ns,
            label=label,
        )
        outcomes += changes
    judged[PUBLIC], changes = registry.judged(
        judged.get(PUBLIC, Alarms()),
        twin.registry,
        tick_ns=twin.tick_ns,
        interval_ns=record.interval_ns,
    )
    outcomes += changes
    after = replace(twin, telemetry=telemetry, energy=books, alarms=judged)
    after, said = closing.closed(before, after, flown=flown)
    return Step(after, (*outcomes, *said))


def _reported(fleet_: Fleet, label: str, record: Record) -> Telemetry:
    """This tick's totals of one label, one row for each of its segments; zeros where none came."""
    totals = record.content.totals
    matrix: IntArray
    if totals.keys == fleet_.totals_keys and totals.keys:
        matrix = totals.array()
    else:
        shape = (len(fleet_.keys), max(1, len(totals.regions)), QUANTITIES_COUNT)
        matrix = np.zeros(shape, dtype=np.int64)
        for place, key in enumerate(totals.keys):
            if key in fleet_.totals_keys:
                matrix[fleet_.totals_keys.index(key)] = totals.array()[place]
        frozen(matrix)
    anomalies = tuple(a for a in record.content.anomalies if a.segment in fleet_.keys)
    return Telemetry(totals.regions or (ORBIT,), matrix, frozen(over_regions(matrix)), anomalies)


def _refusals_of_unknown_segments(twin: Twin, totals: SegmentTotals) -> list[Outcome]:
    fleets = twin.fleets.values()
    if any(totals.keys == each.totals_keys for each in fleets):
        return []
    known = {key for each in fleets for key in each.totals_keys}
    return [
        Refused(
            identity=Identity("frames", 0, segment, twin.number),
            kind="SegmentTotals",
            reason=f"telemetry of segment {segment!r} ({label}), which nobody registered",
        )
        for label, segment in totals.keys
        if (label, segment) not in known
    ]


def note_write_off(written_off: dict[tuple[str, str], int], event: Event, body: Body) -> None:
    """Add what an event says of energy that came or went with assets, by label and segment."""
    if isinstance(body, AssetsFailed | SatellitesDeorbited):
        key = (event.label, body.segment)
        written_off[key] = written_off.get(key, 0) + round(body.written_off_wh * 1000)
    if isinstance(body, SatellitesDeployed | AssetsRestored):
        # They bring what their batteries hold.
        key = (event.label, body.segment)
        written_off[key] = written_off.get(key, 0) - round(body.charge_wh * 1000)


def _per_segment(written_off: Mapping[tuple[str, str], int], fleet_: Fleet) -> IntArray:
    amounts = np.zeros(len(fleet_.keys), dtype=np.int64)
    for key, amount_mwh in written_off.items():
        if key in fleet_.totals_keys:
            amounts[fleet_.totals_keys.index(key)] = amount_mwh
    return amounts


def _fleet(twin: Twin, label: str) -> Fleet:
    return twin.fleets.get(label, Fleet(label))


def _with_fleet(twin: Twin, label: str, changed: Fleet) -> Twin:
    """The twin with another fleet; what is kept a row per segment follows its rows."""
    before = _fleet(twin, label)
    fleets = {**twin.fleets, label: changed}
    if before.keys == changed.keys and label in twin.energy:
        return replace(twin, fleets=fleets)
    book = twin.energy.get(label, Energy())
    alarm = twin.alarms.get(label, Alarms())
    old, new = before.keys, changed.keys
    streak = alarm.streak.reshape(len(old), len(alarms.Condition))
    return replace(
        twin,
        fleets=fleets,
        energy={
            **twin.energy,
            label: Energy(
                fleet.realigned(book.flows_mw, old, new, 0),
                fleet.realigned(book.total_mwh, old, new, 0),
                fleet.realigned(book.carry, old, new, 0),
                fleet.realigned(book.charge_mwh, old, new, energy.UNKNOWN),
            ),
        },
        alarms={**twin.alarms, label: Alarms(alarm.open, fleet.realigned(streak, old, new, 0))},
    )
