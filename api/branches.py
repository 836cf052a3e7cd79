"""Branches: a scenario and the tick it is run to, folded from the journal and kept for a while.

No row of a branch is stored. What is asked of one is folded on from the nearest instant at hand,
else from its fork. Beside it the baseline is folded too, and must come to the hash committed then.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Engine

from api.described import shown
from api.journal import Journal, Recent, with_lag
from api.limits import (
    BRANCHES_IN_MEMORY_COUNT,
    SCENARIO_EDITS_MAX_COUNT,
    Limits,
)
from api.posted import Named, Posted
from api.problems import Busy, Unknown
from streams.branching import Beside, followed, forked
from streams.log.port import Log
from streams.replay import PastTwin
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput, BrokenInvariant
from twin.suggest import nearest
from twin.units import instant_text
from twin.views import Moment
from twin.whatif.scenario import Scenario, read_scenario
from twin.whatif.shipped import shipped_names, shipped_scenario, shipped_text


class BranchPast(msgspec.Struct, frozen=True):
    """A branch after a tick; ``beside`` is None up to its fork, where it is live's own past."""

    named: Named
    past: PastTwin
    beside: Beside | None


class Folded(msgspec.Struct, frozen=True):
    """Baseline and branch after a tick, the baseline proven to be live, and the branch's hash."""

    beside: Beside
    branch_hash: str


class Branches:
    """Scenarios at hand, and what they come to; used by many threads at once."""

    def __init__(
        self, log: Log, engine: Engine, journal: Journal, posted: Posted, limits: Limits
    ) -> None:
        self._log, self._engine, self._journal, self._limits = log, engine, journal, limits
        self._posted = posted
        self._folded: Recent[tuple[str, int], Folded] = Recent(BRANCHES_IN_MEMORY_COUNT)
        self._slots = threading.BoundedSemaphore(max(1, limits.scenario_runs_max_count))

    def read(self, text: str, *, is_json: bool) -> Named:
        """The scenario in a text, under the name its branch has; ``BadInput`` names the line."""
        with self._slot():
            scenario = read_scenario(
                text, is_json=is_json, edits_max_count=SCENARIO_EDITS_MAX_COUNT
            )
        return Named(scenario.digest, scenario, text, is_json)

    def keep(self, named: Named, tick: TickInfo) -> None:
        """Remember a scenario as it was posted, with the tick it was run to."""
        self._posted.keep(msgspec.structs.replace(named, number=tick.number))

    def all(self) -> list[Named]:
        """Every scenario at hand: the shipped ones, then those posted, the oldest first."""
        shipped = [self.named(name) for name in shipped_names()]
        return shipped + self._posted.all()

    def named(self, branch: str) -> Named:
        """The scenario of a branch; ``Unknown`` when none is shipped or at hand under the name."""
        if branch in shipped_names():
            return Named(branch, shipped_scenario(branch), shipped_text(branch))
        found = self._posted.get(branch)
        if found is None:
            known = [LIVE, *(each.branch for each in self.all())]
            raise Unknown(
                f"branch={shown(branch)!r}",
                expected=nearest(branch, known),
                remedy="many scenarios were posted since, or this never was: post it again to "
                "/v1/scenarios",
                field="branch",
            )
        return found

    def past(self, named: Named, tick: TickInfo) -> BranchPast:
        """The branch after a tick of live."""
        fork_ns = named.scenario.fork_ns
        if fork_ns is not None and tick.tick_ns <= fork_ns:
            live = self._journal.twin(tick)
            past = PastTwin(_of_branch(named, tick, tick.hash), live.moment)
            return BranchPast(named, past, None)
        folded = self._at(named, tick)
        past = _past(named, tick, folded.beside, folded.branch_hash)
        return BranchPast(named, past, folded.beside)

    def beside(self, named: Named, tick: TickInfo) -> Beside:
        """Baseline and branch after a tick of live; ``BadInput`` when it is not behind the fork."""
        return self._at(named, tick).beside

    def each(self, named: Named, ticks: list[TickInfo]) -> Iterator[PastTwin]:
        """The branch after each of some ticks in a row, all behind the fork, in one run."""
        by_number, last = {tick.number: tick for tick in ticks}, ticks[-1]
        with self._slot():
            for beside in self._steps(named, last, from_number=ticks[0].number):
                tick = by_number.get(beside.baseline.number)
                if tick is not None:
                    # The hash of a tick on the way is nobody's question.
                    yield _past(named, tick, beside, branch_hash="")
            self._proven(named, beside, last)

    def _at(self, named: Named, tick: TickInfo) -> Folded:
        key = (named.branch, tick.number)
        found = self._folded.get(key)
        if found is None:
            with self._slot():
                # Somebody else may have run it while we waited.
                found = self._folded.get(key) or self._run(named, tick)
        return found

    def _run(self, named: Named, tick: TickInfo) -> Folded:
        last = deque(self._steps(named, tick, from_number=tick.number), maxlen=1)
        if not last:
            raise BadInput(
                f"from={_from(named.scenario)}",
                expected=f"an instant before {instant_text(tick.tick_ns)}",
                field="from",
            )
        return self._proven(named, last[0], tick)

    def _steps(self, named: Named, tick: TickInfo, *, from_number: int) -> Iterator[Beside]:
        """Both twins tick by tick to one, from the nearest at hand before some number."""
        self._journal.end_offset()  # refuses a log that is not the one the read model is of
        at_hand = [
            folded.beside
            for (branch, number), folded in self._folded.items()
            if branch == named.branch and number < from_number
        ]
        start = max(at_hand, key=lambda each: each.baseline.number, default=None)
        self._refuse_too_long(named.scenario, start, tick)
        start = start or forked(self._log, self._engine, named.scenario)
        yield from followed(self._log, start, end=tick.journal_offset + 1)

    def _refuse_too_long(self, scenario: Scenario, start: Beside | None, tick: TickInfo) -> None:
        """Told before any of it is run: how much there is to fold from where the branch starts."""
        from_number = start.baseline.number if start is not None else self._fork_number(scenario)
        count, most = tick.number - from_number, self._limits.scenario_ticks_max_count
        if count > most:
            raise BadInput(
                f"from={_from(scenario)}: {count} ticks to fold to {instant_text(tick.tick_ns)}",
                expected=f"{most} ticks at most in one answer",
                remedy="ask with an earlier at first, and go on from there; or choose a later from "
                "or an earlier until, raise TWIN_SCENARIO_TICKS, or run it with 'twin whatif run'",
                field="from" if scenario.until_ns is None else "until",
            )

    def _fork_number(self, scenario: Scenario) -> int:
        """The number of the tick at the fork of a scenario; 0 before the first."""
        if scenario.fork_ns is None:
            return 0
        with self._engine.begin() as db:
            tick = queries.tick_at(db, LIVE, scenario.fork_ns)
        return tick.number if tick is not None else 0

    def _proven(self, named: Named, beside: Beside, tick: TickInfo) -> Folded:
        """Kept at hand, once the baseline is found to be live."""
        was, branch_hash = beside.hashes
        if was != tick.hash:
            raise BrokenInvariant(
                f"tick {instant_text(tick.tick_ns)} folds to {was[:16]}…",
                expected=f"{tick.hash[:16]}… as committed",
                remedy="run 'twin log verify'",
            )
        folded = Folded(beside, branch_hash)
        self._folded.put((named.branch, tick.number), folded)
        return folded

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """A place among the runs; ``Busy`` when all stay taken."""
        most = self._limits.scenario_runs_max_count
        if most < 1 or not self._slots.acquire(timeout=self._limits.scenario_wait_s):
            raise Busy(
                "other scenarios are running",
                expected=f"{most} at most at the same time",
                remedy="try again later",
            )
        try:
            yield
        finally:
            self._slots.release()


def _past(named: Named, tick: TickInfo, beside: Beside, branch_hash: str) -> PastTwin:
    assert beside.record is not None, "it lies behind the fork"
    moment = Moment(beside.branch, beside.record)
    return with_lag(PastTwin(_of_branch(named, tick, branch_hash), moment))


def _of_branch(named: Named, tick: TickInfo, branch_hash: str) -> TickInfo:
    return msgspec.structs.replace(tick, branch=named.branch, hash=branch_hash)


def _from(scenario: Scenario) -> str:
    return "start" if scenario.fork_ns is None else instant_text(scenario.fork_ns)
