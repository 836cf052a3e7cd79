"""What the embedded log does when many write at once, or are killed while they do."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from log_messages import every, in_threads, outgoing, values

from streams.log.port import Log, TopicSpec

pytestmark = pytest.mark.parametrize("url", ["embedded"], indirect=True)

REPOSITORY = Path(__file__).resolve().parents[3]
APPENDER = Path(__file__).with_name("append_worker.py")
ROWS = 3  # messages per partition and tick, as append_worker.py writes them


def test_threads_append_whole_ticks(log: Log) -> None:
    log.declare([TopicSpec("events", 2)])

    def write(name: bytes) -> None:
        for _ in range(15):
            log.append([outgoing(name, partition=p) for p in (0, 0, 1)])

    in_threads(write, [b"a", b"b", b"c", b"d"])

    for partition, rows in ((0, 2), (1, 1)):
        found = values(log, "events", partition)
        assert Counter(found) == dict.fromkeys([b"a", b"b", b"c", b"d"], 15 * rows)
    pairs = values(log, "events", 0)
    assert pairs[0::2] == pairs[1::2]


def test_processes_append_whole_ticks_to_the_same_partitions(log: Log, url: str) -> None:
    log.declare([TopicSpec("ticks", 2)])

    processes = [start_appender(url, name, "0", "1", "--ticks", "25") for name in "ab"]
    for process in processes:
        process.communicate(timeout=60)

    assert [process.returncode for process in processes] == [0, 0]
    for partition in (0, 1):
        found = every(log, "ticks", partition)
        assert Counter(message.key for message in found) == {b"a": 25 * ROWS, b"b": 25 * ROWS}
        assert [message.offset for message in found] == list(range(50 * ROWS))
        appends = zip(found[0::ROWS], found[1::ROWS], found[2::ROWS], strict=True)
        assert all(a.key == b.key == c.key and a.value == b.value == c.value for a, b, c in appends)


def test_killed_at_random_moments_a_writer_leaves_whole_ticks_and_loses_none(
    log: Log, url: str
) -> None:
    log.declare([TopicSpec("ticks", 3)])
    chance = random.Random(20261122)

    for _ in range(10):
        process = start_appender(url, "a", "0", "1", "2")
        assert process.stdout is not None
        process.stdout.readline()  # the first tick is on disk
        time.sleep(chance.uniform(0, 0.03))
        process.kill()
        printed, _ = process.communicate()
        acknowledged = int((printed.split("\n")[:-1] or ["0"])[-1])

        ends = {log.span("ticks", partition).end for partition in (0, 1, 2)}
        assert len(ends) == 1, "a tick is in every partition or in none"
        assert ends.pop() >= (acknowledged + 1) * ROWS

    for partition in (0, 1, 2):
        found = every(log, "ticks", partition)
        assert [message.offset for message in found] == list(range(len(found)))
        assert [int(m.value or b"") for m in found] == [n // ROWS for n in range(len(found))]


def start_appender(url: str, name: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(APPENDER), url, name, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
