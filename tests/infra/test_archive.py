"""Frames in Parquet: byte for byte what the log held, in files that are whole or not there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from infra.command import main
from infra.log import archive_file, archiving
from infra.usage import BadUsage
from streams.log.port import Log, Message, Outgoing
from streams.topics import SATELLITES, WORKLOADS
from tests.one_process import OneProcess
from twin.errors import BrokenInvariant, NotKept
from twin.frames import decode_frame


@pytest.fixture(params=["embedded", "kafka"])
def twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OneProcess]:
    """A log with a few ticks of satellites and workloads."""
    url = ""
    if request.param == "kafka":
        bootstrap = request.getfixturevalue("kafka_bootstrap")
        url = f"kafka://{bootstrap}/{uuid.uuid4().hex}"
    with OneProcess(tmp_path / "var", broker_url=url, satellites_count=60) as one:
        one.run(3)
        yield one


def held(log: Log, topic: str) -> list[list[Message]]:
    """What each partition holds."""
    found = []
    for partition in range(log.topics()[topic].partitions):
        span, page = log.span(topic, partition), []
        while span.start + len(page) < span.end:
            start = span.start + len(page)
            page += log.read(topic, partition, start, limit=500, max_bytes=1 << 25)
        found.append(page)
    return found


def archived(folder: Path, topic: str, partitions: int) -> list[list[Message]]:
    return [
        [
            message
            for file in sorted((folder / topic / str(partition)).glob("*.parquet"))
            for message in archive_file.read_archive(file)
        ]
        for partition in range(partitions)
    ]


@pytest.mark.parametrize("topic", [SATELLITES, WORKLOADS])
def test_what_is_archived_is_what_the_log_held_byte_for_byte(
    twin: OneProcess, tmp_path: Path, topic: str
) -> None:
    archiving.run(twin.settings, tmp_path / "archive", topic)

    expected = held(twin.log, topic)
    assert any(expected)
    assert archived(tmp_path / "archive", topic, len(expected)) == expected


def test_run_again_it_goes_on_with_what_came_since(twin: OneProcess, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    archiving.run(twin.settings, folder, SATELLITES)
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*.parquet")}
    twin.run(2)
    torn = next(iter(before)).with_name("torn.unfinished")
    torn.write_bytes(b"of a run that was killed")

    archiving.run(twin.settings, folder, SATELLITES)
    archiving.run(twin.settings, folder, SATELLITES)

    expected = held(twin.log, SATELLITES)
    files = set(folder.rglob("*.parquet"))
    assert archived(folder, SATELLITES, len(expected)) == expected
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert len(files) == 2 * len(before)


def test_any_tool_can_query_the_columns(twin: OneProcess, tmp_path: Path) -> None:
    archiving.run(twin.settings, tmp_path / "archive", SATELLITES)

    rows = pq.read_table(tmp_path / "archive" / SATELLITES).to_pylist()

    frames = [row for row in rows if row["undecoded"] is None]
    assert frames
    for row in frames:
        frame = decode_frame(row["value"])
        assert (row["kind"], row["effective_ns"]) == (
            "SatelliteFrameReported",
            frame.header.tick_ns,
        )
        np.testing.assert_array_equal(row["charge_wh"], frame.columns["charge_wh"])
        assert row["pool_id"] is None


def test_what_cannot_be_read_is_archived_with_the_reason(twin: OneProcess, tmp_path: Path) -> None:
    headers = (("source", b"\xff"), ("source", b""))
    bad = Outgoing(SATELLITES, 0, None, headers, b"no frame", 5_000_000)
    twin.log.append([bad])

    archiving.run(twin.settings, tmp_path / "archive", SATELLITES)

    rows = pq.read_table(tmp_path / "archive" / SATELLITES).to_pylist()
    (row,) = (row for row in rows if row["value"] == b"no frame")
    assert (row["id"], row["key"]) == (None, None)
    assert row["undecoded"]
    last = archived(tmp_path / "archive", SATELLITES, 1)[0][-1]
    assert (last.headers, last.timestamp_ns) == (headers, 5_000_000)


def test_what_was_gone_before_is_said_and_the_rest_archived(
    twin: OneProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = held(twin.log, SATELLITES)
    twin.log.append([Outgoing(SATELLITES, 0, None, (), b"last", 0)])
    end = twin.log.span(SATELLITES, 0).end
    place = tmp_path / "archive" / SATELLITES / "0"
    trim(twin, SATELLITES, before=end - 1)

    with pytest.raises(NotKept, match=f"offsets 0 to {end - 2} of satellites/0"):
        archiving.run(twin.settings, tmp_path / "archive", SATELLITES)
    archiving.run(twin.settings, tmp_path / "archive", SATELLITES)

    assert archiving.archived_end(place) == end
    assert archived(tmp_path / "archive", SATELLITES, len(expected))[1:] == expected[1:]


def trim(twin: OneProcess, topic: str, *, before: int) -> None:
    """As retention would."""
    if hasattr(twin.log, "trim"):
        twin.log.commit("twin-observe", {(topic, 0): before})
        twin.log.trim(topic, 0, before)
    else:
        from kafka import TopicPartition

        place = TopicPartition(twin.log._address.topic(topic), 0)
        twin.log._client().delete_records({place: before})


def test_a_file_that_does_not_read_back_is_not_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = Message(SATELLITES, 0, 7, 0, None, (), b"frame")
    monkeypatch.setattr(archive_file, "read_archive", lambda _: iter(()))

    with pytest.raises(BrokenInvariant, match="does not hold what was written"):
        archive_file.write_archive(tmp_path / "7-8.parquet", [message])

    assert not (tmp_path / "7-8.parquet").exists()


def test_only_topics_of_frames_are_archived(tmp_path: Path) -> None:
    with (
        OneProcess(tmp_path / "var", satellites_count=60) as one,
        pytest.raises(BadUsage, match="--topic journal; expected one of satellites"),
    ):
        archiving.run(one.settings, tmp_path / "archive", "journal")


def test_the_command_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with OneProcess(tmp_path / "var", satellites_count=60) as one:
        one.run(1)
        count = sum(len(page) for page in held(one.log, SATELLITES))

    status = main(["log", "archive", str(tmp_path / "archive"), "--dir", str(tmp_path / "var")])

    assert status == 0
    said = capsys.readouterr().out
    assert said == f"{count} messages of satellites archived to {tmp_path}/archive\n"
