"""``twin dead``: dead letters listed, and sent again as new events of the source ``operator``.

The new name is derived from the old one, so that sending a letter twice says it once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from infra.installation import existing_database, existing_log
from streams.codec import TICK_SEALED, Envelope, decode_headers, observation_of, outgoing
from streams.log.placing import partition_for
from streams.log.port import Log, Message, Outgoing
from streams.settings import Settings
from streams.store import queries
from streams.store.tables import LIVE
from streams.topics import DEAD_LETTERS, JOURNAL, OBSERVATIONS
from twin.errors import NotFound, NotKept, Poison
from twin.events import KINDS, Event
from twin.identity import Identity, digest_of
from twin.observations import Observed, Quarantine, decode_observation
from twin.records import decode_record
from twin.units import instant_text

OPERATOR = "operator"
EPOCH = 1
LETTERS_MAX_COUNT = 10_000

Letter = dict[str, Any]
Said = tuple[Envelope, bytes]


def show(settings: Settings, *, as_json: bool) -> None:
    """Print every dead letter, newest first."""
    letters = _letters(settings)
    if as_json:
        print(
            json.dumps([{**letter, "tick": instant_text(letter["tick_ns"])} for letter in letters])
        )
        return
    for letter in letters:
        place = f"{letter['topic']}/{letter['partition']}/{letter['offset']}"
        tick = instant_text(letter["tick_ns"])
        print(f"{letter['event_id']}  {letter['stage']}  {tick}  {place}  {letter['reason']}")
    if not letters:
        print("no dead letters")


def redrive(settings: Settings, event_id: str) -> None:
    """Send the body of a letter again; ``Poison`` when it still cannot be read."""
    letter = next((one for one in _letters(settings) if one["event_id"] == event_id), None)
    if letter is None:
        raise NotFound(f"no dead letter {event_id}", remedy="'twin dead list' names them")
    log = existing_log(settings)
    message, identity = _said_anew(log, _original(log, letter), because=event_id)
    _refuse_what_is_still_poison(message, event_id)
    log.append([message])
    log.close()
    print(f"sent again as {identity}; it joins the next tick to close")


def _letters(settings: Settings) -> list[Letter]:
    engine = existing_database(settings)
    if engine is None:
        raise NotFound(f"no read model in {settings.directory}", remedy="'twin demo' makes one")
    with engine.begin() as db:
        letters = queries.dead_letters(db, LIVE, limit=LETTERS_MAX_COUNT)
    engine.dispose()
    return letters


def _original(log: Log, letter: Letter) -> Said:
    """What was said, from where it lies."""
    message = _message(log, letter)
    if message.topic == JOURNAL:
        return _recorded(message, letter["event_id"])
    if message.topic == OBSERVATIONS:
        observed = decode_observation(message.value or b"")
        if isinstance(observed, Observed):
            return _envelope(observed.event), observed.event.body
    try:
        return decode_headers(message.headers), message.value or b""
    except Poison as error:
        raise _still_poison(letter["event_id"], str(error)) from None


def _message(log: Log, letter: Letter) -> Message:
    try:
        page = log.read(
            letter["topic"], letter["partition"], letter["offset"], limit=1, max_bytes=1
        )
    except NotKept:
        page = [one for one in _dead(log) if _names(one, letter["event_id"])][:1]
    if not page:
        raise NotFound(f"the body of {letter['event_id']}", remedy="it is no longer kept")
    return page[0]


def _dead(log: Log) -> Iterator[Message]:
    span = log.span(DEAD_LETTERS, 0)
    for offset in range(span.start, span.end):
        yield from log.read(DEAD_LETTERS, 0, offset, limit=1, max_bytes=1)


def _names(message: Message, event_id: str) -> bool:
    return dict(message.headers).get("dl_event") == event_id.encode()


def _recorded(message: Message, event_id: str) -> Said:
    """A refused event, from the record that holds it."""
    record = decode_record(message.value or b"", number=message.offset + 1).record
    for event in record.content.events:
        if str(event.identity) == event_id:
            return _envelope(event), event.body
    raise NotFound(f"{event_id} was no event but telemetry", remedy="its frame is still listed")


def _envelope(event: Event) -> Envelope:
    return Envelope(
        identity=event.identity,
        kind=event.kind,
        effective_ns=event.effective_ns,
        label=event.label,
        digest=digest_of(event.body),
        version=event.version,
        correlation_id=event.correlation_id,
    )


def _said_anew(log: Log, said: Said, *, because: str) -> tuple[Outgoing, Identity]:
    """The same words under a new name, to the topic of their kind."""
    envelope, body = said
    if envelope.kind == TICK_SEALED or envelope.kind not in KINDS:
        raise _still_poison(because, f"{envelope.kind} is nothing an operator can say")
    stream = f"redrive-{hashlib.sha256(because.encode()).hexdigest()[:16]}"
    identity = Identity(OPERATOR, EPOCH, stream, 1)
    renamed = msgspec.structs.replace(
        envelope, identity=identity, digest=digest_of(body), causation_id=because
    )
    topic = KINDS[envelope.kind].topic
    partition = partition_for(stream.encode(), log.topics()[topic].partitions)
    message = outgoing(
        renamed, body, topic=topic, partition=partition, key=stream, sent_ns=time.time_ns()
    )
    return message, identity


def _refuse_what_is_still_poison(message: Outgoing, event_id: str) -> None:
    observation = observation_of(
        Message(
            topic=message.topic,
            partition=message.partition,
            offset=0,
            timestamp_ns=message.timestamp_ns,
            key=message.key,
            headers=message.headers,
            value=message.value,
        )
    )
    if isinstance(observation, Quarantine):
        raise _still_poison(event_id, observation.reason)


def _still_poison(event_id: str, reason: str) -> Poison:
    return Poison(f"{event_id} still cannot be read: {reason}", remedy="nothing was sent")
