"""A twin of single processes on a real broker and database, each of which may be killed.

A plant says how long it took from a fault until ticks were committed again, and in the end proves
that nothing was lost: every word that was published is in the journal once, and a clean replay
comes to every hash that was committed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from streams.codec import decode_headers
from streams.journal import records
from streams.log.opening import open_log
from streams.log.port import Log
from streams.replay import fold
from streams.topics import INPUTS, JOURNAL, OBSERVATIONS, SEALS
from twin.identity import Identity
from twin.records import Chain
from twin.state import Twin

ROOT = Path(__file__).resolve().parents[2]
WORLD = ("simulate", "--satellites", "20000", "--speed", "180", "--faults")
"""Three ticks of a minute each second."""
ROLES = ("observe", "sequence", "keep")
PATIENCE_S = 300.0
TAKEN_OVER_COUNT = 12
"""Ticks that nobody can have had in hand when another was frozen."""
FAILING = ("-m", "tests.faults.failing_worker")
COMMAND = ("-m", "infra.command")


class Proof(NamedTuple):
    """What became of every message: produced = applied + late + quarantined + duplicate."""

    ticks: int
    produced: int
    applied: int
    late: int
    quarantined: int
    duplicate: int


class Plant:
    """A world and one process of each role, or more that observe; ends what it started.

    ``gave_up`` names those that ended by themselves, though each was started again.
    """

    def __init__(
        self,
        folder: Path,
        broker_url: str,
        database_url: str,
        *,
        observers: int,
        world: tuple[str, ...] = WORLD,
    ) -> None:
        self.folder, self.broker_url, self.database_url = folder, broker_url, database_url
        self.gave_up: list[str] = []
        self._world = world
        self._observers = [f"observe-{number}" for number in range(1, observers + 1)]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._engine = create_engine(database_url, pool_pre_ping=True)
        self._log = open_log(broker_url)

    def __enter__(self) -> Plant:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            for name in (*self._observers, "sequence", "keep"):
                self.start(name)
            self._run("world", (*COMMAND, *self._world))
            self.wait_for_more(5)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._engine.dispose()
        self._log.close()

    def start(self, name: str, program: tuple[str, ...] = COMMAND, *more: str) -> None:
        """Start a worker of a role, by the role's name and perhaps a number."""
        role = name.partition("-")[0]
        self._run(name, (*program, "worker", "--role", role, *more), TWIN_MEMBER=name)

    def kill(self, name: str) -> float:
        """kill -9, started again at once; seconds until a tick is committed again."""
        self._processes[name].kill()
        self._processes[name].wait()
        return self._back_at_work(name)

    def drop(self, name: str) -> None:
        """kill -9, and nobody starts it again."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def fail(self, name: str, point: str) -> float:
        """Replace a process by one that kills itself at a point, then start it again."""
        self._processes[name].kill()
        self._processes[name].wait()
        self.start(name, FAILING, "--at", point)
        status = self._processes[name].wait(PATIENCE_S)
        assert status == -signal.SIGKILL, f"it should have died at {point}: {self.said(name)}"
        return self._back_at_work(name)

    def freeze(self, name: str, least_s: float) -> float:
        """SIGSTOP until another has done its work for a while; seconds until it did.

        What the frozen one says after SIGCONT is a zombie's.
        """
        began_s = time.monotonic()
        self._processes[name].send_signal(signal.SIGSTOP)
        self.wait_for_more(TAKEN_OVER_COUNT)
        took_s = time.monotonic() - began_s
        time.sleep(max(0.0, least_s - took_s))
        self._processes[name].send_signal(signal.SIGCONT)
        self.wait_for_more(TAKEN_OVER_COUNT)
        return took_s

    def _back_at_work(self, name: str) -> float:
        """Start a process that ended; seconds until it has done something of its own."""
        began_s, before = time.monotonic(), self._done(name)
        self.start(name)
        self._until(lambda: self._done(name) > before, f"{name} to work")
        return time.monotonic() - began_s

    def _done(self, name: str) -> int:
        """What a role has come to: observations, records, or committed ticks."""
        if name == "keep":
            return self.committed_count()
        return self._log.span(JOURNAL if name == "sequence" else OBSERVATIONS, 0).end

    def back_after(self, mend: Callable[[], None]) -> float:
        """Seconds until two more ticks are committed than before something was mended."""
        began_s, before = time.monotonic(), self.committed_count()
        mend()
        self._until(lambda: self.committed_count() >= before + 2, "ticks to be committed again")
        return time.monotonic() - began_s

    def _tend(self) -> None:
        """Start again what ended by itself, as a supervisor would."""
        ended = [
            name
            for name, process in self._processes.items()
            if name != "world" and process.poll() is not None
        ]
        for name in ended:
            self.start(name)
        self.gave_up += ended

    def wait_for_more(self, count: int) -> None:
        """Until so many more ticks are committed."""
        before = self.committed_count()
        self._until(lambda: self.committed_count() >= before + count, f"{count} more ticks")

    def committed_count(self) -> int:
        """Ticks that are committed; as many as were known while the database is away."""
        try:
            with self._engine.connect() as db:
                self._known = int(db.execute(text("SELECT COUNT(*) FROM tick")).scalar_one())
        except DBAPIError:
            self._known = getattr(self, "_known", 0)
        return self._known

    def said(self, name: str) -> str:
        """What a process wrote, to the end."""
        return (self.folder / f"{name}.log").read_text()[-2000:]

    def finish(self) -> None:
        """Wait until the world has come to its end."""
        assert self._processes["world"].wait(PATIENCE_S) == 0, self.said("world")

    def prove(self) -> Proof:
        """Stop the world, let the rest finish, and compare."""
        self._processes["world"].send_signal(signal.SIGTERM)
        self.finish()
        sealed_count = len(set(_identities(self._log, SEALS, 0)))
        self._until(lambda: self.committed_count() >= sealed_count, "the rest")
        return _proof(self._log, self.hashes())

    def hashes(self) -> list[str]:
        """The hash of every committed tick."""
        with self._engine.connect() as db:
            return list(db.execute(text("SELECT hash FROM tick ORDER BY number")).scalars())

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not is_so():
            self._tend()
            said = {name: self.said(name) for name in self._processes}
            assert time.monotonic() < deadline_s, f"waited for {what}: {said}"
            time.sleep(0.05)

    def _run(self, name: str, words: tuple[str, ...], **more: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name[:5] != "TWIN_"}
        environment |= {
            "TWIN_DIR": str(self.folder),
            "TWIN_BROKER_URL": self.broker_url,
            "TWIN_DATABASE_URL": self.database_url,
            "PYTHONPATH": str(ROOT),
        }
        with (self.folder / f"{name}.log").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *words],
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=environment | more,
            )


def _identities(log: Log, topic: str, partition: int) -> list[Identity]:
    span, found = log.span(topic, partition), []
    offset = span.start
    while offset < span.end:
        page = log.read(topic, partition, offset, limit=500, max_bytes=1 << 25)
        found += [decode_headers(message.headers).identity for message in page]
        offset += len(page)
    return found


def _proof(log: Log, committed: list[str]) -> Proof:
    """Every published word is in the journal once; a clean replay has every committed hash."""
    produced = Counter(
        identity
        for topic in INPUTS
        if topic != SEALS
        for partition in range(log.topics()[topic].partitions)
        for identity in _identities(log, topic, partition)
    )
    applied: Counter[Identity] = Counter()
    late: Counter[Identity] = Counter()
    quarantined: Counter[Identity] = Counter()
    replayed: list[str] = []
    for folded in fold(Twin(), records(log, Chain(), start=0)):
        record = folded.entry.record
        applied.update(frame.identity for frame in record.provenance.frames)
        events = record.content.events
        # What nobody could read is told of under its own name.
        applied.update(event.identity for event in events if event.kind != "Quarantined")
        late.update(frame.identity for frame in record.provenance.late)
        quarantined.update(each.identity for each in record.provenance.quarantined)
        replayed.append(folded.hash)
    journaled = applied + late + quarantined

    assert replayed == committed
    assert set(produced) - set(journaled) == set(), "lost"
    assert [identity for identity, count in journaled.items() if count > 1] == [], "applied twice"
    said_by_sources = set(produced)
    return Proof(
        ticks=len(committed),
        produced=produced.total(),
        applied=len(said_by_sources & set(applied)),
        late=len(said_by_sources & set(late)),
        quarantined=len(said_by_sources & set(quarantined)),
        duplicate=produced.total() - len(said_by_sources),
    )
