from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from worlds import baseline_of

from twin.simulate.pools import Site, SiteState, able_count, idle_site, pools_step, site_of

BASELINE = baseline_of("2029")
PLAN = next(plan for plan in BASELINE.sites if plan.segment == "c2-gb200")
START_NS = 1_861_920_000_000_000_000
MINUTE_NS = 60_000_000_000
PLACED_COUNT = PLAN.accelerators_count * 4 // 5


def site(*, has_noise: bool = False, may_fail: bool = False) -> Site:
    made = site_of(BASELINE, PLAN, has_noise=has_noise)
    return made if may_fail else replace(made, repairs=replace(made.repairs, mean_count=0.0))


def run(
    site_: Site,
    ticks_count: int,
    *,
    available_w: float = PLAN.supply_w,
    placed_count: int = PLACED_COUNT,
    state: Any = None,
) -> tuple[SiteState, dict[str, Any]]:
    state, columns = state or idle_site(site_), {}
    for number in range(1, ticks_count + 1):
        state, columns = pools_step(
            state,
            site_,
            placed_count=placed_count,
            available_w=available_w,
            seed=1,
            number=number,
            tick_ns=START_NS + number * MINUTE_NS,
            dt_s=60.0,
        )
    return state, columns


def test_a_site_does_what_is_placed_on_it_at_the_power_that_takes() -> None:
    _, columns = run(site(), 1)

    used = PLACED_COUNT / PLAN.accelerators_count
    load = PLAN.idle_fraction + (1.0 - PLAN.idle_fraction) * used
    assert columns["utilisation_fraction"] == pytest.approx(used)
    assert columns["power_w"].sum() == pytest.approx(
        load * PLAN.accelerator_w * PLAN.accelerators_count
    )
    assert columns["tok_per_s"].sum() == pytest.approx(
        used * PLAN.accelerators_count * PLAN.accelerator_tok_per_s
    )
    assert columns["coolant_k"] == pytest.approx(PLAN.coolant_supply_k + PLAN.coolant_rise_k * load)
    assert not columns["queue_s"].any()


@pytest.mark.parametrize("left", [0.6, 0.4, 0.1])
def test_a_limit_on_supply_is_kept_cooling_included(left: float) -> None:
    _, columns = run(site(), 5, available_w=left * PLAN.supply_w)

    drawn_w = columns["power_w"].sum() * PLAN.pue_ratio
    assert drawn_w == pytest.approx(left * PLAN.supply_w)
    assert (columns["queue_s"] > 0).all()
    assert (columns["utilisation_fraction"] < 0.7).all()


def test_accelerators_without_work_are_switched_off_before_any_work_is_put_off() -> None:
    few = PLAN.accelerators_count // 10
    full_w = few * PLAN.accelerator_w * PLAN.pue_ratio

    _, enough = run(site(), 2, placed_count=few, available_w=full_w * 1.01)
    _, short = run(site(), 2, placed_count=few, available_w=full_w * 0.5)

    assert enough["utilisation_fraction"] == pytest.approx(0.1)
    assert short["utilisation_fraction"] == pytest.approx(0.05)
    assert short["power_w"].sum() * PLAN.pue_ratio == pytest.approx(full_w * 0.5)


def test_what_a_site_can_take_on_is_what_was_up_and_cool_within_its_supply() -> None:
    made, full_w = site(may_fail=True), PLAN.accelerator_w * PLAN.pue_ratio
    state, columns = run(made, 1)
    warm = replace(state, coolant_k=state.coolant_k + np.float32(100.0))

    up = int(columns["accelerators_up_count"].sum())

    assert able_count(state, made, available_w=PLAN.supply_w) == up < PLAN.accelerators_count
    assert able_count(state, made, available_w=1000.5 * full_w) == 1000
    assert able_count(warm, made, available_w=PLAN.supply_w) == 0
    assert able_count(idle_site(made), made, available_w=1e12) == PLAN.accelerators_count


def test_without_any_supply_nothing_runs_and_nothing_breaks() -> None:
    _, columns = run(site(), 2, available_w=0.0)

    assert not columns["power_w"].any()
    assert np.isfinite(columns["queue_s"]).all()


def test_waiting_work_is_done_once_power_is_back() -> None:
    cut, _ = run(site(), 10, available_w=0.3 * PLAN.supply_w)

    after, columns = run(site(), 1, state=cut)

    assert columns["utilisation_fraction"] == pytest.approx(1.0)
    assert (after.queue_s < cut.queue_s).all()
    drained, _ = run(site(), 120, state=cut)
    assert not drained.queue_s.any()


def test_some_accelerators_are_always_under_repair() -> None:
    _, columns = run(site(may_fail=True), 1)

    per_pool = PLAN.accelerators_count // PLAN.pools_count
    down = per_pool - columns["accelerators_up_count"].astype(int)
    per_year = BASELINE.number("failure.accelerator_fraction_per_y")
    repair_s = BASELINE.number("failure.accelerator-repair_s")
    expected = PLAN.accelerators_count * per_year * repair_s / (365.25 * 86_400)
    assert down.sum() == pytest.approx(expected, rel=0.5)
    assert (down >= 0).all()


def test_noise_moves_what_is_measured_a_little() -> None:
    _, quiet = run(site(), 1)
    _, noisy = run(site(has_noise=True), 1)

    assert np.abs(noisy["coolant_k"] - quiet["coolant_k"]).max() < 1.0
    assert (noisy["power_w"] != quiet["power_w"]).all()
    assert noisy["power_w"] == pytest.approx(quiet["power_w"], rel=0.06)
