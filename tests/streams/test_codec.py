"""Messages in, observations out: what nobody can read is kept aside under its name."""

from __future__ import annotations

import json

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
    observed,
    outgoing,
)
from streams.log.port import Message
from tests.twin import frames, words
from twin.errors import Poison
from twin.events import AlarmChanged, AssumptionSet, SourceLapsed, SourceRegistered
from twin.identity import Identity, digest_of
from twin.observations import Observed, Quarantine, Sealed, decode_observation
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


def registering(source: str, epoch: int, *, starts_at: str = "") -> Message:
    said = SourceRegistered(source, 0, is_paced=True, description="x", starts_at=starts_at)
    body = msgspec.json.encode(said).replace(b'"epoch":0', f'"epoch":{epoch}'.encode())
    return message(body, kind="SourceRegistered", content_type=JSON)


def sealing(**said) -> Message:
    """A seal's message; what is said replaces its fields, integers of any length included."""
    fields = ["sealed", "w", 1, 0, 60_000_000_000, [["s", 1]]]
    for place, name in enumerate(("source", "epoch", "start_ns", "tick_ns", "last"), start=1):
        fields[place] = said.get(name, fields[place])
    return message(json.dumps(fields).encode(), kind=TICK_SEALED, content_type=JSON)


ALARM = msgspec.json.encode(AlarmChanged("a", "warning", "raised", "s", 1.0, 0.5))

POISON = {
    "empty body": message(b""),
    "tombstone": message(None),
    "text for Arrow": message(b"hello"),
    "cut Arrow": message(frames.BODY[:500]),
    "huge": message(bytes(5 * 1024 * 1024)),
    "bad JSON": message(b'{"name": ', kind="AssumptionSet", content_type=JSON),
    "invalid UTF-8": message(b'{"name": "\xff"}', kind="AssumptionSet", content_type=JSON),
    "recursion bomb": message(b"[" * 200_000, kind="AssumptionSet", content_type=JSON),
    "NUL in a text": message(
        ASSUMPTION.replace(b'"name":"', b'"name":"\\u0000'), kind="AssumptionSet", content_type=JSON
    ),
    "wrong schema": message(b'{"nme": 1}', kind="AssumptionSet", content_type=JSON),
    "unknown kind": message(b"{}", kind="WarpDriveInstalled", content_type=JSON),
    "future version": message(ASSUMPTION, kind="AssumptionSet", content_type=JSON, version=9),
    "other content type": message(b"<a/>", content_type="text/xml"),
    "wrong digest": message(frames.BODY, digest=bytes(32)),
    "other tick": message(frames.BODY, effective_ns=frames.TICK_NS + 1),
    "outcome": message(ALARM, kind="AlarmChanged", content_type=JSON),
    "frame as JSON": message(b"{}", content_type=JSON),
    "event as Arrow": message(frames.BODY, kind="AssumptionSet"),
    "frame of another kind": message(frames.BODY, kind="AcceleratorFrameReported"),
    "frame of a future version": message(frames.BODY, version=2),
    "decision of the sequencer": message(
        msgspec.json.encode(SourceLapsed("w", 1, "")), kind="SourceLapsed", content_type=JSON
    ),
    "registration of another": registering("x", 1),
    "registration of another epoch": registering("w", 10**30),
    "registration that starts never": registering("w", 1, starts_at="soon"),
    "integer of 100 bits": message(
        b'{"shard":"s","segment":"x","asset_id_ranges":[[1,1' + b"0" * 30 + b']],"assets_count":1}',
        kind="AssetsAssigned",
        content_type=JSON,
    ),
    "nested integer of 100 bits": message(
        b'{"corrects":"x","fields":{"a":[{"b":1' + b"0" * 30 + b'}]},"reason":"y"}',
        kind="EventCorrected",
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


BAD_SEALS = {
    "of another": sealing(source="x"),
    "of another epoch": sealing(epoch=10**30),
    "sequence of 100 bits": sealing(last=[["s", 10**30]]),
    "negative sequence": sealing(last=[["s", -1]]),
    "stream twice": sealing(last=[["s", 1], ["s", 2]]),
    "stream without a name": sealing(last=[["", 1]]),
    "tick of 100 bits": sealing(tick_ns=10**30),
    "tick without length": sealing(tick_ns=0),
    "tick of a year": sealing(tick_ns=365 * 86_400 * 10**9),
    "start before 1970": sealing(start_ns=-1),
    "recursion bomb": message(b"[" * 200_000, kind=TICK_SEALED, content_type=JSON),
}


@pytest.mark.parametrize("name", BAD_SEALS)
def test_a_bad_seal_is_named_by_where_it_lies_for_no_seal_will_name_it(name: str) -> None:
    observation = observation_of(BAD_SEALS[name])

    assert isinstance(observation, Quarantine)
    assert observation.identity == Identity("w", 0, "satellites/3", 11)
    assert len(observation.reason) > 10


def test_a_registration_of_a_source_by_itself_is_read() -> None:
    registration = registering("w", 1, starts_at="2029-01-01T00:00:00Z")

    assert isinstance(observation_of(registration), Observed)


def test_what_was_observed_can_always_be_sent() -> None:
    every = [*POISON.values(), *BAD_SEALS.values(), sealing(), message(frames.BODY)]

    for one in every:
        observation, stored = observed(one)

        assert decode_observation(stored) == observation


@pytest.mark.parametrize(
    "spoiled",
    [
        {"headers": ()},
        {"headers": (("ce_id", b"\xff"),)},
        {"identity": Identity("w", 0, "s", 1)},
        {"identity": Identity("w", 1, "s", 0)},
        {"identity": Identity("w", 1, "s", 2**63)},
        {"identity": Identity("w", 10**30, "s", 1)},
        {"identity": Identity("", 1, "s", 1)},
        {"identity": Identity("w", 1, "s" * 201, 1)},
        {"version": 0},
        {"version": -3},
        {"correlation_id": "c" * 1000},
    ],
    ids=[
        "no headers",
        "not UTF-8",
        "epoch 0",
        "sequence 0",
        "sequence 2^63",
        "epoch 10^30",
        "no source",
        "long stream",
        "version 0",
        "version -3",
        "long correlation",
    ],
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
