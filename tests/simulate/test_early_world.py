"""A world of real launches that starts before its numbers: what is paid, and what is there."""

from __future__ import annotations

import pytest

from infra.world.file import WorldChoice
from infra.world.inputs import KeptFile
from tests.shared_data import shared_file
from twin.baseline import load
from twin.errors import BadInput
from twin.events import CommitmentAgreed, ContractSigned
from twin.simulate.accounts import account_facts
from twin.simulate.launch_log import read_launch_log
from twin.simulate.llm_trace import read_llm_trace
from twin.simulate.missions import brought_before_opening, logged_launches
from twin.simulate.promises import promise_facts
from twin.simulate.world import World
from twin.units import NS_PER_S, parse_instant

HEADING = "a,b\n1,2\n"
GCAT = "launches/gcat_falcon9_2010_20251128.csv"
BASELINE = load("2026")
EARLY, GIVEN = "2025-11-01T00:00:00Z", KeptFile("a", "b")


def test_a_launch_of_a_log_costs_its_customer_what_is_assumed_of_its_kind() -> None:
    log = read_launch_log(shared_file(GCAT).read_bytes())
    launches = logged_launches(BASELINE, log, start_ns=0, segments=())

    paid = {(each.vehicle, each.customer): each.price_usd for each in launches}

    assert paid["falcon9", "spacex"] == 0
    assert paid["falcon9", "enterprise"] == BASELINE.number("launch.customer-revenue-2025_usd")
    assert paid["falcon9", "us-government"] == BASELINE.number("launch.nssl.mission-price_usd")
    assert paid["dragon", "nasa"] == BASELINE.number("launch.dragon.mission-price_usd")
    assert all(price > 0 for (_, customer), price in paid.items() if customer != "spacex")


def test_what_a_log_brings_before_the_fleet_was_counted_is_not_there_yet() -> None:
    log = read_launch_log(shared_file(GCAT).read_bytes())
    brought = brought_before_opening(BASELINE, log, start_ns=log.opening_ns)

    without, with_log = (
        World(
            BASELINE,
            seed=1,
            start_ns=log.opening_ns,
            interval_ns=3_600 * NS_PER_S,
            launch_log=given,
        ).satellites_count
        for given in (None, log)
    )

    assert with_log == without - sum(brought.values()) < without - 100
    opening_ns = parse_instant(f"{BASELINE.opens_on}T00:00:00Z")
    assert not brought_before_opening(BASELINE, log, start_ns=opening_ns)


def test_what_runs_at_the_opening_runs_in_a_world_that_starts_before() -> None:
    start_ns = parse_instant("2025-11-01T00:00:00Z")

    signed = {
        body.contract_id: body.starts_at
        for body, _ in account_facts(BASELINE, start_ns=start_ns)
        if isinstance(body, ContractSigned)
    }

    for name in ("starlink-enterprise", "data-licensing", "ai-backhaul", "nasa-lunar-lander"):
        assert signed[name] == "2025-11-01T00:00:00Z"
    assert signed["google-compute"] == "2026-10-01T00:00:00Z"


@pytest.mark.parametrize(
    ("start", "catalogue", "launches", "remark"),
    [
        (EARLY, None, GIVEN, "less what launches bring, is of that day; sites, prices and"),
        (EARLY, None, None, "starts before 2026-08-22: the fleet is of that day; sites, prices"),
        (EARLY, GIVEN, None, "starts before 2026-08-22: sites, prices and customers are of that"),
        (EARLY, GIVEN, GIVEN, "starts before 2026-08-22: sites, prices and customers are of that"),
        ("2026-08-22T00:00:00Z", None, GIVEN, ""),
        ("2026-08-22T00:00:00Z", GIVEN, None, ""),
    ],
)
def test_a_world_that_starts_before_its_numbers_says_so(start, catalogue, launches, remark) -> None:
    said = WorldChoice("2026", 1, start, 60.0, False, None, catalogue, launches).remark

    assert remark in said
    assert bool(said) == bool(remark)


def test_contracts_and_promises_keep_their_own_dates_in_a_world_that_starts_before() -> None:
    start_ns = parse_instant("2025-10-31T00:00:00Z")

    signed = {
        body.contract_id: parse_instant(body.starts_at)
        for body, _ in account_facts(BASELINE, start_ns=start_ns)
        if isinstance(body, ContractSigned)
    }
    promised = [
        parse_instant(body.starts_at)
        for body, *_ in promise_facts(BASELINE)
        if isinstance(body, CommitmentAgreed)
    ]

    assert {name for name in signed if signed[name] > start_ns} == {
        "anthropic-compute",
        "google-compute",
        "sb-amti",
        "sdn-backbone",
    }
    assert (sum(at_ns <= start_ns for at_ns in promised), len(promised)) == (7, 11)


@pytest.mark.parametrize("read", [read_launch_log, read_llm_trace])
def test_a_table_of_another_kind_is_refused_by_the_column_it_lacks(read) -> None:
    with pytest.raises(BadInput, match="without the column") as refused:
        read(HEADING.encode())

    assert "a,b" not in refused.value.given
    assert "[" not in str(refused.value)
