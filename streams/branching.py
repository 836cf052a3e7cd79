"""A scenario over the journal: the past as it was beside the past as it would have been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import msgspec
from msgspec.structs import replace
from sqlalchemy import Engine

from streams.journal import Entry, records
from streams.log.port import Log
from streams.replay import as_of
from streams.store.tables import LIVE
from twin.errors import BadInput, BrokenInvariant, Unavailable
from twin.events import DemandObserved, Event
from twin.evolve import evolve
from twin.hashing import SliceHashes
from twin.outcomes import Refused
from twin.records import GENESIS, Chain, Content, Record
from twin.state import Twin
from twin.units import instant_text
from twin.views.view import Moment
from twin.whatif.adapt import Memory, Withdrawn, adapt
from twin.whatif.compare import Delta, deltas
from twin.whatif.loads import drawing
from twin.whatif.plan import SOURCE, Plan
from twin.whatif.planning import planned, refused
from twin.whatif.scenario import Scenario


class Beside(msgspec.Struct, frozen=True, dict=True):
    """Baseline and branch after the same tick; one twin for both until they differ.

    ``plan``, ``told`` and ``record`` are None before the first record; ``told`` is the last one as
    it is in the log, ``record`` as it is in the branch. ``digest`` names it in the journal, which
    goes on at ``offset``.
    """

    scenario: Scenario
    fork_ns: int
    baseline: Twin
    branch: Twin
    digest: bytes
    offset: int
    plan: Plan | None = None
    memory: Memory = Memory()
    withdrawn: tuple[Withdrawn, ...] = ()
    injected: tuple[Event, ...] = ()
    first_divergence_ns: int | None = None
    ticks_count: int = 0
    told: Record | None = None
    record: Record | None = None

    @property
    def until_ns(self) -> int:
        """The tick both stand at."""
        return self.baseline.tick_ns

    @cached_property
    def hashes(self) -> tuple[str, str]:
        """The state hashes of baseline and branch."""
        was = SliceHashes().state_hash(self.baseline.tick_ns, self.baseline.slices())
        if self.branch is self.baseline:
            return was, was
        return was, SliceHashes().state_hash(self.branch.tick_ns, self.branch.slices())

    @cached_property
    def deltas(self) -> tuple[Delta, ...]:
        """Every figure that is otherwise."""
        was, is_now = self.hashes
        if was == is_now or self.record is None:
            return ()
        # Frames and lateness, which the record tells, are the same in both.
        moments = (Moment(twin, self.record) for twin in (self.baseline, self.branch))
        return tuple(deltas(*moments))


def run(
    log: Log, engine: Engine, scenario: Scenario, *, on_tick: Callable[[int], None] | None = None
) -> Beside:
    """Fold the journal twice from the fork on: as it was, and as the scenario has it.

    Live is only read. ``BadInput`` for a fork before the log or after its end, or an edit that
    names what the twin does not know; ``Unavailable`` where nothing is recorded yet.
    """
    last = start = forked(log, engine, scenario)
    for last in followed(log, start):
        if on_tick is not None:
            on_tick(last.baseline.number)
    if last.record is None:
        if scenario.fork_ns is None:
            raise Unavailable("nothing is recorded yet", remedy="run the demo first")
        raise BadInput(
            f"from={instant_text(last.fork_ns)}",
            expected="an instant with at least one tick after it in the log",
            field="from",
        )
    return last


def forked(log: Log, engine: Engine, scenario: Scenario) -> Beside:
    """Both twins at the fork, one and the same; ``BadInput`` where the log has no such instant."""
    if scenario.fork_ns is None:
        return Beside(scenario, 0, Twin(), Twin(), GENESIS, 0)
    past = as_of(log, engine, LIVE, scenario.fork_ns)
    if past is None:
        first = next(records(log, Chain(), start=0), None)
        if first is None:
            raise Unavailable("nothing is recorded yet", remedy="run the demo first")
        raise BadInput(
            f"from={instant_text(scenario.fork_ns)}",
            expected=f"{instant_text(first.record.tick_ns)} or later, or start",
            field="from",
        )
    twin = past.moment.twin
    return Beside(
        scenario,
        twin.tick_ns,
        twin,
        twin,
        digest=bytes.fromhex(past.tick.digest),
        offset=past.tick.journal_offset + 1,
        plan=planned(scenario, twin, fork_ns=twin.tick_ns),
    )


def followed(log: Log, beside: Beside, *, end: int | None = None) -> Iterator[Beside]:
    """Both twins after each further tick, to the end of the scenario or of the journal.

    ``end`` is the journal offset to stop before.
    """
    until_ns = beside.scenario.until_ns
    number, tick_ns = beside.baseline.number, beside.baseline.tick_ns
    chain = Chain(number=number, tick_ns=tick_ns, head=beside.digest) if number else Chain()
    for entry in records(log, chain, start=beside.offset, end=end):
        if until_ns is not None and entry.record.tick_ns > until_ns:
            return
        beside = advanced(beside, entry)
        yield beside


def advanced(beside: Beside, entry: Entry, *, since_ns: int | None = None) -> Beside:
    """Both twins after one more record; ``since_ns`` is where the one before ended, if earlier."""
    record, plan, fork_ns = entry.record, beside.plan, beside.fork_ns
    baseline = evolve(beside.baseline, record).twin
    if plan is None:
        # Before the first tick nothing has a name yet: what the first record tells decides.
        fork_ns = record.start_ns
        plan = planned(beside.scenario, baseline, fork_ns=fork_ns)
    with _meant(record):
        adapted = adapt(
            record,
            plan,
            before=beside.baseline,
            after=baseline,
            branch=beside.branch,
            memory=beside.memory,
            since_ns=since_ns,
        )
        is_one = adapted.record is record and beside.branch is beside.baseline
        branch = baseline if is_one else _evolved(beside, adapted.record)
    first_ns = beside.first_divergence_ns
    if first_ns is None and not is_one and _is_other(baseline, branch):
        first_ns = record.tick_ns
    return Beside(
        scenario=beside.scenario,
        fork_ns=fork_ns,
        baseline=baseline,
        branch=branch,
        digest=entry.digest,
        offset=entry.offset + 1,
        plan=plan,
        memory=adapted.memory,
        withdrawn=beside.withdrawn + adapted.withdrawn,
        injected=beside.injected + adapted.injected,
        first_divergence_ns=first_ns,
        ticks_count=beside.ticks_count + 1,
        told=record,
        record=adapted.record,
    )


def ahead(beside: Beside) -> Beside | None:
    """Both twins once all of the scenario has taken effect; None where it has already.

    A projection: but for dates, everything stays as it was in the last tick both have. That tick is
    told again, with what the scenario says until then; and once more, when sites draw what they are
    used for by then. What lies between is not lived: nothing is booked for it.
    """
    last, plan, was = beside.told, beside.plan, beside.baseline
    if last is None or plan is None or plan.whole_ns <= last.tick_ns:
        return None
    asked = tuple(e for e in last.content.events if e.kind == DemandObserved.__name__)
    content = replace(last.content, events=asked)
    beside = _told_again(beside, plan.whole_ns, content, since_ns=last.tick_ns)
    totals = drawing(was, beside.baseline, last.content.totals)
    content = replace(content, totals=totals)
    return _told_again(beside, beside.until_ns, content, since_ns=beside.until_ns)


def _told_again(beside: Beside, start_ns: int, content: Content, *, since_ns: int) -> Beside:
    """Both twins after a tick from that instant, in which this is told, and the scenario since."""
    assert beside.told is not None
    record = replace(
        beside.told,
        number=beside.told.number + 1,
        start_ns=start_ns,
        tick_ns=start_ns + beside.told.interval_ns,
        content=content,
    )
    entry = Entry(record, beside.digest, beside.offset, 0)
    return advanced(beside, entry, since_ns=since_ns)


@contextmanager
def _meant(record: Record) -> Iterator[None]:
    """What was recorded can be folded: a number that leaves 64 bits is of the scenario's making.

    So is a sum that does not hold for it. Any other failure is ours, and stays one.
    """
    try:
        yield
    except (BrokenInvariant, OverflowError) as error:
        raise BadInput(
            f"in the tick to {instant_text(record.tick_ns)} the scenario comes to what cannot be: "
            f"{error}",
            expected="edits with smaller numbers",
            field="edits",
        ) from error


def _evolved(beside: Beside, record: Record) -> Twin:
    """The branch after a record; an edit that the fold refuses is no edit."""
    step = evolve(beside.branch, record)
    for outcome in step.outcomes:
        if isinstance(outcome, Refused) and outcome.identity.source == SOURCE:
            raise refused(beside.scenario, outcome)
    return step.twin


def _is_other(baseline: Twin, branch: Twin) -> bool:
    """Whether a slice of the state, and so its hash, is another."""
    was, is_now = baseline.slices(), branch.slices()
    return was.keys() != is_now.keys() or any(
        part is not was[name] and part.encoded() != was[name].encoded()
        for name, part in is_now.items()
    )
