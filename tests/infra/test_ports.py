"""Servers on this machine: a port that is taken, and a start that was interrupted."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.bench import cpu
from infra.kafka import broker
from infra.postgres import server
from infra.usage import BadUsage
from tests.servers import free_port, needs_servers, reachable_folder


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("start", [broker.start, server.start], ids=["kafka", "postgres"])
def test_a_port_in_use_is_bad_usage_and_makes_nothing(start, taken: int, tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match=f"port {taken}: Address already in use"):
        start(tmp_path / "new", taken)

    assert not (tmp_path / "new" / "data").exists()


def test_a_database_whose_making_was_interrupted_is_made_anew() -> None:
    needs_servers()
    folder = reachable_folder()
    half_made = folder / "data.unfinished"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("15\n")

    url = server.start(folder, free_port(2))

    with psycopg.connect(url.replace("+psycopg", "")) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    server.stop(folder, mode="immediate")
    assert not half_made.exists()
    shutil.rmtree(folder)


def test_a_machine_without_ipv6_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        "sl local_address rem_address st\n0: 0100007F:1F90 0:0 0A 0 0 0 0 0 4711\n"
    )
    monkeypatch.setattr(cpu, "PROC", tmp_path)

    assert list(cpu._listening(8080)) == ["4711"]
