"""Assets that fail in a branch: each is lost once, and the energy they held is accounted for."""

from __future__ import annotations

import pytest

from streams.branching import Beside, run
from tests.one_process import OneProcess
from twin.errors import BadInput
from twin.events import fact
from twin.quantities import Q
from twin.state import E
from twin.units import instant_text
from twin.whatif.scenario import read_scenario

HOURS_COUNT = 60


def branched(one: OneProcess, edits: str, *, until: int = HOURS_COUNT) -> Beside:
    text = f"name: t\nfrom: start\nedits:\n{edits}\nuntil: {instant_text(one.tick_ns(until))}"
    return run(one.log, one.engine, read_scenario(text))


def reported(beside: Beside, segment: str) -> tuple[int, int]:
    """Assets of a segment that reported: in live, and in the branch."""
    live, branch = (
        int(twin.telemetry["public"].sums[twin.fleets["public"].keys.index(segment)][Q(0)])
        for twin in (beside.baseline, beside.branch)
    )
    return live, branch


def ids_of(one: OneProcess, segment: str, count: int) -> list[int]:
    twin = branched(one, "  []", until=1).baseline
    fleet = twin.fleets["public"]
    (first, _), *_ = fleet.segments[fleet.keys.index(segment)].asset_id_ranges
    return list(range(first, first + count))


@pytest.mark.parametrize(
    "edits",
    [
        "  - fail: sl-53\n    fraction: 0.3",
        "  - fail: sl-53\n    fraction: 0.3\n    at: {at}\n    for: 5h",
        "  - fail: sl-53\n    fraction: 0.3\n    for: 9h\n"
        "  - fail: sl-53\n    fraction: 0.2\n    at: {at}\n    for: 90min",
        "  - stop: falcon9",
        "  - fail: sl-53\n    fraction: 0.9\n    at: {at}\n    for: 3h\n  - stop: falcon9",
    ],
)
def test_what_a_branch_loses_and_gets_back_leaves_no_energy_unaccounted(calm, edits) -> None:
    beside = branched(calm, edits.format(at=instant_text(calm.tick_ns(4))))

    assert beside.hashes[0] != beside.hashes[1]
    for twin in (beside.baseline, beside.branch):
        for book in twin.energy.values():
            assert not book.total_mwh[:, E.UNACCOUNTED].any()


def test_what_works_again_brings_back_what_its_batteries_hold(calm) -> None:
    beside = branched(calm, "  - fail: sl-53\n    fraction: 0.3\n    for: 5h", until=12)

    failed, restored = (fact(event) for event in beside.injected)
    assert (failed.lost_fraction, restored.restored_fraction) == (0.3, 0.3)
    assert failed.written_off_wh > 0
    assert restored.charge_wh > 0
    live, branch = (twin.energy["public"].charge_mwh for twin in (beside.baseline, beside.branch))
    assert (live == branch).all()


def test_an_asset_that_fails_twice_is_lost_once(calm) -> None:
    ids = ids_of(calm, "sl-53", 5)
    twice = [
        "  - fail: sl-53\n    fraction: 0.7\n  - fail: sl-53\n    fraction: 0.6",
        f"  - fail: sl-53\n    asset_ids: {ids}\n  - fail: sl-53\n    asset_ids: {ids[:3] * 2}",
        f"  - fail: sl-53\n    fraction: 1.0\n  - fail: sl-53\n    asset_ids: {ids}",
    ]

    (live, _), *_ = found = [reported(branched(calm, edits, until=5), "sl-53") for edits in twice]

    assert [branch for _, branch in found] == [live - round(0.7 * live), live - 5, 0]


def test_a_smaller_share_is_a_part_of_a_larger_one(calm) -> None:
    ids = ids_of(calm, "sl-53", 40)
    edits = [f"  - fail: sl-53\n    fraction: {share}\n" for share in (0.5, 0.25)]
    named = f"  - fail: sl-53\n    asset_ids: {ids}"

    half, both = (branched(calm, text + named, until=5) for text in (edits[0], "".join(edits)))

    assert reported(half, "sl-53") == reported(both, "sl-53")


@pytest.mark.parametrize("strange", [1, 2**32 - 1])
def test_an_asset_that_nobody_assigned_is_refused_with_the_nearest_range(calm, strange) -> None:
    (first,) = ids_of(calm, "sl-53", 1)

    with pytest.raises(BadInput, match=f"line 4: asset {strange}, which.*from"):
        branched(calm, f"  - fail: sl-53\n    asset_ids: [{first}, {strange}]")
