"""Asking again: growing pauses, an end to them, and a stop in between."""

from __future__ import annotations

import itertools
import signal
import threading
import time

import pytest

from infra.processes.stopping import Stop, stop_on_signals
from streams.retrying import Stopped, until_available
from twin.errors import BadInput, Unavailable


def fails() -> None:
    raise Unavailable("it is away")


def test_it_goes_on_when_it_answers_after_pauses_that_grow() -> None:
    answers = iter([fails, fails, fails, lambda: "here"])
    slept: list[float] = []

    found = until_available(lambda: next(answers)(), retry_max_s=60.0, sleep=slept.append)

    assert found == "here"
    assert slept == [0.1, 0.2, 0.4]


def test_it_gives_up_with_the_last_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 30.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))

    with pytest.raises(Unavailable, match="it is away"):
        until_available(fails, retry_max_s=60.0, sleep=lambda _: None)


def test_what_waiting_does_not_mend_is_not_waited_for() -> None:
    def refuse() -> None:
        raise BadInput("no such user")

    with pytest.raises(BadInput, match="no such user"):
        until_available(refuse, retry_max_s=60.0, sleep=lambda _: pytest.fail("it slept"))


def test_who_is_told_to_stop_waits_no_longer() -> None:
    stop = Stop()
    threading.Timer(0.05, stop.ask).start()

    with pytest.raises(Stopped):
        until_available(fails, retry_max_s=600.0, sleep=stop.wait)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_sleep_at_once(number: int) -> None:
    before = [(each, signal.getsignal(each)) for each in (signal.SIGTERM, signal.SIGINT)]
    stop = stop_on_signals()

    threading.Timer(0.05, signal.raise_signal, [number]).start()
    asked = stop.wait(60.0)

    for each, handler in before:
        signal.signal(each, handler)
    assert asked
    assert stop.is_set()
