"""Promises as told: terms, amendments, taskings, accreditations, suppliers that leave."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.business.promising import KNOWN, START_NS, TICK_S, Ledger, at, launches, promised, terms
from twin.business import commitments
from twin.business.commitments import Promises
from twin.business.needs import Need
from twin.business.windows import W
from twin.errors import BadInput
from twin.events import (
    AccreditationChanged,
    CommitmentAmended,
    CommitmentTasked,
    SupplierExited,
)
from twin.units import NS_PER_S

NEXT_NS = START_NS + TICK_S * NS_PER_S


def amended(promises: Promises, *, tick_ns: int = NEXT_NS, **fields) -> Promises:
    fact = CommitmentAmended("sdn", fields=fields)
    return commitments.amended(promises, fact, tick_ns=tick_ns, known=KNOWN)


def exited(promises: Promises, supplier: str, *, scope: str = "", notice_s: float = 0.0):
    fact = SupplierExited(supplier, "us-government", scope, notice_s)
    return commitments.supplier_exited(promises, fact, effective_ns=START_NS, tick_ns=NEXT_NS)


def test_a_promise_asks_the_allocator_for_what_is_promised_and_tasked() -> None:
    promises = promised(
        terms(
            region="europe",
            location_limit=("sl-53",),
            service="starlink",
            accreditation="IL5",
            priority=3,
        )
    )
    task = CommitmentTasked("sdn", 40, at(60), at(120))

    promises = commitments.tasked(promises, task, tick_ns=NEXT_NS)

    wanted = {s: promises.needs(START_NS + s * NS_PER_S)[0].wanted_qty for s in (60, 61, 120, 121)}
    assert wanted == {60: 100, 61: 140, 120: 140, 121: 100}
    assert promises.needs(NEXT_NS) == (
        Need(
            need_id="commitment/sdn/europe",
            service="starlink",
            resource="downlink_bps",
            region="europe",
            wanted_qty=100,
            priority=3,
            segments=("sl-53",),
            accreditation="IL5",
        ),
    )


def test_a_promise_without_segments_is_served_by_those_of_its_service() -> None:
    promises = promised(terms(service="starlink"))

    needs = promises.needs(NEXT_NS, {"starlink": ("sl-53", "sl-43")})

    assert needs[0].segments == ("sl-53", "sl-43")


def test_a_promise_where_no_theatre_applies_may_be_kept_anywhere() -> None:
    promises = promised(terms(region="orbit"))

    assert promises.need_ids == ("commitment/sdn",)
    assert promises.needs(NEXT_NS)[0].region == ""


def test_a_promise_asks_only_while_it_runs_and_says_when_that_changes() -> None:
    promises = promised(terms(starts_at=at(60), ends_at=at(180)), launches(ends_at=at(9_000)))

    running = [len(promises.needs(START_NS + s * NS_PER_S)) for s in (60, 61, 180, 181)]

    assert running == [0, 1, 1, 0]
    assert promises.need_ids == ("commitment/sdn",)
    assert promises.next_change_ns == START_NS + 60 * NS_PER_S
    later = commitments.current(promises, START_NS + 61 * NS_PER_S)
    assert later.next_change_ns == START_NS + 180 * NS_PER_S


def test_promises_stay_the_same_object_until_a_date_changes_them() -> None:
    promises = commitments.current(promised(terms()), START_NS + 1)

    assert commitments.current(promises, promises.next_change_ns) is promises
    assert commitments.current(promises, promises.next_change_ns + 1) is not promises


def test_an_amendment_holds_from_the_tick_after_the_one_it_came_in() -> None:
    promises = amended(promised(terms()), promised_qty=250, value_usd="12.5")

    then = commitments.current(promises, NEXT_NS + 1)

    assert promises.needs(NEXT_NS)[0].wanted_qty == 100
    assert then.needs(NEXT_NS + 1)[0].wanted_qty == 250
    assert then.items[0].value_micro_usd == 12_500_000
    assert then.items[0].terms.value_usd == Decimal("12.5")


def test_two_amendments_of_one_tick_add_up() -> None:
    promises = amended(amended(promised(terms()), promised_qty=250), priority=7)

    need = commitments.current(promises, NEXT_NS + 1).needs(NEXT_NS + 1)[0]

    assert (need.wanted_qty, need.priority) == (250, 7)


def test_an_amendment_does_not_wait_for_one_of_the_tick_after() -> None:
    promises = promised(terms(), terms("other"))
    first = CommitmentAmended("other", fields={"promised_qty": 250})
    promises = commitments.amended(promises, first, tick_ns=NEXT_NS, known=KNOWN)

    promises = amended(promises, tick_ns=2 * NEXT_NS, promised_qty=5)

    wanted = {need.need_id: need.wanted_qty for need in promises.needs(NEXT_NS + 1)}
    assert wanted == {"commitment/other": 250, "commitment/sdn": 100}


def test_a_supplier_that_leaves_is_an_alternative_no_more_once_its_notice_has_run() -> None:
    promises = promised(terms(alternative_suppliers=("ULA", "Blue Origin")))

    promises = exited(promises, "ULA", notice_s=600.0)

    promise = promises.items[0]
    assert promises.alternatives(promise, START_NS + 600 * NS_PER_S) == ("Blue Origin", "ULA")
    assert promises.alternatives(promise, START_NS + 601 * NS_PER_S) == ("Blue Origin",)


def test_what_a_supplier_promised_itself_ends_when_it_leaves() -> None:
    promises = promised(terms(), terms("ai", commitment_kind="ai", resource="accelerator_count"))

    promises = exited(promises, "SpaceX", scope="communications", notice_s=600.0)

    asked = {
        s: [need.need_id for need in promises.needs(START_NS + s * NS_PER_S)] for s in (600, 601)
    }
    assert asked == {600: ["commitment/ai", "commitment/sdn"], 601: ["commitment/ai"]}


def test_sites_are_accredited_and_lose_it_again() -> None:
    def told(promises: Promises, site: str, *, is_granted: bool) -> Promises:
        fact = AccreditationChanged("grok-gov", site, "IL5", is_granted)
        return commitments.accreditation_changed(promises, fact, tick_ns=NEXT_NS, known=KNOWN)

    both = told(told(Promises(), "c1-h100", is_granted=True), "c2-gb200", is_granted=True)
    one = told(both, "c1-h100", is_granted=False)

    assert both.accredited == {("grok-gov", "IL5"): frozenset(("c1-h100", "c2-gb200"))}
    assert one.accredited == {("grok-gov", "IL5"): frozenset(("c2-gb200",))}


def test_the_order_in_which_promises_are_told_leaves_no_trace() -> None:
    one, other = terms("a"), terms("b")

    assert promised(one, other).encoded() == promised(other, one).encoded()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ends_at": at(0)}, "ends_at='2029-01-01T00:00:00Z'; expected an instant after starts_at"),
        ({"starts_at": "soon"}, "starts_at='soon'"),
        ({"region": "indo-pazific"}, "'indo-pacific' (the nearest name)"),
        ({"service": "starlnk"}, "'starlink' (the nearest name)"),
        ({"location_limit": ("sl-35",)}, "'sl-53' (the nearest name)"),
        ({"resource": "downlink_bp"}, "'downlink_bps' (the nearest name)"),
        ({"promised_qty": 0}, "expected 1 or more"),
        ({"window_s": 0.0}, "a window of some length"),
        ({"window_s": 1e10}, "seconds at most"),
        ({"value_usd": Decimal(-1)}, "value_usd=-1"),
        ({"commitment_id": "a/b"}, "a name without a slash"),
    ],
)
def test_a_promise_that_cannot_be_one_is_refused(given: dict, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        promised(terms(**given))

    assert words in str(refused.value)


@pytest.mark.parametrize("due_at", [None, at(0), at(10_001)])
def test_launches_are_promised_by_a_day_within_the_promise(due_at: str | None) -> None:
    with pytest.raises(BadInput, match="due_at"):
        promised(launches(due_at=due_at))


def test_a_promise_is_agreed_once() -> None:
    with pytest.raises(BadInput, match="agreed already"):
        promised(terms(), terms())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"promised_qt": 5}, "fields='promised_qt'; expected 'promised_qty' (the nearest name)"),
        ({"starts_at": at(5)}, "fields='starts_at'"),
        ({"promised_qty": "many"}, "Expected `int`"),
        ({"promised_qty": -1}, ">= 0"),
        ({"ends_at": at(0)}, "ends_at"),
        ({}, "changes nothing"),
    ],
)
def test_an_amendment_that_cannot_hold_is_refused(fields: dict, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        amended(promised(terms()), **fields)

    assert words in str(refused.value)


def test_an_unknown_name_is_refused_with_the_nearest_right_one() -> None:
    promises = promised(terms(alternative_suppliers=("ULA",)), launches())
    task = CommitmentTasked("sdm", 1, at(0), at(60))
    site = AccreditationChanged("grok-gov", "c1-h10", "IL5", is_granted=True)

    with pytest.raises(BadInput, match=r"'sdn' \(the nearest name"):
        commitments.tasked(promises, task, tick_ns=NEXT_NS)
    with pytest.raises(BadInput, match=r"'c1-h100' \(the nearest name"):
        commitments.accreditation_changed(promises, site, tick_ns=NEXT_NS, known=KNOWN)
    with pytest.raises(BadInput, match=r"'ULA' \(the nearest name"):
        exited(promises, "UAL")
    with pytest.raises(BadInput, match=r"'communications' \(the nearest name"):
        exited(promises, "ULA", scope="communication")


def test_a_tasking_that_ends_before_it_starts_or_asks_for_launches_is_refused() -> None:
    promises = promised(terms(), launches())

    with pytest.raises(BadInput, match="ends_at"):
        commitments.tasked(promises, CommitmentTasked("sdn", 1, at(60), at(60)), tick_ns=NEXT_NS)
    with pytest.raises(BadInput, match="a promise of launches"):
        commitments.tasked(promises, CommitmentTasked("nssl", 1, at(0), at(60)), tick_ns=NEXT_NS)


def test_a_refused_event_leaves_everything_as_it_was() -> None:
    promises = promised(terms())
    before = promises.encoded()

    with pytest.raises(BadInput):
        amended(promises, promised_qt=5)

    assert promises.encoded() == before


def test_promises_added_while_others_run_leave_their_windows_alone() -> None:
    ledger = Ledger(promised(terms("b")))
    ledger.tick(50)
    ledger.promises = commitments.agreed(
        ledger.promises, terms("a"), tick_ns=ledger.next_ns, known=KNOWN
    )

    ledger.tick(100, 50)

    assert ledger.windows.ids == ("a", "b")
    assert ledger.windows.rows[:, W.BAD_MS].tolist() == [0, 120_000]


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"resource": "backhaul_bps"}, "expected one of downlink_bps"),
        (
            {"commitment_kind": "ai", "resource": "inference_tok_per_s"},
            "expected one of accelerator_count",
        ),
        ({"commitment_kind": "sensing", "resource": "revisit_per_h"}, "the segments that watch"),
    ],
)
def test_what_the_fleet_has_no_pools_of_cannot_be_promised(more, hint: str) -> None:
    with pytest.raises(BadInput, match=hint):
        promised(terms(**more))
