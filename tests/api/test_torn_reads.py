"""Every answer is of one tick, while ticks are committed as fast as they can be."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest

from api.app import create_app
from tests.api.conftest import PATIENCE_S, served
from tests.one_process import OneProcess
from twin.views import VIEWS

TICKS_COUNT = 30


def ticks_of_twin(body: dict) -> set[str]:
    return {body["tick"]} | {row["tick"] for name in VIEWS for row in body[name]}


def ticks_of_rows(body: dict) -> set[str]:
    return {body["tick"]} | {row["tick"] for row in body["rows"]}


@pytest.mark.parametrize(
    ("path", "ticks_of"),
    [
        ("/v1/twin", ticks_of_twin),
        ("/v1/capacity", ticks_of_rows),
        ("/v1/energy", ticks_of_rows),
        ("/v1/satellites", ticks_of_rows),
    ],
)
def test_no_answer_mixes_two_ticks(
    own: OneProcess, path: str, ticks_of: Callable[[dict], set[str]]
) -> None:
    writing = threading.Thread(target=own.run, args=(TICKS_COUNT,))
    seen: list[set[str]] = []

    with (
        served(create_app(own.settings)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        writing.start()
        while writing.is_alive():
            seen.append(ticks_of(client.get(path).raise_for_status().json()))
        writing.join()

    assert all(len(ticks) == 1 for ticks in seen)
    assert len({tuple(ticks) for ticks in seen}) > 1, "the twin went on meanwhile"


def test_the_hash_and_the_rows_of_an_answer_belong_together(own: OneProcess) -> None:
    writing = threading.Thread(target=own.run, args=(TICKS_COUNT,))
    seen: dict[str, dict] = {}

    with (
        served(create_app(own.settings)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        writing.start()
        while writing.is_alive():
            body = client.get("/v1/twin").json()
            seen[body["tick"]] = body
        writing.join()
        past = {at: client.get("/v1/twin", params={"at": at}).json() for at in seen}

    assert {at: body | {"age_s": 0} for at, body in past.items()} == {
        at: body | {"age_s": 0} for at, body in seen.items()
    }
