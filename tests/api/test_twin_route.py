"""The twin now and then: what stands in the read model is what the journal folds to."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.schemas.answers import TwinState
from tests.api.conftest import TICKS_COUNT, served
from tests.one_process import OneProcess
from twin.baseline import load
from twin.units import instant_text, parse_instant
from twin.views import VIEWS


def test_the_twin_names_its_tick_and_every_view(client: httpx.Client, town: OneProcess) -> None:
    answer = client.get("/v1/twin").raise_for_status()

    body = answer.json()
    TwinState.model_validate(body)
    assert body["branch"] == "live"
    assert body["tick"] == instant_text(town.tick_ns(TICKS_COUNT))
    assert body["number"] == TICKS_COUNT
    assert all(body[name] for name in VIEWS)
    assert answer.headers["twin-tick"] == body["tick"]
    assert answer.headers["twin-hash"] == body["hash"]


def test_an_assumed_world_is_called_one(client: httpx.Client) -> None:
    body = client.get("/v1/twin").json()

    assert body["assumed"] is True
    assert "Assumed world 2029" in body["statement"]
    assert [source["is_assumed"] for source in body["sources"] if source["world"]] == [True]


@pytest.mark.parametrize(
    ("start", "remark"),
    [
        (
            "2025-10-31T00:00:00Z",
            " It starts before 2026-08-22: sites, prices and customers are of that day; contracts"
            " and promises keep their own dates.",
        ),
        ("2026-08-22T00:00:00Z", ""),
    ],
)
def test_a_world_that_starts_before_its_numbers_says_so_at_every_tick(
    tmp_path: Path, start: str, remark: str
) -> None:
    start_ns = parse_instant(start)
    with OneProcess(
        tmp_path, baseline=load("2026"), start_ns=start_ns, satellites_count=40
    ) as early:
        early.run(2)
        with served(create_app(early.settings)) as url, httpx.Client(base_url=url) as asking:
            answers = [
                asking.get("/v1/twin", params=asked).raise_for_status().json()
                for asked in ({}, {"at": instant_text(early.tick_ns(1))})
            ]

    for body in answers:
        assert body["statement"].startswith("Simulated world 2026: ")
        assert body["statement"].endswith("made by a model." + remark)


@pytest.mark.parametrize("number", [1, 5, 6, 17, TICKS_COUNT])
def test_as_of_a_tick_every_row_is_the_one_stored_live(
    client: httpx.Client, town: OneProcess, number: int
) -> None:
    at = instant_text(town.tick_ns(number))
    stored = {
        name: client.get(f"/v1/history/{name}", params={"to": at}).json()["rows"] for name in VIEWS
    }

    body = client.get("/v1/twin", params={"at": at}).json()

    assert body["tick"] == at
    for name in VIEWS:
        assert body[name] == [row for row in stored[name] if row["tick"] == at]


def test_the_newest_tick_as_of_itself_is_the_live_one(client: httpx.Client) -> None:
    live = client.get("/v1/twin").json()

    past = client.get("/v1/twin", params={"at": live["tick"]}).json()

    assert past | {"age_s": 0} == live | {"age_s": 0}


def test_between_two_ticks_the_earlier_one_holds(client: httpx.Client, town: OneProcess) -> None:
    between = instant_text(town.tick_ns(7) + 59_999_999_999)

    body = client.get("/v1/twin", params={"at": between}).json()

    assert body["number"] == 7


def test_the_open_tick_is_not_the_future(client: httpx.Client, town: OneProcess) -> None:
    open_end = instant_text(town.tick_ns(TICKS_COUNT + 1))

    body = client.get("/v1/twin", params={"at": open_end}).json()

    assert body["number"] == TICKS_COUNT


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2029-01-01T00:25:00.000000001Z", "2029-01-01T00:25:00Z at most"),
        ("2199-01-01T00:00:00Z", "2029-01-01T00:25:00Z at most"),
        ("2029-01-01T00:00:59Z", "2029-01-01T00:01:00Z or later"),
        ("1970-01-01T00:00:00Z", "2029-01-01T00:01:00Z or later"),
        ("yesterday", "an RFC 3339 instant"),
        ("2029-01-01T00:05:00+02:00", "an RFC 3339 instant"),
        ("", "an RFC 3339 instant"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/twin", "/v1/energy", "/v1/satellites", "/v1/alerts"])
def test_an_instant_outside_the_log_is_refused_by_name(
    client: httpx.Client, path: str, at: str, expected: str
) -> None:
    answer = client.get(path, params={"at": at})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == "at"
    assert expected in answer.json()["expected"]


def test_another_branch_does_not_exist(client: httpx.Client) -> None:
    answer = client.get("/v1/twin", params={"branch": "lvie"})

    assert answer.status_code == 404
    assert "'live'" in answer.json()["expected"]
