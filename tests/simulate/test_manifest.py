"""A world's launches: the cadence filed, boosters reused, failures with consequences, and the same
words from the same seed whatever came between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared_data import shared_file
from twin.baseline import Baseline, load, world_names
from twin.events import (
    KINDS,
    BoosterRecovered,
    CapitalSpent,
    LaunchFlown,
    LaunchScheduled,
    SatellitesDeployed,
    VehicleStatusChanged,
)
from twin.fold import launches as fold
from twin.simulate.asset_ids import first_asset_id
from twin.simulate.launch import Launch, Load
from twin.simulate.launch_log import LaunchLog, read_launch_log
from twin.simulate.manifest import LaunchTick, Manifest, Told, drawn_manifest, logged_manifest
from twin.simulate.missions import read_lines
from twin.simulate.promises import read_promises
from twin.units import NS_PER_S, instant_text, parse_instant
from twin.vehicles import VEHICLES

MINUTE_NS = 60 * NS_PER_S
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
YEAR_H = 365 * 24
OPENS_NS = {
    "2026": parse_instant("2026-08-22T00:00:00Z"),
    "2029": parse_instant("2029-01-01T00:00:00Z"),
}
ALWAYS_FAILS = {"launch.falcon9.success-gcat_fraction": 0.0}

T = TypeVar("T")


def drawn(
    world: str = "2026",
    *,
    seed: int = 1,
    interval_ns: int = HOUR_NS,
    changes: Mapping[str, float] | None = None,
    segments: tuple[str, ...] | None = None,
) -> Manifest:
    return drawn_manifest(
        changed(load(world), changes or {}),
        seed=seed,
        start_ns=OPENS_NS[world],
        interval_ns=interval_ns,
        segments=segments,
    )


def logged(log: LaunchLog, start_ns: int, *, interval_ns: int = DAY_NS, seed: int = 1) -> Manifest:
    return logged_manifest(load("2026"), log, seed=seed, start_ns=start_ns, interval_ns=interval_ns)


def changed(baseline: Baseline, changes: Mapping[str, float]) -> Baseline:
    """The baseline with other numbers."""
    numbers = dict(baseline.assumptions)
    for name, value in changes.items():
        numbers[name] = msgspec.structs.replace(numbers[name], value=value)
    return msgspec.structs.replace(baseline, assumptions=numbers)


def ticks_of(manifest: Manifest, count: int) -> tuple[LaunchTick, ...]:
    return tuple(manifest.tick(number) for number in range(1, count + 1))


@cache
def a_year(world: str, seed: int = 1) -> tuple[LaunchTick, ...]:
    return ticks_of(drawn(world, seed=seed), YEAR_H)


def words_of(ticks: Iterable[LaunchTick]) -> list[Told]:
    return [word for tick in ticks for word in tick.told]


def bodies(ticks: Iterable[LaunchTick], kind: type[T]) -> list[T]:
    return [word.body for word in words_of(ticks) if isinstance(word.body, kind)]


def folded(ticks: Iterable[LaunchTick]) -> fold.Launches:
    """What the fold makes of it; nothing may be refused."""
    state = fold.Launches()
    for tick in ticks:
        for word in tick.told:
            match word.body:
                case LaunchScheduled():
                    state = fold.launch_scheduled(state, word.body)
                case LaunchFlown():
                    state = fold.launch_flown(state, word.body, effective_ns=word.effective_ns)
                case BoosterRecovered():
                    state = fold.booster_recovered(state, word.body)
                case VehicleStatusChanged():
                    state = fold.vehicle_status_changed(state, word.body)
        for each in tick.deployments:
            state = fold.satellites_deployed(
                state,
                SatellitesDeployed(
                    launch_id=each.launch_id,
                    segment=each.segment,
                    satellites_count=each.satellites_count,
                    first_asset_id=first_asset_id(each.segment),
                    altitude_km=300.0,
                    inclination_deg=53.0,
                ),
            )
    return state


def real(name: str) -> LaunchLog:
    return read_launch_log(shared_file(f"launches/{name}").read_bytes())


def log_of(*launches: Launch) -> LaunchLog:
    return LaunchLog(launches, (), (), "")


def flight(number: int, at_ns: int, **changes: object) -> Launch:
    """A launch of a log that flew, on one booster."""
    launch = Launch(
        launch_id=f"L{number}",
        vehicle="falcon9",
        site="slc-40",
        customer="spacex",
        orbit="LEO",
        net_ns=at_ns,
        payload_kg=1000.0,
        booster_id="B1",
        flight_count=number,
        liftoff_ns=at_ns,
        outcome="success",
    )
    return msgspec.structs.replace(launch, **changes)


@pytest.mark.parametrize("world", world_names())
def test_a_world_flies_and_deploys_in_its_first_hour(world: str) -> None:
    ticks = ticks_of(drawn(world, interval_ns=MINUTE_NS), 60)

    (flown,) = bodies(ticks, LaunchFlown)
    (deployed,) = [each for tick in ticks for each in tick.deployments]
    assert flown.outcome == "success"
    assert (deployed.launch_id, deployed.satellites_count) == (flown.launch_id, 29)
    assert [tick.number for tick in ticks if tick.flights] == [6]
    assert deployed.tick == 21


def test_the_cadence_of_2026_is_the_filed_one() -> None:
    year = load("2026")
    scheduled = {each.launch_id: each for each in bodies(a_year("2026"), LaunchScheduled)}

    flown = [scheduled[each.launch_id] for each in bodies(a_year("2026"), LaunchFlown)]

    falcons = [each for each in flown if each.vehicle != "starship"]
    internal = [each for each in falcons if each.is_internal]
    filed = {
        name: 2 * year.number(f"cadence.h1-2026.{name}")
        for name in ("falcon_count", "falcon-internal_count", "mass-internal_kg")
    }
    assert len(falcons) == pytest.approx(filed["falcon_count"], rel=0.05)
    assert len(internal) == pytest.approx(filed["falcon-internal_count"], rel=0.05)
    internal_kg = sum(each.payload_kg for each in internal)
    assert internal_kg == pytest.approx(filed["mass-internal_kg"], rel=0.05)


@pytest.mark.parametrize("world", world_names())
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fold_refuses_nothing_of_a_drawn_year(world: str, seed: int) -> None:
    ticks = a_year(world, seed)

    state = folded(ticks)

    flown_count = sum(len(tick.flights) for tick in ticks)
    assert sum(each.flown_count for each in state.vehicles.values()) == flown_count > 130
    assert set(state.vehicles) == set(VEHICLES)


@pytest.mark.parametrize("world", world_names())
def test_a_manifest_made_anew_says_the_same_in_any_tick(world: str) -> None:
    ticks = a_year(world)

    anew = drawn(world)
    for number in (YEAR_H, 1, 4000, 17, 8000):
        assert anew.tick(number) == ticks[number - 1]


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
@settings(deadline=None, max_examples=20)
def test_ticks_may_be_asked_for_in_any_order(numbers: list[int]) -> None:
    manifest = drawn("2029")

    assert [manifest.tick(number) for number in numbers] == [
        a_year("2029")[number - 1] for number in numbers
    ]


def test_the_length_of_a_tick_changes_only_the_tick_it_is_said_in() -> None:
    by_hours, by_minutes = drawn(), drawn(interval_ns=MINUTE_NS)

    assert words_of(ticks_of(by_hours, 24 * 30)) == words_of(ticks_of(by_minutes, 24 * 30 * 60))


def test_another_seed_is_another_year() -> None:
    first, second = (
        [word.effective_ns for word in words_of(a_year("2026", seed))] for seed in (1, 2)
    )

    assert first != second


def test_words_are_in_order_of_time_and_numbered_without_a_gap() -> None:
    words = words_of(a_year("2029"))
    ours = [word for word in words if KINDS[type(word.body).__name__].topic == "launches"]

    assert all(a.effective_ns <= b.effective_ns for a, b in pairwise(words))
    assert [word.sequence for word in ours] == list(range(1, len(ours) + 1))
    assert {word.sequence for word in words if word not in ours} == {0}


def test_every_word_names_the_word_it_follows() -> None:
    words = words_of(a_year("2029"))
    by_sequence = {word.sequence: word for word in words if word.sequence}

    for word in words:
        cause = by_sequence.get(word.because_sequence)
        if isinstance(word.body, LaunchFlown):
            assert cause is not None
            assert isinstance(cause.body, LaunchScheduled)
        elif isinstance(word.body, LaunchScheduled):
            assert cause is None or isinstance(cause.body, LaunchScheduled)
        elif word.launch_id:
            assert cause is not None
            assert isinstance(cause.body, LaunchFlown)
        if cause is not None:
            assert cause.launch_id == word.launch_id
            assert cause.effective_ns <= word.effective_ns


def test_a_launch_is_scheduled_ahead_and_flies_when_last_said() -> None:
    last_net: dict[str, str] = {}
    lead_ns = []
    first_told: dict[str, int] = {}
    for word in words_of(a_year("2026")):
        if isinstance(word.body, LaunchScheduled):
            first_told.setdefault(word.launch_id, word.effective_ns)
            last_net[word.launch_id] = word.body.net_at
        if isinstance(word.body, LaunchFlown):
            assert instant_text(word.effective_ns) == last_net[word.launch_id]
            lead_ns.append(word.effective_ns - first_told[word.launch_id])

    # All but those of the first month, which was on the manifest at the start.
    assert sum(each >= 30 * DAY_NS for each in lead_ns) > 0.85 * len(lead_ns)


def test_with_all_on_time_only_pads_boosters_and_grounding_move_a_launch() -> None:
    ticks = ticks_of(drawn(changes={"launch.on-time_fraction": 1.0}), YEAR_H)

    scheduled = Counter(each.launch_id for each in bodies(ticks, LaunchScheduled))

    assert sum(count == 1 for count in scheduled.values()) > 0.7 * len(scheduled)


def test_most_launches_are_on_time() -> None:
    scheduled = Counter(each.launch_id for each in bodies(a_year("2026"), LaunchScheduled))
    flown = [each.launch_id for each in bodies(a_year("2026"), LaunchFlown)]

    on_time_count = sum(scheduled[launch_id] == 1 for launch_id in flown)

    assert 0.4 < on_time_count / len(flown) < 0.7


def test_a_pad_and_a_booster_have_their_rest() -> None:
    scheduled = {each.launch_id: each for each in bodies(a_year("2029"), LaunchScheduled)}
    year = load("2029")
    rockets = ("falcon9", "falcon-heavy", "starship")
    turnarounds_s = {year.number(f"launch.{rocket}.turnaround_s") for rocket in rockets}
    recovery_s = year.number("launch.recovery_s")
    pads: dict[str, list[int]] = {}
    ready_ns: dict[str, int] = {}
    flights: dict[str, int] = {}
    for word in words_of(a_year("2029")):
        match word.body:
            case LaunchFlown():
                pads.setdefault(scheduled[word.launch_id].site, []).append(word.effective_ns)
                booster_id, count = word.body.booster_id, word.body.flight_count
                assert word.effective_ns >= ready_ns.get(booster_id, 0)
                assert count == flights.get(booster_id, 0) + 1
                flights[booster_id] = count
            case BoosterRecovered():
                assert word.body.flights_count == flights.setdefault(
                    word.body.booster_id, word.body.flights_count
                )
                back_ns = parse_instant(word.body.ready_at) if word.body.is_landed else 2**63
                if word.launch_id and word.body.is_landed:
                    since_s = (back_ns - word.effective_ns) // NS_PER_S + recovery_s
                    assert since_s in turnarounds_s
                ready_ns[word.body.booster_id] = back_ns

    rests_ns = [b - a for site in ("slc-40", "slc-4e") for a, b in pairwise(pads[site])]
    pad_turnaround_s = year.number("launch.falcon9.pad-turnaround_s")
    assert min(rests_ns) >= pad_turnaround_s * NS_PER_S
    assert max(flights.values()) <= year.number("launch.falcon9.booster-qualified_count")


def test_boosters_are_reused_and_worn_ones_replaced() -> None:
    ticks = a_year("2026")

    flights = Counter(each.booster_id for each in bodies(ticks, LaunchFlown))
    lost = [each for each in bodies(ticks, BoosterRecovered) if not each.is_landed]
    new = [each for each in bodies(ticks, LaunchFlown) if each.flight_count == 1]

    assert max(flights.values()) >= 5
    assert any(each.flights_count == 40 for each in lost)
    assert any(each.flights_count < 40 for each in lost)
    assert new


def test_a_government_that_wants_young_boosters_gets_them() -> None:
    limited = {line.line for line in read_lines() if line.has_flight_limit}
    flown = [
        each
        for each in bodies(a_year("2026"), LaunchFlown)
        if each.launch_id.rsplit("-", 1)[0] in limited
    ]

    assert len(flown) == 7
    assert all(each.flight_count - 1 <= 5 for each in flown)


def test_a_failure_delivers_nothing_and_grounds_the_rocket() -> None:
    ticks = ticks_of(drawn(changes=ALWAYS_FAILS), 24 * 60)

    flown = [w for w in words_of(ticks) if w.is_liftoff and not w.launch_id.startswith("starship")]
    grounded = [w for w in words_of(ticks) if isinstance(w.body, VehicleStatusChanged)]
    assert {w.body.outcome for w in flown if isinstance(w.body, LaunchFlown)} == {"failure"}
    assert {w.body.delivered_kg for w in flown if isinstance(w.body, LaunchFlown)} == {0.0}
    assert [tick.deployments for tick in ticks if tick.deployments] == []
    assert bodies(ticks, CapitalSpent) == []
    days = load("2026").number("launch.falcon9.grounding_s") / 86_400
    assert all(b.effective_ns - a.effective_ns >= days * DAY_NS for a, b in pairwise(flown))
    assert len(grounded) == len(flown) >= 3
    folded(ticks)


def test_launches_of_a_grounded_rocket_move_on_the_manifest() -> None:
    (until,) = {
        each.until
        for each in bodies(ticks_of(drawn(changes=ALWAYS_FAILS), 12), VehicleStatusChanged)
    }
    ticks = ticks_of(drawn(changes=ALWAYS_FAILS), 24 * 14)

    assert until is not None
    moved = [
        word.body
        for word in words_of(ticks)
        if isinstance(word.body, LaunchScheduled) and word.effective_ns > OPENS_NS["2026"] + DAY_NS
        if parse_instant(word.body.net_at) - word.effective_ns < 20 * DAY_NS
    ]
    moved_past = [each for each in moved if parse_instant(each.net_at) >= parse_instant(until)]
    assert {each.vehicle for each in moved_past} <= {"falcon9", "dragon"}
    assert len(moved_past) >= 3


def test_internal_launches_become_capital_and_customers_pay() -> None:
    ticks = a_year("2026")
    scheduled = {each.launch_id: each for each in bodies(ticks, LaunchScheduled)}
    flown = {each.launch_id: each for each in bodies(ticks, LaunchFlown)}

    spent = bodies(ticks, CapitalSpent)

    assert {each.launch_id for each in spent} == {
        launch_id
        for launch_id, each in flown.items()
        if scheduled[launch_id].is_internal
        and scheduled[launch_id].satellites_count
        and each.outcome == "success"
    }
    for each in spent:
        assert each.amount_usd == flown[each.launch_id].cost_usd == 15_000_000
        assert each.segment == scheduled[each.launch_id].segment
        assert each.life_s == load("2026").number("class.v2-mini.life_s")
    assert all((each.price_usd == 0) == each.is_internal for each in scheduled.values())


def test_the_cost_of_a_shared_launch_is_split_by_satellites_to_the_dollar() -> None:
    loads = (Load("sl-53", 7), Load("sl-dtc", 13))
    log = log_of(flight(1, OPENS_NS["2026"] + DAY_NS, loads=loads))

    spent = bodies(ticks_of(logged(log, OPENS_NS["2026"]), 5), CapitalSpent)

    assert [(each.segment, each.amount_usd) for each in spent] == [
        ("sl-53", Decimal(5_250_000)),
        ("sl-dtc", Decimal(9_750_000)),
    ]


def test_only_segments_of_the_world_are_deployed_to() -> None:
    ticks = ticks_of(drawn(segments=("sl-97", "no-such")), 24 * 60)

    assert {each.segment for tick in ticks for each in tick.deployments} == {"sl-97"}
    scheduled = bodies(ticks, LaunchScheduled)
    assert {each.segment for each in scheduled} == {"", "sl-97"}
    assert any(each.launch_id.startswith("starlink-53") for each in scheduled)


def test_satellites_of_a_log_join_only_segments_of_the_world() -> None:
    loads = (Load("sl-53", 7), Load("sl-99", 13))
    log = log_of(flight(1, OPENS_NS["2026"] + DAY_NS, loads=loads))

    ticks = ticks_of(logged(log, OPENS_NS["2026"]), 5)

    deployed = [each for tick in ticks for each in tick.deployments]
    assert [(each.segment, each.satellites_count) for each in deployed] == [("sl-53", 7)]
    assert [each.satellites_count for each in bodies(ticks, LaunchScheduled)] == [7]


def test_taking_a_line_away_changes_no_other_lines_luck() -> None:
    fewer = drawn(changes={"manifest.2026.commercial.launches_count_per_y": 0.0})

    def outcomes(ticks: Iterable[LaunchTick]) -> dict[str, str]:
        return {each.launch_id: each.outcome for each in bodies(ticks, LaunchFlown)}

    before, after = outcomes(a_year("2026")), outcomes(ticks_of(fewer, YEAR_H))
    assert {name: before[name] for name in after if name in before} == {
        name: after[name] for name in after if name in before
    }
    assert not any(name.startswith("commercial") for name in after)


def test_the_lines_name_vehicles_segments_and_numbers_there_are() -> None:
    for line in read_lines():
        baseline = load(line.world)
        segments = {plan.segment for plan in baseline.satellite_segments}
        place = f"manifest.{line.world}.{line.line}"

        assert line.vehicle in VEHICLES
        assert line.segment in segments | {""}
        assert bool(line.segment) == (baseline.number(f"{place}.satellites_count") > 0)
        assert bool(line.price) == (line.customer != "spacex")
    promised = {row.commitment_id for row in read_promises().promises}
    assert {line.commitment_id for line in read_lines()} <= promised | {""}
    opening = [line.world for line in read_lines() if line.is_opening]
    assert sorted(opening) == sorted(world_names())


def test_the_whole_real_log_flies_as_it_did_and_the_fold_refuses_nothing() -> None:
    log = real("gcat_falcon9_2010_20251128.csv")
    start_ns = log.launches[0].net_ns // DAY_NS * DAY_NS

    state = folded(ticks_of(logged(log, start_ns), 16 * 366))

    vehicles = state.vehicles.values()
    assert sum(each.flown_count for each in vehicles) == 569
    assert sum(each.failure_count for each in vehicles) == 3
    assert sum(each.partial_count for each in vehicles) == 1
    assert sum(each.internal_count for each in vehicles) == 329
    assert len(state.recent) == fold.RECENT_MAX_COUNT
    assert not state.manifest
    assert state.boosters["B1067"].flights_count == 31
    flying_count = sum(not each.is_lost for each in state.boosters.values())
    assert flying_count == load("2026").number("launch.falcon9.boosters_count")


def test_a_log_opens_with_the_boosters_of_the_flights_before_it() -> None:
    log = real("gcat_falcon9_2010_20251128.csv")

    first = logged(log, log.opening_ns, interval_ns=MINUTE_NS).tick(1)

    before = {each.booster_id: each.flights_count for each in bodies([first], BoosterRecovered)}
    assert before["B1083"] == 15
    assert before["B1063"] == 28
    assert len(before) == 24


def test_real_launches_put_their_satellites_into_their_segments() -> None:
    log = real("ll2_us_past_20260702_20260822_merged.json")
    start_ns = parse_instant("2026-07-05T00:00:00Z")

    ticks = ticks_of(logged(log, start_ns), 50)

    assert sum(len(tick.flights) for tick in ticks) == 23
    deployed: Counter[str] = Counter()
    for tick in ticks:
        for each in tick.deployments:
            deployed[each.segment] += each.satellites_count
    assert deployed == {"sl-53": 5 * 29, "sl-97": 8 * 24, "sl-70": 2 * 27}
    folded(ticks)


def test_what_a_log_has_still_to_come_flies_at_its_date_or_later() -> None:
    log = real("ll2_upcoming_us_20260822.json")
    nets = {each.launch_id: each.net_ns for each in log.launches}

    ticks = ticks_of(logged(log, log.opening_ns), 365 * 6)

    flown = [word for word in words_of(ticks) if word.is_liftoff]
    assert len(flown) == 128
    assert all(word.effective_ns >= nets[word.launch_id] for word in flown)
    folded(ticks)


def test_a_real_failure_grounds_the_rocket_until_it_flew_again() -> None:
    start_ns = OPENS_NS["2026"]
    log = log_of(
        flight(1, start_ns + DAY_NS, outcome="failure"),
        flight(2, start_ns + 3 * DAY_NS, booster_id="B2", flight_count=1),
    )

    ticks = ticks_of(logged(log, start_ns), 5)

    (grounded,) = bodies(ticks, VehicleStatusChanged)
    assert grounded.until == instant_text(start_ns + 3 * DAY_NS)
    assert len(bodies(ticks, LaunchFlown)) == 2
    folded(ticks)


def test_a_booster_that_flew_again_soon_was_ready_by_then() -> None:
    start_ns = OPENS_NS["2026"]
    log = log_of(flight(1, start_ns + DAY_NS), flight(2, start_ns + 10 * DAY_NS))

    first, last = bodies(ticks_of(logged(log, start_ns), 12), BoosterRecovered)

    assert first.ready_at == instant_text(start_ns + 10 * DAY_NS)
    assert last.is_landed


def test_a_booster_that_did_not_fly_for_a_year_was_given_up() -> None:
    start_ns = OPENS_NS["2026"]
    log = log_of(
        flight(1, start_ns + DAY_NS),
        flight(1, start_ns + 400 * DAY_NS, launch_id="L2", booster_id="B2"),
    )

    first, last = bodies(ticks_of(logged(log, start_ns), 402), BoosterRecovered)

    assert (first.is_landed, last.is_landed) == (False, True)
