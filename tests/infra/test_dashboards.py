"""The wall's questions have answers on a real PostgreSQL, as the role that may only read."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.grafana.overview import overview
from infra.grafana.panels import COLUMNS
from infra.setting_up import READER, grant_reader
from tests.one_process import OneProcess
from tests.servers import an_empty_database
from twin.baseline import load

ROOT = Path(__file__).parents[2]
TICKS_COUNT = 12
PASSWORD = "for-this-test-alone"
PANELS = overview()["panels"]
HEIGHT_MAX = 26
"""Grid rows that a screen of 1080 lines has below the menu."""


@pytest.fixture(scope="module")
def reader(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection[Any]]:
    """A connection as dashboards have it, to a read model of the whole group with alerts."""
    folder = tmp_path_factory.mktemp("wall")
    with an_empty_database(postgres_server) as url:
        with OneProcess(
            folder, baseline=load("2029"), satellites_count=400, has_faults=True, database_url=url
        ) as twin:
            twin.run(TICKS_COUNT)
            grant_reader(twin.engine, PASSWORD)
        parts = psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", ""))
        with psycopg.connect(**parts | {"user": READER, "password": PASSWORD}) as db:
            yield db


def expanded(sql: str) -> str:
    """The question as Grafana sends it: its macros for the last ten years, a step of a second."""
    sql = re.sub(r"\$__unixEpochNanoFilter\((\w+)\)", r"\1 >= 0 AND \1 <= 4102444800000000000", sql)
    return sql.replace("$__interval_ms", "1000")


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_question_of_the_wall_has_an_answer(
    panel: dict[str, Any], reader: psycopg.Connection[Any]
) -> None:
    (target,) = panel["targets"]

    cursor = reader.execute(expanded(target["rawSql"]))
    rows = cursor.fetchall()

    assert rows, "an empty panel says nothing"
    names = [column.name for column in cursor.description or ()]
    if target["format"] == "time_series":
        assert names[0] == "time"
        assert len({row[0] for row in rows}) > 1, "a line needs two points"
    if panel["type"] == "stat":
        assert len(rows) == 1
        assert rows[0][-1] is not None


def test_the_reader_can_neither_write_nor_read_the_whole_twin(
    reader: psycopg.Connection[Any],
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
        reader.execute("SELECT body FROM snapshot")
    with pytest.raises(psycopg.Error), reader.transaction():
        reader.execute("DELETE FROM tick")


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


def test_the_file_is_what_the_code_says() -> None:
    path = ROOT / "infra" / "grafana" / "dashboards" / "overview.json"

    assert json.loads(path.read_text()) == overview()
