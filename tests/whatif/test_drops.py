"""Events that never happened in a branch: those told after the fork, whenever they took effect."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from streams.branching import Beside, run
from streams.codec import Envelope, outgoing
from streams.comparison import UNFELT, as_plain
from streams.journal import records
from tests.one_process import OneProcess, small_twin
from twin.errors import BadInput
from twin.events import KINDS, Body, Event, PriceObserved, VehicleStatusChanged, encode_fact
from twin.identity import Identity, digest_of
from twin.records import Chain
from twin.state import E
from twin.units import instant_text
from twin.whatif.scenario import read_scenario

FORK_TICK, TICKS_COUNT = 3, 22
"""The script of faults takes assets of shield-nro in the twentieth tick."""

CAUSE, FOLLOWER = (Identity("operator", 1, "late", number) for number in (1, 2))
PRICE = PriceObserved(item="h100.hour", value=Decimal(3), unit="usd", as_of="2029-01-01")
GROUNDING = VehicleStatusChanged(vehicle="starship", status="grounded", reason="a whim")


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Some minutes with faults; two events of the first one are told only after the third."""
    with small_twin(tmp_path_factory.mktemp("struck")) as one:
        one.run(FORK_TICK)
        told_late(one, CAUSE, PRICE)
        told_late(one, FOLLOWER, GROUNDING, CAUSE)
        one.run(TICKS_COUNT - FORK_TICK)
        yield one


def told_late(
    one: OneProcess, identity: Identity, body: Body, because: Identity | None = None
) -> None:
    kind, told = KINDS[type(body).__name__], encode_fact(body)
    envelope = Envelope(
        identity=identity,
        kind=kind.name,
        effective_ns=one.tick_ns(1),
        label="public",
        digest=digest_of(told),
        causation_id=str(because or ""),
    )
    message = outgoing(
        envelope, told, topic=kind.topic, partition=0, key=identity.stream, sent_ns=one.tick_ns(4)
    )
    one.log.append([message])


def branched(one: OneProcess, edits: str, *, fork: str = "start") -> Beside:
    text = f"name: t\nfrom: {fork}\nedits:\n{edits}"
    return run(one.log, one.engine, read_scenario(text))


def told(one: OneProcess, kind: str) -> list[Event]:
    return [
        event
        for entry in records(one.log, Chain(), start=0)
        for event in entry.record.content.events
        if event.kind == kind
    ]


def unaccounted_mwh(beside: Beside) -> tuple[int, int]:
    """What the book of shield-nro has not accounted for: in live, and in the branch."""
    label = next(
        each for each, fleet in beside.baseline.fleets.items() if "shield-nro" in fleet.keys
    )
    live, branch = (
        int(
            twin.energy[label].total_mwh[twin.fleets[label].keys.index("shield-nro"), E.UNACCOUNTED]
        )
        for twin in (beside.baseline, beside.branch)
    )
    return live, branch


@pytest.mark.parametrize(
    "kind",
    ["OfferingPriced", "SharesSplit", "SharesIssued", "SharesExchanged", "CompanyRegistered"],
)
def test_what_the_first_record_tells_of_years_before_can_be_dropped_from_the_start(
    struck, kind
) -> None:
    branch = branched(struck, f"  - drop: {kind}")

    gone = [each.event_id for each in branch.withdrawn if each.kind == kind]
    assert gone == [str(event.identity) for event in told(struck, kind)] != []
    assert branch.deltas


def test_what_is_told_after_the_fork_is_dropped_with_what_followed_from_it(struck) -> None:
    branch = branched(struck, "  - drop: PriceObserved", fork=instant_text(struck.tick_ns(3)))

    reasons = {each.event_id: each.reason for each in branch.withdrawn}
    assert reasons[str(CAUSE)] == "dropped by the scenario"
    assert reasons[str(FOLLOWER)] == f"its cause {CAUSE} was withdrawn"
    statuses = [
        twin.launches["public"].vehicle("starship").reason
        for twin in (branch.baseline, branch.branch)
    ]
    assert statuses == ["a whim", ""]


def test_what_is_told_after_a_drop_is_over_happened(struck) -> None:
    fork = instant_text(struck.tick_ns(1))

    branch = branched(struck, "  - drop: PriceObserved\n    for: 1min", fork=fork)

    assert branch.withdrawn == ()


def test_a_failure_that_was_not_leaves_no_energy_unaccounted(struck) -> None:
    failures = [str(event.identity) for event in told(struck, "AssetsFailed")]

    branch = branched(struck, "  - drop: AssetsFailed")

    assert [each.event_id for each in branch.withdrawn] == failures != []
    live, otherwise = unaccounted_mwh(branch)
    assert otherwise == live


def notes(one: OneProcess, edits: str, *, fork: str = "start") -> list[str]:
    return list(as_plain(branched(one, edits, fork=fork))["notes"])


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("contract_id: anthropic-computee", "contract_id='anthropic-computee', expected"),
        ("contract_id: anthropic-computee", "'anthropic-compute' (the nearest name)"),
        ("contract_id: anthropic-compute, line: launchh", "none has line='launchh', expected"),
        (
            "contract_id: anthropic-compute, customer: Google",
            "none has contract_id and customer as given at once",
        ),
    ],
)
def test_a_drop_that_no_event_matches_names_what_such_events_have(struck, where, why) -> None:
    (note,) = notes(struck, f"  - drop: ContractSigned\n    where: {{{where}}}")

    count = len(told(struck, "ContractSigned"))
    assert note.startswith(f"drop ContractSigned: no event matches: of {count} told while it holds")
    assert why in note


def test_a_number_in_the_place_of_a_word_is_answered_with_the_word(struck) -> None:
    (note,) = notes(struck, "  - drop: VehicleStatusChanged\n    where: {vehicle: 9}")

    assert "of the one told while it holds none has vehicle=9, expected one of starship" in note


def test_a_drop_of_what_is_not_told_after_the_fork_says_so(struck) -> None:
    (note,) = notes(struck, "  - drop: ContractSigned", fork=instant_text(struck.tick_ns(3)))

    assert note.endswith("no event matches: none of that kind is told while it holds")


def test_a_drop_that_matches_has_no_such_note(struck) -> None:
    found = notes(
        struck,
        "  - drop: ContractSigned\n    where: {contract_id: anthropic-compute}\n"
        "  - drop: ContractSigned\n    where: {contract_id: google-compute}",
    )

    assert not [note for note in found if "no event matches" in note]


def test_a_field_that_events_of_the_kind_do_not_have_is_refused_with_the_nearest(struck) -> None:
    with pytest.raises(BadInput, match=r"line 4: .*'contrct_id'; expected 'contract_id'"):
        branched(struck, "  - drop: ContractSigned\n    where: {contrct_id: anthropic-compute}")


def test_an_edit_that_begins_after_the_newest_tick_says_so(struck) -> None:
    last = instant_text(struck.tick_ns(TICKS_COUNT))
    later = "    at: 2045-01-01T00:00:00Z"

    found = notes(struck, f"  - scale: grok\n    by: 2\n{later}\n  - drop: PriceSet\n{later}")

    assert found == [
        f"{what} begins at 2045-01-01T00:00:00Z, after the last tick that both were run to, {last}:"
        " nothing of it is in a figure at that tick"
        for what in ("scale grok", "drop PriceSet")
    ]


def test_of_edits_of_which_one_has_begun_unfelt_both_are_told(struck) -> None:
    edits = "  - set: suncatcher.cluster.radius_km\n    to: 7\n    at: 2029-01-01T00:01:00Z\n"

    found = notes(struck, edits + "  - stop: falcon9\n    at: 2045-01-01T00:00:00Z")

    assert len(found) == 2
    assert found[0].startswith("stop falcon9 begins at 2045")
    assert found[1] == UNFELT
