"""The demo on real files: launches that flew bring satellites, requests that came load Grok."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.journal import records
from streams.log.opening import open_log
from streams.replay import fold
from tests.contract.conftest import Command, as_json
from tests.shared_data import shared_file
from twin.baseline import load
from twin.events import DemandRow
from twin.fold.launches import Launches
from twin.records import Chain
from twin.simulate.llm_trace import read_llm_trace
from twin.state import Twin
from twin.units import NS_PER_S

HOUR_S = 3_600
TICKS_COUNT = 48
"""The first launch of a log lifts off within the first hour, others in the two days."""


def twins(folder: Path) -> list[Twin]:
    """The twin before the first tick and after each."""
    log = open_log(f"log://{folder}/log.db")
    try:
        return [Twin(), *(each.twin for each in fold(Twin(), records(log, Chain(), start=0)))]
    finally:
        log.close()


def launches_of(twin: Twin) -> Launches:
    return twin.launches["public"]


def grok_of(twin: Twin) -> DemandRow:
    (row,) = [row for row in twin.demand["public"].rows if row.service == "grok"]
    return row


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("launches/gcat_falcon9_2010_20251128.csv", "2025-10-"),
        ("launches/ll2_us_past_20260702_20260822_merged.json", "2026-07-24T22:00:00Z"),
        ("launches/ll2_upcoming_us_20260822.json", "2026-08-25T05:00:00Z"),
    ],
)
def test_launches_of_a_real_log_fly_and_bring_satellites(
    twin: Command, name: str, start: str
) -> None:
    file = shared_file(name)

    folder = twin.demo("--launches", str(file), "--tick", str(HOUR_S), "--ticks", str(TICKS_COUNT))

    last = twins(folder)[-1]
    said = as_json(twin.run("replay", "--dir", str(folder), "--json"))
    assert said["agrees"]
    assert (folder / f"launches{file.suffix}").read_bytes() == file.read_bytes()
    assert f'"start": "{start}' in (folder / "world.json").read_text()
    book = launches_of(last)
    assert sum(vehicle.flown_count for vehicle in book.vehicles.values()) == len(book.recent) > 0
    assert sum(each.deployed_count for each in book.recent) > 0
    assert max(booster.flights_count for booster in book.boosters.values()) > 1


def test_requests_of_a_real_trace_load_grok_and_a_resumed_demo_goes_on_with_them(
    twin: Command,
) -> None:
    file = shared_file("llm_traces/AzureLLMInferenceTrace_conv.csv")
    trace = read_llm_trace(file.read_bytes())
    scale = round(load("2029").number("demand.llm-trace.requests_count"))

    twin.demo("--llm-trace", str(file), "--ticks", "3")
    folder = twin.demo("--ticks", "2")

    rows = [grok_of(each) for each in twins(folder)[1:]]
    counts = [trace.counts(number, 60 * NS_PER_S) for number in range(1, 6)]
    assert [(row.requests_count, row.input_tok, row.output_tok) for row in rows] == [
        tuple(scale * count for count in each) for each in counts
    ]
    assert all(row.offered_qty > 0 for row in rows)
    assert '"start": "2029-01-01T00:00:00Z"' in (folder / "world.json").read_text()


def test_a_trace_and_a_log_may_be_given_together(twin: Command) -> None:
    trace = shared_file("llm_traces/AzureLLMInferenceTrace_code.csv")
    log = shared_file("launches/gcat_falcon9_2010_20251128.csv")

    folder = twin.demo("--llm-trace", str(trace), "--launches", str(log), "--ticks", "3")

    seen = twins(folder)[1:]
    assert launches_of(seen[-1]).manifest or launches_of(seen[-1]).recent
    assert grok_of(seen[0]).requests_count > 0


def test_bad_rows_are_listed_the_good_ones_used_and_the_status_says_so(twin: Command) -> None:
    trace = twin.folder / "trace.csv"
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2023-11-16 18:15:46.6805900,374,44\n"
        "yesterday,374,44\n"
        "2023-11-16 18:15:50.9951690,396,many\n"
    )

    done = twin.run(
        *("demo", "--plain", "--speed", "max", "--satellites", "60", "--port", "0", "--ticks", "1"),
        *("--llm-trace", str(trace), "--dir", str(twin.folder / "var")),
    )

    said = done.stderr.splitlines()
    assert done.returncode == 1
    assert [line[:18] for line in said if line.startswith("llm-trace: ")] == [
        "llm-trace: line 3:",
        "llm-trace: line 4:",
    ]
    assert said[-1] == (
        "twin: 2 rows of the trace could not be used (listed above); the others are used"
    )
    assert grok_of(twins(twin.folder / "var")[-1]).requests_count > 0
