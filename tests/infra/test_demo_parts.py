"""What the demo decides before anything runs, wherever its log lies."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from infra.demo import running
from infra.installation import journal_count
from infra.world.file import Asked, refuse_a_log_without_its_world
from streams.settings import Settings, load_settings
from tests.infra.test_demo import GOOD
from tests.one_process import small_twin
from twin.errors import Unavailable

TICKS_COUNT = 3


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """A folder without a log: that, with some ticks in it, lies in another."""
    with small_twin(tmp_path / "its own") as twin:
        twin.run(TICKS_COUNT)
        return msgspec.structs.replace(twin.settings, directory=tmp_path / "other")


def test_ticks_asked_for_come_after_those_the_journal_has(elsewhere: Settings) -> None:
    assert journal_count(elsewhere) == TICKS_COUNT


def test_where_there_is_no_journal_ticks_are_counted_from_the_first(elsewhere: Settings) -> None:
    nowhere = msgspec.structs.replace(elsewhere, broker_url=f"log://{elsewhere.directory}/log.db")

    assert journal_count(nowhere) == 0
    assert not elsewhere.directory.exists()


def test_a_journal_without_its_world_is_not_gone_on_with(elsewhere: Settings) -> None:
    with pytest.raises(Unavailable, match=r"has no world\.json"):
        refuse_a_log_without_its_world(elsewhere)


def test_kernels_and_imports_are_readied_once_whatever_flies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(running, "_warm", lambda: done.append("kernels"))
    monkeypatch.setattr(running.children, "prepare", lambda: done.append("imports"))
    monkeypatch.setattr(running, "_run", lambda *_: done.append("run"))
    (tmp_path / "good.tle").write_text("\n".join(GOOD))
    plan = running.Plan(ticks_count=1, speed=None, workers_count=1, is_plain=True)

    running.run(
        load_settings({}, directory=tmp_path / "var", port=0),
        Asked(catalogue=tmp_path / "good.tle"),
        plan,
    )

    assert done == ["kernels", "imports", "run"]
