"""Between messages and what the core knows: CloudEvents headers (binary mode) and bodies.

Identity and the digest of the original bytes travel in headers, so that a body nobody can read
still has a name. Attributes beyond the CloudEvents standard: epoch, stream, sequence, digest,
label, nature, schemaversion, correlationid, causationid.

What a stranger may say is bounded here, so that nothing behind need ask again: names are short,
every integer has 64 bits, a kind is one that a source may say, and in the form it is said in.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from streams.log.port import Message, Outgoing
from twin.errors import BadInput, Poison, UnknownKind
from twin.events import KINDS, Body, Event, Kind, Nature, SourceRegistered, fact, known_kind
from twin.frames import Frame, decode_frame, family_of
from twin.identity import Identity, digest_of
from twin.limits import INT64_MAX, NAME_MAX_COUNT, TICK_MAX_NS
from twin.observations import Observation, Observed, Quarantine, Sealed, encode_observation
from twin.observe import observe
from twin.simulate.outbox import ARROW, JSON
from twin.summaries import FrameRef
from twin.units import instant_text, parse_instant

TICK_SEALED = "TickSealed"
UNNAMED = "unnamed"
"""The source of a message without readable headers; its stream and sequence say where it lay."""

REASON_MAX_COUNT = 500
FRAME_KINDS = {"satellite": "SatelliteFrameReported", "accelerator": "AcceleratorFrameReported"}
SAID_BY_SOURCES = frozenset({"SourceRegistered"})
"""Of the journal's own kinds, the one that sources say. The sequencer decides the others
(``SourceLapsed``, ``SourceReturned``, ``StreamAbsent``, ``Quarantined``), and an upgrade excludes
entries (``RecordEntryExcluded``): both write them to records, never to a topic."""

_NUL = rb"\u0000"
"""How JSON says the character with the number 0."""
_WHOLE = re.compile("[0-9]{1,19}")


class Envelope(msgspec.Struct, frozen=True):
    """What the headers of a message say."""

    identity: Identity
    kind: str
    effective_ns: int
    label: str
    digest: bytes
    version: int = 1
    correlation_id: str = ""
    causation_id: str = ""
    content_type: str = JSON


def outgoing(
    envelope: Envelope, body: bytes, *, topic: str, partition: int, key: str, sent_ns: int
) -> Outgoing:
    """A message ready to be appended; only its time of sending is of the wall clock."""
    return Outgoing(
        topic=topic,
        partition=partition,
        key=key.encode(),
        headers=encode_headers(envelope),
        value=body,
        timestamp_ns=sent_ns,
    )


def encode_headers(envelope: Envelope) -> tuple[tuple[str, bytes], ...]:
    """CloudEvents attributes as message headers."""
    identity = envelope.identity
    kind = KINDS.get(envelope.kind)
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(identity),
        "ce_source": identity.source,
        "ce_type": envelope.kind,
        "ce_time": instant_text(envelope.effective_ns),
        "ce_epoch": str(identity.epoch),
        "ce_stream": identity.stream,
        "ce_sequence": str(identity.sequence),
        "ce_digest": envelope.digest.hex(),
        "ce_label": envelope.label,
        "ce_nature": str(kind.nature) if kind else "journal",
        "ce_schemaversion": str(envelope.version),
        "content-type": envelope.content_type,
    }
    if envelope.correlation_id:
        attributes["ce_correlationid"] = envelope.correlation_id
    if envelope.causation_id:
        attributes["ce_causationid"] = envelope.causation_id
    return tuple((name, value.encode()) for name, value in attributes.items())


def decode_headers(headers: tuple[tuple[str, bytes], ...]) -> Envelope:
    """What the headers say; ``Poison`` names the first one missing or malformed."""
    try:
        said = {name: value.decode() for name, value in headers}
    except UnicodeDecodeError:
        raise Poison("headers that are not UTF-8", expected="CloudEvents attributes") from None
    try:
        identity = Identity(
            _name(said, "ce_source"),
            _whole(said, "ce_epoch"),
            _name(said, "ce_stream"),
            _whole(said, "ce_sequence"),
        )
        digest = bytes.fromhex(said["ce_digest"])
        if len(digest) != 32:
            raise ValueError(f"a digest of {len(digest)} bytes")
        return Envelope(
            identity=identity,
            kind=_name(said, "ce_type"),
            effective_ns=parse_instant(said["ce_time"], field="ce_time"),
            label=_name(said, "ce_label"),
            digest=digest,
            version=_whole(said, "ce_schemaversion"),
            correlation_id=_id(said, "ce_correlationid"),
            causation_id=_id(said, "ce_causationid"),
            content_type=said["content-type"],
        )
    except KeyError as error:
        raise Poison(f"no header {error.args[0]}", expected="CloudEvents attributes") from None
    except ValueError as error:
        raise Poison(f"headers: {error}", expected="CloudEvents attributes") from None
    except BadInput as error:
        raise Poison(str(error), expected="CloudEvents attributes") from None


def _name(said: dict[str, str], header: str) -> str:
    name = said[header]
    if not 1 <= len(name) <= NAME_MAX_COUNT:
        raise ValueError(f"{header} of {len(name)} characters, not 1 to {NAME_MAX_COUNT}")
    _refuse_nul(name, header)
    return name


def _refuse_nul(text: str, what: str) -> None:
    """No database keeps the character with the number 0 in a text."""
    if "\0" in text:
        raise ValueError(f"{what} with a NUL in it")


def _id(said: dict[str, str], header: str) -> str:
    """An optional identity: four names and their slashes at most."""
    text = said.get(header, "")
    if len(text) > 4 * NAME_MAX_COUNT:
        raise ValueError(f"{header} of {len(text)} characters, not {4 * NAME_MAX_COUNT} at most")
    _refuse_nul(text, header)
    return text


def _whole(said: dict[str, str], header: str) -> int:
    text = said[header]
    number = int(text) if _WHOLE.fullmatch(text) else 0
    if not 1 <= number <= INT64_MAX:
        raise ValueError(f"{header} {text[:40]!r}, not 1 to 2^63 - 1")
    return number


def observation_of(message: Message) -> Observation:
    """What one input message says; one nobody can read becomes a ``Quarantine``.

    It is named by its headers, if they can be read. A seal, or a message without such headers, is
    named by where it lies: no seal will ever name it, so nothing may wait for one.
    """
    return observed(message)[0]


def observed(message: Message) -> tuple[Observation, bytes]:
    """What one input message says, and the same as it goes to the observations."""
    body = message.value or b""
    place = f"{message.topic}/{message.partition}"
    identity = Identity(UNNAMED, 0, place, message.offset)
    try:
        envelope = decode_headers(message.headers)
        identity = envelope.identity
        if envelope.kind == TICK_SEALED:
            identity = Identity(identity.source, 0, place, message.offset)
        if envelope.digest != digest_of(body):
            raise Poison("a body that does not match its digest header", expected="equal digests")
        observation = _read(envelope, body, message)
        return observation, encode_observation(observation)
    except (Poison, UnknownKind, OverflowError, UnicodeEncodeError) as error:
        quarantine = _quarantine(identity, message, reason=str(error))
        return quarantine, encode_observation(quarantine)


def _quarantine(identity: Identity, message: Message, *, reason: str) -> Quarantine:
    return Quarantine(
        identity=identity,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        digest=digest_of(message.value or b""),
        # What a stranger wrote may be quoted in it, characters that cannot be encoded included.
        reason=reason[:REASON_MAX_COUNT]
        .encode(errors="backslashreplace")
        .decode()
        .replace("\0", "\\0"),
    )


def _read(envelope: Envelope, body: bytes, message: Message) -> Observation:
    if envelope.kind == TICK_SEALED:
        return _seal(envelope, body, sent_ns=message.timestamp_ns)
    kind = known_kind(envelope.kind, envelope.version)
    _refuse_what_no_source_says(kind)
    expected = ARROW if kind.nature == Nature.MEASURED else JSON
    if envelope.content_type != expected:
        raise Poison(f"{kind.name} as {envelope.content_type!r}", expected=expected)
    if expected == ARROW:
        return _summary(envelope, body, message)
    return _event(envelope, body)


def _refuse_what_no_source_says(kind: Kind) -> None:
    if kind.nature == Nature.OUTCOME:
        raise Poison(f"{kind.name}, which the twin concludes", expected="an input")
    if kind.nature == Nature.JOURNAL and kind.name not in SAID_BY_SOURCES:
        raise Poison(f"{kind.name}, which the twin decides", expected="an input")


def _event(envelope: Envelope, body: bytes) -> Observed:
    event = Event(
        identity=envelope.identity,
        kind=envelope.kind,
        effective_ns=envelope.effective_ns,
        label=envelope.label,
        body=body,
        version=envelope.version,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
    )
    said = fact(event)
    if _NUL in body:
        raise Poison("a text with a NUL in it", expected="texts that a database can keep")
    _refuse_long_integers(said)
    if isinstance(said, SourceRegistered):
        _refuse_bad_registration(said, envelope.identity)
    return Observed(event=event, digest=envelope.digest)


def _refuse_long_integers(said: Body) -> None:
    """Decoding takes an integer of any length; neither a record nor an array can hold it."""
    left: list[Any] = [msgspec.structs.astuple(said)]
    while left:
        for value in left.pop():
            if isinstance(value, int) and not -INT64_MAX <= value <= INT64_MAX:
                raise Poison(f"an integer of {value.bit_length()} bits", expected="64 bits")
            if isinstance(value, dict):
                left.append(value.values())
            elif isinstance(value, list | tuple):
                left.append(value)


def _refuse_bad_registration(said: SourceRegistered, identity: Identity) -> None:
    """Ticks wait for a registered source, so it says so itself, and when it begins."""
    if (said.source, said.epoch) != (identity.source, identity.epoch):
        raise Poison(
            f"the registration of {said.source[:NAME_MAX_COUNT]} epoch {said.epoch}",
            expected=f"{identity.source} epoch {identity.epoch}, who sent it",
        )
    if said.starts_at:
        try:
            parse_instant(said.starts_at, field="starts_at")
        except BadInput as error:
            raise Poison(str(error)) from None


def _seal(envelope: Envelope, body: bytes, *, sent_ns: int) -> Sealed:
    try:
        seal: Sealed = msgspec.json.decode(body, type=Sealed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Poison(f"seal: {error}", expected="source, epoch, start, tick, last") from None
    if (seal.source, seal.epoch) != (envelope.identity.source, envelope.identity.epoch):
        raise Poison("a seal of another source", expected=envelope.identity.source)
    if not 0 <= seal.start_ns < seal.tick_ns <= min(seal.start_ns + TICK_MAX_NS, INT64_MAX):
        raise Poison(
            f"a tick from {_brief(seal.start_ns)} to {_brief(seal.tick_ns)} ns",
            expected="from 1970 on, and a day at most",
        )
    if len(dict(seal.last)) < len(seal.last):
        raise Poison("a seal that names a stream twice", expected="each once")
    for name, last in seal.last:
        if not (1 <= len(name) <= NAME_MAX_COUNT and 0 <= last <= INT64_MAX) or "\0" in name:
            raise Poison(
                f"a seal of stream {name[:NAME_MAX_COUNT]!r} up to {_brief(last)}",
                expected=f"a name of at most {NAME_MAX_COUNT} characters and a number of 64 bits",
            )
    return msgspec.structs.replace(seal, sent_ns=sent_ns)


def _brief(number: int) -> str:
    return str(number) if abs(number) <= INT64_MAX else f"a number of {number.bit_length()} bits"


def _summary(envelope: Envelope, body: bytes, message: Message) -> Observation:
    frame = decode_frame(body)
    _refuse_another_kind(envelope, frame)
    if frame.header.tick_ns != envelope.effective_ns or frame.header.label != envelope.label:
        raise Poison("a frame whose tick or label is not its header's", expected="the same")
    ref = FrameRef(
        identity=envelope.identity,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        digest=envelope.digest,
        segment=frame.spec.segment,
        rows_count=frame.rows_count,
    )
    return observe(frame, ref)


def _refuse_another_kind(envelope: Envelope, frame: Frame) -> None:
    expected = FRAME_KINDS[family_of(frame.spec)]
    if envelope.kind != expected:
        raise Poison(f"{envelope.kind} with the columns of another kind", expected=expected)
