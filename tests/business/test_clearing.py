"""A market cleared: what is shared out, and what of it is put to use."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from twin.business.clearing import cleared, displaced_micro_usd, opened
from twin.business.market import ACCELERATORS, ANYWHERE, DOWNLINK, Market, Pool, S
from twin.business.needs import Need

PLACES = ("c1-h100", "c2-gb200")


def promise(name: str, wanted: int, **more) -> Need:
    return Need(f"commitment/{name}", "grok-gov", ACCELERATORS, ANYWHERE, wanted, 1, **more)


def service(name: str, **more) -> Need:
    return Need(f"service/{name}", name, ACCELERATORS, ANYWHERE, 0, 5, **more)


SOLD = Need("contract/sold", "compute-sold", ACCELERATORS, ANYWHERE, 1_000, 6)


def market_of(*needs: Need, available: tuple[int, int], asked: Mapping[str, int]) -> Market:
    pools = tuple(Pool("public", name, ACCELERATORS, ANYWHERE, 0, 1) for name in PLACES)
    market = opened(pools, needs, regions=("orbit",), accredited={}, next_change_ns=0)
    return cleared(
        market,
        np.array(available),
        asked={market.places["public", name]: count for name, count in asked.items()},
    )


def test_what_users_ask_is_carried_by_what_was_promised_of_it_and_asked_once() -> None:
    market = market_of(
        promise("cdao", 300),
        service("grok-gov"),
        available=(1_000, 0),
        asked={"service/grok-gov": 100},
    )

    reserved, demand, allocated, displaced, delivered, _ = market.shares[0].tolist()
    assert (reserved, demand, allocated, displaced) == (300, 300, 300, 0)
    assert delivered == 100


def test_what_is_asked_beyond_the_promise_is_asked_besides() -> None:
    market = market_of(
        promise("cdao", 300),
        service("grok-gov"),
        available=(1_000, 0),
        asked={"service/grok-gov": 450},
    )

    assert market.shares[0, :5].tolist() == [300, 450, 450, 0, 450]
    assert market.used_qty[market.places["public", "service/grok-gov"]] == 450


def test_what_is_promised_and_idle_is_allocated_to_nobody_else() -> None:
    market = market_of(
        promise("cdao", 300),
        service("grok-gov"),
        SOLD,
        available=(1_000, 0),
        asked={"service/grok-gov": 0},
    )

    assert market.shares[0, :5].tolist() == [300, 1_300, 1_000, 300, 700]


def test_a_promise_that_is_short_leaves_its_users_to_another_of_the_service() -> None:
    market = market_of(
        promise("a", 300, segments=("c1-h100",)),
        promise("b", 300, segments=("c2-gb200",)),
        service("grok-gov"),
        available=(100, 300),
        asked={"service/grok-gov": 350},
    )

    assert market.shares[:, S.DELIVERED].tolist() == [100, 250]
    assert market.used_qty[market.places["public", "service/grok-gov"]] == 350


def test_pools_are_used_in_the_order_in_which_the_longest_list_names_them() -> None:
    market = market_of(
        Need("service/grok", "grok", ACCELERATORS, ANYWHERE, 0, 5, ("c2-gb200", "c1-h100")),
        Need("service/gov", "gov", ACCELERATORS, ANYWHERE, 0, 4, ("c1-h100",)),
        SOLD,
        available=(1_000, 900),
        asked={"service/grok": 100},
    )

    assert market.granted_qty[market.places["public", "service/grok"]].tolist() == [0, 100]
    assert market.granted_qty[market.places["public", "contract/sold"]].tolist() == [200, 800]


def test_a_promise_of_no_service_is_used_as_far_as_it_is_granted() -> None:
    alone = Need("commitment/nro", "", ACCELERATORS, ANYWHERE, 300, 0)

    market = market_of(alone, available=(200, 0), asked={})

    assert market.shares[0, :5].tolist() == [300, 300, 200, 100, 200]


def test_users_of_a_region_are_carried_by_its_promise_before_one_that_holds_anywhere() -> None:
    pools = tuple(
        Pool("public", "sl-53", DOWNLINK, region, 0, 1) for region in ("europe", "africa")
    )
    needs = (
        Need("commitment/any", "starlink", DOWNLINK, ANYWHERE, 50, 1),
        Need("commitment/eu/europe", "starlink", DOWNLINK, "europe", 50, 1),
        Need("service/starlink/africa", "starlink", DOWNLINK, "africa", 0, 5),
        Need("service/starlink/europe", "starlink", DOWNLINK, "europe", 0, 5),
    )
    market = opened(pools, needs, regions=("europe", "africa"), accredited={}, next_change_ns=0)

    after = cleared(market, np.array([100, 100]), asked={2: 40, 3: 70})

    assert after.wanted_qty.tolist() == [50, 50, 0, 10]
    assert after.used_qty.tolist() == [50, 50, 40, 70]
    assert after.asked_qty.tolist()[2:] == [40, 70]


def test_what_may_not_be_served_for_want_of_accreditation_is_told_of_the_pool() -> None:
    secret = Need(
        "service/gov", "gov", ACCELERATORS, ANYWHERE, 0, 5, ("c1-h100", "c2-gb200"), "IL6"
    )
    pools = tuple(Pool("public", name, ACCELERATORS, ANYWHERE, 0, 1) for name in PLACES)
    market = opened(
        pools,
        (secret,),
        regions=("orbit",),
        accredited={("gov", "IL6"): frozenset(("c1-h100",))},
        next_change_ns=0,
    )

    after = cleared(market, np.array([100, 100]), asked={0: 130})

    assert after.shares[:, S.BARRED].tolist() == [0, 30]
    assert after.shares[:, S.DISPLACED].tolist() == [30, 0]


def test_what_sales_do_not_earn_is_laid_to_the_promises_before_them_as_far_as_they_hold() -> None:
    market = market_of(
        promise("a", 300),
        promise("b", 100),
        Need("commitment/late", "", ACCELERATORS, ANYWHERE, 100, 7),
        SOLD,
        available=(1_000, 0),
        asked={},
    )
    prices = np.zeros(len(market.needs), dtype=np.int64)
    prices[market.places["public", "contract/sold"]] = 2_000_000
    rows = np.array([market.places["public", f"commitment/{n}"] for n in ("a", "b", "late")])

    priced = replace(market, price_micro_usd_per_h=prices)
    displaced = displaced_micro_usd(priced, np.append(rows, -1), 1_800_000)

    # 400 of 1,000 that were sold at two dollars an hour lack for half an hour.
    assert market.granted_qty.sum(axis=1).tolist() == [300, 100, 0, 600]
    assert displaced.tolist() == [300 * 10**6, 100 * 10**6, 0, 0]
