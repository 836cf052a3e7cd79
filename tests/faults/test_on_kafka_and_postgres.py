"""Whatever is killed, frozen or gone for a while: nothing is lost, nothing is applied twice.

A few faults of each kind here; ``make test-faults`` does all that README.md of this folder counts.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.kafka import broker
from infra.postgres import server
from tests.faults.plant import Plant
from tests.servers import needs_servers, own_servers

# Servers and processes of their own: one after the other, or they starve each other.
pytestmark = pytest.mark.xdist_group("faults")

IS_FULL = os.environ.get("FAULTS") == "full"
"""Whether every fault is done as often as the README says."""
FROZEN_S = 9.0
"""Longer than a session lasts."""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Path, Path]]:
    """Folders of a broker and a database of our own, which run: they are killed too."""
    needs_servers()
    with own_servers() as folders:
        yield folders


@pytest.fixture
def plant(servers: tuple[Path, Path], tmp_path: Path) -> Callable[..., Plant]:
    kafka, postgres = servers
    running = broker.status(kafka)
    assert running is not None
    name = f"t{uuid.uuid4().hex}"
    database_url = server.new_database(postgres, name)

    def make(*, observers: int = 1) -> Plant:
        url = f"kafka://{running.bootstrap}/{name}"
        return Plant(tmp_path, url, database_url, observers=observers)

    return make


def times(full: int, short: int) -> int:
    return full if IS_FULL else short


def told(what: str, seconds: list[float]) -> None:
    """The line that the README has."""
    worst = max(seconds)
    mean = sum(seconds) / len(seconds)
    print(f"{what}: {len(seconds)} times, back after {mean:.1f} s, at worst {worst:.1f} s")


def assert_nothing_lost(running: Plant) -> None:
    """What became of every message, to the last, and that a clean replay has every hash."""
    proof = running.prove()
    print(f"    {proof}")
    assert proof.produced == proof.applied + proof.late + proof.quarantined + proof.duplicate
    assert proof.ticks > 0


def test_workers_killed_at_random_moments(plant: Callable[..., Plant]) -> None:
    chance = random.Random(5)
    with plant() as running:
        back_s = []
        for _ in range(times(30, 4)):
            running.wait_for_more(chance.randint(1, 8))
            back_s.append(running.kill("observe-1"))
        told("worker kill -9", back_s)

        assert_nothing_lost(running)


@pytest.mark.parametrize(("role", "point"), [("sequence", "journaled"), ("keep", "committed")])
def test_sequencer_and_keeper_killed_at_random_moments_and_at_the_worst(
    plant: Callable[..., Plant], role: str, point: str
) -> None:
    chance = random.Random(6)
    with plant() as running:
        back_s = []
        for kill in range(times(30, 4)):
            running.wait_for_more(chance.randint(1, 8))
            back_s.append(running.fail(role, point) if kill % 2 else running.kill(role))
        told(f"{role} kill -9", back_s)

        assert_nothing_lost(running)


def test_the_broker_killed(plant: Callable[..., Plant], servers: tuple[Path, Path]) -> None:
    kafka, _ = servers
    with plant() as running:
        back_s = []
        for _ in range(times(5, 1)):
            running.wait_for_more(5)
            port = broker.kill(kafka)
            back_s.append(running.back_after(lambda at=port: broker.start(kafka, at)))
        told("broker kill -9", back_s)

        assert_nothing_lost(running)
        assert running.gave_up == []


def test_the_database_stopped_as_in_a_crash(
    plant: Callable[..., Plant], servers: tuple[Path, Path]
) -> None:
    _, postgres = servers
    with plant() as running:
        back_s = []
        for _ in range(times(5, 1)):
            running.wait_for_more(5)
            port = server.port_of(postgres)
            server.stop(postgres, mode="immediate")
            back_s.append(running.back_after(lambda at=port: server.start(postgres, at)))
        told("database immediate stop", back_s)

        assert_nothing_lost(running)
        assert running.gave_up == []


@pytest.mark.parametrize("name", ["observe-1", "sequence", "keep"])
def test_a_worker_frozen_past_its_session(plant: Callable[..., Plant], name: str) -> None:
    with plant() as running:
        other = f"{name}-other"
        running.start(other)
        taken_over_s = []
        for _ in range(times(2, 1)):
            # Of two that sequence, or keep, one does nothing: who, only they know.
            for each in (name, other):
                running.wait_for_more(5)
                taken_over_s.append(running.freeze(each, FROZEN_S))
        told(f"{name} frozen past its session, taken over", taken_over_s)

        assert_nothing_lost(running)
