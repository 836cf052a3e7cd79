"""What one request reads: one snapshot of the read model, and all of it of one tick.

A committed tick never changes, so what is read of it afterwards (its record, its frames, the twin
as of it) cannot tear either; only the choice of the tick and live rows need the snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection, Engine

from api.behind import names_of
from api.branches import Branches, BranchPast
from api.journal import Journal
from api.posted import Named
from api.problems import require_known
from api.shapes import ARROW, Shape, arrow_schema, said, said_instant, said_number, view_shape
from streams.replay import PastTwin
from streams.store import queries
from streams.store.queries import RowDict, TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput, Unavailable
from twin.units import NS_PER_S, instant_text
from twin.views import VIEWS, View

Filters = Mapping[str, str]


class ViewRows(msgspec.Struct, frozen=True):
    """Rows of one view, ordered by label and key."""

    view: View
    rows: list[RowDict]
    is_rolled_up: bool = False

    def as_dicts(self) -> list[dict[str, Any]]:
        """One mapping a row, columns in the order of their shape."""
        names = [column.name for column in self._shape.columns if column.name != "tick"]
        money = [column.name for column in self._shape.columns if column.type == "usd"]
        return [
            {"branch": row["branch"], "tick": said_instant(row["tick_ns"])}
            | {name: row[name] for name in names}
            | {name: said("usd", row[name]) for name in money}
            for row in self.rows
        ]

    def as_table(self) -> Any:
        """An Arrow table with the meaning and unit of each column."""
        arrays = [
            pa.array(
                [
                    said(column.type, row["tick_ns" if column.name == "tick" else column.name])
                    for row in self.rows
                ],
                ARROW[column.type],
            )
            for column in self._shape.columns
        ]
        return pa.table(arrays, schema=arrow_schema(self._shape))

    @property
    def _shape(self) -> Shape:
        return view_shape(self.view, is_rolled_up=self.is_rolled_up)


class TickRows(msgspec.Struct, frozen=True):
    """Everything the twin shows after one tick."""

    tick: TickInfo
    rows: dict[str, ViewRows]
    open_alerts_count: int


class Reader:
    """Answers questions about the read model and the journal; used by many threads at once.

    No thread may hold two connections at a time: the pool could not serve them all.
    """

    def __init__(
        self, engine: Engine, journal: Journal, branches: Branches, *, clock_ns: Callable[[], int]
    ) -> None:
        self._engine, self._clock_ns = engine, clock_ns
        self.journal, self.branches = journal, branches

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees one state of the read model."""
        with self._engine.begin() as db:
            yield db

    def head(self, tick: TickInfo) -> dict[str, Any]:
        """What every answer says of its tick; ``age_s`` is wall time since it was committed."""
        return {
            "branch": tick.branch,
            "tick": said_instant(tick.tick_ns),
            "start": said_instant(tick.start_ns),
            "interval_s": (tick.tick_ns - tick.start_ns) / NS_PER_S,
            "number": tick.number,
            "hash": tick.hash,
            "age_s": max(0, self._clock_ns() - tick.committed_ns) / NS_PER_S,
        }

    def tick(self, at_ns: int | None) -> TickInfo:
        """The tick a question is about."""
        with self.snapshot() as db:
            return standing(db, at_ns)

    def branch_tick(self, named: Named, at_ns: int | None) -> TickInfo:
        """The tick of live that a question about a branch means, at most where the branch ends."""
        until_ns = named.scenario.until_ns
        with self.snapshot() as db:
            tick = standing(db, at_ns)
            if until_ns is None or tick.tick_ns <= until_ns:
                return tick
            last = queries.tick_at(db, LIVE, until_ns) if at_ns is None else None
        if last is None:
            raise BadInput(
                f"at={instant_text(tick.tick_ns if at_ns is None else at_ns)}",
                expected=f"{instant_text(until_ns)} at most, where the scenario ends",
                field="at",
            )
        return last

    def branch_past(self, branch: str, at_ns: int | None) -> BranchPast:
        """A branch after a tick; ``Unknown`` when there is none of that name."""
        named = self.branches.named(branch)
        return self.branches.past(named, self.branch_tick(named, at_ns))

    def past(self, branch: str, at_ns: int | None) -> PastTwin:
        """The twin after a tick of live, or of a branch."""
        if branch == LIVE:
            return self.journal.twin(self.tick(at_ns))
        return self.branch_past(branch, at_ns).past

    def view(
        self, view: View, branch: str, at_ns: int | None, filters: Mapping[str, str | None]
    ) -> tuple[TickInfo, ViewRows]:
        """The rows of a view; ``NotFound`` for a filter that names nothing there is."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        past: PastTwin | None = None
        if branch != LIVE or at_ns is not None:
            past = self.past(branch, at_ns)
            tick = past.tick
            found = ViewRows(view, matching(past_rows(view, past).rows, wanted))
        else:
            with self.snapshot() as db:
                tick = standing(db, None)
                found = live_rows(db, view, tick, wanted)
        if not found.rows:
            self.refuse_unknown(view, past or self.journal.twin(tick), wanted)
        return tick, found

    def everything(self, at_ns: int | None) -> TickRows:
        """The rows of every view of live."""
        with self.snapshot() as db:
            tick = standing(db, at_ns)
            live = tick_rows(db, tick) if at_ns is None else None
            alerts = queries.open_alerts_count(db, LIVE, at_ns=tick.tick_ns)
        if live is not None:
            return live
        return every_row(self.journal.twin(tick), open_alerts_count=sum(alerts.values()))

    def following(self, after_ns: int, *, limit: int) -> list[TickRows]:
        """Ticks after an instant with all their rows, oldest first."""
        with self.snapshot() as db:
            ticks = queries.ticks_after(db, LIVE, after_ns, limit=limit)
            return [tick_rows(db, tick) for tick in ticks]

    def refuse_unknown(self, view: View, past: PastTwin, filters: Filters) -> None:
        """``NotFound`` when a filter names a segment, region, … that the tick does not have."""
        rows = past_rows(view, past).rows
        for name, value in filters.items():
            # A window closes in one tick only, and its row is in no other.
            if name != "window_start":
                known = {str(row[name]) for row in rows} | known_names(past, name)
                require_known(name, value, known)


def standing(db: Connection, at_ns: int | None) -> TickInfo:
    """The tick at an instant, or the newest; errors name the field ``at``."""
    newest = queries.latest_tick(db, LIVE)
    if newest is None:
        raise Unavailable("no tick is committed yet", remedy="try again once /readyz answers 200")
    if at_ns is None:
        return newest
    # The open tick is not known yet, but its beginning is the end of the newest.
    open_end_ns = newest.tick_ns + (newest.tick_ns - newest.start_ns)
    if at_ns > open_end_ns:
        raise BadInput(
            f"at={instant_text(at_ns)}",
            expected=f"{instant_text(open_end_ns)} at most: the newest tick ended at "
            f"{instant_text(newest.tick_ns)}",
            field="at",
        )
    tick = queries.tick_at(db, LIVE, at_ns)
    if tick is None:
        first = queries.first_tick(db, LIVE)
        assert first is not None, "there is a newest tick"
        raise BadInput(
            f"at={instant_text(at_ns)}",
            expected=f"{instant_text(first.tick_ns)} or later, when the first tick ended",
            field="at",
        )
    return tick


def live_rows(db: Connection, view: View, tick: TickInfo, filters: Filters) -> ViewRows:
    """The stored rows of a view after a tick."""
    rows = queries.view_rows(db, view.name, tick.branch, tick.tick_ns, filters=filters)
    return ViewRows(view, _ordered(view, said_rows(rows)))


def past_rows(view: View, past: PastTwin) -> ViewRows:
    """The rows of a view read from the twin itself: the same as were stored."""
    return ViewRows(view, said_rows(twin_rows(view, past)))


def every_row(past: PastTwin, *, open_alerts_count: int) -> TickRows:
    """The rows of every view read from the twin itself."""
    rows = {name: past_rows(view, past) for name, view in VIEWS.items()}
    return TickRows(past.tick, rows, open_alerts_count)


def twin_rows(view: View, past: PastTwin) -> list[RowDict]:
    """The rows of a view read from the twin, as they would be stored, ordered by label and key."""
    tick = past.tick
    names = ("label", "basis", *view.key_names, *view.column_names)
    common = {
        "branch": tick.branch,
        "tick_ns": tick.tick_ns,
        "interval_s": (tick.tick_ns - tick.start_ns) / NS_PER_S,
    }
    with reckoned(tick.branch):
        rows = [common | dict(zip(names, row, strict=True)) for row in view.rows(past.moment)]
    return _ordered(view, rows)


@contextmanager
def reckoned(branch: str) -> Iterator[None]:
    """In a branch, a number that nobody can reckon with was put there by its scenario."""
    try:
        yield
    except ArithmeticError as error:
        if branch == LIVE:
            raise
        raise BadInput(
            f"a number of the scenario that cannot be reckoned with: {error}",
            expected="edits with other numbers",
            field="branch",
        ) from error


def tick_rows(db: Connection, tick: TickInfo) -> TickRows:
    """The stored rows of every view after a tick."""
    rows = {name: live_rows(db, view, tick, {}) for name, view in VIEWS.items()}
    alerts = queries.open_alerts_count(db, tick.branch, at_ns=tick.tick_ns)
    return TickRows(tick, rows, sum(alerts.values()))


def known_names(past: PastTwin, column: str) -> set[str]:
    """Names of a key column that the twin knows, whether or not a row has them now."""
    twin = past.moment.twin
    if column == "segment":
        return {name for fleet in twin.fleets.values() for name in fleet.keys}
    if column == "region":
        return {name for telemetry in twin.telemetry.values() for name in telemetry.regions}
    return set(twin.registry.sources) if column == "source" else names_of(twin, column)


def tick_headers(tick: TickInfo) -> dict[str, str]:
    """The tick of an answer, for forms that cannot say it themselves."""
    return {
        "Twin-Branch": tick.branch,
        "Twin-Tick": said_instant(tick.tick_ns),
        "Twin-Hash": tick.hash,
    }


def said_rows(rows: Sequence[RowDict]) -> list[RowDict]:
    """The rows with their numbers as they are said."""
    return [{name: said_number(value) for name, value in row.items()} for row in rows]


def _ordered(view: View, rows: Sequence[RowDict]) -> list[RowDict]:
    names = ("label", *view.key_names)
    return sorted(rows, key=lambda row: tuple(row[name] for name in names))


def matching(rows: Sequence[RowDict], filters: Filters) -> list[RowDict]:
    """The rows that have these values in their key columns."""
    return [row for row in rows if all(row[n] == v for n, v in filters.items())]
