"""What the filings say of the group's shares, found again by folding its history.

Every figure stands in the fact sheet, section 6, with its source; each is read from the tables
after the facts of a day, not computed from the numbers that went into them alone.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.business.owning import applied, fold_told, group_at, issued, told
from twin.baseline import load
from twin.business.cap_tables import CapTables, Company
from twin.business.stakes import beneficial_votes, economic, stake
from twin.events import Body, OfferingPriced, SharesIssued
from twin.simulate.owners import MUSK, TESLA_OTHERS, VALOR, XAI_CASHED, ownership_facts
from twin.units import parse_instant
from twin.views.ownership import OWNERSHIP, ownership_rows

BILLION = 10**9
MICRO = 10**6

BEFORE_X = "2025-03-27"
AFTER_X = "2025-03-28"
BEFORE_XAI = "2026-02-01"
AFTER_XAI = "2026-02-02"
AFTER_SPLIT = "2026-05-04"
PRICED = "2026-06-11"
TRADED = "2026-06-12"
DIRECTORS = (MUSK, "Shotwell", "Johnsen", "Ehrenpreis", "Glein", VALOR, "Nosek")


def spacex_at(day: str) -> Company:
    return group_at(day).company("SpaceX")


def dollars(company: Company) -> float:
    assert company.value_micro_usd is not None
    return company.value_micro_usd / MICRO


def price_of(tables: CapTables, name: str) -> Fraction:
    price = tables.company(name).price
    assert price is not None
    return Fraction(price.micro_usd, MICRO)


def instant(day: str) -> int:
    return parse_instant(f"{day}T00:00:00Z")


# The X merger, 2025-03-28


def test_xai_and_x_came_to_113_billion_of_which_x_was_33() -> None:
    before, after = group_at(BEFORE_X), group_at(AFTER_X)

    merger = after.mergers[0]

    from_x = sum(count for _, count in merger.issued_counts)
    assert dollars(after.company("xAI")) == pytest.approx(113 * BILLION, rel=1e-6)
    assert from_x * price_of(after, "xAI") == pytest.approx(33 * BILLION, rel=1e-6)
    assert after.company("xAI").issued_count - from_x == (
        before.company("xAI").issued_count - 250_000_000
    )


def test_a_share_of_x_became_2_776_of_xai_rounded_down() -> None:
    before, after = group_at(BEFORE_X), group_at(AFTER_X)

    of_x = before.company("X").issued_count
    got = dict(after.mergers[0].issued_counts)["A"]

    assert got == int(of_x * Fraction("2.776"))
    assert got < of_x * Fraction("2.776")


# Before the xAI merger


def test_two_billion_of_series_d_were_spacex_s_and_ended_with_the_merger() -> None:
    before, after = group_at(BEFORE_XAI), group_at(AFTER_XAI)

    held = before.company("xAI").holding("A", "SpaceX").shares_count

    assert 0 <= 2 * BILLION - held * Fraction("36.56") < Fraction("36.56")
    assert after.mergers[1].cancelled_count == held
    assert stake(after.company("SpaceX"), "SpaceX", at_ns=0).shares_count == 0


def test_tesla_s_two_billion_were_a_right_until_the_waiting_period_was_over() -> None:
    before, after, shares = group_at(BEFORE_XAI), group_at(AFTER_XAI), group_at("2026-03-12")

    right = before.company("xAI").holding("A", "Tesla")

    assert (right.shares_count, right.options_count) == (0, int(2 * BILLION / Fraction("75.46")))
    assert after.company("SpaceX").holding("A", "Tesla").options_count == 3_798_039
    assert after.company("SpaceX").holding("A", "Tesla").shares_count == 0
    assert shares.company("SpaceX").holding("A", "Tesla").shares_count == 3_798_039
    assert shares.company("SpaceX").holding("A", "Tesla").options_count == 0


def test_the_split_made_tesla_s_18_990_195_which_are_below_one_per_cent() -> None:
    spacex = spacex_at(AFTER_SPLIT)

    assert spacex.holding("A", "Tesla").shares_count == 18_990_195 == 5 * 3_798_039
    assert Fraction(18_990_195, spacex.issued_of("A")) < Fraction(1, 100)


# The xAI merger, 2026-02-02


def test_the_prices_of_the_merger_are_its_ratio() -> None:
    """75.46 / 526.59 = 0.1433."""
    xai = price_of(group_at(BEFORE_XAI), "xAI")
    spacex = price_of(group_at(AFTER_XAI), "SpaceX")

    assert round(float(xai / spacex), 4) == 0.1433


def test_the_merger_issued_what_the_filing_says_tesla_s_among_it() -> None:
    merger = group_at(AFTER_XAI).mergers[1]

    issued_by = dict(merger.issued_counts)

    assert issued_by["A"] + merger.options_count == 321_681_643
    assert issued_by["B"] == 121_683_400


def test_the_stock_of_the_merger_was_worth_233_5_billion() -> None:
    tables = group_at(AFTER_XAI)
    merger = tables.mergers[1]

    count = sum(n for _, n in merger.issued_counts) + merger.options_count

    assert count * price_of(tables, "SpaceX") / BILLION == pytest.approx(233.5, abs=0.05)


def test_the_cash_of_the_merger_is_that_of_its_holders_to_a_share() -> None:
    before, after = group_at(BEFORE_XAI), group_at(AFTER_XAI)

    cashed = stake(before.company("xAI"), XAI_CASHED, at_ns=0).shares_count

    assert after.mergers[1].cash_micro_usd == 2_947 * MICRO * MICRO
    assert 0 <= 2_947 * MICRO - cashed * Fraction("75.46") < Fraction("75.46")
    assert stake(after.company("SpaceX"), XAI_CASHED, at_ns=0).shares_count == 0


def test_the_headline_was_250_and_1000_billion_and_is_the_sum_of_parts() -> None:
    tables = group_at(AFTER_XAI)
    column = 2 + 3 + OWNERSHIP.column_names.index("sum_of_parts_usd")

    shares = [
        row[column]
        for row in ownership_rows("public", tables, instant(AFTER_XAI))
        if row[2] == "SpaceX"
    ]

    assert tables.company("SpaceX").parts_micro_usd == 1_250 * BILLION * MICRO
    # Each is rounded down to a micro-dollar.
    assert 0 <= 1_250 * BILLION * MICRO - sum(shares) < len(shares)


# The split and the table of 2026-05-01


def test_the_split_divided_the_price_of_the_merger() -> None:
    assert round(float(price_of(group_at(AFTER_SPLIT), "SpaceX")), 2) == 105.32


def test_the_history_arrives_at_the_filed_count_of_shares() -> None:
    spacex = spacex_at(AFTER_SPLIT)

    assert spacex.issued_of("A") == 6_932_508_000
    assert spacex.issued_of("B") == 5_602_790_410
    assert round(spacex.issued_count / BILLION, 3) == 12.535


def test_the_history_arrives_at_every_filed_holding() -> None:
    spacex, at_ns = spacex_at(AFTER_SPLIT), instant(AFTER_SPLIT)

    def beneficial(holder: str, share_class: str) -> int:
        held = stake(spacex, holder, at_ns=at_ns, share_class=share_class)
        return held.shares_count + held.options_count

    assert {holder: beneficial(holder, "A") for holder in DIRECTORS} == {
        MUSK: 849_494_440,
        "Shotwell": 5_460_400,
        "Johnsen": 9_583_690,
        "Ehrenpreis": 809_050,
        "Glein": 277_800,
        VALOR: 503_414_530,
        "Nosek": 32_987_360,
    }
    assert {h: beneficial(h, "B") for h in DIRECTORS if beneficial(h, "B")} == {
        MUSK: 5_569_053_075,
        "Shotwell": 7_113_550,
        "Ehrenpreis": 564_650,
    }
    assert sum(beneficial(holder, "A") for holder in DIRECTORS) == 1_402_027_270
    assert sum(beneficial(holder, "B") for holder in DIRECTORS) == 5_576_731_275


def test_musk_s_restricted_shares_are_his_two_awards() -> None:
    held = stake(spacex_at(AFTER_SPLIT), MUSK, at_ns=instant(AFTER_SPLIT))

    assert held.unvested_count == 1_302_072_285 == 1_000_000_000 + 302_072_285
    assert held.options_count == 350_000_000


def test_musk_has_the_filed_shares_of_each_class_and_of_the_votes() -> None:
    spacex, at_ns = spacex_at(AFTER_SPLIT), instant(AFTER_SPLIT)

    of_a = economic(spacex, MUSK, at_ns=at_ns, share_class="A").diluted
    of_b = economic(spacex, MUSK, at_ns=at_ns, share_class="B").diluted

    assert round(float(of_a), 3) == 0.123
    assert round(float(of_b), 3) == 0.936
    assert round(float(beneficial_votes(spacex, MUSK, at_ns=at_ns)), 3) == 0.851


def test_musk_s_economic_share_in_each_way_it_is_counted() -> None:
    found = economic(spacex_at(AFTER_SPLIT), MUSK, at_ns=instant(AFTER_SPLIT))

    assert round(float(found.beneficial), 3) == 0.512
    assert round(float(found.diluted), 3) == 0.498
    assert round(float(found.issued), 3) == 0.484
    assert round(float(found.vested), 3) == 0.424


def test_valor_has_7_3_per_cent_of_class_a() -> None:
    found = economic(spacex_at(AFTER_SPLIT), VALOR, at_ns=0, share_class="A")

    assert round(float(found.issued), 3) == 0.073


# The offering


def test_the_offering_valued_spacex_at_1_767_trillion() -> None:
    spacex = spacex_at(PRICED)

    assert spacex.issued_count == 12_535_298_410 + 555_600_000
    assert round(dollars(spacex) / BILLION) == 1_767
    assert round(group_at(PRICED).offerings[0].gross_micro_usd / MICRO / BILLION) == 75


def test_the_offering_with_its_option_brought_85_675_million_net() -> None:
    offerings = group_at(TRADED).offerings

    assert sum(each.shares_count for each in offerings) == 638_900_000
    assert sum(each.net_micro_usd for each in offerings) == 85_675 * MICRO * MICRO


def test_one_offering_comes_to_the_same_as_its_two_halves() -> None:
    fee_usd = Decimal("638.9e6") * 135 - Decimal("85675e6")
    whole = OfferingPriced("SpaceX", "A", "public", 555_600_000, 83_300_000, Decimal(135), fee_usd)

    tables = applied(group_at("2026-06-10"), whole, instant(PRICED))

    assert tables.offerings[0].net_micro_usd == 85_675 * MICRO * MICRO
    assert tables.company("SpaceX").holdings == spacex_at(TRADED).holdings


def test_after_the_offering_musk_votes_82_to_84_per_cent() -> None:
    spacex = spacex_at(TRADED)

    votes = Fraction(stake(spacex, MUSK, at_ns=0).votes_count, spacex.votes_count)

    assert 0.82 < votes < 0.84


@pytest.mark.parametrize(
    ("day", "price"),
    [("2026-06-13", 160.95), ("2026-08-07", 111.78), ("2026-09-16", 148.15)],
)
def test_the_market_s_price_is_the_latest_close(day: str, price: float) -> None:
    assert float(price_of(group_at(day), "SpaceX")) == price


# Beyond the history


def test_echostar_s_equity_is_11_1_billion_at_42_40() -> None:
    """261.8 M shares; with 8.5 B$ of debt they make the price of the spectrum, 19.6 B$."""
    number = load("2026").number
    count = int(number("ownership.spectrum.shares_count"))
    price_usd = Decimal(str(number("ownership.spectrum.price_usd_per_share")))

    tables = applied(
        group_at(AFTER_SPLIT),
        issued("SpaceX", "EchoStar", count, price_usd=price_usd),
        instant("2027-11-30"),
    )

    held = stake(tables.company("SpaceX"), "EchoStar", at_ns=0).shares_count
    equity = held * price_usd / BILLION
    assert round(equity, 1) == Decimal("11.1")
    assert round(equity + Decimal("8.5"), 1) == Decimal("19.6")


def test_the_debt_of_march_is_its_instruments_and_that_of_june_what_came_since() -> None:
    def millions(name: str) -> float:
        return load("2026").number(f"ownership.debt.{name}_usd") / MICRO

    march = millions("bridge") + millions("other-financings") + millions("x-notes")

    assert march == millions("principal-2026-03-31") == 29_132
    assert march + millions("new-q2-2026") == millions("principal-2026-06-30") == 38_433


# The history itself


def test_the_history_is_told_in_order_and_every_fact_is_accepted() -> None:
    instants = [at_ns for _, at_ns, _ in told()]

    assert all(earlier <= later for earlier, later in pairwise(instants))
    assert fold_told(told()).names == ("SpaceX", "Tesla", "X", "xAI")


@pytest.mark.parametrize("world", ["2026", "2029"])
def test_every_world_has_the_same_history(world: str) -> None:
    assert tuple(ownership_facts(load(world))) == told()


def test_a_holder_called_assumed_is_assumed_in_every_fact_and_row() -> None:
    facts = [(body, confidence) for body, _, confidence in told() if _holder(body)]

    assert all(c == "assumed" for body, c in facts if "(assumed)" in _holder(body))
    for row in ownership_rows("public", group_at(TRADED), instant(TRADED)):
        assert row[1] == "assumed" or "(assumed)" not in str(row[4])


def test_musk_s_part_of_tesla_s_part_is_his_in_the_end() -> None:
    """A fifth of 18,990,195 shares, of 12,535,298,410."""
    rows = ownership_rows("public", group_at(AFTER_SPLIT), instant(AFTER_SPLIT))
    column = 2 + 3 + OWNERSHIP.column_names.index("look_through_fraction")

    indirect = {row[4]: row[column] for row in rows if row[2:4] == ("SpaceX", "indirect")}

    assert indirect[MUSK] == pytest.approx(0.2 * 18_990_195 / 12_535_298_410, rel=1e-12)
    assert indirect[TESLA_OTHERS] == pytest.approx(0.8 * 18_990_195 / 12_535_298_410, rel=1e-12)


def _holder(body: Body) -> str:
    return body.holder if isinstance(body, SharesIssued) else ""
