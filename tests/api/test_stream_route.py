"""Ticks as they are committed: in order, resumed by query, and honest about gaps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest

from api.app import create_app
from api.feed import Feed, Gap
from api.house import House
from api.limits import Limits
from api.reading import TickRows
from streams.settings import Settings
from tests.api.conftest import PATIENCE_S, served
from tests.one_process import OneProcess, small_twin
from twin.views import VIEWS

QUICK = Limits(stream_poll_s=0.01)


class Message(dict):
    """One server-sent event by its fields; ``data`` is parsed."""

    @property
    def data(self) -> dict:
        return json.loads(self["data"])


@contextmanager
def listening(
    client: httpx.Client, *, last: str | None = None, **asked: object
) -> Iterator[Iterator[Message]]:
    headers = {"Last-Event-ID": last} if last else {}
    with client.stream("GET", "/v1/stream", params=asked, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.iter_lines())


def messages(lines: Iterator[str]) -> Iterator[Message]:
    message = Message()
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            message[name] = value
        elif not line and message:
            yield message
            message = Message()


@asynccontextmanager
async def running(settings: Settings, limits: Limits) -> AsyncIterator[House]:
    """The rooms of the application, without a server around it."""
    app = create_app(settings, limits=limits)
    async with app.router.lifespan_context(app):
        yield app.state.house


def in_rooms(twin: OneProcess, limits: Limits, scene: Callable[[House], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(PATIENCE_S), running(twin.settings, limits) as house:
            await scene(house)

    asyncio.run(play())


def test_a_stream_begins_with_the_newest_tick_and_goes_on(own: OneProcess) -> None:
    with (
        served(create_app(own.settings, limits=QUICK)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
        listening(client) as stream,
    ):
        first = next(stream)
        own.run(3)
        rest = [next(stream) for _ in range(3)]

        twin = client.get("/v1/twin").json()

    assert [first["event"], first["id"]] == ["tick", "live/2029-01-01T00:02:00Z"]
    assert [message.data["number"] for message in rest] == [3, 4, 5]
    for name in ("tick", "number", "hash", "open_alerts_count", *VIEWS):
        assert rest[-1].data[name] == twin[name]


def test_a_stream_has_only_what_was_asked_for(own: OneProcess, serve_own: httpx.Client) -> None:
    with listening(serve_own, view=["energy", "health"], segment="ai1-sso") as stream:
        data = next(stream).data

    assert "capacity" not in data
    assert [row["segment"] for row in data["energy"]] == ["ai1-sso"]
    assert data["health"]


def test_a_client_that_comes_back_gets_what_it_missed(own: OneProcess) -> None:
    with (
        served(create_app(own.settings, limits=QUICK)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        with listening(client) as stream:
            seen = next(stream)
        own.run(40)

        with listening(client, last=seen["id"]) as stream:
            missed = [next(stream) for _ in range(40)]
            own.run(1)
            live = next(stream)

    assert [message.data["number"] for message in [*missed, live]] == list(range(3, 44))
    assert {message["event"] for message in missed} == {"tick"}


def test_nothing_is_lost_between_what_was_missed_and_what_comes(own: OneProcess) -> None:
    """Ticks are committed all the while a stream resumes, joins the ring and goes on."""

    async def scene(house: House) -> None:
        after = house.reader.tick(None)
        numbers: list[int] = []
        with house.feed.listening():
            writing = asyncio.create_task(asyncio.to_thread(own.run, 60))
            async for item in house.feed.follow(after):
                assert isinstance(item, TickRows)
                numbers.append(item.tick.number)
                if numbers[-1] == 62:
                    break
            await writing
        assert numbers == list(range(3, 63))

    in_rooms(own, Limits(stream_poll_s=0.002, stream_ring_count=8), scene)


def test_a_client_that_was_away_too_long_is_told_of_its_gap(own: OneProcess) -> None:
    own.run(10)
    limits = Limits(stream_poll_s=0.01, stream_resume_max_count=5)
    with (
        served(create_app(own.settings, limits=limits)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        with listening(client, last="live/2029-01-01T00:02:00Z") as stream:
            gap, tick = next(stream), next(stream)

        history = client.get(gap.data["remedy"])

    assert gap["event"] == "gap"
    assert gap.data["missed_count"] == 9
    assert gap.data["after"] == "2029-01-01T00:02:00Z"
    assert gap.data["next"] == tick.data["tick"] == "2029-01-01T00:12:00Z"
    assert {row["tick"][14:16] for row in history.json()["rows"]} == {
        f"{minute:02}" for minute in range(3, 13)
    }


def test_a_slow_stream_is_told_of_its_gap_and_holds_nothing_up(own: OneProcess) -> None:
    async def scene(house: House) -> None:
        with house.feed.listening():
            slow = house.feed.follow(None)
            quick = house.feed.follow(None)
            first = await anext(slow)
            seen = [await anext(quick)]
            for _ in range(12):
                await asyncio.to_thread(own.tick)
                seen.append(await anext(quick))
            gap, then = await anext(slow), await anext(slow)
            await slow.aclose()
            await quick.aclose()
        assert [item.tick.number for item in seen] == list(range(2, 15))
        assert isinstance(first, TickRows)
        assert isinstance(gap, Gap)
        assert isinstance(then, TickRows)
        assert (gap.after.number, gap.next.number, gap.missed_count) == (2, 14, 11)
        assert then.tick.number == 14

    in_rooms(own, Limits(stream_poll_s=0.002, stream_ring_count=4), scene)


def test_streams_are_limited_in_number(own: OneProcess) -> None:
    limits = Limits(stream_poll_s=0.01, streams_max_count=1)
    with (
        served(create_app(own.settings, limits=limits)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
        listening(client) as stream,
    ):
        next(stream)
        refused = client.get("/v1/stream")

    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert refused.json()["type"] == "/docs#busy"


def test_a_place_is_free_again_once_its_stream_is_gone(own: OneProcess) -> None:
    limits = Limits(stream_poll_s=0.01, streams_max_count=1, stream_life_s=0.05)
    with (
        served(create_app(own.settings, limits=limits)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        ended = [client.get("/v1/stream").status_code for _ in range(3)]

    assert ended == [200, 200, 200]


def test_a_stream_opened_before_the_first_tick_waits_for_it(own: OneProcess, tmp_path) -> None:
    with small_twin(tmp_path / "empty", segments=("sl-53",), satellites_count=4) as empty:

        async def scene(house: House) -> None:
            with house.feed.listening():
                stream = house.feed.follow(None)
                await asyncio.to_thread(empty.tick)
                item = await anext(stream)
                await stream.aclose()
            assert isinstance(item, TickRows)
            assert item.tick.number == 1

        in_rooms(empty, QUICK, scene)


def test_the_feed_rests_while_nobody_listens(own: OneProcess, monkeypatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(Feed, "_read", lambda self: looks.append(1) or [])

    async def scene(house: House) -> None:
        await asyncio.sleep(0.05)

    in_rooms(own, Limits(stream_poll_s=0.001), scene)

    assert looks == []


@pytest.mark.parametrize(
    ("asked", "last", "status", "field"),
    [
        ({"view": "capcity"}, None, 422, "view"),
        ({"segment": "sl-35"}, None, 404, "segment"),
        ({"sgment": "sl-53"}, None, 422, "sgment"),
        ({}, "live/now", 422, "Last-Event-ID"),
        ({}, "dead/2029-01-01T00:02:00Z", 422, "Last-Event-ID"),
    ],
)
def test_a_wrong_subscription_is_refused_before_the_stream_begins(
    client: httpx.Client, asked: dict[str, str], last: str | None, status: int, field: str | None
) -> None:
    answer = client.get("/v1/stream", params=asked, headers={"Last-Event-ID": last} if last else {})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().get("field") == field


def test_an_id_of_another_past_begins_with_the_newest_tick(client: httpx.Client) -> None:
    with listening(client, last="live/2035-01-01T00:00:00Z") as stream:
        message = next(stream)

    assert message["id"] == "live/2029-01-01T00:24:00Z"
