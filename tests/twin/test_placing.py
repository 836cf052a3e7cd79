"""Where work runs is said whenever it changes, with the promise it gave way to."""

from __future__ import annotations

from tests.twin.telling import agreed, past, refusals, told
from twin.business.market import ACCELERATORS
from twin.events import AssumptionSet, SupplyChanged, WorkloadAllocated, WorkloadSubmitted
from twin.evolve import Step
from twin.outcomes import WorkOutcome
from twin.units import instant_text

# No other work is served with it, and only promises are before it.
BIG = WorkloadSubmitted("big", "training", 30_000, 0.0, 1, None, ("c1-h100",))
UNRELATED = AssumptionSet("foo.bar_count", 1.0, "count", "2026-01-01", "me", "assumed")


def said(step: Step) -> list[WorkloadAllocated]:
    changes = [each.change for each in step.outcomes if isinstance(each, WorkOutcome)]
    return [each for each in changes if each.workload_id == "big"]


def test_work_is_said_to_run_when_it_comes_and_not_again() -> None:
    first = told(3, BIG)
    second = told(4, twin=first.twin)
    third = told(5, UNRELATED, twin=second.twin)

    assert refusals(first) == []
    assert said(first) == [WorkloadAllocated("big", "c1-h100", 30_000)]
    assert said(second) == said(third) == []


def test_work_that_gives_way_to_a_promise_names_it_and_is_let_back_in() -> None:
    first = told(3, BIG)
    (pool,) = [
        int(have)
        for each, have in zip(first.twin.market.pools, first.twin.market.available_qty, strict=True)
        if (each.segment, each.resource) == ("c1-h100", ACCELERATORS)
    ]
    promise = agreed(
        promised_qty=pool - 10_000,
        location_limit=("c1-h100",),
        ends_at=past_end(4),
    )

    second = told(4, promise, twin=first.twin)
    third = told(5, twin=second.twin)

    (change,) = said(second)
    assert (change.pool_id, change.by_commitment_id) == ("c1-h100", "zz")
    assert change.accelerators_count + change.displaced_count == 30_000
    assert change.displaced_count > 0
    assert said(third) == [WorkloadAllocated("big", "c1-h100", 30_000)]


def test_work_without_power_is_taken_away_from_where_it_ran() -> None:
    first = told(3, BIG)

    second = told(4, SupplyChanged("c1-h100", 0.0, "fire"), twin=first.twin)

    assert said(second) == [WorkloadAllocated("big", "c1-h100", 0, 30_000)]


def test_work_that_displaces_nobody_before_it_is_not_blamed_on_a_promise_after_it() -> None:
    promise = agreed(promised_qty=10**6, priority=5, location_limit=("c1-h100",))

    step = told(3, BIG, promise)

    assert said(step) == [WorkloadAllocated("big", "c1-h100", 30_000)]


def past_end(number: int) -> str:
    return instant_text(past()[number - 1][1].tick_ns)
