"""Real Faust apps in processes of their own, on every log."""

from __future__ import annotations

import importlib.metadata
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kafka import TopicPartition as KafkaPartition
from kafka.structs import OffsetAndMetadata
from log_messages import every, outgoing

from streams.log.embedded import EmbeddedLog
from streams.log.kafka import KafkaLog
from streams.log.opening import open_log
from streams.log.port import Log, Message, TopicSpec
from twin.errors import Unavailable

REPOSITORY = Path(__file__).resolve().parents[3]
WORKER = Path(__file__).with_name("faust_worker.py")
PATIENCE_S = 300.0
PARTITIONS = 4


class Workers:
    """Starts workers on one log and leaves none behind."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        paths = [str(REPOSITORY), str(entry_points(self._folder))]
        with (self._folder / f"{name}.err").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, str(WORKER), self._url, "group", name, *options],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                stdout=errors,
                stderr=errors,
            )
        self._started.append(process)
        return process

    def output(self, name: str) -> str:
        return (self._folder / f"{name}.err").read_text()

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def log(url: str) -> Iterator[Log]:
    opened = open_log(url)
    opened.declare([TopicSpec("in", PARTITIONS), TopicSpec("out", PARTITIONS)])
    yield opened
    opened.close()


@pytest.fixture
def workers(url: str, tmp_path: Path) -> Iterator[Workers]:
    started = Workers(url, tmp_path)
    yield started
    started.end()


def entry_points(folder: Path) -> Path:
    """What installing the project would tell Python of it, for a checkout that is not installed."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    targets = project["entry-points"]["faust.transports"].items()
    installed = folder / "installed" / f"{project['name'].replace('-', '_')}-0.dist-info"
    installed.mkdir(parents=True, exist_ok=True)
    named = "".join(f"{name} = {target}\n" for name, target in targets)
    (installed / "entry_points.txt").write_text(f"[faust.transports]\n{named}")
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\n")
    return installed.parent


def fill(log: Log, first: int, last: int) -> None:
    """Values ``first`` … ``last-1``, over the partitions in turn."""
    log.append(
        [
            outgoing(
                str(number).encode(),
                topic="in",
                partition=number % PARTITIONS,
                key=f"key-{number}".encode(),
                headers=(("source", b"\xff\x00"), ("empty", b"")),
            )
            for number in range(first, last)
        ]
    )


def forwarded(log: Log) -> list[Message]:
    return [message for p in range(PARTITIONS) for message in every(log, "out", p)]


def count(log: Log) -> int:
    return sum(log.span("out", partition).end for partition in range(PARTITIONS))


def numbers(messages: list[Message]) -> set[int]:
    return {int(message.value or b"") for message in messages}


def committed(log: Log) -> list[int]:
    return [log.committed("group", "in", partition) or 0 for partition in range(PARTITIONS)]


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        # A broker that moves a group's coordinator knows nothing of the group for a moment.
        with suppress(Unavailable):
            if condition():
                return
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.02)


def test_the_entry_points_lead_to_the_transports(tmp_path: Path) -> None:
    found = importlib.metadata.distributions(path=[str(entry_points(tmp_path))])

    entries = {entry.name: entry for one in found for entry in one.entry_points}

    assert {entry.group for entry in entries.values()} == {"faust.transports"}
    assert {name: entry.load().__module__ for name, entry in entries.items()} == {
        "log": "streams.log.faust_transport",
        "kafka": "streams.log.faust_kafka",
    }


def test_an_agent_forwards_every_message_whole_and_in_order(log: Log, workers: Workers) -> None:
    fill(log, 0, 400)

    worker = workers.start("a")
    until(lambda: committed(log) == [100] * PARTITIONS, "all to be committed")
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(PATIENCE_S) == 0
    assert workers.output("a") == ""
    for partition in range(PARTITIONS):
        expected = [
            (m.key, m.value, (*m.headers, ("by", b"a"))) for m in every(log, "in", partition)
        ]
        assert [(m.key, m.value, m.headers) for m in every(log, "out", partition)] == expected


def test_messages_that_come_later_are_forwarded_too(log: Log, workers: Workers) -> None:
    worker = workers.start("a")

    for first in range(0, 60, 20):
        fill(log, first, first + 20)
        until(lambda end=first + 20: numbers(forwarded(log)) == set(range(end)), "the new ones")
    worker.send_signal(signal.SIGINT)

    assert worker.wait(PATIENCE_S) == 0
    assert workers.output("a") == ""
    assert committed(log) == [15] * PARTITIONS


def test_two_workers_share_and_the_survivor_of_a_kill_takes_over(
    log: Log, workers: Workers
) -> None:
    first, second = workers.start("a"), workers.start("b")
    end = 0

    def both_forward() -> bool:
        nonlocal end
        fill(log, end, end + PARTITIONS)
        end += PARTITIONS
        recent = [m for m in forwarded(log) if int(m.value or b"") > end - 5 * PARTITIONS]
        return {m.headers[-1][1] for m in recent} == {b"a", b"b"}

    until(both_forward, "both workers to have partitions")
    first.kill()
    first.wait()
    fill(log, end, end + 80)
    until(lambda: numbers(forwarded(log)) == set(range(end + 80)), "the survivor to forward all")
    until(lambda: committed(log) == [(end + 80) // PARTITIONS] * PARTITIONS, "all to be committed")
    second.send_signal(signal.SIGTERM)

    assert second.wait(PATIENCE_S) == 0
    assert workers.output("b") == ""


def test_a_worker_that_joins_gets_a_share_and_its_owner_loses_nothing(
    log: Log, workers: Workers
) -> None:
    fill(log, 0, 40)
    workers.start("a")
    until(lambda: committed(log) == [10] * PARTITIONS, "the first to own all")
    workers.start("b")
    end = 40

    def second_forwards() -> bool:
        nonlocal end
        fill(log, end, end + PARTITIONS)
        end += PARTITIONS
        return any(message.headers[-1][1] == b"b" for message in forwarded(log))

    until(second_forwards, "the second to have a partition")
    until(lambda: committed(log) == [end // PARTITIONS] * PARTITIONS, "all to be committed")

    assert numbers(forwarded(log)) == set(range(end))


def test_only_an_unbroken_row_of_acknowledgements_is_committed(log: Log, workers: Workers) -> None:
    fill(log, 0, 40)  # value n is at offset n // 4 of partition n % 4
    held = [0, 1, 5, 10]  # the offset in each partition; there is no tenth
    values = ",".join(str(held[p] * PARTITIONS + p) for p in range(PARTITIONS))
    holding = workers.start("a", "--hold", values)
    until(lambda: numbers(forwarded(log)) == set(range(40)), "all to be forwarded")
    until(lambda: committed(log)[3] == 10, "the partition without a gap to be committed")
    holding.send_signal(signal.SIGTERM)
    assert holding.wait(PATIENCE_S) == 0

    assert committed(log) == held
    workers.start("b")
    until(lambda: committed(log) == [10] * PARTITIONS, "the rest to be committed")

    for partition in range(PARTITIONS):
        again = [m.value for m in every(log, "out", partition) if m.headers[-1][1] == b"b"]
        assert again == [m.value for m in every(log, "in", partition)][held[partition] :]


def test_a_commit_that_failed_is_tried_again_though_nothing_more_comes(
    log: Log, workers: Workers
) -> None:
    fill(log, 0, PARTITIONS)

    workers.start("one", "--fail-commits", "8")

    until(lambda: committed(log) == [1] * PARTITIONS, "the commits")
    assert count(log) == PARTITIONS


def test_killed_at_random_moments_a_worker_resumes_with_nothing_lost(
    log: Log, workers: Workers
) -> None:
    chance = random.Random(3)
    fill(log, 0, 800)

    for name in "ab":
        before = count(log)
        worker = workers.start(name)
        until(lambda least=before + 50: count(log) >= least, "it to forward")
        time.sleep(chance.uniform(0, 0.2))
        worker.kill()
        worker.wait()
    workers.start("d")
    until(lambda: committed(log) == [200] * PARTITIONS, "the last to commit all")

    for partition in range(PARTITIONS):
        sent = [int(message.value or b"") for message in every(log, "out", partition)]
        assert set(sent) == set(range(partition, 800, PARTITIONS))


@pytest.mark.parametrize("url", ["embedded"], indirect=True)
def test_a_worker_refuses_a_committed_offset_that_the_log_does_not_have(
    log: EmbeddedLog, workers: Workers, tmp_path: Path
) -> None:
    fill(log, 0, 4)
    log.commit("group", {("in", 2): 1})
    database = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    database.execute("UPDATE committed SET next_offset = 7")
    database.close()

    worker = workers.start("a")

    assert worker.wait(PATIENCE_S) == 1
    assert "offset 7 of in/2; expected 0 to 1" in workers.output("a")


@pytest.mark.parametrize("url", ["kafka"], indirect=True)
@pytest.mark.parametrize("damage", ["begins above", "ends below"])
def test_on_a_broker_too_a_worker_refuses_what_begins_above_or_ends_below_its_offset(
    log: KafkaLog, workers: Workers, damage: str
) -> None:
    fill(log, 0, 4 * PARTITIONS)
    first = workers.start("a")
    until(lambda: committed(log) == [4] * PARTITIONS, "all to be committed")
    first.terminate()
    assert first.wait(PATIENCE_S) == 0
    admin, name = log._client(), log._address.topic("in")
    if damage == "begins above":
        fill(log, 0, 4 * PARTITIONS)
        admin.delete_records({KafkaPartition(name, 2): 6})
    else:
        # As a broker has it whose disk was lost, but not that with the offsets of groups.
        beyond = {KafkaPartition(name, 2): OffsetAndMetadata(9, "", -1)}
        admin.alter_group_offsets(log._address.topic("group"), beyond)

    second = workers.start("b")

    expected = {
        "begins above": f"offset 4 of {name}/2; expected offset 6 or later",
        "ends below": f"offset 9 of {name}/2; expected 0 to 4, where",
    }
    assert second.wait(PATIENCE_S) == 1
    assert expected[damage] in workers.output("b")


def assignments(workers: Workers, name: str) -> list[str]:
    return [line for line in workers.output(name).splitlines() if line.startswith("assigned")]


@pytest.mark.parametrize("url", ["kafka"], indirect=True)
def test_a_member_killed_and_started_again_has_its_partitions_back_and_no_other_notices(
    log: Log, workers: Workers
) -> None:
    first, _ = (workers.start(name, "--member", name) for name in "ab")
    halves = {"assigned [0, 1]", "assigned [0, 2]", "assigned [1, 3]", "assigned [2, 3]"}
    until(
        lambda: all({*assignments(workers, name)[-1:]} & halves for name in "ab"),
        "each to have half",
    )
    before = {name: assignments(workers, name) for name in "ab"}
    fill(log, 0, PARTITIONS)
    until(lambda: committed(log) == [1] * PARTITIONS, "the first to be committed")

    first.kill()
    first.wait()
    fill(log, PARTITIONS, 2 * PARTITIONS)
    workers.start("a", "--member", "a")

    until(lambda: committed(log) == [2] * PARTITIONS, "the rest to be committed")
    assert assignments(workers, "b") == before["b"]
    assert assignments(workers, "a") == [*before["a"], before["a"][-1]]


@pytest.mark.parametrize("url", ["kafka"], indirect=True)
def test_of_two_that_live_under_one_name_the_older_is_put_out_and_says_why(
    log: Log, workers: Workers
) -> None:
    older = workers.start("older", "--member", "same")
    fill(log, 0, PARTITIONS)
    until(lambda: committed(log) == [1] * PARTITIONS, "the first to be committed")

    workers.start("younger", "--member", "same")

    assert older.wait(PATIENCE_S) == 1
    last = workers.output("older").strip().splitlines()[-1]
    assert "this member of" in last
    assert "was put out of its group; does another process run under the same TWIN_MEMBER?" in last
    fill(log, PARTITIONS, 2 * PARTITIONS)
    until(lambda: committed(log) == [2] * PARTITIONS, "the younger to go on")


@pytest.mark.parametrize("url", ["embedded"], indirect=True)
def test_a_worker_waits_for_topics_that_are_declared_later(
    url: str, workers: Workers, tmp_path: Path
) -> None:
    late = open_log(url)
    workers.start("a")
    until(lambda: (tmp_path / "log.db.owners").exists(), "the worker to look for partitions")

    late.declare([TopicSpec("in", PARTITIONS), TopicSpec("out", PARTITIONS)])
    fill(late, 0, 8)

    until(lambda: committed(late) == [2] * PARTITIONS, "all to be committed")
    late.close()
