"""The commitments, windows and risk views: every column, from a small twin's promises."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.business.promising import START_NS, Ledger, at, launches, promised, terms
from twin.business.cap_tables import CapTables
from twin.business.commitments import Promises
from twin.events import SegmentRegistered
from twin.quantities import QUANTITIES_COUNT, Q
from twin.state import Fleet, Registry, Segment, Telemetry
from twin.units import NS_PER_S
from twin.views.commitments import COMMITMENT_WINDOWS, COMMITMENTS
from twin.views.risk import RISK, supply_of


def rows(view, ledger: Ledger, **more) -> list[dict]:
    """What the view says of a twin with these promises and nothing else."""
    parts = {
        "promises": {"public": ledger.promises},
        "windows": {"public": ledger.windows},
        "ownership": {"public": CapTables()},
        "fleets": {},
        "telemetry": {},
        "registry": Registry(),
        "tick_ns": ledger.now_ns,
    }
    moment = SimpleNamespace(twin=SimpleNamespace(**{**parts, **more}))
    names = ("label", "basis", *view.key_names, *view.column_names)
    return [dict(zip(names, row, strict=True)) for row in view.rows(moment)]


def test_a_service_promise_shows_its_terms_its_window_and_its_money() -> None:
    ledger = Ledger(promised(terms(region="europe", location_limit=("sl-53",))))
    ledger.tick(90)

    (row,) = rows(COMMITMENTS, ledger)

    assert row == {
        "label": "public",
        "basis": "assumed",
        "commitment_id": "sdn",
        "contract_id": "k",
        "customer": "us-government/space-force",
        "kind": "communications",
        "resource": "downlink_bps",
        "region": "europe",
        "location_limit": "sl-53",
        "priority": "1",
        "supplier": "SpaceX",
        "terms_basis": "assumed",
        "promised_qty": 100,
        "tasked_qty": 0,
        "allocated_qty": 90,
        "delivered_qty": 90,
        "headroom_qty": None,
        "threshold_fraction": 0.9,
        "attained_fraction": 0.0,
        "window_start": at(0),
        "window_end": at(1000),
        "due_at": None,
        "error_budget_s": 100.0,
        "error_budget_left_s": 40.0,
        "time_to_breach_s": 40.0,
        "status": "at-risk",
        "breach_count": 0,
        "displaced_usd": 0,
        "value_usd": 10_000_000_000,
        "earned_usd": 60_000_000,
        "credit_usd": 0,
        "credit_exposure_usd": 200_000_000,
        "alternative_suppliers_count": 0,
        "single_points_count": 1,
    }


def test_a_budget_shown_is_never_below_zero() -> None:
    ledger = Ledger(promised(terms()))
    for _ in range(5):
        ledger.tick(0)

    (row,) = rows(COMMITMENTS, ledger)

    assert row["error_budget_left_s"] == 0.0
    assert row["status"] == "breached"
    assert row["credit_exposure_usd"] == 0


def test_a_launch_promise_shows_launches_instead_of_time() -> None:
    ledger = Ledger(promised(launches(location_limit=("sl-53",))))
    ledger.tick(seconds=600, flown={"nssl": 1})

    (row,) = rows(COMMITMENTS, ledger)

    assert (row["promised_qty"], row["delivered_qty"], row["attained_fraction"]) == (4, 1, 0.25)
    assert (row["due_at"], row["window_end"], row["headroom_qty"]) == (at(8000), at(8000), None)
    assert (row["error_budget_s"], row["error_budget_left_s"]) == (None, None)
    assert row["earned_usd"] == 2_500_000_000


def test_a_pending_promise_has_a_row_already() -> None:
    ledger = Ledger(promised(terms(starts_at=at(600))))
    ledger.tick(0)

    (row,) = rows(COMMITMENTS, ledger)

    assert (row["status"], row["window_start"], row["attained_fraction"]) == ("pending", None, None)


def test_every_window_has_one_row_over_time() -> None:
    ledger, seen = Ledger(promised(terms(ends_at=at(2_500)))), []

    for granted in (*(0,) * 17, *(100,) * 30):
        ledger.tick(granted)
        seen += rows(COMMITMENT_WINDOWS, ledger)

    assert [(r["window_start"], r["window_end"], r["outcome"]) for r in seen] == [
        (at(0), at(1000), "breached"),
        (at(1000), at(2000), "kept"),
        (at(2000), at(2500), "kept"),
    ]
    assert [r["bad_s"] for r in seen] == [960.0, 60.0, 0.0]
    assert [r["credit_usd"] for r in seen] == [800_000_000, 0, 0]


def test_the_risk_view_names_who_and_what_a_promise_hangs_on() -> None:
    ledger = Ledger(promised(terms()))
    ledger.tick(100)

    found = rows(RISK, ledger)

    assert [(r["subject"], r["node"]) for r in found] == [
        ("commitment/sdn", "supplier/SpaceX"),
        ("customer/us-government", "supplier/SpaceX"),
        ("customer/us-government/space-force", "supplier/SpaceX"),
        ("group", "supplier/SpaceX"),
    ]
    assert {r["is_single_point"] for r in found} == {"yes"}
    assert {r["value_at_risk_usd"] for r in found} == {10_000_000_000}


def test_supply_is_what_segments_have_available() -> None:
    built = SegmentRegistered(
        segment="sl-53",
        class_name="v2-mini",
        basis="derived",
        mass_kg=1.0,
        array_m2=1.0,
        array_w=1.0,
        battery_wh=1.0,
        radiator_m2=1.0,
        downlink_bps=96.0,
        life_s=1.0,
        payload_w=1.0,
        accelerators_count=2,
        tok_per_s=0.0,
        flop_per_s=0.0,
        charge_efficiency_fraction=1.0,
        charge_resolution_wh=0.0,
    )
    sums = np.zeros((1, QUANTITIES_COUNT), dtype=np.int64)
    sums[0, Q.AVAILABLE_COUNT] = 1003

    supply = supply_of(
        Fleet(segments=(Segment("sl-53", as_built=built),), keys=("sl-53",)),
        Telemetry(matrix=sums[:, None], sums=sums),
        Promises(),
        Registry(),
    )

    assert [(s.resource, s.available_qty) for s in supply] == [
        ("downlink_bps", 96_256),
        ("accelerator_count", 1_984),
    ]


def test_a_day_later_less_is_at_stake() -> None:
    ledger = Ledger(promised(terms(ends_at=at(4 * 86_400), window_s=86_400.0)))
    ledger.tick(100)
    ledger.now_ns = START_NS + 86_400 * NS_PER_S

    (row, *_) = rows(RISK, ledger)

    assert row["value_at_risk_usd"] == 7_500_000_000
