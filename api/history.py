"""A period of a view: bounded before it is read, then read in one snapshot."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import msgspec
from sqlalchemy import Connection

from api.asked import HISTORY_FILTERS, AskedHistory
from api.limits import HISTORY_READ_MAX_COUNT, HISTORY_ROWS_MAX_COUNT
from api.posted import Named
from api.problems import require_known
from api.reading import (
    Filters,
    Reader,
    ViewRows,
    live_rows,
    matching,
    said_rows,
    standing,
    twin_rows,
)
from streams.store import queries
from streams.store.queries import RowDict, TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.units import NS_PER_S, instant_text
from twin.views import VIEWS, View

DEFAULT_PERIOD_NS = 3_600 * NS_PER_S


class Period(msgspec.Struct, frozen=True):
    """Rows of a view over (from, to], as the twin knew them at its newest tick.

    Of a branch that is the last tick of the period.
    """

    newest: TickInfo
    from_ns: int
    to_ns: int
    rows: ViewRows


class Span(msgspec.Struct, frozen=True):
    """A period as it was asked for; steps are counted from ``first_ns``, the end of a tick."""

    newest: TickInfo
    from_ns: int
    to_ns: int
    first_ns: int
    step_ns: int


def period_rows(reader: Reader, view_name: str, asked: AskedHistory) -> Period:
    """The rows; ``BadInput`` says what to narrow when they are too many."""
    view = _view(view_name)
    filters = _filters(view, asked)
    if asked.branch != LIVE:
        return _of_branch(reader, view, filters, asked)
    with reader.snapshot() as db:
        span = _span(db, view, filters, asked)
        rows = queries.history(
            db,
            view.name,
            LIVE,
            from_ns=span.first_ns,
            to_ns=span.to_ns,
            step_ns=span.step_ns,
            filters=filters,
            limit=HISTORY_ROWS_MAX_COUNT,
        )
    if not rows:
        reader.refuse_unknown(view, reader.journal.twin(span.newest), filters)
    return Period(span.newest, span.from_ns, span.to_ns, _said(view, rows))


def _of_branch(reader: Reader, view: View, filters: Filters, asked: AskedHistory) -> Period:
    """The same of a branch, which is folded once over the whole period."""
    named = reader.branches.named(asked.branch)
    with reader.snapshot() as db:
        span = _span(db, view, filters, asked, until_ns=named.scenario.until_ns)
    # Closed whatever happens: it holds a place among the runs.
    with closing(_branch_rows(reader, named, view, filters, span)) as found:
        rows = queries.rolled_up(
            view.name,
            found,
            from_ns=span.first_ns,
            step_ns=span.step_ns,
            limit=HISTORY_ROWS_MAX_COUNT,
        )
    past = reader.branch_past(named.branch, span.to_ns).past
    if not rows:
        reader.refuse_unknown(view, past, filters)
    return Period(past.tick, span.from_ns, span.to_ns, _said(view, rows))


def _branch_rows(
    reader: Reader, named: Named, view: View, filters: Filters, span: Span
) -> Generator[RowDict, None, None]:
    """Rows of each tick, oldest first: up to the fork those of live, as they were stored."""
    fork_ns = named.scenario.fork_ns or 0
    with reader.snapshot() as db:
        shared = queries.rows_between(
            db,
            view.name,
            LIVE,
            from_ns=span.first_ns,
            to_ns=min(fork_ns, span.to_ns),
            filters=filters,
        )
        ticks = queries.ticks_after(
            db, LIVE, max(fork_ns, span.first_ns), limit=HISTORY_READ_MAX_COUNT
        )
    yield from ({**row, "branch": named.branch} for row in shared)
    if own := [tick for tick in ticks if tick.tick_ns <= span.to_ns]:
        for past in reader.branches.each(named, own):
            yield from matching(twin_rows(view, past), filters)


def _said(view: View, rows: list[RowDict]) -> ViewRows:
    return ViewRows(view, said_rows(rows), is_rolled_up=True)


def _span(
    db: Connection,
    view: View,
    filters: Filters,
    asked: AskedHistory,
    *,
    until_ns: int | None = None,
) -> Span:
    """The period, once it is found to be none too large; it ends where a scenario does."""
    newest = standing(db, None)
    to_ns = _checked_end(newest, asked.to)
    to_ns = to_ns if until_ns is None else min(to_ns, until_ns)
    from_ns = max(0, to_ns - DEFAULT_PERIOD_NS) if asked.from_ is None else asked.from_
    if from_ns >= to_ns:
        raise BadInput(
            f"from={instant_text(from_ns)}",
            expected=f"an instant before to={instant_text(to_ns)}",
            field="from",
        )
    interval_ns = newest.tick_ns - newest.start_ns
    step_ns = _whole_ticks(asked.step or interval_ns, interval_ns)
    _refuse_too_many(db, view, filters, newest, from_ns=from_ns, to_ns=to_ns, step_ns=step_ns)
    return Span(newest, from_ns, to_ns, _tick_before(newest, from_ns), step_ns)


def _view(name: str) -> View:
    require_known("view", name, VIEWS)
    return VIEWS[name]


def _filters(view: View, asked: AskedHistory) -> Filters:
    given = {name: getattr(asked, name) for name in HISTORY_FILTERS}
    wanted = {name: value for name, value in given.items() if value is not None}
    for name in wanted:
        if name not in view.key_names:
            raise BadInput(
                f"the filter {name}, which {view.name} does not have",
                expected=f"one of {', '.join(view.key_names)}",
                field=name,
            )
    return wanted


def _checked_end(newest: TickInfo, to_ns: int | None) -> int:
    """The end of the period: the newest tick, unless one was given that is not in the future."""
    if to_ns is None:
        return newest.tick_ns
    open_end_ns = newest.tick_ns + (newest.tick_ns - newest.start_ns)
    if to_ns > open_end_ns:
        raise BadInput(
            f"to={instant_text(to_ns)}",
            expected=f"{instant_text(open_end_ns)} at most: the newest tick ended at "
            f"{instant_text(newest.tick_ns)}",
            field="to",
        )
    return to_ns


def _whole_ticks(step_ns: int, interval_ns: int) -> int:
    """The step, which is of whole ticks: every step then ends with a tick, and is named by it."""
    if step_ns % interval_ns:
        interval_s = interval_ns / NS_PER_S
        raise BadInput(
            f"step of {step_ns / NS_PER_S:g} s",
            expected=f"a multiple of {interval_s:g} s, the length of a tick",
            field="step",
        )
    return step_ns


def _tick_before(newest: TickInfo, from_ns: int) -> int:
    """The end of the last tick at or before an instant: steps are counted from there."""
    interval_ns = newest.tick_ns - newest.start_ns
    return newest.tick_ns + (from_ns - newest.tick_ns) // interval_ns * interval_ns


def _refuse_too_many(
    db: Connection,
    view: View,
    filters: Filters,
    newest: TickInfo,
    *,
    from_ns: int,
    to_ns: int,
    step_ns: int,
) -> None:
    """Reckoned from the rows of the newest tick, before any of them is read."""
    last = queries.tick_at(db, LIVE, to_ns)
    before = queries.tick_at(db, LIVE, from_ns)
    ticks_count = (last.number if last else 0) - (before.number if before else 0)
    rows_count = max(1, len(live_rows(db, view, newest, filters).rows))
    if ticks_count * rows_count > HISTORY_READ_MAX_COUNT:
        raise BadInput(
            f"a period of {ticks_count} ticks with about {rows_count} rows each",
            expected=f"{HISTORY_READ_MAX_COUNT} rows at most",
            remedy="ask for a shorter period, or filter by a key",
            field="from",
        )
    interval_ns = newest.tick_ns - newest.start_ns
    steps_count = -(-ticks_count // (step_ns // interval_ns))
    if steps_count * rows_count > HISTORY_ROWS_MAX_COUNT:
        steps_max_count = max(1, HISTORY_ROWS_MAX_COUNT // rows_count)
        enough_ns = -(-ticks_count // steps_max_count) * interval_ns
        raise BadInput(
            f"a period of {steps_count} steps with about {rows_count} rows each",
            expected=f"{HISTORY_ROWS_MAX_COUNT} rows at most",
            remedy=f"ask for a step of {-(-enough_ns // NS_PER_S)}s, or for a shorter period",
            field="step",
        )
