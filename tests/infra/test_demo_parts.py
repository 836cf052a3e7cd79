"""What the demo decides before anything runs, wherever its log lies."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from infra.demo import Plan, refuse_a_log_without_its_world, through_count
from streams.settings import Settings
from tests.one_process import small_twin
from twin.errors import Unavailable

TICKS_COUNT = 3


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """A folder without a log: that, with some ticks in it, lies in another."""
    with small_twin(tmp_path / "its own") as twin:
        twin.run(TICKS_COUNT)
        return msgspec.structs.replace(twin.settings, directory=tmp_path / "other")


def plan(ticks_count: int | None) -> Plan:
    return Plan(ticks_count=ticks_count, speed=None, workers_count=1, is_plain=True)


def test_ticks_asked_for_come_after_those_the_journal_has(elsewhere: Settings) -> None:
    assert through_count(elsewhere, plan(5)) == TICKS_COUNT + 5


def test_where_there_is_no_journal_ticks_are_counted_from_the_first(elsewhere: Settings) -> None:
    nowhere = msgspec.structs.replace(elsewhere, broker_url=f"log://{elsewhere.directory}/log.db")

    assert through_count(nowhere, plan(5)) == 5
    assert not elsewhere.directory.exists()


def test_without_a_number_of_ticks_there_is_no_last_one(elsewhere: Settings) -> None:
    assert through_count(elsewhere, plan(None)) is None


def test_a_journal_without_its_world_is_not_gone_on_with(elsewhere: Settings) -> None:
    with pytest.raises(Unavailable, match=r"has no world\.json"):
        refuse_a_log_without_its_world(elsewhere)
