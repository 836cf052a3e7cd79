"""The check replay says how far it agrees, what it found wrong, and when it cannot go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.panel import check_replay
from infra.panel.check_replay import CheckReplay
from infra.panel.sight import Verdict
from tests.one_process import OneProcess, small_twin
from tests.waiting import eventually
from twin.errors import BrokenInvariant, Unavailable


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[OneProcess]:
    with small_twin(tmp_path) as running:
        running.run(2)
        yield running


@pytest.fixture
def check(twin: OneProcess) -> Iterator[CheckReplay]:
    checking = CheckReplay(twin.log, twin.engine)
    checking.start()
    yield checking
    checking.stop()


def test_it_follows_what_is_committed(twin: OneProcess, check: CheckReplay) -> None:
    eventually(lambda: check.verdict.number == 2)
    twin.tick()
    eventually(lambda: check.verdict.number == 3)

    assert check.verdict == Verdict(3, twin.tick_ns(3))
    assert check.error is None


def test_a_hash_that_differs_is_what_it_found_wrong(twin: OneProcess, check: CheckReplay) -> None:
    eventually(lambda: check.verdict.number == 2)

    with twin.engine.begin() as db:
        db.execute(
            text(
                "CREATE TRIGGER spoil AFTER INSERT ON tick BEGIN "
                "UPDATE tick SET hash = 'ff' WHERE number = NEW.number; END"
            )
        )
    twin.tick()
    eventually(lambda: check.error is not None)

    assert isinstance(check.error, BrokenInvariant)
    assert check.verdict.number == 2


def test_a_log_that_was_away_for_a_while_is_followed_again(
    twin: OneProcess, check: CheckReplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventually(lambda: check.verdict.number == 2)
    asked = threading.Event()

    def away(*_: object) -> None:
        asked.set()
        raise Unavailable("the log is away")

    monkeypatch.setattr(check_replay, "AWAY_S", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(twin.log, "span", away)
        asked.wait()
    twin.tick()
    eventually(lambda: check.verdict.number == 3)

    assert check.verdict.stopped == ""


def test_a_database_that_cannot_be_read_stops_it_and_it_says_so(
    twin: OneProcess, check: CheckReplay
) -> None:
    eventually(lambda: check.verdict.number == 2)

    with twin.engine.begin() as db:
        db.execute(text("ALTER TABLE tick RENAME TO gone"))
    eventually(lambda: check.verdict.stopped != "")

    assert check.verdict.stopped == "no such table: tick"
    assert check.verdict.number == 2
    assert check.error is None
