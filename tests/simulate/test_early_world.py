"""A world of real launches that starts before its numbers: what is paid, and what is there."""

from __future__ import annotations

import pytest

from infra.world.file import WorldChoice
from infra.world.inputs import KeptFile
from tests.shared_data import shared_file
from twin.baseline import load
from twin.errors import BadInput
from twin.events import ContractSigned
from twin.simulate.accounts import account_facts
from twin.simulate.launch_log import read_launch_log
from twin.simulate.llm_trace import read_llm_trace
from twin.simulate.missions import brought_before_opening, logged_launches
from twin.simulate.world import World
from twin.units import NS_PER_S, parse_instant

HEADING = "a,b\n1,2\n"
GCAT = "launches/gcat_falcon9_2010_20251128.csv"
BASELINE = load("2026")


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
    ("start", "launches", "remark"),
    [
        ("2025-11-01T00:00:00Z", KeptFile("a", "b"), "less what launches bring, is of that day"),
        ("2025-11-01T00:00:00Z", None, "starts before 2026-08-22: the fleet is of that day"),
        ("2026-08-22T00:00:00Z", KeptFile("a", "b"), ""),
    ],
)
def test_a_world_that_starts_before_its_numbers_says_so(start, launches, remark) -> None:
    said = WorldChoice("2026", 1, start, 60.0, False, None, None, launches).remark

    assert remark in said
    assert bool(said) == bool(remark)


@pytest.mark.parametrize("read", [read_launch_log, read_llm_trace])
def test_a_table_of_another_kind_is_refused_by_the_column_it_lacks(read) -> None:
    with pytest.raises(BadInput, match="without the column") as refused:
        read(HEADING.encode())

    assert "a,b" not in refused.value.given
    assert "[" not in str(refused.value)
