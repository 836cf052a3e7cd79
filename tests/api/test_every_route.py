"""What holds for all routes: they are listed, described, refuse what they do not know, and never
answer 5xx."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.app import create_app
from api.limits import BODY_MAX_BYTES, Limits
from api.problems import STATUSES, TITLES, Problem
from streams.settings import load_settings
from tests.api.conftest import PATIENCE_S, TICKS_COUNT, served
from tests.one_process import OneProcess

INVENTORY = {
    "/": "a page for people",
    "/docs": "a page for people",
    "/openapi.json": "the description",
    "/v1/twin": "now and as of an instant",
    "/v1/capacity": "now and as of an instant",
    "/v1/energy": "now and as of an instant",
    "/v1/revenue": "now and as of an instant",
    "/v1/calibration": "now and as of an instant",
    "/v1/commitments": "now and as of an instant",
    "/v1/commitment_windows": "now and as of an instant",
    "/v1/costs": "now and as of an instant",
    "/v1/ownership": "now and as of an instant",
    "/v1/risk": "now and as of an instant",
    "/v1/health": "now and as of an instant",
    "/v1/history/{view}": "a period",
    "/v1/satellites": "frames",
    "/v1/satellites/{asset_id}": "frames",
    "/v1/launches": "now and as of an instant",
    "/v1/workloads": "now and as of an instant",
    "/v1/frames/{topic}/{partition}/{offset}": "frames",
    "/v1/why": "provenance",
    "/v1/scenarios": "what if",
    "/v1/scenarios/{branch}": "what if",
    "/v1/assumptions": "now and as of an instant",
    "/v1/assumptions/{name}": "now and as of an instant",
    "/v1/alerts": "now and as of an instant",
    "/v1/dead-letters": "newest first",
    "/v1/events": "the journal",
    "/v1/stream": "follows",
    "/healthz": "operations",
    "/readyz": "operations",
    "/metrics": "operations",
}
"""Every route and what it is; a new one must be added here and be described in api/README.md."""

PLACE = {"topic": "satellites", "partition": 0, "offset": 0}
"""Where a frame lies in every small twin."""

FRAMES = "/v1/frames/{topic}/{partition}/{offset}"

WITHOUT_TICK = ("/v1/stream", "/v1/why", "/v1/scenarios")
"""Answered, or refused, for other reasons while there is no tick."""

WITHOUT_TICK_HEADERS = ("/v1/stream", FRAMES, "/healthz", "/metrics", "/v1/scenarios")
"""Not about one tick of the twin, or about one in each event."""

POSTED = "/v1/scenarios"
"""The one path that takes a body."""

PAGES = ("/", "/docs", "/openapi.json")
WITHOUT_PARAMETERS = ("/healthz", "/readyz", "/metrics", "/v1/scenarios")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

README = Path(__file__).parents[2] / "api" / "README.md"


@pytest.fixture(scope="module")
def application(town: OneProcess):
    return create_app(town.settings, limits=Limits(stream_life_s=0.02, stream_poll_s=0.005))


@pytest.fixture(scope="module")
def description(application):
    return schemathesis.openapi.from_asgi("/openapi.json", application)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", [path for path in INVENTORY if path not in PAGES])
def test_no_request_is_answered_with_5xx_or_otherwise_than_described(
    description, path: str, mode: GenerationMode
) -> None:
    operation = description[path]["GET"]
    if mode is GenerationMode.NEGATIVE and path in WITHOUT_PARAMETERS:
        pytest.skip("nothing to get wrong")

    @settings(
        max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    holds()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_scenario_is_answered_with_5xx_or_otherwise_than_described(
    description, mode: GenerationMode
) -> None:
    operation = description[POSTED]["POST"]

    @settings(
        max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    holds()


def test_every_route_stands_in_the_inventory(client: httpx.Client) -> None:
    described = set(client.get("/openapi.json").json()["paths"])

    pages = {path for path in PAGES if client.get(path).is_success}

    assert described | pages == set(INVENTORY)


def test_every_route_is_described_to_the_last_parameter(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    silent = [
        f"{path} {said['name']}"
        for path, operations in schema["paths"].items()
        for operation in operations.values()
        for said in operation.get("parameters", [])
        if not said.get("description")
    ]

    for path, operations in schema["paths"].items():
        assert set(operations) == ({"get", "post"} if path == POSTED else {"get"})
        assert operations["get"]["summary"], path
        assert operations["get"]["description"], path
        assert "4XX" in operations["get"]["responses"], path
    assert silent == []


@pytest.mark.parametrize("path", [path for path in INVENTORY if path not in PAGES])
def test_the_examples_of_the_description_are_answered(
    application, client: httpx.Client, path: str
) -> None:
    """Each parameter has an example, or a default, that together make a good question; its answer
    names its tick, if it is of one."""
    operation = application.openapi()["paths"][path]["get"]
    given = {
        (said["in"], said["name"]): said["schema"]["examples"][0]
        for said in operation.get("parameters", [])
        if "examples" in said["schema"] and said["name"] != "Last-Event-ID"
    }
    in_path = {name: value for (place, name), value in given.items() if place == "path"}
    in_query = {name: value for (place, name), value in given.items() if place == "query"}

    with client.stream("GET", path.format(**in_path), params=in_query) as answer:
        assert answer.status_code == 200, answer.read()
        assert ("twin-tick" in answer.headers) == (path not in WITHOUT_TICK_HEADERS)


def test_every_property_of_every_answer_is_described(client: httpx.Client) -> None:
    models = client.get("/openapi.json").json()["components"]["schemas"]

    silent = [
        f"{name}.{field}"
        for name, model in models.items()
        for field, said in model.get("properties", {}).items()
        if not said.get("description")
    ]

    assert silent == []
    assert models["CapacityRow"]["properties"]["availability_fraction"]["unit"]


def test_the_value_of_an_alert_is_said_to_be_that_of_its_beginning(client: httpx.Client) -> None:
    models = client.get("/openapi.json").json()["components"]["schemas"]

    said = models["Alert"]["properties"]["value"]["description"]

    assert "in the tick the alarm was raised in" in said
    assert all(path in said for path in ("/v1/capacity", "/v1/energy", "/v1/health", "/v1/why"))


def test_every_route_is_in_the_readme() -> None:
    text = README.read_text()

    assert [path for path in INVENTORY if f"`{path}" not in text] == []


@pytest.mark.parametrize("path", sorted(INVENTORY))
def test_every_route_refuses_a_parameter_it_does_not_know(client: httpx.Client, path: str) -> None:
    real = path.format(view="energy", asset_id=1, name="x", branch="shell-loss", **PLACE)

    answer = client.get(real, params={"unheard-of": "1"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == "unheard-of"
    Problem.model_validate(answer.json())


@pytest.mark.parametrize(
    "path", ["/", "/v1/twin", "/v1/satellites", "/v1/stream", "/v1/events", "/metrics", "/healthz"]
)
def test_head_and_options_are_answered_where_get_is(client: httpx.Client, path: str) -> None:
    head, options = client.head(path), client.options(path)

    assert (head.status_code, head.content) == (200, b"")
    assert options.status_code == 204
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/v1/twin", json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_large_body_is_refused_unread(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/v1/twin", content=b"x" * (BODY_MAX_BYTES + 1))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_path_that_takes_a_body_says_so(client: httpx.Client) -> None:
    options, put = client.options(POSTED), client.put(POSTED, content="x")

    assert options.headers["allow"] == put.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert (options.status_code, put.status_code) == (204, 405)


def test_a_path_that_is_none_names_the_nearest(client: httpx.Client) -> None:
    answer = client.get("/v1/capasity")

    assert answer.status_code == 404
    assert "'/v1/capacity'" in answer.json()["expected"]


def test_every_kind_of_problem_is_documented(client: httpx.Client) -> None:
    page = client.get("/docs").text

    assert {slug for _, slug in STATUSES.values()} <= set(TITLES)
    assert all(f'id="{slug}"' in page for slug in TITLES)


def test_before_the_first_tick_questions_are_503_with_a_reason(tmp_path: Path) -> None:
    app = create_app(load_settings({}, directory=tmp_path))
    with served(app) as url, httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        alive = client.get("/healthz")
        answers = {
            path: client.get(
                path.format(view="energy", asset_id=1, name="x", branch="shell-loss", **PLACE)
            )
            for path in INVENTORY
            if path.startswith("/v1") and path not in WITHOUT_TICK
        }
        ready = client.get("/readyz")

    assert alive.status_code == 200
    for path, answer in [*answers.items(), ("/readyz", ready)]:
        reason = "no topic 'satellites' yet" if path == FRAMES else "no tick is committed yet"
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"] == "1"
        assert reason in answer.json()["detail"]


def test_it_is_ready_once_a_tick_is_committed(client: httpx.Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["number"] == TICKS_COUNT


def test_a_database_of_another_log_is_not_ready(own: OneProcess, tmp_path: Path) -> None:
    other = load_settings({}, directory=tmp_path / "other")
    settings_ = msgspec.structs.replace(own.settings, broker_url=other.broker_url)
    with served(create_app(settings_)) as url, httpx.Client(base_url=url) as client:
        ready, satellites = client.get("/readyz"), client.get("/v1/satellites")

    assert ready.status_code == 503
    assert satellites.status_code == 503
    assert ready.json()["detail"].startswith("the log cannot answer: ")


def test_a_fault_of_ours_says_so_and_no_more(own: OneProcess, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("api.routes.twin.source_bodies", broken)
    with served(create_app(own.settings)) as url, httpx.Client(base_url=url) as client:
        answer = client.get("/v1/twin")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_metrics_count_what_happened(client: httpx.Client) -> None:
    client.get("/v1/twin")
    text = client.get("/metrics").text
    again = client.get("/metrics").text

    assert 'twin_tick_number{branch="live"} 24.0' in text
    assert 'twin_ticks_total{branch="live"} 24.0' in text
    assert 'twin_ticks_total{branch="live"} 24.0' in again
    assert 'twin_quarantined_total{branch="live"} 1.0' in text
    assert 'route="/v1/twin",method="GET",status="200"' in text
    for line in text.splitlines():
        assert line.startswith("#") or float(line.rpartition(" ")[2]) >= 0


def test_the_pages_need_nothing_from_elsewhere(client: httpx.Client) -> None:
    for path in ("/", "/docs"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        outside = answer.text.replace("http://www.w3.org/2000/svg", "").replace("xmlns", "")
        assert "http://" not in outside
        assert "https://" not in outside
