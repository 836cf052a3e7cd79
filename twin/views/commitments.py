"""Commitments: how every promise stands in this tick, and every window that closed in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from twin.business.commitments import Promises
from twin.business.promise import Promise
from twin.business.windows import STATUSES, UNKNOWN, W, Windows
from twin.regions import ORBIT
from twin.units import MS_PER_S, instant_text
from twin.views.risk import found
from twin.views.view import (
    Column,
    Moment,
    RollUp,
    Value,
    View,
    key,
    real,
    text,
    usd,
    whole,
)

Row = tuple[Value, ...]


def _rows(moment: Moment) -> Iterator[Row]:
    twin = moment.twin
    for label in sorted(twin.promises):
        promises, windows = twin.promises[label], twin.windows.get(label, Windows())
        if windows.ids == promises.ids:
            single_points = found(twin, label).single_points
            yield from commitment_rows(label, promises, windows, single_points)


def commitment_rows(
    label: str,
    promises: Promises,
    windows: Windows,
    single_points: Mapping[str, int],
) -> Iterator[Row]:
    """A row for each promise of a label, as it stood at the end of the tick."""
    rows = windows.rows.tolist()
    for promise, (terms, others_count), row in zip(
        promises.items, _terms(promises), rows, strict=True
    ):
        status = STATUSES[row[W.STATUS]]
        start, end, exposure = _window(promise, row[W.START_NS], row[W.END_NS], row[W.FLOWN_COUNT])
        yield (
            label,
            *terms,
            row[W.TASKED_QTY],
            row[W.ALLOCATED_QTY],
            row[W.FLOWN_COUNT] if promise.is_launch else row[W.USED_QTY],
            _headroom_qty(promise, row),
            promise.terms.threshold_fraction,
            _attained_fraction(promise, row),
            start,
            end,
            promise.terms.due_at,
            *_budget_s(promise, row),
            row[W.TO_BREACH_MS] / MS_PER_S if row[W.TO_BREACH_MS] != UNKNOWN else None,
            status,
            row[W.IS_OPENED],
            row[W.DISPLACED_MICRO_USD],
            promise.value_micro_usd,
            row[W.EARNED_MICRO_USD],
            row[W.CREDIT_MICRO_USD],
            exposure if is_exposed(row) else 0,
            others_count,
            single_points.get(promise.commitment_id, 0),
        )


def is_exposed(row: list[int]) -> bool:
    """Whether the window that runs could still break: of a row of ``Windows``."""
    return STATUSES[row[W.STATUS]] not in ("pending", "ended") and not row[W.IS_BREACHED]


def _window_rows(moment: Moment) -> Iterator[Row]:
    twin = moment.twin
    for label in sorted(twin.promises):
        promises, windows = twin.promises[label], twin.windows.get(label, Windows())
        if windows.ids == promises.ids:
            yield from window_rows(label, promises, windows)


def window_rows(label: str, promises: Promises, windows: Windows) -> Iterator[Row]:
    """A row for each window that closed in the tick: in all, one a window."""
    if not windows.rows[:, W.IS_CLOSED].any():
        return
    for promise, row in zip(promises.items, windows.rows.tolist(), strict=True):
        if row[W.IS_CLOSED]:
            length_ms = max(1, (row[W.LAST_END_NS] - row[W.LAST_START_NS]) // 1_000_000)
            yield (
                label,
                _basis(promise),
                promise.commitment_id,
                instant_text(row[W.LAST_START_NS]),
                instant_text(row[W.LAST_END_NS]),
                "breached" if row[W.LAST_IS_BREACHED] else "kept",
                promise.terms.threshold_fraction,
                1.0 - row[W.LAST_BAD_MS] / length_ms,
                row[W.LAST_ELAPSED_MS] / MS_PER_S,
                row[W.LAST_BAD_MS] / MS_PER_S,
                row[W.LAST_BUDGET_MS] / MS_PER_S,
                row[W.LAST_CREDIT_MICRO_USD],
            )


@lru_cache(maxsize=8)
def _terms(promises: Promises) -> tuple[tuple[Row, int], ...]:
    """What of the rows changes only with the promises, and how many alternatives each has."""
    return tuple(
        (
            (
                _basis(each),
                each.commitment_id,
                each.terms.contract_id,
                each.terms.customer,
                each.terms.commitment_kind,
                each.terms.resource,
                each.region or ORBIT,
                " ".join(each.terms.location_limit) or None,
                str(each.terms.priority),
                each.terms.supplier,
                each.terms.terms_basis,
                each.terms.promised_qty,
            ),
            len(promises.alternatives(each, promises.prepared_ns)),
        )
        for each in promises.items
    )


@lru_cache(maxsize=1024)
def _window(
    promise: Promise, start_ns: int, end_ns: int, flown_count: int
) -> tuple[str | None, str | None, int]:
    """Start and end of a window as text, and what is given back if it breaks."""
    exposure = promise.credit_micro_usd(start_ns=start_ns, end_ns=end_ns, flown_count=flown_count)
    return _instant(start_ns), _instant(end_ns), exposure


def _basis(promise: Promise) -> str:
    """What is delivered is derived at best; what is judged by assumed terms is assumed."""
    return "assumed" if promise.terms.terms_basis == "assumed" else "derived"


def _headroom_qty(promise: Promise, row: list[int]) -> int | None:
    """What is available to it beyond the promise; of launches there is none to tell."""
    if promise.is_launch or row[W.AVAILABLE_QTY] == UNKNOWN:
        return None
    return row[W.AVAILABLE_QTY] - promise.terms.promised_qty


def _attained_fraction(promise: Promise, row: list[int]) -> float | None:
    """Good time over all time of the window so far, or launches flown over those promised."""
    if promise.is_launch:
        return min(1.0, row[W.FLOWN_COUNT] / promise.terms.promised_qty)
    return 1.0 - row[W.BAD_MS] / row[W.ELAPSED_MS] if row[W.ELAPSED_MS] else None


def _budget_s(promise: Promise, row: list[int]) -> tuple[float | None, float | None]:
    """The error budget of the window and what is left, never below zero."""
    if promise.is_launch or not row[W.END_NS]:
        return None, None
    left_ms = max(0, row[W.BUDGET_MS] - row[W.BAD_MS])
    return row[W.BUDGET_MS] / MS_PER_S, left_ms / MS_PER_S


def _instant(instant_ns: int) -> str | None:
    return instant_text(instant_ns) if instant_ns else None


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", RollUp.LAST, meaning, is_nullable=True)


def _whole(name: str, roll_up: RollUp, meaning: str) -> Column:
    return Column(name, "int", roll_up, meaning, is_nullable=True)


COMMITMENTS = View(
    name="commitments",
    meaning="How every promise stands: what is promised, had, left, and what breaks next.",
    key=(key("commitment_id", "The promise."),),
    columns=(
        text("contract_id", "The contract that pays for it."),
        text("customer", "To whom; a department after its government."),
        text("kind", "communications, ai, launch or sensing."),
        text("resource", "What is promised; the last word is the unit of every `_qty`."),
        text("region", "Theatre it is promised in; `orbit` where none applies."),
        _text("location_limit", "Segments it may be served by; null for any."),
        text("priority", "0 is served first, 9 last."),
        text("supplier", "Who promised."),
        text("terms_basis", "How the terms are known: public, reported or assumed."),
        whole("promised_qty", RollUp.LAST, "What is promised."),
        whole("tasked_qty", RollUp.MAX, "What is asked for beyond the promise."),
        whole("allocated_qty", RollUp.MIN, "What the allocator gave it."),
        whole("delivered_qty", RollUp.MEAN, "What it used of that; launches flown so far."),
        _whole("headroom_qty", RollUp.MIN, "What is available to it beyond the promise."),
        real("threshold_fraction", RollUp.LAST, "Of each window that must be good."),
        real(
            "attained_fraction",
            RollUp.LAST,
            "Of the window so far that was good; launches flown of those promised.",
            is_nullable=True,
        ),
        _text("window_start", "Of the window that runs, or ran last."),
        _text("window_end", "The end belongs to the window."),
        _text("due_at", "When launches are due; null for any other promise."),
        real("error_budget_s", RollUp.LAST, "Of a window that may be bad.", is_nullable=True),
        real("error_budget_left_s", RollUp.MIN, "Of it that is left.", is_nullable=True),
        real(
            "time_to_breach_s",
            RollUp.MIN,
            "Until it breaks at the trend of now; null where it leads to no breach in the window.",
            is_nullable=True,
        ),
        text("status", "pending, kept, at-risk, breached, waived or ended."),
        whole("breach_count", RollUp.SUM, "Breaches that opened in the tick."),
        usd(
            "displaced_usd",
            RollUp.SUM,
            "What work paid by the accelerator did not earn because of it.",
        ),
        usd("value_usd", RollUp.LAST, "Worth of the whole promise."),
        usd("earned_usd", RollUp.SUM, "Fallen due in the tick: by time, or by launches flown."),
        usd("credit_usd", RollUp.SUM, "Given back for breaches that opened in the tick."),
        usd("credit_exposure_usd", RollUp.MAX, "Given back if this window were to break."),
        whole("alternative_suppliers_count", RollUp.LAST, "Others the customer could turn to."),
        whole("single_points_count", RollUp.LAST, "Nodes whose loss alone would break it."),
    ),
    rows=_rows,
)

COMMITMENT_WINDOWS = View(
    name="commitment_windows",
    meaning="Windows that closed in the tick: over time a row for each window of each promise.",
    key=(
        key("commitment_id", "The promise."),
        key("window_start", "When the window began."),
    ),
    columns=(
        text("window_end", "When it ended."),
        text("outcome", "kept or breached."),
        real("threshold_fraction", RollUp.LAST, "Of the window that had to be good."),
        real("attained_fraction", RollUp.LAST, "Of it that was; time not watched counts as good."),
        real("watched_s", RollUp.LAST, "Of the window that was judged."),
        real("bad_s", RollUp.LAST, "Of it that was bad."),
        real("error_budget_s", RollUp.LAST, "Of it that was allowed to be bad."),
        usd("credit_usd", RollUp.SUM, "Given back for it."),
    ),
    rows=_window_rows,
)
