"""Dead letters are listed with their reasons; one that can be read by now is said again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.command import main
from streams.store import queries
from streams.store.tables import LIVE
from tests.one_process import OneProcess, small_twin
from twin.events import SupplyChanged

SITE = "c1-h100"
UNREADABLE = b'{"site": 5}'


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[OneProcess]:
    with small_twin(tmp_path / "var", has_faults=False) as small:
        small.run(2)
        yield small


def listed(twin: OneProcess, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["dead", "list", "--json", "--dir", str(twin.settings.directory)]) == 0
    letters: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return letters


def redrive(twin: OneProcess, event_id: str) -> int:
    return main(["dead", "redrive", event_id, "--dir", str(twin.settings.directory)])


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
    # The site is still unknown: refused under its own new name, which is derived from the old.
    assert [entry["event_id"].split("/")[0] for entry in again] == ["operator", "operator"]
    assert again[0]["event_id"].startswith("operator/1/redrive-")


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
    sent = {topic: twin.log.span(topic, 0).end for topic in ("workloads", "operations")}

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
    assert statuses == [0, 0]
    assert tick is not None
    assert (tick.duplicate_count, tick.refused_count) == (1, 1)


def test_a_letter_nobody_knows_is_not_found(
    twin: OneProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert redrive(twin, "nobody/1/x/1") == 1
    assert "no dead letter nobody/1/x/1" in capsys.readouterr().err
