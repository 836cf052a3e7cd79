"""Launches put satellites into the fleet while a world runs, and it goes on from its own words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from asking import said
from worlds import (
    CATALOGUE_START_NS,
    MINUTE_NS,
    START_NS,
    baseline_of,
    bodies,
    folded,
    frame_of,
    small_catalogue,
    small_world,
    ticks,
)

from twin.errors import BadInput
from twin.events import (
    AssetsAssigned,
    LaunchFlown,
    LaunchScheduled,
    SatellitesDeployed,
    ShardOpened,
)
from twin.outcomes import Refused
from twin.simulate.asset_ids import LAUNCHED_FIRST, launched_ids
from twin.simulate.launch import Launch, Load
from twin.simulate.launch_log import LaunchLog
from twin.simulate.outbox import ARROW, WorldTick
from twin.simulate.world import World
from twin.units import parse_instant

JOINED_TICK = 21
"""Five minutes to liftoff, a quarter of an hour to release."""
HOURS_COUNT = 200


def an_hour(**more: object) -> list[WorldTick]:
    return list(ticks(small_world(**more), 30))


def new_shard(run: list[WorldTick]) -> str:
    """The first shard that opened after the opening."""
    name: str = said(run[1:], ShardOpened)[0][1].shard
    return name


def flown(name: str, *, after_min: int) -> Launch:
    """A launch that really flew, some minutes after the start, with 24 satellites."""
    at_ns = parse_instant("2026-08-22T00:00:00Z") + after_min * MINUTE_NS
    return Launch(
        launch_id=name,
        vehicle="falcon9",
        site="slc-40",
        customer="spacex",
        orbit="LEO",
        net_ns=at_ns,
        payload_kg=13_800.0,
        loads=(Load("sl-53", 24),),
        booster_id=f"B-{name}",
        flight_count=3,
        liftoff_ns=at_ns,
        outcome="success",
    )


def busy_world() -> World:
    """Hourly ticks: a few days hold many launches."""
    return small_world(
        baseline_of("2029"), interval_ns=60 * MINUTE_NS, shard_rows_max_count=10, has_faults=True
    )


def test_a_flown_launch_opens_a_shard_that_reports_from_its_tick_on() -> None:
    run = an_hour()

    ((_, deployed),) = said(run, SatellitesDeployed)
    new = [body.shard for _, body in said(run[1:], ShardOpened)]
    first = deployed.first_asset_id
    assert new == [f"sl-53/public/{first}"]
    reporting = [tick.number for tick in run if new[0] in bodies(tick)]
    assert reporting == list(range(JOINED_TICK, 31))
    columns = frame_of(run[-1], new[0]).columns
    assert columns["asset_id"].tolist() == list(range(first, first + 29))


def test_every_word_of_a_launch_names_its_cause() -> None:
    run = an_hour()
    by_id = {str(sent.identity): sent for tick in run for sent in tick.messages}

    ((deployed, _),) = said(run, SatellitesDeployed)
    (opened, _) = said(run[1:], ShardOpened)[0]
    (assigned, _) = said(run[1:], AssetsAssigned)[0]
    flown = by_id[deployed.causation_id]
    assert by_id[assigned.causation_id] is opened
    assert by_id[opened.causation_id] is deployed
    assert (flown.kind, by_id[flown.causation_id].kind) == ("LaunchFlown", "LaunchScheduled")
    assert len({m.correlation_id for m in (assigned, opened, deployed, flown)}) == 1


def test_new_satellites_fly_on_the_orbit_of_their_shell_and_apart() -> None:
    run = an_hour(satellites_count=None)
    ((_, deployed),) = said(run, SatellitesDeployed)
    shells = {
        (shell.altitude_km, shell.inclination_deg)
        for plan in baseline_of("2029").satellite_segments
        if plan.segment == "sl-53"
        for shell in plan.shells
    }

    columns = frame_of(run[-1], new_shard(run)).columns

    position_km = np.stack([columns[axis].astype(float) for axis in ("x_km", "y_km", "z_km")])
    assert (deployed.altitude_km, deployed.inclination_deg) in shells
    radius_km = np.sqrt((position_km**2).sum(axis=0))
    assert radius_km == pytest.approx(6378.137 + deployed.altitude_km, abs=0.01)
    gap_km = np.sqrt(((position_km[:, :, None] - position_km[:, None, :]) ** 2).sum(axis=0))
    assert gap_km[~np.eye(29, dtype=bool)].min() > 1000.0


def test_what_their_batteries_held_is_told_to_the_milliwatt_hour() -> None:
    ((_, deployed),) = said(an_hour(), SatellitesDeployed)

    build_wh = baseline_of("2029").satellite_class("v2-mini").battery_wh
    start_wh = np.float32(baseline_of("2029").number("power.charge-start_fraction") * build_wh)
    assert deployed.charge_wh == 29 * np.floor(float(start_wh) * 1000 + 0.5) / 1000


def test_the_satellites_of_the_opening_are_none_the_wiser() -> None:
    without = baseline_of("2029")
    calm = {**without.assumptions}
    name = "launch.falcon9.success-gcat_fraction"
    calm[name] = msgspec.structs.replace(calm[name], value=0.0)
    failing = msgspec.structs.replace(without, assumptions=calm)

    flown, failed = (
        list(ticks(small_world(base, has_noise=True), 25)) for base in (without, failing)
    )

    assert said(flown, LaunchFlown)[0][1].outcome == "success"
    assert said(failed, LaunchFlown)[0][1].outcome == "failure"
    assert not said(failed, SatellitesDeployed)
    for stream in small_world(without).frame_streams:
        one, other = (frame_of(run[-1], stream).columns for run in (flown, failed))
        assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize("number", [JOINED_TICK - 1, JOINED_TICK, JOINED_TICK + 1])
def test_a_world_killed_about_a_deployment_says_the_same_bytes(number: int) -> None:
    never_killed = an_hour()

    world, last = small_world(), never_killed[number - 1]
    resumed = list(ticks(world, 30 - number, world.resume(last.seal, bodies(last))))

    assert resumed == never_killed[number:]


def test_a_world_of_many_deployments_killed_anywhere_says_the_same_bytes() -> None:
    never_killed = list(ticks(busy_world(), HOURS_COUNT))
    edges = [0, *sorted(random.Random(5).sample(range(1, HOURS_COUNT), 8)), HOURS_COUNT]

    run: list[WorldTick] = []
    for begin, end in pairwise(edges):
        world = busy_world()
        state = world.resume(run[-1].seal, bodies(run[-1])) if run else world.start()
        run += ticks(world, end - begin, state)

    assert len(said(run, SatellitesDeployed)) > 1
    assert run == never_killed


def test_the_frame_of_a_deployed_shard_is_needed_to_resume() -> None:
    run = an_hour()
    last, new = run[-1], new_shard(run)
    without = {name: body for name, body in bodies(last).items() if name != new}

    with pytest.raises(BadInput, match=f"no frame of {new}"):
        small_world().resume(last.seal, without)


def test_sequences_of_a_new_stream_begin_at_one() -> None:
    run = an_hour()
    new = new_shard(run)

    for tick in run[JOINED_TICK - 1 :]:
        frame = next(m for m in tick.messages if m.key == new)
        assert frame.content_type == ARROW
        assert frame.identity.sequence == tick.number - JOINED_TICK + 1
        assert dict(tick.seal.last)[new] == frame.identity.sequence


def test_large_deployments_are_cut_into_shards_and_no_id_is_given_twice() -> None:
    run = list(ticks(busy_world(), HOURS_COUNT))

    ranges = [
        (body.segment, first, last)
        for _, body in said(run, AssetsAssigned)
        for first, last in body.asset_id_ranges
    ]
    sizes = [last - first + 1 for name, first, last in ranges if not name.startswith("c")]
    assert max(sizes) <= 10
    mine = sorted((first, last) for name, first, last in ranges if name == "sl-53")
    assert len(mine) > 3
    assert all(late[0] > early[1] for early, late in pairwise(mine))


def test_a_launch_that_is_not_in_the_log_changes_no_other_row() -> None:
    launches = [flown(name, after_min=place) for place, name in enumerate(("one", "two", "three"))]

    def world_of(*flying: Launch) -> list[WorldTick]:
        start_ns = parse_instant("2026-08-22T00:00:00Z")
        log = LaunchLog(flying, (), (), "")
        return list(ticks(small_world(baseline_of("2026"), start_ns=start_ns, launch_log=log), 30))

    whole, without = world_of(*launches), world_of(launches[0], launches[2])

    ids = {body.launch_id: body.first_asset_id for _, body in said(whole, SatellitesDeployed)}
    left = {body.launch_id: body.first_asset_id for _, body in said(without, SatellitesDeployed)}
    assert left == {name: ids[name] for name in ("one", "three")}
    for stream in (f"sl-53/public/{first}" for first in left.values()):
        assert bodies(whole[-1])[stream] == bodies(without[-1])[stream]


def test_two_launches_whose_names_draw_one_place_have_ids_of_their_own() -> None:
    first = launched_ids("one", "sl-53", 29, ())
    taken = [first, (first[1] + 60, first[1] + 80)]

    again = launched_ids("one", "sl-53", 29, taken)

    assert again[1] - again[0] == 28
    assert all(again[0] > last or again[1] < begin for begin, last in taken)
    assert launched_ids("two", "sl-53", 29, taken) == launched_ids("two", "sl-53", 29, ())


def test_a_launch_log_flies_instead_of_a_drawn_manifest() -> None:
    start_ns = parse_instant("2026-08-22T00:00:00Z")
    log = LaunchLog((flown("really-flown", after_min=3),), (), (), "")

    run = list(ticks(small_world(baseline_of("2026"), start_ns=start_ns, launch_log=log), 25))

    assert {body.launch_id for _, body in said(run, LaunchScheduled)} == {"really-flown"}
    ((_, deployed),) = said(run, SatellitesDeployed)
    assert (deployed.launch_id, deployed.satellites_count) == ("really-flown", 24)


def test_satellites_join_a_catalogued_fleet_under_ids_of_their_own() -> None:
    world = small_world(
        baseline_of("2026"),
        start_ns=CATALOGUE_START_NS,
        satellites_count=None,
        catalogue=small_catalogue(range(44001, 44009)),
    )

    run = list(ticks(world, 25))

    assert frame_of(run[-1], new_shard(run)).columns["asset_id"].min() >= LAUNCHED_FIRST


def test_a_world_before_the_split_lives_to_see_it() -> None:
    days = 60 * MINUTE_NS

    def since(day: str) -> Iterator[WorldTick]:
        world = small_world(
            baseline_of("2026"), start_ns=parse_instant(f"{day}T00:00:00Z"), interval_ns=days
        )
        return ticks(world, 26)

    before, after = (
        [tick.number for tick in since(day) for m in tick.messages if m.kind == "SharesSplit"]
        for day in ("2026-05-03", "2026-05-20")
    )

    assert before == [25]
    assert after == [1]


@pytest.mark.parametrize("world", ["2026", "2029"])
def test_the_twin_refuses_nothing_a_world_says(world: str) -> None:
    steps = folded(small_world(baseline_of(world), start_ns=START_NS), 30)

    assert not [o for step in steps for o in step.outcomes if isinstance(o, Refused)]
