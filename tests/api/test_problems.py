"""Errors: each a problem detail that a person understands, and that names what is at fault."""

from __future__ import annotations

import httpx
import pytest

from api.asked import PAGE_EXPECTED
from api.problems import Problem
from twin.views import VIEWS

WRONG_NAMES = (
    ("/v1/twin", {"branch": "lvie"}, "branch"),
    ("/v1/capacity", {"segment": "sl-35"}, "segment"),
    ("/v1/capacity", {"region": "eurpoe"}, "region"),
    ("/v1/history/enrgy", {}, "view"),
    ("/v1/satellites", {"segment": "sl-35"}, "segment"),
    ("/v1/satellites", {"region": "eurpoe"}, "region"),
    ("/v1/satellites/7", {}, "asset_id"),
    ("/v1/assumptions/x", {}, "name"),
    ("/v1/stream", {"segment": "sl-35"}, "segment"),
)


@pytest.mark.parametrize(("path", "asked", "field"), WRONG_NAMES)
def test_a_name_that_nothing_has_is_404_and_says_whose_it_is(
    client: httpx.Client, path: str, asked: dict[str, str], field: str
) -> None:
    answer = client.get(path, params=asked)

    body = answer.json()
    Problem.model_validate(body)
    assert answer.status_code == 404
    assert body["field"] == field
    assert body["given"].startswith(f"{field}=")
    assert body["expected"]


@pytest.mark.parametrize(
    ("path", "asked", "detail"),
    [
        (
            "/v1/satellites",
            {"status": "asleep"},
            "status='asleep'; expected one of nominal, safe, failed",
        ),
        ("/v1/satellites", {"sunlit": "perhaps"}, "sunlit='perhaps'; expected true or false"),
        ("/v1/alerts", {"limit": "0"}, "limit='0'; expected a whole number from 1 to 1000"),
        (
            "/v1/satellites/4294967296",
            {},
            "asset_id='4294967296'; expected a whole number from 0 to 4294967295",
        ),
        (
            "/v1/capacity",
            {"segment": "s" * 201},
            f"segment='{'s' * 200}'; expected text of at most 200 characters, such as sl-53",
        ),
        (
            "/v1/stream",
            {"view": ["energy"] * (len(VIEWS) + 1)},
            f"{len(VIEWS) + 1} values of view; expected {len(VIEWS)} at most, each one of "
            + ", ".join(VIEWS),
        ),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(
    client: httpx.Client, path: str, asked: dict[str, str], detail: str
) -> None:
    answer = client.get(path, params=asked)

    body = answer.json()
    Problem.model_validate(body)
    assert answer.status_code == 422
    assert body["detail"] == detail
    assert f"{body['given']}; expected {body['expected']}" == detail
    assert body["field"] in detail
    assert "errors" not in body


def test_several_wrong_values_are_told_one_by_one(client: httpx.Client) -> None:
    answer = client.get("/v1/why", params={"view": "energy"})

    body = answer.json()
    Problem.model_validate(body)
    assert [fault["field"] for fault in body["errors"]] == ["key", "column"]
    assert [fault["given"] for fault in body["errors"]] == ["key is missing", "column is missing"]
    assert all(fault["expected"] for fault in body["errors"])


@pytest.mark.parametrize("limit", ["0", "1001", "50001", "many"])
def test_the_bounds_of_a_page_are_told_alike_everywhere(client: httpx.Client, limit: str) -> None:
    answer = client.get("/v1/satellites", params={"limit": limit})

    assert answer.status_code == 422
    assert answer.json()["given"] == f"limit='{limit}'"
    assert answer.json()["expected"] == PAGE_EXPECTED


def test_a_method_that_would_write_is_a_whole_problem(client: httpx.Client) -> None:
    answer = client.post("/v1/twin")

    body = answer.json()
    Problem.model_validate(body)
    assert answer.status_code == 405
    assert body["given"] == "POST /v1/twin"
    assert body["expected"] == "one of GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/v1/twin", "at", "2029-01-01T00:05:00Z"),
        ("/v1/satellites", "limit", "5"),
        ("/v1/history/energy", "step", "5m"),
        ("/v1/stream", "segment", "sl-53"),
    ],
)
def test_a_parameter_given_twice_is_refused_by_name(
    client: httpx.Client, path: str, name: str, value: str
) -> None:
    answer = client.get(path, params=[(name, value), (name, value)])

    assert answer.status_code == 422
    assert answer.json()["field"] == name
    assert answer.json()["detail"] == f"2 values of {name}; expected one"


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("/", "text/html"),
        ("/openapi.json", "application/json"),
        ("/v1/twin", "application/json"),
        ("/v1/why", "application/json"),
        ("/v1/alerts", "application/json"),
        ("/v1/events", "application/jsonl"),
        ("/v1/stream", "text/event-stream"),
        ("/v1/satellites", "text/csv"),
        ("/v1/frames/satellites/0/0", "application/vnd.apache.arrow.stream"),
        ("/healthz", "application/json"),
        ("/metrics", "text/plain"),
    ],
)
def test_a_form_that_a_route_does_not_make_is_406_and_names_those_it_makes(
    client: httpx.Client, path: str, forms: str
) -> None:
    answer = client.get(path, headers={"Accept": "image/png"})

    assert answer.status_code == 406
    assert answer.json()["field"] == "Accept"
    assert forms in answer.json()["expected"]


def test_the_first_form_of_a_route_is_its_default(client: httpx.Client) -> None:
    answers = [
        client.get(path, headers={"Accept": "*/*"})
        for path in ("/v1/energy", "/v1/frames/satellites/0/0", "/v1/events", "/metrics")
    ]

    assert [answer.headers["content-type"].split(";")[0] for answer in answers] == [
        "application/json",
        "application/vnd.apache.arrow.stream",
        "application/jsonl",
        "text/plain",
    ]


def test_examples_in_the_docs_are_written_as_in_a_query(client: httpx.Client) -> None:
    page = client.get("/docs").text

    assert "<i>For example</i> <code>true</code>" in page
    assert "True" not in page
    assert "[&#x27;" not in page
