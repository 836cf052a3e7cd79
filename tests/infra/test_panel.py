"""The panel fits the terminal it is in, and what it shows can be understood."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from infra import panel_boxes as boxes
from infra.plain import PlainLines
from infra.sight import (
    Compute,
    Facts,
    OpenAlert,
    Place,
    Power,
    Seen,
    SegmentFacts,
    Setting,
    Sight,
    Verdict,
)
from infra.world_file import CatalogueChoice, WorldChoice
from twin.fold import registry
from twin.fold.alarms import Condition

CHOICE = WorldChoice("2029", 1, "2029-01-01T00:00:00Z", 60.0, True, None, None)
SETTING = Setting(CHOICE, True, "/somewhere/var", "http://127.0.0.1:8000")
PLACE = Place(Power(4.6e8, 1.7e8, 1e8, 0.96), Compute(60_000, 58_400, 49_200, 1, 1))
ALERTS = (
    OpenAlert("sl-53/power", "warning", 44.0, 4.3, (530_000_021, 530_000_530)),
    OpenAlert("c2-gb200/supply", "critical", 1.38e8, 0.0, ()),
)
FACTS = Facts(
    number=12_345,
    tick_ns=1_861_920_000_000_000_000,
    hash="810d272de04e9a9afd93" + "0" * 44,
    rows_count=15_702,
    not_applied_count=3,
    lag_s=0.063,
    satellites_count=14_962,
    satellites_up_count=14_928,
    sunlit_fraction=0.7,
    downlink_available_bps=3_450_000_000_000_000,
    downlink_delivered_bps=873_000_000_000_000,
    orbit=PLACE,
    ground=PLACE,
    segments=(SegmentFacts("sl-53", False, 4332, 4328, 0.7, 0.9, 8e7, 2e7, "failure"),),
    alerts=ALERTS,
)


def sight(verdict: Verdict | None = None) -> Sight:
    seen = Seen(facts=FACTS, verdict=verdict or Verdict(12_344, FACTS.tick_ns))
    return Sight(seen=seen, ticks_per_s=10.0, is_stopping=False, note="")


def drawn(what: object, *, columns: int) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, force_terminal=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_that_is_always_there_is_cut_off(columns: int) -> None:
    whole = (boxes.head(SETTING, sight()), boxes.segments(FACTS), boxes.foot(SETTING, sight()))
    halves = (
        boxes.fleet(FACTS),
        boxes.power(FACTS),
        boxes.compute(FACTS),
        boxes.proof(FACTS, sight()),
    )

    wide = [line for box in whole for line in drawn(box, columns=columns)]
    narrow = [line for box in halves for line in drawn(box, columns=columns // 2)]

    cut = [line for line in wide + narrow if "…" in line and "hash" not in line]
    assert cut == []
    assert any("Ctrl-C stops; it resumes" in line for line in wide)
    assert any("/v1/stream" in line for line in wide)


def test_every_condition_of_an_alarm_has_words() -> None:
    of_segments = {condition.name.lower() for condition in Condition}

    assert set(boxes.SAID) == of_segments | set(registry.CONDITIONS)


def test_an_alarm_says_what_is_wrong_in_its_unit_and_the_worst_comes_first() -> None:
    lines = drawn(boxes.alerts(FACTS, lines_count=4), columns=120)

    assert "c2-gb200/supply" in lines[1]
    assert "138 MW less than it needs" in lines[1]
    assert "44 below expected power: 530000021 530000530 and 42 more" in lines[2]


def test_of_more_alarms_than_fit_the_worst_are_shown_and_the_others_counted() -> None:
    lines = drawn(boxes.alerts(FACTS, lines_count=1), columns=120)

    assert "and 2 more" in lines[1]


def test_a_check_replay_that_stopped_is_not_said_to_agree(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stopped = sight(Verdict(7, 0, stopped="disk I/O error"))

    panel = drawn(boxes.proof(FACTS, stopped), columns=40) + drawn(
        boxes.foot(SETTING, stopped), columns=80
    )
    PlainLines(SETTING).show(stopped)

    said = capsys.readouterr().out
    assert any("stopped at tick 7" in line for line in panel)
    assert any("check replay stopped: disk I/O error" in line for line in panel)
    assert "check replay stopped after tick 7: disk I/O error" in said
    assert "agrees" not in said + "".join(panel)


def test_what_a_catalogue_comes_with_is_said_in_whole() -> None:
    choice = msgspec.structs.replace(
        CHOICE, world="2026", catalogue=CatalogueChoice("catalogue.tle", "00")
    )
    setting = msgspec.structs.replace(SETTING, choice=choice, is_assumed=False)

    head = drawn(boxes.head(setting, sight()), columns=80)[0]

    assert "catalogue, sites of world 2026: counted, telemetry simulated" in head


def test_the_last_line_tells_ticks_of_this_run_from_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setting = msgspec.structs.replace(SETTING, begun_count=12_342)

    PlainLines(setting).close(sight())

    assert "after 3 ticks, now at tick 12,345" in boxes.farewell(setting, sight()).plain
    assert "stopped after 3 ticks, now at tick 12,345, " in capsys.readouterr().out
