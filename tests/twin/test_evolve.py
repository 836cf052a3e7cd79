"""The fold against a slow oracle, and what it must refuse, keep and count."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin import words
from tests.twin.oracle import Book, totals
from twin.errors import UnknownKind
from twin.events import (
    AssetsAssigned,
    AssetsFailed,
    AssumptionSet,
    EventCorrected,
    RecordEntryExcluded,
    SegmentRegistered,
    ShardOpened,
    SiteEnergised,
    SupplyChanged,
)
from twin.evolve import evolve
from twin.hashing import SliceHashes
from twin.outcomes import AlarmOutcome, Refused
from twin.quantities import QUANTITIES_COUNT, Q
from twin.records import Content, Record
from twin.snapshot import decode_twin, encode_twin
from twin.state import E, Twin
from twin.summaries import joined
from twin.units import instant_text
from twin.views import VIEWS, Moment

SEGMENT = SegmentRegistered(
    segment="sl-53",
    class_name="v2-mini",
    basis="assumed",
    mass_kg=575.0,
    array_m2=105.0,
    array_w=27_000.0,
    battery_wh=15_000.0,
    radiator_m2=10.0,
    downlink_bps=96e9,
    life_s=1.5e8,
    charge_efficiency_fraction=0.95,
    charge_resolution_wh=0.002,
)
SITE = SiteEnergised(
    site="c1",
    segment="c1",
    region="north-america",
    model="H100",
    basis="measured",
    pools_count=1,
    accelerators_count=10,
    nameplate_w=1e4,
    accelerator_w=1e3,
    pue_ratio=1.2,
    supply="grid",
    tok_per_s=1.0,
    flop_per_s=1.0,
)
HOUR_NS = 3_600_000_000_000


def record(tick: int, *, events=(), summaries=(), start_ns=None) -> Record:
    """A record of one tick of a minute."""
    end_ns = words.START_NS + tick * words.TICK_NS
    return Record(
        number=tick,
        start_ns=end_ns - words.TICK_NS if start_ns is None else start_ns,
        tick_ns=end_ns,
        previous=bytes(32),
        content=Content(events=tuple(events), totals=joined(list(summaries))),
    )


def opened(*more) -> list:
    """A segment of four satellites in one shard, and whatever else."""
    bodies = [
        SEGMENT,
        ShardOpened(shard="a", segment="sl-53"),
        AssetsAssigned(shard="a", segment="sl-53", asset_id_ranges=((1, 4),), assets_count=4),
        *more,
    ]
    return [words.event(b, stream="satellites", sequence=n + 1) for n, b in enumerate(bodies)]


def folded(records) -> Twin:
    twin = Twin()
    for each in records:
        twin = evolve(twin, each).twin
    return twin


def state_hash(twin: Twin) -> str:
    return SliceHashes().state_hash(twin.tick_ns, twin.slices())


@st.composite
def plausible(draw) -> np.ndarray:
    """A summary matrix as rows could give it: powers that add up within a row."""
    matrix = np.zeros((2, QUANTITIES_COUNT), dtype="<i8")
    matrix[0, Q.SHARDS_COUNT] = 1
    for row in matrix:
        count = draw(st.integers(0, 4))
        array, load = (draw(st.integers(0, 10**8)) * count for _ in range(2))
        row[Q.REPORTED_COUNT] = count
        row[Q.UP_COUNT] = draw(st.integers(0, count))
        row[Q.ARRAY_MW], row[Q.LOAD_MW] = array, load
        row[Q.BUS_MW] = draw(st.integers(0, load))
        row[Q.CURTAILED_MW] = draw(st.integers(0, 10**6)) * count
        row[Q.CHARGING_MW], row[Q.DISCHARGING_MW] = max(array - load, 0), max(load - array, 0)
        row[Q.CHARGE_MWH] = draw(st.integers(0, 15 * 10**6)) * count
        row[Q.CHARGE_LOWEST_PPM] = draw(st.integers(1, 10**6)) if count else 0
        row[Q.TEMPERATURE_HIGHEST_MK] = draw(st.integers(0, 400_000)) if count else 0
    return matrix


@settings(max_examples=120, deadline=None)
@given(st.lists(plausible(), min_size=1, max_size=8))
def test_the_energy_book_agrees_with_the_slow_oracle_and_closes_every_tick(matrices) -> None:
    oracle = Book(loss_ppm=50_000, resolution_mwh=2)
    twin = Twin()

    for tick, matrix in enumerate(matrices, start=1):
        summary = msgspec.structs.replace(
            words.summary("a", sequence=tick, tick=tick), matrix=matrix.tobytes()
        )
        events = opened() if tick == 1 else []
        twin = evolve(twin, record(tick, events=events, summaries=[summary])).twin
        expected = oracle.tick(list(totals([summary]).values()), interval_s=60)
        book = twin.energy["public"]
        flows = {name: int(book.flows_mw[0, E[name.upper()]]) for name in expected}
        assert flows == expected

    for name, exact in oracle.total.items():
        gap = abs(int(book.total_mwh[0, E[name.upper()]]) - exact)
        assert gap < (12 if name == "lost" else 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(plausible(), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_neither_order_nor_grouping_of_frames_changes_the_totals(matrices, luck) -> None:
    summaries = [
        msgspec.structs.replace(words.summary(f"s{n}", sequence=1, tick=1), matrix=m.tobytes())
        for n, m in enumerate(matrices)
    ]
    shuffled = luck.sample(summaries, len(summaries))

    straight = joined(summaries)

    assert joined(shuffled) == straight
    expected = totals(summaries)
    for place, region in enumerate(straight.regions):
        assert straight.array()[0, place].tolist() == expected["sl-53", region]


def test_a_twin_folded_in_two_halves_through_a_snapshot_is_the_same() -> None:
    records = [
        record(
            n, events=opened() if n == 1 else [], summaries=[words.summary("a", sequence=n, tick=n)]
        )
        for n in range(1, 9)
    ]

    whole = folded(records)
    half = decode_twin(encode_twin(folded(records[:4])))
    for each in records[4:]:
        half = evolve(half, each).twin

    assert state_hash(half) == state_hash(whole)


def test_a_missing_shard_leaves_the_charge_unknown_and_shows_as_unaccounted() -> None:
    full = words.summary("a", sequence=1, tick=1, count=4)
    matrix = np.frombuffer(full.matrix, dtype="<i8").reshape(2, -1).copy()
    matrix[1, Q.CHARGE_MWH] = 40_000_000
    matrix[1, Q.LOAD_MW] = matrix[1, Q.DISCHARGING_MW] = 6_000_000
    drained = matrix.copy()
    drained[1, Q.CHARGE_MWH] -= 200_000
    steps = [
        record(1, events=opened(), summaries=[_with(full, matrix)]),
        record(2),
        record(3, summaries=[_with(full, drained, tick=3)]),
    ]

    twin = folded(steps)

    assert twin.energy["public"].charge_mwh.tolist() == [40_000_000 - 200_000]
    assert twin.energy["public"].flows_mw[0, E.UNACCOUNTED] == 200_000 * 60 - 6_000_000


def test_a_limit_of_supply_ends_when_it_was_said_to() -> None:
    until = instant_text(words.START_NS + 2 * words.TICK_NS)
    cut = words.event(
        SupplyChanged(site="c1", available_w=5.0, cause="storm", until=until),
        stream="workloads",
        sequence=1,
    )

    twins = [folded([record(1, events=opened(SITE)), record(2, events=[cut])])]
    for tick in (3, 4):
        twins.append(evolve(twins[-1], record(tick)).twin)

    supplies = [twin.fleets["public"].segments[0].supply_w for twin in twins]
    assert supplies == [5.0, None, None]


def test_gigawatts_over_an_hour_stay_inside_64_bits() -> None:
    full = words.summary("a", sequence=1, tick=1, count=4)
    matrix = np.frombuffer(full.matrix, dtype="<i8").reshape(2, -1).copy()
    matrix[1, Q.ARRAY_MW] = matrix[1, Q.LOAD_MW] = 3_000_000_000_000
    summary = _with(full, matrix)
    hour = record(1, events=opened(), summaries=[summary], start_ns=words.START_NS - HOUR_NS)
    hour = msgspec.structs.replace(hour, tick_ns=words.START_NS)

    twin = folded([hour])

    assert twin.energy["public"].total_mwh[0, E.GENERATED] == 3_000_000_000_000
    assert twin.energy["public"].total_mwh[0, E.PAYLOAD] == 3_000_000_000_000


def test_telemetry_of_the_wrong_family_is_shown_as_unaccounted_and_stops_nothing() -> None:
    pools = words.summary("a", sequence=1, tick=1, count=4)
    matrix = np.frombuffer(pools.matrix, dtype="<i8").reshape(2, -1).copy()
    matrix[1, Q.COMPUTE_MW] = matrix[1, Q.LOAD_MW] = 9_000_000
    matrix[1, Q.ACCELERATORS_UP_COUNT] = 4_000

    step = evolve(Twin(), record(1, events=opened(), summaries=[_with(pools, matrix)]))

    assert step.twin.energy["public"].flows_mw[0, E.UNACCOUNTED] == -9_000_000
    for view in VIEWS.values():
        list(view.rows(Moment(step.twin, record(1))))


def test_a_segment_that_did_not_report_shows_nothing_rather_than_zero() -> None:
    twin = folded([record(1, events=opened())])

    (row,) = VIEWS["energy"].rows(Moment(twin, record(1)))

    names = ("label", "basis", *VIEWS["energy"].key_names, *VIEWS["energy"].column_names)
    shown = dict(zip(names, row, strict=True))
    unknown = ("charge_wh", "charge_fraction_min", "sunlit_fraction", "radiator_k_mean")
    assert [shown[name] for name in unknown] == [None] * 4


@pytest.mark.parametrize(
    "body",
    [
        msgspec.structs.replace(SEGMENT, battery_wh=1e300),
        msgspec.structs.replace(SEGMENT, tok_per_s=-1.0),
        AssetsAssigned("a", "sl-53", asset_id_ranges=((1, 2**63),), assets_count=2**63),
        AssetsAssigned("a", "sl-53", asset_id_ranges=((1, 4),), assets_count=5),
        AssetsAssigned("a", "sl-53", asset_id_ranges=((4, 1),), assets_count=-2),
        AssetsFailed("sl-53", "array", "t", written_off_wh=1e30),
        AssumptionSet("alarm.raise_after_ticks_count", 1e300, "count", "d", "t", "assumed"),
        AssumptionSet("alarm.silent_fraction", "often", "fraction", "d", "t", "assumed"),
        EventCorrected(corrects="w/1/ledger/1", fields={"value": 2}, reason="typing error"),
        RecordEntryExcluded(number=1, event_id="w/1/ledger/1", reason="typing error"),
    ],
    ids=lambda body: type(body).__name__,
)
def test_a_fact_that_cannot_be_is_refused_and_the_fold_goes_on(body) -> None:
    before = folded([record(1, events=opened(SITE))])

    step = evolve(before, record(2, events=[words.event(body, sequence=7)]))

    assert [type(outcome) for outcome in step.outcomes] == [Refused]
    assert state_hash(step.twin) == state_hash(evolve(before, record(2)).twin)
    evolve(step.twin, record(3, events=[words.event(SupplyChanged("c1", 1.0, "t"), sequence=8)]))


def _with(summary, matrix, tick: int = 1):
    return msgspec.structs.replace(
        summary, matrix=matrix.tobytes(), tick_ns=words.START_NS + tick * words.TICK_NS
    )


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (SupplyChanged(site="c2", available_w=1.0, cause="storm"), "one of c1"),
        (ShardOpened(shard="b", segment="sl-35"), "'sl-53'"),
        (
            AssumptionSet("alarm.down_fraction", -1.0, "fraction", "2026-08-22", "t", "assumed"),
            "from 0 to 1",
        ),
    ],
)
def test_bad_meaning_is_refused_with_the_nearest_right_name_and_changes_nothing(body, hint) -> None:
    before = folded([record(1, events=opened(SITE))])
    bad = words.event(body, stream="satellites", sequence=99)

    step = evolve(before, record(2, events=[bad]))

    (refused,) = [o for o in step.outcomes if isinstance(o, Refused)]
    assert refused.identity == bad.identity
    assert hint in refused.reason
    assert state_hash(step.twin) == state_hash(evolve(before, record(2)).twin)


def test_an_unknown_kind_stops_the_fold() -> None:
    stranger = msgspec.structs.replace(opened()[0], kind="WarpDriveInstalled")

    with pytest.raises(UnknownKind, match="upgrade the twin first"):
        evolve(Twin(), record(1, events=[stranger]))


def test_a_late_assumption_holds_from_the_open_tick_on_and_keeps_its_date() -> None:
    records = [record(n, events=opened() if n == 1 else []) for n in range(1, 4)]
    late = words.event(
        AssumptionSet("x.y_count", 5.0, "count", "2026-01-01", "t", "assumed"),
        sequence=1,
        effective_ns=words.START_NS - 10 * words.TICK_NS,
    )

    before = folded(records)
    after = evolve(before, record(4, events=[late])).twin

    assert "x.y_count" not in before.registry.assumptions
    assert after.registry.assumptions["x.y_count"].as_of == "2026-01-01"


def _said_of_down_assets(down_counts: list[int]) -> list[tuple[int, str]]:
    """When an alarm about 40 assets was raised and cleared, above 4 and at most 2 of them down."""
    limits = [
        AssumptionSet("alarm.raise_after_ticks_count", 2.0, "count", "d", "t", "assumed"),
        AssumptionSet("alarm.clear_after_ticks_count", 3.0, "count", "d", "t", "assumed"),
        AssumptionSet("alarm.clear_below_fraction", 0.5, "fraction", "d", "t", "assumed"),
        AssumptionSet("alarm.down_fraction", 0.1, "fraction", "d", "t", "assumed"),
    ]
    twin, said = evolve(Twin(), record(1, events=opened(*limits))).twin, []
    for tick, down_count in enumerate(down_counts, start=2):
        matrix = np.zeros((2, QUANTITIES_COUNT), dtype="<i8")
        matrix[1, Q.REPORTED_COUNT] = 40
        matrix[1, Q.UP_COUNT] = 40 - down_count
        summary = _with(words.summary("a", sequence=tick, tick=tick), matrix, tick)
        step = evolve(twin, record(tick, summaries=[summary]))
        twin = step.twin
        said += [(tick, o.change.state) for o in step.outcomes if isinstance(o, AlarmOutcome)]
    return said


def test_an_alarm_opens_after_some_ticks_and_closes_after_some_without() -> None:
    said = _said_of_down_assets([5, 5, 5, 5, 0, 0, 0, 0])

    assert said == [(3, "raised"), (8, "cleared")]


def test_an_alarm_that_hovers_about_its_threshold_neither_clears_nor_is_raised_again() -> None:
    said = _said_of_down_assets([5, 5, 3, 3, 3, 3, 5, 3, 3, 3, 2, 2, 2])

    assert said == [(3, "raised"), (14, "cleared")]


def test_a_single_dip_does_not_end_an_alarm_that_hovers() -> None:
    assert _said_of_down_assets([5, 5, 1, 4, 4, 4, 4, 4]) == [(3, "raised")]
    assert _said_of_down_assets([5, 5, 1, 5, 3, 3, 3, 3]) == [(3, "raised")]


def test_hovering_below_a_threshold_raises_nothing() -> None:
    assert _said_of_down_assets([5, 3, 5, 3, 3, 5]) == []


def test_telemetry_of_a_segment_nobody_registered_is_refused_and_not_lost_silently() -> None:
    stray = words.summary("s", sequence=1, tick=1, segment="sl-99")

    step = evolve(Twin(), record(1, events=opened(), summaries=[stray]))

    (refused,) = [o for o in step.outcomes if isinstance(o, Refused)]
    assert "sl-99" in refused.reason
