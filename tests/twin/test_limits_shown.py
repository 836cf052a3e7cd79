"""What limits a pool, and what a promise costs others, stand in the views."""

from __future__ import annotations

from tests.twin.telling import agreed, refusals, shown, told
from twin.events import (
    DemandObserved,
    DemandRow,
    LaunchScheduled,
    ServiceRegistered,
    VehicleStatusChanged,
)
from twin.evolve import Step


def limit(
    step: Step, number: int, segment: str, resource: str, region: str = "north-america"
) -> str:
    (row,) = [
        row
        for row in shown(step, number)["capacity"]
        if (row["segment"], row["resource"], row["region"]) == (segment, resource, region)
    ]
    return row["binding_constraint"]


def test_a_promise_says_what_others_did_not_earn_because_of_it() -> None:
    first = shown(told(3, agreed(promised_qty=50_000)), 3)["commitments"]

    (mine,) = [row for row in first if row["commitment_id"] == "zz"]
    assert mine["displaced_usd"] > 0


def test_more_asked_than_there_is_and_want_of_accreditation_limit_a_pool() -> None:
    service = ServiceRegistered("secret", "downlink_bps", ("sl-53",), 1, "IL7")
    asked = DemandObserved((DemandRow("secret", "africa", "downlink_bps", 1_000),))
    first = told(3, service)

    step = told(4, asked, twin=first.twin)

    assert refusals(first) == refusals(step) == []
    assert limit(step, 4, "c1-h100", "accelerator_count") == "demand"
    assert limit(first, 3, "sl-53", "downlink_bps", "africa") == "none"
    assert limit(step, 4, "sl-53", "downlink_bps", "africa") == "accreditation"


def test_satellites_that_wait_for_a_grounded_rocket_limit_their_segment() -> None:
    launch = LaunchScheduled(
        launch_id="L-X",
        vehicle="starship",
        site="starbase",
        customer="spacex",
        is_internal=True,
        payload_kg=1.0,
        orbit="LEO",
        net_at="2029-01-01T00:00:00Z",
        segment="ai1-sso",
        satellites_count=10,
    )
    step = told(3, launch, VehicleStatusChanged("starship", "grounded", "mishap"))

    assert refusals(step) == []
    assert limit(told(3, launch), 3, "ai1-sso", "accelerator_count", "orbit") == "demand"
    assert limit(step, 3, "ai1-sso", "accelerator_count", "orbit") == "lift"
