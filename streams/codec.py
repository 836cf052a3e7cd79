"""Between messages and what the core knows: CloudEvents headers (binary mode) and bodies.

Identity and the digest of the original bytes travel in headers, so that a body nobody can read
still has a name. Attributes beyond the CloudEvents standard: epoch, stream, sequence, digest,
label, nature, schemaversion, correlationid, causationid.
"""

from __future__ import annotations

import msgspec

from streams.log.port import Message, Outgoing
from twin.errors import BadInput, Poison, UnknownKind
from twin.events import KINDS, Event, fact
from twin.frames import decode_frame
from twin.identity import Identity, digest_of
from twin.observations import Observation, Observed, Quarantine, Sealed
from twin.observe import observe
from twin.summaries import FrameRef
from twin.units import instant_text, parse_instant

ARROW = "application/vnd.apache.arrow.stream"
JSON = "application/json"
TICK_SEALED = "TickSealed"
UNNAMED = "unnamed"
"""The source of a message without readable headers; its stream and sequence say where it lay."""


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
            said["ce_source"], int(said["ce_epoch"]), said["ce_stream"], int(said["ce_sequence"])
        )
        digest = bytes.fromhex(said["ce_digest"])
        if identity.epoch < 1 or not 1 <= identity.sequence < 2**63 or len(digest) != 32:
            raise ValueError("epoch, sequence or digest out of range")
        return Envelope(
            identity=identity,
            kind=said["ce_type"],
            effective_ns=parse_instant(said["ce_time"], field="ce_time"),
            label=said["ce_label"],
            digest=digest,
            version=int(said["ce_schemaversion"]),
            correlation_id=said.get("ce_correlationid", ""),
            causation_id=said.get("ce_causationid", ""),
            content_type=said["content-type"],
        )
    except KeyError as error:
        raise Poison(f"no header {error.args[0]}", expected="CloudEvents attributes") from None
    except ValueError as error:
        raise Poison(f"headers: {error}", expected="CloudEvents attributes") from None
    except BadInput as error:
        raise Poison(str(error), expected="CloudEvents attributes") from None


def observation_of(message: Message) -> Observation:
    """What one input message says; one nobody can read becomes a ``Quarantine``."""
    body = message.value or b""
    digest = digest_of(body)
    identity = Identity(UNNAMED, 0, f"{message.topic}/{message.partition}", message.offset)
    try:
        envelope = decode_headers(message.headers)
        identity = envelope.identity
        if envelope.digest != digest:
            raise Poison("a body that does not match its digest header", expected="equal digests")
        return _read(envelope, body, message)
    except (Poison, UnknownKind) as error:
        return Quarantine(
            identity=identity,
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            digest=digest,
            reason=str(error)[:500],
        )


def _read(envelope: Envelope, body: bytes, message: Message) -> Observation:
    if envelope.kind == TICK_SEALED:
        return _seal(envelope, body, sent_ns=message.timestamp_ns)
    if envelope.content_type == ARROW:
        return _summary(envelope, body, message)
    if envelope.content_type != JSON:
        raise Poison(f"content-type {envelope.content_type!r}", expected=f"{JSON} or {ARROW}")
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
    fact(event)
    return Observed(event=event, digest=envelope.digest)


def _seal(envelope: Envelope, body: bytes, *, sent_ns: int) -> Sealed:
    try:
        seal: Sealed = msgspec.json.decode(body, type=Sealed)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Poison(f"seal: {error}", expected="source, epoch, start, tick, last") from None
    if (seal.source, seal.epoch) != (envelope.identity.source, envelope.identity.epoch):
        raise Poison("a seal of another source", expected=envelope.identity.source)
    return msgspec.structs.replace(seal, sent_ns=sent_ns)


def _summary(envelope: Envelope, body: bytes, message: Message) -> Observation:
    frame = decode_frame(body)
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
