"""``twin dead``: dead letters listed, and sent again as new events of the source ``operator``.

All go to ``operations``, which is kept for ever, as one stream that counts on: however many are
sent, every later record keeps one end more. Each names the letter it repeats, so that sending a
letter twice says it once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from infra.installation import existing_database, existing_log
from infra.world.file import refuse_a_log_without_its_world
from streams.codec import Envelope, decode_headers, observation_of, outgoing
from streams.log.port import Log, Message, Outgoing, Position
from streams.settings import Settings
from streams.store import queries
from streams.store.tables import LIVE
from streams.topics import DEAD_LETTERS, JOURNAL, OBSERVATIONS, OPERATIONS
from twin.errors import NotFound, NotKept, Poison, Superseded
from twin.events import KINDS, Event, Nature
from twin.identity import Identity, digest_of
from twin.observations import Observed, Quarantine, decode_observation
from twin.records import decode_record
from twin.units import instant_text

OPERATOR = "operator"
EPOCH = 1
STREAM = "redrive"
PAGE_COUNT = 512
PAGE_BYTES = 8 * 1024 * 1024
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
    """Send the body of a letter again, once; ``Poison`` when it still cannot be read."""
    letters = [one for one in _letters(settings) if one["event_id"] == event_id]
    if not letters:
        raise NotFound(f"no dead letter {event_id}", remedy="'twin dead list' names them")
    log = existing_log(settings)
    # The oldest: what came later under the same name is a conflict with it.
    envelope, body = _original(log, letters[-1])
    _refuse_what_is_no_event(envelope, event_id)
    refuse_a_log_without_its_world(settings)
    envelope = msgspec.structs.replace(envelope, digest=digest_of(body), causation_id=event_id)
    done = ""
    while not done:
        with suppress(Superseded):  # another was sent meanwhile, and has the name now
            done = _send(log, envelope, body)
    log.close()
    print(f"{event_id} {done}")


def _letters(settings: Settings) -> list[Letter]:
    engine = existing_database(settings)
    if engine is None:
        raise NotFound(
            f"no read model in {settings.directory}",
            remedy="'twin demo' and 'twin worker' make one",
        )
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
    """The message of a letter, or the copy that was made of it when it became one."""
    topic, partition, offset = letter["topic"], letter["partition"], letter["offset"]
    span = log.span(topic, partition)
    if span.start <= offset < span.end:
        with suppress(NotKept):  # retention was faster
            return log.read(topic, partition, offset, limit=1, max_bytes=1)[0]
    for message in _all(log, DEAD_LETTERS):
        if dict(message.headers).get("dl_event") == letter["event_id"].encode():
            return message
    raise NotFound(
        f"the body of {letter['event_id']} is not kept here",
        remedy="retention removed it, or only the journal was imported; nothing was sent",
    )


def _all(log: Log, topic: str) -> Iterator[Message]:
    """Every message of a topic of one partition."""
    span = log.span(topic, 0)
    offset = span.start
    while offset < span.end:
        page = log.read(topic, 0, offset, limit=PAGE_COUNT, max_bytes=PAGE_BYTES)
        yield from page
        offset += len(page)


def _recorded(message: Message, event_id: str) -> Said:
    """A refused event, from the record that holds it."""
    record = decode_record(message.value or b"", number=message.offset + 1).record
    for event in record.content.events:
        if str(event.identity) == event_id:
            return _envelope(event), event.body
    raise NotFound(f"no event {event_id} in record {record.number}", remedy="nothing was sent")


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


def _refuse_what_is_no_event(envelope: Envelope, event_id: str) -> None:
    kind = KINDS.get(envelope.kind)
    if kind is None:
        raise _still_poison(event_id, f"{envelope.kind} is nothing an operator can say")
    if kind.nature == Nature.MEASURED:
        raise Poison(
            f"{event_id} is a frame ({kind.name}), and its tick has closed without it",
            expected="an event",
            remedy="nothing was sent: late telemetry is never applied",
        )


def _send(log: Log, envelope: Envelope, body: bytes) -> str:
    """Append it unless it was before; what became of it. ``Superseded`` if another was faster."""
    end, sequence = log.span(OPERATIONS, 0).end, 1
    for said in _redrives(log):
        if (said.causation_id, said.digest) == (envelope.causation_id, envelope.digest):
            return f"was sent again before, as {said.identity}; nothing was sent now"
        sequence = max(sequence, said.identity.sequence + 1)
    identity = Identity(OPERATOR, EPOCH, STREAM, sequence)
    message = outgoing(
        msgspec.structs.replace(envelope, identity=identity),
        body,
        topic=OPERATIONS,
        partition=0,
        key=STREAM,
        sent_ns=time.time_ns(),
    )
    _refuse_what_is_still_poison(message, envelope.causation_id)
    log.append([message], expected_end=Position(OPERATIONS, 0, end))
    return f"is sent again as {identity}; it joins the next tick to close"


def _redrives(log: Log) -> Iterator[Envelope]:
    for message in _all(log, OPERATIONS):
        with suppress(Poison):
            envelope = decode_headers(message.headers)
            identity = envelope.identity
            if (identity.source, identity.epoch, identity.stream) == (OPERATOR, EPOCH, STREAM):
                yield envelope


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
