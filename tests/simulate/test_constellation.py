from __future__ import annotations

import numpy as np
import pytest
from worlds import (
    CATALOGUE_START_NS,
    LINE_1,
    LINE_2,
    MINUTE_NS,
    baseline_of,
    bodies,
    folded,
    frame_of,
    small_catalogue,
    small_world,
    ticks,
)

from twin.asset_ranges import ranges_of
from twin.baseline import load, world_names
from twin.errors import BadInput
from twin.events import Event, fact
from twin.frames import STATUS_FAILED
from twin.physics.tle_orbit import positions_itrs_km
from twin.simulate.asset_ids import first_asset_id
from twin.simulate.catalogue import Catalogue, read_catalogue
from twin.simulate.world import World

DAY_NS = 1440 * MINUTE_NS
ISS_1 = "1 25544U 98067A   26150.51748228  .00011776  00000+0  21767-3 0  9998"
ISS_2 = "2 25544  51.6337  27.5746 0007245 114.7080 245.4664 15.49496548569014"


def falling_and_steady() -> Catalogue:
    """Asset 44714 meets the atmosphere within a year, asset 25544 later."""
    return read_catalogue("\n".join([LINE_1, LINE_2, ISS_1, ISS_2]).encode())


def lost_from_ns(catalogue: Catalogue, asset: int) -> int:
    """The first whole minute at which SGP4 has no position for the asset."""
    row = catalogue.asset_id.tolist().index(asset)
    flies, lost = CATALOGUE_START_NS, CATALOGUE_START_NS + 400 * DAY_NS
    while lost - flies > MINUTE_NS:
        middle = flies + (lost - flies) // 2 // MINUTE_NS * MINUTE_NS
        codes = positions_itrs_km(catalogue.satrecs, middle)[1]
        flies, lost = (flies, middle) if codes[row] else (middle, lost)
    return lost


def catalogued(catalogue: Catalogue, start_ns: int) -> World:
    return small_world(
        baseline_of("2026"), start_ns=start_ns, satellites_count=None, catalogue=catalogue
    )


def test_a_satellite_decayed_before_the_start_is_left_out_by_name_and_reason() -> None:
    catalogue = falling_and_steady()

    world = catalogued(catalogue, lost_from_ns(catalogue, 44714) + DAY_NS)

    assert [out.asset_id for out in world.left_out] == [44714]
    assert "SGP4 code" in world.left_out[0].reason
    frame = frame_of(next(ticks(world, 1)), "sl-53/public/0")
    assert frame.columns["asset_id"].tolist() == [25544]


def test_a_catalogue_of_which_nothing_flies_is_refused() -> None:
    with pytest.raises(BadInput, match="none of 2 satellites flies"):
        catalogued(small_catalogue([44001, 44002]), CATALOGUE_START_NS + 400 * DAY_NS)


def test_a_satellite_that_loses_its_orbit_fails_once_and_its_row_stays_readable() -> None:
    catalogue = falling_and_steady()
    world = catalogued(catalogue, lost_from_ns(catalogue, 44714) - 5 * MINUTE_NS)

    said = list(ticks(world, 9))

    failed = [
        (tick.number, fact(Event(m.identity, m.kind, m.effective_ns, m.label, m.body)))
        for tick in said
        for m in tick.messages
        if m.kind == "AssetsFailed"
    ]
    assert len(failed) == 1
    number, event = failed[0]
    assert 4 <= number <= 6
    assert (event.component, event.asset_ids) == ("orbit", (44714,))
    last = frame_of(said[-1], "sl-53/public/0").columns
    assert last["status"].tolist() == [0, STATUS_FAILED]
    assert last["x_km"][1] == last["y_km"][1] == last["z_km"][1] == 0.0
    steps = list(folded(catalogued(catalogue, said[0].start_ns), 9))
    assert not [o for step in steps for o in step.outcomes if hasattr(o, "reason")]


def test_a_frames_positions_are_those_of_sgp4() -> None:
    catalogue = small_catalogue(range(44001, 44011))
    tick = next(ticks(catalogued(catalogue, CATALOGUE_START_NS), 1))

    expected_km, _ = positions_itrs_km(catalogue.satrecs, tick.tick_ns)

    columns = frame_of(tick, "sl-53/public/0").columns
    found = np.stack([columns["x_km"], columns["y_km"], columns["z_km"]], axis=1)
    assert (found == expected_km.astype(np.float32)).all()


def test_dawn_dusk_rings_stand_over_the_terminator() -> None:
    tick = next(ticks(small_world(baseline_of("2029"), satellites_count=2000), 1))

    columns = frame_of(tick, "ai1-sso/public/0").columns

    assert (columns["array_w"] > 0).mean() > 0.8


def test_an_unscaled_world_flies_every_satellite_of_the_baseline() -> None:
    for name in world_names():
        baseline = load(name)

        world = small_world(baseline, satellites_count=None)

        planned = sum(plan.satellites_count for plan in baseline.satellite_segments)
        assert world.satellites_count == planned


def test_every_segment_of_every_world_has_ids_of_its_own() -> None:
    names = {
        plan.segment
        for world in world_names()
        for plan in (*load(world).satellite_segments, *load(world).sites)
    }

    firsts = {first_asset_id(name) for name in names}

    assert len(firsts) == len(names)
    with pytest.raises(BadInput, match="no range of asset ids"):
        first_asset_id("sl-unheard-of")


def test_ids_become_ranges_broken_where_one_is_missing() -> None:
    ids = np.array([3, 4, 5, 9, 11, 12], dtype=np.uint32)

    assert ranges_of(ids) == ((3, 5), (9, 9), (11, 12))
    assert ranges_of(ids[:1]) == ((3, 3),)


def test_a_shard_of_too_many_or_no_rows_is_refused() -> None:
    for count in (0, 20_001):
        with pytest.raises(BadInput, match=f"shards of {count} rows"):
            small_world(shard_rows_max_count=count)


def test_frames_stay_within_what_a_log_takes() -> None:
    world = small_world(satellites_count=40_000)

    largest = max(len(body) for body in bodies(next(ticks(world, 1))).values())

    assert largest < 1_000_000
