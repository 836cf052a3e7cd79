"""The command as a stranger runs it: real processes, real log, real database, nothing mocked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from streams.journal import records
from streams.log.opening import open_log
from streams.replay import fold
from tests.waiting import PATIENCE_S
from twin.records import Chain
from twin.state import Twin

ROOT = Path(__file__).parent.parent.parent
SMALL = ("--satellites", "200", "--port", "0")


class Command:
    """``twin`` in a folder of its own; ends what it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """To its end, output kept apart."""
        return subprocess.run(
            self._line(words),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            cwd=ROOT,
            env=self._environment(environment),
        )

    def start(
        self,
        *words: str,
        stdout: int = subprocess.DEVNULL,
        stderr: int | IO[str] = subprocess.DEVNULL,
        **environment: str,
    ) -> subprocess.Popen[str]:
        """In a process group of its own, so that all of it can be killed."""
        process = subprocess.Popen(
            self._line(words),
            stdout=stdout,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env=self._environment(environment),
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def demo(self, *words: str, name: str = "var", **environment: str) -> Path:
        """A demo that must succeed; its folder."""
        folder = self.folder / name
        done = self.run(
            "demo", "--plain", "--speed", "max", "--dir", str(folder), *SMALL, *words, **environment
        )
        assert done.returncode == 0, done.stderr
        return folder

    def end_all(self) -> None:
        for process in self._started:
            if process.poll() is None:
                kill_group(process)

    def _line(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "infra.command", *words]

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TWIN_")}
        return plain | more


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 for the process and every child of it, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """Process ids of its children."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(each) for each in listed.split()]


def hashes(folder: Path) -> list[str]:
    """State hashes of the journal in a folder, folded here."""
    log = open_log(f"log://{folder}/log.db")
    try:
        return [folded.hash for folded in fold(Twin(), records(log, Chain(), start=0))]
    finally:
        log.close()


def committed(folder: Path) -> list[str]:
    """State hashes as the database has them."""
    from sqlalchemy import text

    from streams.store.database import open_database

    engine = open_database(f"sqlite:///{folder}/twin.db")
    with engine.begin() as db:
        found = list(db.execute(text("SELECT hash FROM tick ORDER BY number")).scalars())
    engine.dispose()
    return found


def as_json(done: subprocess.CompletedProcess[str]) -> dict:
    """The one object a command printed."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    command.end_all()
