"""A simulated hour comes to the same states on every log, however many workers share the work."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.faults.plant import Plant
from tests.servers import an_empty_database

pytestmark = pytest.mark.xdist_group("faults")

HOUR = ("simulate", "--satellites", "2000", "--speed", "300", "--ticks", "60", "--faults")
"""Five ticks of a minute each second, of which some are late, twofold or unreadable."""


def an_hour(folder: Path, broker_url: str, database_url: str, *, observers: int = 1) -> list[str]:
    with Plant(folder, broker_url, database_url, observers=observers, world=HOUR) as plant:
        plant.finish()
        plant.prove()
        return plant.hashes()


def test_states_of_an_hour_are_equal_on_every_log_and_with_any_workers(
    tmp_path: Path, kafka_bootstrap: str, postgres_server: str
) -> None:
    def place() -> str:
        return f"kafka://{kafka_bootstrap}/t{uuid.uuid4().hex}"

    embedded = tmp_path / "embedded"
    expected = an_hour(embedded, f"log://{embedded}/log.db", f"sqlite:///{embedded}/twin.db")
    with an_empty_database(postgres_server) as url:
        one = an_hour(tmp_path / "one", place(), url)
    with an_empty_database(postgres_server) as url:
        three = an_hour(tmp_path / "three", place(), url, observers=3)
    with an_empty_database(postgres_server) as url:
        changing = tmp_path / "changing"
        with Plant(changing, place(), url, observers=3, world=HOUR) as plant:
            plant.start("observe-4")
            plant.wait_for_more(10)
            plant.drop("observe-2")
            plant.finish()
            plant.prove()
            other = plant.hashes()

    assert len(expected) == 60
    assert one == expected
    assert three == expected
    assert other == expected
