from __future__ import annotations

import msgspec
import pytest
from worlds import (
    CATALOGUE_START_NS,
    MINUTE_NS,
    START_NS,
    baseline_of,
    bodies,
    frame_of,
    small_catalogue,
    small_world,
    ticks,
)

from twin.errors import BadInput
from twin.events import KINDS, Event, fact
from twin.simulate.outbox import ARROW, Sent
from twin.simulate.world import WorldTick


def told(tick: WorldTick, kind: str) -> list[Sent]:
    return [message for message in tick.messages if message.kind == kind]


def body_of(sent: Sent):
    return fact(Event(sent.identity, sent.kind, sent.effective_ns, sent.label, sent.body))


def test_two_worlds_of_one_seed_say_the_same_bytes() -> None:
    first = list(ticks(small_world(has_faults=True), 30))

    second = list(ticks(small_world(has_faults=True), 30))

    assert first == second


def test_another_seed_gives_other_frames_on_the_same_orbits() -> None:
    one, other = (frame_of(next(ticks(small_world(seed=s), 1)), "sl-53/public/0") for s in (1, 2))

    assert (one.columns["x_km"] == other.columns["x_km"]).all()
    assert (one.columns["load_w"] != other.columns["load_w"]).any()


def test_sequences_begin_at_one_have_no_gaps_and_are_what_the_seal_says() -> None:
    last: dict[str, int] = {}

    for tick in ticks(small_world(has_faults=True), 40):
        for message in tick.messages:
            stream = message.identity.stream
            assert message.identity.sequence == last.get(stream, 0) + 1
            last[stream] = message.identity.sequence

        assert dict(tick.seal.last) == last


def test_ticks_follow_each_other_and_are_named_by_their_end() -> None:
    said = list(ticks(small_world(), 3))

    assert [tick.number for tick in said] == [1, 2, 3]
    assert [tick.start_ns for tick in said] == [START_NS + n * MINUTE_NS for n in range(3)]
    assert all(tick.tick_ns == tick.start_ns + MINUTE_NS for tick in said)
    assert all(
        (tick.seal.start_ns, tick.seal.tick_ns) == (tick.start_ns, tick.tick_ns) for tick in said
    )


def test_every_shard_has_one_frame_every_tick_and_its_own_stream() -> None:
    world = small_world()

    for tick in ticks(world, 3):
        frames = [m for m in tick.messages if m.content_type == ARROW]
        assert sorted(m.key for m in frames) == sorted(world.frame_streams)
        assert all(m.key == m.identity.stream and m.topic == KINDS[m.kind].topic for m in frames)
        assert all(m.identity.sequence == tick.number for m in frames)


def test_the_first_tick_introduces_the_source_its_assumptions_and_its_assets_before_frames() -> (
    None
):
    baseline = baseline_of("2029")
    world = small_world(baseline)

    first, second = ticks(world, 2)

    source = body_of(told(first, "SourceRegistered")[0])
    assert (source.source, source.world, source.is_assumed) == ("world-2029", "2029", True)
    assert source.is_paced
    assert len(told(first, "AssumptionSet")) == len(baseline.assumptions)
    registered = {body_of(m).segment for m in told(first, "SegmentRegistered")}
    assert registered == {plan.segment for plan in baseline.satellite_segments}
    assert len(told(first, "SiteEnergised")) == len(baseline.sites)
    assert len(told(first, "ShardOpened")) == len(world.frame_streams)
    places = [place for place, m in enumerate(first.messages) if m.content_type == ARROW]
    rest = [place for place in range(len(first.messages)) if place not in places]
    # Demand is counted as the satellites fly.
    assert first.messages[rest.pop()].kind == "DemandObserved"
    assert min(places) > max(rest)
    assert [m.kind for m in second.messages if m.content_type != ARROW] == ["DemandObserved"]


def test_an_opening_event_names_the_event_it_follows_from() -> None:
    tick = next(ticks(small_world(), 1))

    by_id = {str(message.identity): message for message in tick.messages}
    for assigned in told(tick, "AssetsAssigned"):
        opened = by_id[assigned.causation_id]
        assert body_of(opened).shard == body_of(assigned).shard
        assert by_id[opened.causation_id].kind in ("SegmentRegistered", "SiteEnergised")


def test_every_rare_event_is_readable_and_on_the_stream_of_its_topic() -> None:
    for tick in ticks(small_world(has_faults=True), 40):
        for message in tick.messages:
            if message.content_type != ARROW:
                assert body_of(message) is not None
                assert message.key == message.topic == KINDS[message.kind].topic


@pytest.mark.parametrize("interval_ns", [0, -MINUTE_NS, 7_000_000_000, 1_500, 7_200_000_000_000])
def test_an_interval_that_does_not_divide_an_hour_is_refused(interval_ns: int) -> None:
    with pytest.raises(BadInput, match="divide an hour"):
        small_world(interval_ns=interval_ns)


@pytest.mark.parametrize("count", [0, -5, 10_000_001])
def test_an_impossible_number_of_satellites_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match=f"{count} satellites"):
        small_world(satellites_count=count)


def test_a_catalogue_and_a_number_of_satellites_together_are_refused() -> None:
    with pytest.raises(BadInput, match="one of them"):
        small_world(catalogue=small_catalogue(range(44001, 44004)))


@pytest.mark.parametrize("count", [20, 500, 40_000])
def test_a_scaled_fleet_has_about_the_satellites_asked_for(count: int) -> None:
    world = small_world(baseline_of("2029"), satellites_count=count)

    assert world.satellites_count == pytest.approx(count, rel=0.05, abs=20)


def test_large_segments_are_cut_into_shards_of_nearly_one_size() -> None:
    world = small_world(satellites_count=1000, shard_rows_max_count=100)

    tick = next(ticks(world, 1))

    sizes = [frame_of(tick, s).rows_count for s in world.frame_streams if s.startswith("sl-53")]
    assert len(sizes) > 5
    assert max(sizes) <= 100
    assert max(sizes) - min(sizes) <= 1


def test_asset_ids_are_the_same_in_every_world_and_never_shared() -> None:
    ids: dict[int, str] = {}

    for name in ("2026", "2029"):
        tick = next(ticks(small_world(baseline_of(name)), 1))
        for message in told(tick, "AssetsAssigned"):
            body = body_of(message)
            for first, last in body.asset_id_ranges:
                for asset in (first, last):
                    assert ids.setdefault(asset, body.segment) == body.segment


def test_a_catalogues_satellites_fly_in_their_segments_under_their_own_numbers() -> None:
    world = small_world(
        baseline_of("2026"),
        start_ns=CATALOGUE_START_NS,
        satellites_count=None,
        catalogue=small_catalogue(range(44001, 44009)),
    )

    tick = next(ticks(world, 1))

    frame = frame_of(tick, "sl-53/public/0")
    assert world.source == "world-catalogue"
    assert frame.columns["asset_id"].tolist() == list(range(44001, 44009))
    radius_km = sum(frame.columns[axis] ** 2.0 for axis in ("x_km", "y_km", "z_km")) ** 0.5
    assert ((radius_km > 6800) & (radius_km < 6900)).all()
    published = body_of(told(tick, "ElementSetsPublished")[0])
    assert (published.satellites_count, published.format) == (8, "tle")


def test_removing_a_segment_changes_no_other_segments_frames() -> None:
    whole = baseline_of("2029")
    rest = msgspec.structs.replace(
        whole,
        satellite_segments=tuple(p for p in whole.satellite_segments if p.segment != "sl-53"),
    )

    with_it = [bodies(t) for t in ticks(small_world(whole, satellites_count=None), 3)]
    without = [bodies(t) for t in ticks(small_world(rest, satellites_count=None), 3)]

    for more, fewer in zip(with_it, without, strict=True):
        assert len(fewer) == len(more) - 1
        assert all(more[stream] == body for stream, body in fewer.items())


def test_removing_a_site_moves_its_work_and_changes_no_others_luck() -> None:
    whole = baseline_of("2029")
    rest = msgspec.structs.replace(
        whole, sites=tuple(site for site in whole.sites if site.segment != "c2-gb300")
    )

    *_, with_it = ticks(small_world(whole), 3)
    *_, without = ticks(small_world(rest), 3)

    moved = 0
    for stream, body in bodies(without).items():
        if stream.startswith("c"):
            before, after = frame_of(with_it, stream).columns, frame_of(without, stream).columns
            up = "accelerators_up_count"
            assert (before[up] == after[up]).all()
            moved += int((after["utilisation_fraction"] - before["utilisation_fraction"]).sum() > 1)
        else:
            assert bodies(with_it)[stream] == body
    assert moved > 0


def test_removing_a_satellite_changes_no_other_satellites_row() -> None:
    numbers = list(range(44001, 44021))
    fewer = [number for number in numbers if number != 44010]

    frames = [
        [
            frame_of(tick, "sl-53/public/0").columns
            for tick in ticks(
                small_world(
                    baseline_of("2026"),
                    start_ns=CATALOGUE_START_NS,
                    satellites_count=None,
                    catalogue=small_catalogue(chosen),
                ),
                20,
            )
        ]
        for chosen in (numbers, fewer)
    ]

    for with_it, without in zip(*frames, strict=True):
        others = with_it["asset_id"] != 44010
        assert all((with_it[name][others] == without[name]).all() for name in with_it)
