"""Training runs follow each other on their lines, by plan and by nothing that happened."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import START_NS, baseline_of

from twin.baseline import world_names
from twin.events import WorkloadSubmitted
from twin.simulate.training import Line, training_lines
from twin.units import NS_PER_S, parse_instant

DAY_NS = 86_400 * NS_PER_S


def lines(world: str = "2029", *, seed: int = 1) -> tuple[Line, ...]:
    baseline = baseline_of(world)
    places = {plan.segment for plan in (*baseline.satellite_segments, *baseline.sites)}
    return training_lines(baseline, frozenset(places), seed=seed, start_ns=START_NS)


def submitted(line: Line, days: int, step_ns: int = DAY_NS) -> list[tuple[WorkloadSubmitted, int]]:
    until_ns = START_NS + days * DAY_NS
    return [
        each
        for start_ns in range(START_NS, until_ns, step_ns)
        for each in line.submitted(start_ns, start_ns + step_ns)
    ]


@pytest.mark.parametrize("world", world_names())
def test_every_line_has_a_run_when_the_world_opens_and_a_place_to_run_it(world: str) -> None:
    for line in lines(world):
        ((run, at_ns),) = line.submitted(START_NS, START_NS + 1)

        assert at_ns == START_NS
        assert run.location_limit
        assert 0 < run.work_flop <= line.flop_per_s * line.duration_ns / NS_PER_S


def test_the_next_run_is_submitted_when_the_last_was_to_be_done() -> None:
    for line in lines():
        found = submitted(line, 400)

        assert [run.workload_id for run, _ in found] == [
            f"{line.name}-{turn + 1:04d}" for turn in range(len(found))
        ]
        assert len(found) > 400 * DAY_NS // line.duration_ns
        for (run, _), (_, at_ns) in pairwise(found):
            assert run.deadline_at is not None
            assert parse_instant(run.deadline_at) == at_ns


@settings(deadline=None)
@given(st.integers(30, 3600))
def test_the_length_of_a_tick_submits_no_run_twice_and_none_never(minutes: int) -> None:
    line = lines()[-1]
    step_ns = minutes * 60 * NS_PER_S

    found = [each for each in submitted(line, 60, step_ns) if each[1] < START_NS + 60 * DAY_NS]

    assert found == submitted(line, 60)


def test_the_run_that_runs_is_the_one_submitted_last() -> None:
    for line in lines():
        found = submitted(line, 200)

        for (run, at_ns), (_, next_ns) in pairwise(found):
            assert line.running(at_ns + 1) == run
            assert line.running(next_ns) == run
            assert line.running(next_ns + 1) != run


def test_a_run_is_as_much_work_as_its_accelerators_do_in_its_time() -> None:
    baseline, line = baseline_of("2029"), lines()[0]

    run, _ = submitted(line, 200)[1]

    speed = next(s.accelerator_flop_per_s for s in baseline.sites if s.segment == "c2-gb200")
    efficiency = baseline.number("compute.training_efficiency_fraction")
    seconds = baseline.number("training.pretraining.duration_s")
    assert run.work_flop == pytest.approx(run.accelerators_count * speed * efficiency * seconds)


def test_how_far_the_first_runs_are_is_luck() -> None:
    assert {line.begins_ns for line in lines(seed=1)} != {line.begins_ns for line in lines(seed=2)}
    assert lines(seed=1) == lines(seed=1)


def test_a_world_without_a_place_for_a_line_has_no_such_line() -> None:
    baseline = baseline_of("2029", segments=("c1-h100",))

    found = training_lines(baseline, frozenset({"c1-h100"}), seed=1, start_ns=START_NS)

    assert [line.name for line in found] == ["experiments"]
