"""Same log, code and seed: the same hash at every tick, however it was run and whatever died."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract.conftest import Command, children_of, committed, hashes, kill_group
from tests.processes import is_alive
from tests.waiting import eventually

TICKS = ("--ticks", "12", "--faults")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The hashes of an undisturbed run."""
    command = Command(tmp_path_factory.mktemp("steady"))
    return hashes(command.demo(*TICKS))


def test_a_fresh_run_closes_as_many_ticks_as_asked_and_commits_them(
    twin: Command, expected: list[str]
) -> None:
    folder = twin.demo(*TICKS)

    assert len(expected) == 12
    assert hashes(folder) == expected
    assert committed(folder) == expected


def test_three_workers_and_another_hash_seed_change_nothing(
    twin: Command, expected: list[str]
) -> None:
    folder = twin.demo(*TICKS, "--workers", "3", PYTHONHASHSEED="4711")

    assert committed(folder) == expected


def test_a_run_in_two_halves_is_the_same(twin: Command, expected: list[str]) -> None:
    twin.demo("--ticks", "5", "--faults")

    folder = twin.demo("--ticks", "7", "--faults")

    assert committed(folder) == expected


def test_killed_at_random_moments_and_resumed_is_never_killed(
    twin: Command, expected: list[str]
) -> None:
    """Twenty kills: of one child, or of everything at once."""
    luck = random.Random(20)
    folder = twin.folder / "var"
    words = ("demo", "--plain", "--speed", "600", "--dir", str(folder), "--port", "0")
    words += ("--satellites", "200", "--faults")
    process = twin.start(*words)
    for kill in range(20):
        # Every few kills everything goes at once; it must have got somewhere in between.
        seen = len(committed(folder)) if (folder / "twin.db").exists() else 0
        if kill % 5 == 0:
            eventually(lambda before=seen: has_more_than(folder, before), every_s=0.2)
        time.sleep(luck.uniform(0.0, 0.8))
        victims = children_of(process) if process.poll() is None else []
        if kill % 5 == 4 or not victims:
            if process.poll() is None:
                kill_group(process)
            process = twin.start(*words)
        else:
            with suppress(ProcessLookupError):
                os.kill(luck.choice(victims), signal.SIGKILL)
    if process.poll() is None:
        kill_group(process)

    twin.demo("--ticks", "3", "--faults")

    found = committed(folder)
    steady = twin.demo("--ticks", str(len(found)), "--faults", name="steady")
    assert found == committed(steady) == hashes(folder)
    assert found[:12] == expected[: len(found)]


def has_more_than(folder: Path, count: int) -> bool:
    """Whether more ticks are committed than that."""
    return (folder / "twin.db").exists() and len(committed(folder)) > count


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_when_told_and_leaves_no_process(twin: Command, number: int) -> None:
    folder = twin.folder / "var"
    process = twin.start(
        "demo", "--plain", "--dir", str(folder), "--port", "0", "--satellites", "200"
    )
    eventually(lambda: (folder / "twin.db").exists() and bool(committed(folder)), every_s=0.3)
    family = children_of(process)

    process.send_signal(number)

    assert process.wait(30) == 0
    eventually(lambda: not any(is_alive(child) for child in family), within_s=10)
