"""A view over a period, rolled up and bounded."""

from __future__ import annotations

import math

import httpx
import pytest

from api.schemas.answers import HistoryPage
from twin.views import VIEWS

PERIOD = {"from": "2029-01-01T00:00:00Z", "to": "2029-01-01T00:20:00Z"}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("step", [None, "60", "60s", "7m", "1h"])
def test_history_has_the_shape_it_is_described_with(
    client: httpx.Client, view: str, step: str | None
) -> None:
    body = client.get(
        f"/v1/history/{view}", params=PERIOD | ({"step": step} if step else {})
    ).json()

    HistoryPage.model_validate(body)
    assert body["rows"]


def test_a_mean_over_a_step_is_that_of_its_ticks(client: httpx.Client) -> None:
    asked = PERIOD | {"segment": "sl-53"}
    ticks = client.get("/v1/history/energy", params=asked).json()["rows"]

    steps = client.get("/v1/history/energy", params=asked | {"step": "5m"}).json()["rows"]

    assert [row["tick"][11:16] for row in ticks] == [f"00:{minute:02}" for minute in range(1, 21)]
    assert [row["tick"][11:16] for row in steps] == ["00:05", "00:10", "00:15", "00:20"]
    for place, step in enumerate(steps):
        covered = ticks[5 * place : 5 * place + 5]
        assert step["interval_s"] == 300.0
        assert math.isclose(
            step["generated_w"], sum(row["generated_w"] for row in covered) / 5, rel_tol=1e-12
        )
        assert step["radiator_k_max"] == max(row["radiator_k_max"] for row in covered)
        assert step["supplied_wh"] == covered[-1]["supplied_wh"]


def test_without_a_step_rows_are_named_by_their_own_ticks(client: httpx.Client) -> None:
    asked = {"from": "2029-01-01T00:03:17Z", "to": "2029-01-01T00:06:59Z", "segment": "sl-53"}

    rows = client.get("/v1/history/energy", params=asked).json()["rows"]

    assert [row["tick"][11:] for row in rows] == ["00:04:00Z", "00:05:00Z", "00:06:00Z"]


def test_steps_end_with_ticks_wherever_the_period_begins(client: httpx.Client) -> None:
    asked = {"from": "2029-01-01T00:03:17Z", "to": "2029-01-01T00:13:00Z", "segment": "sl-53"}

    rows = client.get("/v1/history/energy", params=asked | {"step": "5m"}).json()["rows"]

    assert [row["tick"][11:] for row in rows] == ["00:08:00Z", "00:13:00Z"]
    assert [row["interval_s"] for row in rows] == [300.0, 300.0]


def test_a_step_of_part_of_a_tick_names_the_length_of_a_tick(client: httpx.Client) -> None:
    answer = client.get("/v1/history/energy", params=PERIOD | {"step": "90"})

    assert answer.json()["expected"] == "a multiple of 60 s, the length of a tick"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"step": "0"}, "step"),
        ({"step": "5 minutes"}, "step"),
        ({"step": "999d"}, "step"),
        ({"step": "90"}, "step"),
        ({"step": "1s"}, "step"),
        ({"from": "2029-01-01T00:20:00Z", "to": "2029-01-01T00:10:00Z"}, "from"),
        ({"to": "2031-01-01T00:00:00Z"}, "to"),
        ({"from": "then"}, "from"),
        ({"site": "orbit"}, "site"),
    ],
)
def test_a_wrong_period_is_refused_by_name(
    client: httpx.Client, asked: dict[str, str], field: str
) -> None:
    answer = client.get("/v1/history/capacity", params=asked)

    assert answer.status_code == 422
    assert answer.json()["field"] == field


def test_too_many_rows_are_refused_with_what_to_do(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.history.HISTORY_ROWS_MAX_COUNT", 40)

    answer = client.get("/v1/history/energy", params=PERIOD)

    assert answer.status_code == 422
    assert answer.json()["field"] == "step"
    step = answer.json()["remedy"].split()[5].rstrip(",")
    assert client.get("/v1/history/energy", params=PERIOD | {"step": step}).status_code == 200


def test_too_much_to_read_is_refused_before_it_is_read(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.history.HISTORY_READ_MAX_COUNT", 40)

    answer = client.get("/v1/history/energy", params=PERIOD)

    assert answer.status_code == 422
    assert answer.json()["field"] == "from"
    assert "shorter period" in answer.json()["remedy"]


def test_an_unknown_view_names_the_nearest(client: httpx.Client) -> None:
    answer = client.get("/v1/history/enrgy")

    assert answer.status_code == 404
    assert "'energy'" in answer.json()["expected"]
