"""A made-up source's words, for tests of the sequencer and the fold: seeds in, observations out."""

from __future__ import annotations

import random

import msgspec
import numpy as np

from twin.events import AssumptionSet, Body, Event, SourceRegistered
from twin.identity import Identity, digest_of
from twin.observations import Observation, Observed, Quarantine, Sealed
from twin.quantities import QUANTITIES_COUNT, Q
from twin.summaries import FrameRef, Summary
from twin.units import instant_text

TICK_NS = 60_000_000_000
START_NS = 1_861_920_000_000_000_000
REGIONS = ("orbit", "europe")


def event(body: Body, *, stream: str = "ledger", sequence: int, source: str = "w", **more) -> Event:
    """An event of a source called ``w``, effective at the start unless said otherwise."""
    return Event(
        identity=Identity(source, 1, stream, sequence),
        kind=type(body).__name__,
        effective_ns=more.pop("effective_ns", START_NS),
        label=more.pop("label", "public"),
        body=msgspec.json.encode(body),
        **more,
    )


def observed(event_: Event) -> Observed:
    return Observed(event_, digest_of(event_.body))


def registration(
    source: str = "w",
    *,
    is_paced: bool = True,
    epoch: int = 1,
    starts: int = 0,
    starts_at: str | None = None,
) -> Observed:
    """A source that begins at the end of the tick ``starts``."""
    if starts_at is None:
        starts_at = instant_text(START_NS + starts * TICK_NS)
    body = SourceRegistered(
        source=source,
        epoch=epoch,
        is_paced=is_paced,
        description="made up",
        starts_at=starts_at,
    )
    said = event(body, stream="operations", sequence=1, source=source)
    identity = msgspec.structs.replace(said.identity, epoch=epoch)
    return observed(msgspec.structs.replace(said, identity=identity))


def assumption(
    name: str, *, sequence: int, source: str = "w", value: float = 1.0, stream: str = "ledger"
) -> Observed:
    body = AssumptionSet(
        name=name, value=value, unit="count", as_of="2026-08-22", source="t", confidence="assumed"
    )
    return observed(event(body, stream=stream, sequence=sequence, source=source))


def summary(
    shard: str,
    *,
    sequence: int,
    tick: int,
    segment: str = "sl-53",
    count: int = 1,
    source: str = "w",
) -> Summary:
    """One frame's summary with ``count`` rows in Europe."""
    matrix = np.zeros((len(REGIONS), QUANTITIES_COUNT), dtype="<i8")
    matrix[1, Q.REPORTED_COUNT] = count
    matrix[0, Q.SHARDS_COUNT] = 1
    identity = Identity(source, 1, shard, sequence)
    return Summary(
        frame=FrameRef(
            identity=identity,
            topic="satellites",
            partition=0,
            offset=sequence,
            digest=digest_of(f"{identity}{count}".encode()),
            segment=segment,
            rows_count=count,
        ),
        label="public",
        tick_ns=START_NS + tick * TICK_NS,
        interval_ns=TICK_NS,
        regions=REGIONS,
        matrix=matrix.tobytes(),
    )


def seal(last: dict[str, int], *, tick: int, source: str = "w", epoch: int = 1) -> Sealed:
    return Sealed(
        source=source,
        epoch=epoch,
        start_ns=START_NS + (tick - 1) * TICK_NS,
        tick_ns=START_NS + tick * TICK_NS,
        last=tuple(sorted(last.items())),
    )


def quarantine(shard: str, *, sequence: int, source: str = "w") -> Quarantine:
    return Quarantine(
        identity=Identity(source, 1, shard, sequence),
        topic="satellites",
        partition=0,
        offset=sequence,
        digest=digest_of(b"noise"),
        reason="unreadable",
    )


def story(luck: random.Random, *, ticks_count: int, source: str = "w") -> list[Observation]:
    """Every word of a source over some ticks: shards open and retire, rare events, poison."""
    words: list[Observation] = [registration(source)]
    last = {"operations": 1}
    opened = [f"sl-53/{place}" for place in range(luck.randint(1, 3))]
    for tick in range(1, ticks_count + 1):
        if luck.random() < 0.3:
            opened.append(f"sl-53/new{tick}")
        if len(opened) > 1 and luck.random() < 0.2:
            opened.remove(luck.choice(opened))
        for shard in opened:
            last[shard] = last.get(shard, 0) + 1
            is_poison = luck.random() < 0.05
            make = quarantine if is_poison else summary
            more = {} if is_poison else {"tick": tick, "count": luck.randint(1, 9)}
            words.append(make(shard, sequence=last[shard], source=source, **more))
        for _ in range(luck.choice((0, 0, 1, 3))):
            last["ledger"] = last.get("ledger", 0) + 1
            words.append(assumption(f"a{tick}", sequence=last["ledger"], source=source))
        words.append(seal(last, tick=tick, source=source))
    return words
