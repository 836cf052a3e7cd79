"""A broker or a database that is away: waited for, given up after a while, and nothing is lost."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.kafka import broker
from infra.postgres import server
from streams.journal import records
from streams.log.opening import open_log
from streams.replay import fold
from streams.store import queries
from streams.store.database import open_database
from streams.store.tables import LIVE
from tests.contract.conftest import Command
from tests.servers import free_port, needs_servers, reachable_folder
from tests.waiting import PATIENCE_S, eventually
from twin.records import Chain
from twin.state import Twin

SMALL = ("--satellites", "60", "--speed", "max")
SIMULATE = ("simulate", "--ticks", "3", *SMALL)
OBSERVE = ("worker", "--role", "observe")
CORE = ("worker", "--role", "sequence", "--role", "keep")
DEMO = ("demo", "--plain", "--ticks", "1", "--port", "0", *SMALL)
API = ("api", "--port", "0")
WAITING = re.compile(r"trying again in (\d+\.\d) s")


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A place where nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def broker_at(place: str) -> dict[str, str]:
    return {"TWIN_BROKER_URL": f"kafka://{place}"}


def database_at(place: str) -> dict[str, str]:
    return {"TWIN_DATABASE_URL": f"postgresql+psycopg://u:p@{place}/twin"}


def name_of(it: Any) -> str:
    return "_".join(it[:3]) if isinstance(it, tuple) else str(it.__name__)


ABSENT = [
    *((words, broker_at) for words in (SIMULATE, OBSERVE, CORE, DEMO, ("replay",))),
    *((words, database_at) for words in (CORE, API, DEMO)),
]


@pytest.mark.parametrize(("words", "absent"), ABSENT, ids=name_of)
def test_what_is_absent_at_the_start_is_waited_for_and_then_given_up(
    twin: Command, nowhere: str, words: tuple[str, ...], absent
) -> None:
    (twin.folder / "var").mkdir()

    done = twin.run(
        *words, "--dir", str(twin.folder / "var"), TWIN_RETRY_MAX_S="1.2", **absent(nowhere)
    )

    *before, last = done.stderr.splitlines()
    pauses = [float(found) for line in before for found in WAITING.findall(line)]
    assert done.returncode == 1, done.stderr
    assert last.startswith("twin: ")
    assert nowhere in last or nowhere.replace(":", '", port ') in last
    # How often it asks in that time is the machine's affair.
    assert pauses[:2] == [0.1, 0.2]
    assert all(nowhere.partition(":")[2] in line for line in before if WAITING.search(line))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("words", "absent"),
    [(SIMULATE, broker_at), (CORE, broker_at), (DEMO, broker_at), (API, database_at)],
    ids=name_of,
)
def test_who_waits_still_stops_when_told(
    twin: Command, nowhere: str, words: tuple[str, ...], absent, number: int
) -> None:
    (twin.folder / "var").mkdir()
    said = twin.folder / "said"
    with said.open("w") as output:
        process = twin.start(
            *(*words, "--dir", str(twin.folder / "var")),
            stderr=output,
            TWIN_RETRY_MAX_S="600",
            **absent(nowhere),
        )
    eventually(lambda: "trying again in" in said.read_text())

    process.send_signal(number)

    # Half of what it would wait for.
    assert process.wait(PATIENCE_S) == 0
    assert not [line for line in said.read_text().splitlines() if line.startswith("twin: ")]


class Servers:
    """A broker of our own and an installation of single processes on it."""

    def __init__(self, twin: Command, folder: Path, database_url: str) -> None:
        self._twin, self.folder = twin, folder
        self._kafka, self._port = folder / "kafka", free_port(2)
        self.broker_url = f"kafka://127.0.0.1:{self._port}"
        self.database_url = database_url
        self._settings = {
            "TWIN_DIR": str(folder / "var"),
            "TWIN_BROKER_URL": self.broker_url,
            "TWIN_DATABASE_URL": database_url,
            "TWIN_RETRY_MAX_S": "4",
        }

    def use_database(self, url: str) -> None:
        self.database_url = self._settings["TWIN_DATABASE_URL"] = url

    def start_broker(self) -> None:
        broker.start(self._kafka, self._port)

    def kill_broker(self) -> None:
        broker.kill(self._kafka)

    def stop_broker(self) -> None:
        broker.stop(self._kafka)

    def start(self, name: str, *words: str) -> subprocess.Popen[str]:
        with (self.folder / name).open("w") as output:
            return self._twin.start(*words, stderr=output, TWIN_MEMBER=name, **self._settings)

    def said(self, name: str) -> str:
        return (self.folder / name).read_text()

    def committed(self) -> list[str]:
        engine = open_database(self.database_url)
        found = queries.hashes(engine, LIVE, above=0)
        engine.dispose()
        return list(found.values())

    def replayed(self) -> list[str]:
        log = open_log(self.broker_url)
        found = [folded.hash for folded in fold(Twin(), records(log, Chain(), start=0))]
        log.close()
        return found


@pytest.fixture
def servers(twin: Command, tmp_path: Path, postgres_url: str) -> Iterator[Servers]:
    needs_servers()
    made = Servers(twin, tmp_path, postgres_url)
    made.start_broker()
    yield made
    twin.end_all()
    made.stop_broker()


@pytest.mark.parametrize("speed", ["600", "0.02"], ids=["busy", "idle"])
def test_a_broker_gone_in_the_middle_is_given_up_by_busy_and_idle_alike_and_nothing_is_lost(
    servers: Servers, speed: str
) -> None:
    crew = {"observe": OBSERVE, "sequence": CORE[:3], "keep": ("worker", "--role", "keep")}
    processes = {name: servers.start(name, *words) for name, words in crew.items()}
    assert servers.start("simulate", *SIMULATE).wait(300) == 0, servers.said("simulate")
    eventually(lambda: len(servers.committed()) == 3, every_s=0.5)
    # Ten ticks a second, or one now and the next in an hour: then nobody has anything to do.
    world = ("simulate", "--satellites", "60", "--speed", speed)
    processes["simulate"] = servers.start("simulate", *world)
    eventually(lambda: len(servers.committed()) > 3, every_s=0.5)

    servers.kill_broker()
    statuses = {name: process.wait(120) for name, process in processes.items()}
    servers.start_broker()
    for name, words in crew.items():
        servers.start(name, *words)
    before = len(servers.committed())
    assert servers.start("simulate", *SIMULATE).wait(300) == 0, servers.said("simulate")
    eventually(lambda: len(servers.committed()) >= before + 3, every_s=0.5)

    assert statuses == dict.fromkeys(processes, 1)
    assert servers.committed() == servers.replayed()


def test_a_database_gone_in_the_middle_is_given_up_by_an_idle_keeper_and_nothing_is_lost(
    servers: Servers, own_database: Path
) -> None:
    servers.use_database(server.address_of(own_database))
    workers = {"observe": OBSERVE, "sequence": CORE[:3]}
    others = [servers.start(name, *words) for name, words in workers.items()]
    keeper = servers.start("keep", "worker", "--role", "keep")
    assert servers.start("simulate", *SIMULATE).wait(300) == 0, servers.said("simulate")
    eventually(lambda: len(servers.committed()) == 3, every_s=0.5)
    port = server.port_of(own_database)

    server.stop(own_database, mode="immediate")
    status = keeper.wait(120)
    said = servers.said("keep")
    assert servers.start("simulate", *SIMULATE).wait(300) == 0, servers.said("simulate")
    server.start(own_database, port)
    servers.start("keep", "worker", "--role", "keep")
    eventually(lambda: len(servers.committed()) == 6, every_s=0.5)

    assert status == 1
    assert "the read model" in said.splitlines()[-1]
    assert WAITING.search(said)
    assert [process.poll() for process in others] == [None, None]
    assert servers.committed() == servers.replayed()


@pytest.fixture
def own_database() -> Iterator[Path]:
    """A PostgreSQL that nobody else uses."""
    needs_servers()
    folder = reachable_folder()
    server.start(folder, free_port(2))
    yield folder
    server.stop(folder, mode="immediate")
    shutil.rmtree(folder)
