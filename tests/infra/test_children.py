"""A process of the demo that was killed: started again, and said."""

from __future__ import annotations

import os
import signal
import time

import pytest

from infra.demo import children
from infra.demo.children import Child, Order


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch):
    # It sets these for what it starts; other tests start processes as well.
    for name in ("PYTHONSAFEPATH", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    children.prepare()
    child = Child(Order("watch", ("simulate", "--help"), may_end=False), {})
    yield child
    child.kill()


def test_a_process_that_was_killed_is_started_again_and_said(child: Child) -> None:
    pid = child._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while child.is_running:
        time.sleep(0.01)

    child.tend()

    assert child.said == "watch: killed by SIGKILL; started again, nothing is lost"
    assert child.restarts_count == 1


def test_lines_of_a_log_are_shown_in_words(child: Child) -> None:
    for line, shown in (
        ('{"event": "the log is away; trying again in 0.4 s", "level": "warning"}', "the log is a"),
        ("twenty", "twenty"),
        ("[1, 2]", "[1, 2]"),
        ('{"other": 1}', '{"other": 1}'),
    ):
        child._hear(line)

        assert child.said.startswith(f"watch: {shown}")
