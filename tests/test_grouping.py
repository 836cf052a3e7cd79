"""Tests that must not run beside each other do not: the runner has stopped to heed it unsaid."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("together")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all anyway")
def test_a_group_of_tests_is_one_to_the_runner(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@together")
