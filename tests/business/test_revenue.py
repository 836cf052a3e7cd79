"""Revenue is exact, whatever the ticks; Σ segments − intercompany is consolidated at every one."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.business.accounts import (
    HOUR,
    MINUTE,
    OPENS_NS,
    S,
    backhaul,
    booked,
    customers,
    price,
    signed,
    ticked,
    told,
)
from tests.business.revenue_oracle import Span, accrued_micro_usd
from twin.business.ledger import Ledger
from twin.business.lines import LINES
from twin.business.revenue import B, Lump, Revenue, X, operating_rates
from twin.business.standing import standings
from twin.events import AssumptionSet, CapitalSpent, ContractTerminated, RampStep
from twin.state import Registry
from twin.units import USD_MAX, instant_text, parse_instant
from twin.views.revenue import REVENUE, rows_of, shares_of

DAY = 24 * HOUR
YEAR = 365 * DAY
USD = 1_000_000


def run(ledger: Ledger, *spans: Span) -> Revenue:
    """All spans as ticks, every need getting the span's delivery and tokens."""
    flows = Revenue()
    for span in spans:
        flows = ticked(
            ledger,
            flows,
            start_ns=span.start_ms * 10**6,
            tick_ns=span.end_ms * 10**6,
            delivered=dict.fromkeys(ledger.need_ids, span.delivered),
            tokens=dict.fromkeys(ledger.need_ids, span.tokens),
        )
        assert flows.consolidated_micro_usd == consolidated(flows)
    return flows


def consolidated(flows: Revenue) -> int:
    """Σ of the segments less what they sold each other, by another way than the kernel's."""
    rows = flows.book.tolist()
    segments = sum(row[B.GROSS] - row[B.CREDITS] for row in rows[:-1])
    assert all(row[B.INTERCOMPANY] == 0 for row in rows[:-1])
    return segments - rows[-1][B.INTERCOMPANY]


def even(tick_ms: int, ticks_count: int, **more) -> list[Span]:
    start_ms = OPENS_NS // 10**6
    return [
        Span(start_ms + i * tick_ms, start_ms + (i + 1) * tick_ms, **more)
        for i in range(ticks_count)
    ]


@st.composite
def contracts(draw):
    """Any terms whose dates lie about the ticks that follow the opening."""
    unit = draw(st.sampled_from(["month", "total", "accelerator_h", "mtok"]))
    starts_ns = OPENS_NS + draw(st.integers(-7200, 7200)) * S
    ends_ns = starts_ns + draw(st.integers(1, 20_000)) * S
    by_share = unit == "accelerator_h" or (unit != "mtok" and draw(st.booleans()))
    steps = sorted(draw(st.lists(st.integers(-3600, 10_000), max_size=3)))
    has_ramp = unit in ("month", "accelerator_h")
    dollars = draw(st.decimals("0", "1000", places=6))
    return signed(
        price_unit=unit,
        price_usd=dollars,
        starts_at=instant_text(starts_ns),
        ends_at=instant_text(ends_ns),
        quantity=draw(st.integers(1, 5000)) if by_share else 0,
        resource="accelerator_count" if by_share else ("grok" if unit == "mtok" else ""),
        ramp=tuple(
            RampStep(instant_text(OPENS_NS + at * S), draw(st.floats(0, 1)))
            for at in (steps if has_ramp else [])
        ),
    )


@st.composite
def spans(draw):
    """Ticks without a gap, each of another length and delivery."""
    start_ms, found = OPENS_NS // 10**6, []
    for length_ms in draw(st.lists(st.sampled_from([250, 1000, 60_000, 3_600_000]), max_size=12)):
        delivered = draw(st.integers(0, 6000))
        tokens = (draw(st.integers(0, 10**10)), draw(st.integers(0, 10**10)))
        found.append(Span(start_ms, start_ms + length_ms, delivered, tokens))
        start_ms += length_ms
    return found


@settings(max_examples=300, deadline=None)
@given(fact=contracts(), ticks=spans())
def test_what_accrued_is_what_exact_fractions_say(fact, ticks: list[Span]) -> None:
    ledger = told(fact)
    if fact.price_unit == "mtok":
        # A tick that the contract covers in part counts its tokens in part: whole ones only here.
        terms = ledger.contracts["a"]
        ticks = [t for t in ticks if terms.starts_ns <= t.start_ms * 10**6]
        ticks = [t for t in ticks if t.end_ms * 10**6 <= terms.ends_ns]

    flows = run(ledger, *ticks)

    expected = accrued_micro_usd(ledger.contracts["a"], ticks)
    if ticks:
        assert booked(ledger, flows, "contract/a")[B.TOTAL_GROSS] == expected


@pytest.mark.parametrize("unit", ["month", "total", "accelerator_h"])
def test_the_length_of_a_tick_leaves_no_drift(unit: str) -> None:
    ledger = told(
        signed(price_unit=unit, price_usd=Decimal("1234.567891"), quantity=997),
        customers(1_234_567, "66.654321"),
        backhaul(price_usd=Decimal("0.333333")),
    )

    by_length = [
        run(ledger, *even(ms, 10_800_000 // ms, delivered=333)).book[:, B.TOTAL_GROSS :].tolist()
        for ms in (1000, 60_000, 3_600_000)
    ]

    assert by_length[0] == by_length[1] == by_length[2]


def test_a_year_pays_a_contract_twelve_times_and_a_term_its_total() -> None:
    terms = {"quantity": 0, "resource": "", "starts_at": "2026-08-22T00:00:00Z"}
    ends_at = instant_text(OPENS_NS + YEAR)
    ledger = told(
        signed("month", price_usd=Decimal("100.000001"), ends_at=ends_at, **terms),
        signed("total", price_usd=Decimal("77.7"), price_unit="total", ends_at=ends_at, **terms),
    )

    flows = run(ledger, *even(3_600_000, 24 * 366))

    assert booked(ledger, flows, "contract/month")[B.TOTAL_GROSS] == 1_200_000_012
    assert booked(ledger, flows, "contract/total")[B.TOTAL_GROSS] == 77_700_000


def test_compute_is_paid_for_in_proportion_to_what_is_delivered() -> None:
    ledger = told(signed(price_usd=Decimal(730), quantity=1000))

    half = run(ledger, *even(3_600_000, 1, delivered=500))
    more = run(ledger, *even(3_600_000, 1, delivered=1500))

    assert booked(ledger, half, "contract/a")[B.RECOGNISED] == USD // 2
    assert booked(ledger, more, "contract/a")[B.RECOGNISED] == USD


def test_a_ramp_pays_for_the_share_that_is_due() -> None:
    ramp = (RampStep("2026-01-01T00:00:00Z", 0.25),)
    ledger = told(
        signed("flat", price_usd=Decimal(730), quantity=0, resource="", ramp=ramp),
        signed("compute", price_usd=Decimal(730), quantity=1000, ramp=ramp),
    )

    flows = run(ledger, *even(3_600_000, 1, delivered=1000))

    assert booked(ledger, flows, "contract/flat")[B.GROSS] == USD // 4
    assert booked(ledger, flows, "contract/compute")[B.GROSS] == USD // 4


def test_tokens_are_paid_at_the_list_price_for_the_share_that_is_sold() -> None:
    ledger = told(
        price("grok.input", "2"), price("grok.output", "6"), price("grok.billed", "0.5", "fraction")
    )

    flows = run(ledger, *even(60_000, 3, tokens=(1_000_000, 500_001)))

    # 3 × (1 M × 1 $ + 0.500001 M × 3 $): a part of a micro-dollar is carried, never lost.
    assert booked(ledger, flows, "tokens/grok")[B.TOTAL_GROSS] == 7_500_009
    assert booked(ledger, flows, "tokens/grok")[B.TOTAL_DELIVERED] == 4_500_003


def test_a_book_read_back_keeps_what_its_tokens_carry() -> None:
    ledger = told(price("grok.input", "2"), price("grok.output", "6"))
    kept = ticked(ledger, tokens={"service/grok": (1_234_567, 7)})
    read_back = msgspec.structs.replace(kept, item_ids=(*kept.item_ids,))

    for _ in range(3):
        kept, read_back = (
            ticked(ledger, flows, tokens={"service/grok": (1_234_567, 7)})
            for flows in (kept, read_back)
        )

    assert read_back.encoded() == kept.encoded()


def test_a_contract_for_tokens_takes_the_place_of_the_list_price() -> None:
    ledger = told(price("grok.input", "2"), price("grok.output", "6"))
    before = run(ledger, *even(60_000, 1, tokens=(10**6, 0)))
    terms = {"price_unit": "mtok", "price_usd": Decimal(1), "resource": "grok", "quantity": 0}
    ledger = told(signed("bulk", **terms), ledger=ledger)

    after = ticked(ledger, before, tokens={"service/grok": (10**6, 0)})

    assert booked(ledger, after, "tokens/grok")[B.TOTAL_GROSS] == 2 * USD
    assert booked(ledger, after, "tokens/grok")[B.GROSS] == 0
    assert booked(ledger, after, "contract/bulk")[B.GROSS] == USD


def test_a_customer_s_launch_is_revenue_when_it_flew_and_a_credit_takes_some_back() -> None:
    ledger = told(signed("starlink", line="enterprise", reporting_segment="Connectivity"))
    lumps = (
        Lump("launch", "Iridium", 60 * USD),
        Lump("launch", "Iridium", 60 * USD),
        Lump("launch", "nasa", 250 * USD),
        Lump("credit", "starlink", 7 * USD),
        Lump("credit", "not in the books", 9 * USD),
    )

    flows = ticked(ledger, lumps=lumps)

    assert booked(ledger, flows, "launch/enterprise")[: B.TOTAL_GROSS] == [
        120 * USD,
        0,
        0,
        120 * USD,
        2,
    ]
    assert booked(ledger, flows, "launch/us-government")[B.RECOGNISED] == 250 * USD
    assert booked(ledger, flows, "contract/starlink")[B.CREDITS] == 7 * USD
    assert flows.consolidated_micro_usd == 363 * USD == consolidated(flows)


def test_what_the_group_sells_itself_cancels_and_costs_the_buyer() -> None:
    ledger = told(backhaul(price_usd=Decimal(730)))

    flows = ticked(ledger, tick_ns=OPENS_NS + HOUR, operating=(0, 0, 8760 * 3 * USD))

    assert booked(ledger, flows, "contract/backhaul")[B.RECOGNISED] == USD
    assert booked(ledger, flows, "elimination")[: B.DELIVERED] == [0, 0, USD, -USD]
    assert flows.consolidated_micro_usd == 0
    assert flows.expenses[:, X.OPERATING].tolist() == [0, 0, 4 * USD, -USD]


@pytest.mark.parametrize("tick_s", [1, 7, 60, 3600])
def test_capital_wears_off_evenly_and_in_the_end_whole(tick_s: int) -> None:
    ledger = told(
        CapitalSpent("sl-53", Decimal("1.234567"), 7000.0),
        CapitalSpent("falcon9", Decimal(50), 50_000.0),
        CapitalSpent("c2-gb300", Decimal(3), 3.0),
    )

    flows = run(ledger, *even(tick_s * 1000, math.ceil(7200 / tick_s)))

    worn = flows.expenses[:, X.TOTAL_DEPRECIATION].tolist()
    elapsed_s = math.ceil(7200 / tick_s) * tick_s
    assert worn == [elapsed_s * 1000, 1_234_567, 3 * USD, 0]


def test_no_amount_leaves_64_bits_in_the_longest_tick() -> None:
    most = Decimal(USD_MAX)
    ends_at = "2115-11-01T00:00:00Z"
    facts = [
        signed("month", price_usd=most / 1_250, quantity=0, resource="", ends_at=ends_at),
        signed("share", price_usd=most / 1_250, quantity=10**8, ends_at=ends_at),
        signed("total", price_usd=most, quantity=10**8, price_unit="total", ends_at=ends_at),
        signed("hour", price_usd=Decimal(10_000), quantity=3_800, price_unit="accelerator_h"),
    ]
    ledger = told(
        *facts,
        price("grok.input", "1000"),
        price("grok.output", "1000"),
        CapitalSpent("sl-53", most, 90 * 365 * 86_400.0),
    )
    ticks = even(3_600_000, 40, delivered=10**8, tokens=(2**62, 2**62))

    flows = run(ledger, *ticks)

    for contract_id, contract in ledger.contracts.items():
        expected = min(accrued_micro_usd(contract, ticks), USD_MAX * USD)
        assert booked(ledger, flows, f"contract/{contract_id}")[B.TOTAL_GROSS] == expected
    assert booked(ledger, flows, "tokens/grok")[B.TOTAL_GROSS] == USD_MAX * USD
    expected = USD_MAX * USD * 40 * 3600 // (90 * 365 * 86_400)
    assert flows.expenses[1, X.TOTAL_DEPRECIATION] == expected


def test_a_late_contract_earns_from_the_open_tick_on() -> None:
    ledger = told(customers())
    flows = ticked(ledger, tick_ns=OPENS_NS + HOUR)
    later = told(signed("late", price_usd=Decimal(730), quantity=0, resource=""), ledger=ledger)
    times = {"start_ns": OPENS_NS + HOUR, "tick_ns": OPENS_NS + 2 * HOUR}

    with_it, without = ticked(later, flows, **times), ticked(ledger, flows, **times)

    assert with_it.consolidated_micro_usd - without.consolidated_micro_usd == USD


def test_an_ended_contract_stays_in_the_book_and_earns_no_more() -> None:
    ledger = told(signed("a", quantity=0, resource="", notice_s=0.0))
    flows = ticked(ledger, tick_ns=OPENS_NS + HOUR)
    earned = booked(ledger, flows, "contract/a")[B.GROSS]
    half = OPENS_NS + HOUR + HOUR // 2
    ended = told(ContractTerminated("a", instant_text(half), "leaves"), ledger=ledger)

    flows = ticked(ended, flows, start_ns=OPENS_NS + HOUR, tick_ns=OPENS_NS + 2 * HOUR)

    assert booked(ended, flows, "contract/a")[B.GROSS] == pytest.approx(earned / 2, abs=1)
    flows = ticked(ended, flows, start_ns=OPENS_NS + 2 * HOUR, tick_ns=OPENS_NS + 3 * HOUR)
    assert booked(ended, flows, "contract/a")[B.GROSS] == 0
    assert booked(ended, flows, "contract/a")[B.TOTAL_GROSS] == pytest.approx(1.5 * earned, abs=1)


def test_a_book_that_was_given_does_not_change() -> None:
    ledger = told(customers())
    flows = ticked(ledger)
    before = flows.encoded()

    ticked(ledger, flows, start_ns=OPENS_NS + MINUTE, tick_ns=OPENS_NS + 2 * MINUTE)

    assert flows.encoded() == before
    with pytest.raises(ValueError, match="read-only"):
        flows.book[0, 0] = 1


def test_running_costs_are_those_assumed_a_year() -> None:
    costs = {"cost.ai.operating_usd_per_y": 8.76}

    rates = operating_rates(lambda name: costs.get(name, 0.0))

    assert rates.tolist() == [0, 0, 8_760_000]
    flows = ticked(Ledger(), tick_ns=OPENS_NS + HOUR, operating=tuple(rates.tolist()))
    assert flows.expenses[:, X.OPERATING].tolist() == [0, 0, 1000, 0]


def number(name: str, value: float) -> AssumptionSet:
    return AssumptionSet(name, value, "fraction", "2026-08-22", "test", "assumed")


REGISTRY = Registry(
    assumptions={"contract.prepaid_fraction": number("contract.prepaid_fraction", 0.5)}
)
NAMES = ("label", "basis", *REVENUE.key_names, *REVENUE.column_names)


def rows(ledger: Ledger, flows: Revenue, tick_ns: int) -> dict[tuple[str, ...], dict]:
    found = rows_of("public", ledger, flows, registry=REGISTRY, tick_ns=tick_ns)
    named = [dict(zip(NAMES, row, strict=True)) for row in found]
    return {tuple(row[name] for name in REVENUE.key_names): row for row in named}


def test_the_rows_of_the_view_sum_to_the_group_and_the_costs_to_the_segments() -> None:
    ledger = told(
        signed("a", quantity=0, resource=""),
        signed("b", line="data_licensing", price_usd=Decimal(77), quantity=0, resource=""),
        backhaul(),
        customers(),
        CapitalSpent("sl-53", Decimal(999), 7000.0),
    )
    flows = ticked(
        ledger,
        lumps=(Lump("launch", "nasa", 5), Lump("credit", "a", 3)),
        energy=(1, 2, 10**9 + 1),
        operating=(10**15 + 7, 10**15 + 7, 10**15 + 7),
    )

    found = rows(ledger, flows, OPENS_NS + MINUTE)

    assert {line for _, line, _ in found} <= {*LINES, "elimination"}
    total = {name: sum(row[name] or 0 for row in found.values()) for name in NAMES[5:-3]}
    assert total["recognised_usd"] == flows.consolidated_micro_usd
    gross = total["gross_usd"] - total["credits_usd"]
    assert total["recognised_usd"] == gross - total["intercompany_usd"]
    for column, name in enumerate(("operating_cost_usd", "energy_cost_usd", "depreciation_usd")):
        for place, segment in enumerate(("Space", "Connectivity", "AI", "Eliminations")):
            of_segment = sum(row[name] for key, row in found.items() if key[0] == segment)
            assert of_segment == flows.expenses[place, column]
    for row in found.values():
        costs = row["operating_cost_usd"] + row["energy_cost_usd"] + row["depreciation_usd"]
        assert row["operating_income_usd"] == row["recognised_usd"] - costs
        spent = row["credits_usd"] + row["intercompany_usd"]
        assert row["recognised_usd"] == row["gross_usd"] - spent


@given(
    amount=st.integers(0, 10**12), weights=st.lists(st.integers(0, 10**15), min_size=1, max_size=9)
)
def test_shares_sum_to_the_amount_and_none_is_a_whole_unit_off(amount: int, weights) -> None:
    found = shares_of(amount, weights)

    assert sum(found) == amount
    if any(weights):
        total = sum(weights)
        assert all(abs(f * total - amount * w) < total for f, w in zip(found, weights, strict=True))


def test_the_view_says_what_runs_what_is_owed_and_what_may_leave() -> None:
    ledger = told(
        signed("compute", price_usd=Decimal(730), quantity=1000),
        signed("google", customer="Google", notice_from="2026-12-31T00:00:00Z"),
        signed(
            "sdn",
            customer="us-government",
            counterparty="us-government",
            reporting_segment="Connectivity",
            line="government",
            price_usd=Decimal(730),
            quantity=0,
            resource="",
            ends_at=instant_text(OPENS_NS + HOUR + YEAR),
            notice_s=0.0,
        ),
        customers(10, "7.3"),
    )
    flows = ticked(ledger, tick_ns=OPENS_NS + HOUR, delivered={"contract/compute": 500})

    found = rows(ledger, flows, OPENS_NS + HOUR)

    compute = found["AI", "compute_contracts", "enterprise"]
    assert compute["run_rate_usd_per_y"] == compute["terminable_90d_usd_per_y"] == 4380 * USD
    assert compute["delivered_qty"] == 500 * 3600
    government = found["Connectivity", "government", "us-government"]
    assert government["backlog_usd"] == government["run_rate_usd_per_y"] == 8760 * USD
    assert government["terminable_90d_usd_per_y"] == 8760 * USD
    assert government["deferred_usd"] == 4380 * USD
    consumer = found["Connectivity", "consumer_service", "consumer"]
    assert (consumer["customers_count"], consumer["unit_price_usd"]) == (10, 7_300_000)
    assert consumer["run_rate_usd_per_y"] == 876 * USD
    assert consumer["backlog_usd"] == consumer["terminable_90d_usd_per_y"] == 0


def test_what_may_leave_on_notice_is_backlog_only_as_long_as_the_notice() -> None:
    ledger = told(signed("a", price_usd=Decimal(730), quantity=1000, notice_s=7200.0))

    (standing,) = (
        each
        for each, item in zip(
            standings(ledger, ticked(ledger), at_ns=OPENS_NS), ledger.items.items, strict=True
        )
        if item.item_id == "contract/a"
    )

    assert standing.backlog == 2 * USD
    assert standing.unit_price == USD // 1000


def test_the_backlog_of_launches_is_what_has_not_flown() -> None:
    nssl = signed(
        "nssl",
        customer="us-government",
        counterparty="us-government",
        reporting_segment="Space",
        line="launch_services",
        price_unit="launch",
        price_usd=Decimal(100),
        quantity=3,
        resource="launches",
    )
    ledger = told(nssl)
    flows = ticked(ledger, lumps=(Lump("launch", "us-government", 100 * USD),))

    row = rows(ledger, flows, OPENS_NS + MINUTE)["Space", "launch_services", "us-government"]

    assert row["backlog_usd"] == 200 * USD
    assert row["delivered_qty"] == 1


def test_a_tick_before_any_account_has_no_rows() -> None:
    assert rows(Ledger(), Revenue(), OPENS_NS) == {}
    assert parse_instant("2026-08-22T00:00:00Z") == OPENS_NS


def test_tokens_are_sold_at_the_list_price_before_and_after_a_contract_for_them() -> None:
    terms = {"price_unit": "mtok", "resource": "grok", "quantity": 0, "line": "api_tokens"}
    until = instant_text(OPENS_NS + HOUR)
    ledger = told(
        price("grok.output", "6"),
        signed("old", price_usd=Decimal(1), ends_at=until, **terms),
        signed(
            "new",
            price_usd=Decimal(2),
            starts_at=instant_text(OPENS_NS + 2 * HOUR),
            ends_at=instant_text(OPENS_NS + 3 * HOUR),
            **terms,
        ),
    )
    flows, earned = Revenue(), []

    for hour in range(4):
        flows = ticked(
            ledger,
            flows,
            start_ns=OPENS_NS + hour * HOUR,
            tick_ns=OPENS_NS + (hour + 1) * HOUR,
            tokens={"service/grok": (0, 1_000_000)},
        )
        earned.append(
            [
                booked(ledger, flows, item)[B.GROSS] // USD
                for item in ("contract/old", "tokens/grok", "contract/new")
            ]
        )

    assert earned == [[1, 0, 0], [0, 6, 0], [0, 0, 2], [0, 6, 0]]
