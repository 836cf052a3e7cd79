"""Dead letters are listed with their reasons; one that can be read by now is said again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from infra.command import main
from infra.log import dead_letters
from infra.world.file import FILE, Asked, settle
from streams.journal import journal_head
from streams.keeping import Keeper
from streams.log.opening import open_log
from streams.log.port import Outgoing
from streams.settings import Settings, load_settings
from streams.store import queries
from streams.store.database import open_database
from streams.store.tables import LIVE
from streams.topics import INPUTS
from tests.one_process import OneProcess, small_twin
from twin.events import SupplyChanged
from twin.records import StreamEnd

SITE = "c1-h100"
UNREADABLE = b'{"site": 5}'


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[OneProcess]:
    with small_twin(tmp_path / "var", has_faults=False) as small:
        settle(tmp_path / "var", Asked())
        small.run(2)
        yield small


def listed(twin: OneProcess, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["dead", "list", "--json", "--dir", str(twin.settings.directory)]) == 0
    letters: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return letters


def redrive(twin: OneProcess, event_id: str) -> int:
    return main(["dead", "redrive", event_id, "--dir", str(twin.settings.directory)])


def keep(settings: Settings) -> None:
    """Fold what is in the journal of a folder into its read model."""
    log, engine = open_log(settings.broker_url), open_database(settings.database_url)
    keeper = Keeper(log, engine, snapshot_ticks=settings.snapshot_ticks)
    keeper.resume()
    keeper.take_all()
    engine.dispose()
    log.close()


def supply_w(twin: OneProcess) -> float | None:
    (fleet,) = [fleet for fleet in twin.keeper.twin.fleets.values() if SITE in fleet.keys]
    return fleet.segments[fleet.keys.index(SITE)].supply_w


def test_a_refused_event_is_applied_once_it_can_be(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    twin.tell(SupplyChanged(site="nowhere", available_w=1e6, cause="test"))
    twin.tick()
    (letter,) = listed(twin, capsys)

    status = redrive(twin, letter["event_id"])
    twin.tick()

    again = listed(twin, capsys)
    assert status == 0
    assert (letter["stage"], "nowhere" in letter["reason"]) == ("refused", True)
    # The site is still unknown: refused under its own new name.
    assert [entry["event_id"] for entry in again] == ["operator/1/redrive/1", letter["event_id"]]


def test_a_conflicting_word_can_be_said_under_its_own_name(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    twin.tell(SupplyChanged(site=SITE, available_w=9e6, cause="first"))
    twin.forget_what_was_told()
    twin.tell(SupplyChanged(site=SITE, available_w=5e6, cause="second, under the same name"))
    twin.tick()
    (letter,) = listed(twin, capsys)
    before_w = supply_w(twin)

    status = redrive(twin, letter["event_id"])
    twin.tick()

    assert status == 0
    assert letter["stage"] == "conflict"
    assert (before_w, supply_w(twin)) == (9e6, 5e6)


def test_what_is_still_poison_is_not_sent(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    twin.append("SupplyChanged", UNREADABLE, topic="workloads", source="stranger")
    twin.tick()
    (letter,) = listed(twin, capsys)
    sent = {topic: twin.log.span(topic, 0).end for topic in INPUTS}

    status = redrive(twin, letter["event_id"])

    said = capsys.readouterr().err
    assert status == 1
    assert said.startswith(f"twin: {letter['event_id']} still cannot be read: SupplyChanged")
    assert said.count("\n") == 1
    assert sent == {topic: twin.log.span(topic, 0).end for topic in sent}


def test_sending_a_letter_twice_says_it_once(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    twin.tell(SupplyChanged(site="nowhere", available_w=1e6, cause="test"))
    twin.tick()
    (letter,) = listed(twin, capsys)

    statuses = [redrive(twin, letter["event_id"]) for _ in range(2)]
    twin.tick()

    with twin.engine.begin() as db:
        tick = queries.latest_tick(db, LIVE)
    said = capsys.readouterr().out.splitlines()
    assert statuses == [0, 0]
    assert said[0].endswith("as operator/1/redrive/1; it joins the next tick to close")
    assert said[1].endswith("before, as operator/1/redrive/1; nothing was sent now")
    assert tick is not None
    assert (tick.duplicate_count, tick.refused_count) == (0, 1)


def test_however_many_are_sent_a_record_keeps_one_end_more(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in range(5):
        twin.tell(SupplyChanged(site=f"nowhere {place}", available_w=1e6, cause="test"))
    twin.tick()
    before = len(journal_head(twin.log)[0].inputs.ends)

    statuses = [redrive(twin, letter["event_id"]) for letter in listed(twin, capsys)]
    twin.tick()

    inputs = journal_head(twin.log)[0].inputs
    assert statuses == [0] * 5
    assert len(inputs.ends) == before + 1
    assert StreamEnd("operator", 1, "redrive", 5) in inputs.ends
    assert {letter["event_id"] for letter in listed(twin, capsys)} >= {
        f"operator/1/redrive/{place}" for place in range(1, 6)
    }


def test_of_two_sent_at_once_each_has_a_name_of_its_own(
    twin: OneProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(2):
        twin.tell(SupplyChanged(site=f"nowhere {place}", available_w=1e6, cause="test"))
    twin.tick()
    first, second = [letter["event_id"] for letter in listed(twin, capsys)]
    real, others = dead_letters.outgoing, [second]

    def while_another_sends(*words: Any, **named: Any) -> Outgoing:
        if others:
            redrive(twin, others.pop())
        return real(*words, **named)

    monkeypatch.setattr(dead_letters, "outgoing", while_another_sends)
    status = redrive(twin, first)

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{second} is sent again as operator/1/redrive/1; it joins the next tick to close",
        f"{first} is sent again as operator/1/redrive/2; it joins the next tick to close",
    ]


def test_a_frame_is_not_sent_again_and_the_reason_is_said(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    twin.append("SatelliteFrameReported", b"half a frame", topic="satellites", source="stranger")
    twin.tick()
    (letter,) = listed(twin, capsys)

    status = redrive(twin, letter["event_id"])

    assert status == 1
    assert capsys.readouterr().err == (
        f"twin: {letter['event_id']} is a frame (SatelliteFrameReported), and its tick has closed"
        " without it; expected an event; nothing was sent: late telemetry is never applied\n"
    )


@pytest.mark.parametrize("is_imported", [True, False], ids=["imported", "trimmed"])
def test_what_is_not_kept_here_is_said_to_be_so(
    twin: OneProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str], is_imported: bool
) -> None:
    twin.append("SupplyChanged", UNREADABLE, topic="workloads", source="stranger")
    twin.tick()
    (letter,) = listed(twin, capsys)
    folder = tmp_path / "var"
    if is_imported:
        folder = tmp_path / "other"
        main(["log", "export", str(tmp_path / "journal"), "--dir", str(tmp_path / "var")])
        main(["log", "import", str(tmp_path / "journal"), "--dir", str(folder)])
        keep(load_settings({}, directory=folder))
    else:
        twin.log.trim("workloads", 0, twin.log.span("workloads", 0).end)
    capsys.readouterr()

    status = main(["dead", "redrive", letter["event_id"], "--dir", str(folder)])

    assert status == 1
    assert capsys.readouterr().err == (
        f"twin: the body of {letter['event_id']} is not kept here; retention removed it, or only"
        " the journal was imported; nothing was sent\n"
    )


def test_nothing_is_sent_where_no_tick_will_close(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    twin.tell(SupplyChanged(site="nowhere", available_w=1e6, cause="test"))
    twin.tick()
    (letter,) = listed(twin, capsys)
    (twin.settings.directory / FILE).unlink()

    status = redrive(twin, letter["event_id"])

    assert status == 1
    assert "can only be read and replayed" in capsys.readouterr().err


def test_a_spoiled_database_is_what_it_says(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with twin.engine.begin() as db:
        db.execute(text("ALTER TABLE dead_letter RENAME COLUMN reason TO gone"))

    status = main(["dead", "list", "--dir", str(twin.settings.directory)])

    said = capsys.readouterr().err
    assert status == 1
    assert said.startswith("twin: the read model: no such column: dead_letter.reason; ")
    assert "bug" not in said


def test_a_letter_nobody_knows_is_not_found(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert redrive(twin, "nobody/1/x/1") == 1
    assert "no dead letter nobody/1/x/1" in capsys.readouterr().err
