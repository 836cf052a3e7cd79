"""Events in order and resumed; alerts and dead letters as known then."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from api.schemas.answers import AlertPage, DeadLetterPage, EventLine
from streams.journal import records
from tests.one_process import OneProcess
from twin.events import AssumptionSet
from twin.records import Chain

LINK = re.compile(r'<(.+)>; rel="next"')


def lines_of(answer: httpx.Response) -> list[dict]:
    assert answer.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


def all_lines(client: httpx.Client, path: str) -> list[dict]:
    """Every line from a cursor on, page by page."""
    answer = client.get(path).raise_for_status()
    lines = lines_of(answer)
    while link := LINK.fullmatch(answer.headers.get("link", "")):
        answer = client.get(link[1]).raise_for_status()
        lines += lines_of(answer)
    return lines


@pytest.mark.parametrize("limit", [37, 1000, 10_000])
def test_pages_of_events_join_to_the_journal(
    client: httpx.Client, town: OneProcess, limit: int
) -> None:
    journal = [
        (entry.record.number, ordinal, str(event.identity), json.loads(event.body))
        for entry in records(town.log, Chain(), start=0)
        for ordinal, event in enumerate(entry.record.content.events, start=1)
    ]

    lines = all_lines(client, f"/v1/events?limit={limit}")

    for line in lines[:3]:
        EventLine.model_validate(line)
    assert [(x["number"], x["ordinal"], x["id"], x["body"]) for x in lines] == journal


def test_reading_on_after_any_line_gives_the_rest(client: httpx.Client) -> None:
    lines = all_lines(client, "/v1/events?limit=10000")

    for place in (0, 5, len(lines) - 2, len(lines) - 1):
        rest = all_lines(client, f"/v1/events?limit=500&after={lines[place]['cursor']}")
        assert rest == lines[place + 1 :]


def test_events_of_one_kind_are_found_wherever_they_are(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.past_events.RECORDS_SCANNED_MAX_COUNT", 3)
    whole = all_lines(client, "/v1/events?limit=10000")

    found = all_lines(client, "/v1/events?kind=SupplyChanged&limit=1")

    assert found == [line for line in whole if line["kind"] == "SupplyChanged"]
    assert found


def test_the_end_says_where_to_read_on_later(own: OneProcess, serve_own: httpx.Client) -> None:
    end = serve_own.get("/v1/events", params={"limit": 10_000}).headers["next-after"]
    own.tell(AssumptionSet("x_usd", 1.0, "usd", "2026-01-01", "a person", "assumed"))
    own.run(2)

    answer = serve_own.get("/v1/events", params={"after": end, "kind": "AssumptionSet"})

    assert [line["kind"] for line in lines_of(answer)] == ["AssumptionSet"]
    assert "link" not in answer.headers


def test_a_body_of_several_lines_stays_one_line(own: OneProcess, serve_own: httpx.Client) -> None:
    fact = AssumptionSet("y_usd", 2.0, "usd", "2026-01-01", "line\none", "assumed")
    body = json.dumps({n: getattr(fact, n) for n in fact.__struct_fields__}, indent=2).encode()
    own.append("AssumptionSet", body, topic="ledger", source="operator")
    own.run(1)

    answer = serve_own.get("/v1/events", params={"after": "2/0", "kind": "AssumptionSet"})

    (line,) = lines_of(answer)
    assert line["body"]["source"] == "line\none"
    assert line["source"] == "operator"


@pytest.mark.parametrize("after", ["25/0", "x", "3", "-1/0", "999999999999999/1"])
def test_a_cursor_that_is_none_is_refused(client: httpx.Client, after: str) -> None:
    answer = client.get("/v1/events", params={"after": after})

    assert answer.status_code == 422
    assert answer.json()["field"] == "after"


def test_a_cursor_past_the_end_of_its_record_goes_on_with_the_next(client: httpx.Client) -> None:
    lines = all_lines(client, "/v1/events?after=5/999999999")

    assert lines == all_lines(client, "/v1/events?after=6/0")


def test_an_alert_is_known_from_the_tick_it_was_raised_in(client: httpx.Client) -> None:
    body = client.get("/v1/alerts").json()
    AlertPage.model_validate(body)
    raised = body["rows"][0]["raised"]

    then = client.get("/v1/alerts", params={"at": raised, "open": "true"}).json()["rows"]
    cleared = client.get("/v1/alerts", params={"open": "false"}).json()["rows"]

    assert body["rows"][0]["alarm_id"] in {row["alarm_id"] for row in then}
    assert all(row["raised"] <= raised and row["is_open"] for row in then)
    assert [row for row in body["rows"] if not row["is_open"]] == cleared


def test_open_alerts_are_as_many_as_the_twin_says(client: httpx.Client) -> None:
    for minute in (1, 6, 12, 24):
        at = {"at": f"2029-01-01T00:{minute:02}:00Z"}
        rows = client.get("/v1/alerts", params=at | {"open": "true"}).json()["rows"]
        assert client.get("/v1/twin", params=at).json()["open_alerts_count"] == len(rows)


def test_a_dead_letter_has_its_reason_and_its_place(client: httpx.Client) -> None:
    body = client.get("/v1/dead-letters").json()

    DeadLetterPage.model_validate(body)
    (letter,) = body["rows"]
    assert letter["stage"] == "quarantined"
    assert "unreadable Arrow" in letter["reason"]
    assert letter["topic"] == "satellites"


def test_a_refused_event_is_a_dead_letter_too(own: OneProcess, serve_own: httpx.Client) -> None:
    own.tell(AssumptionSet("alarm.silent_fraction", -1.0, "fraction", "", "x", "assumed"))
    own.run(1)

    (letter,) = serve_own.get("/v1/dead-letters").json()["rows"]

    assert (letter["stage"], letter["kind"]) == ("refused", "AssumptionSet")
    assert letter["event_id"].startswith("operator/")
