"""Questions to the read model: what a period holds, and what is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from streams.store import queries
from streams.store.tables import LIVE
from tests.one_process import OneProcess, small_twin
from tests.servers import an_empty_database
from twin.errors import BadInput
from twin.units import NS_PER_S

MINUTE_NS = 60 * NS_PER_S


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def twin(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OneProcess]:
    folder = tmp_path_factory.mktemp("queries")
    with ExitStack() as kept:
        url = f"sqlite:///{folder}/twin.db"
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = kept.enter_context(an_empty_database(server))
        running = kept.enter_context(small_twin(folder, database_url=url))
        running.run(4)
        yield running


def history(twin: OneProcess, *, limit: int) -> list[queries.RowDict]:
    with twin.engine.begin() as db:
        return queries.history(
            db,
            "energy",
            LIVE,
            from_ns=twin.tick_ns(1),
            to_ns=twin.tick_ns(3),
            step_ns=MINUTE_NS,
            filters={"segment": "sl-53"},
            limit=limit,
        )


def test_a_period_begins_after_its_first_instant_and_ends_with_its_last(twin: OneProcess) -> None:
    rows = history(twin, limit=100)

    assert [row["tick_ns"] for row in rows] == [twin.tick_ns(2), twin.tick_ns(3)]


def test_more_rows_than_may_be_answered_are_refused_naming_the_step(twin: OneProcess) -> None:
    with pytest.raises(BadInput, match="more than 1 rows") as refusal:
        history(twin, limit=1)

    assert refusal.value.field == "step"
