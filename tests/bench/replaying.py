"""Replay and as-of: the journal folded again, and any past instant answered."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Engine

from streams import topics
from streams.journal import records
from streams.keeping import Keeper
from streams.log.opening import open_log
from streams.log.port import Log, Outgoing
from streams.replay import as_of, fold
from streams.settings import load_settings
from streams.store.database import open_database
from streams.store.tables import LIVE
from tests.bench.figures import Figure, percentile
from tests.one_process import OneProcess
from twin.baseline import load
from twin.events import KINDS, DemandObserved
from twin.records import GENESIS, Chain, Record, encode_record
from twin.state import Twin
from twin.views import VIEWS

RECORDED_COUNT = 120
REPLAYED_COUNT = 6_000
DAYS_COUNT = 30
PLANT = frozenset(
    kind.name for kind in KINDS.values() if kind.topic in ("satellites", "operations")
) | {"AssumptionSet", "SiteEnergised", "SupplyChanged"}
"""Kinds of event that satellites and sites need."""
ASKED_COUNT = 200


def figures() -> Iterator[Figure]:
    """A journal of the world with ten segments, stretched; replayed, kept and asked.

    Once with satellites and sites alone, and once with the whole group: demand, launches, money,
    promises and owners.
    """
    with tempfile.TemporaryDirectory() as folder:
        group = _recorded(Path(folder) / "recorded")
        plant = [_of_the_plant(record) for record in group]
        for what, recorded, days_count in (("plant", plant, DAYS_COUNT), ("group", group, 1)):
            yield from _replay(Path(folder) / what, recorded, what=what)
            yield from _asked(
                Path(folder) / f"{what}-days", recorded, what=what, days_count=days_count
            )


def _of_the_plant(record: Record) -> Record:
    """The record without what belongs to the group beyond its plant."""
    told = tuple(event for event in record.content.events if event.kind in PLANT)
    return msgspec.structs.replace(
        record, content=msgspec.structs.replace(record.content, events=told)
    )


def _recorded(folder: Path) -> list[Record]:
    twin = OneProcess(folder, baseline=load("2026"))
    twin.run(RECORDED_COUNT)
    return [entry.record for entry in records(twin.log, Chain(), start=0)]


def _replay(folder: Path, recorded: list[Record], *, what: str) -> Iterator[Figure]:
    log = _stretched(folder, recorded, count=REPLAYED_COUNT)
    entries = records(log, Chain(), start=0)
    twin = next(iter(fold(Twin(), itertools.islice(entries, 1)))).twin
    segments_count = sum(len(fleet.keys) for fleet in twin.fleets.values())
    started = time.perf_counter()
    for _ in fold(twin, entries):
        pass
    elapsed_s = time.perf_counter() - started
    yield Figure(
        f"replay, every hash, {what}, {segments_count} segments x "
        f"{len(recorded[1].content.totals.regions)} regions, one core",
        (REPLAYED_COUNT - 1) / elapsed_s,
        "ticks/s",
        wanted="≥ 5,000",
    )
    sizes = log.read(topics.JOURNAL, 0, 1, limit=REPLAYED_COUNT, max_bytes=2**30)
    mean_bytes = sum(len(message.value or b"") for message in sizes) / len(sizes)
    yield Figure(f"journal, {what}, a tick", mean_bytes, "bytes", wanted="about 8,000")


def _asked(folder: Path, recorded: list[Record], *, what: str, days_count: int) -> Iterator[Figure]:
    count = days_count * 1440
    log = _stretched(folder, recorded, count=count)
    engine = open_database(f"sqlite:///{folder}/twin.db")
    keeper = Keeper(log, engine, snapshot_ticks=load_settings({}, directory=folder).snapshot_ticks)
    keeper.resume()
    started = time.perf_counter()
    keeper.take_all()
    kept_s = time.perf_counter() - started
    yield Figure(f"keep: fold, hash and commit, {what}", count / kept_s, "ticks/s")
    luck, start_ns = random.Random(1), recorded[0].start_ns
    instants = [start_ns + luck.randint(60, count * 60) * 10**9 for _ in range(ASKED_COUNT)]
    times_s = [_time_of_asking(log, engine, at_ns) for at_ns in instants]
    yield Figure(
        f"as of any instant of {days_count} days, every view, {what}, p99",
        percentile(times_s, 0.99) * 1e3,
        "ms",
        wanted="≤ 200",
    )


def _time_of_asking(log: Log, engine: Engine, at_ns: int) -> float:
    started = time.perf_counter()
    past = as_of(log, engine, LIVE, at_ns)
    assert past is not None
    for view in VIEWS.values():
        list(view.rows(past.moment))
    return time.perf_counter() - started


def _stretched(folder: Path, recorded: list[Record], *, count: int) -> Log:
    """The recorded ticks over and over under new names, chained as a sequencer would."""
    log = open_log(f"log://{folder}/log.db")
    log.declare(topics.topic_specs(frames_kept_bytes=2**31, frames_kept_s=1e6))
    previous, tick_ns = GENESIS, recorded[0].start_ns
    interval_ns = recorded[0].interval_ns
    usual = [
        record
        for record in recorded[1:]
        if all(event.kind == DemandObserved.__name__ for event in record.content.events)
    ]
    page: list[Outgoing] = []
    for number in range(1, count + 1):
        record = recorded[0] if number == 1 else usual[number % len(usual)]
        stored = encode_record(
            msgspec.structs.replace(
                record,
                number=number,
                start_ns=tick_ns,
                tick_ns=tick_ns + interval_ns,
                previous=previous,
            )
        )
        previous, tick_ns = stored[4:36], tick_ns + interval_ns
        page.append(Outgoing(topics.JOURNAL, 0, None, (), stored, 0))
        if len(page) == 500 or number == count:
            log.append(page)
            page = []
    return log
