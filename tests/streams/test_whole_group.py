"""The whole group on its way from a world to the read model: what must hold at every tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from streams.journal import records
from streams.replay import Folded, fold
from streams.store import queries
from streams.store.tables import LIVE
from tests.one_process import OneProcess
from twin.events import (
    Body,
    CommitmentAgreed,
    LaunchScheduled,
    PriceSet,
    SharesExchanged,
)
from twin.fields import Usd
from twin.outcomes import PromiseOutcome, Refused
from twin.records import Chain
from twin.state import Twin
from twin.units import NS_PER_H
from twin.views import VIEWS, Moment

TICKS_COUNT = 3 * 24


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Three days of the whole group in ticks of an hour, with some sixty satellites and faults."""
    with OneProcess(
        tmp_path_factory.mktemp("group"),
        interval_ns=NS_PER_H,
        snapshot_ticks=7,
        satellites_count=60,
        has_faults=True,
    ) as one:
        one.run(TICKS_COUNT)
        yield one


@pytest.fixture(scope="module")
def ticks(group: OneProcess) -> list[Folded]:
    return list(fold(Twin(), records(group.log, Chain(), start=0)))


def rows(view: str, folded: Folded) -> list[dict[str, Any]]:
    names = ("label", "basis", *VIEWS[view].key_names, *VIEWS[view].column_names)
    found = VIEWS[view].rows(Moment(folded.twin, folded.entry.record))
    return [dict(zip(names, row, strict=True)) for row in found]


def test_live_is_replay_at_every_tick(group, ticks) -> None:
    live = queries.hashes(group.engine, LIVE, above=0)

    assert [folded.hash for folded in ticks] == [live[n + 1] for n in range(TICKS_COUNT)]


def test_nothing_that_the_world_says_is_refused(ticks) -> None:
    assert [o for folded in ticks for o in folded.outcomes if isinstance(o, Refused)] == []


@pytest.mark.parametrize("view", sorted(VIEWS.keys() - {"commitment_windows"}))
def test_every_view_but_that_of_closed_windows_has_rows_at_every_tick(ticks, view) -> None:
    assert all(rows(view, folded) for folded in ticks)


def test_what_is_delivered_was_allocated_and_what_is_allocated_was_available(ticks) -> None:
    for folded in ticks:
        for row in rows("capacity", folded):
            if row["allocated_qty"] is not None:
                assert row["delivered_qty"] <= row["allocated_qty"] <= row["available_qty"], row
                assert row["allocated_qty"] <= row["demand_qty"], row


def test_the_group_earns_what_its_segments_earn_less_what_they_sell_each_other(ticks) -> None:
    for folded in ticks:
        lines = rows("revenue", folded)
        segments = [row for row in lines if row["reporting_segment"] != "Eliminations"]
        (elimination,) = (row for row in lines if row["reporting_segment"] == "Eliminations")
        consolidated = sum(revenue.consolidated_micro_usd for revenue in _revenues(folded))

        earned = sum(row["gross_usd"] - row["credits_usd"] for row in segments)
        assert consolidated == earned - elimination["intercompany_usd"]
        assert consolidated == sum(row["recognised_usd"] for row in lines)


def _revenues(folded: Folded) -> list[Any]:
    return list(folded.twin.revenues.values())


def test_the_shares_of_a_company_add_up_at_every_tick(ticks) -> None:
    for folded in ticks:
        for company in folded.twin.ownership["public"].companies:
            held = dict.fromkeys((each.name for each in company.share_classes), 0)
            for holding in company.holdings:
                held[holding.share_class] += holding.shares_count
            assert tuple(held.values()) == company.issued_counts, company.name


def test_a_breach_opens_once_a_window(ticks) -> None:
    opened = Counter(
        (outcome.label, outcome.change.commitment_id, outcome.change.window)
        for folded in ticks
        for outcome in folded.outcomes
        if isinstance(outcome, PromiseOutcome) and outcome.change.to_status == "breached"
    )

    assert max(opened.values(), default=1) == 1


TERMS = CommitmentAgreed(
    commitment_id="more-lift",
    contract_id="",
    customer="us-government",
    commitment_kind="communications",
    resource="downlink_bps",
    promised_qty=1,
    region="europe",
    priority=1,
    supplier="SpaceX",
    terms_basis="assumed",
    threshold_fraction=0.9,
    window_s=86_400.0,
    starts_at="2029-01-10T00:00:00Z",
    ends_at="2029-02-10T00:00:00Z",
    value_usd=Usd(1),
    service="defense",
)
LAUNCH = LaunchScheduled(
    launch_id="extra-1",
    vehicle="falcon9",
    site="CCSFS",
    customer="nasa",
    is_internal=False,
    payload_kg=1_000.0,
    orbit="leo",
    net_at="2029-01-20T00:00:00Z",
)
PRICE = PriceSet("grok.output", Decimal(3), "usd_per_mtok", "2029-01-05")
MERGER = SharesExchanged("X Corp", "SpaceX", Decimal(1))

BAD: dict[str, tuple[Body, str]] = {
    "a merger of an unknown company": (MERGER, "SpaceX"),
    "a commitment that ends before it starts": (
        replace(TERMS, ends_at="2029-01-09T00:00:00Z"),
        "2029-01-10T00:00:00Z",
    ),
    "a negative price": (replace(PRICE, value=Decimal(-3)), "-3"),
    "a launch of an unknown vehicle": (replace(LAUNCH, vehicle="flacon9"), "falcon9"),
}


def test_bad_facts_are_refused_with_what_was_expected_and_stop_nothing(tmp_path) -> None:
    with OneProcess(tmp_path, interval_ns=NS_PER_H, satellites_count=60) as one:
        one.run(2)
        for body, _ in BAD.values():
            one.tell(body)
        one.tell(PRICE, label="publik")
        one.tell(LAUNCH)

        (folded,) = one.tick()

        with one.engine.begin() as db:
            letters = queries.dead_letters(db, LIVE, limit=100)
        reasons = "\n".join(letter["reason"] for letter in letters)
        assert len(letters) == len(BAD) + 1
        for expected in (*(hint for _, hint in BAD.values()), "public"):
            assert expected in reasons
        assert folded.twin.launches["public"].manifest["extra-1"].customer == "nasa"
