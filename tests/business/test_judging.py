"""Promises judged: windows, budgets, breaches, credits, launches due; against an oracle."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.business import commitments_oracle as oracle
from tests.business.promising import KNOWN, START_NS, Ledger, at, launches, promised, terms
from twin import snapshot
from twin.business import commitments
from twin.business.judging import Horizon, alarmed
from twin.business.windows import W
from twin.events import CommitmentAmended, SupplierExited
from twin.state import Alarms
from twin.units import NS_PER_S


def amend(ledger: Ledger, *, waived_until: str | None = None, **fields) -> None:
    """An amendment that comes in the tick that is open."""
    fact = CommitmentAmended("sdn", fields=fields, waived_until=waived_until)
    ledger.promises = commitments.amended(
        ledger.promises, fact, tick_ns=ledger.next_ns, known=KNOWN
    )


def test_a_breach_opens_once_as_soon_as_the_budget_is_used_up_and_costs_a_credit() -> None:
    ledger = Ledger(promised(terms()))

    for granted in (100, 99, 100, 99, 99, 99, 100):
        ledger.tick(granted)

    opened = [j.change for j in ledger.changes if j.change.to_status == "breached"]
    assert [(c.window, c.from_status, c.shortfall_qty) for c in opened] == [(at(0), "at-risk", 1)]
    assert ledger.value(W.BREACHES_COUNT) == 1
    assert ledger.value(W.BAD_MS) == 240_000
    # A fifth of a thousand of the 10,000 dollars.
    assert ledger.credits_micro_usd == {"k": 200_000_000}


def test_a_budget_used_to_the_last_second_is_kept() -> None:
    ledger = Ledger(promised(terms(threshold_fraction=0.88)))

    ledger.tick(0)
    ledger.tick(0)

    assert ledger.value(W.BUDGET_MS) == ledger.value(W.BAD_MS) == 120_000
    assert ledger.value(W.BREACHES_COUNT) == 0


def test_a_new_window_begins_with_a_whole_budget_and_the_old_one_is_told_once() -> None:
    ledger = Ledger(promised(terms()))
    for _ in range(16):
        ledger.tick(0)
    is_closed_before = ledger.value(W.IS_CLOSED)

    ledger.tick(100)
    told = [ledger.value(column) for column in (W.IS_CLOSED, W.LAST_BAD_MS, W.LAST_IS_BREACHED)]
    ledger.tick(100)

    assert is_closed_before == 0
    assert told == [1, 960_000, 1]
    assert ledger.value(W.IS_CLOSED) == 0
    assert ledger.status() == "kept"
    assert ledger.value(W.BAD_MS) == 0
    assert ledger.value(W.START_NS) == START_NS + 1000 * NS_PER_S


def test_an_outage_shorter_than_the_least_does_not_count_and_a_longer_one_counts_whole() -> None:
    ledger = Ledger(promised(terms(outage_min_s=180.0)))

    for granted in (0, 0, 100, 0, 0):
        ledger.tick(granted)
    short = ledger.value(W.BAD_MS)
    ledger.tick(0)

    assert short == 0
    assert ledger.value(W.BAD_MS) == 180_000


def test_a_waived_tick_is_never_bad_and_a_breach_before_it_is_remembered() -> None:
    ledger = Ledger(promised(terms()))
    ledger.tick(0)
    amend(ledger, waived_until=at(240))
    ledger.tick(0)

    ledger.tick(0)
    waived = ledger.status()
    ledger.tick(0)
    ledger.tick(0)

    assert waived == "waived"
    assert ledger.status() == "breached"
    assert ledger.value(W.BAD_MS) == 180_000
    assert ledger.value(W.BREACHES_COUNT) == 1


def test_a_promise_at_risk_counts_as_kept_again_once_calm() -> None:
    ledger = Ledger(
        promised(terms(threshold_fraction=0.6, window_s=10_000.0)),
        horizon=Horizon(service_s=5_000, calm_s=180),
    )

    ledger.tick(0)
    out = (ledger.status(), ledger.value(W.TO_BREACH_MS))
    seen = []
    for _ in range(7):
        ledger.tick(100)
        seen.append(ledger.status())

    # While it is out every second is lost; at one of two the rest lasts beyond the horizon.
    assert out == ("at-risk", 3_940_000)
    assert seen == ["at-risk"] * 2 + ["kept"] * 5


def test_time_to_breach_is_what_is_left_at_the_pace_of_the_window() -> None:
    ledger = Ledger(promised(terms(threshold_fraction=0.6, window_s=10_000.0)))

    ledger.tick(0)
    ledger.tick(100)

    assert ledger.value(W.TO_BREACH_MS) == 3_940_000 * 2
    ledger.tick(100)
    assert ledger.value(W.TO_BREACH_MS) == -1


def test_a_promise_is_pending_before_and_ended_after_its_run() -> None:
    ledger = Ledger(promised(terms(starts_at=at(60), ends_at=at(180), window_s=60.0)))

    seen = []
    for _ in range(4):
        ledger.tick(100)
        seen.append((ledger.status(), ledger.value(W.IS_CLOSED)))

    assert seen == [("pending", 0), ("kept", 0), ("kept", 1), ("ended", 1)]


def test_the_value_falls_due_to_the_last_micro_dollar_whatever_the_ticks() -> None:
    ledger = Ledger(promised(terms(value_usd=Decimal("100.000001"), ends_at=at(420))))

    for seconds in (7, 11, 60, 1, 41, 300):
        ledger.tick(100, seconds=seconds)

    assert ledger.value(W.EARNED_SUM_MICRO_USD) == 100_000_001


def test_launches_are_broken_when_due_and_kept_again_when_flown_late() -> None:
    ledger = Ledger(promised(launches()), horizon=Horizon(launch_s=3_000))
    seen = []

    for tick, flown in ((4_000, 3), (2_000, 3), (1_999, 3), (1, 3), (60, 3), (60, 4)):
        ledger.tick(seconds=tick, flown={"nssl": flown})
        seen.append(ledger.status())

    assert seen == ["kept", "kept", "at-risk", "breached", "breached", "kept"]
    assert ledger.value(W.BREACHES_COUNT) == 1
    # One of four launches missing: a fifth of a quarter of the 10,000 dollars.
    assert ledger.credits_micro_usd == {"k": 500_000_000}
    assert ledger.value(W.EARNED_SUM_MICRO_USD) == 10_000_000_000


def test_launches_behind_the_pace_are_at_risk_within_the_horizon() -> None:
    ledger = Ledger(promised(launches()), horizon=Horizon(launch_s=3_000))

    ledger.tick(seconds=4_000, flown={"nssl": 1})
    early = ledger.status()
    ledger.tick(seconds=1_500, flown={"nssl": 1})

    assert early == "kept"
    assert ledger.status() == "at-risk"
    assert ledger.value(W.TO_BREACH_MS) == 2_500_000


def test_a_waiver_of_launches_puts_off_the_day() -> None:
    ledger = Ledger(promised(launches("sdn")))
    amend(ledger, waived_until=at(9_000))

    ledger.tick(seconds=60)
    ledger.tick(seconds=8_900)
    waived = ledger.status()
    ledger.tick(seconds=60)

    assert waived == "waived"
    assert ledger.status() == "breached"


@pytest.mark.parametrize("ends_s", [10_000, 7_999])
def test_launches_due_inside_a_tick_are_judged_at_its_end(ends_s: int) -> None:
    ledger = Ledger(promised(launches(due_at=at(7_999), ends_at=at(ends_s))))
    closed = []

    for tick in (7_980, 60, 60):
        ledger.tick(seconds=tick, flown={"nssl": 3})
        closed.append((ledger.value(W.IS_CLOSED), ledger.value(W.LAST_IS_BREACHED)))

    assert ledger.value(W.BREACHES_COUNT) == 1
    assert closed == [(0, 0), (0, 0), (1, 1)]
    assert ledger.value(W.LAST_CREDIT_MICRO_USD) == 500_000_000


@pytest.mark.parametrize("amendment", [{"waived_until": at(9_000)}, {"due_at": at(9_000)}])
@pytest.mark.parametrize("after_ticks_count", [0, 1, 3])
def test_launches_that_were_late_once_are_not_late_and_paid_for_again(
    amendment, after_ticks_count: int
) -> None:
    ledger = Ledger(promised(launches("sdn")))
    ledger.tick(seconds=7_940)
    for _ in range(after_ticks_count):
        ledger.tick()
    first = ledger.value(W.BREACHES_COUNT)
    amend(ledger, **amendment)

    for _ in range(30):
        ledger.tick()

    assert first == min(1, after_ticks_count)
    assert ledger.value(W.BREACHES_COUNT) == 1
    assert ledger.credits_micro_usd == {"k": 2_000_000_000}
    assert sum(c.change.to_status == "breached" for c in ledger.changes) <= 2


def test_launches_that_were_kept_may_be_promised_anew_up_to_a_later_day() -> None:
    ledger = Ledger(promised(launches("sdn")))
    ledger.tick(seconds=8_000, flown={"sdn": 4})
    amend(ledger, promised_qty=6, due_at=at(9_000))
    closed = []

    for _ in range(20):
        ledger.tick(flown={"sdn": 5})
        if ledger.value(W.IS_CLOSED):
            closed.append((ledger.value(W.LAST_START_NS), ledger.value(W.LAST_IS_BREACHED)))

    day = 8_000 * NS_PER_S
    assert closed == [(START_NS, 0), (START_NS + day, 1)]
    assert ledger.value(W.BREACHES_COUNT) == 1


def test_a_promise_whose_supplier_left_is_over() -> None:
    promises = promised(terms())
    left = SupplierExited("SpaceX", "us-government/space-force", "", 90.0)
    ledger = Ledger(
        commitments.supplier_exited(promises, left, effective_ns=START_NS, tick_ns=START_NS)
    )

    ledger.tick(100)
    ledger.tick(0)

    assert ledger.status() == "ended"
    assert ledger.value(W.BAD_MS) == 0


def test_alarms_are_raised_and_cleared_with_the_status() -> None:
    ledger, alarms, seen = Ledger(promised(terms())), Alarms(), []

    for granted in (100, 0, 0, *(100,) * 16):
        changes = ledger.tick(granted)
        alarms, outcomes = alarmed(alarms, changes, tick_ns=ledger.now_ns, label="public")
        seen += [(o.change.alarm_id.split("/")[-1], o.change.state) for o in outcomes]

    assert seen == [
        ("at-risk", "raised"),
        ("at-risk", "cleared"),
        ("breached", "raised"),
        ("breached", "cleared"),
    ]
    assert not alarms.open


def test_a_tick_that_changes_nothing_says_nothing() -> None:
    ledger = Ledger(promised(terms(), launches()))
    ledger.tick(100)

    assert ledger.tick(100) == ()


def test_promises_and_windows_survive_a_snapshot() -> None:
    ledger = Ledger(promised(terms(), launches()))
    ledger.tick(0)
    amend(ledger, promised_qty=5, waived_until=at(600))
    encoder = msgspec.msgpack.Encoder(enc_hook=snapshot._encode_array)

    for part in (ledger.promises, ledger.windows):
        decoder = msgspec.msgpack.Decoder(type(part), dec_hook=snapshot._decode_array)
        again = decoder.decode(encoder.encode(part))
        assert again.encoded() == part.encoded()
        assert again.ids == part.ids

    assert again.rows.tolist() == ledger.windows.rows.tolist()


STEPS = st.lists(
    st.tuples(
        st.sampled_from((0, 99, 100, 150)),
        st.integers(1, 30).map(lambda tens: tens * 10),
        st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "promised_qty": st.sampled_from((50, 100, 120)),
                "threshold_fraction": st.sampled_from((0.5, 0.9, 1.0)),
                "outage_min_s": st.sampled_from((0.0, 90.0)),
                "waived_for_s": st.integers(1, 400),
            },
        ),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(
    steps=STEPS,
    threshold=st.sampled_from((0.0, 0.6, 0.95, 1.0)),
    window_s=st.sampled_from((100, 700, 1000)),
    outage_min_s=st.sampled_from((0, 60, 150)),
)
def test_judging_agrees_with_the_oracle(steps, threshold, window_s, outage_min_s) -> None:
    agreed = terms(
        threshold_fraction=threshold,
        window_s=float(window_s),
        outage_min_s=float(outage_min_s),
        ends_at=at(4_500),
    )
    ledger, ticks, broken = Ledger(promised(agreed)), [], []
    now = {"promised_qty": 100, "threshold_fraction": threshold, "outage_min_s": outage_min_s}
    waived_until_s = 0

    for granted_qty, seconds, amendment in steps:
        start_s = (ledger.now_ns - START_NS) // NS_PER_S
        end_s = start_s + seconds
        if end_s > 4_500:
            break
        if amendment:
            fields = {name: value for name, value in amendment.items() if name != "waived_for_s"}
            waived_for_s = amendment.get("waived_for_s")
            until = None if waived_for_s is None else at(end_s + waived_for_s)
            fact = CommitmentAmended("sdn", fields=fields, waived_until=until)
            ledger.promises = commitments.amended(
                commitments.current(ledger.promises, START_NS + end_s * NS_PER_S),
                fact,
                tick_ns=START_NS + end_s * NS_PER_S,
                known=KNOWN,
            )
        ledger.tick(granted_qty, seconds=seconds)
        in_force = oracle.Terms(
            promised_qty=now["promised_qty"],
            allowed=1 - Fraction(str(now["threshold_fraction"])),
            window_s=window_s,
            outage_min_s=int(now["outage_min_s"]),
            ends_s=4_500,
        )
        ticks.append(oracle.Tick(start_s, end_s, granted_qty, in_force, end_s <= waived_until_s))
        if amendment:
            now |= fields
            if waived_for_s is not None:
                waived_until_s = end_s + waived_for_s

        window = oracle.window_of(ticks[-1])
        if oracle.is_over(ticks) and window not in broken:
            broken.append(window)
        left_s = max(Fraction(0), oracle.budget_s(ticks[-1]) - oracle.bad_s(ticks))
        assert ledger.value(W.BAD_MS) == oracle.bad_s(ticks) * 1000
        assert max(0, ledger.value(W.BUDGET_MS) - ledger.value(W.BAD_MS)) == left_s * 1000
        assert ledger.value(W.BREACHES_COUNT) == len(broken)
        assert ledger.value(W.IS_BREACHED) == (window in broken)
        assert (ledger.status() == "waived") == ticks[-1].is_waived
        if not ticks[-1].is_waived:
            assert (ledger.status() == "breached") == (window in broken)

    opened = [judged.change.window for judged in ledger.changes if is_opening(judged.change)]
    assert len(opened) == len(set(opened)) or has_waiver(steps)


def is_opening(change) -> bool:
    return change.to_status == "breached"


def has_waiver(steps) -> bool:
    """A waiver inside a broken window hides the breach for a while, and it is told again."""
    return any(amendment and "waived_for_s" in amendment for _, _, amendment in steps)


@pytest.mark.parametrize("interval_s", [1, 7, 60, 3600])
def test_the_length_of_a_tick_changes_nothing_of_a_steady_outage(interval_s: int) -> None:
    ledger = Ledger(promised(terms(ends_at=at(7_200), window_s=7_200.0, value_usd=Decimal(7))))

    for _ in range(3600 // interval_s):
        ledger.tick(0, seconds=interval_s)
    ledger.tick(0, seconds=3600 % interval_s or interval_s)

    watched_s = 3600 // interval_s * interval_s + (3600 % interval_s or interval_s)
    assert ledger.value(W.BAD_MS) == watched_s * 1000
    assert ledger.value(W.BREACHES_COUNT) == 1
    assert ledger.value(W.EARNED_SUM_MICRO_USD) == 7_000_000 * watched_s // 7_200
