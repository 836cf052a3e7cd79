"""A past forked: nothing otherwise is live itself, live is never touched, and luck is shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import branching
from streams.branching import Beside, run
from streams.journal import records
from streams.store import queries
from streams.store.tables import LIVE
from streams.topics import JOURNAL
from tests.one_process import OneProcess
from twin.errors import BadInput, BrokenInvariant
from twin.events import ContractSigned, Event, fact
from twin.records import Chain
from twin.simulate.asset_ids import first_asset_id
from twin.units import NS_PER_H, NS_PER_S, instant_text
from twin.views import VIEWS, Moment
from twin.whatif.scenario import read_scenario

HOURS_COUNT = 9 * 24


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Nine days of the whole group in ticks of an hour, with some sixty satellites."""
    with OneProcess(
        tmp_path_factory.mktemp("week"),
        interval_ns=NS_PER_H,
        snapshot_ticks=24,
        satellites_count=60,
    ) as one:
        one.run(HOURS_COUNT)
        yield one


def branched(one: OneProcess, edits: str, *, at: str = "start", until: str = "") -> Beside:
    text = f"name: t\nfrom: {at}\nedits:\n{edits}" + (f"\nuntil: {until}" if until else "")
    return run(one.log, one.engine, read_scenario(text))


def hashes(one: OneProcess) -> dict[int, str]:
    return queries.hashes(one.engine, LIVE, above=0)


@pytest.mark.parametrize("hour", [1, 2, 23, 24, 25, 100, HOURS_COUNT])
@pytest.mark.parametrize("fork_hour", [0, 30])
def test_a_scenario_without_edits_is_live_itself(week, hour, fork_hour) -> None:
    if fork_hour >= hour:
        fork_hour = hour - 1
    fork = instant_text(week.tick_ns(fork_hour)) if fork_hour else "start"

    branch = branched(week, "  []", at=fork, until=instant_text(week.tick_ns(hour)))

    assert branch.hashes == (hashes(week)[hour],) * 2
    assert branch.first_divergence_ns is None
    assert branch.deltas == branch.withdrawn == ()


def test_live_is_untouched_by_any_scenario(week) -> None:
    before, ends = hashes(week), week.log.span(JOURNAL, 0)

    branched(week, "  - stop: starship\n  - fail: sl-53\n    fraction: 0.5")

    assert hashes(week) == before
    assert week.log.span(JOURNAL, 0) == ends


def test_the_baseline_beside_a_branch_is_live(week) -> None:
    branch = branched(week, "  - fail: sl-53\n    fraction: 0.5")

    baseline_hash, branch_hash = branch.hashes
    assert branch_hash != baseline_hash == hashes(week)[HOURS_COUNT]


def test_the_same_scenario_has_the_same_branch_every_time(week) -> None:
    edits = "  - stop: starship\n  - scale: grok\n    by: 2"

    assert branched(week, edits).hashes == branched(week, edits).hashes


def test_to_lose_one_satellite_changes_no_row_of_another_segment(week) -> None:
    first = first_asset_id("sl-dtc")
    branch = branched(week, f"  - fail: sl-dtc\n    asset_ids: [{first}]")

    for name in ("energy", "health"):
        was = VIEWS[name].rows(Moment(branch.baseline, branch.record))
        is_now = VIEWS[name].rows(Moment(branch.branch, branch.record))
        assert [row for row in was if "sl-dtc" not in row] == [
            row for row in is_now if "sl-dtc" not in row
        ]


def test_two_branches_share_their_luck(week) -> None:
    one = branched(week, "  - fail: sl-dtc\n    fraction: 0.5")
    other = branched(
        week, "  - fail: sl-dtc\n    fraction: 0.5\n  - fail: sl-43\n    fraction: 0.5"
    )

    rows = [
        [
            row
            for row in VIEWS["energy"].rows(Moment(each.branch, each.record))
            if "sl-43" not in row
        ]
        for each in (one, other)
    ]
    assert rows[0] == rows[1]


def test_a_grounded_rocket_deploys_nothing_and_everything_after_it_follows(week) -> None:
    branch = branched(week, "  - stop: falcon9\n    for: 90d\n    reason: mishap")

    assert [each.event_id for each in branch.withdrawn] == flown_and_followed(week, "falcon9")
    reasons = {each.kind: each.reason for each in branch.withdrawn}
    assert "mishap" in reasons["LaunchFlown"]
    assert "withdrawn" in reasons["SatellitesDeployed"]
    was, is_now = (
        {segment.name: segment.installed_count for segment in twin.fleets["public"].segments}
        for twin in (branch.baseline, branch.branch)
    )
    assert is_now.pop("sl-97") < was.pop("sl-97")
    assert is_now.pop("sl-53") < was.pop("sl-53")
    assert is_now == was


def test_a_flight_that_was_not_grounds_nobody_by_its_failure(week) -> None:
    grounded = {
        str(event.identity)
        for entry in records(week.log, Chain(), start=0)
        for event in entry.record.content.events
        if event.kind == "VehicleStatusChanged" and fact(event).vehicle == "starship"
    }
    assert grounded, "in nine days a Starship fails, and is grounded for it"

    branch = branched(week, "  - stop: starship\n    for: 90d\n    reason: mishap")

    state = branch.branch.launches["public"].vehicle("starship")
    assert grounded <= {each.event_id for each in branch.withdrawn}
    assert (state.reason, state.until_ns) == ("mishap", week.tick_ns(0) + 90 * 24 * NS_PER_H)


def test_a_launch_that_flew_earlier_in_the_tick_of_a_stop_flew(week) -> None:
    flight = next(event for event in flights_of(week, "falcon9") if event.effective_ns % NS_PER_H)
    stopped = instant_text(flight.effective_ns + 60 * NS_PER_S)

    branch = branched(week, f"  - stop: falcon9\n    at: {stopped}\n    for: 90d")

    gone = {each.event_id for each in branch.withdrawn}
    assert str(flight.identity) not in gone
    assert str(flights_of(week, "falcon9")[-1].identity) in gone
    assert branch.branch.launches["public"].flown(fact(flight).launch_id) is not None


def test_a_stop_at_the_very_instant_of_a_liftoff_keeps_it_on_the_ground(week) -> None:
    flight = next(event for event in flights_of(week, "falcon9") if event.effective_ns % NS_PER_H)

    branch = branched(week, f"  - stop: falcon9\n    at: {instant_text(flight.effective_ns)}")

    assert branch.withdrawn[0].event_id == str(flight.identity)


def test_a_number_set_later_is_what_it_was_until_then(week) -> None:
    later = instant_text(week.tick_ns(40))
    branch = branched(week, f"  - set: cost.satellites-life_y\n    to: 3\n    at: {later}")

    assert branch.first_divergence_ns == week.tick_ns(41)
    assert branch.withdrawn == ()


def test_demand_that_no_number_can_hold_is_refused(week) -> None:
    with pytest.raises(BadInput, match="the scenario comes to what cannot be"):
        branched(week, "  - scale: starlink\n    by: 1000000\n" * 5)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (OverflowError("too large"), BadInput),
        (BrokenInvariant("a sum"), BadInput),
        (ValueError("ours"), ValueError),
        (ZeroDivisionError("ours"), ZeroDivisionError),
        (KeyError("ours"), KeyError),
    ],
)
def test_only_a_number_too_large_is_put_down_to_the_edits(
    week, monkeypatch, failure, expected
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(branching, "adapt", failing)

    with pytest.raises(expected) as raised:
        branched(week, "  - scale: grok\n    by: 2")

    assert type(raised.value) is expected


def flights_of(one: OneProcess, vehicle: str) -> list[Event]:
    """Liftoffs of a vehicle in the log, by time."""
    return [
        event
        for entry in records(one.log, Chain(), start=0)
        for event in entry.record.content.events
        if event.kind == "LaunchFlown" and fact(event).booster_id.startswith(vehicle)
    ]


def flown_and_followed(one: OneProcess, vehicle: str) -> list[str]:
    """Launches of a vehicle and all that came of them, by identity, as the journal has them."""
    found: list[str] = []
    for entry in records(one.log, Chain(), start=0):
        for event in entry.record.content.events:
            is_flight = event.kind == "LaunchFlown" and fact(event).booster_id.startswith(vehicle)
            if is_flight or event.causation_id in found:
                found.append(str(event.identity))
    assert len(found) > 3, "nine days of the manifest have a launch that deploys satellites"
    return found


def test_a_tenant_that_gives_notice_takes_its_backlog_with_it(week) -> None:
    branch = branched(week, "  - stop: anthropic-compute\n    notice: 90d")

    (backlog,) = (delta for delta in branch.deltas if delta.column == "backlog_usd")
    assert backlog.key == "AI,compute_contracts,enterprise"
    assert 0 < backlog.branch < backlog.baseline


def test_an_edit_that_the_fold_refuses_is_refused_with_its_line_and_reason(week) -> None:
    lost = "{booster_id: b, is_landed: false, flights_count: 1, ready_at: 2029-01-01T00:00:00Z}"

    with pytest.raises(BadInput, match=r"line 6: .*'b', which is not in the air"):
        branched(
            week,
            "  - scale: grok\n    by: 2\n"
            f"  - inject: BoosterRecovered\n    body: {lost}\n    at: 2029-01-02T00:00:00Z",
        )


def test_a_number_set_for_a_while_is_what_the_log_says_after_it(week) -> None:
    edit = "  - set: cost.satellites-life_y\n    to: 3\n    for: 5h"

    within, after = (
        branched(week, edit, until=instant_text(week.tick_ns(hour))) for hour in (5, 6)
    )

    assumed = [
        twin.registry.number("cost.satellites-life_y")
        for twin in (within.branch, after.branch, after.baseline)
    ]
    assert assumed[0] == 3
    assert assumed[1] == assumed[2] != 3
    assert after.hashes[0] == after.hashes[1]


@pytest.mark.parametrize("name", ["starship-grounded", "tenants-leave", "shell-loss"])
def test_a_shipped_scenario_makes_a_difference(week, name) -> None:
    text = (Path(__file__).parents[2] / f"twin/baseline/scenarios/{name}.yaml").read_text()

    branch = run(week.log, week.engine, read_scenario(text))

    baseline_hash, branch_hash = branch.hashes
    assert branch_hash != baseline_hash
    assert branch.deltas
    assert branch.first_divergence_ns is not None


@pytest.mark.parametrize(
    ("edits", "hint"),
    [
        ("  - stop: starshp", "starship"),
        ("  - fail: sl53\n    fraction: 0.1", "sl-53"),
        ("  - fail: sl-53\n    fraktion: 0.1", "fraction"),
        ("  - scale: grokk\n    by: 2", "grok"),
        ("  - set: alarm.silent_fractoin\n    to: 1", "alarm.silent_fraction"),
        ("  - dorp: LaunchFlown", "drop"),
        ("  - drop: LaunchFlwn", "LaunchFlown"),
        ("  - inject: AssetsFailed\n    body: {segmet: sl-53}", "segment"),
        ("  - inject: SatelliteFrameReported\n    body: {}", "given, decided or followed"),
        ("  - inject: AlarmChanged\n    body: {}", "given, decided or followed"),
        ("  - scale: grok\n    by: 2\n    region: europ", "europe"),
        ("  - stop: starship\n    notice: 3d", "no 'notice'"),
        ("  - stop: grok\n    notice: 3d", "no 'notice'"),
        ("  - stop: anthropic-compute\n    for: 3d", "no 'for'"),
        ("  - stop: SpaceX\n    for: 3d", "no 'for'"),
        ("  - inject: AlarmChanged\n    body: {}\n    for: 3d", "unknown field 'for'"),
        ("  - drop: LaunchFlown\n    notice: 3d", "unknown field 'notice'"),
        ("  []\nseed: 3", "unknown field 'seed'"),
        ("  - fail: sl-53\n    fraction: 0.1\n    for: 0s", "a 'for' of more than nothing"),
    ],
)
def test_a_scenario_that_means_nothing_is_refused_with_the_nearest_right_word(
    week, edits, hint
) -> None:
    with pytest.raises(BadInput, match=hint):
        branched(week, edits)


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ("{}", "Object missing required field `contract_id`"),
        ("{customer: [1]}", "Expected `str`, got `array` - at `$.customer`"),
        ("{custmer: a}", "field 'custmer'"),
    ],
)
def test_a_body_that_is_none_of_its_kind_is_answered_with_all_fields(week, body, given) -> None:
    with pytest.raises(BadInput) as refused:
        branched(week, f"  - inject: ContractSigned\n    body: {body}")

    required, optional = refused.value.expected.split("; and, if wanted, ")
    assert given in refused.value.given
    assert "fields contract_id, customer, " in required
    assert set(f"{required}, {optional}".split("fields ")[1].split(", ")) == {
        *ContractSigned.__struct_fields__
    }


@pytest.mark.parametrize("more", ["", "    for: 1h\n", "    for: 9y\n"])
@pytest.mark.parametrize("fork_hour", [0, 2])
def test_an_edit_from_before_the_fork_is_refused_with_its_line_and_the_fork(
    week, fork_hour, more
) -> None:
    fork = instant_text(week.tick_ns(fork_hour))
    edits = "  - stop: falcon9\n  - fail: sl-53\n    fraction: 0.1\n    at: 2028-12-31T23:59:59Z\n"

    with pytest.raises(BadInput) as refused:
        branched(week, edits + more, at=fork if fork_hour else "start")

    assert refused.value.given == "line 5: at=2028-12-31T23:59:59Z, before the fork"
    assert refused.value.expected == f"{fork}, the fork, or later"
    assert refused.value.field == "at"


@pytest.mark.parametrize("at", ["2028-12-31T00:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_fork_outside_the_log_is_refused(week, at) -> None:
    with pytest.raises(BadInput, match="from="):
        branched(week, "  []", at=at)
