"""Assets a branch is without: those that never came to it, and those that a scenario takes away.

Each is counted once, however many edits take it: a loss is a set of ids. What batteries held comes
and goes with their assets, and is said to the milliwatt-hour, so that the energy book closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.asset_ranges import ids_in
from twin.events import AssetsFailed, AssetsRestored, Event, encode_fact
from twin.fold.energy import UNKNOWN
from twin.identity import Identity
from twin.quantities import Q
from twin.records import Record
from twin.simulate.luck import draws
from twin.simulate.purposes import Purpose
from twin.state import E, Twin
from twin.units import MILLI
from twin.whatif.plan import SOURCE, Key, Losing

_NOBODY: IntArray = frozen(np.zeros(0, dtype=np.int64))


class Losses(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The ids of assets that never came, by label and segment; and of those that fail now.

    ``failed`` is by the place of the loss in the plan, each with its label and segment.
    """

    absent: Mapping[Key, IntArray] = {}
    failed: Mapping[int, tuple[Key, IntArray]] = {}

    @cached_property
    def missing(self) -> Mapping[Key, IntArray]:
        """The assets that are missing, of each segment that misses any."""
        found = dict(self.absent)
        for key, ids in self.failed.values():
            found[key] = np.union1d(found.get(key, _NOBODY), ids)
        return {key: ids for key, ids in found.items() if ids.size}

    def without(self, key: Key, ranges: Iterable[tuple[int, int]]) -> Losses:
        """The same, and these never came."""
        ids = np.union1d(self.absent.get(key, _NOBODY), ids_in(ranges))
        return Losses({**self.absent, key: ids}, self.failed)


class Turn(msgspec.Struct, frozen=True, eq=False):
    """The losses after a tick began, and of the plan's those that began or ended with it."""

    losses: Losses
    begun: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()


def turned(losses: Losses, losings: tuple[Losing, ...], *, branch: Twin, record: Record) -> Turn:
    """The losses of a tick; one begins once the assets it takes are there."""
    failed, begun, ended = dict(losses.failed), [], []
    for place, losing in enumerate(losings):
        is_now = losing.span.holds(record.start_ns, record.tick_ns)
        if place in failed and not is_now:
            del failed[place]
            ended.append(place)
        elif place not in failed and is_now:
            ids = _taken(losing, branch)
            if ids is not None:
                failed[place] = losing.key, ids
                begun.append(place)
    if not (begun or ended):
        return Turn(losses)
    return Turn(Losses(losses.absent, failed), tuple(begun), tuple(ended))


def written_off_mwh(
    key: Key, totals: IntArray, lost_count: int, *, before: Twin, after: Twin, branch: Twin
) -> int:
    """What the book of a branch must write off in a tick, beyond what the log does.

    ``totals`` are those of the segment in the log, ``before`` and ``after`` the baseline around
    them. It is what batteries held in the branch, less what those of the baseline held that are
    left; 0 while anything of it is unknown.
    """
    held_mwh, has_mwh = _charge_mwh(before, key), _charge_mwh(branch, key)
    is_full = _charge_mwh(after, key) == int(totals[:, Q.CHARGE_MWH].sum())
    reported_count = int(totals[:, Q.REPORTED_COUNT].sum())
    if UNKNOWN in (held_mwh, has_mwh) or not (is_full and reported_count):
        return 0
    said_mwh = _written_off_so_far(after, key) - _written_off_so_far(before, key)
    left_count = max(0, reported_count - lost_count)
    return has_mwh - (held_mwh - said_mwh) * left_count // reported_count - said_mwh


def told(
    key: Key, turn: Turn, losings: tuple[Losing, ...], amount_mwh: int, record: Record
) -> Iterator[Event]:
    """What is said of a segment whose losses change, and of an amount that is written off for it.

    Where none changes, the assets that are left are counted anew: as an average share of others.
    """
    for place in (each for each in turn.begun if losings[each].key == key):
        ids = turn.losses.failed[place][1]
        yield _failed(losings[place], ids, max(0, amount_mwh), record)
        amount_mwh = min(0, amount_mwh)
    for place in (each for each in turn.ended if losings[each].key == key):
        yield _restored(losings[place], max(0, -amount_mwh), record)
        amount_mwh = max(0, amount_mwh)
    if amount_mwh:
        yield _counted_anew(key, amount_mwh, record)


def _taken(losing: Losing, branch: Twin) -> IntArray | None:
    """The ids that a loss takes; None while the branch does not know any of the segment.

    A share is that of the lowest luck: a larger one holds a smaller, in every branch.
    """
    label, name = losing.key
    fleet = branch.fleets.get(label)
    if fleet is None or name not in fleet.keys:
        return None
    segment = fleet.segments[fleet.keys.index(name)]
    ids = ids_in(segment.asset_id_ranges)
    if losing.asset_ids:
        return np.intersect1d(ids, np.array(losing.asset_ids, dtype=np.int64))
    words = draws(0, purpose=Purpose.LOSS, assets=ids.astype(np.uint32), tick=0)
    order = np.lexsort((ids, words[:, 0]))
    return np.sort(ids[order[: round(losing.fraction * segment.installed_count)]])


def _failed(losing: Losing, ids: IntArray, amount_mwh: int, record: Record) -> Event:
    body = AssetsFailed(
        segment=losing.segment,
        component="asset",
        cause=losing.cause,
        asset_ids=losing.asset_ids and tuple(ids.tolist()),
        lost_fraction=losing.fraction,
        written_off_wh=amount_mwh / MILLI,
    )
    return _event(losing, body, max(losing.span.starts_ns, record.start_ns), sequence=1)


def _restored(losing: Losing, amount_mwh: int, record: Record) -> Event:
    body = AssetsRestored(
        segment=losing.segment,
        cause=f"{losing.cause} is over",
        asset_ids=losing.asset_ids,
        restored_fraction=losing.fraction,
        charge_wh=amount_mwh / MILLI,
    )
    return _event(losing, body, record.start_ns, sequence=2)


def _event(
    losing: Losing, body: AssetsFailed | AssetsRestored, effective_ns: int, *, sequence: int
) -> Event:
    return Event(
        identity=Identity(SOURCE, 1, losing.stream, sequence),
        kind=type(body).__name__,
        effective_ns=effective_ns,
        label=losing.label,
        body=encode_fact(body),
    )


def _counted_anew(key: Key, amount_mwh: int, record: Record) -> Event:
    label, segment = key
    cause = "what is left is counted anew, as a share of all that reported"
    body: AssetsFailed | AssetsRestored
    if amount_mwh > 0:
        body = AssetsFailed(segment, "battery", cause, written_off_wh=amount_mwh / MILLI)
    else:
        body = AssetsRestored(segment, cause, charge_wh=-amount_mwh / MILLI)
    return Event(
        identity=Identity(SOURCE, 1, f"share-{segment}", record.number),
        kind=type(body).__name__,
        effective_ns=record.start_ns,
        label=label,
        body=encode_fact(body),
    )


def _charge_mwh(twin: Twin, key: Key) -> int:
    """What the batteries of a segment held when all of it last reported."""
    label, segment = key
    fleet = twin.fleets.get(label)
    if fleet is None or segment not in fleet.keys:
        return UNKNOWN
    return int(twin.energy[label].charge_mwh[fleet.keys.index(segment)])


def _written_off_so_far(twin: Twin, key: Key) -> int:
    label, segment = key
    row = twin.fleets[label].keys.index(segment)
    return int(twin.energy[label].total_mwh[row, E.WRITTEN_OFF])
