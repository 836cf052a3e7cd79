"""Who wants a share of the fleet, who gets it, and who is displaced by whom."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import httpx
import msgspec
import pytest

from api.schemas.group import KINDS_OF_NEED, WorkloadPage
from tests.one_process import OneProcess
from twin.events import WorkloadSubmitted
from twin.units import instant_text

GIANT = WorkloadSubmitted(
    workload_id="giant",
    service="training",
    accelerators_count=10_000_000,
    work_flop=1e30,
    priority=9,
    deadline_at="2029-06-01T00:00:00Z",
)


def rows_of(client: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    body = client.get("/v1/workloads", params=asked).raise_for_status().json()
    WorkloadPage.model_validate(body)
    return body["rows"]


def test_every_service_workload_promise_and_sale_has_a_row(
    client: httpx.Client, town: OneProcess
) -> None:
    rows = rows_of(client)

    told = [json.loads(line)["body"] for line in events(client, "WorkloadSubmitted")]
    services = [json.loads(line)["body"]["service"] for line in events(client, "ServiceRegistered")]
    names = {(row["kind"], row["name"]) for row in rows}
    assert {kind for kind, _ in names} == set(KINDS_OF_NEED)
    assert {("workload", body["workload_id"]) for body in told} <= names
    assert {("service", service) for service in services} <= names
    assert ("commitment", "three-minutes") in names


def events(client: httpx.Client, kind: str) -> list[str]:
    return client.get("/v1/events", params={"kind": kind}).text.splitlines()


def test_nobody_gets_more_than_it_wants_and_pools_sum_to_what_is_granted(
    client: httpx.Client,
) -> None:
    for row in rows_of(client):
        assert 0 <= row["granted_qty"] <= row["wanted_qty"]
        assert row["displaced_qty"] == row["wanted_qty"] - row["granted_qty"]
        assert sum(pool["granted_qty"] for pool in row["pools"]) == row["granted_qty"]
        assert {pool["segment"] for pool in row["pools"]} <= set(row["segments"])


def test_what_pools_grant_is_what_capacity_says_is_allocated(client: httpx.Client) -> None:
    granted: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows_of(client):
        for pool in row["pools"]:
            region = pool["region"] or ""
            granted[pool["segment"], region, row["resource"]] += pool["granted_qty"]

    capacity = client.get("/v1/capacity").json()["rows"]

    for row in capacity:
        if row["allocated_qty"] is not None:
            region = "" if row["resource"] == "accelerator_count" else row["region"]
            assert granted[row["segment"], region, row["resource"]] == row["allocated_qty"]
    assert sum(granted.values()) > 0


def test_rows_are_in_the_order_in_which_they_are_served(client: httpx.Client) -> None:
    order = [(row["priority"], row["need_id"]) for row in rows_of(client)]

    assert order == sorted(order)


def test_requests_and_tokens_are_told_of_the_service_that_was_asked(client: httpx.Client) -> None:
    (grok,) = [row for row in rows_of(client, service="grok") if row["kind"] == "service"]

    assert grok["requests_count"] > 0
    assert grok["input_tok"] > grok["requests_count"]
    assert grok["wanted_qty"] > 0
    assert grok["work_flop"] is grok["done_fraction"] is None


def test_displaced_work_names_who_was_served_before_it(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    own.tell(GIANT)
    own.run(1)

    (giant,) = [row for row in rows_of(serve_own) if row["name"] == "giant"]

    rows = {row["need_id"]: row for row in rows_of(serve_own)}
    assert giant["displaced_qty"] > 0
    assert giant["displaced_by"]
    for holder in giant["displaced_by"]:
        assert holder["priority"] < giant["priority"]
        assert 0 < holder["held_qty"] <= rows[holder["need_id"]]["granted_qty"]
    assert all(not row["displaced_by"] for row in rows.values() if not row["displaced_qty"])


def test_since_when_work_runs_where_it_does_is_told(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    own.tell(GIANT)
    own.run(2)

    changes = serve_own.get("/v1/workloads").json()["changes"]

    giants = [change for change in changes if change["workload_id"] == "giant"]
    assert giants
    assert {change["since"] for change in giants} == {instant_text(own.tick_ns(3))}
    for change in giants:
        assert change["displaced_count"] > 0
    before = serve_own.get("/v1/workloads", params={"at": instant_text(own.tick_ns(2))}).json()
    assert all(change["workload_id"] != "giant" for change in before["changes"])


def test_work_makes_progress_and_the_past_knows_less_of_it(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    # Served before all others, or it would get nothing of so small a fleet.
    own.tell(msgspec.structs.replace(GIANT, priority=0))
    own.run(3)

    now, then = (
        next(row for row in rows_of(serve_own, at=instant_text(own.tick_ns(n))) if is_giant(row))
        for n in (5, 4)
    )

    assert now["done_flop"] > then["done_flop"] > 0
    assert now["done_fraction"] == pytest.approx(now["done_flop"] / 1e30)
    assert now["deadline"] == GIANT.deadline_at
    assert not any(is_giant(row) for row in rows_of(serve_own, at=instant_text(own.tick_ns(2))))


def is_giant(row: dict[str, Any]) -> bool:
    return row["need_id"] == "workload/giant"


def test_a_service_is_chosen_by_its_name(client: httpx.Client) -> None:
    rows = rows_of(client, service="training")

    assert {row["service"] for row in rows} == {"training"}
    assert {row["kind"] for row in rows} >= {"service", "workload"}


def test_a_service_that_is_none_is_refused_with_the_nearest_name(client: httpx.Client) -> None:
    answer = client.get("/v1/workloads", params={"service": "groc"})

    assert answer.status_code == 404
    assert answer.json()["field"] == "service"
    assert "'grok'" in answer.json()["expected"]
