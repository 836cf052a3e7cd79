"""Shares: issued, vested, split, exchanged, offered and priced; and everything that is refused."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.business.owning import (
    DAY_NS,
    applied,
    company,
    fold_told,
    folded,
    group_at,
    issued,
    merged,
    price,
    told,
)
from twin.business.cap_tables import NEVER_NS, CapTables, Lot
from twin.business.ownership import COMPANIES_MAX_COUNT
from twin.business.stakes import economic, stake
from twin.errors import BadInput, BrokenInvariant
from twin.events import OfferingPriced, PriceSet, ShareClass, SharesSplit
from twin.units import instant_text
from twin.views.ownership import OWNERSHIP, ownership_rows
from twin.views.view import Moment

AT_NS = 100 * DAY_NS
COLUMNS = ("label", "basis", *OWNERSHIP.key_names, *OWNERSHIP.column_names)


def rows(tables: CapTables, at_ns: int = AT_NS) -> list[dict]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in ownership_rows("public", tables, at_ns)]


def two_companies() -> CapTables:
    return folded(
        company("Target", A=1, B=10),
        company("Acquirer", A=1, B=10),
        issued("Target", "ann", 1_001),
        issued("Target", "bob", 15, "B"),
        issued("Acquirer", "eve", 5_000),
    )


# Issues


def test_shares_of_a_class_are_what_its_holders_have() -> None:
    tables = folded(
        company("Co", A=1, B=10),
        issued("Co", "ann", 60),
        issued("Co", "bob", 40),
        issued("Co", "ann", 10, "B"),
        issued("Co", "ann", -20),
    )

    found = tables.company("Co")

    assert found.issued_counts == (80, 10)
    assert (found.holding("A", "ann").shares_count, found.issued_of("A")) == (40, 80)
    assert found.votes_count == 80 + 10 * 10


def test_a_holder_of_nothing_is_gone() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 60), issued("Co", "ann", -60))

    assert tables.company("Co").holdings == ()
    assert rows(tables) == []


def test_unvested_shares_vote_and_count_until_they_vest() -> None:
    vests_at = instant_text(50 * DAY_NS)

    tables = folded(
        company("Co"), issued("Co", "ann", 60), issued("Co", "ann", 40, vests_at=vests_at)
    )

    found = tables.company("Co")
    assert stake(found, "ann", at_ns=49 * DAY_NS).unvested_count == 40
    assert stake(found, "ann", at_ns=50 * DAY_NS).unvested_count == 0
    assert found.votes_count == found.issued_count == 100


def test_restricted_shares_vest_when_it_is_said() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 40, is_restricted=True))

    after = folded(
        issued("Co", "ann", -30, is_restricted=True),
        issued("Co", "ann", 30),
        tables=tables,
        first_day=5,
    )

    assert tables.company("Co").holding("A", "ann").lots == (Lot(NEVER_NS, 40),)
    assert after.company("Co").holding("A", "ann").lots == (Lot(NEVER_NS, 10),)
    assert after.company("Co").issued_count == 40


def test_options_are_neither_issued_nor_votes_until_exercised() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 90), issued("Co", "ann", 10, is_option=True))

    exercised = folded(
        issued("Co", "ann", 10),
        issued("Co", "ann", -10, is_option=True),
        tables=tables,
        first_day=5,
    )

    assert (tables.company("Co").issued_count, tables.company("Co").votes_count) == (90, 90)
    assert rows(tables)[0]["options_count"] == 10
    assert (rows(exercised)[0]["options_count"], rows(exercised)[0]["shares_count"]) == (0, 100)


def test_only_vested_shares_are_cancelled_unless_the_lot_is_named() -> None:
    tables = folded(
        company("Co"), issued("Co", "ann", 60), issued("Co", "ann", 40, is_restricted=True)
    )

    with pytest.raises(BadInput, match=r"at most 60 vested, 40 unvested, 0 options"):
        folded(issued("Co", "ann", -61), tables=tables, first_day=5)
    with pytest.raises(BadInput, match="at most 40 that vest then"):
        folded(issued("Co", "ann", -41, is_restricted=True), tables=tables, first_day=5)


# Splits


def test_a_split_multiplies_everything_and_divides_the_price() -> None:
    tables = folded(
        company("Co"),
        issued("Co", "ann", 7),
        issued("Co", "ann", 3, is_restricted=True),
        issued("Co", "ann", 2, is_option=True),
        price("share.co", "526.59"),
        SharesSplit("Co", 5),
    )

    held = tables.company("Co").holding("A", "ann")

    assert (held.shares_count, held.options_count, held.lots) == (50, 10, (Lot(NEVER_NS, 15),))
    assert tables.company("Co").price.micro_usd == 105_318_000


def test_a_price_that_does_not_divide_is_rounded_to_the_nearest_micro_dollar() -> None:
    tables = folded(company("Co"), price("share.co", "0.000005"), SharesSplit("Co", 2))

    assert tables.company("Co").price.micro_usd == 3


def test_what_comes_late_is_counted_in_the_shares_of_its_day() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 10), SharesSplit("Co", 5))

    late = applied(tables, issued("Co", "bob", 10), 2 * DAY_NS)
    late = applied(late, price("share.co", "50"), 2 * DAY_NS)

    assert late.company("Co").holding("A", "bob").shares_count == 50
    assert late.company("Co").price.micro_usd == 10_000_000


def test_a_split_told_late_leaves_a_later_price() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 10), price("share.co", "10"))

    after = applied(tables, SharesSplit("Co", 5), 2 * DAY_NS)

    assert after.company("Co").price.micro_usd == 10_000_000
    assert after.company("Co").issued_count == 50


def test_a_split_or_merger_older_than_a_change_is_refused() -> None:
    tables = two_companies()

    for late in (SharesSplit("Target", 2), merged("Target", "Acquirer", "1")):
        with pytest.raises(BadInput, match=r"shares have changed since.*SharesIssued"):
            applied(tables, late, 2 * DAY_NS)


# Mergers


@pytest.mark.parametrize(
    ("rounding", "ann", "bob"),
    [("down", 143, 2), ("up", 144, 3)],
)
def test_an_exchange_is_rounded_once_a_holder_and_class(rounding, ann, bob) -> None:
    """1,001 × 0.1433 = 143.4433; 15 × 0.1433 = 2.1495."""
    tables = folded(
        merged("Target", "Acquirer", "0.1433", rounding=rounding),
        tables=two_companies(),
        first_day=9,
    )

    acquirer = tables.company("Acquirer")

    assert acquirer.holding("A", "ann").shares_count == ann
    assert acquirer.holding("B", "bob").shares_count == bob
    assert acquirer.issued_counts == (5_000 + ann, bob)
    assert tables.mergers[0].issued_counts == (("A", ann), ("B", bob))


def test_a_ratio_is_exact_where_a_binary_fraction_would_not_be() -> None:
    """10,000 × 0.1433 is 1,433; the nearest binary fraction is below it."""
    tables = folded(
        company("T"),
        company("S"),
        issued("T", "ann", 10_000),
        merged("T", "S", "0.1433", rounding="up"),
    )

    assert tables.company("S").holding("A", "ann").shares_count == 1_433


def test_unvested_shares_and_rights_go_through_a_merger() -> None:
    tables = folded(
        company("T"),
        company("S"),
        issued("T", "ann", 10, is_restricted=True),
        issued("T", "ann", 5),
        issued("T", "ann", 3, is_option=True),
        merged("T", "S", "1.5", rounding="up"),
    )

    held = tables.company("S").holding("A", "ann")

    assert (held.shares_count, held.options_count) == (23, 5)
    assert held.lots == (Lot(NEVER_NS, 15),)


def test_lots_that_do_not_come_out_even_never_exceed_the_shares() -> None:
    """2 × 1.5 = 3 shares, of which each of two lots of one makes one whole."""
    tables = folded(
        company("T"),
        company("S"),
        issued("T", "ann", 1, is_restricted=True),
        issued("T", "ann", 1, vests_at=instant_text(50 * DAY_NS)),
        merged("T", "S", "1.5"),
    )

    held = tables.company("S").holding("A", "ann")

    assert held.shares_count == 3
    assert held.lots == (Lot(50 * DAY_NS, 1), Lot(NEVER_NS, 1))


def test_who_took_cash_has_no_shares_and_the_cash_is_known() -> None:
    merger = merged(
        "Target",
        "Acquirer",
        "2",
        cash_holders=("ann",),
        cash_usd_per_share=Decimal("75.46"),
    )

    tables = folded(merger, tables=two_companies(), first_day=9)

    assert tables.company("Acquirer").holding("A", "ann").shares_count == 0
    assert tables.mergers[0].cash_micro_usd == 1_001 * 75_460_000
    assert tables.company("Acquirer").issued_counts == (5_000, 30)


def test_what_target_and_acquirer_hold_in_each_other_is_cancelled() -> None:
    tables = folded(
        issued("Target", "Acquirer", 500),
        issued("Acquirer", "Target", 700),
        merged("Target", "Acquirer", "1"),
        tables=two_companies(),
        first_day=9,
    )

    assert tables.company("Acquirer").issued_counts == (5_000 + 1_001, 15)
    assert {h.holder for h in tables.company("Acquirer").holdings} == {"ann", "bob", "eve"}
    assert tables.mergers[0].cancelled_count == 500


def test_what_the_target_held_in_others_passes_to_the_acquirer() -> None:
    tables = folded(
        company("Third"),
        issued("Third", "Target", 30),
        issued("Third", "Acquirer", 5),
        merged("Target", "Acquirer", "1"),
        tables=two_companies(),
        first_day=9,
    )

    assert [(h.holder, h.shares_count) for h in tables.company("Third").holdings] == [
        ("Acquirer", 35)
    ]


def test_classes_of_the_target_become_those_the_merger_names() -> None:
    merger = merged("Target", "Acquirer", "1", classes=(("B", "A"),))

    tables = folded(merger, tables=two_companies(), first_day=9)

    assert tables.company("Acquirer").issued_counts == (5_000 + 1_001 + 15, 0)


# Offerings and prices


def test_an_offering_issues_its_option_too_and_sets_the_price() -> None:
    offering = OfferingPriced("Co", "A", "public", 80, 20, Decimal("135"), Decimal("500"))

    tables = folded(company("Co"), issued("Co", "ann", 900), offering)

    found = tables.company("Co")
    assert (found.issued_count, found.value_micro_usd) == (1_000, 135_000_000_000)
    assert tables.offerings[0].net_micro_usd == (100 * 135 - 500) * 10**6
    assert found.price.as_of == instant_text(3 * DAY_NS)


def test_the_latest_price_by_effective_time_stands() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 10), price("share.co", "9"))

    late = applied(tables, price("share.co", "1"), 2 * DAY_NS)
    set_ = PriceSet("share.co", Decimal("11"), "usd_per_share", "1970-01-10")
    later = applied(tables, set_, 9 * DAY_NS)

    assert late is tables
    assert (rows(later)[0]["price_usd"], rows(later)[0]["price_at"]) == (11_000_000, "1970-01-10")


def test_a_price_of_something_else_is_not_ours() -> None:
    tables = two_companies()

    assert applied(tables, price("grok.output", "2.5", "usd_per_mtok"), AT_NS) is tables


def test_parts_add_up_and_are_shared_out() -> None:
    tables = folded(
        company("Co"),
        issued("Co", "ann", 75),
        issued("Co", "bob", 25),
        price("part.co.space", "1000", "usd"),
        price("part.co.ai", "100", "usd"),
        price("part.co.ai", "250", "usd"),
    )

    assert [row["sum_of_parts_usd"] for row in rows(tables)] == [937_500_000, 312_500_000]


# Refusals

REFUSED = [
    (issued("Trget", "ann", 1), "'Target' (the nearest name)"),
    (issued("Target", "ann", 1, "C"), "one of A, B"),
    (issued("Target", "ann", 0), "shares issued or cancelled"),
    (issued("Target", "", 1), "somebody else"),
    (issued("Target", "Target", 1), "a company's own shares are cancelled"),
    (issued("Target", "ann", -1_002), "at most 1001 vested"),
    (issued("Target", "ann", -1, is_option=True), "0 options"),
    (issued("Target", "ann", 1, price_usd=Decimal(-1)), "price_usd=-1"),
    (issued("Target", "ann", 1, vests_at="soon"), "an RFC 3339 instant"),
    (issued("Target", "ann", 1, vests_at="2030-01-01T00:00:00Z", is_restricted=True), "condition"),
    (issued("Target", "ann", 1, is_option=True, is_restricted=True), "can be exercised"),
    (issued("Target", "ann", 10**15), "at most"),
    (merged("Trget", "Acquirer", "1"), "'Target' (the nearest name)"),
    (merged("Target", "Aquirer", "1"), "'Acquirer' (the nearest name)"),
    (merged("Target", "Target", "1"), "two companies"),
    (merged("Target", "Acquirer", "0"), "above 0"),
    (merged("Target", "Acquirer", "-0.1433"), "above 0"),
    (merged("Target", "Acquirer", "NaN"), "above 0"),
    (merged("Target", "Acquirer", "1E+400"), "above 0"),
    (merged("Target", "Acquirer", "1E-400"), "9 decimals at most"),
    (merged("Target", "Acquirer", "1", classes=(("Z", "A"),)), "one of A, B"),
    (merged("Target", "Acquirer", "1", classes=(("A", "Z"),)), "one of A, B"),
    (merged("Target", "Acquirer", "1", cash_holders=("anne",)), "'ann' (the nearest name)"),
    (merged("Target", "Acquirer", "1", cash_holders=("ann",)), "cash_usd_per_share or cash_usd"),
    (merged("Target", "Acquirer", "1", cash_usd=Decimal(-1)), "cash_usd=-1"),
    (SharesSplit("Targett", 5), "'Target' (the nearest name)"),
    (SharesSplit("Target", 0), "1 to 1000"),
    (OfferingPriced("Targe", "A", "p", 1, 0, Decimal(1), Decimal(0)), "'Target'"),
    (OfferingPriced("Target", "A", "p", 0, 0, Decimal(1), Decimal(0)), "option_count"),
    (OfferingPriced("Target", "A", "p", 1, 0, Decimal(1), Decimal(2)), "no more than it brings"),
    (OfferingPriced("Target", "A", "p", 1, 0, Decimal(-1), Decimal(0)), "price_usd=-1"),
    (price("share.trget", "1"), "'share.target' (the nearest name)"),
    (price("share.target", "-1"), "value=-1"),
    (price("share.target", "1", "usd"), "usd_per_share"),
    (price("share.target", "1", as_of="spring"), "an RFC 3339 instant"),
    (price("share.target.ai", "1"), "part.<company>.<part>"),
    (price("part.target", "1", "usd"), "part.<company>.<part>"),
    (price("share.target", "999999999999"), "9000000000000 at most"),
    (company("Target", B=10), "every class of A, B"),
    (company("target"), "'Target', or another name"),
    (company("Co", indirect=1), "each of its own name"),
    (company("Co", A=1_001), "0 to 1000"),
    (company("Co.x"), "without a dot"),
]


@pytest.mark.parametrize(("body", "expected"), REFUSED, ids=[expected for _, expected in REFUSED])
def test_bad_facts_are_refused_with_what_was_expected(body, expected) -> None:
    tables = two_companies()
    before = tables.encoded()

    with pytest.raises(BadInput) as refused:
        applied(tables, body, AT_NS)

    assert expected in str(refused.value)
    assert tables.encoded() == before


def test_there_are_no_more_companies_than_can_be_looked_through() -> None:
    tables = folded(*(company(f"C{n}") for n in range(COMPANIES_MAX_COUNT)))

    with pytest.raises(BadInput, match="others are plain holders"):
        folded(company("One more"), tables=tables)


def test_shares_that_do_not_add_up_stop_the_fold() -> None:
    found = folded(company("Co"), issued("Co", "ann", 10)).company("Co")

    with pytest.raises(BrokenInvariant, match="hold 10; expected 11 issued"):
        msgspec.structs.replace(found, issued_counts=(11,)).checked()


def test_a_company_merged_away_names_its_successor() -> None:
    tables = folded(merged("Target", "Acquirer", "1"), tables=two_companies(), first_day=9)

    for body in (
        issued("Target", "ann", 1),
        issued("Acquirer", "Target", 1),
        merged("Target", "Acquirer", "1"),
        company("Target"),
        price("share.target", "1"),
    ):
        with pytest.raises(BadInput, match="'Acquirer', which took its place"):
            applied(tables, body, AT_NS)


def test_a_company_may_get_another_class() -> None:
    tables = folded(company("Co", C=0, A=1, B=10), issued("Co", "ann", 5, "B"))

    after = applied(tables, company("Co", A=1, B=20), AT_NS)

    assert after.company("Co").share_classes == (ShareClass("A", 1), ShareClass("B", 20))
    assert (after.company("Co").issued_counts, after.company("Co").votes_count) == ((0, 5), 100)


# State and view


def test_tables_survive_a_snapshot_and_encode_the_same() -> None:
    tables = group_at("2026-10-01")

    again = msgspec.msgpack.decode(msgspec.msgpack.encode(tables), type=CapTables)

    assert again.encoded() == tables.encoded()
    assert fold_told(told()).encoded() == tables.encoded()


def test_rows_are_made_once_until_something_changes() -> None:
    vests_at = instant_text(50 * DAY_NS)
    tables = folded(company("Co"), issued("Co", "ann", 40, vests_at=vests_at))

    first = ownership_rows("public", tables, 40 * DAY_NS)

    assert ownership_rows("public", tables, 49 * DAY_NS) is first
    assert rows(tables, 50 * DAY_NS)[0]["unvested_count"] == 0
    assert (
        ownership_rows("public", folded(issued("Co", "b", 1), tables=tables), 40 * DAY_NS) != first
    )


def test_a_row_says_whether_it_rests_on_an_assumption() -> None:
    tables = folded(company("Co"), issued("Co", "ann", 4), issued("Co", "bob", 6, basis="assumed"))

    assert [row["basis"] for row in rows(tables)] == ["derived", "assumed"]


def test_the_view_yields_each_label_with_as_many_columns_as_it_names() -> None:
    twin = SimpleNamespace(ownership={"secret": two_companies(), "public": CapTables()}, tick_ns=1)

    found = list(OWNERSHIP.rows(Moment(twin=twin, record=None)))

    assert {row[0] for row in found} == {"secret"}
    assert {len(row) for row in found} == {len(COLUMNS)}


# Whatever happens

HOLDERS = ("ann", "bob", "P", "Q", "R")
COMPANIES = ("P", "Q", "R")

some_issue = st.builds(
    issued,
    st.sampled_from(COMPANIES),
    st.sampled_from(HOLDERS),
    st.integers(-500, 1_000),
    st.sampled_from("AB"),
    is_restricted=st.booleans(),
    is_option=st.integers(0, 5).map(lambda n: n == 0),
)
some_merger = st.builds(
    merged,
    st.sampled_from(COMPANIES),
    st.sampled_from(COMPANIES),
    st.sampled_from(("0.1433", "2.776", "1", "3.3", "0.001")),
    rounding=st.sampled_from(("down", "up")),
    cash_holders=st.sampled_from(((), ("ann",))),
    cash_usd_per_share=st.just(Decimal(1)),
)
some_fact = st.one_of(
    some_issue,
    some_issue,
    some_issue,
    some_merger,
    st.builds(SharesSplit, st.sampled_from(COMPANIES), st.integers(0, 7)),
    st.builds(
        OfferingPriced,
        company=st.sampled_from(COMPANIES),
        share_class=st.sampled_from("AB"),
        holder=st.just("public"),
        shares_count=st.integers(0, 100),
        option_count=st.integers(0, 10),
        price_usd=st.just(Decimal("1.5")),
        fee_usd=st.just(Decimal(0)),
    ),
)


@given(st.lists(st.tuples(some_fact, st.integers(0, 9)), max_size=40))
def test_shares_votes_and_fractions_sum_after_every_event(facts) -> None:
    tables = folded(*(company(name, A=1, B=10) for name in COMPANIES))
    for day, (body, late_days) in enumerate(facts, start=10):
        try:
            tables = applied(tables, body, (day - late_days) * DAY_NS)
        except BadInput:
            continue
        for each in tables.companies:
            _check_sums(each, [row for row in rows(tables) if row["company"] == each.name])


def _check_sums(each, found: list[dict]) -> None:
    for name in each.class_names:
        of_class = [row for row in found if row["share_class"] == name]
        assert sum(row["shares_count"] for row in of_class) == each.issued_of(name)
        assert all(row["issued_count"] == each.issued_of(name) for row in of_class)
    assert sum(row["votes_count"] for row in found) == each.votes_count
    assert all(0 <= row["unvested_count"] <= row["shares_count"] for row in found)
    if each.issued_count:
        for column in ("economic_fraction", "voting_fraction", "look_through_fraction"):
            assert sum(row[column] for row in found) == pytest.approx(1.0, abs=1e-12)
        assert economic_total(each) == 1


def economic_total(each):
    vested = [h for h in each.holdings if h.shares_count > h.unvested_count(AT_NS)]
    if not vested:
        return 1
    holders = {h.holder for h in each.holdings}
    return sum(economic(each, holder, at_ns=AT_NS).issued for holder in holders)
