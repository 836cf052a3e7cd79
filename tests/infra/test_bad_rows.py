"""Rows of a world's files that were not taken are listed with their place and the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.world.bad_rows import SHOWN_COUNT, bad_rows_line, report_bad_rows
from infra.world.file import Asked, settle
from tests.simulate.test_launch_log import LL2, ROW, gcat

HEADING = "TIMESTAMP,ContextTokens,GeneratedTokens"
REQUEST = "2023-11-16 18:15:46.6805900,374,44"


def test_a_bad_line_of_a_table_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(gcat(ROW, ROW | {"Launch_Tag": "2025-246", "LaunchCode": "?"}))

    counts = report_bad_rows(settle(tmp_path / "var", Asked(launches=log)))

    said = capsys.readouterr().err
    assert counts == {"launches": 1}
    assert said.startswith("launches: line 3: LaunchCode='?'; expected OS, DS85, OF or OE")
    assert said.endswith("(2025-246 Starlink-321)\n")


def test_a_bad_object_of_a_list_is_listed_by_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.json"
    log.write_text(json.dumps([LL2, LL2 | {"id": "x", "net": "soon"}]))

    counts = report_bad_rows(settle(tmp_path / "var", Asked(launches=log)))

    assert counts == {"launches": 1}
    assert capsys.readouterr().err.startswith("launches: launch 2: net='soon'; expected")


def test_of_many_bad_rows_the_first_are_listed_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("\n".join([HEADING, REQUEST, *["yesterday,1,1"] * (SHOWN_COUNT + 5)]))

    counts = report_bad_rows(settle(tmp_path / "var", Asked(llm_trace=trace)))

    said = capsys.readouterr().err.splitlines()
    assert counts == {"llm-trace": SHOWN_COUNT + 5}
    assert said[0].startswith("llm-trace: line 3: timestamp 'yesterday'; expected UTC")
    assert said[-1] == "llm-trace: … and 5 more"


def test_a_log_of_which_nothing_flies_is_no_failure_but_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(gcat(ROW))
    asked = Asked(launches=log, start="2026-01-01T00:00:00Z")

    counts = report_bad_rows(settle(tmp_path / "var", asked))

    assert counts == {}
    assert capsys.readouterr().err == (
        "launches: none of them flies: the last is of 2025-10-29T16:33:36Z, and the world starts "
        "at 2026-01-01T00:00:00Z\n"
    )


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (
            {"catalogue": 1},
            "1 row of the catalogue could not be used (listed above); the others fly",
        ),
        (
            {"launches": 2, "llm-trace": 1},
            "2 rows of the launch log and 1 row of the trace could not be used (listed above); "
            "the others are used",
        ),
    ],
)
def test_the_last_line_counts_them_file_by_file(counts: dict[str, int], said: str) -> None:
    assert bad_rows_line(counts) == said
