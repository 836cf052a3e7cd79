"""The fold of launches: what it keeps, what it refuses, and that it stays small."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import BadInput
from twin.events import (
    BoosterRecovered,
    LaunchFlown,
    LaunchScheduled,
    SatellitesDeployed,
    VehicleStatusChanged,
)
from twin.fold import launches as fold
from twin.fold.launches import Launches
from twin.fold.lift import Lift, lift
from twin.units import NS_PER_S, instant_text, parse_instant

NET = "2029-01-02T00:00:00Z"
NET_NS = parse_instant(NET)
DAY_NS = 86_400 * NS_PER_S


def scheduled(state: Launches | None = None, **changes: Any) -> Launches:
    fact = LaunchScheduled(
        launch_id="L1",
        vehicle="falcon9",
        site="slc-40",
        customer="spacex",
        is_internal=True,
        payload_kg=16675.0,
        orbit="LEO",
        net_at=NET,
        segment="sl-53",
        satellites_count=29,
    )
    return fold.launch_scheduled(state or Launches(), msgspec.structs.replace(fact, **changes))


def flown(state: Launches, *, at_ns: int = NET_NS, **changes: Any) -> Launches:
    fact = LaunchFlown(
        launch_id="L1",
        booster_id="B1",
        flight_count=3,
        outcome="success",
        delivered_kg=16675.0,
        cost_usd=Decimal(15_000_000),
    )
    fact = msgspec.structs.replace(fact, **changes)
    return fold.launch_flown(state, fact, effective_ns=at_ns)


def recovered(state: Launches, **changes: Any) -> Launches:
    fact = BoosterRecovered("B1", is_landed=True, flights_count=3, ready_at=NET)
    return fold.booster_recovered(state, msgspec.structs.replace(fact, **changes))


def status(state: Launches, **changes: Any) -> Launches:
    fact = VehicleStatusChanged("falcon9", status="grounded", reason="L0 failed", until=None)
    return fold.vehicle_status_changed(state, msgspec.structs.replace(fact, **changes))


def deployed(state: Launches, **changes: Any) -> Launches:
    fact = SatellitesDeployed("L1", "sl-53", 29, 1, altitude_km=300.0, inclination_deg=53.0)
    return fold.satellites_deployed(state, msgspec.structs.replace(fact, **changes))


def test_a_scheduled_launch_is_on_the_manifest_until_it_flies() -> None:
    before = scheduled()

    after = flown(before)

    assert before.manifest["L1"].net_ns == NET_NS
    assert after.manifest == {}
    (launch,) = after.recent
    assert launch.planned == before.manifest["L1"]
    assert (launch.flown_ns, launch.outcome, launch.delivered_kg) == (NET_NS, "success", 16675)


def test_the_last_word_on_a_launch_holds() -> None:
    state = scheduled(scheduled(), net_at="2029-01-05T00:00:00Z", site="lc-39a")

    assert len(state.manifest) == 1
    assert state.manifest["L1"].net_ns == NET_NS + 3 * DAY_NS
    assert state.manifest["L1"].site == "lc-39a"


def test_what_flew_is_summed_by_vehicle() -> None:
    state = flown(scheduled())
    state = scheduled(state, launch_id="L2", is_internal=False, price_usd=Decimal("59900000.25"))
    state = flown(
        state, launch_id="L2", booster_id="", outcome="failure", delivered_kg=0.0, at_ns=NET_NS + 1
    )

    vehicle = state.vehicles["falcon9"]

    assert (vehicle.flown_count, vehicle.internal_count) == (2, 1)
    assert (vehicle.success_count, vehicle.partial_count, vehicle.failure_count) == (1, 0, 1)
    assert vehicle.delivered_kg == 16675
    assert vehicle.cost_micro_usd == 30_000_000 * 10**6
    assert vehicle.last_flown_ns == NET_NS + 1
    assert state.recent[1].planned.price_micro_usd == 59_900_000_250_000


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vehicle": "falcon-9"}, "vehicle 'falcon-9'; expected 'falcon9' (the nearest name)"),
        ({"vehicle": "Saturn"}, "expected one of dragon, falcon-heavy, falcon9, starship"),
        ({"launch_id": ""}, "without a name"),
        ({"net_at": "tomorrow"}, "net_at='tomorrow'"),
        ({"price_usd": Decimal(-1)}, "price_usd=-1"),
        ({"price_usd": Decimal(5)}, "an internal launch at 5 dollars"),
        ({"segment": ""}, "29 satellites of no segment"),
    ],
)
def test_a_launch_that_cannot_be_meant_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        scheduled(**changes)

    assert reason in str(refused.value)


def test_a_launch_that_flew_cannot_be_scheduled_again() -> None:
    with pytest.raises(BadInput, match="launch 'L1', which has flown"):
        scheduled(flown(scheduled()))


def test_a_flight_must_be_on_the_manifest() -> None:
    with pytest.raises(BadInput, match="'L2', which is not on the manifest; expected one of L1"):
        flown(scheduled(), launch_id="L2")


def test_a_launch_flies_once() -> None:
    with pytest.raises(BadInput, match="a second flight of launch 'L1'"):
        flown(flown(scheduled()))


def test_a_grounded_vehicle_does_not_fly_until_it_may() -> None:
    state = status(scheduled(), until=NET)

    with pytest.raises(BadInput, match="but falcon9 is grounded: L0 failed"):
        flown(state, at_ns=NET_NS - 1)
    assert flown(state, at_ns=NET_NS).recent


@pytest.mark.parametrize("word", ["grounded", "retired"])
def test_without_an_end_it_lasts_until_the_vehicle_is_active_again(word: str) -> None:
    state = status(scheduled(), status=word)

    with pytest.raises(BadInput, match=f"falcon9 is {word}"):
        flown(state, at_ns=NET_NS + 10_000 * DAY_NS)
    assert flown(status(state, status="active", reason="")).recent


def test_a_retired_vehicle_does_not_return_at_an_instant() -> None:
    state = status(scheduled(), status="retired", until=NET)

    with pytest.raises(BadInput, match="falcon9 is retired"):
        flown(state, at_ns=NET_NS + DAY_NS)


def test_a_capsule_stays_down_with_its_rocket_but_not_the_rocket_with_it() -> None:
    capsule = status(scheduled(vehicle="dragon"))
    rocket = status(scheduled(), vehicle="dragon")

    with pytest.raises(BadInput, match="falcon9 is grounded"):
        flown(capsule)
    assert flown(rocket).recent


def test_grounding_another_vehicle_changes_nothing() -> None:
    assert flown(status(scheduled(), vehicle="starship")).recent


def test_an_unknown_vehicle_has_no_status() -> None:
    with pytest.raises(BadInput, match="vehicle 'starshp'; expected 'starship'"):
        status(Launches(), vehicle="starshp")


def test_a_failure_delivers_nothing() -> None:
    with pytest.raises(BadInput, match=r"a failure that delivered 16675\.0 kg"):
        flown(scheduled(), outcome="failure")


def test_launches_that_reach_orbit_count_for_what_was_promised() -> None:
    state = flown(scheduled(commitment_id="nssl-lane2"), booster_id="")
    for number, outcome in ((2, "failure"), (3, "partial")):
        name = f"L{number}"
        state = scheduled(state, launch_id=name, commitment_id="nssl-lane2")
        state = flown(state, launch_id=name, booster_id="", outcome=outcome, delivered_kg=0.0)

    assert state.kept_count == {"nssl-lane2": 2}
    assert flown(scheduled()).kept_count == {}


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(BadInput, match="cost_usd=-1"):
        flown(scheduled(), cost_usd=Decimal(-1))


def test_a_booster_wears_with_each_flight_and_returns() -> None:
    in_air = flown(scheduled())

    back = recovered(in_air, ready_at="2029-01-20T00:00:00Z")

    assert in_air.boosters["B1"].is_flying
    assert back.boosters["B1"].flights_count == 3
    assert back.boosters["B1"].ready_ns == NET_NS + 18 * DAY_NS
    assert not back.boosters["B1"].is_flying
    again = flown(scheduled(back, launch_id="L2"), launch_id="L2", flight_count=4)
    assert again.boosters["B1"].flights_count == 4


def test_a_lost_booster_does_not_fly_again() -> None:
    state = scheduled(recovered(flown(scheduled()), is_landed=False), launch_id="L2")

    with pytest.raises(BadInput, match="booster 'B1', which is lost"):
        flown(state, launch_id="L2", flight_count=4)
    assert state.boosters["B1"].is_lost


def test_a_booster_counts_its_flights_upwards() -> None:
    state = scheduled(recovered(flown(scheduled())), launch_id="L2")

    with pytest.raises(BadInput, match="flight 3 of booster 'B1'; expected 4 or later"):
        flown(state, launch_id="L2", flight_count=3)


def test_a_booster_stays_with_its_rocket_and_carries_its_capsule() -> None:
    state = scheduled(recovered(flown(scheduled())), launch_id="L2", vehicle="starship")

    with pytest.raises(BadInput, match="booster 'B1', which belongs to falcon9"):
        flown(state, launch_id="L2", flight_count=4)
    capsule = scheduled(state, launch_id="L3", vehicle="dragon")
    assert flown(capsule, launch_id="L3", flight_count=4).boosters["B1"].flights_count == 4


def test_only_a_booster_in_the_air_comes_back() -> None:
    with pytest.raises(BadInput, match="booster 'B2', which is not in the air; expected one of B1"):
        recovered(flown(scheduled()), booster_id="B2")
    with pytest.raises(BadInput, match="booster 'B1', which is not in the air"):
        recovered(recovered(flown(scheduled())))


def test_a_booster_that_was_there_before_names_its_rocket() -> None:
    state = recovered(Launches(), vehicle="dragon")

    assert state.boosters["B1"] == fold.Booster("B1", "falcon9", 3, ready_ns=NET_NS)
    with pytest.raises(BadInput, match="vehicle 'falcon'"):
        recovered(Launches(), vehicle="falcon")


def test_satellites_come_from_a_launch_that_flew_with_them() -> None:
    state = deployed(flown(scheduled()), satellites_count=13)

    assert deployed(state, satellites_count=16).recent[0].deployed_count == 29
    with pytest.raises(BadInput, match="30 satellites of launch 'L1'; expected 29 at most"):
        deployed(state, satellites_count=17)


def test_satellites_of_a_launch_that_failed_or_never_flew_are_refused() -> None:
    failed = flown(scheduled(), outcome="failure", delivered_kg=0.0)

    with pytest.raises(BadInput, match="launch 'L1', which failed"):
        deployed(failed)
    with pytest.raises(BadInput, match="launch 'L1', which has not flown"):
        deployed(scheduled())


def test_the_slice_stays_small_and_its_sums_whole() -> None:
    state = Launches()
    for number in range(fold.RECENT_MAX_COUNT + 50):
        name = f"L{number}"
        state = flown(scheduled(state, launch_id=name), launch_id=name, booster_id="")

    assert len(state.recent) == fold.RECENT_MAX_COUNT
    assert state.recent[0].planned.launch_id == "L50"
    assert state.vehicles["falcon9"].flown_count == fold.RECENT_MAX_COUNT + 50


def test_what_is_forgotten_of_a_launch_still_keeps_it_from_flying_unscheduled() -> None:
    state = Launches()
    for number in range(fold.RECENT_MAX_COUNT + 1):
        name = f"L{number}"
        state = flown(scheduled(state, launch_id=name), launch_id=name, booster_id="")

    with pytest.raises(BadInput, match="'L0', which is not on the manifest"):
        flown(state, launch_id="L0", booster_id="")


def test_a_full_manifest_takes_no_more_launches_but_moves_those_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "MANIFEST_MAX_COUNT", 1)
    state = scheduled()

    with pytest.raises(BadInput, match="launch 'L2' on a full manifest"):
        scheduled(state, launch_id="L2")
    assert scheduled(state, site="lc-39a").manifest["L1"].site == "lc-39a"


def test_sums_that_leave_64_bits_are_refused() -> None:
    state = Launches()
    for number in range(4):
        name = f"L{number}"
        state = scheduled(state, launch_id=name)
        state = flown(state, launch_id=name, booster_id="", cost_usd=Decimal(10**12))

    with pytest.raises(BadInput, match="sums of falcon9 leave 64 bits"):
        flown(scheduled(state, launch_id="L9"), launch_id="L9", cost_usd=Decimal(10**12))


def test_the_slice_survives_a_snapshot() -> None:
    state = status(deployed(recovered(flown(scheduled()))), until=NET)
    state = scheduled(state, launch_id="L2", payload_kg=1812.408)

    back = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Launches)

    assert back.encoded() == state.encoded()


def test_the_bytes_do_not_depend_on_the_order_things_were_said_in() -> None:
    one = scheduled(scheduled(), launch_id="L2")
    other = scheduled(scheduled(launch_id="L2"))

    assert one.encoded() == other.encoded()
    assert one.encoded() != scheduled().encoded()


FACTS = st.one_of(
    st.builds(
        LaunchScheduled,
        launch_id=st.sampled_from(["", "a", "b", "c"]),
        vehicle=st.sampled_from(["falcon9", "dragon", "starship", "shuttle"]),
        site=st.just(""),
        customer=st.just(""),
        is_internal=st.booleans(),
        payload_kg=st.floats(0.0, 1e12),
        orbit=st.just(""),
        net_at=st.sampled_from([NET, "x"]),
        segment=st.sampled_from(["", "sl-53"]),
        satellites_count=st.integers(0, 3),
        price_usd=st.decimals(),
    ),
    st.builds(
        LaunchFlown,
        launch_id=st.sampled_from(["a", "b", "c"]),
        booster_id=st.sampled_from(["", "B1", "B2"]),
        flight_count=st.integers(0, 4),
        delivered_kg=st.floats(0.0, 1e12),
        cost_usd=st.decimals(),
    ),
    st.builds(
        BoosterRecovered,
        booster_id=st.sampled_from(["", "B1", "B2"]),
        ready_at=st.sampled_from([NET, "x"]),
        flights_count=st.integers(0, 2**62),
        vehicle=st.sampled_from(["", "falcon9", "shuttle"]),
    ),
    st.builds(
        VehicleStatusChanged,
        vehicle=st.sampled_from(["falcon9", "starship", "shuttle"]),
        until=st.sampled_from([None, NET, "x"]),
    ),
    st.builds(
        SatellitesDeployed,
        launch_id=st.sampled_from(["a", "b"]),
        satellites_count=st.integers(0, 3),
        altitude_km=st.just(300.0),
        inclination_deg=st.just(53.0),
    ),
)


@given(st.lists(FACTS, max_size=30))
def test_whatever_is_said_is_applied_or_refused(facts: list[Any]) -> None:
    state = Launches()
    for fact in facts:
        try:
            match fact:
                case LaunchScheduled():
                    state = fold.launch_scheduled(state, fact)
                case LaunchFlown():
                    state = fold.launch_flown(state, fact, effective_ns=NET_NS)
                case BoosterRecovered():
                    state = fold.booster_recovered(state, fact)
                case VehicleStatusChanged():
                    state = fold.vehicle_status_changed(state, fact)
                case SatellitesDeployed():
                    state = fold.satellites_deployed(state, fact)
        except BadInput:
            continue

    back = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Launches)
    assert back.encoded() == state.encoded()
    flown_ids = [each.planned.launch_id for each in state.recent]
    assert len(set(flown_ids)) == len(flown_ids)
    assert not set(flown_ids) & set(state.manifest)
    assert sum(each.flown_count for each in state.vehicles.values()) == len(flown_ids)


def numbers(name: str, default: float) -> float:
    told = {"launch.falcon9.turnaround_s": 864_000.0, "launch.falcon9.lift_kg": 17_500.0}
    return told.get(name, default)


def test_lift_is_what_the_boosters_at_hand_can_bring_up_a_day() -> None:
    state = recovered(flown(scheduled()), ready_at="2029-01-20T00:00:00Z")
    state = recovered(state, booster_id="B2", vehicle="falcon9")
    state = recovered(state, booster_id="B3", vehicle="falcon9", is_landed=False)

    (row,) = lift(state, numbers, instant_ns=NET_NS + DAY_NS)

    assert row == Lift(
        vehicle="falcon9",
        boosters_count=2,
        ready_count=1,
        installed_kg_per_d=3500,
        healthy_kg_per_d=3500,
        available_kg_per_d=1750,
        delivered_kg_per_d=16675 // 30,
    )


def test_a_grounded_rocket_lifts_nothing_and_old_flights_are_not_of_late() -> None:
    state = status(recovered(flown(scheduled())), until=instant_text(NET_NS + 40 * DAY_NS))

    (grounded,) = lift(state, numbers, instant_ns=NET_NS + 29 * DAY_NS)
    (later,) = lift(state, numbers, instant_ns=NET_NS + 40 * DAY_NS)

    assert (grounded.installed_kg_per_d, grounded.healthy_kg_per_d) == (1750, 0)
    assert (grounded.available_kg_per_d, grounded.delivered_kg_per_d) == (0, 555)
    assert (later.available_kg_per_d, later.delivered_kg_per_d) == (1750, 0)
