"""The one writer of a branch: a tick is one transaction, and its first statement is the fence.

The fence moves the writer row from (my generation, last tick) to the next. When another process
has claimed the branch meanwhile, nothing happens and this one leaves. Rows are made before the
transaction begins, so it is held for milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from streams.store.bulk import Row, bulk_insert
from streams.store.tables import (
    ALERT,
    DEAD_LETTER,
    EVENT_SUBJECT,
    PLACEMENT,
    SNAPSHOT,
    TICK,
    VIEW_TABLES,
    WRITER,
)
from twin.errors import Superseded
from twin.events import fact, subjects
from twin.hashing import FOLD_VERSION
from twin.outcomes import AlarmOutcome, Outcome, Refused, WorkOutcome
from twin.snapshot import encode_twin
from twin.units import NS_PER_S
from twin.views import VIEWS, Moment

UNSPOKEN = ("AssumptionSet", "DemandObserved")
"""Kinds that are about nothing: not even read for it."""

# Written once: building a statement costs more than running it.
_INSERT_TICK = insert(TICK)
_PASS_THE_FENCE = (
    update(WRITER)
    .where(
        WRITER.c.branch == bindparam("of_branch"),
        WRITER.c.generation == bindparam("of_generation"),
        WRITER.c.number == bindparam("before"),
    )
    .values(number=bindparam("number"), journal_offset=bindparam("journal_offset"))
)

LET_GO = "SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL statement_timeout = '30s'"


class Commit(msgspec.Struct, frozen=True):
    """One folded record, ready to be written."""

    moment: Moment
    outcomes: tuple[Outcome, ...]
    hash: str
    digest: str
    journal_offset: int
    record_bytes: int
    committed_ns: int


class Claim(msgspec.Struct, frozen=True):
    """A branch as its new writer finds it: the last committed record, and where to read on."""

    generation: int
    number: int
    journal_offset: int


class Writer:
    """Writes commits of one branch, as long as nobody else claims it."""

    def __init__(self, engine: Engine, branch: str, *, snapshot_ticks: int) -> None:
        self._engine, self._branch = engine, branch
        self._snapshot_ticks = snapshot_ticks
        self._claim = Claim(0, 0, 0)
        self._inserts = {
            name: bulk_insert(table, engine.dialect) for name, table in VIEW_TABLES.items()
        }

    def claim(self) -> Claim:
        """Take the branch over from whoever wrote it before."""
        with self._transaction() as db:
            before = self._found(db)
            if before is None:
                self._claim = Claim(1, 0, 0)
                db.execute(insert(WRITER).values(branch=self._branch, **_fields(self._claim)))
            else:
                self._claim = Claim(before.generation + 1, before.number, before.journal_offset)
                db.execute(
                    update(WRITER)
                    .where(WRITER.c.branch == self._branch)
                    .values(generation=self._claim.generation)
                )
        return self._claim

    def commit(self, commit: Commit) -> None:
        """Write one tick whole; ``Superseded`` when the branch is no longer ours."""
        rows = {name: self._view_rows(name, commit) for name in VIEW_TABLES}
        twin = commit.moment.twin
        snapshot = encode_twin(twin) if twin.number % self._snapshot_ticks == 0 else None
        subjects = _event_subjects(self._branch, commit)
        with self._transaction() as db:
            self._pass_the_fence(db, commit)
            for name, values in rows.items():
                if values:
                    self._inserts[name](db, values)
            db.execute(_INSERT_TICK, _tick_fields(self._branch, commit))
            if subjects:
                db.execute(insert(EVENT_SUBJECT), subjects)
            self._write_outcomes(db, commit)
            if snapshot is not None:
                db.execute(insert(SNAPSHOT).values(**self._snapshot_fields(commit, snapshot)))
        self._claim = Claim(self._claim.generation, twin.number, commit.journal_offset + 1)

    def has(self, commit: Commit) -> bool:
        """Whether we have committed a tick after all: the answer may have been lost on the way."""
        with self._transaction() as db:
            found = self._found(db)
        wanted = Claim(self._claim.generation, commit.moment.twin.number, commit.journal_offset + 1)
        if found != wanted:
            return False
        self._claim = wanted
        return True

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One that a process which stands still does not hold for ever: others wait for it."""
        with self._engine.begin() as db:
            if db.dialect.name == "postgresql":
                db.exec_driver_sql(LET_GO)
            yield db

    def _found(self, db: Connection) -> Claim | None:
        """Whose the branch is and how far it came; None if nobody ever wrote it."""
        row = db.execute(
            select(WRITER.c.generation, WRITER.c.number, WRITER.c.journal_offset).where(
                WRITER.c.branch == self._branch
            )
        ).one_or_none()
        return None if row is None else Claim(row.generation, row.number, row.journal_offset)

    def _pass_the_fence(self, db: Connection, commit: Commit) -> None:
        moved = db.execute(
            _PASS_THE_FENCE,
            {
                "of_branch": self._branch,
                "of_generation": self._claim.generation,
                "before": commit.moment.twin.number - 1,
                "number": commit.moment.twin.number,
                "journal_offset": commit.journal_offset + 1,
            },
        )
        if moved.rowcount != 1:
            raise Superseded(
                f"branch {self._branch} at record {commit.moment.twin.number}",
                expected=f"writer generation {self._claim.generation}",
                remedy="another process writes this branch now; this one leaves",
            )

    def _view_rows(self, name: str, commit: Commit) -> list[Row]:
        twin = commit.moment.twin
        interval_s = (twin.tick_ns - twin.start_ns) / NS_PER_S
        head = (self._branch, twin.tick_ns, interval_s)
        return [(*head, *row) for row in VIEWS[name].rows(commit.moment)]

    def _write_outcomes(self, db: Connection, commit: Commit) -> None:
        letters = _dead_letters(self._branch, commit)
        if letters:
            statement = insert(DEAD_LETTER)
            for letter in letters:
                known = select(DEAD_LETTER.c.tick_ns).where(
                    DEAD_LETTER.c.branch == self._branch,
                    DEAD_LETTER.c.event_id == letter["event_id"],
                    DEAD_LETTER.c.digest == letter["digest"],
                )
                if db.execute(known).first() is None:
                    db.execute(statement.values(**letter))
        tick_ns = commit.moment.twin.tick_ns
        for outcome in commit.outcomes:
            match outcome:
                case AlarmOutcome():
                    self._write_alert(db, outcome, tick_ns)
                case WorkOutcome():
                    change = msgspec.structs.asdict(outcome.change)
                    row = {"branch": self._branch, "tick_ns": tick_ns, "label": outcome.label}
                    db.execute(insert(PLACEMENT).values(**row, **change))

    def _write_alert(self, db: Connection, outcome: AlarmOutcome, tick_ns: int) -> None:
        change = outcome.change
        if change.state == "cleared":
            db.execute(
                update(ALERT)
                .where(
                    ALERT.c.branch == self._branch,
                    ALERT.c.alarm_id == change.alarm_id,
                    ALERT.c.cleared_ns.is_(None),
                )
                .values(cleared_ns=tick_ns)
            )
            return
        db.execute(
            insert(ALERT).values(
                branch=self._branch,
                alarm_id=change.alarm_id,
                raised_ns=tick_ns,
                label=outcome.label,
                severity=change.severity,
                subject=change.subject,
                value=change.value,
                threshold=change.threshold,
                asset_ids=msgspec.json.encode(outcome.asset_ids).decode(),
            )
        )

    def _snapshot_fields(self, commit: Commit, body: bytes) -> dict[str, object]:
        return {
            "branch": self._branch,
            "number": commit.moment.twin.number,
            "tick_ns": commit.moment.twin.tick_ns,
            "fold_version": FOLD_VERSION,
            "hash": commit.hash,
            "journal_offset": commit.journal_offset,
            "body": body,
        }


def _fields(claim: Claim) -> dict[str, int]:
    return {
        "generation": claim.generation,
        "number": claim.number,
        "journal_offset": claim.journal_offset,
    }


def _tick_fields(branch: str, commit: Commit) -> dict[str, object]:
    record, provenance = commit.moment.record, commit.moment.record.provenance
    refused_count = sum(isinstance(outcome, Refused) for outcome in commit.outcomes)
    events_count = len(record.content.events)
    return {
        "branch": branch,
        "tick_ns": record.tick_ns,
        "start_ns": record.start_ns,
        "number": record.number,
        "hash": commit.hash,
        "digest": commit.digest,
        "journal_offset": commit.journal_offset,
        "committed_ns": commit.committed_ns,
        "frames_count": len(provenance.frames),
        "rows_count": sum(frame.rows_count for frame in provenance.frames),
        "events_count": events_count,
        "applied_count": len(provenance.frames) + events_count - refused_count,
        "late_count": len(provenance.late),
        "duplicate_count": sum(count for _, count in provenance.duplicate_count_by_source),
        "quarantined_count": len(provenance.quarantined),
        "refused_count": refused_count,
        "record_bytes": commit.record_bytes,
    }


def _event_subjects(branch: str, commit: Commit) -> list[dict[str, object]]:
    """What the events of the record are about, but for those that were refused."""
    refused = {each.identity for each in commit.outcomes if isinstance(each, Refused)}
    record = commit.moment.record
    return [
        {
            "branch": branch,
            "subject": subject,
            "number": record.number,
            "ordinal": ordinal,
            "tick_ns": record.tick_ns,
            "event_id": str(event.identity),
            "kind": event.kind,
            "label": event.label,
            "effective_ns": event.effective_ns,
        }
        for ordinal, event in enumerate(record.content.events, start=1)
        if event.kind not in UNSPOKEN and event.identity not in refused
        for subject in subjects(fact(event))
    ]


def _dead_letters(branch: str, commit: Commit) -> list[dict[str, object]]:
    tick_ns = commit.moment.twin.tick_ns
    letters: list[dict[str, object]] = [
        {
            "branch": branch,
            "event_id": str(entry.identity),
            "digest": entry.digest.hex(),
            "tick_ns": tick_ns,
            "stage": "conflict" if entry.reason.startswith("conflict") else "quarantined",
            "kind": "",
            "reason": entry.reason,
            "topic": entry.topic,
            "partition": entry.partition,
            "offset": entry.offset,
        }
        for entry in commit.moment.record.provenance.quarantined
    ]
    letters += [
        {
            "branch": branch,
            "event_id": str(outcome.identity),
            "digest": commit.digest,
            "tick_ns": tick_ns,
            "stage": "refused",
            "kind": outcome.kind,
            "reason": outcome.reason,
            "topic": "journal",
            "partition": 0,
            "offset": commit.journal_offset,
        }
        for outcome in commit.outcomes
        if isinstance(outcome, Refused)
    ]
    return letters
