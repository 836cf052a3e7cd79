"""What a branch comes to once all of its scenario has taken effect, beyond the end of the log."""

from __future__ import annotations

from typing import Any

import pytest

from infra.whatif import run as show
from streams.branching import ahead, run
from streams.comparison import UNFELT, as_plain
from tests.one_process import OneProcess
from tests.whatif.conftest import MINUTES_COUNT
from twin.state import Twin
from twin.units import NS_PER_H, instant_text
from twin.whatif.scenario import read_scenario

DAY_NS = 24 * NS_PER_H
LEAVING = "  - stop: anthropic-compute\n    notice: 90d\n"
LIFE = "cost.satellites-life_y"


def text_of(one: OneProcess, edits: str) -> str:
    return f"name: t\nfrom: {instant_text(one.tick_ns(1))}\nedits:\n{edits}"


def plain(one: OneProcess, edits: str) -> dict[str, Any]:
    return as_plain(run(one.log, one.engine, read_scenario(text_of(one, edits))))


def projected(one: OneProcess, edits: str) -> tuple[Twin, Twin]:
    """Baseline and branch once all of the scenario has taken effect."""
    later = ahead(run(one.log, one.engine, read_scenario(text_of(one, edits))))
    assert later is not None
    return later.baseline, later.branch


def after_the_end(one: OneProcess, days: int = 0) -> str:
    return instant_text(one.tick_ns(MINUTES_COUNT) + NS_PER_H + days * DAY_NS)


def changed(one: OneProcess, edits: str) -> set[tuple[str, str, str]]:
    """What the projection says to be otherwise."""
    deltas = plain(one, edits)["projection"]["deltas"]
    return {(each["view"], each["key"], each["column"]) for each in deltas}


@pytest.mark.parametrize("edit", [LEAVING, "  - stop: SpaceX\n    notice: 30d\n"])
def test_notice_given_after_the_end_of_the_log_is_projected_as_if_given_before(
    half_hour, edit
) -> None:
    before = changed(half_hour, edit)

    after = changed(half_hour, f"{edit}    at: {after_the_end(half_hour)}\n")

    assert before
    # What is left to be earned until then is otherwise by the day that notice is given, too.
    assert {view for view, *_ in after} == {view for view, *_ in before}
    assert len(after) == pytest.approx(len(before), rel=0.01)


def test_a_number_set_after_the_end_of_the_log_is_in_the_projection(half_hour) -> None:
    later = after_the_end(half_hour, days=5)

    baseline, branch = projected(
        half_hour, f"{LEAVING}  - set: {LIFE}\n    to: 3\n    at: {later}\n"
    )

    assert branch.registry.number(LIFE) == 3 != baseline.registry.number(LIFE)


@pytest.mark.parametrize("name", [LIFE, "contract.google-compute.price_usd_per_month"])
def test_a_number_that_was_another_until_the_projection_is_what_it_was_again(
    half_hour, name
) -> None:
    edits = f"{LEAVING}  - set: {name}\n    to: 3\n    for: 2d\n"

    baseline, branch = projected(half_hour, edits)

    assert branch.registry.number(name) == baseline.registry.number(name) != 3
    was, is_now = (each.ledgers["public"].contracts for each in (baseline, branch))
    assert is_now["google-compute"] == was["google-compute"]


def test_a_projection_lives_no_tick_for_the_time_that_it_skips(half_hour) -> None:
    branch = run(half_hour.log, half_hour.engine, read_scenario(text_of(half_hour, LEAVING)))
    later = ahead(branch)

    assert later is not None
    assert later.baseline.number == branch.baseline.number + 2
    assert later.baseline.interval_ms == branch.baseline.interval_ms


TOO_LATE = "  - stop: anthropic-compute\n    notice: 20y\n"


def test_a_projection_in_which_nothing_is_otherwise_does_not_count_as_felt(half_hour) -> None:
    found = plain(half_hour, TOO_LATE)

    assert found["deltas"] == found["projection"]["deltas"] == []
    assert found["notes"][-1] == UNFELT


def test_what_is_felt_only_by_the_projection_is_felt(half_hour) -> None:
    found = plain(half_hour, f"{LEAVING}    at: {after_the_end(half_hour)}\n")

    assert found["first_divergence"] is None
    assert UNFELT not in found["notes"]


def test_the_projection_is_shown_where_nothing_is_otherwise_yet(
    half_hour, tmp_path, capsys
) -> None:
    file = tmp_path / "late.yaml"
    file.write_text(text_of(half_hour, f"{LEAVING}    at: {after_the_end(half_hour)}\n"))

    show(half_hour.settings, file, as_json=False)

    told = capsys.readouterr().out
    assert "nothing is otherwise\notherwise by 2029-04-01T01:32:00Z, if what was asked" in told
    assert "AI,compute_contracts,enterprise" in told
