"""Logs that branches fork from: one without noise, and one of the whole group."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.one_process import OneProcess
from twin.units import NS_PER_H

HOURS_COUNT = 60
MINUTES_COUNT = 30


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Some days in which instruments make no error: every milliwatt-hour is accounted for."""
    with OneProcess(
        tmp_path_factory.mktemp("calm"),
        interval_ns=NS_PER_H,
        snapshot_ticks=10,
        satellites_count=400,
        has_noise=False,
    ) as one:
        one.run(HOURS_COUNT)
        yield one


@pytest.fixture(scope="module")
def half_hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Thirty minutes of the whole group."""
    with OneProcess(tmp_path_factory.mktemp("half-hour"), satellites_count=60) as one:
        one.run(MINUTES_COUNT)
        yield one
