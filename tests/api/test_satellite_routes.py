"""Satellites read from the frames that records name, down to the bytes and back."""

from __future__ import annotations

import io
import json
import re
import time
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from api.app import create_app
from api.branches import Branches
from api.fleet import SATELLITE
from api.journal import Journal
from api.limits import Limits
from api.media import Media
from api.posted import Posted
from api.reading import Reader
from api.schemas.answers import OneSatellite, SatellitePage
from api.shelf import Shelf
from streams.log.port import Header, Message, Outgoing
from streams.store import queries
from streams.store.tables import TICK
from streams.topics import SATELLITES
from tests.api.conftest import served
from tests.one_process import OneProcess
from twin.errors import BrokenInvariant, NotKept
from twin.frames import decode_frame
from twin.identity import Identity, digest_of
from twin.observe import observe
from twin.quantities import Q
from twin.summaries import FrameRef, matrix_of
from twin.units import instant_text

LINK = re.compile(r'<(.+)>; rel="next"')


def pages(client: httpx.Client, path: str, accept: str = Media.JSON) -> list[httpx.Response]:
    """Every page from the first on, by the link of the one before."""
    found = [client.get(path, headers={"Accept": accept}).raise_for_status()]
    while link := LINK.fullmatch(found[-1].headers.get("link", "")):
        found.append(client.get(link[1], headers={"Accept": accept}).raise_for_status())
    return found


def test_a_page_has_the_shape_it_is_described_with(client: httpx.Client) -> None:
    body = client.get("/v1/satellites", params={"limit": 7}).json()

    SatellitePage.model_validate(body)
    assert len(body["rows"]) == 7
    assert set(body["rows"][0]) == {column.name for column in SATELLITE.columns}


def test_pages_join_to_every_satellite_once_in_order(
    client: httpx.Client, town: OneProcess
) -> None:
    found = [row for page in pages(client, "/v1/satellites?limit=7") for row in page.json()["rows"]]

    ids = [row["asset_id"] for row in found]
    assert ids == sorted(set(ids))
    assert len(ids) == client.get("/v1/satellites").json()["matched_count"]
    flown = client.get("/v1/events", params={"kind": "SatellitesDeployed"}).text.splitlines()
    deployed_count = sum(json.loads(line)["body"]["satellites_count"] for line in flown)
    assert deployed_count > 0
    assert len(ids) <= town.world.satellites_count + deployed_count


def test_pages_are_all_of_one_tick_while_the_twin_goes_on(own: OneProcess) -> None:
    with served(create_app(own.settings)) as url, httpx.Client(base_url=url) as client:
        first = client.get("/v1/satellites", params={"limit": 2}).json()
        own.run(2)

        rest = pages(client, first["next"])

        assert {page.json()["tick"] for page in rest} == {first["tick"]}
        assert client.get("/v1/satellites").json()["tick"] != first["tick"]


@pytest.mark.parametrize(
    ("asked", "is_so"),
    [
        ({"segment": "ai1-sso"}, lambda row: row["segment"] == "ai1-sso"),
        ({"sunlit": "false"}, lambda row: row["sunlit_fraction"] <= 0.5),
        ({"status": "nominal"}, lambda row: row["status"] == "nominal"),
        ({"status": "failed"}, lambda row: row["status"] == "failed"),
        ({"region": "orbit", "sunlit": "true"}, lambda row: row["region"] == "orbit"),
    ],
)
def test_filters_choose_satellites(
    client: httpx.Client, asked: dict[str, str], is_so: object
) -> None:
    whole = client.get("/v1/satellites", params={"limit": 1000}).json()["rows"]

    body = client.get("/v1/satellites", params={"limit": 1000} | asked).json()

    assert all(is_so(row) for row in body["rows"])
    assert body["matched_count"] == len(body["rows"])
    expected = [row for row in whole if is_so(row)]
    if "region" in asked:
        expected = [row for row in expected if row["is_sunlit"]]
    assert body["rows"] == expected


def test_rows_by_region_and_status_are_those_the_observer_counted(
    client: httpx.Client, town: OneProcess
) -> None:
    """The same boxes, the same Sun, the same expectation: the API may not see another fleet."""
    one = client.get("/v1/satellites", params={"segment": "sl-53", "limit": 1}).json()
    reference = client.get(f"/v1/satellites/{one['rows'][0]['asset_id']}").json()["frame"]
    message = town.log.read(
        reference["topic"], reference["partition"], reference["offset"], limit=1, max_bytes=1
    )[0]
    frame = decode_frame(message.value or b"")
    summary = observe(frame, _reference(reference))

    rows = [
        row
        for row in client.get("/v1/satellites", params={"limit": 1000}).json()["rows"]
        if row["shard"] == frame.header.shard
    ]

    counts = matrix_of(summary)
    assert digest_of(message.value or b"").hex() == reference["digest"]
    for place, region in enumerate(summary.regions):
        here = [row for row in rows if row["region"] == region]
        assert len(here) == counts[place, Q.REPORTED_COUNT]
        assert sum(row["status"] == "nominal" for row in here) == counts[place, Q.UP_COUNT]
        expected_mw = sum(round(row["expected_array_w"] * 1000) for row in here)
        assert abs(expected_mw - counts[place, Q.EXPECTED_ARRAY_MW]) <= len(here)
        sunlit_ppm = sum(round(row["sunlit_fraction"] * 1e6) for row in here)
        assert abs(sunlit_ppm - counts[place, Q.SUNLIT_PPM]) <= len(here)


def test_every_form_says_the_same_satellites(client: httpx.Client) -> None:
    rows = client.get("/v1/satellites", params={"limit": 1000}).json()["rows"]

    arrow = pa.ipc.open_stream(pages(client, "/v1/satellites", Media.ARROW)[0].content).read_all()
    parquet = pa.parquet.read_table(
        io.BytesIO(pages(client, "/v1/satellites", Media.PARQUET)[0].content)
    )
    csv = pages(client, "/v1/satellites", Media.CSV)[0].text.splitlines()

    assert arrow.equals(parquet)
    assert arrow.schema.names == [column.name for column in SATELLITE.columns]
    assert arrow["asset_id"].to_pylist() == [row["asset_id"] for row in rows]
    assert arrow["array_w"].to_numpy().tolist() == [
        float(np.float32(row["array_w"])) for row in rows
    ]
    assert len(csv) == len(rows) + 1
    assert f'"{rows[0]["tick"]}"' in csv[1]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": "1000000000"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"status": "asleep"}, "status"),
        ({"sunlit": "perhaps"}, "sunlit"),
        ({"after": str(2**40)}, "after"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_page_is_refused_by_name(
    client: httpx.Client, asked: dict[str, str], field: str
) -> None:
    answer = client.get("/v1/satellites", params=asked)

    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("asked", "nearest"), [({"segment": "sl-35"}, "sl-53"), ({"region": "eurpoe"}, "europe")]
)
def test_a_misspelled_name_names_the_nearest(
    client: httpx.Client, asked: dict[str, str], nearest: str
) -> None:
    answer = client.get("/v1/satellites", params=asked)

    assert answer.status_code == 404
    assert nearest in answer.json()["expected"]


def test_one_satellite_comes_with_its_frame_and_its_physics(client: httpx.Client) -> None:
    (row,) = client.get("/v1/satellites", params={"limit": 1, "sunlit": "true"}).json()["rows"]

    body = client.get(f"/v1/satellites/{row['asset_id']}").json()

    OneSatellite.model_validate(body)
    assert body["satellite"] == row
    assert body["power"]["measured_array_w"] == row["array_w"]
    assert body["power"]["expected_array_w"] > 0
    assert body["as_built"]["segment"] == row["segment"]
    assert body["frame"]["is_kept"] is True


def test_a_fault_is_noted_on_the_satellite_it_befell(client: httpx.Client) -> None:
    alert = next(
        row
        for row in client.get("/v1/alerts").json()["rows"]
        if row["alarm_id"].endswith("thermal")
    )

    body = client.get(f"/v1/satellites/{alert['asset_ids'][0]}").json()

    assert [found["kind"] for found in body["anomalies"]] == ["thermal"]


@pytest.mark.parametrize(
    ("asset", "status"), [("7", 404), ("-1", 422), ("4294967296", 422), ("one", 422)]
)
def test_a_satellite_that_is_none_is_refused(client: httpx.Client, asset: str, status: int) -> None:
    assert client.get(f"/v1/satellites/{asset}").status_code == status


def test_frames_that_are_gone_are_410_with_the_earliest_instant_kept(own: OneProcess) -> None:
    own.run(8)
    _trim_before(own, number=6)

    with served(create_app(own.settings)) as url, httpx.Client(base_url=url) as client:
        gone = client.get("/v1/satellites", params={"at": "2029-01-01T00:03:00Z"})
        earliest = gone.json()["earliest"]
        kept = client.get("/v1/satellites", params={"at": earliest})
        asked = {"view": "energy", "key": "sl-53,orbit", "column": "charge_wh"}
        frames = client.get("/v1/why", params=asked | {"at": "2029-01-01T00:03:00Z"}).json()

    assert gone.status_code == 410
    assert earliest == "2029-01-01T00:06:00Z"
    assert kept.status_code == 200
    assert kept.json()["tick"] == earliest
    assert [frame["is_kept"] for frame in frames["frames"]] == [False]


def test_frames_that_go_while_they_are_at_hand_are_gone(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    at = {"at": "2029-01-01T00:02:00Z"}
    asked = {"view": "energy", "key": "sl-53,orbit", "column": "charge_wh"} | at
    before = serve_own.get("/v1/why", params=asked).json()["frames"]
    seen = serve_own.get("/v1/satellites", params=at)
    own.run(2)
    _trim_before(own, number=4)

    after = serve_own.get("/v1/why", params=asked).json()["frames"]
    gone = serve_own.get("/v1/satellites", params=at)

    assert [(frame["is_kept"], frame["href"] is None) for frame in before] == [(True, False)]
    assert [(frame["is_kept"], frame["href"]) for frame in after] == [(False, None)]
    assert (seen.status_code, gone.status_code) == (200, 410)


def _trim_before(twin: OneProcess, *, number: int) -> None:
    """Remove all frames of the ticks before one, as retention would."""
    for partition in range(twin.log.topics()[SATELLITES].partitions):
        span = twin.log.span(SATELLITES, partition)
        for offset in range(span.start, span.end):
            message = twin.log.read(SATELLITES, partition, offset, limit=1, max_bytes=1)[0]
            headers = dict(message.headers)
            is_frame = headers["content-type"] != b"application/json"
            if is_frame and headers["ce_time"].decode() >= instant_text(twin.tick_ns(number)):
                break
            twin.log.trim(SATELLITES, partition, offset + 1)


def _reference(said: dict[str, Any]) -> FrameRef:
    source, epoch, *stream, sequence = said["id"].split("/")
    return FrameRef(
        identity=Identity(source, int(epoch), "/".join(stream), int(sequence)),
        topic=said["topic"],
        partition=said["partition"],
        offset=said["offset"],
        digest=bytes.fromhex(said["digest"]),
        segment=said["segment"],
        rows_count=said["rows_count"],
    )


def test_the_shelf_holds_no_more_frames_than_it_has_room_for(own: OneProcess) -> None:
    tick = _reader(own).tick(None)
    refs = _reader(own).journal.record(tick).provenance.frames
    sizes_bytes = [
        len(own.log.read(r.topic, r.partition, r.offset, limit=1, max_bytes=1)[0].value or b"")
        for r in refs
    ]
    shelf = Shelf(own.log, max_bytes=max(sizes_bytes))

    frames = [shelf.held(ref) for ref in (*refs, *refs)]

    assert len(refs) > 1
    assert shelf.size_bytes <= max(sizes_bytes)
    assert frames[0].frame.header == frames[len(refs)].frame.header


def test_a_frame_with_other_bytes_is_not_believed(own: OneProcess) -> None:
    tick = _reader(own).tick(None)
    ref = _reader(own).journal.record(tick).provenance.frames[0]
    shelf = Shelf(own.log, max_bytes=1 << 20)

    with pytest.raises(BrokenInvariant, match="other bytes"):
        shelf.held(msgspec.structs.replace(ref, digest=bytes(32)))


def test_a_frame_is_known_by_its_name_and_not_by_the_id_its_publisher_gave(
    own: OneProcess,
) -> None:
    ref, stored = _first_frame(own)
    own_id = tuple(("ce_id", b"one-of-mine") if h[0] == "ce_id" else h for h in stored.headers)
    other = tuple(("ce_sequence", b"999") if h[0] == "ce_sequence" else h for h in stored.headers)
    shelf = Shelf(own.log, max_bytes=1 << 20)

    with_own_id = _put_again(own, ref, stored, own_id)
    another = _put_again(own, ref, stored, other)

    assert shelf.size_bytes_of(with_own_id) == len(stored.value or b"")
    assert shelf.held(with_own_id).frame.header == shelf.held(ref).frame.header
    assert shelf.size_bytes_of(another) is None
    with pytest.raises(NotKept):
        shelf.held(another)


def test_a_frame_at_hand_is_not_taken_for_another_of_its_place(own: OneProcess) -> None:
    ref, _ = _first_frame(own)
    imported = msgspec.structs.replace(
        ref, identity=msgspec.structs.replace(ref.identity, source="another"), digest=bytes(32)
    )
    shelf = Shelf(own.log, max_bytes=1 << 20)
    shelf.held(ref)

    with pytest.raises(NotKept):
        shelf.held(imported)


def test_asking_for_the_size_of_a_frame_puts_nothing_on_the_shelf(own: OneProcess) -> None:
    ref, stored = _first_frame(own)
    shelf = Shelf(own.log, max_bytes=1 << 20)

    size_bytes = shelf.size_bytes_of(ref)

    assert size_bytes == len(stored.value or b"")
    assert shelf.size_bytes == 0


def _first_frame(twin: OneProcess) -> tuple[FrameRef, Message]:
    """A frame of the newest tick, and the message it came in."""
    ref = _reader(twin).journal.record(_reader(twin).tick(None)).provenance.frames[0]
    (stored,) = twin.log.read(ref.topic, ref.partition, ref.offset, limit=1, max_bytes=1)
    return ref, stored


def _put_again(
    twin: OneProcess, ref: FrameRef, stored: Message, headers: tuple[Header, ...]
) -> FrameRef:
    """The same bytes under other headers at the end of the log; a reference to that place."""
    again = Outgoing(
        ref.topic,
        ref.partition,
        key=stored.key,
        headers=headers,
        value=stored.value,
        timestamp_ns=stored.timestamp_ns,
    )
    (position,) = twin.log.append([again])
    return msgspec.structs.replace(ref, offset=position.offset)


def test_a_past_that_does_not_fold_to_its_hash_is_not_told(own: OneProcess) -> None:
    own.run(3)
    with own.engine.begin() as db:
        db.execute(TICK.update().where(TICK.c.number == 4).values(hash="0" * 64))
        sound = queries.tick_numbered(db, "live", 3)
        unsound = queries.tick_numbered(db, "live", 4)
    assert sound is not None
    assert unsound is not None
    reader = _reader(own)

    assert reader.journal.twin(sound).tick == sound
    with pytest.raises(BrokenInvariant, match="fold"):
        reader.journal.twin(unsound)
    with pytest.raises(BrokenInvariant, match="fold"):
        _reader(own).journal.twin(unsound)


def _reader(twin: OneProcess) -> Reader:
    journal = Journal(twin.log, twin.engine, twins_count=4)
    posted = Posted(twin.settings.directory / "scenarios")
    branches = Branches(twin.log, twin.engine, journal, posted, Limits())
    return Reader(twin.engine, journal, branches, clock_ns=time.time_ns)
