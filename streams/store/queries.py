"""What is asked of the read model: one named function a question.

Each takes a connection inside a transaction, so that everything one answer says is of one tick.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, func, or_, select

from streams.store.tables import (
    ALERT,
    DEAD_LETTER,
    EVENT_SUBJECT,
    PLACEMENT,
    SNAPSHOT,
    TICK,
    VIEW_TABLES,
)
from twin.errors import BadInput
from twin.hashing import FOLD_VERSION, SliceHashes
from twin.snapshot import decode_twin
from twin.state import Twin
from twin.views import VIEWS, RollUp

RowDict = dict[str, Any]


class TickInfo(msgspec.Struct, frozen=True):
    """A committed tick and the journal entry that proves it."""

    branch: str
    tick_ns: int
    start_ns: int
    number: int
    hash: str
    digest: str
    journal_offset: int
    committed_ns: int
    frames_count: int
    rows_count: int
    events_count: int
    applied_count: int
    late_count: int
    duplicate_count: int
    quarantined_count: int
    refused_count: int
    record_bytes: int


class TickSums(msgspec.Struct, frozen=True):
    """What some ticks in a row came to: how many they are, the last number, and their counts."""

    ticks_count: int
    number: int
    frames_count: int
    rows_count: int
    events_count: int
    late_count: int
    duplicate_count: int
    quarantined_count: int
    refused_count: int


class SoundSnapshot(msgspec.Struct, frozen=True):
    """A twin read back whole, with the hash it was stored with proven."""

    twin: Twin
    journal_offset: int
    digest: bytes


def latest_tick(db: Connection, branch: str) -> TickInfo | None:
    """The last committed tick, or None before there is one."""
    newest = select(TICK).where(TICK.c.branch == branch).order_by(TICK.c.tick_ns.desc()).limit(1)
    row = db.execute(newest).mappings().one_or_none()
    return TickInfo(**row) if row is not None else None


def first_tick(db: Connection, branch: str) -> TickInfo | None:
    """The first committed tick, or None before there is one."""
    oldest = select(TICK).where(TICK.c.branch == branch).order_by(TICK.c.tick_ns).limit(1)
    row = db.execute(oldest).mappings().one_or_none()
    return TickInfo(**row) if row is not None else None


def tick_at(db: Connection, branch: str, at_ns: int) -> TickInfo | None:
    """The last tick that ended at or before an instant."""
    newest = (
        select(TICK)
        .where(TICK.c.branch == branch, TICK.c.tick_ns <= at_ns)
        .order_by(TICK.c.tick_ns.desc())
        .limit(1)
    )
    row = db.execute(newest).mappings().one_or_none()
    return TickInfo(**row) if row is not None else None


def ticks_after(db: Connection, branch: str, after_ns: int, *, limit: int) -> list[TickInfo]:
    """Ticks after an instant, oldest first."""
    rows = db.execute(
        select(TICK)
        .where(TICK.c.branch == branch, TICK.c.tick_ns > after_ns)
        .order_by(TICK.c.tick_ns)
        .limit(limit)
    )
    return [TickInfo(**row) for row in rows.mappings()]


def tick_numbered(db: Connection, branch: str, number: int) -> TickInfo | None:
    """The committed tick of a record, or None when there is none of that number."""
    one = select(TICK).where(TICK.c.branch == branch, TICK.c.number == number)
    row = db.execute(one).mappings().one_or_none()
    return TickInfo(**row) if row is not None else None


def tick_sums(db: Connection, branch: str, *, above: int) -> TickSums:
    """Counts summed over the committed ticks whose record number is above one; zeros for none."""
    names = [name for name in TickSums.__struct_fields__ if name not in ("ticks_count", "number")]
    sums = [func.coalesce(func.sum(TICK.c[name]), 0).label(name) for name in names]
    last = func.coalesce(func.max(TICK.c.number), above).label("number")
    chosen = select(func.count().label("ticks_count"), last, *sums).where(
        TICK.c.branch == branch, TICK.c.number > above
    )
    row = db.execute(chosen).mappings().one()
    return TickSums(**{name: int(value) for name, value in row.items()})


def open_alerts_count(db: Connection, branch: str, *, at_ns: int) -> dict[str, int]:
    """Alarms open after a tick, by severity; a severity without one is left out."""
    chosen = (
        select(ALERT.c.severity, func.count().label("count"))
        .where(
            ALERT.c.branch == branch,
            ALERT.c.raised_ns <= at_ns,
            or_(ALERT.c.cleared_ns.is_(None), ALERT.c.cleared_ns > at_ns),
        )
        .group_by(ALERT.c.severity)
        .order_by(ALERT.c.severity)
    )
    return {row["severity"]: int(row["count"]) for row in db.execute(chosen).mappings()}


def view_rows(
    db: Connection, view: str, branch: str, tick_ns: int, *, filters: Mapping[str, str]
) -> list[RowDict]:
    """The rows of a view after one tick; ``filters`` are exact values of key columns."""
    table = VIEW_TABLES[view]
    chosen = select(table).where(table.c.branch == branch, table.c.tick_ns == tick_ns)
    for name, value in filters.items():
        chosen = chosen.where(table.c[_known_key(view, name)] == value)
    return [dict(row) for row in db.execute(chosen.order_by(*table.primary_key)).mappings()]


def history(
    db: Connection,
    view: str,
    branch: str,
    *,
    from_ns: int,
    to_ns: int,
    step_ns: int,
    filters: Mapping[str, str],
    limit: int,
) -> list[RowDict]:
    """Rows of a view over (from, to], rolled up to one per key and step of twin time.

    Each column declares how it rolls up. A step is named by its end, like a tick.
    """
    table = VIEW_TABLES[view]
    # Floor division is the same in SQLite and PostgreSQL for whole numbers of one sign.
    end = ((table.c.tick_ns - from_ns + step_ns - 1) // step_ns).label("step")
    chosen = (
        select(table, end)
        .where(table.c.branch == branch, table.c.tick_ns > from_ns, table.c.tick_ns <= to_ns)
        .order_by(*table.primary_key)
    )
    for name, value in filters.items():
        chosen = chosen.where(table.c[_known_key(view, name)] == value)
    rows = (dict(row) for row in db.execute(chosen).mappings())
    return _rolled_up(view, rows, from_ns=from_ns, step_ns=step_ns, limit=limit)


def rows_between(
    db: Connection,
    view: str,
    branch: str,
    *,
    from_ns: int,
    to_ns: int,
    filters: Mapping[str, str],
) -> list[RowDict]:
    """Rows of a view over (from, to], those of each tick by themselves, oldest first."""
    table = VIEW_TABLES[view]
    chosen = (
        select(table)
        .where(table.c.branch == branch, table.c.tick_ns > from_ns, table.c.tick_ns <= to_ns)
        .order_by(*table.primary_key)
    )
    for name, value in filters.items():
        chosen = chosen.where(table.c[_known_key(view, name)] == value)
    return [dict(row) for row in db.execute(chosen).mappings()]


def rolled_up(
    view: str, rows: Iterable[RowDict], *, from_ns: int, step_ns: int, limit: int
) -> list[RowDict]:
    """Rows of a view rolled up as ``history`` does, wherever they come from; oldest first."""
    stepped = ({**row, "step": -(-(row["tick_ns"] - from_ns) // step_ns)} for row in rows)
    return _rolled_up(view, stepped, from_ns=from_ns, step_ns=step_ns, limit=limit)


def alerts(
    db: Connection, branch: str, *, at_ns: int | None, is_open: bool | None, limit: int
) -> list[RowDict]:
    """Alarms, newest first; as an observer at ``at_ns`` would have known them."""
    chosen = select(ALERT).where(ALERT.c.branch == branch)
    if at_ns is not None:
        chosen = chosen.where(ALERT.c.raised_ns <= at_ns)
    rows = []
    for row in db.execute(chosen.order_by(ALERT.c.raised_ns.desc(), ALERT.c.alarm_id)).mappings():
        alert = dict(row)
        if at_ns is not None and alert["cleared_ns"] is not None and alert["cleared_ns"] > at_ns:
            alert["cleared_ns"] = None
        if is_open is None or is_open == (alert["cleared_ns"] is None):
            rows.append(alert)
        if len(rows) == limit:
            break
    return rows


def placements(db: Connection, branch: str, *, at_ns: int, limit: int) -> list[RowDict]:
    """Work that was placed, displaced or let back in up to a tick, newest first."""
    chosen = select(PLACEMENT).where(PLACEMENT.c.branch == branch, PLACEMENT.c.tick_ns <= at_ns)
    order = (PLACEMENT.c.tick_ns.desc(), PLACEMENT.c.workload_id, PLACEMENT.c.pool_id)
    return [dict(row) for row in db.execute(chosen.order_by(*order).limit(limit)).mappings()]


def dead_letters(db: Connection, branch: str, *, limit: int) -> list[RowDict]:
    """Inputs that were not applied, newest first."""
    chosen = select(DEAD_LETTER).where(DEAD_LETTER.c.branch == branch)
    newest = chosen.order_by(DEAD_LETTER.c.tick_ns.desc(), DEAD_LETTER.c.event_id).limit(limit)
    return [dict(row) for row in db.execute(newest).mappings()]


def events_about(
    db: Connection,
    branch: str,
    subjects: Collection[str],
    *,
    labels: Collection[str],
    through: int,
    limit: int,
) -> list[RowDict]:
    """Events about any of some subjects in records up to one, newest first, each once."""
    columns = [column for column in EVENT_SUBJECT.c if column.name not in ("branch", "subject")]
    chosen = (
        select(*columns)
        .where(
            EVENT_SUBJECT.c.branch == branch,
            EVENT_SUBJECT.c.subject.in_(sorted(subjects)),
            EVENT_SUBJECT.c.label.in_(sorted(labels)),
            EVENT_SUBJECT.c.number <= through,
        )
        .distinct()
        .order_by(EVENT_SUBJECT.c.number.desc(), EVENT_SUBJECT.c.ordinal.desc())
        .limit(limit)
    )
    return [dict(row) for row in db.execute(chosen).mappings()]


def hashes(engine: Engine, branch: str, *, above: int) -> dict[int, str]:
    """Committed state hashes by record number, from the one after ``above``."""
    with engine.begin() as db:
        chosen = select(TICK.c.number, TICK.c.hash).where(
            TICK.c.branch == branch, TICK.c.number > above
        )
        return {row.number: row.hash for row in db.execute(chosen)}


def newest_sound_snapshot(engine: Engine, branch: str, *, below: int) -> SoundSnapshot | None:
    """The newest snapshot at or before a record number that reads back to its hash, or None."""
    with engine.begin() as db:
        chosen = (
            select(SNAPSHOT, TICK.c.digest)
            .join(TICK, (TICK.c.branch == SNAPSHOT.c.branch) & (TICK.c.number == SNAPSHOT.c.number))
            .where(
                SNAPSHOT.c.branch == branch,
                SNAPSHOT.c.number <= below,
                SNAPSHOT.c.fold_version == FOLD_VERSION,
            )
            .order_by(SNAPSHOT.c.number.desc())
        )
        for row in db.execute(chosen).mappings():
            twin = _sound(row["body"], row["hash"])
            if twin is not None:
                return SoundSnapshot(twin, row["journal_offset"], bytes.fromhex(row["digest"]))
    return None


def _sound(body: bytes, expected_hash: str) -> Twin | None:
    try:
        twin = decode_twin(body)
    except BadInput:
        return None
    is_same = SliceHashes().state_hash(twin.tick_ns, twin.slices()) == expected_hash
    return twin if is_same else None


def _known_key(view: str, name: str) -> str:
    known = (*VIEWS[view].key_names, "label", "basis")
    if name not in known:
        raise BadInput(f"filter {name!r}", expected=f"one of {', '.join(known)}", field=name)
    return name


def _rolled_up(
    view: str, rows: Iterable[RowDict], *, from_ns: int, step_ns: int, limit: int
) -> list[RowDict]:
    groups: dict[tuple[Any, ...], list[RowDict]] = {}
    keys = ("label", *VIEWS[view].key_names)
    for row in rows:
        group = (int(row["step"]), *(row[name] for name in keys))
        if group not in groups and len(groups) == limit:
            raise BadInput(
                f"more than {limit} rows",
                expected="fewer",
                remedy="ask for a larger step",
                field="step",
            )
        groups.setdefault(group, []).append(row)
    return [
        _one_row(view, rows, tick_ns=from_ns + group[0] * step_ns) for group, rows in groups.items()
    ]


def _one_row(view: str, rows: Sequence[RowDict], *, tick_ns: int) -> RowDict:
    """Several ticks as one row, each column in its own way; nulls do not count."""
    result = dict(rows[-1])
    result.pop("step")
    result["tick_ns"] = tick_ns
    result["interval_s"] = sum(row["interval_s"] for row in rows)
    for column in VIEWS[view].columns:
        values = [row[column.name] for row in rows if row[column.name] is not None]
        if values and column.roll_up is not RollUp.LAST:
            result[column.name] = _ROLL_UPS[column.roll_up](values)
    return result


_ROLL_UPS: dict[RollUp, Callable[[list[Any]], Any]] = {
    RollUp.SUM: sum,
    RollUp.MIN: min,
    RollUp.MAX: max,
    RollUp.MEAN: lambda values: sum(values) / len(values),
}
