"""What befalls each satellite of a shard in a tick: its end, a safe mode, a fault on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.arrays import BoolArray, Float32Array, IntArray, UInt8Array, UInt32Array
from twin.baseline import Baseline, Fault, FaultKind
from twin.events import AssetsFailed
from twin.frames import STATUS_FAILED, STATUS_NOMINAL, STATUS_SAFE
from twin.simulate.constellation import Positions, Shard, lost_reason
from twin.simulate.outages import OutageRate, ends_ns, outage_rate, outages
from twin.simulate.plant import Circumstances, ShardState
from twin.simulate.purposes import Purpose


@dataclass(frozen=True, slots=True, eq=False)
class Struck:
    """The rows of a shard that a fault strikes."""

    fault: Fault
    rows: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """What will befall a shard, as far as luck and the script decide it."""

    end_ns: IntArray
    safe_modes: OutageRate
    struck: tuple[Struck, ...]
    whole: Float32Array


def fate_of(
    baseline: Baseline,
    shard: Shard,
    *,
    seed: int,
    start_ns: int,
    faults: Sequence[tuple[Fault, UInt32Array]],
) -> Fate:
    """The fate of a shard; ``faults`` strike its segment, each with the assets it strikes."""
    return Fate(
        end_ns=ends_ns(
            seed,
            assets=shard.asset_id,
            start_ns=start_ns,
            per_year=baseline.number("failure.satellite_fraction_per_y"),
        ),
        safe_modes=outage_rate(
            Purpose.SAFE_MODE,
            Purpose.SAFE_MODE_INSTANT,
            per_year=baseline.number("failure.safe-mode_count_per_y"),
            duration_s=baseline.number("failure.safe-mode_s"),
        ),
        struck=tuple(
            Struck(fault, np.flatnonzero(np.isin(shard.asset_id, assets)))
            for fault, assets in faults
        ),
        whole=np.ones(shard.asset_id.size, dtype=np.float32),
    )


def with_safe_modes(
    state: ShardState, fate: Fate, shard: Shard, *, seed: int, tick_ns: int
) -> ShardState:
    """The state with the safe modes of the window that the tick ends in."""
    window = fate.safe_modes.window(tick_ns)
    if state.safe_modes is not None and state.safe_modes.window == window:
        return state
    drawn = outages(seed, fate.safe_modes, assets=shard.asset_id, window=window)
    return replace(state, safe_modes=drawn)


def circumstances(
    state: ShardState, fate: Fate, positions: Positions, *, number: int, tick_ns: int
) -> Circumstances:
    """What befalls each row in this tick; a satellite that has failed stays so."""
    assert state.safe_modes is not None
    status: UInt8Array = np.full(state.status.size, STATUS_NOMINAL, dtype=np.uint8)
    status[state.safe_modes.rows_out(tick_ns)] = STATUS_SAFE
    status[(state.status == STATUS_FAILED) | (fate.end_ns <= tick_ns)] = STATUS_FAILED
    if positions.codes is not None:
        status[positions.codes != 0] = STATUS_FAILED
    for struck in _on(fate, "assets_failed", number):
        status[struck.rows] = STATUS_FAILED
    return Circumstances(
        status=status,
        array_fraction=_left(fate, "array_loss", number),
        radiator_fraction=_left(fate, "radiator_loss", number),
    )


def failures(
    segment: str,
    shard: Shard,
    *,
    before: ShardState,
    status: UInt8Array,
    fate: Fate,
    positions: Positions,
    number: int,
) -> Iterator[tuple[AssetsFailed, str]]:
    """What failed in this tick, one fact a cause, each with the name of its fault, if it was one.

    The energy written off is exactly what the satellites held when they last reported.
    """
    is_new = (status == STATUS_FAILED) & (before.status != STATUS_FAILED)
    if not is_new.any():
        return
    for rows, component, cause, fault in _causes(is_new, fate, positions, number=number):
        held_mwh = np.floor(before.charge_wh[rows].astype(np.float64) * 1000.0 + 0.5)
        fact = AssetsFailed(
            segment=segment,
            component=component,
            cause=cause,
            asset_ids=tuple(int(asset) for asset in shard.asset_id[rows]),
            written_off_wh=int(held_mwh.sum()) / 1000.0,
        )
        yield fact, fault


def _causes(
    is_new: BoolArray, fate: Fate, positions: Positions, *, number: int
) -> Iterator[tuple[IntArray, str, str, str]]:
    """Rows that failed anew, by cause: the script first, then the orbit, then age."""
    left = is_new.copy()
    for struck in _on(fate, "assets_failed", number):
        rows = struck.rows[left[struck.rows]]
        left[rows] = False
        if rows.size:
            yield rows, struck.fault.component, struck.fault.cause, struck.fault.name
    if positions.codes is not None:
        codes = np.where(left, positions.codes, 0)
        for code in np.unique(codes[codes != 0]):
            rows = np.flatnonzero(codes == code)
            left[rows] = False
            yield rows, "orbit", lost_reason(int(code)), ""
    rows = np.flatnonzero(left)
    if rows.size:
        yield rows, "satellite", "random loss", ""


def _left(fate: Fate, kind: FaultKind, number: int) -> Float32Array:
    """The share that the faults of a kind leave to each row."""
    left = fate.whole
    for struck in _on(fate, kind, number):
        left = left.copy()
        left[struck.rows] *= np.float32(1.0 - struck.fault.lost_fraction)
    return left


def _on(fate: Fate, kind: FaultKind, number: int) -> Iterator[Struck]:
    return (s for s in fate.struck if s.fault.kind == kind and s.fault.is_on(number))
