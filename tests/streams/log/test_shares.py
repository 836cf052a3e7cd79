"""Owning partitions: fair, exclusive, and free again when the owner is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from streams.log.ownership import join, members, try_claim
from streams.log.placing import partition_for
from streams.log.shares import Shares

REPOSITORY = Path(__file__).resolve().parents[3]
HOLDER = """
import sys, time
from pathlib import Path
from streams.log.shares import Shares
shares = Shares(Path(sys.argv[1]), "observe")
shares.subscribe({"frames"})
print(len(shares.take([("frames", 0), ("frames", 1)])), flush=True)
time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def member(path: Path, *topics: str, group: str = "observe") -> Shares:
    shares = Shares(path, group)
    shares.subscribe(set(topics))
    return shares


def test_partitions_are_dealt_out_in_the_order_of_joining(path: Path) -> None:
    workers = [member(path, "frames") for _ in range(3)]

    shares = [worker.fair({"frames": 8, "other": 5}) for worker in workers]

    assert [sorted(number for _, number in share) for share in shares] == [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5],
    ]


def test_groups_and_topics_are_shared_by_their_own_members_only(path: Path) -> None:
    observer = member(path, "frames", "a/b")
    keeper = member(path, "frames", group="keep")
    other = member(path, "a/b")

    assert observer.fair({"frames": 1, "a/b": 2}) == {("frames", 0), ("a/b", 0)}
    assert keeper.fair({"frames": 1, "a/b": 2}) == {("frames", 0)}
    assert other.fair({"frames": 1, "a/b": 2}) == {("a/b", 1)}


def test_a_partition_has_one_owner_until_it_is_released(path: Path) -> None:
    first, second = member(path, "frames"), member(path, "frames")
    assert first.take([("frames", 0), ("frames", 1)]) == {("frames", 0), ("frames", 1)}

    assert second.take([("frames", 1)]) == set()
    first.release([("frames", 1)])
    assert second.take([("frames", 1)]) == {("frames", 1)}

    assert (first.held, second.held) == ({("frames", 0)}, {("frames", 1)})


def test_who_leaves_frees_all(path: Path) -> None:
    first, second = member(path, "frames"), member(path, "frames")
    first.take([("frames", 0)])

    first.close()

    assert second.fair({"frames": 2}) == {("frames", 0), ("frames", 1)}
    assert second.take([("frames", 0)]) == {("frames", 0)}


def test_the_kernel_frees_what_a_killed_process_held(path: Path) -> None:
    survivor = member(path, "frames")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"2\n"
    assert survivor.fair({"frames": 2}) == {("frames", 0)}
    assert survivor.take([("frames", 0)]) == set()

    process.kill()
    process.communicate()

    assert survivor.fair({"frames": 2}) == {("frames", 0), ("frames", 1)}
    assert survivor.take([("frames", 0), ("frames", 1)]) == {("frames", 0), ("frames", 1)}


def test_members_are_listed_oldest_first_and_the_dead_are_swept(tmp_path: Path) -> None:
    first, second = join(tmp_path), join(tmp_path)
    (tmp_path / "00000000000000000001-1-0").touch()  # a file nobody holds

    assert members(tmp_path) == [first.name, second.name]
    first.leave()

    assert members(tmp_path) == [second.name]
    assert [file.name for file in tmp_path.iterdir()] == [second.name]


def test_a_claim_is_exclusive_within_a_process_too(tmp_path: Path) -> None:
    claim = try_claim(tmp_path / "lock")
    assert claim is not None

    assert try_claim(tmp_path / "lock") is None
    claim.release()

    again = try_claim(tmp_path / "lock")
    assert again is not None
    again.release()


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_keys_go_where_kafka_would_put_them(partitions: int) -> None:
    for key in (b"", b"a", b"sl-53/0", b"ai1-sso/12", bytes(range(256))):
        expected = DefaultPartitioner()(key, list(range(partitions)), [])

        assert partition_for(key, partitions) == expected
