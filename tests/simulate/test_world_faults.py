"""Faults on purpose are found by the fold, named, and only where they strike."""

from __future__ import annotations

import pytest
from worlds import (
    baseline_of,
    folded,
    frame_of,
    planned,
    small_world,
    ticks,
)

from twin.events import AssetsFailed, Event, SupplyChanged, fact
from twin.evolve import Step
from twin.frames import STATUS_FAILED
from twin.outcomes import AlarmOutcome, Refused
from twin.simulate.faults import strikes, struck
from twin.simulate.world import World


def asset_alarms(step: Step) -> list[AlarmOutcome]:
    """The alarms of a step that are of what flies or stands, not of promises."""
    return [
        each
        for each in step.outcomes
        if isinstance(each, AlarmOutcome) and not each.change.alarm_id.startswith("commitment/")
    ]


def alarms_of(world: World, count: int) -> dict[str, int]:
    """Alarms raised, with the tick each was raised in; nothing is refused."""
    raised: dict[str, int] = {}
    for step in folded(world, count):
        assert not [each for each in step.outcomes if isinstance(each, Refused)]
        for outcome in asset_alarms(step):
            if outcome.change.state == "raised":
                raised.setdefault(outcome.change.alarm_id, step.twin.number)
    return raised


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_every_fault_of_2029_is_found_within_an_hour_and_nothing_else_is(seed: int) -> None:
    world = small_world(baseline_of("2029"), seed=seed, has_faults=True, satellites_count=None)

    raised = alarms_of(world, 45)

    assert set(raised) == {
        "ai1-sso/thermal",
        "c2-gb200/supply",
        "shield-nro/failed",
        "sl-53/power",
        "source/world-2029/quarantined",
    }
    assert min(raised.values()) <= 15


def test_the_faults_of_2026_strike_what_flies_then() -> None:
    world = small_world(baseline_of("2026"), has_faults=True, satellites_count=None)

    raised = alarms_of(world, 90)

    assert set(raised) == {
        "c2-gb200/supply",
        "shield-nro/failed",
        "sl-43/thermal",
        "sl-53/power",
        "source/world-2026/quarantined",
    }


def test_the_alarm_of_a_fault_names_satellites_it_struck() -> None:
    world = small_world(has_faults=True, satellites_count=2000)
    strike = next(s for s in planned(world) if s.fault.kind == "array_loss")
    tick = next(ticks(world, 1))
    assets = struck(7, strike, frame_of(tick, "sl-53/public/0").columns["asset_id"])

    named = [
        outcome.asset_ids
        for step in folded(world, 45)
        for outcome in asset_alarms(step)
        if outcome.change.alarm_id == "sl-53/power"
    ]

    assert named
    assert named[0]
    assert set(named[0]) <= set(assets.tolist())


def test_a_failed_satellite_keeps_its_row_without_power_and_its_charge_is_written_off() -> None:
    world = small_world(has_faults=True)
    strike = next(s for s in planned(world) if s.fault.kind == "assets_failed")
    stream = f"{strike.segment}/public/0"

    said = list(ticks(world, strike.fault.first_tick + 2))

    before, after = (frame_of(said[strike.fault.first_tick + n], stream) for n in (-2, -1))
    event = next(
        fact(Event(m.identity, m.kind, m.effective_ns, m.label, m.body))
        for m in said[strike.fault.first_tick - 1].messages
        if m.kind == "AssetsFailed"
    )
    assert isinstance(event, AssetsFailed)
    rows = [list(after.columns["asset_id"]).index(asset) for asset in event.asset_ids]
    held_wh = before.columns["charge_wh"][rows].astype(float)
    assert event.written_off_wh == pytest.approx(held_wh.sum(), abs=0.001 * len(rows))
    assert event.written_off_wh > 0
    assert (after.columns["status"][rows] == STATUS_FAILED).all()
    for name in ("array_w", "load_w", "charge_wh", "utilisation_fraction", "traffic_bps"):
        assert not after.columns[name][rows].any()
    assert not [m for m in said[-1].messages if m.kind == "AssetsFailed"]


def test_a_supply_cut_is_told_obeyed_and_ended() -> None:
    world = small_world(has_faults=True)
    strike = next(s for s in planned(world) if s.fault.kind == "supply_cut")
    first, last = strike.fault.first_tick, strike.fault.last_tick
    assert last is not None

    said = list(ticks(world, last + 2))

    told = {
        tick.number: fact(Event(m.identity, m.kind, m.effective_ns, m.label, m.body))
        for tick in said
        for m in tick.messages
        if m.kind == "SupplyChanged"
    }
    power_w = [frame_of(tick, "c2-gb200/public/0").columns["power_w"].sum() for tick in said]
    cut, ended = told[first], told[last + 1]
    assert isinstance(cut, SupplyChanged)
    assert isinstance(ended, SupplyChanged)
    assert set(told) == {first, last + 1}
    assert cut.available_w is not None
    assert ended.available_w is None
    pue = next(p.pue_ratio for p in baseline_of().sites if p.segment == "c2-gb200")
    assert max(power_w[first - 1 : last]) * pue <= cut.available_w * 1.01
    assert min(power_w[: first - 1] + power_w[last:]) * pue > cut.available_w * 1.01


def test_faults_without_a_segment_to_strike_are_left_out() -> None:
    assert {strike.segment for strike in strikes(["sl-70"])} == {"sl-70"}
    assert strikes([]) == ()


def test_a_world_without_faults_and_one_with_share_all_luck_before_the_first() -> None:
    first_tick = min(s.fault.first_tick for s in planned(small_world(has_faults=True)))

    with_faults = list(ticks(small_world(has_faults=True), first_tick - 1))
    without = list(ticks(small_world(), first_tick - 1))

    assert with_faults == without
