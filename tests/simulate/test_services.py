"""What users ask for: integers, of all satellites up or not, and the same whoever else is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest
from asking import demand_rows, said
from worlds import MINUTE_NS, START_NS, baseline_of, frame_of, small_world, ticks

from twin.baseline import Baseline, world_names
from twin.events import DemandRow, ServiceRegistered
from twin.frames import STATUS_FAILED
from twin.region_grid import region_grid, regions_below
from twin.simulate.faults import strikes
from twin.simulate.services import inference_of, inference_row, offered_services

DAY_S = 86_400


def by_service(rows: Iterable[DemandRow]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row.service] += row.offered_qty
    return found


def grok(baseline: Baseline, number: int, *, seed: int = 1, has_noise: bool = True) -> DemandRow:
    return inference_row(
        inference_of(baseline, "grok", has_noise=has_noise),
        seed=seed,
        number=number,
        tick_ns=START_NS + number * MINUTE_NS,
        interval_ns=MINUTE_NS,
    )


@pytest.mark.parametrize("world", world_names())
def test_a_world_opens_with_the_services_that_have_a_place_in_it(world: str) -> None:
    baseline = baseline_of(world)
    segments = {plan.segment for plan in (*baseline.satellite_segments, *baseline.sites)}

    told = {
        body.service: body for _, body in said(ticks(small_world(baseline), 1), ServiceRegistered)
    }

    assert {"starlink", "mobile", "defense", "grok", "grok-gov", "compute-sold", "training"} == (
        set(told)
    )
    assert all(body.segments and set(body.segments) <= segments for body in told.values())
    assert told["grok-gov"].accreditation == "IL5"
    assert "sl-dtc" in told["mobile"].segments


def test_a_service_without_a_place_is_not_offered() -> None:
    baseline = baseline_of(segments=("sl-53",))

    assert [each.fact.service for each in offered_services(baseline)] == ["starlink"]


@pytest.mark.parametrize("segments", [("sl-53",), ("sl-53", "c1-h100"), ("ai1-sso",)])
def test_a_world_of_few_segments_runs(segments: tuple[str, ...]) -> None:
    world = small_world(baseline_of(segments=segments))

    rows = [demand_rows(tick) for tick in ticks(world, 3)]

    assert all(row.offered_qty > 0 for each in rows for row in each)


def test_what_is_asked_by_radio_is_near_what_satellites_without_limits_carry() -> None:
    world = small_world(baseline_of("2029"), has_noise=False, satellites_count=4000)
    (tick,) = ticks(world, 1)

    rows = demand_rows(tick)

    carried_bps = sum(
        float(frame_of(tick, stream).columns["traffic_bps"].sum(dtype=np.float64))
        for stream in world.frame_streams
        if stream.startswith("sl-") and not stream.startswith("sl-dtc")
    )
    assert by_service(rows)["starlink"] == pytest.approx(carried_bps, rel=0.01)


def test_what_is_asked_is_told_by_the_region_below() -> None:
    baseline = baseline_of(segments=("shield-nro",))
    world = small_world(baseline, has_noise=False, satellites_count=200)
    (tick,) = ticks(world, 1)

    rows = {row.region: row.offered_qty for row in demand_rows(tick)}

    grid, columns = region_grid(baseline.regions), frame_of(tick, "shield-nro/public/0").columns
    positions_km = np.stack([columns[axis].astype(float) for axis in ("x_km", "y_km", "z_km")], 1)
    below = regions_below(grid, positions_km)
    each_bps = sum(rows.values()) / below.size
    for place, region in enumerate(grid.names):
        assert rows.get(region, 0) == pytest.approx(each_bps * np.count_nonzero(below == place))


def test_failed_satellites_are_asked_as_much_as_before() -> None:
    struck, whole = (small_world(has_faults=f, satellites_count=400) for f in (True, False))
    fault = next(s.fault for s in strikes(struck.segments) if s.fault.kind == "assets_failed")

    *_, hit = ticks(struck, fault.first_tick + 2)
    *_, sound = ticks(whole, fault.first_tick + 2)

    failed = frame_of(hit, "shield-nro/public/0").columns["status"] == STATUS_FAILED
    assert failed.any()
    assert demand_rows(hit) == demand_rows(sound)


def test_what_is_asked_does_not_depend_on_how_a_fleet_is_cut_into_shards() -> None:
    one, many = (small_world(satellites_count=300, shard_rows_max_count=n) for n in (20_000, 7))

    for tick, other in zip(ticks(one, 5), ticks(many, 5), strict=True):
        assert demand_rows(tick) == demand_rows(other)


def test_requests_of_a_day_are_those_assumed_and_peak_at_their_hour() -> None:
    baseline = baseline_of("2029")

    rows = [grok(baseline, number) for number in range(1, 1441)]

    asked = sum(row.requests_count for row in rows)
    assert asked == pytest.approx(baseline.number("demand.grok.requests_count_per_d"), rel=0.001)
    hours = [sum(row.requests_count for row in rows[h * 60 : h * 60 + 60]) for h in range(24)]
    assert hours.index(max(hours)) in (19, 20)
    assert max(hours) / min(hours) == pytest.approx(1.3 / 0.7, rel=0.02)
    tokens = sum(row.output_tok for row in rows)
    assert tokens == pytest.approx(
        asked * baseline.number("demand.grok.output-tokens_count"), rel=0.001
    )


def test_accelerators_are_offered_for_the_tokens_asked_rounded_up() -> None:
    baseline = baseline_of("2029")
    row = grok(baseline, 1)

    place = "demand.inference"
    work_tok = row.output_tok + row.input_tok * baseline.number(f"{place}.prefill_fraction")
    rate = baseline.number(f"{place}.accelerator_tok_per_s")
    rate *= baseline.number(f"{place}.load_fraction")
    assert (row.offered_qty - 1) * rate * 60 < work_tok <= row.offered_qty * rate * 60


def test_luck_of_a_tick_is_by_seed_and_service_and_absent_without_noise() -> None:
    baseline = baseline_of("2029")

    assert grok(baseline, 5) == grok(baseline, 5)
    assert grok(baseline, 5) != grok(baseline, 5, seed=2)
    quiet = grok(baseline, 5, has_noise=False)
    assert quiet == grok(baseline, 5, seed=2, has_noise=False)
    assert grok(baseline, 5).requests_count == pytest.approx(quiet.requests_count, rel=0.03)


def test_a_demand_row_is_told_without_what_is_nothing() -> None:
    row = DemandRow("starlink", "europe", "downlink_bps", 5)

    assert msgspec.json.encode(row) == (
        b'{"service":"starlink","region":"europe","resource":"downlink_bps","offered_qty":5}'
    )
