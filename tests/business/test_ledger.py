"""The ledger takes facts, and refuses those that cannot be with the nearest right answer."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from tests.business.accounts import (
    OPENS_NS,
    backhaul,
    booked,
    customers,
    price,
    signed,
    ticked,
    told,
)
from twin.arrays import frozen
from twin.baseline import load, world_names
from twin.business.ledger import Ledger
from twin.errors import BadInput
from twin.events import (
    CapitalSpent,
    ContractTerminated,
    DebtChanged,
    PeriodReported,
    PriceObserved,
    RampStep,
)
from twin.simulate.accounts import account_facts
from twin.units import parse_instant

TERMINATED = "2026-11-20T00:00:00Z"
"""Ninety days after the opening."""


def test_a_price_is_kept_by_item_and_the_last_one_holds() -> None:
    ledger = told(price("grok.output", "2.50"), price("grok.output", "6"))

    assert ledger.prices["grok.output"].value_micro == 6_000_000


def test_what_others_ask_drives_no_revenue() -> None:
    ledger = told(PriceObserved("grok.output", Decimal(3), "usd_per_mtok", "2026-08-22"))

    assert ledger.market_prices["grok.output"].value_micro == 3_000_000
    assert ledger.items.ids == Ledger().items.ids


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (price("grok.output", "-0.01"), "value=-0.01; expected 0 to"),
        (price("grok.output", "0.0000001"), "six decimals"),
        (price("grok.output", "2", "usd_per_month"), "expected usd_per_mtok"),
        (price("grok.output", "2", "usd_per_mtock"), r"expected 'usd_per_mtok'"),
        (price("grok.output", "1001"), "1000 at most"),
        (price("grok.output", "9E+999999"), "value="),
        (price("grok.billed", "1.5", "fraction"), "0 to 1"),
        (PriceObserved("h100", Decimal(-1), "usd_per_accelerator_h", "2026-08-22"), "value=-1"),
    ],
)
def test_a_price_that_cannot_be_is_refused(fact, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        told(fact)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (signed(ends_at="2025-12-31T00:00:00Z"), "an end later than its start"),
        (signed(ends_at="2126-01-01T00:00:00Z"), "90 years"),
        (signed(starts_at="soon"), "RFC 3339"),
        (signed(price_usd=Decimal(-1)), "price_usd=-1"),
        (signed(line="compute_contract"), r"expected 'compute_contracts'"),
        (signed(reporting_segment="Space"), "expected AI"),
        (signed(buyer_segment="AI"), "only a contract inside the group"),
        (backhaul(buyer_segment="Al"), "expected one of AI, Space"),
        (backhaul(buyer_segment="Connectivity"), "buyer_segment"),
        (signed(quantity=10**9), "100000000 at most"),
        (signed(price_unit="accelerator_h", price_usd=Decimal(5), quantity=0), "a quantity"),
        (signed(price_unit="accelerator_h", price_usd=Decimal(10**6)), "10000 dollars"),
        (signed(price_unit="mtok", price_usd=Decimal(2), resource=""), "the service"),
        (signed(price_unit="total", ramp=(RampStep("2026-02-01T00:00:00Z", 0.5),)), "a month or"),
        (
            signed(
                ramp=(
                    RampStep("2026-03-01T00:00:00Z", 0.5),
                    RampStep("2026-02-01T00:00:00Z", 1.0),
                )
            ),
            "go back in time",
        ),
    ],
)
def test_a_contract_that_cannot_be_is_refused(fact, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        told(fact)


def test_tokens_of_a_service_are_paid_by_one_contract_at_most() -> None:
    terms = {"price_unit": "mtok", "price_usd": Decimal(2), "resource": "grok", "quantity": 0}
    ledger = told(signed("a", **terms))

    with pytest.raises(BadInput, match="a does not pay then"):
        told(signed("b", **terms), ledger=ledger)

    assert told(signed("a", **terms), ledger=ledger).need_ids == ("service/grok",)
    later = {"starts_at": "2029-01-01T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}
    assert "b" in told(signed("b", **terms, **later), ledger=ledger).contracts


def test_an_unknown_contract_is_not_terminated_and_the_nearest_is_named() -> None:
    ledger = told(signed("anthropic-compute"))

    with pytest.raises(BadInput, match=r"'antropic-compute'; expected 'anthropic-compute'"):
        told(ContractTerminated("antropic-compute", TERMINATED, "leaves"), ledger=ledger)


def test_a_contract_ends_no_sooner_than_its_notice_allows() -> None:
    ledger = told(signed("a"))

    with pytest.raises(BadInput, match="expected 2026-11-20T00:00:00Z, which its notice allows"):
        told(ContractTerminated("a", "2026-11-19T23:59:59Z", "leaves"), ledger=ledger)

    ended = told(ContractTerminated("a", TERMINATED, "leaves"), ledger=ledger)
    assert ended.contracts["a"].ends_ns == parse_instant(TERMINATED)
    assert ended.contracts["a"].end_reason == "leaves"


def test_notice_runs_from_the_day_it_may_be_given() -> None:
    ledger = told(signed("google", notice_from="2026-12-31T00:00:00Z"))

    with pytest.raises(BadInput, match="expected 2027-03-31T00:00:00Z"):
        told(ContractTerminated("google", TERMINATED, "leaves"), ledger=ledger)


def test_the_government_may_leave_at_once_and_nobody_leaves_where_no_notice_is_agreed() -> None:
    ledger = told(signed("pleo", notice_s=0.0), signed("firm", notice_s=None))

    ended = told(
        ContractTerminated("pleo", "2026-08-22T00:00:00Z", "for convenience"), ledger=ledger
    )

    assert ended.contracts["pleo"].ends_ns == OPENS_NS
    with pytest.raises(BadInput, match="neither side may end it"):
        told(ContractTerminated("firm", TERMINATED, "leaves"), ledger=ledger)


def test_a_termination_does_not_make_a_contract_longer() -> None:
    with pytest.raises(BadInput, match="to 2029-01-01T00:00:00Z"):
        told(signed("a"), ContractTerminated("a", "2029-06-01T00:00:00Z", "later"))


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (customers(service="starlnk"), r"expected 'starlink'"),
        (customers(line="consumer_servic"), r"expected 'consumer_service'"),
        (customers(arpu="-1"), "arpu_usd_per_month=-1"),
        (customers(2**62, "1000"), "dollars a year at most"),
        (CapitalSpent("starhip", Decimal(1), 10.0), "expected 'starship'"),
        (CapitalSpent("sl-53", Decimal(-1), 10.0), "amount_usd=-1"),
        (CapitalSpent("sl-53", Decimal(1), 0.0), "life_s"),
        (DebtChanged("notes", Decimal(1), 0.05, "2026-01-01T00:00:00Z"), "later than"),
        (DebtChanged("notes", Decimal(-1), 0.05, "2031-01-01T00:00:00Z"), "principal_usd=-1"),
    ],
)
def test_customers_capital_and_debts_that_cannot_be_are_refused(fact, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        told(fact)


def reported(line: str = "consumer", segment: str = "Connectivity") -> PeriodReported:
    return PeriodReported(
        period="fy2025",
        reporting_segment=segment,
        line=line,
        amount_usd=Decimal(7_208_000_000),
        filing="S-1",
        starts_at="2025-01-01T00:00:00Z",
        ends_at="2026-01-01T00:00:00Z",
    )


def test_a_filing_is_compared_and_drives_nothing() -> None:
    ledger = told(reported())

    assert ledger.filed["fy2025/consumer"].amount_micro_usd == 7_208_000_000_000_000
    assert ticked(ledger).consolidated_micro_usd == 0
    with pytest.raises(BadInput, match="expected 'consumer'"):
        told(reported("consumr"))
    with pytest.raises(BadInput, match="of Connectivity"):
        told(reported(segment="Space"))


def test_compute_contracts_want_their_ramp_of_accelerators_while_they_run() -> None:
    ramp = (RampStep("2026-05-01T00:00:00Z", 0.5), RampStep("2026-07-01T00:00:00Z", 1.0))
    ledger = told(signed("a", starts_at="2026-05-01T00:00:00Z", ramp=ramp), customers(), backhaul())
    days = ("2026-04-30", "2026-05-01", "2026-07-01", "2029-01-01")
    instants = [parse_instant(f"{day}T00:00:00Z") for day in days]

    # A tick that ends when a span begins does not lie in it; one that ends when it ends does.
    wanted = [[need.wanted_qty for need in ledger.needs(at_ns)] for at_ns in instants]
    after = [[need.wanted_qty for need in ledger.needs(at_ns + 1)] for at_ns in instants]

    assert wanted == [[], [], [500], [1000]]
    assert after == [[], [500], [1000], []]
    assert [ledger.next_change_ns(at_ns) for at_ns in instants[1:]] == instants[1:]
    assert [ledger.next_change_ns(at_ns + 1) for at_ns in instants] == [*instants[1:], 0]
    assert ledger.needs(instants[2])[0].need_id == "contract/a" == ledger.need_ids[0]


def test_new_terms_of_a_contract_replace_the_old() -> None:
    ledger = told(signed("a"), signed("a", quantity=2000))

    assert ledger.needs(OPENS_NS)[0].wanted_qty == 2000


def test_a_customer_s_launch_is_booked_on_its_contract_or_on_its_kind() -> None:
    nssl = {
        "customer": "us-government",
        "counterparty": "us-government",
        "reporting_segment": "Space",
        "line": "launch_services",
        "price_unit": "launch",
        "resource": "launches",
    }
    ledger = told(signed("nssl", **nssl))
    customers_ = ("us-government", "NASA", "Iridium")

    ids = [ledger.items.ids[ledger.launch_place(customer)] for customer in customers_]

    assert ids == ["contract/nssl", "launch/us-government", "launch/enterprise"]


FACTS = (
    price("grok.input", "1.25"),
    customers(),
    signed("b"),
    signed("a"),
    backhaul(),
    CapitalSpent("sl-53", Decimal("1.4"), 157_680_000.0),
    reported(),
)


def test_the_order_of_telling_does_not_show() -> None:
    forward, backward = told(*FACTS), told(*reversed(FACTS))

    assert forward.encoded() == backward.encoded()
    assert forward.items.ids == backward.items.ids
    assert np.array_equal(forward.items.columns, backward.items.columns)


def test_a_ledger_and_its_book_survive_a_snapshot() -> None:
    ledger = told(*FACTS)
    flows = ticked(ledger, delivered={"contract/a": 700})

    ledger_, flows_ = through_bytes(ledger), through_bytes(flows)
    direct = ticked(ledger, flows, start_ns=OPENS_NS + 10**9)
    again = ticked(ledger_, flows_, start_ns=OPENS_NS + 10**9)

    assert ledger_.encoded() == ledger.encoded()
    assert flows_.encoded() == flows.encoded()
    assert again.encoded() == direct.encoded()


@pytest.mark.parametrize("world", world_names())
def test_the_accounts_of_a_world_open_without_a_refusal(world: str) -> None:
    facts = list(account_facts(load(world)))

    ledger = told(*(fact for fact, _ in facts), at_ns=parse_instant(facts[0][1]))

    bought = [c.contract_id for c in ledger.contracts.values() if c.buyer_segment]
    assert bought == ["ai-backhaul"]
    assert {"anthropic-compute", "google-compute"} <= ledger.contracts.keys()
    assert {c.counterparty for c in ledger.contracts.values()} >= {"us-government", "enterprise"}
    assert len(ledger.filed) > 20
    debts = sum(debt.principal_micro_usd for debt in ledger.debts.values())
    assert debts == 38_433_000_000_000_000


def test_the_world_of_2026_earns_what_connectivity_last_filed() -> None:
    facts = list(account_facts(load("2026")))
    at_ns = parse_instant(facts[0][1])
    ledger = told(*(fact for fact, _ in facts), at_ns=at_ns)
    flows = ticked(ledger, start_ns=at_ns, tick_ns=at_ns + 3600 * 10**9)

    items = ledger.items.items
    of = [i for i, item in enumerate(items) if item.reporting_segment == "Connectivity"]
    per_quarter_usd = int(flows.book[of, 3].sum()) * 2190 / 1e6

    # 4,291 M$ of Q2-2026, before two networks on order ran for a whole quarter.
    assert per_quarter_usd == pytest.approx(4.291e9, rel=0.2)
    assert booked(ledger, flows, "contract/cdao")[0] > 0


def through_bytes(value):
    """As the snapshot does: arrays by a hook, everything else as MessagePack has it."""

    def encode(array: object) -> object:
        assert isinstance(array, np.ndarray)
        return (array.shape, array.tobytes())

    def decode(kind: type, stored) -> object:
        shape, data = stored
        return frozen(np.frombuffer(data, dtype="<i8").reshape(shape))

    body = msgspec.msgpack.encode(value, enc_hook=encode)
    return msgspec.msgpack.decode(body, type=type(value), dec_hook=decode)
