"""The wall's questions have answers on a real PostgreSQL, as the role that may only read."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import yaml

from infra.grafana import questions
from infra.grafana.colours import SEGMENTS, STATUSES
from infra.grafana.overview import overview
from infra.grafana.panels import COLUMNS
from infra.panel import facts
from infra.panel.sight import Facts
from infra.processes.setting_up import READER, grant_reader
from tests.one_process import OneProcess
from tests.servers import an_empty_database
from twin.baseline import load, world_names
from twin.business.windows import STATUSES as ALL_STATUSES

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "infra" / "grafana"
TICKS_COUNT = 32
PASSWORD = "for-this-test-alone"
PANELS = overview()["panels"]
TARGETS = [(panel, target) for panel in PANELS for target in panel["targets"]]
HEIGHT_MAX = 27
"""Grid rows on a screen of 1080 lines: each is 30 high, with 8 between."""
OFTEN, SELDOM = 1, 600_000
"""Milliseconds between two points: a tick each, or all in one."""


class Wall(NamedTuple):
    """A read model of the whole group, for who looks and for who may write."""

    reader: psycopg.Connection[Any]
    owner: psycopg.Connection[Any]
    facts: Facts


@pytest.fixture(scope="module")
def wall(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    """The assumed world after a few minutes in which something broke."""
    folder = tmp_path_factory.mktemp("wall")
    with an_empty_database(postgres_server) as url:
        with OneProcess(
            folder, baseline=load("2029"), satellites_count=400, has_faults=True, database_url=url
        ) as twin:
            twin.run(TICKS_COUNT)
            grant_reader(twin.engine, PASSWORD)
            with twin.engine.begin() as db:
                # As the server does by itself, once there is more.
                db.exec_driver_sql("ANALYZE")
            seen = facts.latest(twin.engine)
        assert seen is not None
        parts = psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", ""))
        with (
            psycopg.connect(**parts | {"user": READER, "password": PASSWORD}) as reader,
            psycopg.connect(**parts) as owner,
        ):
            yield Wall(reader, owner, seen)


def expanded(sql: str, *, interval_ms: int = OFTEN, until_ns: int = 4_102_444_800 * 10**9) -> str:
    """The question as Grafana sends it, about all time until an instant."""
    sql = re.sub(r"\$__unixEpochNanoFilter\(([\w.]+)\)", rf"\1 >= 0 AND \1 <= {until_ns}", sql)
    return sql.replace("$__interval_ms", str(interval_ms))


def figures(wall: Wall, title: str) -> dict[str, Any]:
    """What a panel of single figures shows, by name."""
    (target,) = next(panel["targets"] for panel in PANELS if panel["title"] == title)
    cursor = wall.reader.execute(expanded(target["rawSql"]))
    (row,) = cursor.fetchall()
    return dict(zip([each.name for each in cursor.description or ()], row, strict=True))


@pytest.mark.parametrize(
    ("panel", "target"),
    TARGETS,
    ids=[f"{panel['title']} {target['refId']}" for panel, target in TARGETS],
)
def test_a_question_of_the_wall_has_an_answer(
    panel: dict[str, Any], target: dict[str, Any], wall: Wall
) -> None:
    cursor = wall.reader.execute(expanded(target["rawSql"]))
    rows = cursor.fetchall()

    assert rows, "an empty panel says nothing"
    names = [column.name for column in cursor.description or ()]
    if target["format"] == "time_series":
        times = [row[0] for row in rows]
        assert names[0] == "time"
        assert times == sorted(times), "Grafana refuses lines that go back in time"
        assert len(set(times)) == TICKS_COUNT
        assert all(None not in row for row in rows)
    else:
        assert "time" not in names, "Grafana takes it for an instant, and refuses words"
    if panel["type"] == "stat":
        assert len(rows) == 1
        assert None not in rows[0]
    overridden = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
    overridden -= set(SEGMENTS)
    metrics = {row[names.index("metric")] for row in rows} if "metric" in names else set()
    others = {name for each in panel["targets"] for name in re.findall(r"AS (\w+)", each["rawSql"])}
    assert overridden <= {*names, *metrics, *others}, "colours for what is not shown"


@pytest.mark.parametrize(
    "sql",
    [target["rawSql"] for _, target in TARGETS if target["format"] == "time_series"],
)
def test_a_line_has_no_more_points_than_there_is_room_for(sql: str, wall: Wall) -> None:
    rows = wall.reader.execute(expanded(sql, interval_ms=SELDOM)).fetchall()

    # Two, if the ticks fell on both sides of the end of a step.
    assert len({row[0] for row in rows}) <= 2


def test_the_wall_says_what_the_panel_of_the_terminal_says(wall: Wall) -> None:
    seen = wall.facts

    assert figures(wall, "Satellites") == {
        "up": seen.satellites_up_count,
        "down": seen.satellites_count - seen.satellites_up_count,
    }
    assert figures(wall, "Lag")["lag"] == seen.lag_s
    used_w = seen.orbit.power.used_w + seen.ground.power.used_w
    assert figures(wall, "Power")["used"] == pytest.approx(used_w)
    assert float(figures(wall, "Revenue")["revenue"]) == seen.consolidated_usd_per_y
    assert sum(figures(wall, "Alerts").values()) == len(seen.alerts)
    assert figures(wall, "Commitments") == {
        "at risk": seen.promises.at_risk_count,
        "breached": seen.promises.running_count - seen.promises.kept_count,
    }


def test_satellites_are_counted_once_however_many_resources_they_have(wall: Wall) -> None:
    (panel,) = (each for each in PANELS if each["title"] == "Satellites down")
    (target,) = panel["targets"]

    rows = wall.reader.execute(expanded(target["rawSql"])).fetchall()

    newest = max(row[0] for row in rows)
    seen = wall.facts
    down_count = sum(value for time, _, value in rows if time == newest)
    assert down_count == seen.satellites_count - seen.satellites_up_count > 0


def test_alerts_are_told_in_words_and_none_is_told_too(wall: Wall) -> None:
    asked = expanded(questions.ALERTS)

    some = wall.reader.execute(asked).fetchall()
    with wall.owner.transaction(force_rollback=True):
        wall.owner.execute("DELETE FROM alert")
        none = wall.owner.execute(asked).fetchall()

    assert len(some) == len(wall.facts.alerts)
    assert any(said.startswith("may break in ") for _, _, said, _ in some)
    assert [row[0] for row in some] == sorted(row[0] for row in some), "critical first"
    assert none == [("none", "", "nothing is wrong", None)]


@pytest.mark.parametrize(
    ("value", "alarm_id", "said"),
    [
        (138_500_000.0, "c2-gb200/supply", "138.5 MW less than it needs"),
        (2_500.0, "sl-53/unaccounted", "2.5 kW unexplained"),
        (26_000.0, "ai1-sso/thermal", "26,000 too warm"),
        (5_400.0, "commitment/genai-mil/at-risk", "may break in 1.5 h"),
        (0.0, "commitment/genai-mil/at-risk", "may break in 0.0 s"),
        (60.0, "commitment/genai-mil/breached", "is broken"),
        (1.0, "sl-53/of-a-newer-release", "of-a-newer-release"),
    ],
)
def test_an_alert_is_told_with_its_figure_and_unit(
    value: float, alarm_id: str, said: str, wall: Wall
) -> None:
    with wall.owner.transaction(force_rollback=True):
        wall.owner.execute("DELETE FROM alert")
        wall.owner.execute(
            "INSERT INTO alert VALUES ('live', %s, 0, NULL, 'public', 'warning', 's', %s, 0, '')",
            (alarm_id, value),
        )
        ((_, _, told, _),) = wall.owner.execute(expanded(questions.ALERTS)).fetchall()

    assert told == said


def test_the_reader_can_neither_write_nor_read_the_whole_twin(wall: Wall) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), wall.reader.transaction():
        wall.reader.execute("SELECT body FROM snapshot")
    with pytest.raises(psycopg.Error), wall.reader.transaction():
        wall.reader.execute("DELETE FROM tick")


def test_the_last_minutes_are_found_without_reading_all_ticks(wall: Wall) -> None:
    with wall.reader.transaction(force_rollback=True):
        # A dozen ticks are read at once whatever there is: what could be, counts.
        wall.reader.execute("SET LOCAL enable_seqscan = off")
        plans = [
            "\n".join(row[0] for row in wall.reader.execute(f"EXPLAIN {expanded(sql, until_ns=1)}"))
            for sql in (target["rawSql"] for _, target in TARGETS)
            if "$__unixEpochNanoFilter" in sql
        ]

    assert plans
    assert all("ix_tick_committed_ns" in plan for plan in plans)
    assert not [plan for plan in plans if "Seq Scan" in plan]


def test_the_panels_fill_one_screen_and_none_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = set(
            itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))
        )
        assert not cells & taken, panel["title"]
        taken |= cells

    height = max(y for _, y in taken) + 1
    assert height <= HEIGHT_MAX
    assert len(taken) == COLUMNS * height, "no hole"


def test_every_panel_has_a_name_of_its_own_and_the_data_source_that_is_provisioned() -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/twin.yaml").read_text())
    known = {(each["uid"], each["type"]) for each in provisioned["datasources"]}

    used = {
        (each["datasource"]["uid"], each["datasource"]["type"])
        for each in (*PANELS, *(target for _, target in TARGETS))
    }

    assert used <= known
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        names = [target["refId"] for target in panel["targets"]]
        assert names == sorted(set(names))


def test_a_question_uses_no_macro_but_those_that_were_tried() -> None:
    used = {macro for _, target in TARGETS for macro in re.findall(r"\$\w+", target["rawSql"])}

    assert used == {"$__unixEpochNanoFilter", "$__interval_ms"}


def test_every_status_of_a_commitment_has_a_colour() -> None:
    assert set(STATUSES) == set(ALL_STATUSES)


@pytest.mark.parametrize("world", world_names())
def test_every_segment_of_a_shipped_world_has_a_colour(world: str) -> None:
    baseline = load(world)

    flying = {plan.segment for plan in baseline.satellite_segments}
    standing = {plan.segment for plan in baseline.sites}

    assert flying | standing <= set(SEGMENTS)
    assert len({SEGMENTS[name] for name in flying}) == len(flying), "two look the same"
    assert len({SEGMENTS[name] for name in standing}) == len(standing), "two look the same"


def test_the_file_is_what_the_code_says() -> None:
    path = GRAFANA / "dashboards" / "overview.json"

    assert json.loads(path.read_text()) == overview()
