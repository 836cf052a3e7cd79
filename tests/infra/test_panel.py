"""The panel fits the terminal it is in, and what it shows can be understood."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from infra.panel import boxes as boxes
from infra.panel.live import drawn as panel_of
from infra.panel.plain import PlainLines
from infra.panel.sight import (
    Compute,
    Earning,
    Facts,
    Lift,
    NextAtRisk,
    OpenAlert,
    Place,
    Power,
    Promises,
    Seen,
    SegmentFacts,
    Setting,
    Sight,
    Verdict,
)
from infra.world.file import WorldChoice
from infra.world.inputs import KeptFile
from twin.business.judging import SEVERITY
from twin.fold import registry
from twin.fold.alarms import Condition

CHOICE = WorldChoice("2029", 1, "2029-01-01T00:00:00Z", 60.0, True, None, None)
SETTING = Setting(CHOICE, True, "/somewhere/var", "http://127.0.0.1:8000")
PLACE = Place(Power(4.6e8, 1.7e8, 1e8, 0.96), Compute(60_000, 58_400, 49_200))
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
    revenue=(
        Earning("Space", 9.13e9),
        Earning("Connectivity", 1.89e10),
        Earning("AI", 1.79e10),
    ),
    consolidated_usd_per_y=4.58e10,
    served_tok_per_s=1.25e6,
    promises=Promises(25, 24, 2, NextAtRisk("starlink-priority-north-america", 1.1e6, True)),
    segments=(SegmentFacts("sl-53", False, 4332, 4328, 0.7, 0.9, 8e7, 2e7, "failure"),),
    alerts=ALERTS,
)


LIFT = Lift(12_345, 1_234, 2, "falcon-heavy", FACTS.tick_ns + 42 * 60 * 10**9)


def sight(verdict: Verdict | None = None, facts: Facts = FACTS) -> Sight:
    seen = Seen(facts=facts, lift=LIFT, verdict=verdict or Verdict(12_344, FACTS.tick_ns))
    return Sight(seen=seen, ticks_per_s=10.0, is_stopping=False, note="")


def drawn(what: object, *, columns: int) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, force_terminal=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def screen(
    columns: int, lines: int, *, facts: Facts = FACTS, setting: Setting = SETTING
) -> list[str]:
    """The panel as a terminal of this size shows it."""
    console = Console(file=io.StringIO(), width=columns, height=lines, force_terminal=False)
    console.print(panel_of(setting, sight(facts=facts), size=console.size), end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


SIZES = [(80, 24), (100, 30), (120, 40)]


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_the_panel_fills_the_terminal_and_cuts_nothing_that_is_always_there(
    columns: int, lines: int
) -> None:
    shown = screen(columns, lines)

    assert len(shown) == lines
    assert {len(line) for line in shown} == {columns}
    assert [line for line in shown if "…" in line and "hash" not in line] == []
    for words in (
        "tick 12,345",
        "14,928",
        "3.45 Pbit/s",
        "1,234 s",
        "1.25 M/s",
        "launches 90 d",
        "42 min",
        "460 MW",
        "49.2 k 84 %",
        "$18.9 B",
        "$45.8 B",
        "24 of 25, 1 breached",
        "breaks in 13 d",
        "starlink-priority-north-america",
        "810d272de04e9a9afd93",
        "agrees to tick 12,344",
        "c2-gb200/supply",
        "Ctrl-C stops; it resumes",
        "/somewhere/var",
    ):
        assert any(words in line for line in shown), words


def test_a_fleet_of_hundreds_of_thousands_fits_a_small_terminal() -> None:
    large = msgspec.structs.replace(
        FACTS, satellites_count=1_000_000, satellites_up_count=999_999, sunlit_fraction=1.0
    )

    shown = screen(80, 24, facts=large)

    assert any("999,999/1,000,000" in line for line in shown)
    assert [line for line in shown if "…" in line and "hash" not in line] == []


def test_segments_are_told_one_by_one_where_alerts_keep_their_room() -> None:
    facts = msgspec.structs.replace(FACTS, segments=FACTS.segments * 12)

    assert not any("held back by" in line for line in screen(100, 30, facts=facts))
    assert any("held back by" in line for line in screen(100, 48, facts=facts))


def test_the_last_line_says_which_real_files_go_in() -> None:
    choice = msgspec.structs.replace(
        CHOICE, launches=KeptFile("launches.csv", "00"), llm_trace=KeptFile("llm-trace.csv", "11")
    )

    shown = screen(80, 24, setting=msgspec.structs.replace(SETTING, choice=choice))

    assert "launches of a log; requests of a trace; in /somewhere/var" in shown[-1]


def test_a_promise_that_does_not_break_is_told_by_the_end_of_its_window() -> None:
    calm = Promises(25, 25, 0, NextAtRisk("pleo-europe", 7_200.0, is_breaking=False))

    shown = screen(100, 30, facts=msgspec.structs.replace(FACTS, promises=calm))

    assert any("25 of 25 " in line for line in shown)
    assert any("window ends in 2.0 h" in line for line in shown)


def test_launches_that_were_counted_long_ago_are_not_told() -> None:
    later = msgspec.structs.replace(FACTS, number=FACTS.number + 1_000)

    shown = drawn(boxes.fleet(later, LIFT, is_roomy=True).drawn, columns=50)

    assert not any("so far" in line for line in shown)


def test_every_condition_of_an_alarm_has_words() -> None:
    of_segments = {condition.name.lower() for condition in Condition}

    assert set(boxes.SAID) == of_segments | set(registry.CONDITIONS) | set(SEVERITY)


def test_an_alarm_says_what_is_wrong_in_its_unit_and_the_worst_comes_first() -> None:
    lines = drawn(boxes.alerts(FACTS, lines_count=4, columns_count=120), columns=120)

    assert "c2-gb200/supply" in lines[1]
    assert "138 MW less than it needs" in lines[1]
    assert "44 below expected power: 530000021 530000530 and 42 more" in lines[2]


def test_a_promise_at_risk_and_a_source_that_cannot_be_read_are_alarms_like_others() -> None:
    told = (
        OpenAlert("commitment/starlink-priority-north-america/at-risk", "warning", 7200.0, 8e4, ()),
        OpenAlert("commitment/pleo-europe/breached", "critical", 60.0, 30.0, ()),
        OpenAlert("source/world-2029/quarantined", "warning", 2.0, 0.0, ()),
    )
    facts = msgspec.structs.replace(FACTS, alerts=told)

    lines = drawn(boxes.alerts(facts, lines_count=4, columns_count=80), columns=80)

    assert "pleo-europe/breached" in lines[1]
    assert "is broken" in lines[1]
    assert "may break in 2.0 h" in lines[2]
    assert "2 not readable" in lines[3]


def test_of_more_alarms_than_fit_the_worst_are_shown_and_the_others_counted() -> None:
    facts = msgspec.structs.replace(FACTS, alerts=ALERTS * 2)

    one = drawn(boxes.alerts(FACTS, lines_count=1, columns_count=120), columns=120)
    two = drawn(boxes.alerts(facts, lines_count=2, columns_count=120), columns=120)

    assert "2 open" in one[0]
    assert "c2-gb200/supply" in one[1]
    assert "c2-gb200/supply" in two[1]
    assert "and 3 more" in two[2]


def test_a_check_replay_that_stopped_is_not_said_to_agree(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stopped = sight(Verdict(7, 0, stopped="disk I/O error"))

    panel = drawn(boxes.proof(FACTS, stopped, is_roomy=True).drawn, columns=40) + drawn(
        boxes.foot(SETTING, stopped, is_roomy=True), columns=80
    )
    PlainLines(SETTING).show(stopped)

    said = capsys.readouterr().out
    assert any("stopped at tick 7" in line for line in panel)
    assert any("check replay stopped: disk I/O error" in line for line in panel)
    assert "check replay stopped after tick 7: disk I/O error" in said
    assert "agrees" not in said + "".join(panel)


def test_what_a_catalogue_comes_with_is_said_in_whole() -> None:
    choice = msgspec.structs.replace(
        CHOICE, world="2026", catalogue=KeptFile("catalogue.tle", "00")
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


def test_a_line_has_revenue_and_commitments(capsys: pytest.CaptureFixture[str]) -> None:
    PlainLines(SETTING).show(sight())

    said = capsys.readouterr().out.splitlines()[-1]
    assert "  revenue $45.8 B/y  commitments 24/25  " in said


def test_launches_flown_say_since_when_and_how_many_failed() -> None:
    assert any("1,234 so far, next 42 min" in line for line in screen(80, 24))
    assert any("1,234 so far, 2 failed" in line for line in screen(100, 30))


@pytest.mark.parametrize("lines", [16, 24, 40])
def test_a_narrow_terminal_has_one_column_of_whole_boxes(lines: int) -> None:
    shown = screen(50, lines)

    assert len(shown) == lines
    assert {len(line) for line in shown if line.startswith(("│", "╭", "╰"))} == {50}
    assert any("2029-01-01T00:00:00Z, tick 12,345" in line for line in shown)
    assert all(line.count("╭") <= 1 for line in shown)
    assert sum("╭" in line for line in shown) == sum("╰" in line for line in shown)


def test_before_the_first_tick_of_a_later_run_the_panel_says_where_it_goes_on() -> None:
    later = msgspec.structs.replace(SETTING, begun_count=60)
    nothing = Sight(seen=Seen(), ticks_per_s=None, is_stopping=False, note="")

    assert "before the first tick" in " ".join(drawn(boxes.head(SETTING, nothing), columns=80))
    assert "before the first tick after 60" in " ".join(
        drawn(boxes.head(later, nothing), columns=80)
    )
    assert boxes.farewell(later, nothing).plain == "stopped before the first tick after 60"
