"""Two whole workers on one log: one works, the other stands by and takes over when it must."""

from __future__ import annotations

import subprocess

from tests.contract.conftest import Command, committed, hashes, kill_group
from tests.waiting import eventually

WORKER = ("worker", "--role", "observe", "--role", "sequence", "--role", "keep")


def test_the_one_that_stands_by_disturbs_nobody_and_takes_over_after_a_kill(twin: Command) -> None:
    folder = twin.folder / "var"
    directory = ("--dir", str(folder))
    simulate(twin, directory, ticks_count=2)
    first = twin.start(*WORKER, *directory)
    eventually(lambda: committed_count(twin) == 2, every_s=0.2)

    second = twin.start(*WORKER, *directory)
    # Each member of a group has a file; the older one owns the one partition of the journal.
    eventually(lambda: members_count(twin, "twin-keep", "journal") == 2)
    simulate(twin, directory, ticks_count=3)
    eventually(lambda: committed_count(twin) == 5, every_s=0.2)
    is_running_after_ticks = (first.poll(), second.poll())
    kill_group(first)
    simulate(twin, directory, ticks_count=3)
    eventually(lambda: committed_count(twin) == 8, every_s=0.2)

    assert is_running_after_ticks == (None, None)
    assert second.poll() is None
    assert committed(folder) == hashes(folder)


def simulate(twin: Command, directory: tuple[str, ...], *, ticks_count: int) -> None:
    done: subprocess.CompletedProcess[str] = twin.run(
        "simulate",
        *directory,
        "--satellites",
        "200",
        "--speed",
        "max",
        "--ticks",
        str(ticks_count),
    )
    assert done.returncode == 0, done.stderr


def committed_count(twin: Command) -> int:
    folder = twin.folder / "var"
    return len(committed(folder)) if (folder / "twin.db").exists() else 0


def members_count(twin: Command, group: str, topic: str) -> int:
    members = twin.folder / "var" / "log.db.owners" / group / topic / "members"
    return len([one for one in members.glob("*") if not one.name.startswith(".")])
