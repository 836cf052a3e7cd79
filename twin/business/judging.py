"""Judging promises, tick by tick: what was missed, what is left, what breaks next.

A tick is good when at least the promised quantity was there, and bad for its whole length
otherwise: ticks are samples. Bad ticks in a row are one outage. It counts from its first
tick on as soon as it has lasted ``outage_min_s``, and not at all where it ends before; a part of
it that lies in a window already closed when it began to count never does. Time nobody watched
counts as kept.

A breach opens once per window, in the first tick after which more time is bad than the window may
hold. A launch promise is broken at the end of the tick in which it is due, when fewer have flown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.business.commitments import PPB, K, Promises
from twin.business.promise import Promise
from twin.business.windows import STATUSES, UNKNOWN, W, Windows, aligned
from twin.events import AlarmChanged, CommitmentStatus, CommitmentStatusChanged
from twin.outcomes import AlarmOutcome
from twin.physics.kernel import kernel
from twin.state import Alarm, Alarms
from twin.units import MS_PER_S, NS_PER_MS, instant_text

Severity = Literal["warning", "critical"]
SEVERITY: Final[dict[CommitmentStatus, Severity]] = {"at-risk": "warning", "breached": "critical"}


class Horizon(msgspec.Struct, frozen=True):
    """A promise is at risk when it would break within these, and no more once calm for a while."""

    service_s: int = 86_400
    launch_s: int = 15_552_000
    calm_s: int = 300


HORIZON: Final = Horizon()


class Judged(msgspec.Struct, frozen=True):
    """A promise stands otherwise than before, with the alarms that this raises and clears."""

    change: CommitmentStatusChanged
    alarms: tuple[AlarmChanged, ...] = ()


# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_K = tuple(int(k) for k in K)
_IS_LAUNCH, _NEED, _PROMISED, _STARTS, _ENDS, _WAIVED, _WINDOW, _DUE = _K[:8]
_BROKEN_PPB, _OUTAGE_MIN, _VALUE, _DURATION = _K[8:]
_W = tuple(int(w) for w in W)
_STATUS, _IS_OPEN, _START, _END, _ELAPSED, _BAD, _BUDGET, _PENDING, _STREAK, _CALM = _W[:10]
_IS_BREACHED, _TO_BREACH, _ALLOCATED, _TASKED, _AVAILABLE, _IS_OPENED = _W[10:16]
_EARNED, _CREDIT, _DISPLACED, _FLOWN, _BREACHES, _EARNED_SUM, _CREDIT_SUM = _W[16:23]
_CARRY, _WINDOW_CREDIT, _IS_CLOSED, _LAST_START, _LAST_END, _LAST_ELAPSED = _W[23:29]
_LAST_BAD, _LAST_BUDGET, _LAST_IS_BREACHED, _LAST_CREDIT, _USED = _W[29:]
_PENDING_, _KEPT, _AT_RISK, _BREACHED, _WAIVED_, _ENDED = (
    STATUSES.index(status)
    for status in ("pending", "kept", "at-risk", "breached", "waived", "ended")
)
_CHUNK_MS = 2**18
_NONE: Final = frozen(np.zeros(0, dtype=np.int64))


def judged(
    promises: Promises,
    windows: Windows,
    *,
    granted_qty: IntArray,
    wanted_qty: IntArray,
    used_qty: IntArray,
    launches_flown_by_commitment: Mapping[str, int],
    start_ns: int,
    tick_ns: int,
    available_qty: IntArray = _NONE,
    displaced_micro_usd: IntArray = _NONE,
    horizon: Horizon = HORIZON,
) -> tuple[Windows, tuple[Judged, ...], Mapping[str, int]]:
    """Every promise after one more tick, what changed, and credits in micro-dollars by contract.

    Arrays have a number for each of ``promises.need_ids``, zero where one does not run; the last
    two may be left out. ``launches_flown_by_commitment`` counts since the beginning.
    """
    before = aligned(windows, promises.ids)
    rows = before.rows.copy()
    for place, name in promises.launch_ids:
        rows[place, _FLOWN] = launches_flown_by_commitment.get(name, 0)
    changed_count = _judge(
        rows,
        promises.constants,
        granted_qty,
        wanted_qty,
        used_qty,
        available_qty,
        displaced_micro_usd,
        (start_ns, tick_ns),
        (horizon.service_s, horizon.launch_s, horizon.calm_s),
    )
    changes, credits_micro_usd = (
        _said(promises, before.rows, rows, horizon) if changed_count else ((), {})
    )
    return Windows(promises.ids, frozen(rows)), changes, credits_micro_usd


def _said(
    promises: Promises, before: IntArray, rows: IntArray, horizon: Horizon
) -> tuple[tuple[Judged, ...], dict[str, int]]:
    """What changed, in words; credits of breaches that opened are booked into their rows."""
    changes: list[Judged] = []
    credits_micro_usd: dict[str, int] = {}
    for promise, was, row in zip(promises.items, before, rows, strict=True):
        if row[_IS_OPENED]:
            credit = promise.credit_micro_usd(
                start_ns=int(row[_START]),
                end_ns=int(row[_END]),
                flown_count=int(row[_FLOWN]),
            )
            row[_CREDIT] = row[_WINDOW_CREDIT] = credit
            row[_CREDIT_SUM] += credit
            contract_id = promise.terms.contract_id
            if credit:
                credits_micro_usd[contract_id] = credits_micro_usd.get(contract_id, 0) + credit
        if row[_IS_OPENED] or row[_STATUS] != was[_STATUS]:
            changes.append(_judged(promise, was, row, horizon))
    return tuple(changes), credits_micro_usd


def alarmed(
    alarms: Alarms, changes: Iterable[Judged], *, tick_ns: int, label: str
) -> tuple[Alarms, tuple[AlarmOutcome, ...]]:
    """The alarms of a label with those of its promises raised and cleared, and what changed."""
    is_open, outcomes = dict(alarms.open), []
    for change in (alarm for judgement in changes for alarm in judgement.alarms):
        if change.state == "cleared" and is_open.pop(change.alarm_id, None) is None:
            continue
        if change.state == "raised":
            is_open[change.alarm_id] = Alarm(
                alarm_id=change.alarm_id,
                subject=change.subject,
                severity=change.severity,
                value=change.value,
                threshold=change.threshold,
                raised_ns=tick_ns,
            )
        outcomes.append(AlarmOutcome(change=change, label=label))
    if not outcomes:
        return alarms, ()
    return msgspec.structs.replace(alarms, open=is_open), tuple(outcomes)


def _judged(promise: Promise, before: IntArray, after: IntArray, horizon: Horizon) -> Judged:
    from_status, to_status = STATUSES[before[_STATUS]], STATUSES[after[_STATUS]]
    had = _FLOWN if promise.is_launch else _ALLOCATED
    runs = to_status not in ("pending", "ended")
    change = CommitmentStatusChanged(
        commitment_id=promise.commitment_id,
        window=instant_text(int(after[_START])),
        from_status=from_status,
        to_status=to_status,
        shortfall_qty=max(0, promise.terms.promised_qty - int(after[had])) if runs else 0,
    )
    if from_status == to_status:
        return Judged(change)
    cleared = _alarms(promise, from_status, "cleared", after, horizon)
    return Judged(change, (*cleared, *_alarms(promise, to_status, "raised", after, horizon)))


def _alarms(
    promise: Promise,
    status: CommitmentStatus,
    state: Literal["raised", "cleared"],
    row: IntArray,
    horizon: Horizon,
) -> tuple[AlarmChanged, ...]:
    """The alarm of a status, where it has one; value and threshold are seconds, or launches."""
    if status not in SEVERITY:
        return ()
    if status == "at-risk":
        value = int(row[_TO_BREACH]) / MS_PER_S if row[_TO_BREACH] != UNKNOWN else 0.0
        threshold = float(horizon.launch_s if promise.is_launch else horizon.service_s)
    elif promise.is_launch:
        value, threshold = float(row[_FLOWN]), float(promise.terms.promised_qty)
    else:
        value, threshold = int(row[_BAD]) / MS_PER_S, int(row[_BUDGET]) / MS_PER_S
    return (
        AlarmChanged(
            alarm_id=f"commitment/{promise.commitment_id}/{status}",
            severity=SEVERITY[status],
            state=state,
            subject=promise.commitment_id,
            value=value,
            threshold=threshold,
        ),
    )


@kernel
def _judge(
    rows: IntArray,
    constants: IntArray,
    granted: IntArray,
    wanted: IntArray,
    used: IntArray,
    available: IntArray,
    displaced: IntArray,
    span_ns: tuple[int, int],
    horizons_s: tuple[int, int, int],
) -> int:
    """Every row after one more tick; how many stand otherwise than before, or broke."""
    start_ns, tick_ns = span_ns
    dt = (tick_ns - start_ns) // NS_PER_MS
    changed_count = 0
    for i in range(rows.shape[0]):
        row, of = rows[i], constants[i]
        before = row[_STATUS]
        row[_IS_OPENED] = row[_IS_CLOSED] = row[_EARNED] = row[_CREDIT] = row[_DISPLACED] = 0
        row[_ALLOCATED] = row[_TASKED] = row[_USED] = 0
        row[_TO_BREACH] = row[_AVAILABLE] = -1
        # Launches are judged in the tick that holds the instant they are due.
        is_due = of[_IS_LAUNCH] and start_ns < of[_DUE] <= min(tick_ns, of[_ENDS])
        if tick_ns <= of[_STARTS]:
            row[_STATUS] = _PENDING_
        elif tick_ns > of[_ENDS] and not is_due:
            if row[_IS_OPEN]:
                _close(row)
            row[_STATUS] = _ENDED
        else:
            _turn(row, of, start_ns, tick_ns)
            row[_ELAPSED] += dt
            if of[_IS_LAUNCH]:
                _judge_launches(row, of, tick_ns)
            else:
                place = of[_NEED]
                row[_ALLOCATED] = granted[place]
                row[_USED] = used[place]
                row[_TASKED] = max(0, wanted[place] - of[_PROMISED])
                if available.size:
                    row[_AVAILABLE] = available[place]
                if displaced.size:
                    row[_DISPLACED] = displaced[place]
                _judge_service(row, of, tick_ns, dt)
            _set_status(row, of, before, tick_ns, dt, horizons_s)
        changed_count += (row[_STATUS] != before) or row[_IS_OPENED]
    return changed_count


@kernel
def _close(row: IntArray) -> None:
    """Remember the window that is over."""
    row[_IS_OPEN] = 0
    row[_IS_CLOSED] = 1
    row[_LAST_START] = row[_START]
    row[_LAST_END] = row[_END]
    row[_LAST_ELAPSED] = row[_ELAPSED]
    row[_LAST_BAD] = row[_BAD]
    row[_LAST_BUDGET] = row[_BUDGET]
    row[_LAST_IS_BREACHED] = row[_IS_BREACHED]
    row[_LAST_CREDIT] = row[_WINDOW_CREDIT]


@kernel
def _turn(row: IntArray, of: IntArray, start_ns: int, tick_ns: int) -> None:
    """Close a window that is over and open the one that holds the tick.

    The window that runs keeps its span when its length is amended; the next ones follow on it. That
    of launches closes once it was judged; another follows on one that was kept, up to a later day.
    One that was broken stays the last: what is late is late once, and paid for once.
    """
    is_launch = of[_IS_LAUNCH]
    if is_launch and row[_IS_OPEN]:
        row[_END] = of[_DUE]
    if row[_IS_OPEN] and (start_ns if is_launch else tick_ns - 1) >= row[_END]:
        _close(row)
    origin = row[_END] if row[_END] else of[_STARTS]
    may_open = origin < of[_DUE] and not row[_IS_BREACHED] if is_launch else True
    if not row[_IS_OPEN] and may_open:
        length = of[_WINDOW]
        if is_launch:
            row[_START], row[_END] = origin, of[_DUE]
        else:
            row[_START] = origin + (tick_ns - 1 - origin) // length * length
            row[_END] = row[_START] + length
        row[_END] = min(row[_END], of[_ENDS])
        row[_IS_OPEN] = 1
        row[_ELAPSED] = row[_BAD] = row[_PENDING] = row[_IS_BREACHED] = row[_WINDOW_CREDIT] = 0
    if row[_IS_OPEN] and row[_END] > of[_ENDS]:
        row[_END] = of[_ENDS]
    if not of[_IS_LAUNCH]:
        # A part at a time: length times parts in 10⁹ leaves 64 bits for long windows.
        length = (row[_END] - row[_START]) // NS_PER_MS
        share = of[_BROKEN_PPB]
        row[_BUDGET] = length // PPB * share + length % PPB * share // PPB


@kernel
def _judge_service(row: IntArray, of: IntArray, tick_ns: int, dt: int) -> None:
    """Good or bad time, and when the budget ends at the trend of now.

    The trend is linear: while an outage goes on every second is lost, otherwise as many as in the
    window so far. One that leads beyond the window is none.
    """
    is_waived = tick_ns <= of[_WAIVED]
    if is_waived or row[_ALLOCATED] >= of[_PROMISED]:
        row[_STREAK] = row[_PENDING] = 0
    else:
        row[_STREAK] += dt
        row[_PENDING] += dt
        if row[_STREAK] >= of[_OUTAGE_MIN]:
            row[_BAD] += row[_PENDING]
            row[_PENDING] = 0
    if not is_waived and not row[_IS_BREACHED]:
        left = row[_BUDGET] - row[_BAD]
        if left < 0:
            row[_IS_BREACHED] = row[_IS_OPENED] = 1
            row[_BREACHES] += 1
        elif row[_BAD]:
            is_out = row[_STREAK] and not row[_PENDING]
            ahead = left * 1.0 if is_out else left * (row[_ELAPSED] / row[_BAD])
            if ahead < (row[_END] - tick_ns) / NS_PER_MS:
                row[_TO_BREACH] = int(ahead)
    _earn(row, of, dt)


@kernel
def _judge_launches(row: IntArray, of: IntArray, tick_ns: int) -> None:
    """Broken when due and short; behind when the pace so far, and one more, does not suffice."""
    missing = of[_PROMISED] - row[_FLOWN]
    if tick_ns >= of[_DUE] and missing > 0:
        if not row[_IS_BREACHED]:
            row[_IS_BREACHED] = row[_IS_OPENED] = 1
            row[_BREACHES] += 1
    elif missing > 0:
        left = (of[_DUE] - tick_ns) // NS_PER_MS
        # In float: launches times milliseconds of centuries leave 64 bits.
        if missing * (row[_ELAPSED] * 1.0) > (row[_FLOWN] + 1) * (left * 1.0):
            row[_TO_BREACH] = left
    flown = min(row[_FLOWN], of[_PROMISED])
    value, promised = of[_VALUE], of[_PROMISED]
    earned = value // promised * flown + value % promised * flown // promised
    row[_EARNED] = max(0, earned - row[_EARNED_SUM])
    row[_EARNED_SUM] += row[_EARNED]


@kernel
def _earn(row: IntArray, of: IntArray, dt: int) -> None:
    """The value falls due evenly over the run; what is below a micro-dollar is carried."""
    value, duration = of[_VALUE], of[_DURATION]
    each, rest = value // duration, value % duration
    left = min(dt, duration)
    earned = each * left
    while left > 0:
        chunk = min(left, _CHUNK_MS)
        whole = row[_CARRY] + rest * chunk
        earned += whole // duration
        row[_CARRY] = whole % duration
        left -= chunk
    row[_EARNED] = min(earned, max(0, value - row[_EARNED_SUM]))
    row[_EARNED_SUM] += row[_EARNED]


@kernel
def _set_status(
    row: IntArray,
    of: IntArray,
    before: int,
    tick_ns: int,
    dt: int,
    horizons_s: tuple[int, int, int],
) -> None:
    """Waived, broken, at risk or kept; risk is over once there was none for a while."""
    is_launch = of[_IS_LAUNCH]
    horizon = (horizons_s[1] if is_launch else horizons_s[0]) * MS_PER_S
    is_kept_late = is_launch and row[_FLOWN] >= of[_PROMISED]
    if tick_ns <= of[_WAIVED] and not is_kept_late:
        row[_STATUS] = _WAIVED_
    elif row[_IS_BREACHED] and not is_kept_late:
        row[_STATUS] = _BREACHED
    elif 0 <= row[_TO_BREACH] <= horizon:
        row[_STATUS] = _AT_RISK
        row[_CALM] = 0
    else:
        row[_CALM] += dt
        is_calm = before != _AT_RISK or row[_CALM] >= horizons_s[2] * MS_PER_S
        row[_STATUS] = _KEPT if is_calm else _AT_RISK
