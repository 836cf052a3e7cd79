"""The scenarios that are shipped, in both worlds and a log of half an hour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streams.branching import run
from streams.comparison import as_plain
from tests.one_process import OneProcess
from tests.simulate.worlds import START_NS, baseline_of
from twin.units import instant_text, parse_instant
from twin.whatif.scenario import read_scenario
from twin.whatif.shipped import shipped_names, shipped_text

TICKS_COUNT = 30
STARTS_NS = {"2026": parse_instant("2026-08-22T00:00:00Z"), "2029": START_NS}
ENDS = {
    "2026": {"anthropic-compute": "2026-11-20", "google-compute": "2027-03-31"},
    "2029": {"anthropic-compute": "2029-04-01", "google-compute": "2029-04-01"},
}
COMPUTE = "AI,compute_contracts,enterprise"


@pytest.fixture(scope="module", params=["2026", "2029"])
def young(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Half an hour of the whole group."""
    with OneProcess(
        tmp_path_factory.mktemp("young"),
        baseline=baseline_of(request.param),
        start_ns=STARTS_NS[request.param],
        satellites_count=60,
    ) as one:
        one.run(TICKS_COUNT)
        yield one


def ran(one: OneProcess, name: str, *, fork_tick: int = 0) -> dict[str, Any]:
    text = shipped_text(name)
    if fork_tick:
        text = text.replace("from: start", f"from: {instant_text(one.tick_ns(fork_tick))}")
    return as_plain(run(one.log, one.engine, read_scenario(text)))


def world_of(one: OneProcess) -> str:
    return next(name for name, at_ns in STARTS_NS.items() if at_ns == one.start_ns)


@pytest.mark.parametrize("fork_tick", [0, 1, 20])
@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_scenario_makes_a_difference_from_any_fork(young, name, fork_tick) -> None:
    plain = ran(young, name, fork_tick=fork_tick)

    assert plain["branch_hash"] != plain["baseline_hash"]
    assert plain["deltas"]
    assert plain["until"] == instant_text(young.tick_ns(TICKS_COUNT))


def test_tenants_leave_as_soon_as_their_contracts_allow_and_the_notes_say_when(young) -> None:
    notes = ran(young, "tenants-leave")["notes"]

    for name, day in ENDS[world_of(young)].items():
        (note,) = (note for note in notes if name in note)
        assert f"ends at {day}T00:00:00Z" in note
    is_locked_in = world_of(young) == "2026"
    assert sum("the earliest that its terms allow" in note for note in notes) == is_locked_in


def test_what_the_group_is_left_with_without_its_tenants_is_projected(young) -> None:
    projection = ran(young, "tenants-leave")["projection"]

    last = max(ENDS[world_of(young)].values())
    assert projection["until"] == f"{last}T00:02:00Z"
    found = {(each["key"], each["column"]): each for each in projection["deltas"]}
    run_rate = found[COMPUTE, "run_rate_usd_per_y"]
    assert run_rate["baseline"] > 10**10
    assert run_rate["branch"] == 0
    idle = [found[key] for key in found if key[1] == "compute_w" and found[key]["change"] < 0]
    assert idle
    assert all(each["branch"] > 0.05 * each["baseline"] for each in idle), "idle draws, too"


def test_a_rocket_that_is_grounded_names_the_launches_that_are_to_come(young) -> None:
    plain = ran(young, "starship-grounded")

    grounded = plain["grounded"]
    assert grounded
    assert {each["vehicle"] for each in grounded} == {"starship"}
    assert all("mishap investigation" in each["reason"] for each in grounded)
    if world_of(young) == "2029":
        assert sum(each["satellites_count"] for each in grounded) > 0
    assert ran(young, "shell-loss")["grounded"] == []


def test_a_loss_has_all_its_effect_at_once_and_nothing_to_project(young) -> None:
    assert ran(young, "shell-loss")["projection"] is None
