"""A scenario over the journal: the past as it was beside the past as it would have been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Engine

from streams.log.port import Log
from streams.replay import Entry, as_of, records
from streams.store.tables import LIVE
from twin.errors import BadInput, Unavailable
from twin.events import AssumptionSet, VehicleStatusChanged
from twin.evolve import evolve
from twin.hashing import SliceHashes
from twin.outcomes import Refused
from twin.records import Chain, Record
from twin.state import Twin
from twin.units import instant_text
from twin.views.view import Moment
from twin.whatif.adapt import Adapted, Memory, Withdrawn, adapt
from twin.whatif.compare import Delta, deltas
from twin.whatif.plan import SOURCE, Plan, planned
from twin.whatif.scenario import Scenario


class Branch(msgspec.Struct, frozen=True):
    """Two futures side by side, at the last tick both have."""

    scenario: Scenario
    fork_ns: int
    until_ns: int
    ticks_count: int
    baseline_hash: str
    branch_hash: str
    first_divergence_ns: int | None
    withdrawn: tuple[Withdrawn, ...]
    deltas: tuple[Delta, ...]
    baseline: Twin
    branch: Twin
    record: Record


def run(
    log: Log, engine: Engine, scenario: Scenario, *, on_tick: Callable[[int], None] | None = None
) -> Branch:
    """Fold the journal twice from the fork on: as it was, and as the scenario has it.

    Live is only read. ``BadInput`` for a fork before the log or after its end, or an edit that
    names what the twin does not know; ``Unavailable`` where nothing is recorded yet.
    """
    start, chain, offset = _forked(log, engine, scenario)
    running = _Running(scenario, start)
    for entry in records(log, chain, start=offset):
        if scenario.until_ns is not None and entry.record.tick_ns > scenario.until_ns:
            break
        running.take(entry.record)
        if on_tick is not None:
            on_tick(entry.record.number)
    return running.result()


class _Running:
    """Baseline and branch on their way; one twin for both until they differ."""

    def __init__(self, scenario: Scenario, start: Twin) -> None:
        self._scenario = scenario
        self._baseline = self._branch = start
        self._fork_ns = start.tick_ns
        self._plan: Plan | None = None if start.number == 0 else planned(scenario, start)
        self._memory = Memory()
        self._withdrawn: list[Withdrawn] = []
        self._hashes = (SliceHashes(), SliceHashes())
        self._first_ns: int | None = None
        self._count = 0
        self._record: Record | None = None

    def take(self, record: Record) -> None:
        """One more record into both."""
        if self._plan is None:
            # Before the first tick nothing has a name yet: what the first record tells decides.
            self._fork_ns = record.start_ns
            plan = planned(self._scenario, evolve(self._baseline, record).twin)
            self._plan = _from(plan, record.start_ns, forked_ns=record.tick_ns)
        adapted: Adapted = adapt(
            record, self._plan, baseline=self._baseline, branch=self._branch, memory=self._memory
        )
        is_one = adapted.record is record and self._branch is self._baseline
        self._baseline = evolve(self._baseline, record).twin
        self._branch = self._baseline if is_one else self._evolved(adapted.record)
        self._memory = adapted.memory
        self._withdrawn += adapted.withdrawn
        self._count += 1
        self._record = record
        if self._first_ns is None and not is_one:
            was, is_now = self._both()
            self._first_ns = record.tick_ns if was != is_now else None

    def _evolved(self, record: Record) -> Twin:
        """The branch after a record; an edit that the fold refuses is no edit."""
        step = evolve(self._branch, record)
        for outcome in step.outcomes:
            if isinstance(outcome, Refused) and outcome.identity.source == SOURCE:
                raise BadInput(
                    f"an edit makes an impossible {outcome.kind}: {outcome.reason}", field="edits"
                )
        return step.twin

    def result(self) -> Branch:
        """Where both stand now."""
        if self._record is None:
            raise BadInput(
                f"from={instant_text(self._fork_ns)}",
                expected="an instant with at least one tick after it in the log",
                field="from",
            )
        was, is_now = self._both()
        return Branch(
            scenario=self._scenario,
            fork_ns=self._fork_ns,
            until_ns=self._record.tick_ns,
            ticks_count=self._count,
            baseline_hash=was,
            branch_hash=is_now,
            first_divergence_ns=self._first_ns,
            withdrawn=tuple(self._withdrawn),
            deltas=tuple(
                deltas(Moment(self._baseline, self._record), Moment(self._branch, self._record))
            )
            if was != is_now
            else (),
            baseline=self._baseline,
            branch=self._branch,
            record=self._record,
        )

    def _both(self) -> tuple[str, str]:
        was = self._hashes[0].state_hash(self._baseline.tick_ns, self._baseline.slices())
        if self._branch is self._baseline:
            return was, was
        return was, self._hashes[1].state_hash(self._branch.tick_ns, self._branch.slices())


NEEDS_NOTHING_TOLD = frozenset({AssumptionSet.__name__, VehicleStatusChanged.__name__})
"""Kinds that can hold before anything was told: a scenario has them from the first tick on."""


def _from(plan: Plan, start_ns: int, *, forked_ns: int) -> Plan:
    """A plan made after the first tick, moved to where that tick begins.

    What is about something that the first tick tells of, a contract or assets, waits for its end.
    """

    def moved(each: Any) -> Any:
        span = msgspec.structs.replace(each.span, starts_ns=min(each.span.starts_ns, start_ns))
        return msgspec.structs.replace(each, span=span)

    return msgspec.structs.replace(
        plan,
        droppings=tuple(moved(each) for each in plan.droppings),
        scalings=tuple(moved(each) for each in plan.scalings),
        injected=tuple(
            msgspec.structs.replace(event, effective_ns=min(event.effective_ns, start_ns))
            if event.kind in NEEDS_NOTHING_TOLD and event.effective_ns == forked_ns
            else event
            for event in plan.injected
        ),
    )


def _forked(log: Log, engine: Engine, scenario: Scenario) -> tuple[Twin, Chain, int]:
    if scenario.fork_ns is None:
        return Twin(), Chain(), 0
    past = as_of(log, engine, LIVE, scenario.fork_ns)
    if past is None:
        first = next(_first(log), None)
        if first is None:
            raise Unavailable("nothing is recorded yet", remedy="run the demo first")
        raise BadInput(
            f"from={instant_text(scenario.fork_ns)}",
            expected=f"{instant_text(first.record.tick_ns)} or later, or start",
            field="from",
        )
    twin = past.moment.twin
    chain = Chain(number=twin.number, tick_ns=twin.tick_ns, head=bytes.fromhex(past.tick.digest))
    return twin, chain, past.tick.journal_offset + 1


def _first(log: Log) -> Iterator[Entry]:
    return records(log, Chain(), start=0)
