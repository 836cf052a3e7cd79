"""One frame, byte for byte; and what is said where a log does not hold it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from api.app import create_app
from api.media import Media
from api.routes.frames import ATTRIBUTES
from api.schemas.answers import FrameDescription
from streams.codec import decode_headers
from streams.log.opening import open_log
from streams.log.port import Header, Log, Outgoing
from streams.settings import load_settings
from streams.topics import INPUTS, JOURNAL, SATELLITES, WORKLOADS, topic_specs
from tests.api.conftest import PATIENCE_S, served
from tests.one_process import OneProcess
from twin.frames import decode_frame
from twin.limits import NAME_MAX_COUNT

FIRST = "/v1/frames/satellites/0/0"

HEADERS_MAX_BYTES = 64 * 1024
"""Clients in use take as much: Python's 64 KiB a line, h11's callers 100 KiB in all."""


def test_a_frame_is_answered_byte_for_byte(client: httpx.Client, town: OneProcess) -> None:
    (message,) = town.log.read(SATELLITES, 0, 0, limit=1, max_bytes=1)

    answer = client.get(FIRST)

    sha256 = hashlib.sha256(answer.content)
    assert answer.content == message.value
    assert answer.headers["content-type"] == Media.ARROW
    assert answer.headers["ce-id"] == dict(message.headers)["ce_id"].decode()
    assert answer.headers["ce-digest"] == sha256.hexdigest()
    assert answer.headers["content-digest"] == (
        f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"
    )


def test_a_frame_is_described_as_json(client: httpx.Client) -> None:
    frame = decode_frame(client.get(FIRST).content)

    body = client.get(FIRST, headers={"Accept": "application/json"}).json()

    FrameDescription.model_validate(body)
    assert list(body["columns"]) == list(frame.columns)
    assert body["columns"]["array_w"] == "watt"
    assert body["rows_count"] == frame.rows_count
    assert body["attributes"]["type"] == "SatelliteFrameReported"
    assert body["unreadable"] == ""


def test_a_frame_nobody_can_read_can_be_looked_into(client: httpx.Client) -> None:
    (letter,) = client.get("/v1/dead-letters").json()["rows"]
    place = f"/v1/frames/{letter['topic']}/{letter['partition']}/{letter['offset']}"

    body = client.get(place, headers={"Accept": "application/json"}).json()

    assert body["digest"] == letter["digest"]
    assert body["rows_count"] is None
    assert "unreadable Arrow" in body["unreadable"]
    assert len(client.get(place).content) == body["size_bytes"]


def test_headers_of_a_stranger_are_safe_to_answer(own: OneProcess, serve_own: httpx.Client) -> None:
    headers: tuple[Header, ...] = (
        ("ce_id", b"a b\r\nSet-Cookie: x\xff%"),
        ("content-type", Media.ARROW.encode()),
    )
    said = Outgoing(SATELLITES, 0, key=None, headers=headers, value=b"noise", timestamp_ns=0)
    (position,) = own.log.append([said])

    answer = serve_own.get(f"/v1/frames/satellites/0/{position.offset}")

    assert answer.content == b"noise"
    assert answer.headers["ce-id"] == "a%20b%0D%0ASet-Cookie:%20x%EF%BF%BD%25"
    assert "set-cookie" not in answer.headers


def test_headers_of_any_length_are_answered_short_enough_for_clients(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    endless = "\N{GRINNING FACE}".encode() * 15_000
    headers = tuple((f"ce_{name}", endless) for name in ATTRIBUTES)
    (position,) = own.log.append([_again(b"noise", SATELLITES, headers)])

    answer = serve_own.get(f"/v1/frames/satellites/0/{position.offset}")

    said = {name: value for name, value in answer.headers.items() if name.startswith("ce-")}
    assert len(said) == len(ATTRIBUTES)
    assert sum(len(name) + len(value) for name, value in said.items()) < HEADERS_MAX_BYTES


def test_no_attribute_of_a_message_that_is_taken_is_cut(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    (stored,) = own.log.read(SATELLITES, 0, 0, limit=1, max_bytes=1)
    longest = {
        "ce_source": b"s" * NAME_MAX_COUNT,
        "ce_stream": b"t" * NAME_MAX_COUNT,
        "ce_label": b"l" * NAME_MAX_COUNT,
        "ce_correlationid": b"c" * 4 * NAME_MAX_COUNT,
    }
    headers = tuple((dict(stored.headers) | longest).items())
    (position,) = own.log.append([_again(stored.value, SATELLITES, headers)])
    decode_headers(headers)

    answer = serve_own.get(f"/v1/frames/satellites/0/{position.offset}")

    for name, value in longest.items():
        assert answer.headers[name.replace("_", "-")] == value.decode()


@pytest.mark.parametrize(
    ("place", "field", "expected"),
    [
        ("satelites/0/0", "topic", "'satellites'"),
        ("journal/0/0", "topic", "satellites"),
        ("satellites/99/0", "partition", "0 to 7"),
        ("satellites/0/99999", "offset", "0 to "),
        ("satellites/0/99999", "offset", "; if the journal was imported: "),
    ],
)
def test_a_place_that_is_none_is_404_and_says_which_part(
    client: httpx.Client, place: str, field: str, expected: str
) -> None:
    answer = client.get(f"/v1/frames/{place}")

    assert answer.status_code == 404
    assert answer.json()["field"] == field
    assert expected in answer.json()["detail"]


def test_an_event_is_no_frame(own: OneProcess, serve_own: httpx.Client) -> None:
    own.append("SegmentRegistered", b"{}", topic=SATELLITES, source="operator")
    offset = own.log.span(SATELLITES, 0).end - 1

    answer = serve_own.get(f"/v1/frames/satellites/0/{offset}")

    assert answer.status_code == 404
    assert "/v1/events" in answer.json()["remedy"]


@pytest.mark.parametrize(
    "changed",
    [
        None,
        {"content-type": b"application/json"},
        {"ce_epoch": b"none"},
        {"ce_type": b"SatelliteFrameImagined"},
    ],
)
def test_whatever_does_not_say_it_is_an_event_can_be_looked_into(
    own: OneProcess, serve_own: httpx.Client, changed: dict[str, bytes] | None
) -> None:
    (stored,) = own.log.read(SATELLITES, 0, 0, limit=1, max_bytes=1)
    headers = () if changed is None else tuple((dict(stored.headers) | changed).items())
    (position,) = own.log.append([_again(stored.value, SATELLITES, headers)])

    answer = serve_own.get(f"/v1/frames/satellites/0/{position.offset}")

    assert (answer.status_code, answer.content) == (200, stored.value)


def test_a_frame_that_retention_removed_is_410(own: OneProcess, serve_own: httpx.Client) -> None:
    own.run(2)
    own.log.trim(SATELLITES, 0, 2)

    answer = serve_own.get(FIRST)

    assert answer.status_code == 410
    assert answer.json()["expected"] == "offset 2 or later"


@pytest.fixture
def imported(own: OneProcess, tmp_path: Path) -> Iterator[tuple[Log, httpx.Client]]:
    """The journal of a twin in a log of its own, as an import leaves it: without a frame."""
    settings = load_settings({}, directory=tmp_path / "imported")
    log = open_log(settings.broker_url)
    log.declare(topic_specs(frames_kept_bytes=1 << 31, frames_kept_s=1e6))
    for message in own.log.read(JOURNAL, 0, 0, limit=1000, max_bytes=1 << 30):
        log.append([_again(message.value, JOURNAL)])
    app = create_app(msgspec.structs.replace(own.settings, broker_url=settings.broker_url))
    with served(app) as url, httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        yield log, client
    log.close()


def _again(value: bytes | None, topic: str, headers: tuple[Header, ...] = ()) -> Outgoing:
    return Outgoing(topic, 0, key=None, headers=headers, value=value, timestamp_ns=0)


def test_satellites_of_an_imported_journal_are_410(imported: tuple[Log, httpx.Client]) -> None:
    _, client = imported

    answers = [client.get("/v1/satellites?limit=1"), client.get("/v1/satellites/1")]

    for answer in answers:
        assert answer.status_code == 410
        assert answer.headers["content-type"] == "application/problem+json"
        assert "retry-after" not in answer.headers
        assert answer.json()["remedy"].endswith("/v1/twin?at=2029-01-01T00:02:00Z")
    assert client.get("/v1/twin").status_code == 200


def test_frames_of_an_imported_journal_are_not_held(imported: tuple[Log, httpx.Client]) -> None:
    _, client = imported
    asked = {"view": "energy", "key": "sl-53,orbit", "column": "charge_wh"}

    frames = client.get("/v1/why", params=asked).json()["frames"]

    assert frames
    assert all(frame["is_kept"] is False for frame in frames)
    assert all((frame["size_bytes"], frame["href"]) == (None, None) for frame in frames)


def test_other_frames_in_their_places_are_not_taken_for_them(
    own: OneProcess, imported: tuple[Log, httpx.Client]
) -> None:
    """A log that is gone on with after an import has other frames where the old ones lay."""
    log, client = imported
    other = (("ce_id", b"world-2029/1/another/99"), ("content-type", Media.ARROW.encode()))
    for topic in INPUTS:
        for partition in range(own.log.topics()[topic].partitions):
            for _ in range(own.log.span(topic, partition).end):
                one = _again(b"another frame", topic, other)
                log.append([msgspec.structs.replace(one, partition=partition)])

    answer = client.get("/v1/satellites?limit=1")

    assert answer.status_code == 410
    assert "earliest" not in answer.json()


def test_a_damaged_frame_hides_neither_its_figure_nor_that_it_is_damaged(
    own: OneProcess, imported: tuple[Log, httpx.Client]
) -> None:
    log, client = imported
    for topic in (SATELLITES, WORKLOADS):
        for partition in range(own.log.topics()[topic].partitions):
            for stored in own.log.read(topic, partition, 0, limit=1000, max_bytes=1 << 30):
                value = stored.value or b""
                damaged = _again(value[:-1] + bytes([value[-1] ^ 1]), topic, stored.headers)
                log.append([msgspec.structs.replace(damaged, partition=partition)])
    asked = {"view": "energy", "key": "sl-53,orbit", "column": "charge_wh"}

    why, satellites = client.get("/v1/why", params=asked), client.get("/v1/satellites")

    (frame,) = why.json()["frames"]
    bytes_now = client.get(frame["href"]).content
    assert frame["is_kept"] is True
    assert frame["size_bytes"] == len(bytes_now)
    assert frame["digest"] != hashlib.sha256(bytes_now).hexdigest()
    assert satellites.status_code == 500
