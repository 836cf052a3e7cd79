"""Messages in, observations out: what nobody can read is kept aside under its name."""

from __future__ import annotations

import msgspec
import pytest

from streams.codec import (
    ARROW,
    JSON,
    TICK_SEALED,
    Envelope,
    decode_headers,
    encode_headers,
    observation_of,
    outgoing,
)
from streams.log.port import Message
from tests.twin import frames, words
from twin.errors import Poison
from twin.events import AssumptionSet
from twin.identity import Identity, digest_of
from twin.observations import Observed, Quarantine, Sealed
from twin.summaries import Summary

IDENTITY = Identity("w", 1, "sl-53/public/0", 7)


def message(body: bytes | None, *, headers=None, **said) -> Message:
    """A message with true headers for its body, unless told otherwise."""
    envelope = Envelope(
        identity=said.pop("identity", IDENTITY),
        kind=said.pop("kind", "SatelliteFrameReported"),
        effective_ns=said.pop("effective_ns", frames.TICK_NS),
        label="public",
        digest=said.pop("digest", digest_of(body or b"")),
        content_type=said.pop("content_type", ARROW),
        **said,
    )
    sent = outgoing(envelope, body or b"", topic="satellites", partition=3, key="k", sent_ns=5)
    return Message(
        topic="satellites",
        partition=3,
        offset=11,
        timestamp_ns=5,
        key=sent.key,
        headers=sent.headers if headers is None else headers,
        value=body,
    )


ASSUMPTION = msgspec.json.encode(
    AssumptionSet("x_count", 1.0, "count", "2026-08-22", "t", "assumed")
)


def test_headers_read_back_as_they_were_written() -> None:
    envelope = Envelope(
        identity=IDENTITY,
        kind="AssumptionSet",
        effective_ns=frames.TICK_NS + 1,
        label="public",
        digest=digest_of(b""),
        correlation_id="a",
        causation_id="b",
    )

    assert decode_headers(encode_headers(envelope)) == envelope


def test_a_frame_becomes_a_summary_that_names_it() -> None:
    observation = observation_of(message(frames.BODY))

    assert isinstance(observation, Summary)
    assert observation.frame.identity == IDENTITY
    assert (observation.frame.partition, observation.frame.offset) == (3, 11)
    assert observation.frame.digest == digest_of(frames.BODY)


def test_a_rare_event_keeps_its_original_bytes() -> None:
    observation = observation_of(message(ASSUMPTION, kind="AssumptionSet", content_type=JSON))

    assert isinstance(observation, Observed)
    assert observation.event.body == ASSUMPTION


def test_a_seal_brings_the_time_it_was_sent() -> None:
    body = msgspec.json.encode(words.seal({"s": 3}, tick=1))

    observation = observation_of(message(body, kind=TICK_SEALED, content_type=JSON))

    assert isinstance(observation, Sealed)
    assert observation.sent_ns == 5
    assert observation.last == (("s", 3),)


POISON = {
    "empty body": message(b""),
    "tombstone": message(None),
    "text for Arrow": message(b"hello"),
    "cut Arrow": message(frames.BODY[:500]),
    "huge": message(bytes(5 * 1024 * 1024)),
    "bad JSON": message(b'{"name": ', kind="AssumptionSet", content_type=JSON),
    "invalid UTF-8": message(b'{"name": "\xff"}', kind="AssumptionSet", content_type=JSON),
    "recursion bomb": message(b"[" * 200_000, kind="AssumptionSet", content_type=JSON),
    "wrong schema": message(b'{"nme": 1}', kind="AssumptionSet", content_type=JSON),
    "unknown kind": message(b"{}", kind="WarpDriveInstalled", content_type=JSON),
    "future version": message(ASSUMPTION, kind="AssumptionSet", content_type=JSON, version=9),
    "other content type": message(b"<a/>", content_type="text/xml"),
    "wrong digest": message(frames.BODY, digest=bytes(32)),
    "other tick": message(frames.BODY, effective_ns=frames.TICK_NS + 1),
    "seal of another": message(
        msgspec.json.encode(words.seal({}, tick=1, source="x")),
        kind=TICK_SEALED,
        content_type=JSON,
    ),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_is_quarantined_under_its_own_name_with_a_reason(name: str) -> None:
    observation = observation_of(POISON[name])

    assert isinstance(observation, Quarantine)
    assert observation.identity == IDENTITY
    assert observation.digest == digest_of(POISON[name].value or b"")
    assert len(observation.reason) > 10


@pytest.mark.parametrize(
    "spoiled",
    [
        {"headers": ()},
        {"headers": (("ce_id", b"\xff"),)},
        {"identity": Identity("w", 0, "s", 1)},
        {"identity": Identity("w", 1, "s", 0)},
        {"identity": Identity("w", 1, "s", 2**63)},
    ],
    ids=["no headers", "not UTF-8", "epoch 0", "sequence 0", "sequence 2^63"],
)
def test_without_readable_headers_a_message_is_named_by_where_it_lies(spoiled) -> None:
    observation = observation_of(message(frames.BODY, **spoiled))

    assert isinstance(observation, Quarantine)
    assert observation.identity == Identity("unnamed", 0, "satellites/3", 11)


def test_a_clock_of_1969_is_poison_for_headers() -> None:
    with pytest.raises(Poison, match="ce_time"):
        decode_headers(
            tuple(
                (n, b"1969-01-01T00:00:00Z" if n == "ce_time" else v)
                for n, v in message(frames.BODY).headers
            )
        )
