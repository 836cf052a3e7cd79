"""A number set anew: what was agreed on it before the fork is agreed again, or a note says why not.

Half an hour of the whole group, forked after ten minutes.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.branching import Beside, run
from streams.comparison import AS_RECORDED, UNFELT, as_plain
from tests.one_process import OneProcess
from twin.baseline import load
from twin.baseline.bounds import refuse_impossible
from twin.errors import BadInput
from twin.events import ContractSigned
from twin.state import Twin
from twin.units import instant_text, parse_instant
from twin.whatif.agreeing import agreed_again
from twin.whatif.plan import FOR_EVER_NS, Span
from twin.whatif.scenario import read_scenario

FORK_TICK = 10
EARLY = "2026-08-21T00:00:00Z"
PRICE = "contract.anthropic-compute.price_usd_per_month"
PAID = "price.supergrok_usd_per_month"


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """The group of 2026 in a world that starts the day before its numbers are of."""
    with OneProcess(
        tmp_path_factory.mktemp("early"),
        baseline=load("2026"),
        start_ns=parse_instant(EARLY),
        satellites_count=60,
    ) as one:
        return one.run(2)[-1].twin


def at(one: OneProcess, tick: int) -> str:
    return instant_text(one.tick_ns(tick))


def branched(one: OneProcess, edits: str, *, fork: str = "", until: str = "") -> Beside:
    text = f"name: t\nfrom: {fork or at(one, FORK_TICK)}\nedits:\n{edits}"
    return run(one.log, one.engine, read_scenario(text + (f"\nuntil: {until}" if until else "")))


def found(branch: Beside) -> dict[tuple[str, str, str], Any]:
    plain = as_plain(branch)
    return {(each["view"], each["key"], each["column"]): each for each in plain["deltas"]}


def notes(branch: Beside) -> list[str]:
    told: list[str] = as_plain(branch)["notes"]
    return told


def gross(branch: Beside, item: str) -> tuple[int, int]:
    """What an item booked in the last tick, in baseline and branch."""
    was, is_now = (
        each.revenues["public"].book[each.ledgers["public"].items.places[item], 0]
        for each in (branch.baseline, branch.branch)
    )
    return int(was), int(is_now)


@pytest.mark.parametrize("fork", ["", "start"])
def test_a_price_that_is_set_is_what_is_billed_after_the_fork(half_hour, fork) -> None:
    branch = branched(half_hour, f"  - set: {PRICE}\n    to: 625000000", fork=fork)

    was, is_now = gross(branch, "contract/anthropic-compute")
    assert was > 0
    assert is_now == pytest.approx(was / 2, abs=1)
    assert branch.first_divergence_ns == half_hour.tick_ns(1 if fork else FORK_TICK + 1)
    assert branch.baseline.ledgers["public"].items.ids == branch.branch.ledgers["public"].items.ids


def test_a_price_of_customers_follows_and_ends_with_its_time(half_hour) -> None:
    edit = f"  - set: {PAID}\n    to: 60\n    for: 5min"

    within = branched(half_hour, edit, until=at(half_hour, FORK_TICK + 5))
    after = branched(half_hour, edit, until=at(half_hour, FORK_TICK + 6))

    was, is_now = gross(within, "customers/grok/subscribers")
    assert is_now == pytest.approx(2 * was, abs=1)
    assert gross(after, "customers/grok/subscribers") == (was, was)


def test_the_worth_of_a_promise_follows_from_the_next_tick_on(half_hour) -> None:
    branch = branched(half_hour, "  - set: promise.pleo.value_usd_per_y\n    to: 1000000000")

    worth = found(branch)["commitments", "pleo-europe", "value_usd"]
    assert worth["branch"] > worth["baseline"]
    assert found(branch)["commitments", "pleo-europe", "earned_usd"]["change"] > 0


def test_two_numbers_of_one_contract_hold_together(half_hour) -> None:
    count = "contract.anthropic-compute.accelerators_count"
    branch = branched(
        half_hour, f"  - set: {PRICE}\n    to: 625000000\n  - set: {count}\n    to: 1000"
    )

    contract = branch.branch.ledgers["public"].contracts["anthropic-compute"]
    assert (contract.price_micro_usd, contract.quantity) == (625_000_000_000_000, 1_000)


@pytest.mark.parametrize("gone", ["", "starlink-enterprise", "data-licensing"])
def test_what_runs_since_before_the_opening_is_agreed_again_whatever_else_runs(early, gone) -> None:
    name = "contract.ai-backhaul.price_usd_per_month"
    books = early.ledgers["public"]
    contracts = {k: v for k, v in books.contracts.items() if k != gone}
    twin = replace(early, ledgers={"public": replace(books, contracts=contracts)})
    said = replace(early.registry.assumptions[name], value=7)

    (again,), notes = agreed_again(twin, [(0, said, Span(early.tick_ns, FOR_EVER_NS))])

    assert notes == []
    assert isinstance(again.body, ContractSigned)
    assert (again.body.contract_id, again.body.price_usd) == ("ai-backhaul", 7)
    assert again.body.starts_at == EARLY


def test_a_contract_that_is_repriced_and_given_notice_still_ends(half_hour) -> None:
    branch = branched(
        half_hour,
        f"  - stop: anthropic-compute\n    notice: 90d\n  - set: {PRICE}\n    to: 625000000",
    )

    contract = branch.branch.ledgers["public"].contracts["anthropic-compute"]
    assert contract.price_micro_usd == 625_000_000_000_000
    assert contract.ends_ns < contract.term_ends_ns


def test_a_contract_is_not_agreed_again_after_its_end_was_said(half_hour) -> None:
    later = at(half_hour, FORK_TICK + 5)
    edits = f"  - stop: anthropic-compute\n  - set: {PRICE}\n    to: 1\n    at: {later}"

    with pytest.raises(BadInput, match=r"line 5: .*after its end is said.*no later than the stop"):
        branched(half_hour, edits)


@pytest.mark.parametrize(
    ("edit", "instead"),
    [
        ("set: demand.grok.peak_h\n    to: 3", "use scale"),
        ("set: class.v2-mini.array_w\n    to: 9000", "use fail"),
        ("set: manifest.2029.ai1.launches_count_per_y\n    to: 99", "use stop or drop"),
        ("set: launch.customer-revenue-2025_usd\n    to: 9", "inject LaunchScheduled"),
        ("set: contract.cdao.spent_fraction\n    to: 0.1", "to agree one, inject it"),
        ("set: price.h100-reserved-2025-10_usd_per_accelerator_h\n    to: 9", "inject it"),
    ],
)
def test_a_number_that_nothing_follows_from_names_what_to_edit_instead(
    half_hour, edit, instead
) -> None:
    name = edit.split()[1]

    (note,) = (each for each in notes(branched(half_hour, f"  - {edit}")) if name in each)

    assert instead in note


def test_a_scenario_that_no_figure_feels_says_so(half_hour) -> None:
    branch = branched(half_hour, "  - set: suncatcher.cluster.radius_km\n    to: 7")

    assert notes(branch) == [UNFELT]
    assert branch.deltas == ()


def test_a_scenario_without_edits_needs_no_note(half_hour) -> None:
    assert notes(branched(half_hour, "  []")) == []


def test_what_is_felt_comes_with_the_note_on_what_stays_as_recorded(half_hour) -> None:
    assert notes(branched(half_hour, "  - scale: grok\n    by: 2")) == [AS_RECORDED]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (f"set: {PAID}\n    to: -60", f"line 4: {PAID}=-60; expected 0 or more"),
        ("set: site.c2-gb200.pue_ratio\n    to: 0.5", "expected 1 or more"),
        ("set: alarm.silent_fraction\n    to: 2", "expected 0 to 1"),
        (f"set: {PAID}\n    to: .nan", "give a number within these bounds"),
        (f"set: {PAID}\n    to: 1.0e+300", "anything|cannot be|at most"),
        ("set: promise.pleo.promised_bps\n    to: 0", "numbers that can be agreed on"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_line(half_hour, edit, expected) -> None:
    with pytest.raises(BadInput, match=expected):
        branched(half_hour, f"  - {edit}")


@pytest.mark.parametrize(
    "edits",
    [
        "  - stop: starship\n    for: 9d\n  - stop: starship\n    for: 3d",
        "  - stop: grok\n  - scale: grok\n    by: 3",
        "  - scale: grok\n    by: 3\n  - stop: grok",
        "  - stop: google-compute\n  - stop: google-compute\n    notice: 200d",
        f"  - set: {PRICE}\n    to: 2.0e+9\n  - set: {PRICE}\n    to: 3.0e+9",
        f"  - set: {PRICE}\n    to: 2.0e+9\n    for: 50min\n"
        f"  - set: {PRICE}\n    to: 3.0e+9\n    at: 2029-01-01T00:20:00Z\n    for: 10min",
        f"  - set: {PRICE}\n    to: 2.0e+9\n    at: 2029-01-01T00:25:00Z\n"
        f"  - set: {PRICE}\n    to: 3.0e+9\n    at: 2029-01-01T00:20:00Z",
    ],
)
def test_edits_that_contradict_each_other_are_refused(half_hour, edits) -> None:
    with pytest.raises(BadInput, match=r"line \d: (stop|scale|set) .* expected one of the two"):
        branched(half_hour, edits)


@pytest.mark.parametrize(("tick", "price_usd"), [(3, 2e9), (7, 3e9), (12, None), (17, 4e9)])
def test_a_number_set_several_times_is_billed_as_it_is_assumed(half_hour, tick, price_usd) -> None:
    edits = (
        f"  - set: {PRICE}\n    to: 4.0e+9\n    at: {at(half_hour, FORK_TICK + 15)}\n"
        f"  - set: {PRICE}\n    to: 2.0e+9\n    for: 5min\n"
        f"  - set: {PRICE}\n    to: 3.0e+9\n    at: {at(half_hour, FORK_TICK + 5)}\n    for: 5min"
    )

    branch = branched(half_hour, edits, until=at(half_hour, FORK_TICK + tick))

    expected_usd = price_usd or branch.baseline.registry.number(PRICE)
    assert branch.branch.registry.number(PRICE) == expected_usd
    contract = branch.branch.ledgers["public"].contracts["anthropic-compute"]
    assert contract.price_micro_usd == expected_usd * 1e6


def test_a_vehicle_may_be_stopped_again_later(half_hour) -> None:
    later = at(half_hour, FORK_TICK + 10)
    again = f"  - stop: starship\n    for: 5min\n  - stop: starship\n    for: 5min\n    at: {later}"

    assert branched(half_hour, again).plan.grounded["starship"]


@pytest.mark.parametrize("name", ["live", "Live", " live "])
def test_no_scenario_is_called_live(name) -> None:
    with pytest.raises(BadInput, match="another name: live is what happened"):
        read_scenario(f"name: '{name}'\nfrom: start\nedits: []")


@pytest.mark.parametrize("world", ["2026", "2029"])
def test_every_shipped_number_can_be(world) -> None:
    for entry in load(world).assumptions.values():
        if not isinstance(entry.value, str):
            refuse_impossible(entry.name, entry.value, entry.unit)


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        (
            "  - set: class.ai1.array_w\n    to: 100000",
            "class.ai1: an array of 100,000 W gives less than the 150,000 W that its 60",
        ),
        ("  - set: class.ai1.accelerator_w\n    to: 3000", "less than the 210,000 W"),
        ("  - set: class.ai1.array_w\n    to: 150000", ""),
        (
            "  - set: class.ai1.array_w\n    to: 100000\n"
            "  - set: class.ai1.accelerator_w\n    to: 1000",
            "",
        ),
        ("  - set: class.v2-mini.array_w\n    to: 1", ""),
    ],
)
def test_an_array_too_small_for_what_it_feeds_is_said(half_hour, edits, said) -> None:
    found = [note for note in notes(branched(half_hour, edits)) if "gives less than" in note]

    assert len(found) == bool(said)
    assert all(said in note for note in found)


def test_a_supplier_that_leaves_ends_its_promises_and_no_revenue(half_hour) -> None:
    branch = branched(half_hour, "  - stop: SpaceX\n    notice: 5min")

    (note,) = (each for each in notes(branch) if each.startswith("supplier SpaceX leaves"))
    count = sum(
        promise.terms.supplier == "SpaceX"
        for each in branch.baseline.promises.values()
        for promise in each.items
    )
    gone = at(half_hour, FORK_TICK + 5)
    assert f"its promises, {count} in all, at {gone}; contracts, customers and prices stay" in note
    assert {each.view for each in branch.deltas} >= {"commitments", "risk"}
    assert "revenue" not in {each.view for each in branch.deltas}
