"""A real trace of requests: read as published, what cannot be read is listed, and it repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import bodies, small_world, ticks

from tests.shared_data import shared_file
from twin.errors import BadInput
from twin.events import DemandObserved, DemandRow, Event, fact
from twin.simulate.llm_trace import LlmTrace, read_llm_trace
from twin.simulate.outbox import WorldTick

SECOND_NS = 1_000_000_000
HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens"


def trace_of(*rows: str, head: str = HEAD, newline: str = "\r\n") -> LlmTrace:
    return read_llm_trace(newline.join([head, *rows]).encode())


def real(name: str) -> LlmTrace:
    path = shared_file(f"llm_traces/AzureLLMInferenceTrace_{name}.csv")
    return read_llm_trace(path.read_bytes())


def row_of(tick: WorldTick, service: str) -> DemandRow:
    message = next(m for m in tick.messages if m.kind == "DemandObserved")
    body = fact(Event(message.identity, message.kind, 0, message.label, message.body))
    assert isinstance(body, DemandObserved)
    return next(row for row in body.rows if row.service == service)


@pytest.mark.parametrize(
    ("name", "requests", "read", "written"),
    [("code", 8819, 18_059_974, 245_896), ("conv", 19366, 22_361_870, 4_088_665)],
)
def test_a_published_trace_is_read_whole(name: str, requests: int, read: int, written: int) -> None:
    trace = real(name)

    assert trace.bad_rows == ()
    assert trace.requests_count == requests
    assert trace.totals[-1].tolist() == [requests, read, written]
    assert 55 * 60 * SECOND_NS < trace.period_ns < 60 * 60 * SECOND_NS


def test_a_row_says_when_to_a_tenth_of_a_microsecond_and_how_many_tokens() -> None:
    trace = trace_of(
        "2023-11-16 18:17:03.9799600,4808,10",
        "2023-11-16 18:17:04.0319600,3180,8",
        "2023-11-16T18:17:05Z,1,2",
    )

    assert trace.at_ns.tolist() == [0, 52_000_000, 1_020_040_000]
    assert trace.totals.tolist() == [[0, 0, 0], [1, 4808, 10], [2, 7988, 18], [3, 7989, 20]]


def test_columns_may_stand_in_any_order_and_rows_in_any() -> None:
    trace = trace_of(
        "8,x,2023-11-16 18:17:04,3180",
        "10,y,2023-11-16 18:17:03,4808",
        head="GeneratedTokens,Model,TIMESTAMP,ContextTokens",
        newline="\n",
    )

    assert trace.at_ns.tolist() == [0, SECOND_NS]
    assert trace.totals[1].tolist() == [1, 4808, 10]


def test_rows_that_cannot_be_read_are_listed_with_line_and_reason() -> None:
    trace = trace_of(
        "2023-11-16 18:17:03,1,2",
        "yesterday,1,2",
        "",
        "2023-11-16 18:17:04,-1,2",
        "2023-11-16 18:17:04,1",
        "2023-02-30 18:17:04,1,2",
        "2023-11-16 18:17:04,1.5,2",
        f"2023-11-16 18:17:04,1,{'9' * 5000}",
        "2023-11-16 18:17:09,3,4",
    )

    assert trace.requests_count == 2
    assert [bad.line for bad in trace.bad_rows] == [3, 5, 6, 7, 8, 9]
    assert "'yesterday'" in trace.bad_rows[0].reason
    assert "'-1' tokens" in trace.bad_rows[1].reason
    assert "2 values" in trace.bad_rows[2].reason


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "columns TIMESTAMP"),
        (b"TIMESTMP,ContextTokens,GeneratedTokens\n", "'TIMESTMP' .the nearest"),
        (HEAD.encode(), "without a readable request"),
        (HEAD.encode() + b"\nnow,1,2", "line 2: timestamp 'now'"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_llm_trace(data)


def test_the_trace_begins_again_when_it_ends() -> None:
    trace = trace_of("2023-11-16 18:17:00,10,1", "2023-11-16 18:17:02.5,20,2")

    counts = [trace.counts(number, SECOND_NS) for number in range(1, 8)]

    assert trace.period_ns == 3 * SECOND_NS
    once = [(1, 10, 1), (0, 0, 0), (1, 20, 2)]
    assert counts == [*once, *once, once[0]]


@given(
    at_s=st.lists(st.integers(0, 100), min_size=1, max_size=20),
    seconds=st.integers(1, 7),
    ticks_count=st.integers(1, 60),
)
def test_no_request_is_lost_or_counted_twice_however_long_the_ticks_are(
    at_s: list[int], seconds: int, ticks_count: int
) -> None:
    trace = trace_of(*(f"2023-11-16 18:{s // 60:02d}:{s % 60:02d},5,3" for s in at_s))

    counts = [trace.counts(n, seconds * SECOND_NS)[0] for n in range(1, ticks_count + 1)]

    until_s, period_s = seconds * ticks_count, max(at_s) - min(at_s) + 1
    comings = [range(s - min(at_s), until_s, period_s) for s in at_s]
    assert sum(counts) == sum(len(each) for each in comings)


def test_requests_that_really_arrived_load_the_accelerators() -> None:
    trace = real("conv")

    traced = list(ticks(small_world(llm_trace=trace), 60))
    drawn = list(ticks(small_world(), 1))

    rows = [row_of(tick, "grok") for tick in traced]
    scale = 2000
    assert [row.requests_count for row in rows] == [
        scale * trace.counts(n, 60 * SECOND_NS)[0] for n in range(1, 61)
    ]
    assert len({row.offered_qty for row in rows}) > 50
    assert row_of(traced[0], "grok-gov") == row_of(drawn[0], "grok-gov")
    assert rows[0] != row_of(drawn[0], "grok")


def test_a_world_with_a_trace_goes_on_where_it_was_killed() -> None:
    trace = trace_of("2023-11-16 18:17:00,1000,100", "2023-11-16 18:21:02.5,20,2")
    never_killed = list(ticks(small_world(llm_trace=trace), 12))

    world = small_world(llm_trace=trace)
    state = world.resume(never_killed[6].seal, bodies(never_killed[6]))

    assert list(ticks(world, 5, state)) == never_killed[7:]
