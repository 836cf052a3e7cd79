"""What is asked otherwise in a branch is measured otherwise, and its energy is in the book."""

from __future__ import annotations

import pytest

from streams.branching import Beside, run
from tests.one_process import OneProcess
from twin.quantities import Q
from twin.state import E
from twin.units import instant_text
from twin.whatif.scenario import read_scenario


def branched(one: OneProcess, edits: str, *, until: int) -> Beside:
    text = f"name: t\nfrom: start\nedits:\n{edits}\nuntil: {instant_text(one.tick_ns(until))}"
    return run(one.log, one.engine, read_scenario(text))


def measured(beside: Beside, segment: str, quantity: Q) -> tuple[int, int]:
    """A quantity of a segment: in live, and in the branch."""
    live, branch = (
        int(twin.telemetry["public"].sums[twin.fleets["public"].keys.index(segment)][quantity])
        for twin in (beside.baseline, beside.branch)
    )
    return live, branch


def unaccounted_mwh(beside: Beside) -> int:
    return sum(
        int(abs(book.total_mwh[:, E.UNACCOUNTED]).sum()) for book in beside.branch.energy.values()
    )


@pytest.mark.parametrize("by", [0, 0.3, 1.5, 1000])
@pytest.mark.parametrize("hours", [3, 17, 30])
def test_satellites_carry_what_is_asked_of_them_and_every_watt_of_it_is_booked(
    calm, by, hours
) -> None:
    beside = branched(calm, f"  - scale: starlink\n    by: {by}\n    for: 20h", until=hours)

    live, branch = measured(beside, "sl-53", Q.TRAFFIC_BPS)
    live_mw, branch_mw = measured(beside, "sl-53", Q.LOAD_MW)
    if hours > 20:
        assert (live, live_mw) == (branch, branch_mw)
    elif by <= 1:
        assert branch == pytest.approx(by * live, rel=0.001)
        assert branch_mw < live_mw
    else:
        assert branch > live
        assert branch_mw > live_mw
    assert unaccounted_mwh(beside) == 0
    charge_mwh = beside.branch.energy["public"].charge_mwh
    fleet = beside.branch.fleets["public"]
    for segment, held_mwh in zip(fleet.segments, charge_mwh.tolist(), strict=True):
        most_wh = segment.as_built.battery_wh * segment.installed_count if segment.as_built else 0
        assert -1 <= held_mwh <= most_wh * 1000


def test_what_batteries_held_more_is_used_up_in_time(calm) -> None:
    beside = branched(calm, "  - stop: starlink\n    for: 5h", until=40)

    live, branch = measured(beside, "sl-53", Q.CHARGE_MWH)
    assert branch == pytest.approx(live, rel=0.001)


def test_orbital_compute_that_nobody_wants_draws_nothing(calm) -> None:
    edits = "  - stop: grok\n  - stop: grok-gov\n  - drop: WorkloadSubmitted"

    beside = branched(calm, edits, until=40)

    live, branch = measured(beside, "ai1-sso", Q.COMPUTE_MW)
    assert branch < live
    assert unaccounted_mwh(beside) == 0


def test_a_lost_satellite_changes_the_load_of_no_other(calm) -> None:
    beside = branched(calm, "  - fail: sl-43\n    fraction: 0.5", until=30)

    for segment in ("sl-53", "sl-70", "sl-97"):
        live, branch = measured(beside, segment, Q.LOAD_MW)
        assert live == branch
    live, branch = measured(beside, "sl-43", Q.LOAD_MW)
    assert branch == pytest.approx(live / 2, rel=0.05)


def test_a_site_that_lost_half_of_its_pools_still_draws_for_the_other_half(calm) -> None:
    beside = branched(calm, "  - fail: c2-gb200\n    fraction: 0.5", until=10)

    live, branch = measured(beside, "c2-gb200", Q.COMPUTE_MW)
    assert 0.3 * live < branch < 0.75 * live
