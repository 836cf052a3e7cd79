"""The agents' own rules: what is tried again, what ends a process, what fits into a dead letter."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams import agents, retrying, topics
from streams.codec import observed
from streams.log.opening import open_log
from streams.log.port import Message, Outgoing
from tests.streams.test_codec import POISON, message
from twin.errors import BrokenInvariant, Unavailable
from twin.identity import Identity
from twin.limits import NAME_MAX_COUNT
from twin.observations import Quarantine


class Flaky:
    """Unavailable so many times, and then not."""

    def __init__(self, times: int) -> None:
        self.times, self.attempts_count = times, 0

    async def __call__(self) -> str:
        self.attempts_count += 1
        if self.attempts_count <= self.times:
            raise Unavailable("the log is locked")
        return "done"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSE_MIN_S", 0.001)


@pytest.mark.usefixtures("quick")
def test_what_is_unavailable_is_asked_again_until_it_answers() -> None:
    attempt = Flaky(3)

    found = asyncio.run(retrying.patiently(attempt, retry_max_s=60.0))

    assert (found, attempt.attempts_count) == ("done", 4)


@pytest.mark.usefixtures("quick")
def test_what_never_answers_is_given_up_after_a_set_time() -> None:
    attempt = Flaky(10**9)

    with pytest.raises(Unavailable, match="the log is locked"):
        asyncio.run(retrying.patiently(attempt, retry_max_s=0.02))

    assert attempt.attempts_count > 1


def test_a_broken_invariant_is_not_tried_again() -> None:
    attempts = []

    async def attempt() -> None:
        attempts.append(1)
        raise BrokenInvariant("a sum does not hold")

    with pytest.raises(BrokenInvariant):
        asyncio.run(retrying.patiently(attempt, retry_max_s=60.0))

    assert len(attempts) == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("Unavailable('the log is locked', remedy='wait')", "twin: the log is locked; wait\n"),
        ("KeyError('x')", "twin: KeyError: 'x'\n"),
    ],
)
def test_a_process_that_cannot_go_on_leaves_with_one_line(error: str, line: str) -> None:
    code = f"from streams.agents import _leave; from twin.errors import *; _leave({error})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (1, line)


def test_the_largest_poison_there_can_be_fits_into_the_dead_letters(tmp_path: Path) -> None:
    wide = "\N{GRINNING FACE}" * NAME_MAX_COUNT
    small = message(b"", identity=Identity(wide, 2**63 - 1, wide, 2**63 - 1), kind=wide)
    log = open_log(f"log://{tmp_path}/log.db")
    log.declare(topics.topic_specs(frames_kept_bytes=1 << 31, frames_kept_s=1e6))
    limit_bytes = log.topics()[topics.SATELLITES].max_message_bytes
    spare_bytes = limit_bytes - outgoing_of(small, topics.SATELLITES, small.value).size_bytes
    poison = Message(**{**fields(small), "value": bytes(spare_bytes)})

    log.append([outgoing_of(poison, topics.SATELLITES, poison.value)])
    quarantine, stored = observed(poison)
    assert isinstance(quarantine, Quarantine)
    headers = tuple(agents.reasons(poison, quarantine))
    letter = Message(**{**fields(poison), "headers": headers})
    log.append(
        [
            outgoing_of(letter, topics.DEAD_LETTERS, poison.value),
            outgoing_of(Message(**{**fields(poison), "headers": ()}), topics.OBSERVATIONS, stored),
        ]
    )

    assert log.span(topics.DEAD_LETTERS, 0).end == 1
    log.close()


def fields(one: Message) -> dict:
    return {name: getattr(one, name) for name in Message.__struct_fields__}


def outgoing_of(one: Message, topic: str, value: bytes | None) -> Outgoing:
    return Outgoing(topic, 0, None, one.headers, value, time.time_ns())


def test_a_reason_that_quotes_a_stranger_is_never_longer_than_its_bound() -> None:
    nested = message(b'"' + "\N{GRINNING FACE}".encode() * 5000, kind="AssumptionSet")

    for poison in [nested, *POISON.values()]:
        observation, _ = observed(poison)

        assert isinstance(observation, Quarantine)
        assert len(observation.reason.encode()) <= 4 * 500
