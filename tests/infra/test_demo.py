"""A demo alone on its folder and its port; none of its processes can hurt it or outlive it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.log.opening import open_log
from streams.topics import JOURNAL
from tests.processes import descendants, is_alive
from tests.waiting import PATIENCE_S, eventually
from twin.errors import TwinError

GOOD = (
    "STARLINK-1",
    "1 44713U 19074A   26150.50000000  .00001000  00000-0  80000-4 0  9992",
    "2 44713  53.0500 100.0000 0001400  90.0000 270.0000 15.06000000360009",
)
BAD = (GOOD[1].replace("9992", "9990"), GOOD[2])
"""Its checksum is wrong."""
SMALL = ("--plain", "--satellites", "60", "--speed", "600")


def twin_line(*words: str) -> list[str]:
    return [sys.executable, "-m", "infra.command", *words]


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(twin_line(*words), capture_output=True, text=True, timeout=PATIENCE_S)


def closed_count(folder: Path) -> int:
    """Records in the journal of a folder, 0 before there is one."""
    if not (folder / "log.db").is_file():
        return 0
    log = open_log(f"log://{folder}/log.db")
    try:
        return log.span(JOURNAL, 0).end
    except TwinError:
        return 0
    finally:
        log.close()


class Demo:
    """One that runs until it is told to stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._output = (folder.parent / "output").open("w")
        self.process = subprocess.Popen(
            twin_line("demo", "--dir", str(folder), "--port", "0", *SMALL),
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def printed(self) -> str:
        return (self.folder.parent / "output").read_text()

    def closes_more(self) -> None:
        """Return when some more ticks have closed."""
        before = closed_count(self.folder)
        eventually(lambda: closed_count(self.folder) > before + 2 or self._has_ended())
        assert not self._has_ended(), self.printed

    def pid_of(self, name: str) -> int:
        """The process that shows a name, once there is one."""
        eventually(lambda: name in descendants(self.process.pid).values())
        return next(p for p, shown in descendants(self.process.pid).items() if shown == name)

    def end(self) -> None:
        if not self._has_ended():
            self.process.kill()
        self.process.wait(10)
        self._output.close()

    def _has_ended(self) -> bool:
        return self.process.poll() is not None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo") / "var")
    running.closes_more()
    yield running
    running.end()


def test_a_second_demo_in_the_same_folder_is_refused(demo: Demo) -> None:
    done = ran("demo", "--dir", str(demo.folder), "--port", "0", *SMALL)

    assert done.returncode == 1
    assert done.stderr.startswith("twin: a demo already runs in")
    assert done.stderr.count("\n") == 1


def test_a_second_world_in_the_same_folder_is_refused(demo: Demo) -> None:
    done = ran("simulate", "--dir", str(demo.folder))

    assert done.returncode == 1
    assert "another process publishes the world" in done.stderr


@pytest.mark.parametrize("name", ["world", "core", "observer 1", "watch", "api"])
def test_a_process_that_is_killed_is_back_and_nothing_is_lost(demo: Demo, name: str) -> None:
    os.kill(demo.pid_of(f"twin-{name}"), signal.SIGKILL)

    demo.closes_more()

    demo.pid_of(f"twin-{name}")


def test_the_process_they_are_forked_from_may_be_killed_too(demo: Demo) -> None:
    children = descendants(demo.process.pid)
    (nursery,) = [pid for pid in children if "twin-core" in descendants(pid).values()]

    os.kill(nursery, signal.SIGKILL)
    eventually(lambda: "twin-core" in descendants(demo.process.pid).values())

    demo.closes_more()


def test_killed_itself_it_leaves_no_process_and_a_sound_log(demo: Demo) -> None:
    family = descendants(demo.process.pid)

    demo.process.kill()
    demo.process.wait(10)
    eventually(lambda: not any(is_alive(pid) for pid in family))

    verified = ran("log", "verify", "--frames", "--dir", str(demo.folder))
    replayed = json.loads(ran("replay", "--json", "--dir", str(demo.folder)).stdout)
    assert verified.returncode == 0, verified.stderr
    assert replayed["agrees"]


def test_a_port_in_use_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = ran("demo", "--dir", str(tmp_path / "var"), "--port", str(port), *SMALL)

    assert done.returncode == 1
    assert done.stderr == (f"twin: port {port}: address already in use; give another with --port\n")
    assert closed_count(tmp_path / "var") == 0


def test_a_catalogue_with_bad_rows_flies_the_good_ones_and_fails_saying_so(tmp_path: Path) -> None:
    catalogue, folder = tmp_path / "bad.tle", tmp_path / "var"
    catalogue.write_text("\n".join([*GOOD, *BAD]) + "\n")

    done = ran(
        *("demo", "--plain", "--catalog", str(catalogue), "--ticks", "2", "--speed", "max"),
        *("--dir", str(folder), "--port", "0"),
    )

    assert done.returncode == 1
    assert closed_count(folder) == 2
    said = done.stderr.splitlines()
    listed, last = [line for line in said if line.startswith("catalogue: ")], said[-1]
    assert [line[:19] for line in listed] == ["catalogue: line 4: "]
    assert last == ("twin: 1 row of the catalogue could not be used (listed above); the others fly")
    assert "satellites 1/1" in done.stdout


def test_told_to_stop_before_anything_runs_it_stops_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        twin_line("demo", "--dir", str(tmp_path / "var"), "--port", "0", *SMALL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()

    process.send_signal(signal.SIGTERM)

    _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (0, "")
