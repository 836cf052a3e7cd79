"""No amount that an event may carry stops the fold, the snapshot or a table."""

from __future__ import annotations

import pytest

from tests.twin.telling import agreed, refusals, shown, told, whole_numbers_fit
from twin.events import AssumptionSet, DemandObserved, DemandRow, PriceSet
from twin.fields import QUANTITY_MAX, Usd

MOST = QUANTITY_MAX


@pytest.mark.parametrize(
    "facts",
    [
        (agreed(promised_qty=MOST),),
        tuple(agreed(commitment_id=f"many-{n}", promised_qty=MOST) for n in range(500)),
        (
            DemandObserved(
                tuple(
                    DemandRow("grok", "orbit", "accelerator_count", MOST, MOST, MOST, MOST)
                    for _ in range(1_000)
                )
            ),
            PriceSet("grok.output", Usd(1_000), "usd_per_mtok", "2029-01-01"),
        ),
        *(
            (AssumptionSet(name, 1e300, "count", "2029-01-01", "me", "assumed"),)
            for name in (
                "sensing.satellite-revisits_count_per_d",
                "service-level.at-risk.horizon_s",
                "compute.training_efficiency_fraction",
                "site.c1-h100.electricity_usd_per_mwh",
                "contract.prepaid_fraction",
                "launch.falcon9.lift_kg",
            )
        ),
    ],
)
def test_the_largest_amounts_are_folded_kept_and_shown(facts) -> None:
    step = told(3, *facts)

    assert refusals(step) == []
    assert whole_numbers_fit(shown(step, 3))


def test_a_larger_quantity_is_refused_with_its_bound() -> None:
    (reason,) = refusals(told(3, agreed(promised_qty=MOST + 1)))

    assert "promised_qty" in reason and str(MOST) in reason
